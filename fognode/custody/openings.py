"""One opening of a cabinet as readings join it, and what is kept of the cabinet itself."""

from collections import Counter
from dataclasses import dataclass, field

from fognode.events import Kind, Row, RowValues, Stored

# The board notices a removed tag up to 2.5 s late (TAG_HOLD_MS in firmware/core/tags.c) and a
# settled weight up to 1 s late; the line adds less than a second.
SETTLE_MS = 4_000
# No light tells when a dark opening ends.  Four times the latest reading of one removal.
DARK_QUIET_MS = 10_000
# A door left open must not keep a theft from being told: the opening is judged after this
# much stillness, and what follows is another one.
LEFT_OPEN_MS = 600_000
# A board that tells what it kept through a cut line needs less than this between events.
TELLING_MS = 2_000
# So long late readings may go on arriving before what is known is judged.
LATE_MOST_MS = 30_000
BADGE_MS = 120_000  # a badge names the opening that follows within this time; a witness, too
# What was told is kept so long to be judged again; boards keep less than that through a cut line.
KEPT_MS = 48 * 3_600_000
KEPT_READINGS = 4_096  # of one place at most, for judging again
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
# What leaves unknown what happened meanwhile.
GAPS = frozenset({Kind.BOARD_SILENT, Kind.BOARD_HEARD, Kind.BOARD_HELLO, Kind.NODE_STARTED})
SURE_SIGNS = frozenset({"light", "weight", "tag"})


@dataclass(slots=True)
class Heard:
    """A reading, with whose tag or badge it was by what was known when it was told."""

    at_ms: int
    told: Stored
    package: str = ""
    person: str = ""

    def __lt__(self, other: "Heard") -> bool:
        """Order by time; readings of one moment by board, start and count."""
        if self.at_ms != other.at_ms:
            return self.at_ms < other.at_ms
        return _order(self.told.origin) < _order(other.told.origin)


def _order(origin: str) -> tuple[str, int, int, str]:
    parts = origin.split("/")
    if parts[0] == "b" and len(parts) == 4:  # b/BOARD/BOOT/COUNT
        return parts[1], int(parts[2]), int(parts[3]), ""
    return "", 0, 0, origin


@dataclass(slots=True, kw_only=True)
class Opening:
    """A cabinet from door open to door closed, not judged yet."""

    cause: Stored  # the reading that showed it; origins of all that is drawn hang on it
    opening: str  # event_id of the openBox
    cabinet: str
    shelf: frozenset[str]  # packages inside before it
    begun_at_ms: int
    light_at_ms: int = 0  # when the light last changed; 0 = dark so far
    shut: bool = False
    last_at_ms: int = 0  # latest reading
    heard_at_ms: int = 0  # when the newest record of it was made
    last_seq: int = 0
    moves: list[Heard] = field(default_factory=list)  # tag and weight readings
    causes: list[Stored] = field(default_factory=list)  # all readings that may have shown it
    gaps: list[Stored] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def join(self, heard: Heard) -> None:
        """Take in a reading; they come in order of time."""
        told = heard.told
        self.counts[told.kind] += 1
        self.last_at_ms = max(self.last_at_ms, told.happened_at_ms)
        self.heard_at_ms = max(self.heard_at_ms, told.recorded_at_ms)
        self.last_seq = max(self.last_seq, told.seq)
        if told.kind.startswith("light_"):
            self.light_at_ms, self.shut = told.happened_at_ms, told.kind == "light_close"
        if told.kind.startswith(("tag_", "weight_")):
            self.moves.append(heard)
        self.causes.append(told)

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


def opening_row(cause: Stored, opening: str, person: str) -> Row:
    """Return the row of an opening that is not over."""
    values: RowValues = {
        "opening": opening,
        "cabinet": cause.text("place"),
        "person": person,
        "opened_at_ms": cause.happened_at_ms,
        "closed_at_ms": 0,
        "delta_g": 0,
        "packages_out": "",
        "packages_in": "",
        "verdict": "open",
        "sentence": "",
        "authorised_by": "",
        "sure_permille": 0,
        "declared_g": 0,
        "as_of_seq": cause.seq,
    }
    return Row(table="opening", values=values)


@dataclass(slots=True)
class Cabinet:
    """A place with a reader; a cabinet proper can be opened, elsewhere things only pass."""

    proper: bool = False
    opening: Opening | None = None
    badges: list[tuple[int, str]] = field(default_factory=list)  # (at_ms, person), not used up
    heard: list[Heard] = field(default_factory=list)  # lately, in order of time
    judged_until_ms: int = 0  # what happened before belongs to openings that were judged
    forgotten_until_ms: int = 0  # and before this, to some that cannot be judged again
    senses: dict[str, int] = field(default_factory=dict)  # sensor type -> first heard
    declared: frozenset[str] | None = None  # sensor types by its boards' hello

    def has(self, sensor: str, at_ms: int) -> bool:
        """Tell whether a type of sensor is there; a reader is taken to be until a board denies."""
        if self.declared is not None:
            return sensor in self.declared or self.senses.get(sensor, at_ms + 1) <= at_ms
        return sensor == "tag" or self.senses.get(sensor, at_ms + 1) <= at_ms
