"""What a chain still has of steps that were told anew after an accepted loss; pure.

``fognode restore --accept-loss`` ends a log whose last events are gone.  Rules then draw the
steps of what is left again, under the same ids but with other salts, so that their data hashes
are not those on the chain.  The contract would refuse such a step, or take it twice.

A record on the chain is the former telling of such a step when our own account wrote it on the
same token with the same kind, and no step of the record is known to have its data hash.  Among
several the first unclaimed one is taken: tokens are worked through in order.  Its salt is lost,
so its fields can no longer be shown from this record.
"""

from collections.abc import Collection, Iterable, Sequence

from fognode.events import Stored
from fognode.ledgers.calls import Record

AFTER_LOSS = "AfterLoss"  # error_code of a row that stands for a former record


def is_told_anew(step: Stored, losses: Iterable[Stored]) -> bool:
    """Say whether a step happened before a loss was accepted and was kept after it.

    Args:
        step: The sendToBlockchain.
        losses: Every record_restored of the record.
    """
    return any(
        step.seq > loss.number("new_size") and step.happened_at_ms <= loss.happened_at_ms
        for loss in losses
    )


def former_record(
    kind: int, written: Sequence[Record], known: Collection[str], ours: Collection[str]
) -> Record | None:
    """Return the record of a step's former telling; None when the chain has none.

    Args:
        kind: Of the step.
        written: All that is on the token, oldest first.
        known: Data hashes of the token's steps in our outbox.
        ours: Addresses of our own accounts, in lower case.
    """
    for found in written:
        if found.kind == kind and found.actor in ours and found.data_hash not in known:
            return found
    return None
