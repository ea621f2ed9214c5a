from typing import TYPE_CHECKING

from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story

MEASURED: dict[str, Json] = {
    "board": "cab01",
    "sensor": "W1",
    "known_g": 1_000,
    "counts_before": 400_000,
    "counts_after": 421_000,
}


def test_calibration_that_its_own_counts_deny_is_refused(stocked: "Story") -> None:
    stocked.tell("scale_calibrated", 10, **MEASURED, counts_per_kg=40_000, by=stocked.ANA)
    refused = stocked.last("rejected")
    reason = "counts_per_kg = 40000, but the counts and the weight make 21000"
    assert (refused["what"], refused["reason"]) == ("scale_calibrated", reason)


def test_calibration_of_somebody_unknown_is_refused(stocked: "Story") -> None:
    stocked.tell("scale_calibrated", 10, **MEASURED, counts_per_kg=21_000, by="nobody")
    stocked.tell("scale_tared", 11, board="cab01", sensor="W1", counts=400_100, by="nobody")
    assert [(one["what"], one["reason"], one["value"]) for one in stocked.facts("rejected")] == [
        ("scale_calibrated", "by names no known person", "nobody"),
        ("scale_tared", "by names no known person", "nobody"),
    ]


def test_calibration_and_tare_that_can_be_true_stand(stocked: "Story") -> None:
    stocked.tell("scale_calibrated", 10, **MEASURED, counts_per_kg=21_000, by=stocked.ANA)
    stocked.tell("scale_tared", 11, board="cab01", sensor="W1", counts=400_100, by=stocked.ANA)
    assert stocked.facts("rejected") == []
