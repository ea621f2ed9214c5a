"""Slow losses: each too small for a rule of its own, together too much to be noise.

Two running balances for each cabinet; the rule of both is ``slow_loss``.

By openings: what a weight step left over although no tag moved, within its tolerance (what a
single package lost bit by bit: custody/weighings.py).  Noise adds up with the root of the number
n of weighings: a loss is told beyond 3 x 28 g x sqrt(n) and 250 g, whichever is more.

By hours: the settled weight at the end of an hour against that of the hour before and the steps
told in between.  Scales drift, up to 2 % of the load in a day; drift wanders and grows with the
root of the days, theft with the days: a loss is told beyond 2 % x load x sqrt(days) + 60 g.
Limits: with 9 kg inside, 50 g a day is told after about two weeks, and a loss made up for by a
weight that was put in is not told at all; a stocktake by weight finds both.

Source: uncertainty of one settled weight 20 g, of a difference 28 g: custody/amounts.py.
"""

from dataclasses import dataclass, field
from math import isqrt

from fognode.custody import packages, sessions
from fognode.custody.balances import TOLERANCE_G
from fognode.custody.draws import discrepancy, draw
from fognode.events import Json, Kind, Outcome, Stored

DIFFERENCE_U_G = 28
LEAST_LOSS_G = 250
DRIFT_PERMILLE = 20  # of the load, in a day
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
STEPS_MOST = 10_000
Tally = tuple[int, int]  # grams that vanished (negative), weighings


@dataclass(slots=True)
class Scale:
    """What one weight sensor said at the end of its newest hour."""

    place: str = ""
    last_counts: int = 0
    since_ms: int = 0  # when the running balance began; 0 = no hour yet
    vanished_counts: int = 0
    steps: list[tuple[int, int]] = field(default_factory=list)  # (at_ms, counts) not yet summed
    counts: int = 0  # of all steps, for grams per count
    grams: int = 0


@dataclass(slots=True)
class State:
    """The running balances, by cabinet and by board and sensor."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    scales: dict[tuple[str, str], Scale] = field(default_factory=dict)


def judge(state: State, cabinet: str, vanished_g: int, weighings: int) -> int:
    """Add what an opening left over; return the grams lost when they are too many, else 0."""
    lost_g, n = state.tallies.get(cabinet, (0, 0))
    lost_g, n = lost_g + vanished_g, n + weighings
    limit_g = max(LEAST_LOSS_G, 3 * DIFFERENCE_U_G * isqrt(max(n, 1)))
    if -lost_g > limit_g:
        state.tallies[cabinet] = (0, 0)
        return -lost_g
    state.tallies[cabinet] = (lost_g, n)
    return 0


KINDS = frozenset({Kind.SAMPLES_SUMMED, "weight_put", "weight_take"})


def step(state: State, told: Stored, known: packages.State, places: sessions.State) -> Outcome:
    """Take in a weight step, or the sums of an hour."""
    if told.kind in {"weight_take", "weight_put"}:
        scale = state.scales.setdefault((told.text("board"), told.text("sensor")), Scale())
        scale.place = told.text("place")
        scale.steps.append((told.happened_at_ms, told.number("weight_counts")))
        scale.counts += abs(told.number("weight_counts"))
        scale.grams += abs(told.number("weight_g"))
        if len(scale.steps) > STEPS_MOST:  # no hour of it was summed for long: begin anew
            scale.steps.clear()
            scale.since_ms = 0
        return Outcome()
    if told.kind != Kind.SAMPLES_SUMMED:
        return Outcome()
    outcome = Outcome()
    sensors = told.facts.get("sensors")
    for sums in sensors if isinstance(sensors, list) else []:
        if isinstance(sums, dict) and sums.get("type") == "weight":
            scale = state.scales.setdefault(
                (told.text("board"), str(sums.get("sensor", ""))), Scale()
            )
            outcome.add(_sum(scale, told, sums, _load(scale, known, places)))
    return outcome


def _load(scale: Scale, known: packages.State, places: sessions.State) -> int:
    inside = places.shelves.get(scale.place, ())
    return sum(known.packages[name].gross_g for name in inside if name in known.packages)


def _sum(scale: Scale, told: Stored, sums: dict[str, Json], load_g: int) -> Outcome:
    last = sums.get("last")
    if not isinstance(last, int):
        return Outcome()
    end_ms = told.number("begin_at_ms") + HOUR_MS
    moved = sum(counts for at_ms, counts in scale.steps if at_ms < end_ms)
    scale.steps = [one for one in scale.steps if one[0] >= end_ms]
    if scale.since_ms:
        scale.vanished_counts += last - scale.last_counts - moved
    else:
        scale.since_ms = end_ms
    scale.last_counts = last
    if not scale.counts or not scale.grams:
        return Outcome()
    lost_g = -scale.vanished_counts * scale.grams // scale.counts
    if lost_g <= _budget(load_g, end_ms - scale.since_ms):
        return Outcome()
    since_ms, scale.since_ms, scale.vanished_counts = scale.since_ms, end_ms, 0
    days = max(1, (end_ms - since_ms) // DAY_MS)
    facts: dict[str, Json] = {
        "opening": "",
        "rule": "slow_loss",
        "place": scale.place,
        "delta_g": -lost_g,
        "text": f"{scale.place} lost {lost_g} g in {days} days, and nothing was told of it",
    }
    event = draw(Kind.DISCREPANCY_FOUND, told, facts)
    return Outcome(events=[event], rows=[discrepancy(event, told.seq)])


def _budget(load_g: int, span_ms: int) -> int:
    """Return what drift and noise may make of a load within a span, grams."""
    day_g = load_g * DRIFT_PERMILLE // 1000
    root = isqrt(max(span_ms, DAY_MS) * 10_000 // DAY_MS)  # 100 x sqrt(days)
    return day_g * root // 100 + TOLERANCE_G
