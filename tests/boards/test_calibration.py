"""Counts of a scale become grams by what a person measured, and only by what can be true."""

from typing import Any

import pytest

from fognode.boards.calibration import Rest, Scale, Scales, factor_of, fault_of, weight_on
from fognode.boards.lane import Lane
from fognode.boards.told import Moment
from fognode.boards.wire import BoardEvent, Declare, Hello
from fognode.events import Json, Stored

MEASURED: dict[str, Json] = {
    "board": "cab01",
    "sensor": "W1",
    "known_g": 1_000,
    "counts_before": 400_000,
    "counts_after": 421_000,
    "counts_per_kg": 21_000,
    "by": "ana",
}


def told(kind: str = "scale_calibrated", /, **facts: Json) -> Stored:
    return Stored(
        seq=1,
        event_id="0" * 32,
        kind=kind,
        origin="q/1",
        happened_at_ms=1,
        recorded_at_ms=1,
        facts=MEASURED | facts,
        body=b"",
    )


def test_factor_is_counts_for_one_kilogram_rounded() -> None:
    assert factor_of(400_000, 421_000, 1_000) == 21_000
    assert factor_of(-50, 20_049, 500) == 40_198
    assert factor_of(0, 100_000, 3_000) == 33_333
    assert factor_of(0, 200_000, 3_000) == 66_667


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"known_g": 0}, "known_g must be above zero"),
        ({"counts_after": 401_999}, "rose by 1999 counts"),
        ({"counts_after": 379_000}, "rose by -21000 counts"),
        ({"counts_per_kg": 20_999}, "the counts and the weight make 21000"),
        ({"known_g": 300_000, "counts_per_kg": 70}, "is not 100 to 10000000"),
    ],
)
def test_calibration_that_cannot_be_true_has_its_reason(
    facts: dict[str, Json], reason: str
) -> None:
    assert reason in fault_of("scale_calibrated", MEASURED | facts)
    scales = Scales()
    scales.take(told(**facts))
    assert scales.of("cab01", "W1") == Scale()


def test_newest_calibration_holds_and_a_tare_moves_only_the_zero() -> None:
    scales = Scales()
    scales.take(told())
    assert scales.of("cab01", "W1") == Scale(counts_per_kg=21_000, zero_counts=400_000)
    scales.take(told("scale_tared", counts=400_300))
    assert scales.of("cab01", "W1") == Scale(counts_per_kg=21_000, zero_counts=400_300)
    scales.take(told(counts_after=440_000, counts_per_kg=40_000))
    assert scales.of("cab01", "W1") == Scale(counts_per_kg=40_000, zero_counts=400_000)
    assert scales.of("cab01", "W2") == Scale()


def test_weight_on_a_scale_is_known_once_it_was_tared() -> None:
    assert weight_on(Scale(), 421_000, 40_000) is None
    assert weight_on(Scale(zero_counts=400_000), 421_000, 40_000) == 525
    assert weight_on(Scale(counts_per_kg=21_000, zero_counts=400_000), 421_000, 40_000) == 1_000
    assert weight_on(Scale(counts_per_kg=21_000, zero_counts=400_000), 397_900, 40_000) == -100


def test_scale_rests_when_three_readings_lie_within_its_noise() -> None:
    rest = Rest()
    readings = (400_000, 400_300, 421_000, 421_200, 420_800, 420_900)
    assert [rest.take(counts) for counts in readings] == [None] * 4 + [421_000, 420_900]


def test_lane_weighs_by_the_newest_calibration_of_the_record() -> None:
    scales = Scales()
    lane = Lane(
        board="cab01", place="shed", counts_per_kg=40_000, progress=lambda _b: (0, 0),
        scale=scales.of,
    )  # fmt: skip
    at = Moment(wall_ms=1_000_000, mono_ms=1_000)
    common: dict[str, Any] = {"board": "cab01", "boot": 1, "ms": 5}
    lane.hear(Hello(**common, protocol=1, kind="cabinet", version="1", declares=1), at)
    lane.hear(Declare(**common, sensor="W1", type="weight", unit="counts", period_ms=100), at)
    weights = []
    for seq in (1, 2):
        frame = BoardEvent(**common, seq=seq, sensor="W1", word="put", value="21000")
        (owed,) = lane.hear(frame, at)
        weights.append((owed.event.facts["weight_counts"], owed.event.facts["weight_g"]))
        scales.take(told())
    assert weights == [(21_000, 525), (21_000, 1_000)]
