"""The last openings and declarations, with what their packages were before and after.

Kept so that openings can be judged again when readings come late: the packages are put back to
what they were, and moved on again (custody/late.py).  Bounded: ``KEPT_MS``, ``KEPT_ENTRIES``.
"""

from bisect import insort
from dataclasses import dataclass, field, fields
from operator import attrgetter

from fognode.custody import losses, outings, packages, sessions
from fognode.custody.cases import Case
from fognode.custody.openings import BADGE_MS, KEPT_MS, KEPT_READINGS, Cabinet, Opening
from fognode.custody.packages import Package

KEPT_ENTRIES = 256
LOOSE_READINGS = 64  # kept of a place that is no cabinet

# What a package is does not change by what is done with it; its site is where it was seen last.
IDENTITY = frozenset({"package", "gtin", "serial", "tag", "site", "token_id"})
FIELDS = tuple(one.name for one in fields(Package) if one.name not in IDENTITY)
_values = attrgetter(*FIELDS)
Snapshot = tuple[object, ...]  # the fields, then home, since when, outing, last weighing


@dataclass(slots=True, kw_only=True)
class Entry:
    """An opening that was judged, or (without a case) a change that a person declared."""

    at_ms: int  # from when on it held: ripe, or declared
    nth: int = 0  # in the order in which they were judged
    cabinet: str = ""
    begun_at_ms: int = 0
    closed_at_ms: int = 0
    last_seq: int = 0
    case: Case | None = None
    tally: losses.Tally = (0, 0)  # of the cabinet, before
    before: dict[str, Snapshot] = field(default_factory=dict)  # package -> what it was
    after: dict[str, Snapshot] = field(default_factory=dict)

    def __lt__(self, other: "Entry") -> bool:
        """Order by time, then by cabinet."""
        return (self.at_ms, self.cabinet) < (other.at_ms, other.cabinet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The parts of custody's state that an opening moves on."""

    packages: packages.State
    sessions: sessions.State
    outings: outings.State
    losses: losses.State


@dataclass(slots=True)
class State:
    """Entries in order of time, and the cases of all openings that may be told of again."""

    entries: list[Entry] = field(default_factory=list)
    after: dict[str, Snapshot] = field(default_factory=dict)  # package -> by its newest entry
    causes: dict[str, Case] = field(default_factory=dict)  # event_id of the cause -> case
    cases: dict[str, Case] = field(default_factory=dict)  # opening -> case
    closed_at_ms: dict[str, int] = field(default_factory=dict)  # cabinet -> newest forgotten
    count: int = 0  # entries so far

    def case(self, opening: Opening) -> Case:
        """Return the case of an opening, opened now if there is none."""
        case = self.causes.get(opening.cause.event_id)
        if case is None:
            case = Case(cause=opening.cause, opening=opening.opening)
            self.causes[opening.cause.event_id] = self.cases[opening.opening] = case
        return case


def snapshot(shelf: Shelf, name: str) -> Snapshot:
    """Return what a package is now."""
    return (
        *_values(shelf.packages.packages[name]),
        shelf.sessions.homes.get(name),
        shelf.sessions.placed_at_ms.get(name, 0),
        shelf.outings.out.get(name),
        shelf.outings.weighed_at_ms.get(name),
    )


def restore(shelf: Shelf, name: str, was: Snapshot) -> None:
    """Make a package what it was."""
    package = shelf.packages.packages[name]
    for place, value in zip(FIELDS, was, strict=False):
        setattr(package, place, value)
    home, placed_at_ms, outing, weighed_at_ms = was[len(FIELDS) :]
    shelf.sessions.put(name, home if isinstance(home, str) else None, int(str(placed_at_ms)))
    shelf.outings.out.pop(name, None)
    if isinstance(outing, outings.Outing):
        shelf.outings.out[name] = outing
    shelf.outings.weighed_at_ms.pop(name, None)
    if isinstance(weighed_at_ms, int):
        shelf.outings.weighed_at_ms[name] = weighed_at_ms


def change(shelf: Shelf, name: str, before: Snapshot, after: Snapshot) -> None:
    """Change of a package what differs between two snapshots, and nothing else."""
    now = snapshot(shelf, name)
    mixed = tuple(
        new if new != old else has for has, old, new in zip(now, before, after, strict=True)
    )
    if mixed != now:
        restore(shelf, name, mixed)


def note(state: State, shelf: Shelf, name: str, at_ms: int) -> None:
    """Keep what else than an opening changed of a package, by then."""
    if name not in shelf.packages.packages:
        return
    now, before = snapshot(shelf, name), state.after.get(name)
    state.after[name] = now
    if before is None or before == now:
        return
    state.count += 1
    entry = Entry(at_ms=at_ms, nth=state.count, before={name: before}, after={name: now})
    insort(state.entries, entry)


def add(state: State, shelf: Shelf, entry: Entry) -> bool:
    """Keep an opening that was judged; tell whether it is the newest."""
    state.after |= entry.after
    state.count += 1
    entry.nth = state.count
    is_newest = not state.entries or not entry < state.entries[-1]
    insort(state.entries, entry)
    crowded = len(state.entries) > KEPT_ENTRIES + KEPT_ENTRIES // 4
    heard = shelf.sessions.cabinets[entry.cabinet].heard
    if crowded or len(heard) > KEPT_READINGS:
        _forget(state, shelf)
    return is_newest


def _forget(state: State, shelf: Shelf) -> None:
    """Let go of the oldest entries, and of the readings that none of the others needs."""
    newest_ms = state.entries[-1].at_ms
    least = max(0, len(state.entries) - KEPT_ENTRIES)
    old = [n for n, entry in enumerate(state.entries) if entry.at_ms < newest_ms - KEPT_MS]
    count = max(least, len(old))
    for cabinet in shelf.sessions.cabinets.values():
        if len(cabinet.heard) > KEPT_READINGS:
            cut_ms = cabinet.heard[-KEPT_READINGS // 2].at_ms
            early = [n for n, one in enumerate(state.entries) if one.begun_at_ms < cut_ms]
            count = max(count, min(len(early), len(state.entries)))
    gone, state.entries = state.entries[:count], state.entries[count:]
    for entry in gone:
        if entry.case is not None:
            state.causes.pop(entry.case.cause.event_id, None)
            state.cases.pop(entry.case.opening, None)
            cabinet = shelf.sessions.cabinets[entry.cabinet]
            cabinet.forgotten_until_ms = max(cabinet.forgotten_until_ms, entry.at_ms)
            state.closed_at_ms[entry.cabinet] = entry.closed_at_ms
    horizon_ms = gone[-1].at_ms if gone else 0
    for case in [one for one in state.cases.values() if one.void]:
        if case.cause.happened_at_ms < horizon_ms:
            del state.causes[case.cause.event_id], state.cases[case.opening]
    for cabinet in shelf.sessions.cabinets.values():
        _forget_readings(cabinet, horizon_ms)


def _forget_readings(cabinet: Cabinet, horizon_ms: int) -> None:
    if not cabinet.proper:
        del cabinet.heard[:-LOOSE_READINGS]
        return
    opening = cabinet.opening
    until_ms = min(horizon_ms, opening.begun_at_ms) if opening else horizon_ms
    cabinet.forgotten_until_ms = max(cabinet.forgotten_until_ms, until_ms)
    early_ms = until_ms - BADGE_MS  # badges name what comes after them
    keep = next((n for n, one in enumerate(cabinet.heard) if one.at_ms >= early_ms), 0)
    del cabinet.heard[: min(keep, len(cabinet.heard) - 1)]
