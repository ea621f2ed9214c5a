"""Is it still our chain, and what did others write on our packages?

``chain_guard`` pins which chain this is: id, first block, code of the contract, and the last
final block that was read.  A trial node that lost its state answers with the same id; its
blocks give it away.
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict, replace

from fognode.config import Chain
from fognode.events import Event, Json, Kind, Row
from fognode.ledgers.calls import GAS_RESERVE, ChainFacts, Record
from fognode.ledgers.evm import ChainNode
from fognode.ledgers.rows import MOST_ROWS, Commit, Guard, ledger_event, read_guard
from fognode.store.reader import Reader

log = logging.getLogger(__name__)


class Sentry:
    """Guards one chain, on that chain's thread alone."""

    def __init__(self, settings: Chain, node: ChainNode, reader: Reader, commit: Commit) -> None:
        self._settings, self._node = settings, node
        self._reader, self._commit = reader, commit

    def check(self, facts: ChainFacts, now_ms: int) -> bool:
        """Return whether anything may be sent; a no is kept as HELD and told once.

        Raises:
            AwayError: The node does not answer.
            StoreError: The database is away.
        """
        kept = read_guard(self._reader, self._settings.name)
        reason = self._objection(facts, kept)
        known = kept.genesis_hash if kept else ""
        guard = Guard(
            chain=self._settings.name,
            chain_id=self._settings.chain_id,
            genesis_hash=known if known or reason else facts.genesis_hash,
            contract=self._settings.contract,
            code_hash=self._settings.code_hash,
            last_final_number=kept.last_final_number if kept else 0,
            last_final_hash=kept.last_final_hash if kept else "",
            state="HELD" if reason else "OK",
            reason=reason[:300],
            head_number=facts.head_number,
            updated_at_ms=now_ms,
        )
        self._keep(kept, guard)
        return not reason

    def lose(self, error: Exception, now_ms: int) -> None:
        """Keep that the node is away; a chain that is held stays so.

        Raises:
            StoreError: The database is away.
        """
        kept = read_guard(self._reader, self._settings.name)
        if kept and kept.state == "OK":
            away = replace(kept, state="AWAY", reason=str(error)[:300], updated_at_ms=now_ms)
            self._keep(kept, away)

    def watch(self, facts: ChainFacts, now_ms: int) -> None:
        """Tell of final records on our packages that are not ours, each once.

        They and the block up to which was read are kept in one transaction.

        Raises:
            AwayError: The node does not answer.
            StoreError: The database is away.
        """
        kept = read_guard(self._reader, self._settings.name)
        last = facts.head_number - self._settings.confirmations + 1
        if kept is None or last <= kept.last_final_number:
            return
        seen = self._told(self._node.records(kept.last_final_number + 1, last), now_ms)
        read = replace(
            kept,
            last_final_number=last,
            last_final_hash=self._node.block_hash(last),
            updated_at_ms=now_ms,
        )
        self._keep(kept, read, seen)

    def catch_up(self, written: Sequence[Record], facts: ChainFacts, now_ms: int) -> None:
        """Tell of final records of others on a package that was not known when they were read.

        What was told before is the same event again.

        Args:
            written: All that is on its token.
            facts: Of the chain now.
            now_ms: Now.

        Raises:
            StoreError: The database is away.
        """
        last = facts.head_number - self._settings.confirmations + 1
        final = [one for one in written if one.block_number <= last]
        self._commit(self._told(final, now_ms), [])

    def _told(self, records: Sequence[Record], now_ms: int) -> list[Event]:
        seen: dict[str, Event] = {}
        for record in records:
            package = self._package_of(record)
            if package is not None:
                # A gateway may write several records in one transaction.
                again = f".{record.token_id[:8]}.{record.seq}" if record.tx_hash in seen else ""
                named = record.tx_hash + again
                seen[named] = self._seen(record, package, (named, now_ms))
        return list(seen.values())

    def _objection(self, facts: ChainFacts, kept: Guard | None) -> str:
        """Return why nothing may be sent to this chain now, "" when nothing is wrong."""
        wanted = self._settings
        if facts.chain_id != wanted.chain_id:
            return f"chain id is {facts.chain_id}, not {wanted.chain_id}"
        if facts.code_hash != wanted.code_hash:
            return f"the contract at {wanted.contract} is missing or not the one configured"
        if kept and kept.genesis_hash not in {"", facts.genesis_hash}:
            return f"another chain: its first block is {facts.genesis_hash}"
        if kept and kept.last_final_hash:
            found = self._node.block_hash(kept.last_final_number)
            if found != kept.last_final_hash:
                return f"final block {kept.last_final_number} is {found or 'gone'}"
        if facts.balance < GAS_RESERVE * 2 * facts.base_fee:
            return f"account {self._node.sender} cannot pay for one more step"
        return ""

    def _package_of(self, record: Record) -> str | None:
        """Return whose record somebody else wrote; None when it is ours or no matter of ours."""
        where = {"chain": self._settings.name, "token_id": record.token_id}
        ours = self._reader.rows("chain_outbox", where, limit=MOST_ROWS)
        if not ours or record.data_hash in {row["data_hash"] for row in ours}:
            return None
        if record.actor == self._node.sender.lower() and self._has_lost():
            return None  # ours, of a step that an accepted loss took
        return str(ours[0]["package"])

    def _has_lost(self) -> bool:
        return bool(self._reader.newest(1, [Kind.RECORD_RESTORED]))

    def _seen(self, record: Record, package: str, named: tuple[str, int]) -> Event:
        name, now_ms = named
        facts: dict[str, Json] = {
            "chain": self._settings.name,
            "package": package,
            "token_id": record.token_id,
            "seq": record.seq,
            "kind": record.kind,
            "tx_hash": record.tx_hash,
            "block_number": record.block_number,
            "actor": record.actor,
            "data_hash": record.data_hash,
        }
        return ledger_event(Kind.LEDGER_SEEN, f"{name}/seen", facts, now_ms)

    def _keep(self, kept: Guard | None, guard: Guard, seen: Sequence[Event] = ()) -> None:
        if kept == replace(guard, updated_at_ms=kept.updated_at_ms if kept else 0) and not seen:
            return
        events = list(seen)
        if guard.state == "HELD" and (kept is None or kept.reason != guard.reason):
            log.warning("event=chain_held chain=%s reason=%s", guard.chain, guard.reason)
            facts: dict[str, Json] = {"chain": guard.chain, "reason": guard.reason}
            now_ms = guard.updated_at_ms
            events.append(ledger_event(Kind.LEDGER_HELD, f"{now_ms}/held", facts, now_ms))
        self._commit(events, [Row(table="chain_guard", values=asdict(guard))])
