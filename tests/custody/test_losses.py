from typing import TYPE_CHECKING

from fognode.custody import losses
from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story

HOUR_S = 3600


def _hours(story: "Story", drift_g: list[int]) -> None:
    """Let the scale of cab-1 (8,840 g inside) say at each hour's end what was not told."""
    counts = (5840 + 3000) * 40
    for hour, moved_g in enumerate(drift_g):
        counts += moved_g * 40
        begin_ms = story.START_MS + hour * HOUR_S * 1000 + HOUR_S * 1000
        sums: list[Json] = [{"sensor": "W1", "type": "weight", "unit": "counts", "last": counts}]
        end_s = (hour + 2) * HOUR_S
        story.tell("samples_summed", end_s, board="cab01", begin_at_ms=begin_ms, sensors=sums)


def test_scale_that_drifts_two_percent_in_a_day_is_no_theft(stocked: "Story") -> None:
    _hours(stocked, [0] + [-7] * 24)  # 168 g, 1.9 %
    assert stocked.rules() == []


def test_steady_loss_below_every_threshold_is_told_after_days(stocked: "Story") -> None:
    _hours(stocked, [0] + [-5] * (24 * 10))  # 120 g a day
    assert set(stocked.rules()) == {"slow_loss"}
    first = stocked.facts("discrepancy_found")[0]
    assert first["text"] == "cab-1 lost 370 g in 3 days, and nothing was told of it"


def test_weight_that_was_told_is_not_lost(stocked: "Story") -> None:
    _hours(stocked, [0])
    stocked.visit(3 * HOUR_S, stocked.GLY, 5840, 4000)
    sums: list[Json] = [
        {"sensor": "W1", "type": "weight", "unit": "counts", "last": (8840 - 1840) * 40}
    ]
    begin_ms = stocked.START_MS + 3 * HOUR_S * 1000
    at_s = 4 * HOUR_S
    stocked.tell("samples_summed", at_s, board="cab01", begin_at_ms=begin_ms, sensors=sums)
    assert stocked.rules() == []


def test_noise_of_many_weighings_is_no_loss() -> None:
    state = losses.State()
    assert [losses.judge(state, "cab-1", -2, 2) for _ in range(100)] == [0] * 100
    assert losses.judge(losses.State(), "cab-1", -251, 1) == 251
