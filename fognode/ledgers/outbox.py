"""What is owed to one chain, until it is final.

    QUEUED  no transaction yet; waits until the step before it on its token is mined
    SIGNED  one COMMIT holds nonce, raw bytes and hash; nothing was sent before it
    SENT    the node has the bytes
    MINED   a receipt holds our own record, hash for hash
    FINAL   confirmed by as many blocks as [[chain]] asks for: event ledger_final
    FAILED  the contract says no for good: event ledger_failed; its token stops here

Killed at any point, the next pass goes on: a SIGNED row sends the SAME bytes, and before
anything is signed the chain is searched for our data hash, which a salt makes unique.  The
contract's own ``seq`` refuses a second record whatever happens here.  The chain alone counts
nonces.

While the chain is not the one that guard.py pinned the lane is HELD: nothing is sent; it goes
on by itself once the answers agree again.
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict, replace

from fognode.config import Chain
from fognode.errors import AwayError, FognodeError, RefusedError, UnclearError
from fognode.events import Event, Json, Kind, Row, RowValues
from fognode.ledgers import anchor
from fognode.ledgers.calls import (
    GAS,
    Anchored,
    Answer,
    ChainFacts,
    Fees,
    Package,
    Receipt,
    Record,
    Revert,
    Signed,
    bumped,
)
from fognode.ledgers.evm import ChainNode
from fognode.ledgers.guard import Sentry
from fognode.ledgers.rows import Commit, Due, ledger_event, read_due
from fognode.store.reader import Reader

log = logging.getLogger(__name__)

WINDOW = 16  # rows signed or sent at once
SIGNINGS = 5  # a row that was mined and reverted so often fails
OBSERVATIONS = 3  # equal looks before a nonce is believed to be lost to another transaction
SEND_AGAIN_MS = 5_000  # an evicted transaction raises nothing: the same bytes go out again
BUMP_MS, BUMP_BLOCKS, BUMP_CAP = 15_000, 5, 5
BACK_OFF_MS, LONGEST_BACK_OFF_MS = 1_000, 60_000
IDLE_MS = 2_000  # between two looks at a chain that is owed nothing: a look costs 10 ms of CPU
ON_HOLD_MS = 60_000  # between two looks at a package that a regulator stopped
LIVE = ("SIGNED", "SENT")
WAITING = {"OnHold"}  # reverts that somebody else may lift
COUNTED_ON = {"WrongSeq", "WrongNumber"}  # somebody else was first: the next number is ours


class Lane:
    """The one sender of one chain; used on that chain's thread alone."""

    def __init__(self, settings: Chain, node: ChainNode, reader: Reader, commit: Commit) -> None:
        self._settings, self._node = settings, node
        self._reader, self._commit = reader, commit
        self._sentry = Sentry(settings, node, reader, commit)
        self._next_pass_at_ms, self._back_off_ms = 0, 0
        self._doubts: dict[str, int] = {}  # row id -> equal observations
        self._head_at_signing: dict[str, int] = {}  # tx hash -> head when first seen unmined
        self._now_ms, self._looked_at_ms = 0, -IDLE_MS
        self._facts: ChainFacts | None = None

    def pass_once(self, now_ms: int) -> bool:
        """Bring every row of this chain one step further; safe to be killed anywhere.

        A node that is away is tried again after 1 to 60 s; until then a call does nothing.

        Returns:
            Whether something waits that the next pass may bring further.

        Raises:
            StoreError: The database is away; nothing is lost, call again.
            ConfigError: The keystore does not open, or its key is one everybody has.
        """
        if now_ms < self._now_ms:  # the clock was set back: an old appointment may be years off
            self._next_pass_at_ms, self._looked_at_ms = 0, now_ms - IDLE_MS
        if now_ms < self._next_pass_at_ms:
            return False
        has_work = bool(self._back_off_ms) or self._has_work()
        if not has_work and now_ms < self._looked_at_ms + IDLE_MS:
            return False
        self._now_ms = self._looked_at_ms = now_ms
        try:
            if not has_work and self._is_unchanged():
                return False
            facts = self._facts = self._node.facts()
            if self._sentry.check(facts, now_ms):
                self._settle(facts)
                self._mend()
                self._sentry.watch(facts, now_ms)
                self._sign_ready(facts)
        except (AwayError, UnclearError) as error:
            self._lose(error)
            return False
        if self._back_off_ms:
            log.info("event=chain_back chain=%s", self._settings.name)
        self._next_pass_at_ms = self._back_off_ms = 0
        return has_work

    def _is_unchanged(self) -> bool:
        """Ask with one call whether the newest block is still that of the last whole look."""
        return self._facts is not None and self._facts.head_hash == self._node.head_hash()

    def _lose(self, error: Exception) -> None:
        if not self._back_off_ms:
            log.warning("event=chain_away chain=%s reason=%s", self._settings.name, error)
        self._back_off_ms = min(max(2 * self._back_off_ms, BACK_OFF_MS), LONGEST_BACK_OFF_MS)
        self._next_pass_at_ms = self._now_ms + self._back_off_ms
        self._sentry.lose(error, self._now_ms)

    def _has_work(self) -> bool:
        where: RowValues = {"chain": self._settings.name}
        return any(
            self._reader.count("chain_outbox", {**where, "state": state})
            for state in ("QUEUED", *LIVE, "MINED")
        )

    # --- what became of what was sent -----------------------------------------------------

    def _settle(self, facts: ChainFacts) -> None:
        mined_count = self._node.mined_count()
        live = sorted(self._rows(*LIVE), key=lambda due: due.nonce)
        for due in [*self._rows("MINED"), *live]:
            receipt = self._receipt(due)
            if receipt is None:
                self._unmined(due, mined_count, facts)
            elif not receipt.ok:
                self._reverted(due, receipt)
            elif self._holds(due, receipt):
                self._mined(due, receipt.tx_hash, (receipt.block_number, receipt.block_hash))
            else:
                # A call to an address without code is mined with status 1 as well.
                self._fail(due, "NoRecord", f"{receipt.tx_hash} holds no record of ours")

    def _receipt(self, due: Due) -> Receipt | None:
        hashes = {str(attempt["tx_hash"]) for attempt in self._attempts(due)}
        if due.tx_hash:
            hashes.add(due.tx_hash)
        for tx_hash in sorted(hashes):
            receipt = self._node.receipt(tx_hash)
            # An attempt that lost its place was mined and reverted: only the nonce that
            # counts for this row may speak a no.
            if receipt is not None and (receipt.ok or tx_hash == due.tx_hash):
                return receipt
        return None

    def _holds(self, due: Due, receipt: Receipt) -> bool:
        told: tuple[Record | Anchored, ...] = (*receipt.records, *receipt.anchors)
        return any(self._is_ours(due, found) for found in told)

    def _is_ours(self, due: Due, found: Record | Anchored) -> bool:
        if isinstance(found, Anchored):
            return anchor.fits(due, found)
        return found.token_id == due.token_id and found.data_hash == due.data_hash

    def _mined(self, due: Due, tx_hash: str, block: tuple[int, str]) -> None:
        number, block_hash = block
        head = self._facts.head_number if self._facts else number
        is_final = head - number + 1 >= self._settings.confirmations
        now = replace(
            due,
            state="FINAL" if is_final else "MINED",
            tx_hash=tx_hash,
            block_number=number,
            block_hash=block_hash,
        )
        self._doubts.pop(due.id, None)
        self._head_at_signing.pop(tx_hash, None)
        self._keep(due, now, [self._final(now)] if is_final else [])

    def _final(self, due: Due) -> Event:
        if due.method == anchor.METHOD:
            return anchor.final_event(due, self._now_ms)
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
        return ledger_event(Kind.LEDGER_FINAL, f"{due.tx_hash}/final", facts, self._now_ms)

    def _unmined(self, due: Due, mined_count: int, facts: ChainFacts) -> None:
        if due.state == "MINED":  # its block was replaced
            self._push(self._keep(due, replace(due, state="SENT", block_number=0, block_hash="")))
        elif due.nonce < mined_count:
            self._doubt(due)
        elif self._is_stuck(due, mined_count, facts):
            self._bump(due, facts)
        elif due.state == "SIGNED" or self._now_ms - due.last_push_at_ms >= SEND_AGAIN_MS:
            self._push(due)

    def _doubt(self, due: Due) -> None:
        """Another transaction seems to have our nonce; believe it after equal looks."""
        looks = self._doubts[due.id] = self._doubts.get(due.id, 0) + 1
        if looks < OBSERVATIONS:
            return
        del self._doubts[due.id]
        if not self._adopt(due):
            self._requeue(due, "NonceTaken", f"nonce {due.nonce} went to another transaction")

    def _reverted(self, due: Due, receipt: Receipt) -> None:
        if self._adopt(due):
            return
        if receipt.gas_used >= due.gas_limit:
            self._fail(due, "OutOfGas", f"{receipt.tx_hash} burned all {due.gas_limit} gas")
            return
        revert = self._node.check(due.call())
        if due.tries >= SIGNINGS:
            self._fail(due, "Reverted", f"reverted {due.tries} times, last {receipt.tx_hash}")
        elif revert is None or revert.name in COUNTED_ON | WAITING:
            self._requeue(due, revert.name if revert else "", "reverted, will be signed again")
        else:
            self._fail(due, revert.name, revert.text)

    def _adopt(self, due: Due) -> bool:
        """Take a record of ours that is on the chain already for this row's own."""
        is_anchor = due.method == anchor.METHOD
        written = self._node.anchors if is_anchor else self._node.history
        for found in written(due.token_id):
            if self._is_ours(due, found):
                seq = found.number if isinstance(found, Anchored) else found.seq
                due = replace(due, seq=seq)
                self._mined(due, found.tx_hash, (found.block_number, found.block_hash))
                return True
        return False

    def _mend(self) -> None:
        """Sign anew from the first nonce that no transaction of ours fills.

        A node takes later nonces silently and never mines them.
        """
        live = self._rows(*LIVE)
        if live and min(due.nonce for due in live) > self._node.mined_count():
            for due in live:
                self._requeue(due, "NonceHole", "an earlier nonce was never filled")

    # --- what is sent next ----------------------------------------------------------------

    def _sign_ready(self, facts: ChainFacts) -> None:
        queued = self._rows("QUEUED")
        if not queued:
            return
        live = self._rows(*LIVE)
        # A refused step stops its token; a refused checkpoint is covered by the next one.
        failed = [due for due in self._rows("FAILED") if due.method != anchor.METHOD]
        unmined = {due.id for due in [*queued, *live, *failed]}
        nonce = max([self._node.mined_count(), *(due.nonce + 1 for due in self._rows_with_nonce())])
        room = WINDOW - len(live)
        for due in queued:
            if room <= 0:
                return
            if due.depends_on in unmined or due.next_try_at_ms > self._now_ms:
                continue
            ready = self._surely_prepared(due)
            if ready is not None:
                signed = self._sign(ready, nonce, self._node.fees(facts.base_fee))
                self._push(signed)
                room, nonce = room - 1, nonce + 1

    def _surely_prepared(self, due: Due) -> Due | None:
        """Prepare a row; one that cannot even be written down must not stop the others.

        Raises:
            FognodeError: As for ``pass_once``.
        """
        try:
            return self._prepared(due)
        except FognodeError:
            raise
        except Exception as error:
            log.exception("event=step_unusable row=%s", due.id)
            self._fail(due, "Unusable", repr(error)[:300])
            return None

    def _prepared(self, due: Due) -> Due | None:
        """Return the row as it is to be signed; None when it is settled or must wait."""
        due = self._sealed(due)
        is_anchor = due.method == anchor.METHOD
        package = None if is_anchor else self._node.package(due.token_id)
        if is_anchor:
            expected = self._node.anchored(due.token_id)[0] + 1
        else:
            expected = package.seq + 1 if package else 1
        if expected > due.seq and self._adopt(due):
            return None
        if package and due.method == "register":
            self._fail(due, "Minted", f"another data hash registered {due.token_id}")
            return None
        due = replace(due, seq=expected)
        revert = self._node.check(due.call())
        if revert is None:
            return due
        self._refused(due, revert, package)
        return None

    def _sealed(self, due: Due) -> Due:
        # A step held back across a restart was folded again with another salt, and may go
        # public before the fold meets the stored event: that event alone says the hash.
        told = self._reader.event(due.event_id)
        found = told.text("data_hash") if told else ""
        return replace(due, data_hash=found) if found else due

    def _refused(self, due: Due, revert: Revert, package: Package | None) -> None:
        if revert.name == "WrongSize" and self._adopt(due):
            return
        if revert.name in COUNTED_ON | WAITING:
            later = replace(
                due,
                next_try_at_ms=self._now_ms + (ON_HOLD_MS if package and package.hold else 0),
                error_code=revert.name,
                error_text=revert.text,
            )
            self._keep(due, later)
        else:
            self._fail(due, revert.name, revert.text)

    def _sign(self, due: Due, nonce: int, fees: Fees) -> Due:
        """Sign and COMMIT; only what is durable is ever sent."""
        signed = self._node.sign(due.call(), nonce, fees)
        now = replace(
            due,
            state="SIGNED",
            nonce=nonce,
            tries=due.tries + 1,
            sender=self._node.sender,
            gas_limit=GAS[due.method],
            tx_hash=signed.tx_hash,
            error_code="",
            error_text="",
        )
        return self._keep(due, now, rows=[self._attempt(now, signed)])

    def _attempt(self, due: Due, signed: Signed) -> Row:
        values: RowValues = {
            "tx_hash": signed.tx_hash,
            "outbox_id": due.id,
            "seq": due.seq,
            "nonce": due.nonce,
            "raw": signed.raw,
            "max_fee": str(signed.fees.max_fee),
            "tip": str(signed.fees.tip),
            "created_at_ms": self._now_ms,
        }
        return Row(table="chain_attempt", values=values)

    def _push(self, due: Due) -> None:
        """Send the bytes of the row's newest attempt, which the record already holds."""
        attempt = self._newest(due)
        if attempt is None:  # adopted from a former life, then its block was replaced
            self._requeue(due, "NoAttempt", "its transaction is not ours to send")
            return
        try:
            answer = self._node.send(str(attempt["raw"]))
        except RefusedError as error:
            self._fail(due, "Refused", str(error))
            return
        is_too_cheap = answer in {Answer.FEE_LOW, Answer.UNDERPRICED}
        if is_too_cheap and due.state == "SIGNED" and self._facts:
            self._bump(due, self._facts)  # once SENT, it waits until it counts as stuck
        elif answer is not Answer.NO_FUNDS:  # the guard holds the lane until there are some
            # "nonce too low" may mean that these bytes are mined: the receipt tells.
            self._keep(due, replace(due, state="SENT", last_push_at_ms=self._now_ms))

    def _is_stuck(self, due: Due, mined_count: int, facts: ChainFacts) -> bool:
        attempt = self._newest(due)
        if due.nonce != mined_count or attempt is None or facts.base_fee == 0:
            return False
        since = self._head_at_signing.setdefault(due.tx_hash, facts.head_number)
        waited_ms = self._now_ms - _number(attempt, "created_at_ms")
        return waited_ms >= BUMP_MS and facts.head_number - since >= BUMP_BLOCKS

    def _bump(self, due: Due, facts: ChainFacts) -> None:
        """Offer more for the same nonce, up to five times what was offered first."""
        attempts = self._attempts(due)
        if not attempts:
            return
        newest = attempts[-1]
        first_fee = int(str(attempts[0]["max_fee"]))
        old = Fees(max_fee=int(str(newest["max_fee"])), tip=int(str(newest["tip"])))
        fees = bumped(old, facts.base_fee)
        if fees.max_fee > BUMP_CAP * max(first_fee, 1):
            log.warning("event=fee_cap chain=%s row=%s", due.chain, due.id)
            self._keep(due, replace(due, last_push_at_ms=self._now_ms, error_code="FeeCap"))
            return
        self._sign(replace(due, tries=due.tries - 1), due.nonce, fees)

    # --- rows -----------------------------------------------------------------------------

    def _requeue(self, due: Due, code: str, text: str) -> None:
        now = replace(due, state="QUEUED", nonce=-1, error_code=code, error_text=text[:300])
        self._keep(due, now)

    def _fail(self, due: Due, code: str, text: str) -> None:
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
        named = f"{due.event_id}/failed"
        self._keep(due, now, [ledger_event(Kind.LEDGER_FAILED, named, facts, self._now_ms)])

    def _keep(
        self, old: Due, new: Due, events: Sequence[Event] = (), rows: Sequence[Row] = ()
    ) -> Due:
        if new == old and not events and not rows:
            return old
        new = replace(new, updated_at_ms=self._now_ms)
        self._commit(events, [*rows, Row(table="chain_outbox", values=asdict(new))])
        return new

    def _rows(self, *states: str) -> list[Due]:
        return read_due(self._reader, self._settings.name, *states)

    def _rows_with_nonce(self) -> list[Due]:
        return [due for due in self._rows(*LIVE, "MINED") if due.nonce >= 0]

    def _attempts(self, due: Due) -> list[RowValues]:
        return self._reader.rows("chain_attempt", {"outbox_id": due.id}, order="created_at_ms")

    def _newest(self, due: Due) -> RowValues | None:
        attempts = [a for a in self._attempts(due) if a["tx_hash"] == due.tx_hash]
        return attempts[-1] if attempts else None


def _number(row: RowValues, name: str) -> int:
    value = row[name]
    return value if isinstance(value, int) else 0
