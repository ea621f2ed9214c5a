"""Where each tag and badge was, and what of that only a copy explains.

A tag is somewhere from tag_in to tag_out.  Two such stays in two places that overlap, or follow
each other faster than anybody can walk, are one tag too many: 4-byte UIDs repeat and are easily
cloned.  Stays are compared by when they were, whatever order they were told in; what a late
reading explains is withdrawn.
"""

from bisect import insort
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from fognode.custody import draws
from fognode.custody.booking import Known
from fognode.events import Event, Json, Kind, Outcome, Stored

BADGE_LEAST_MS = 10_000  # a person goes from one cabinet to the next without stopping
# So long after a tag was read elsewhere its going from where it was may still be told.
PATIENCE_MS = 60_000
# A reader tells of a tag that went up to 2.5 s late (custody/sessions.py, SETTLE_MS).
OVERLAP_MS = 4_000
KEPT_STAYS = 8  # of one tag
KINDS = frozenset({Kind.BOARD_HELLO, Kind.BOARD_SILENT, "tag_in", "tag_out"})


@dataclass(slots=True, kw_only=True)
class Stay:
    """A tag at a place: there still (``out_ms`` 0), gone, or nobody knows since when (lost)."""

    in_ms: int
    place: str
    out_ms: int = 0
    lost: bool = False
    doubted: bool = False  # there still although it was read elsewhere a while ago

    @property
    def open(self) -> bool:
        """It is there as far as anybody knows."""
        return not self.out_ms and not self.lost

    def __lt__(self, other: "Stay") -> bool:
        """Order by when it began."""
        return (self.in_ms, self.place) < (other.in_ms, other.place)


Finding = tuple[str, int, str]  # rule, and when and where the stay began that cannot be


@dataclass(slots=True, kw_only=True)
class Trace:
    """Where a tag was lately, and what of that is impossible."""

    stays: list[Stay] = field(default_factory=list)  # by in_ms
    found: dict[Finding, Event] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A tag that came elsewhere while it was still where it was; looked at again once due."""

    due_ms: int  # by the times of the record, or by the clock
    told: Stored  # the tag_in: what comes of the doubt hangs on it, whenever it is looked at
    in_ms: int


@dataclass(slots=True)
class State:
    """Traces of all tags and badges that were read."""

    # place -> least time from any other place to there, or from there; 0 = next door
    travel_ms: Mapping[str, int] = field(default_factory=dict)
    traces: dict[str, Trace] = field(default_factory=dict)
    here: dict[str, set[str]] = field(default_factory=dict)  # place -> tags that are there
    # board -> places of its antennas that read a tag, where they are not its own
    antennas: dict[str, set[str]] = field(default_factory=dict)
    boots: dict[str, int] = field(default_factory=dict)  # board -> its newest start
    waiting: deque[Doubt] = field(default_factory=deque)
    numbers: Counter[str] = field(default_factory=Counter)  # of what one event has shown so far

    def least_ms(self, one: str, other: str) -> int:
        """Return the least time between two places."""
        travel = self.travel_ms
        return max(travel.get(one, 0), travel.get(other, 0))


def step(state: State, told: Stored, known: Known) -> Outcome:
    """Take in a tag that came or went; look again at what waited long enough.

    Needs to be told only of ``KINDS``, and of all while something is waiting.
    """
    outcome = due(state, told.recorded_at_ms, known)
    if told.kind in {"tag_in", "tag_out"}:
        outcome.add(_see(state, told, known))
    elif told.kind in KINDS:
        _lose(state, told)
    return outcome


def due(state: State, now_ms: int, known: Known) -> Outcome:
    """Look again at what has waited long enough; the record is told before it is asked."""
    outcome = Outcome()
    while state.waiting and state.waiting[0].due_ms <= now_ms:
        outcome.add(_doubt(state, state.waiting.popleft(), known))
    state.numbers.clear()
    return outcome


def _see(state: State, told: Stored, known: Known) -> Outcome:
    """Note that a tag came or went."""
    tag, place, at_ms = told.text("tag"), told.text("place"), told.happened_at_ms
    if not place or not (tag in known.packages.tags or known.people.holder(tag, at_ms)):
        return Outcome()
    state.antennas.setdefault(told.text("board"), set()).add(place)
    trace = state.traces.setdefault(tag, Trace())
    if told.kind == "tag_out":
        moved = _go(trace, place, at_ms)
    elif tag in known.packages.tags:
        moved = _come(state, trace, told)
    else:
        insort(trace.stays, Stay(in_ms=at_ms, place=place))
        moved = True
    if not moved:
        return Outcome()
    del trace.stays[:-KEPT_STAYS]
    present = any(stay.place == place and stay.open for stay in trace.stays)
    tags = state.here.setdefault(place, set())
    (tags.add if present else tags.discard)(tag)
    return _compare(state, told, tag, known)


def _come(state: State, trace: Trace, told: Stored) -> bool:
    place, at_ms = told.text("place"), told.happened_at_ms
    if any(stay.place == place and stay.open and stay.in_ms <= at_ms for stay in trace.stays):
        return False  # a board that restarted tells again of what it sees
    insort(trace.stays, Stay(in_ms=at_ms, place=place))
    if any(stay.open and not stay.doubted for stay in trace.stays[:-1]):
        # That it went from where it was may be told yet: a line may be cut.
        due_ms, newest_ms = told.recorded_at_ms + PATIENCE_MS, trace.stays[-1].in_ms
        state.waiting.append(Doubt(due_ms=due_ms, told=told, in_ms=newest_ms))
    return True


def _go(trace: Trace, place: str, at_ms: int) -> bool:
    """End the stay that a tag_out belongs to: the last one of its place that began before."""
    began = [stay for stay in trace.stays if stay.place == place and stay.in_ms <= at_ms]
    if not began or began[-1].out_ms:
        return False
    began[-1].out_ms, began[-1].lost = at_ms, False
    return True


def _lose(state: State, told: Stored) -> None:
    """Forget what is where: a board that was away may have missed what went meanwhile."""
    if told.kind == Kind.BOARD_HELLO:
        board, boot = told.text("board"), told.number("boot")
        before = state.boots.get(board, boot)
        state.boots[board] = max(boot, before)
        if boot <= before:
            return
    for place in {told.text("place")} | state.antennas.get(told.text("board"), set()):
        for tag in state.here.pop(place, ()):
            for stay in state.traces[tag].stays:
                if stay.open and stay.place == place:
                    stay.lost = True


def _doubt(state: State, doubt: Doubt, known: Known) -> Outcome:
    """Hold that a tag is in two places: nothing was told of its going from the first one."""
    tag = doubt.told.text("tag")
    for stay in state.traces[tag].stays:
        stay.doubted = stay.doubted or (stay.open and stay.in_ms < doubt.in_ms)
    # Its numbers follow those that the tag_in took at once, which are fewer.
    state.numbers = Counter(dict.fromkeys(NUMBERED, KEPT_STAYS))
    return _compare(state, doubt.told, tag, known)


def _compare(state: State, told: Stored, tag: str, known: Known) -> Outcome:
    """Bring what was found of a tag in line with where it was."""
    trace, outcome = state.traces[tag], Outcome()
    if len(trace.stays) < 2:
        return outcome
    is_badge = tag not in known.packages.tags
    wanted: dict[Finding, tuple[Stay, Stay]] = {}
    for before, stay in pairwise(trace.stays):
        moved = before.place != stay.place
        if moved and (rule := _conflict(state, before, stay, is_badge)):
            wanted[rule, stay.in_ms, stay.place] = (before, stay)
    if not wanted and not trace.found:
        return outcome
    kept = {(stay.in_ms, stay.place) for stay in trace.stays[1:]}
    for key in [key for key in trace.found if key not in wanted]:
        found = trace.found.pop(key)
        if key[1:] in kept:  # else it is too long ago to say anything else of it
            number = _number(state, f"{key[0]}_over")
            text = "readings that came late explain it"
            outcome.events.append(draws.withdraw(told, found, text, number=number))
    for key in [key for key in wanted if key not in trace.found]:
        facts = _facts(tag, known, wanted[key])
        shown = draws.find(told, key[0], facts, number=_number(state, key[0]))
        trace.found[key] = shown.events[0]
        outcome.add(shown)
    return outcome


def _number(state: State, rule: str) -> int:
    state.numbers[rule] += 1
    return state.numbers[rule]


def _conflict(state: State, before: Stay, stay: Stay, is_badge: bool) -> str:
    """Return the rule that two stays of a tag in two places break; "" = none."""
    if before.lost:
        return ""
    left_ms, least_ms = before.out_ms, state.least_ms(before.place, stay.place)
    if is_badge:
        # Shown, not laid down: not every reader tells that it went.
        left_ms, least_ms = left_ms or before.in_ms, min(least_ms, BADGE_LEAST_MS)
    elif before.open:
        return TWO_PLACES[is_badge] if before.doubted else ""
    between_ms = stay.in_ms - left_ms
    if between_ms < -OVERLAP_MS:
        return TWO_PLACES[is_badge]
    least_ms = least_ms or -OVERLAP_MS
    return "" if between_ms >= least_ms else TOO_FAST[is_badge]


TWO_PLACES = ("tag_two_places", "badge_two_places")
TOO_FAST = ("impossible_travel", "badge_two_places")
RULES = frozenset(TWO_PLACES + TOO_FAST)
NUMBERED = RULES | {f"{rule}_over" for rule in RULES}


def _facts(tag: str, known: Known, stays: tuple[Stay, Stay]) -> dict[str, Json]:
    before, stay = stays
    package = known.packages.tags.get(tag, "")
    person = known.people.holder(tag, stay.in_ms)
    whose = package or f"the badge of {known.people.alias(person)}"
    seconds = max(stay.in_ms - before.out_ms, 0) // 1000
    how = f"{seconds} s after it left {before.place}" if before.out_ms else ""
    if not before.out_ms or stay.in_ms < before.out_ms:
        how = f"while it was still in {before.place}"
    weak = "; tags with 4-byte UIDs are easily copied" if len(tag) == 8 else ""
    facts: dict[str, Json] = {
        "place": stay.place,
        "from": before.place,
        "tag": tag,
        "text": f"{whose}: tag {tag} was read in {stay.place} {how}{weak}"[:300],
    }
    return facts | ({"package": package} if package else {"person": person})
