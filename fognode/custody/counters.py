"""Counters beside the points, never mixed with them: participation, data sent, data disclosed.

Source: APTM paper, section 4.5, "other scales" (requirement A94).
"""

from collections import Counter
from dataclasses import dataclass, field

from fognode.events import Kind, Outcome, Row, RowValues, Stored

# Steps of packages that people took part in, each a verdict and not a mere declaration.
PARTICIPATION = frozenset(
    {
        Kind.NEW_PRODUCT_ENTRY,
        Kind.PACKAGE_EMPTIED,
        Kind.PACKAGE_PREPARED,
        Kind.EMPTY_PACKAGE_EXIT,
        Kind.RECEIPT_MATCHED,
    }
)
KINDS = PARTICIPATION | {Kind.LEDGER_FINAL, Kind.DOCUMENT_ACCEPTED, Kind.CHECKPOINT_ANCHORED}
PUBLIC = "public"


@dataclass(slots=True)
class State:
    """How often so far, by scale."""

    counts: Counter[str] = field(default_factory=Counter)


def step(state: State, told: Stored) -> Outcome:
    """Count an event of KINDS."""
    scale = _scale(told)
    if not scale:
        return Outcome()
    state.counts[scale] += 1
    values: RowValues = {
        "scale": scale,
        "count": state.counts[scale],
        "as_of_seq": told.seq,
    }
    return Outcome(rows=[Row(table="counter", values=values)])


def _scale(told: Stored) -> str:
    """Return what an event counts for: disclosed is what everybody can read."""
    if told.kind in PARTICIPATION:
        return "" if told.text("corrects") else "participation"
    if told.kind == Kind.DOCUMENT_ACCEPTED:
        return "data_sent"
    if told.text("chain") == PUBLIC:
        return "data_disclosed"
    return "data_sent" if told.kind == Kind.LEDGER_FINAL else ""
