"""Openings of cabinets: which readings belong to one, when it is over, who opened it.

Which places are cabinets the configuration says; where it names none, a place is one once its
light or its scale was heard.  Elsewhere a tag only tells of movement.  Light is not the only
sign of an opening: a torch at night shows nothing, so a weight step or a package's tag that
changes opens one too ("dark"); where a cabinet has none of these sensors, vibration or distance
does.  Readings join by happened_at_ms, and nothing is decided before the last of them can have
come: ``ripe_at_ms``.  What an opening meant is then drawn by custody/handling.py.

A reading that comes after a later one of its cabinet, or after its opening was judged, is kept
and makes the state ``late``: custody/late.py forms and judges again from there, so that the
order of arrival does not matter.
"""

from bisect import insort
from dataclasses import dataclass, field

from fognode.custody import packages, people
from fognode.custody.draws import discrepancy, draw, name_of
from fognode.custody.openings import (
    BADGE_MS,
    GAPS,
    LATE_MOST_MS,
    READINGS,
    SURE_SIGNS,
    TELLING_MS,
    Cabinet,
    Heard,
    Opening,
    opening_row,
)
from fognode.custody.whose import STRANGE, hear_whose, is_strange, stranger
from fognode.events import Event, Json, Kind, Outcome, Stored


@dataclass(slots=True)
class State:
    """All cabinets, and in which of them each package stands."""

    named: frozenset[str] = frozenset()  # the cabinets of the configuration
    cabinets: dict[str, Cabinet] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)  # package -> cabinet; absent = none
    placed_at_ms: dict[str, int] = field(default_factory=dict)  # package -> when that was seen
    shelves: dict[str, set[str]] = field(default_factory=dict)  # cabinet -> packages in it
    boots: dict[str, int] = field(default_factory=dict)  # board -> its newest start
    late_from_ms: int = 0  # from when on all must be judged again; 0 = nothing came late
    late_since_ms: int = 0  # when the first record of that was made
    late_heard_ms: int = 0  # and the newest
    begun_at_ms: int = 0  # of the newest opening
    strangers: dict[str, list[Event]] = field(default_factory=dict)  # tag -> found, lately

    def place(self, package: str, cabinet: str, at_ms: int) -> bool:
        """Note where a package stands ("" = taken out), unless something newer is known."""
        if at_ms < self.placed_at_ms.get(package, 0):
            return False
        self.put(package, cabinet, at_ms)
        return True

    def put(self, package: str, cabinet: str | None, at_ms: int) -> None:
        """Set where a package stands; None = it never stood anywhere."""
        self.shelves.get(self.homes.get(package, ""), set()).discard(package)
        if cabinet is None:
            self.homes.pop(package, None)
            self.placed_at_ms.pop(package, None)
            return
        self.homes[package], self.placed_at_ms[package] = cabinet, at_ms
        if cabinet:
            self.shelves.setdefault(cabinet, set()).add(package)

    def be_late(self, at_ms: int, recorded_at_ms: int) -> None:
        """Note that what happened from a time on must be judged again."""
        if not self.late_from_ms:
            self.late_from_ms, self.late_since_ms = at_ms, recorded_at_ms
        self.late_from_ms = min(self.late_from_ms, at_ms)
        self.late_heard_ms = max(self.late_heard_ms, recorded_at_ms)


KINDS = READINGS | GAPS


def step(state: State, told: Stored, known: packages.State, named: people.State) -> Outcome:
    """Let a reading open a cabinet or join its opening; a late one is only kept."""
    if told.kind in GAPS:
        _note_gap(state, told)
        return Outcome()
    place = told.text("place")
    if told.kind not in READINGS or not place:
        return Outcome()
    cabinet = state.cabinets.get(place)
    if cabinet is None:
        cabinet = state.cabinets[place] = Cabinet(proper=place in state.named)
    sensor = told.kind.split("_", 1)[0]
    at_ms = told.happened_at_ms
    cabinet.senses[sensor] = min(cabinet.senses.get(sensor, at_ms), at_ms)
    if not state.named:
        cabinet.proper = cabinet.proper or sensor in {"light", "weight"}
    heard = hear_whose(told, known, named)
    outcome = Outcome()
    if _keep(state, cabinet, heard):
        outcome = hear(state, place, heard)
    elif at_ms < cabinet.forgotten_until_ms and sensor in {"tag", "weight"}:
        outcome = _too_late(told)
    if is_strange(heard, known):
        outcome.add(_wonder(state, stranger(cabinet.opening, told, named), told))
    return outcome


def _wonder(state: State, found: Outcome, told: Stored) -> Outcome:
    (event,) = found.events
    if event.facts["rule"] == STRANGE:  # custody/claims.py takes it back, should it be declared
        state.strangers.setdefault(told.text("tag"), []).append(event)
    return found


def _keep(state: State, cabinet: Cabinet, heard: Heard) -> bool:
    """Keep a reading for judging again; tell whether it came in order."""
    newest = cabinet.heard[-1] if cabinet.heard else None
    if newest is None or newest < heard:
        cabinet.heard.append(heard)
        if heard.at_ms >= cabinet.judged_until_ms:
            return True
    else:
        insort(cabinet.heard, heard)
    if heard.at_ms >= cabinet.forgotten_until_ms:
        state.be_late(heard.at_ms, heard.told.recorded_at_ms)
    return False


def _too_late(told: Stored) -> Outcome:
    place = told.text("place")
    text = f"{place}: {told.kind} came too late to be judged with its opening; count what is inside"
    facts: dict[str, Json] = {"opening": "", "rule": "too_late", "place": place, "text": text}
    event = draw(Kind.DISCREPANCY_FOUND, told, facts)
    return Outcome(events=[event], rows=[discrepancy(event, told.seq)])


def hear(state: State, place: str, heard: Heard) -> Outcome:
    """Take in a reading that comes in order of time in its place."""
    cabinet, outcome = state.cabinets[place], Outcome()
    if heard.told.kind in GAPS:
        if cabinet.opening is not None:
            cabinet.opening.gaps.append(heard.told)
        return outcome
    if heard.person:
        _show_badge(cabinet, heard)
    elif cabinet.opening is None and cabinet.proper and _opens(state, cabinet, heard):
        outcome = open_box(state, cabinet, heard.told)
    if cabinet.opening is not None:
        cabinet.opening.join(heard)
    return outcome


def _note_gap(state: State, told: Stored) -> None:
    """A board that was silent or started anew leaves unknown what happened meanwhile."""
    if told.kind == Kind.BOARD_HELLO and not _started_anew(state, told):
        return
    place = told.text("place")
    places = [place] if told.kind != Kind.NODE_STARTED else list(state.cabinets)
    for name in places:
        cabinet = state.cabinets.get(name)
        if cabinet is None or not cabinet.proper:
            continue
        heard = Heard(told.happened_at_ms, told)
        if _keep(state, cabinet, heard):
            hear(state, name, heard)


def _started_anew(state: State, told: Stored) -> bool:
    board, boot, place = told.text("board"), told.number("boot"), told.text("place")
    before = state.boots.get(board)
    state.boots[board] = max(boot, before or 0)
    sensors = told.facts.get("sensors")
    if place and isinstance(sensors, list):
        cabinet = state.cabinets.setdefault(place, Cabinet(proper=place in state.named))
        types = frozenset(str(one.get("type")) for one in sensors if isinstance(one, dict))
        cabinet.declared = types | (cabinet.declared or frozenset())
    return before is not None and boot > before


def _show_badge(cabinet: Cabinet, heard: Heard) -> None:
    at_ms = heard.at_ms
    kept = [badge for badge in cabinet.badges if cabinet.opening or at_ms - badge[0] <= BADGE_MS]
    cabinet.badges = [*kept, (at_ms, heard.person)]


def _opens(state: State, cabinet: Cabinet, heard: Heard) -> bool:
    kind, told = heard.told.kind, heard.told
    if kind in {"light_open", "weight_take", "weight_put"}:
        return True
    if kind.startswith("tag_"):
        # A board that restarts tells again of the tags it sees: that changes nothing.
        inside = state.homes.get(heard.package) == told.text("place")
        return heard.package != "" and inside == (kind == "tag_out")
    if kind not in {"vibration_shake", "distance_move"} or cabinet.declared is None:
        return False
    # Only where nothing surer could tell of it.
    return not any(cabinet.has(sensor, heard.at_ms) for sensor in SURE_SIGNS)


def open_box(state: State, cabinet: Cabinet, told: Stored) -> Outcome:
    """Tell that a cabinet was opened, and by whom if a badge was shown before.

    Source: APTM paper, section 4.4 and figure 8, function openBox.
    """
    place = told.text("place")
    person = _before(cabinet, told.happened_at_ms)
    facts: dict[str, Json] = {"cabinet": place, "board": told.text("board"), "person": person}
    if told.kind != "light_open":
        facts["dark"] = 1
    event = draw(Kind.OPEN_BOX, told, facts)
    opening = name_of(event)
    cabinet.opening = Opening(
        cause=told,
        opening=opening,
        cabinet=place,
        shelf=frozenset(state.shelves.get(place, ())),
        begun_at_ms=told.happened_at_ms,
    )
    state.begun_at_ms = max(state.begun_at_ms, told.happened_at_ms)
    row = opening_row(told, opening, person)
    return Outcome(events=[event], rows=[row])


def _before(cabinet: Cabinet, opened_at_ms: int) -> str:
    earliest = opened_at_ms - BADGE_MS
    shown = [who for at_ms, who in cabinet.badges if earliest <= at_ms <= opened_at_ms]
    return shown[-1] if shown else ""


def _people(cabinet: Cabinet, opening: Opening) -> tuple[str, list[str]]:
    # The last badge before the opening names it, else the first during it; others are those
    # within the witness window.
    opened_at_ms, closed_at_ms = opening.begun_at_ms, opening.closed_at_ms
    shown = [badge for badge in cabinet.badges if badge[0] <= closed_at_ms]
    during = [who for at_ms, who in shown if opened_at_ms < at_ms]
    opener = _before(cabinet, opened_at_ms) or (during[0] if during else "")
    near = (opened_at_ms - BADGE_MS, opened_at_ms + BADGE_MS)
    others = [who for at_ms, who in shown if near[0] <= at_ms <= near[1] and who != opener]
    return opener, others if opener else []


def ripe(state: State, at_ms: int, recorded_at_ms: int, place: str = "") -> list[str]:
    """Return the cabinets whose opening can be judged, in the order they became so.

    An event of the same ``place`` that happened later proves that nothing of the opening is
    still under way: a board tells in order.  Others, and the clock, prove it only once the
    board was quiet: it may be telling what it kept through a cut line.
    """
    found: list[tuple[int, str]] = []
    for name, cabinet in state.cabinets.items():
        opening = cabinet.opening
        if opening is None or at_ms < opening.ripe_at_ms:
            continue
        if name == place or recorded_at_ms >= opening.heard_at_ms + TELLING_MS:
            found.append((opening.ripe_at_ms, name))
    return [name for _, name in sorted(found)] if found else []


def is_settled(state: State, recorded_at_ms: int) -> bool:
    """Tell whether late readings are there and have stopped coming for now."""
    if not state.late_from_ms:
        return False
    quiet = recorded_at_ms >= state.late_heard_ms + TELLING_MS
    return quiet or recorded_at_ms >= state.late_since_ms + LATE_MOST_MS


def end(cabinet: Cabinet) -> tuple[Opening, str, list[str]]:
    """Take the opening off the cabinet, with the badges up to its end.

    Returns:
        The opening, who opened it ("" = nobody), and the others whose badges were shown.

    Raises:
        ValueError: Nothing was opened.
    """
    opening = cabinet.opening
    if opening is None:
        raise ValueError("no opening to end")
    person, others = _people(cabinet, opening)
    cabinet.badges = [badge for badge in cabinet.badges if badge[0] > opening.closed_at_ms]
    cabinet.opening = None
    cabinet.judged_until_ms = max(cabinet.judged_until_ms, opening.ripe_at_ms)
    return opening, person, others
