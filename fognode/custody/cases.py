"""What has been said of an opening, and how it is said again when late readings change it.

Nothing that was told is ever changed.  Each thing said has a place of its own (``Slot``) in the
case of its opening; told differently later, it is the next event of its kind from the same cause,
with ``corrects`` = the event_id of the one before; what no longer holds gets an event that says so.
The id a thing is known by stays that of its first event.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fognode.custody.draws import draw, name_of
from fognode.events import Event, Json, Kind, Row, RowValues, Stored

Slot = tuple[str, ...]  # kind, then what tells it from others of its kind
BOX_SLOT: Slot = (str(Kind.BOX_CLOSED), "", "0")


OWN_TABLES = frozenset({"opening", "discrepancy"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Something that holds of an opening by all that is known now."""

    slot: Slot
    facts: Mapping[str, Json]
    at_ms: int


@dataclass(slots=True, kw_only=True)
class Said:
    """The newest event of a slot."""

    name: str  # event_id of the first one: what rows and other events call it
    newest: str  # event_id of the last one
    facts: Mapping[str, Json]
    at_ms: int
    gone: bool = False  # it was taken back


@dataclass(slots=True, kw_only=True)
class Case:
    """All that was said of one opening."""

    cause: Stored  # the reading that showed it first; every origin hangs on it
    opening: str  # event_id of the openBox
    said: dict[Slot, Said] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)  # kind -> events so far
    kept: dict[Slot, int] = field(default_factory=dict)  # numbers named, not yet used
    rows: dict[tuple[str, str], RowValues] = field(default_factory=dict)
    last_seq: int = 0
    void: bool = False  # its readings belong to another opening

    def name_of(self, slot: Slot) -> str:
        """Return what a slot is known by, also before it was said."""
        said = self.said.get(slot)
        if said is not None:
            return said.name
        number = self.kept.get(slot) or self._count(slot[0])
        self.kept[slot] = number
        return name_of(draw(Kind(slot[0]), self.cause, {}, number=number))

    def next_number(self, slot: Slot) -> int:
        """Return the number the next event of a slot has."""
        return self.kept.pop(slot, 0) or self._count(slot[0])

    def _count(self, kind: str) -> int:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return self.counts[kind]

    def show(self, rows: list[Row]) -> list[Row]:
        """Keep what tables show of the opening; return the rows that are news."""
        fresh: list[Row] = []
        for row in rows:
            key = (row.table, str(next(iter(row.values.values()))))
            # Packages and sessions are told of by several openings; the others by one only.
            if row.table in OWN_TABLES and _same(self.rows.get(key), row.values):
                continue
            self.rows[key] = row.values
            fresh.append(row)
        return fresh


def _same(old: RowValues | None, new: RowValues) -> bool:
    return old is not None and old | {"as_of_seq": 0} == new | {"as_of_seq": 0}


def say(case: Case, wanted: list[Wanted]) -> list[Event]:
    """Return the events that bring what was said of a case in line with what holds.

    The last of ``wanted`` closes the opening: it is told again whenever another one is.
    """
    events: list[Event] = []
    kept = {want.slot for want in wanted}
    for slot, said in case.said.items():
        if slot not in kept and not said.gone:
            events.append(_take_back(case, slot, said))
    for want in wanted[:-1]:
        events += _say(case, want, again=False)
    for want in wanted[-1:]:
        events += _say(case, want, again=bool(events))
    return events


def _say(case: Case, want: Wanted, *, again: bool) -> list[Event]:
    said = case.said.get(want.slot)
    stands = said is not None and not said.gone and not again
    if said and stands and (said.facts, said.at_ms) == (want.facts, want.at_ms):
        return []
    facts = dict(want.facts)
    if said:
        facts["corrects"] = said.newest
    event = _next(case, want.slot, Kind(want.slot[0]), facts, want.at_ms)
    newest = name_of(event)
    name = said.name if said else newest
    case.said[want.slot] = Said(name=name, newest=newest, facts=want.facts, at_ms=want.at_ms)
    return [event]


def _take_back(case: Case, slot: Slot, said: Said) -> Event:
    said.gone = True
    about = {k: v for k, v in said.facts.items() if k in ABOUT}
    if slot[0] == Kind.DISCREPANCY_FOUND:
        case.rows.pop(("discrepancy", said.name), None)  # found again, it is news
        text = "what was told later explains it"
        facts = {**about, "discrepancy": said.name, "reason": "withdrawn", "text": text}
        return _next(case, slot, Kind.DISCREPANCY_CLOSED, facts, said.at_ms)
    facts = {**about, "corrects": said.newest, "withdrawn": 1}
    if slot[0] == Kind.HANDLE_PRODUCT:
        facts["action"] = "withdrawn"
    event = _next(case, slot, Kind(slot[0]), facts, said.at_ms)
    said.newest = name_of(event)
    return event


ABOUT = frozenset(
    {"opening", "cabinet", "package", "rule", "place", "person", "tag", "session", "token_id"}
)


def _next(case: Case, slot: Slot, kind: Kind, facts: Mapping[str, Json], at_ms: int) -> Event:
    number = case.next_number(slot if slot[0] == kind else (kind,))
    return draw(kind, case.cause, facts, number=number, at_ms=at_ms)
