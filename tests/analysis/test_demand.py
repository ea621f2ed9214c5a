from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from math import cos, pi
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from fognode.analysis.demand import find_demand, forecast_use, plain, season_ses

if TYPE_CHECKING:
    from tests.analysis.conftest import MadeFarm

GTIN = "7891234567895"


def seasonal(months: int, seed: int) -> list[int]:
    """A product sprayed most in January: 4 kg on average, 10 to 1, noise of a fifth."""
    draw = Random(seed)
    return [
        max(0, round((4000 + 3300 * cos(2 * pi * month / 12)) * draw.gauss(1, 0.2)))
        for month in range(months)
    ]


def month_ms(year: int, month: int, day: int = 1) -> int:
    return int(datetime(year, month, day, 12, tzinfo=UTC).timestamp() * 1000)


def test_season_beats_the_plain_guess_on_a_month_never_seen() -> None:
    """A50, A121."""
    model_g = chosen_g = plain_g = 0.0
    for seed in range(100):
        *grams, _, later = seasonal(38, seed)
        model_g += abs(later - season_ses(grams, 0, 2))
        chosen_g += abs(later - forecast_use(grams, 0).expected_g)
        plain_g += abs(later - plain(grams, 0, 2))
    assert model_g < 0.95 * plain_g
    assert chosen_g < 0.95 * plain_g


def test_scores_stand_beside_those_of_the_plain_guess() -> None:
    forecasts = [forecast_use(seasonal(36, seed), 0) for seed in range(20)]
    assert {forecast.method for forecast in forecasts} == {"season_ses", "plain"}
    assert all(f.error_permille <= f.plain_permille for f in forecasts)
    # Month 38 after 36 from January is February: 4000 + 3300 x cos(30 deg) = 6858 g.
    assert all(abs(f.expected_g - 6858) < 2000 for f in forecasts)


def test_interval_covers_about_nine_of_ten_months() -> None:
    """A17."""
    inside = 0
    for seed in range(200):
        grams = seasonal(40, seed)
        forecast = forecast_use(grams[:38], 0)
        inside += forecast.low_g <= grams[39] <= forecast.high_g
    assert 170 <= inside <= 198


def test_a_steady_product_is_guessed_at_its_level() -> None:
    forecast = forecast_use([1000] * 12, 3)
    assert (forecast.method, forecast.expected_g) == ("season_ses", 1000)
    assert (forecast.low_g, forecast.high_g, forecast.error_permille) == (1000, 1000, 0)


def test_use_now_and_then_is_guessed_by_its_mean_month() -> None:
    # 8 uses in 24 months, the same month of two years never twice.
    grams = [0, 1200, 0, 0, 1200, 0, 0, 1200, 0, 0, 1200, 0]
    grams += [1200, 0, 0, 1200, 0, 0, 1200, 0, 0, 1200, 0, 0]
    forecast = forecast_use(grams, 0)
    assert (forecast.method, forecast.expected_g) == ("mean_month", 400)
    assert forecast.low_g == 0
    assert forecast.error_permille < forecast.plain_permille


def test_an_index_is_believed_as_far_as_years_agree() -> None:
    season = [100, 900] * 6
    assert season_ses(season * 3, 0, 1) == pytest.approx(100, rel=0.01)
    draw = Random(3)
    chance = [draw.randint(100, 900) for _ in range(36)]
    assert 300 < season_ses(chance, 0, 1) < 700


def test_the_plain_guess_is_told_when_it_is_better() -> None:
    # Two years of the same sharp season: last year's month is exact.
    year = [0, 0, 100, 9000, 100, 0, 0, 0, 0, 0, 0, 50]
    forecast = forecast_use(year * 3 + [0, 0], 0)
    assert (forecast.method, forecast.expected_g) == ("plain", 9000)
    assert forecast.error_permille == 0


def test_plain_guess_is_last_months_value_in_the_first_year() -> None:
    assert plain([5, 6, 7], 0, 2) == 7
    assert plain(list(range(12)), 0, 2) == 1  # month 13 ahead of index 11 is index 1 a year on


@pytest.mark.parametrize("grams", [[], [100], [100, 200]])
def test_less_than_three_months_are_not_enough(grams: list[int]) -> None:
    """A17, A121."""
    with pytest.raises(ValueError, match="whole months of 3"):
        forecast_use(grams, 0)


def test_a_forecast_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="zero for the whole coming year"):
        forecast_use([500, 0, 400] + [0] * 14, 0)


def test_a_series_of_zeros_has_no_season() -> None:
    assert season_ses([0, 0, 0, 0], 0, 2) == 0


def test_whole_months_only_are_learnt_from(
    make_farm: Callable[..., MadeFarm], tmp_path: Path
) -> None:
    farm = make_farm()  # its record begins on 2025-12-22
    farm.product(GTIN, "Karate")
    for month, grams in ((12, 50_000), (1, 1000), (2, 1000), (3, 1000), (4, 1000), (5, 90_000)):
        farm.use(GTIN, month_ms(2025 if month == 12 else 2026, month, 25), grams)
    # May is running and December was not whole: neither may raise the level.
    result = find_demand(farm.study(tmp_path, run=str(month_ms(2026, 5, 26))))
    (finding,), (version,) = result.findings, result.versions
    assert finding.more["expected_g"] == 1000
    assert (finding.more["month"], finding.more["months"]) == ("2026-06", 4)
    assert finding.text.startswith("Karate: about 1.0 kg will be used in 2026-06")
    assert (finding.first_seq, finding.last_seq) == (4, 9)
    assert version["row_count"] == 4


def test_a_young_product_is_not_enough_beside_a_known_one(
    make_farm: Callable[..., MadeFarm], tmp_path: Path
) -> None:
    farm = make_farm()
    farm.product(GTIN, "Karate")
    farm.product("7890000000000", "")
    for month in (1, 2, 3, 4):
        farm.use(GTIN, month_ms(2026, month), 1000)
    farm.use("7890000000000", month_ms(2026, 4), 10)
    result = find_demand(farm.study(tmp_path, run=str(month_ms(2026, 5))))
    young, known = result.findings
    assert young.text == (
        "GTIN 7890000000000: not enough data to predict use: 1 whole months of 3."
    )
    assert (young.enough, known.enough) == (False, True)
    assert (young.number, known.number) == (11, 12)


def test_no_use_at_all_is_said_once_for_all(
    make_farm: Callable[..., MadeFarm], tmp_path: Path
) -> None:
    (finding,) = find_demand(make_farm().study(tmp_path)).findings
    assert (finding.enough, finding.number) == (False, 3)


def test_same_months_are_not_predicted_twice(
    make_farm: Callable[..., MadeFarm], tmp_path: Path
) -> None:
    farm = make_farm()
    farm.product(GTIN, "Karate")
    for month in (1, 2, 3, 4):
        farm.use(GTIN, month_ms(2026, month), 1000)
    run = str(month_ms(2026, 5))
    (version,) = find_demand(farm.study(tmp_path, run=run)).versions
    (again,) = find_demand(farm.study(tmp_path, run=run)).versions
    assert version["probe_hash"] == again["probe_hash"]
    assert find_demand(farm.study(tmp_path, run=run, versions={"demand": version})).findings == []
