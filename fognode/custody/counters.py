"""Counters beside the points, never mixed with them: participation, data sent, data disclosed.

Disclosed is what everybody can read on the public chain, and what a named person says was shown
to somebody: a pack, a statement, a list.  The same disclosure counts once.

Source: APTM paper, section 4.5, "other scales" (requirement A94).
"""

from collections import Counter
from collections.abc import Container
from dataclasses import dataclass, field

from fognode.custody.draws import refuse
from fognode.custody.products import is_day
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
KINDS = PARTICIPATION | {
    Kind.LEDGER_FINAL,
    Kind.DOCUMENT_ACCEPTED,
    Kind.CHECKPOINT_ANCHORED,
    Kind.DISCLOSURE_DECLARED,
}
PUBLIC = "public"
Shown = tuple[str, str, str, str]  # to whom, what, of which days


@dataclass(slots=True)
class State:
    """How often so far, by scale, and what was disclosed to whom."""

    counts: Counter[str] = field(default_factory=Counter)
    disclosed: set[Shown] = field(default_factory=set)


def step(state: State, told: Stored, people: Container[str]) -> Outcome:
    """Count an event of KINDS; ``people`` are the known persons."""
    if told.kind == Kind.DISCLOSURE_DECLARED:
        if wrong := _wrong(state, told, people):
            return refuse(told, *wrong)
        state.disclosed.add(_shown(told))
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


def _wrong(state: State, told: Stored, people: Container[str]) -> tuple[str, str] | None:
    """Return why a disclosure is refused, and the value it is refused for."""
    if told.text("by") not in people:
        return "by names no known person", told.text("by")
    for fact in ("to", "what"):
        if not told.text(fact).strip():
            return f"{fact} is missing", told.text(fact)
    first, last = told.text("from"), told.text("until")
    if not (is_day(first) and is_day(last) and first <= last):
        return "from and until are no days of the calendar, one after the other", f"{first} {last}"
    if _shown(told) in state.disclosed:
        return "this was declared already; it counts once", told.text("what")
    return None


def _shown(told: Stored) -> Shown:
    to, what = told.text("to").strip().casefold(), told.text("what").strip().casefold()
    return to, what, told.text("from"), told.text("until")


def _scale(told: Stored) -> str:
    """Return what an event counts for."""
    if told.kind == Kind.DISCLOSURE_DECLARED:
        return "data_disclosed"
    if told.kind in PARTICIPATION:
        return "" if told.text("corrects") else "participation"
    if told.kind == Kind.DOCUMENT_ACCEPTED:
        return "data_sent"
    if told.text("chain") == PUBLIC:
        return "data_disclosed"
    return "data_sent" if told.kind == Kind.LEDGER_FINAL else ""
