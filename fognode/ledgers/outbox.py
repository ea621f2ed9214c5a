"""What is owed to one chain, until it is final.

    QUEUED  no transaction yet; waits until the step before it on its token is mined
    SIGNED  one COMMIT holds nonce, raw bytes and hash; nothing was sent before it
    SENT    the node has the bytes
    MINED   a receipt holds our own record, hash for hash
    FINAL   confirmed by as many blocks as [[chain]] asks for: event ledger_final
    FAILED  the contract says no: event ledger_failed; its token stops here until somebody asks
            for it again (``fognode ledger resume``, event ledger_resumed): then it is QUEUED

Killed at any point, the next pass goes on: a SIGNED row sends the SAME bytes, and before
anything is signed the chain is searched for our data hash, which a salt makes unique.  The
contract's own ``seq`` refuses a second record whatever happens here.  The chain alone counts
nonces.  What was told anew after an accepted loss is searched for by its kind (former.py).

While the chain is not the one that guard.py pinned the lane is HELD: nothing is sent; it goes
on by itself once the answers agree again.
"""

import logging
from dataclasses import replace

from fognode.config import Chain
from fognode.errors import AwayError, FognodeError, UnclearError
from fognode.ledgers import anchor
from fognode.ledgers.book import LIVE, RESUMED, Book
from fognode.ledgers.calls import Anchored, ChainFacts, Package, Receipt, Record, Revert
from fognode.ledgers.evm import ChainNode
from fognode.ledgers.guard import Sentry
from fognode.ledgers.rows import Commit, Due
from fognode.ledgers.search import Search, is_ours
from fognode.ledgers.sending import Courier
from fognode.store.reader import Reader

log = logging.getLogger(__name__)

WINDOW = 16  # rows signed or sent at once
SIGNINGS = 5  # a row that was mined and reverted so often fails
OBSERVATIONS = 3  # equal looks before a nonce is believed to be lost to another transaction
BACK_OFF_MS, LONGEST_BACK_OFF_MS = 1_000, 60_000
IDLE_MS = 2_000  # between two looks at a chain that is owed nothing: a look costs 10 ms of CPU
ON_HOLD_MS = 60_000  # between two looks at a package that a regulator stopped
WAITING = {"OnHold"}  # reverts that somebody else may lift
COUNTED_ON = {"WrongSeq", "WrongNumber"}  # somebody else was first: the next number is ours


class Lane:
    """The one sender of one chain; used on that chain's thread alone."""

    def __init__(self, settings: Chain, node: ChainNode, reader: Reader, commit: Commit) -> None:
        self._settings, self._node = settings, node
        self._book = Book(settings.name, reader, commit)
        self._courier = Courier(node, self._book)
        self._search = Search(settings, node, reader)
        self._sentry = Sentry(settings, node, reader, commit)
        self._next_pass_at_ms, self._back_off_ms = 0, 0
        self._doubts: dict[str, int] = {}  # row id -> equal observations
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
        self._book.now_ms = now_ms
        self._book.resume()
        has_work = bool(self._back_off_ms) or self._book.has_work()
        if not has_work and now_ms < self._looked_at_ms + IDLE_MS:
            return False
        self._now_ms = self._looked_at_ms = now_ms
        try:
            if not has_work and self._is_unchanged():
                return False
            self._work(now_ms)
        except (AwayError, UnclearError) as error:
            self._lose(error)
            return False
        if self._back_off_ms:
            log.info("event=chain_back chain=%s", self._settings.name)
        self._next_pass_at_ms = self._back_off_ms = 0
        return has_work

    def _work(self, now_ms: int) -> None:
        facts = self._facts = self._courier.facts = self._node.facts()
        if self._sentry.check(facts, now_ms):
            self._settle(facts)
            self._mend()
            self._sentry.watch(facts, now_ms)
            self._sign_ready(facts)

    def _is_unchanged(self) -> bool:
        """Ask with one call whether the newest block is still that of the last whole look."""
        return self._facts is not None and self._facts.head_hash == self._node.head_hash()

    def _lose(self, error: Exception) -> None:
        if not self._back_off_ms:
            log.warning("event=chain_away chain=%s reason=%s", self._settings.name, error)
        self._back_off_ms = min(max(2 * self._back_off_ms, BACK_OFF_MS), LONGEST_BACK_OFF_MS)
        self._next_pass_at_ms = self._now_ms + self._back_off_ms
        self._sentry.lose(error, self._now_ms)

    # --- what became of what was sent -----------------------------------------------------

    def _settle(self, facts: ChainFacts) -> None:
        mined_count = self._node.mined_count()
        live = sorted(self._book.rows(*LIVE), key=lambda due: due.nonce)
        for due in [*self._book.rows("MINED"), *live]:
            receipt = self._receipt(due)
            if receipt is None:
                self._unmined(due, mined_count, facts)
            elif not receipt.ok:
                self._reverted(due, receipt)
            elif self._holds(due, receipt):
                self._mined(due, receipt.tx_hash, (receipt.block_number, receipt.block_hash))
            else:
                # A call to an address without code is mined with status 1 as well.
                text = f"{receipt.tx_hash} holds no record of ours"
                self._book.fail(due, "NoRecord", text)

    def _receipt(self, due: Due) -> Receipt | None:
        hashes = {str(attempt["tx_hash"]) for attempt in self._book.attempts(due)}
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
        return any(is_ours(due, found) for found in told)

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
        self._courier.forget(tx_hash)
        if is_final:
            self._book.finish(due, now)
        else:
            self._book.keep(due, now)

    def _unmined(self, due: Due, mined_count: int, facts: ChainFacts) -> None:
        if due.state == "MINED":  # its block was replaced
            now = replace(due, state="SENT", block_number=0, block_hash="")
            self._courier.push(self._book.keep(due, now))
        elif due.nonce < mined_count:
            self._doubt(due)
        else:
            self._courier.press(due, mined_count, facts)

    def _doubt(self, due: Due) -> None:
        """Another transaction seems to have our nonce; believe it after equal looks."""
        looks = self._doubts[due.id] = self._doubts.get(due.id, 0) + 1
        if looks < OBSERVATIONS:
            return
        del self._doubts[due.id]
        if not self._adopt(due):
            text = f"nonce {due.nonce} went to another transaction"
            self._book.requeue(due, "NonceTaken", text)

    def _reverted(self, due: Due, receipt: Receipt) -> None:
        if self._adopt(due):
            return
        if receipt.gas_used >= due.gas_limit:
            text = f"{receipt.tx_hash} burned all {due.gas_limit} gas"
            self._book.fail(due, "OutOfGas", text)
            return
        revert = self._node.check(due.call())
        if due.tries >= SIGNINGS:
            text = f"reverted {due.tries} times, last {receipt.tx_hash}"
            self._book.fail(due, "Reverted", text)
        elif revert is None or revert.name in COUNTED_ON | WAITING:
            name = revert.name if revert else ""
            self._book.requeue(due, name, "reverted, will be signed again")
        else:
            self._book.fail(due, revert.name, revert.text)

    def _adopt(self, due: Due) -> bool:
        """Take a record of ours that is on the chain already for this row's own."""
        there = self._search.find(due)
        if there is None:
            return False
        if there.written and due.method == "register" and self._facts:
            # The watch went by before this package was known: what others wrote is told now.
            self._sentry.catch_up(there.written, self._facts, self._now_ms)
        found = there.found
        self._mined(there.due, found.tx_hash, (found.block_number, found.block_hash))
        return True

    def _mend(self) -> None:
        """Sign anew from the first nonce that no transaction of ours fills.

        A node takes later nonces silently and never mines them.
        """
        live = self._book.rows(*LIVE)
        if live and min(due.nonce for due in live) > self._node.mined_count():
            for due in live:
                self._book.requeue(due, "NonceHole", "an earlier nonce was never filled")

    # --- what is sent next ----------------------------------------------------------------

    def _sign_ready(self, facts: ChainFacts) -> None:
        queued = self._book.rows("QUEUED")
        if not queued:
            return
        live = self._book.rows(*LIVE)
        unmined = {due.id for due in [*queued, *live, *self._book.stopped()]}
        nonce = self._book.next_nonce(self._node.mined_count())
        room = WINDOW - len(live)
        for due in queued:
            if room <= 0:
                return
            if due.depends_on in unmined or due.next_try_at_ms > self._now_ms:
                continue
            ready = self._surely_prepared(due)
            if ready is not None:
                signed = self._courier.sign(ready, nonce, self._node.fees(facts.base_fee))
                self._courier.push(signed)
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
            self._book.fail(due, "Unusable", repr(error)[:300])
            return None

    def _prepared(self, due: Due) -> Due | None:
        """Return the row as it is to be signed; None when it is settled or must wait."""
        due = self._book.sealed(due)
        is_anchor = due.method == anchor.METHOD
        package = None if is_anchor else self._node.package(due.token_id)
        if is_anchor:
            expected = self._node.anchored(due.token_id)[0] + 1
        else:
            expected = package.seq + 1 if package else 1
        if self._may_be_there(due, expected) and self._adopt(due):
            return None
        if package and due.method == "register":
            text = f"another data hash registered {due.token_id}"
            self._book.fail(due, "Minted", text)
            return None
        due = replace(due, seq=expected)
        revert = self._node.check(due.call())
        if revert is None:
            return due
        self._refused(due, revert, package)
        return None

    def _may_be_there(self, due: Due, expected: int) -> bool:
        return expected > due.seq or due.error_code == RESUMED or self._search.is_anew(due)

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
            self._book.keep(due, later)
        else:
            self._book.fail(due, revert.name, revert.text)
