"""Signs the steps of one chain and sends what is signed.

A transaction is signed and COMMITTED before it is sent; whatever happens to the answer, the SAME
bytes go out again.  Only one that the chain left lying for 15 s and 5 blocks is replaced, at the
same nonce, by one that pays more.
"""

import logging
from dataclasses import replace

from fognode.errors import RefusedError
from fognode.events import Row, RowValues
from fognode.ledgers.book import Book
from fognode.ledgers.calls import GAS, Answer, ChainFacts, Fees, Signed, bumped
from fognode.ledgers.evm import ChainNode
from fognode.ledgers.rows import Due

log = logging.getLogger(__name__)

SEND_AGAIN_MS = 5_000  # an evicted transaction raises nothing: the same bytes go out again
BUMP_MS, BUMP_BLOCKS, BUMP_CAP = 15_000, 5, 5


class Courier:
    """Signs and sends for one lane, on its thread alone."""

    def __init__(self, node: ChainNode, book: Book) -> None:
        self._node, self._book = node, book
        self._head_when_seen: dict[str, int] = {}  # tx hash -> head when first seen unmined
        self.facts: ChainFacts | None = None  # of this pass

    def forget(self, tx_hash: str) -> None:
        """Let go of a transaction that is mined."""
        self._head_when_seen.pop(tx_hash, None)

    def sign(self, due: Due, nonce: int, fees: Fees) -> Due:
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
        return self._book.keep(due, now, rows=[self._attempt(now, signed)])

    def _attempt(self, due: Due, signed: Signed) -> Row:
        values: RowValues = {
            "tx_hash": signed.tx_hash,
            "outbox_id": due.id,
            "seq": due.seq,
            "nonce": due.nonce,
            "raw": signed.raw,
            "max_fee": str(signed.fees.max_fee),
            "tip": str(signed.fees.tip),
            "created_at_ms": self._book.now_ms,
        }
        return Row(table="chain_attempt", values=values)

    def push(self, due: Due) -> None:
        """Send the bytes of the row's newest attempt, which the record already holds."""
        attempt = self._book.newest(due)
        if attempt is None:  # adopted from a former life, then its block was replaced
            self._book.requeue(due, "NoAttempt", "its transaction is not ours to send")
            return
        try:
            answer = self._node.send(str(attempt["raw"]))
        except RefusedError as error:
            self._book.fail(due, "Refused", str(error))
            return
        is_too_cheap = answer in {Answer.FEE_LOW, Answer.UNDERPRICED}
        if is_too_cheap and due.state == "SIGNED" and self.facts:
            self._bump(due, self.facts)  # once SENT, it waits until it counts as stuck
        elif answer is not Answer.NO_FUNDS:  # the guard holds the lane until there are some
            # "nonce too low" may mean that these bytes are mined: the receipt tells.
            now = replace(due, state="SENT", last_push_at_ms=self._book.now_ms)
            self._book.keep(due, now)

    def press(self, due: Due, mined_count: int, facts: ChainFacts) -> None:
        """Bring a transaction that is not mined on: pay more, send again, or wait."""
        if self._is_stuck(due, mined_count, facts):
            self._bump(due, facts)
        elif due.state == "SIGNED" or self._book.now_ms - due.last_push_at_ms >= SEND_AGAIN_MS:
            self.push(due)

    def _is_stuck(self, due: Due, mined_count: int, facts: ChainFacts) -> bool:
        attempt = self._book.newest(due)
        if due.nonce != mined_count or attempt is None or facts.base_fee == 0:
            return False
        since = self._head_when_seen.setdefault(due.tx_hash, facts.head_number)
        waited_ms = self._book.now_ms - _number(attempt, "created_at_ms")
        return waited_ms >= BUMP_MS and facts.head_number - since >= BUMP_BLOCKS

    def _bump(self, due: Due, facts: ChainFacts) -> None:
        """Offer more for the same nonce, up to five times what was offered first."""
        attempts = self._book.attempts(due)
        if not attempts:
            return
        newest = attempts[-1]
        first_fee = int(str(attempts[0]["max_fee"]))
        old = Fees(max_fee=int(str(newest["max_fee"])), tip=int(str(newest["tip"])))
        fees = bumped(old, facts.base_fee)
        if fees.max_fee > BUMP_CAP * max(first_fee, 1):
            log.warning("event=fee_cap chain=%s row=%s", due.chain, due.id)
            now = replace(due, last_push_at_ms=self._book.now_ms, error_code="FeeCap")
            self._book.keep(due, now)
            return
        self.sign(replace(due, tries=due.tries - 1), due.nonce, fees)


def _number(row: RowValues, name: str) -> int:
    value = row[name]
    return value if isinstance(value, int) else 0
