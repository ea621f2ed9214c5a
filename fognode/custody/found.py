"""Where a stocktake finds a package, there it stands: whoever had it has it no more.

Nothing told of its coming, so nobody is named for bringing it.  A count that is corrected takes
that back.
"""

from dataclasses import dataclass, field, replace

from fognode.custody import outings
from fognode.custody.judged import Books
from fognode.custody.outings import Outing
from fognode.custody.people import NOBODY
from fognode.events import Kind, Outcome, Stored

RULE = "found_in_count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """Where a package was on record before a stocktake found it elsewhere."""

    home: str  # cabinet; "" = none
    outing: Outing | None  # it was out


@dataclass(slots=True)
class State:
    """What was on record before each such finding, by the id of its discrepancy."""

    before: dict[str, Before] = field(default_factory=dict)


KINDS = frozenset({Kind.DISCREPANCY_FOUND, Kind.DISCREPANCY_CLOSED})


def step(state: State, told: Stored, books: Books) -> Outcome:
    """Take in that a stocktake found a package elsewhere, or that this was corrected."""
    name = told.text("package")
    if told.text("rule") != RULE or name not in books.packages.packages:
        return Outcome()
    if told.kind == Kind.DISCREPANCY_FOUND:
        return _stand(state, told, books)
    before = state.before.pop(told.text("discrepancy"), None)
    if told.text("reason") != "withdrawn" or before is None:
        return Outcome()
    books.sessions.place(name, before.home, told.happened_at_ms)
    return _go_on(before.outing, told, books) if before.outing else Outcome()


def _stand(state: State, told: Stored, books: Books) -> Outcome:
    name, place = told.text("package"), told.text("place")
    outing, home = books.outings.out.pop(name, None), books.sessions.homes.get(name, "")
    state.before[told.event_id] = Before(home=home, outing=outing)
    books.sessions.place(name, place, told.happened_at_ms)
    if outing is None:
        return Outcome()
    package = books.packages.packages[name]
    package.holder, package.out_since_at_ms = "", 0
    at_ms = told.happened_at_ms
    back = replace(outing, bringer=NOBODY, in_cabinet=place, in_at_ms=at_ms, state="back")
    shown = outings.row(back, books.zone, books.people, told.seq)
    return Outcome(rows=[shown, package.row(told.seq)])


def _go_on(outing: Outing, told: Stored, books: Books) -> Outcome:
    """Let a package be out as before."""
    package = books.packages.packages[outing.package]
    books.outings.out[outing.package] = outing
    package.holder, package.out_since_at_ms = outing.person, outing.out_at_ms
    shown = outings.row(outing, books.zone, books.people, told.seq)
    return Outcome(rows=[shown, package.row(told.seq)])
