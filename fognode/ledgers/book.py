"""The rows of one chain's outbox, and the events that tell of their ends.

A FAILED row is queued again when a ``ledger_resumed`` of its package and chain was kept after it
failed.  Which came first the names of the failures say: the first is ``c/CHAIN/ID/failed``, one
after N askings ``c/CHAIN/ID/failed.N``.  So asking is safe to repeat, and to be killed in.
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict, replace

from fognode.events import Event, Json, Kind, Row, RowValues
from fognode.ledgers import anchor
from fognode.ledgers.rows import Commit, Due, ledger_event, read_due
from fognode.store.reader import Reader

log = logging.getLogger(__name__)

LIVE = ("SIGNED", "SENT")
OPEN = ("QUEUED", *LIVE, "MINED")
RESUMED = "Resumed"  # error_code of a row that failed and was asked for again
MOST_ASKINGS = 1000  # of one package that are counted


class Book:
    """Reads and keeps the rows of one chain; used on that chain's thread alone."""

    def __init__(self, chain: str, reader: Reader, commit: Commit) -> None:
        self._chain, self._reader, self._commit = chain, reader, commit
        self._resumed_seq = 0  # of the newest asking that was looked at
        self.now_ms = 0  # of this pass

    def has_work(self) -> bool:
        """Say whether any row is not over."""
        where: RowValues = {"chain": self._chain}
        return any(self._reader.count("chain_outbox", {**where, "state": state}) for state in OPEN)

    def rows(self, *states: str) -> list[Due]:
        """Return the rows in these states, in the order in which they were asked for."""
        return read_due(self._reader, self._chain, *states)

    def next_nonce(self, mined_count: int) -> int:
        """Return the nonce that follows all that is mined and all that is under way."""
        live = [due.nonce + 1 for due in self.rows(*LIVE, "MINED") if due.nonce >= 0]
        return max([mined_count, *live])

    def stopped(self) -> list[Due]:
        """Return the failed rows that stop their tokens.

        A refused checkpoint stops nothing: the next one covers it.
        """
        return [due for due in self.rows("FAILED") if due.method != anchor.METHOD]

    def resume(self) -> None:
        """Queue again what failed and was asked for since.

        Raises:
            StoreError: The database is away.
        """
        newest = self._reader.newest(1, [Kind.LEDGER_RESUMED])
        if not newest or newest[0].seq == self._resumed_seq:
            return
        for due in self.stopped():
            again = self._askings(due.package)
            if again and self._reader.by_origin(f"c/{due.chain}/{_failure(due, again)}") is None:
                fresh = replace(due, tries=0, next_try_at_ms=0)
                self.requeue(fresh, RESUMED, f"failed before: {due.error_text}")
        self._resumed_seq = newest[0].seq

    def _askings(self, package: str) -> int:
        asked = self._reader.newest(MOST_ASKINGS, [Kind.LEDGER_RESUMED], about=package)
        return sum(told.text("chain") == self._chain for told in asked)

    def attempts(self, due: Due) -> list[RowValues]:
        """Return what was signed for a row, oldest first."""
        return self._reader.rows("chain_attempt", {"outbox_id": due.id}, order="created_at_ms")

    def newest(self, due: Due) -> RowValues | None:
        """Return the attempt whose hash a row bears; None when that is not one of ours."""
        attempts = [one for one in self.attempts(due) if one["tx_hash"] == due.tx_hash]
        return attempts[-1] if attempts else None

    def sealed(self, due: Due) -> Due:
        """Return a row with the data hash of its stored event.

        A step held back across a restart was folded again with another salt, and may go public
        before the fold meets the stored event: that event alone says the hash.
        """
        told = self._reader.event(due.event_id)
        found = told.text("data_hash") if told else ""
        return replace(due, data_hash=found) if found else due

    def requeue(self, due: Due, code: str, text: str) -> None:
        """Let a row be signed anew."""
        now = replace(due, state="QUEUED", nonce=-1, error_code=code, error_text=text[:300])
        self.keep(due, now)

    def fail(self, due: Due, code: str, text: str) -> None:
        """Stop a row for good, until somebody asks for it again, and tell the managers."""
        log.warning("event=ledger_failed row=%s error=%s", due.id, text)
        now = replace(due, state="FAILED", nonce=-1, error_code=code[:40], error_text=text[:300])
        facts: dict[str, Json] = {
            "chain": due.chain,
            "package": due.package,
            "token_id": due.token_id,
            "kind": due.kind,
            "error": text[:300],
            "cause": due.event_id,
        }
        again = self._askings(due.package) if due.package else 0
        named = _failure(due, again)
        self.keep(due, now, [ledger_event(Kind.LEDGER_FAILED, named, facts, self.now_ms)])

    def finish(self, due: Due, now: Due) -> None:
        """Keep a row that is FINAL, with the event that says so."""
        self.keep(due, now, [self._final(now)])

    def _final(self, due: Due) -> Event:
        if due.method == anchor.METHOD:
            return anchor.final_event(due, self.now_ms)
        facts: dict[str, Json] = {
            "chain": due.chain,
            "package": due.package,
            "token_id": due.token_id,
            "seq": due.seq,
            "kind": due.kind,
            "tx_hash": due.tx_hash,
            "block_number": due.block_number,
            "block_hash": due.block_hash,
            "data_hash": due.data_hash,
            "cause": due.event_id,
        }
        return ledger_event(Kind.LEDGER_FINAL, f"{due.tx_hash}/final", facts, self.now_ms)

    def keep(
        self, old: Due, new: Due, events: Sequence[Event] = (), rows: Sequence[Row] = ()
    ) -> Due:
        """Commit a row that changed, with what goes with it; return it as kept.

        Raises:
            StoreError: The database is away; nothing was kept.
        """
        if new == old and not events and not rows:
            return old
        new = replace(new, updated_at_ms=self.now_ms)
        self._commit(events, [*rows, Row(table="chain_outbox", values=asdict(new))])
        return new


def _failure(due: Due, askings: int) -> str:
    return f"{due.event_id}/failed" + (f".{askings}" if askings else "")
