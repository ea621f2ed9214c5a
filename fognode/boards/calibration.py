"""How many counts of a scale are a kilogram and which are nothing on it; measured, recorded.

Pure.  A calibration is what a person measured: the counts without and with a known weight.  The
newest one in the record holds, for what a board tells from then on; before the first one the
configuration's ``counts_per_kg`` does.  What is stored already is never calibrated anew: its
raw counts stand beside the grams.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from statistics import median_low

from fognode.boards.meaning import NUMBER, grams
from fognode.events import Json, Kind, Stored

LEAST, MOST = 100, 10_000_000  # counts per kg, as in the configuration
# As the firmware rests and steps (docs/protocol.md, W1); Source: Avia HX711 datasheet, noise.
RESTING, BAND, STEP = 3, 600, 2_000
KINDS = frozenset({Kind.SCALE_CALIBRATED, Kind.SCALE_TARED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What the record says of one weight sensor."""

    counts_per_kg: int = 0  # 0 = the configuration's holds
    zero_counts: int | None = None  # None = never tared


@dataclass(slots=True)
class Scales:
    """Every scale of which the record says something, by board and sensor."""

    known: dict[tuple[str, str], Scale] = field(default_factory=dict)

    def of(self, board: str, sensor: str) -> Scale:
        """Return what is known of one scale.  Any thread."""
        return self.known.get((board, sensor), Scale())

    def take(self, told: Stored) -> None:
        """Take in one event of ``KINDS``; one that cannot be true changes nothing."""
        if fault_of(told.kind, told.facts):
            return
        key = told.text("board"), told.text("sensor")
        if told.kind == Kind.SCALE_CALIBRATED:
            counts_per_kg, zero = told.number("counts_per_kg"), told.number("counts_before")
            self.known[key] = Scale(counts_per_kg=counts_per_kg, zero_counts=zero)
        else:
            self.known[key] = replace(self.of(*key), zero_counts=told.number("counts"))


def factor_of(counts_before: int, counts_after: int, known_g: int) -> int:
    """Return counts per kg, half a count up; ``counts_after`` is the higher one."""
    return (2000 * (counts_after - counts_before) + known_g) // (2 * known_g)


def fault_of(kind: str, facts: Mapping[str, Json]) -> str:
    """Return why such a calibration cannot be true; "" = it can."""
    if kind != Kind.SCALE_CALIBRATED:
        return ""
    before, after, known_g, told = (
        _number(facts, name)
        for name in ("counts_before", "counts_after", "known_g", "counts_per_kg")
    )
    if known_g < 1:
        return "known_g must be above zero"
    if after - before < STEP:
        return f"the scale rose by {after - before} counts; at least {STEP} tell a weight"
    if told != factor_of(before, after, known_g):
        right = factor_of(before, after, known_g)
        return f"counts_per_kg = {told}, but the counts and the weight make {right}"
    if not LEAST <= told <= MOST:
        return f"counts_per_kg = {told} is not {LEAST} to {MOST}"
    return ""


def _number(facts: Mapping[str, Json], name: str) -> int:
    value = facts.get(name, 0)
    if isinstance(value, str):
        return int(value) if NUMBER.fullmatch(value) else 0
    return value if isinstance(value, int) else 0


def weight_on(scale: Scale, counts: int, configured: int) -> int | None:
    """Return the grams on a scale since it was tared; None when it never was."""
    if scale.zero_counts is None:
        return None
    return grams(counts - scale.zero_counts, scale.counts_per_kg or configured)


@dataclass(slots=True)
class Rest:
    """Readings until they rest: the middle of three within the noise."""

    last: list[int] = field(default_factory=list)

    def take(self, counts: int) -> int | None:
        """Take a reading; return where the scale rests, or None while it does not."""
        self.last = [*self.last, counts][-RESTING:]
        if len(self.last) < RESTING or max(self.last) - min(self.last) > BAND:
            return None
        return median_low(self.last)
