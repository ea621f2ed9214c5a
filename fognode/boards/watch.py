"""Which sensors are to be doubted: dead, stuck, impossible, drifting; compared with what is known.

Pure; asked once a second for each board that is heard.  A doubt is told once, and once when it
is over.  A silent board, or a sensor that reports a fault of its own, is told of already, and
nothing more is told of its sensors.

    dead        it was read, its board speaks, and it was not read for a minute
    stuck       to the last digit the same for longer than its noise allows: a wire, not a world
    impossible  outside what the sensor can read; a scale at its rail
    drift       a scale's mean of a minute went further than the firmware's zero follows, without a
                ``take`` or ``put``: heat, a bad contact, or somebody who takes a little at a time

Light and distance have no rule for stuck: a shut cabinet is dark and empty for days.

Source: Avia HX711 datasheet, noise at 10 SPS; docs/protocol.md, W1: 6,000 counts are silent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fognode.boards.meaning import TYPES

DEAD_MS = 60_000
OVER_MS = 60_000  # nothing impossible for so long
STUCK_MS = {"weight": 1_800_000, "temperature": 86_400_000, "humidity": 86_400_000}
BLOCK_MS = 60_000
LEAST_READINGS = 10  # of a block, or it has no mean
DRIFT_COUNTS, BACK_COUNTS = 6_000, 3_000
RAILS = {-(2**23), 2**23 - 1}  # 24 bits, saturated
DEAD, STUCK, IMPOSSIBLE, DRIFT = "dead", "stuck", "impossible", "drift"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a lane knows of one sensor."""

    type: str
    value: int | None = None  # the newest reading that can be; None = never read
    read_ms: int = 0  # monotonic, of that reading
    impossible: tuple[int, int] | None = None  # the newest that cannot be, and when
    told_ms: int = -1  # when its newest event came; -1 = none
    faulty: bool = False  # by its own word


@dataclass(frozen=True, slots=True)
class Doubt:
    """A doubt that begins or is over."""

    sensor: str
    what: str
    begins: bool
    value: int = 0  # the reading that shows it
    reference: int = 0  # of a drift: where it was


@dataclass(slots=True)
class _Block:
    """Readings of one scale, a minute at a time."""

    began_ms: int
    total: int = 0
    count: int = 0
    reference: int | None = None  # mean of the first block since the last step


@dataclass(slots=True)
class _Sensor:
    value: int | None = None
    changed_ms: int = 0  # since when it reads that
    read_ms: int = -1
    told_ms: int = -1
    block: _Block | None = None
    doubts: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Watch:
    """What was seen of the sensors of one board."""

    sensors: dict[str, _Sensor] = field(default_factory=dict)
    awake_ms: int = -1  # since when the board is heard

    def doubts_of(self, sensor: str) -> tuple[str, ...]:
        """Return what is doubted of a sensor now.  Any thread."""
        kept = self.sensors.get(sensor)
        return tuple(sorted(kept.doubts.copy())) if kept else ()

    def look(self, now_ms: int, heard: bool, seen: Mapping[str, Seen]) -> list[Doubt]:
        """Compare what the sensors say with what is known of them; return what is news."""
        if not heard:
            self.awake_ms = -1
            return []
        if self.awake_ms < 0:
            self.awake_ms = now_ms
        found: list[Doubt] = []
        for name, one in seen.items():
            kept = self.sensors.setdefault(name, _Sensor(changed_ms=now_ms))
            for what, shown, reference in self._judge(now_ms, kept, one):
                if shown is None:
                    found += [Doubt(name, what, begins=False)] * (what in kept.doubts)
                    kept.doubts.discard(what)
                elif what not in kept.doubts:
                    kept.doubts.add(what)
                    found.append(Doubt(name, what, True, shown, reference))
        for name in self.sensors.keys() - seen.keys():
            found += [Doubt(name, what, begins=False) for what in sorted(self.sensors[name].doubts)]
            del self.sensors[name]
        return found

    def _judge(self, now_ms: int, kept: _Sensor, seen: Seen) -> list[tuple[str, int | None, int]]:
        """Return what can be said now: doubt, the value that shows it (None = none), reference."""
        if seen.type not in TYPES or seen.value is None or seen.faulty:
            return [(what, None, 0) for what in (DEAD, STUCK, DRIFT)] + _impossible(now_ms, seen)
        told: list[tuple[str, int | None, int]] = []
        quiet_ms = now_ms - max(seen.read_ms, self.awake_ms)
        told.append((DEAD, seen.value if quiet_ms > DEAD_MS else None, 0))
        if seen.value != kept.value:
            kept.value, kept.changed_ms = seen.value, now_ms
        limit_ms = STUCK_MS.get(seen.type)
        # Only what is read anew can be stuck.
        same_ms = min(now_ms, seen.read_ms + DEAD_MS) - max(kept.changed_ms, self.awake_ms)
        if limit_ms:
            told.append((STUCK, seen.value if same_ms >= limit_ms else None, 0))
        if seen.type == "weight":
            told += _drift(now_ms, kept, seen)
        return told + _impossible(now_ms, seen)


def _impossible(now_ms: int, seen: Seen) -> list[tuple[str, int | None, int]]:
    if seen.type == "weight" and seen.value in RAILS:
        return [(IMPOSSIBLE, seen.value, 0)]
    if seen.impossible is None or now_ms - seen.impossible[1] >= OVER_MS:
        return [(IMPOSSIBLE, None, 0)]
    return [(IMPOSSIBLE, seen.impossible[0], 0)]


def _drift(now_ms: int, kept: _Sensor, seen: Seen) -> list[tuple[str, int | None, int]]:
    """Take in a scale's reading; say something at the end of a minute or after a step."""
    if kept.block is None or seen.told_ms != kept.told_ms:
        kept.told_ms = seen.told_ms
        kept.block = _Block(began_ms=now_ms)  # a step: it rests elsewhere from now on
        return [(DRIFT, None, 0)]
    block = kept.block
    if seen.read_ms != kept.read_ms and seen.value is not None:
        kept.read_ms = seen.read_ms
        block.total, block.count = block.total + seen.value, block.count + 1
    if now_ms - block.began_ms < BLOCK_MS:
        return []
    mean, count = block.total // max(block.count, 1), block.count
    block.began_ms, block.total, block.count = now_ms, 0, 0
    if count < LEAST_READINGS:
        return []
    if block.reference is None:
        block.reference = mean
        return []
    away = abs(mean - block.reference)
    if away > DRIFT_COUNTS:
        return [(DRIFT, mean, block.reference)]
    return [(DRIFT, None, 0)] if away <= BACK_COUNTS else []
