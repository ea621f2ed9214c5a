"""What readings of the node's own sensors mean: the rules of firmware/core, in Python.

Pure.  Each class takes one sensor's readings in order, with the monotonic time of each, and
returns what to tell: word and value as they stand in an E frame.  Limits are those that a
board starts with (docs/protocol.md).
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median_low

HOLD_MS = 150
QUIET_MS, REARM_MS, BURST_MS = 100, 800, 1_000
WEIGHT_BAND = 600  # counts
TAG_HOLD_MS = 2_000
TAGS_MAX = 6

Said = list[tuple[str, str]]  # word, value


@dataclass(slots=True, kw_only=True)
class Light:
    """open at >= 600 counts, close at <= 400, each held for 150 ms."""

    on: int = 600
    off: int = 400
    is_open: bool = False
    since_ms: int | None = None  # when it began to look otherwise

    def take(self, ms: int, counts: int) -> Said:
        """Take a reading, 0..1023 counts."""
        if counts > self.off if self.is_open else counts < self.on:
            self.since_ms = None
            return []
        if self.since_ms is None:
            self.since_ms = ms
        if ms - self.since_ms < HOLD_MS:
            return []
        self.since_ms, self.is_open = None, not self.is_open
        return [("open" if self.is_open else "close", str(counts))]


@dataclass(slots=True, kw_only=True)
class Shake:
    """A burst of >= 5 edges is one shake, told after 0.1 s of quiet or 1 s; then 0.8 s of quiet.

    To be told of every 10 ms, also when there was no edge.
    """

    enough: int = 5
    edges: int = 0  # of the burst so far
    armed: bool = True
    first_ms: int = 0
    last_ms: int = 0

    def take(self, ms: int, edges: int) -> Said:
        """Take the number of edges since the last call."""
        if edges:
            if not self.edges:
                self.first_ms = ms
            self.last_ms = ms
            self.edges = min(self.edges + edges, 65_535)
        quiet_ms = ms - self.last_ms
        if quiet_ms >= REARM_MS:
            self.armed = True
        done = self.edges >= self.enough and quiet_ms >= QUIET_MS
        if not self.edges or not (done or ms - self.first_ms >= BURST_MS):
            return []
        told, self.edges = self.edges, 0
        if not self.armed or told < self.enough:
            return []
        self.armed = False  # a running tractor is told once, not once a second
        return [("shake", str(told))]


@dataclass(slots=True, kw_only=True)
class Distance:
    """move when two medians of 5 in a row are >= 30 mm from the place last told."""

    move: int = 30
    last: deque[int] = field(default_factory=lambda: deque(maxlen=5))
    told: int | None = None
    away: int = 0
    newest: int = -1

    def take(self, _ms: int, mm: int) -> Said:
        """Take a distance in mm; negative = no echo, which moves nothing."""
        self.newest = mm
        if mm < 0:
            return []
        self.last.append(mm)
        if len(self.last) < 5:
            return []
        middle = sorted(self.last)[2]
        if self.told is None:
            self.told = middle
            return []
        self.newest = middle
        if abs(middle - self.told) < self.move:
            self.away = 0
            return []
        self.away += 1
        if self.away < 2:
            return []
        self.away, self.told = 0, middle
        return [("move", str(middle))]


@dataclass(slots=True, kw_only=True)
class Weight:
    """take or put when three samples within 600 counts rest >= 2,000 from the last rest.

    Slower change is followed at one count a sample and stays silent: heat and creep.
    """

    step: int = 2_000
    last: deque[int] = field(default_factory=lambda: deque(maxlen=3))
    rest: int | None = None

    def take(self, _ms: int, counts: int) -> Said:
        """Take a sample in counts."""
        self.last.append(counts)
        if len(self.last) < 3 or max(self.last) - min(self.last) > WEIGHT_BAND:
            return []
        middle = median_low(self.last)
        if self.rest is None:
            self.rest = middle
            return []
        change = middle - self.rest
        if abs(change) >= self.step:
            self.rest = middle
            return [("take" if change < 0 else "put", str(change))]
        self.rest += (change > 0) - (change < 0)
        return []


@dataclass(slots=True, kw_only=True)
class Tags:
    """in when a tag was not there; out when it did not answer for 2 s."""

    seen_ms: dict[str, int] = field(default_factory=dict)  # UID, in the order of coming

    def take(self, ms: int, uids: Sequence[str]) -> Said:
        """Take one round of the reader: every UID that answered, hex digits."""
        said: Said = []
        for uid in uids:
            if uid not in self.seen_ms:
                if len(self.seen_ms) >= TAGS_MAX:
                    continue
                said.append(("in", uid))
            self.seen_ms[uid] = ms
        gone = [uid for uid, seen_ms in self.seen_ms.items() if ms - seen_ms >= TAG_HOLD_MS]
        for uid in gone:
            del self.seen_ms[uid]
        return said + [("out", uid) for uid in gone]

    def crowded(self, uids: Sequence[str]) -> bool:
        """Tell whether a round found more tags than are followed."""
        return any(uid not in self.seen_ms for uid in uids)

    def hold(self, ms: int) -> None:
        """Let no time pass for any tag: the reader is away."""
        self.seen_ms = dict.fromkeys(self.seen_ms, ms)
