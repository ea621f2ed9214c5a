"""Finds on a chain what a row of its outbox owes: by data hash, after a loss by its kind."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fognode.config import Chain
from fognode.events import Kind, RowValues, Stored
from fognode.ledgers import anchor
from fognode.ledgers.calls import Anchored, Record
from fognode.ledgers.evm import ChainNode
from fognode.ledgers.former import AFTER_LOSS, former_record, is_told_anew
from fognode.ledgers.rows import MOST_ROWS, Due
from fognode.store.reader import Reader

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """What a chain has already of a row."""

    due: Due  # with the number, and after a loss the data hash, that it has there
    found: Record | Anchored
    written: Sequence[Record] = ()  # after a loss: all that is on the token


class Search:
    """Looks on one chain, on that chain's thread alone."""

    def __init__(self, settings: Chain, node: ChainNode, reader: Reader) -> None:
        self._settings, self._node, self._reader = settings, node, reader
        self._losses: list[Stored] | None = None  # none come while the appliance runs

    def find(self, due: Due) -> There | None:
        """Return what the chain has of a row; None when it has nothing.

        Raises:
            AwayError: The node does not answer.
            StoreError: The database is away.
        """
        if due.method == anchor.METHOD:
            for one in self._node.anchors(due.token_id):
                if is_ours(due, one):
                    return There(due=replace(due, seq=one.number), found=one)
            return None
        written = self._node.history(due.token_id)
        for record in written:
            if is_ours(due, record):
                return There(due=replace(due, seq=record.seq), found=record)
        return self._former(due, written) if self.is_anew(due) else None

    def is_anew(self, due: Due) -> bool:
        """Say whether a step happened before an accepted loss and was told again after it.

        Raises:
            StoreError: The database is away.
        """
        if self._losses is None:
            self._losses = self._reader.events(limit=MOST_ROWS, kinds=[Kind.RECORD_RESTORED])
        told = self._reader.event(due.event_id) if self._losses else None
        return told is not None and is_told_anew(told, self._losses)

    def _former(self, due: Due, written: Sequence[Record]) -> There | None:
        where: RowValues = {"chain": self._settings.name, "token_id": due.token_id}
        rows = self._reader.rows("chain_outbox", where, limit=MOST_ROWS)
        senders = {str(one).lower() for one in self._reader.tally("chain_outbox", "sender")}
        ours = senders | {self._node.sender.lower(), self._settings.farm.lower()}
        found = former_record(due.kind, written, {str(row["data_hash"]) for row in rows}, ours)
        if found is None:
            return None
        log.info("event=former_record chain=%s row=%s seq=%d", due.chain, due.id, found.seq)
        text = f"on the chain since before a loss, with another salt; now it is {due.data_hash}"
        now = replace(due, seq=found.seq, data_hash=found.data_hash)
        marked = replace(now, error_code=AFTER_LOSS, error_text=text)
        return There(due=marked, found=found, written=written)


def is_ours(due: Due, found: Record | Anchored) -> bool:
    """Return whether what a chain holds is what this row owes."""
    if isinstance(found, Anchored):
        return anchor.fits(due, found)
    return found.token_id == due.token_id and found.data_hash == due.data_hash
