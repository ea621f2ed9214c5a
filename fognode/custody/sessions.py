"""Openings of cabinets: which readings belong to one, when it is over, who opened it.

Which places are cabinets the configuration says; where it names none, a place is one once its
light or its scale was heard.  Elsewhere a tag only tells of movement.  Light is not the only
sign of an opening: a torch at night shows nothing, so a weight step or a package's tag that
changes opens one too ("dark").  Readings join by happened_at_ms, and nothing is decided before
the last of them can have come: ``ripe_at_ms``.  What an opening meant is then drawn by
custody/handling.py.

The state is a function of the stored events, with one narrow exception: a reading told more
than a second late, in the instant between ``due`` and its COMMIT, counts after a restart.
"""

from collections import Counter
from dataclasses import dataclass, field

from fognode.custody import packages, people
from fognode.custody.draws import discrepancy, draw, name_of
from fognode.events import Json, Kind, Outcome, Row, RowValues, Stored

# The board notices a removed tag up to 2.5 s late (TAG_HOLD_MS in firmware/core/sense.c) and a
# settled weight up to 1 s late; the line adds less than a second.
SETTLE_MS = 4_000
# No light tells when a dark opening ends.  Four times the latest reading of one removal.
DARK_QUIET_MS = 10_000
# A door left open must not keep a theft from being told: the opening is judged after this
# much stillness, and what follows is another one.
LEFT_OPEN_MS = 600_000
# A board that tells what it kept through a cut line needs less than this between events.
TELLING_MS = 2_000
BADGE_MS = 120_000  # a badge names the opening that follows within this time
READINGS = frozenset(
    {
        "light_open",
        "light_close",
        "weight_take",
        "weight_put",
        "tag_in",
        "tag_out",
        "vibration_shake",
        "distance_move",
    }
)


@dataclass(slots=True, kw_only=True)
class Opening:
    """A cabinet from door open to door closed, not judged yet."""

    cause: Stored  # the reading that showed it; origins of all that is drawn hang on it
    opening: str  # event_id of the openBox
    cabinet: str
    shelf: frozenset[str]  # packages inside before it
    light_at_ms: int = 0  # when the light last changed; 0 = dark so far
    shut: bool = False
    last_at_ms: int = 0  # latest reading
    heard_at_ms: int = 0  # when the newest record of it was made
    last_seq: int = 0
    moves: list[Stored] = field(default_factory=list)  # tag and weight readings
    counts: Counter[str] = field(default_factory=Counter)

    def join(self, told: Stored) -> None:
        """Take in a reading, in whatever order they come."""
        self.counts[told.kind] += 1
        self.last_at_ms = max(self.last_at_ms, told.happened_at_ms)
        self.heard_at_ms = max(self.heard_at_ms, told.recorded_at_ms)
        self.last_seq = max(self.last_seq, told.seq)
        if told.kind.startswith("light_") and told.happened_at_ms >= self.light_at_ms:
            self.light_at_ms, self.shut = told.happened_at_ms, told.kind == "light_close"
        if told.kind.startswith(("tag_", "weight_")):
            self.moves.append(told)

    @property
    def dark(self) -> bool:
        """No light was seen to go on."""
        return self.counts["light_open"] == 0

    @property
    def closed_at_ms(self) -> int:
        """When the door closed, or else when something moved last."""
        return self.light_at_ms if self.shut else self.last_at_ms

    @property
    def ripe_at_ms(self) -> int:
        """From when on no more readings of it are expected."""
        if self.shut:
            return self.light_at_ms + SETTLE_MS
        return self.last_at_ms + (DARK_QUIET_MS if self.dark else LEFT_OPEN_MS)


@dataclass(slots=True)
class Cabinet:
    """A place with a reader; a cabinet proper can be opened, elsewhere things only pass."""

    proper: bool = False
    opening: Opening | None = None
    badges: list[tuple[int, str]] = field(default_factory=list)  # (at_ms, person), not used up


@dataclass(slots=True)
class State:
    """All cabinets, and in which of them each package stands."""

    named: frozenset[str] = frozenset()  # the cabinets of the configuration
    cabinets: dict[str, Cabinet] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)  # package -> cabinet; absent = none
    placed_at_ms: dict[str, int] = field(default_factory=dict)  # package -> when that was seen

    def place(self, package: str, cabinet: str, at_ms: int) -> bool:
        """Note where a package stands ("" = taken out), unless something newer is known."""
        if at_ms < self.placed_at_ms.get(package, 0):
            return False
        self.homes[package], self.placed_at_ms[package] = cabinet, at_ms
        return True


def step(state: State, told: Stored, known: packages.State, named: people.State) -> Outcome:
    """Let a reading open a cabinet or join its opening."""
    place = told.text("place")
    if told.kind not in READINGS or not place:
        return Outcome()
    cabinet = state.cabinets.setdefault(place, Cabinet(proper=place in state.named))
    if not state.named:
        cabinet.proper = cabinet.proper or told.kind.startswith(("light_", "weight_"))
    outcome = Outcome()
    if told.kind == "tag_in" and told.text("tag") in named.badges:
        _show_badge(cabinet, told, named.badges[told.text("tag")])
    elif _opens(state, cabinet, told, known):
        outcome = open_box(state, cabinet, told)
    if cabinet.opening is not None:
        cabinet.opening.join(told)
    if told.kind == "tag_in":
        outcome.add(_stranger(cabinet.opening, told, known, named))
    return outcome


def _show_badge(cabinet: Cabinet, told: Stored, person: str) -> None:
    at_ms = told.happened_at_ms
    kept = [badge for badge in cabinet.badges if cabinet.opening or at_ms - badge[0] <= BADGE_MS]
    cabinet.badges = sorted([*kept, (at_ms, person)])


def _opens(state: State, cabinet: Cabinet, told: Stored, known: packages.State) -> bool:
    if cabinet.opening is not None or not cabinet.proper:
        return False
    if told.kind in {"light_open", "weight_take", "weight_put"}:
        return True
    package = known.tagged(told.text("tag"))
    if package is None or not told.kind.startswith("tag_"):
        return False
    # A board that restarts tells again of the tags it sees: that changes nothing.
    inside = state.homes.get(package.package) == told.text("place")
    return inside == (told.kind == "tag_out")


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
    cabinet.opening = Opening(
        cause=told,
        opening=name_of(event),
        cabinet=place,
        shelf=frozenset(package for package, home in state.homes.items() if home == place),
    )
    values: RowValues = {
        "opening": name_of(event),
        "cabinet": place,
        "person": person,
        "opened_at_ms": told.happened_at_ms,
        "closed_at_ms": 0,
        "delta_g": 0,
        "packages_out": "",
        "packages_in": "",
        "verdict": "open",
        "sentence": "",
        "as_of_seq": told.seq,
    }
    return Outcome(events=[event], rows=[Row(table="opening", values=values)])


def _before(cabinet: Cabinet, opened_at_ms: int) -> str:
    earliest = opened_at_ms - BADGE_MS
    shown = [who for at_ms, who in cabinet.badges if earliest <= at_ms <= opened_at_ms]
    return shown[-1] if shown else ""


def _opener(cabinet: Cabinet, opening: Opening) -> str:
    # The last badge before the opening names it, else the first during it.
    opened_at_ms = opening.cause.happened_at_ms
    during = [who for at_ms, who in cabinet.badges if opened_at_ms < at_ms <= opening.closed_at_ms]
    return _before(cabinet, opened_at_ms) or (during[0] if during else "")


def _stranger(
    opening: Opening | None, told: Stored, known: packages.State, named: people.State
) -> Outcome:
    tag = told.text("tag")
    if tag in known.tags or tag in named.badges:
        return Outcome()
    place = told.text("place")
    facts: dict[str, Json] = {
        "opening": opening.opening if opening else "",
        "rule": "unknown_tag",
        "place": place,
        "tag": tag,
        "text": f"tag {tag} in {place} belongs to no package and no person",
    }
    event = draw(Kind.DISCREPANCY_FOUND, told, facts)
    return Outcome(events=[event], rows=[discrepancy(event, told.seq)])


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
    return [name for _, name in sorted(found)]


def end(cabinet: Cabinet) -> tuple[Opening, str]:
    """Take the opening off the cabinet, with the badges up to its end; return it and who.

    Raises:
        ValueError: Nothing was opened.
    """
    opening = cabinet.opening
    if opening is None:
        raise ValueError("no opening to end")
    person = _opener(cabinet, opening)
    cabinet.badges = [badge for badge in cabinet.badges if badge[0] > opening.closed_at_ms]
    cabinet.opening = None
    return opening, person
