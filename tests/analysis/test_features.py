from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from fognode.analysis.features import NAMES, month_of, month_text, read_record, signed_log

if TYPE_CHECKING:
    from tests.analysis.conftest import MadeFarm

UTC = ZoneInfo("UTC")
AT_MS = 1_767_506_400_000  # 2026-01-04T06:00Z, a Sunday


def tell_opening(farm: MadeFarm) -> None:
    here = {"place": "cab-1"}
    farm.tell("vibration_shake", AT_MS - 61_000, vibration_edges=50, **here)
    farm.tell("vibration_shake", AT_MS - 60_000, vibration_edges=3, **here)
    farm.tell("vibration_shake", AT_MS + 1_000, vibration_edges=9, place="cab-2")
    opening = farm.tell("openBox", AT_MS, cabinet="cab-1")
    farm.tell("light_open", AT_MS, light_counts=640, **here)
    farm.tell("light_open", AT_MS + 1_000, light_counts=610, **here)
    farm.tell("vibration_shake", AT_MS + 2_000, vibration_edges=5, **here)
    farm.tell("distance_move", AT_MS + 3_000, distance_mm=320, **here)
    farm.tell("weight_fault", AT_MS + 4_000, code=1, **here)
    farm.tell(
        "box_closed",
        AT_MS + 99_000,
        opening=opening,
        cabinet="cab-1",
        person="ana",
        delta_g=-999,
        out=["P1", "P2"],
        **{"in": ["P3"]},
    )


def test_numbers_of_one_opening(make_farm: Callable[..., MadeFarm]) -> None:
    farm = make_farm()
    tell_opening(farm)
    (opening,) = read_record(farm.stored(), UTC).openings
    numbers = dict(zip(NAMES, opening.numbers, strict=True))
    # 6 o'clock is a quarter turn; ln(100) = 4.60517, ln(1000) = 6.907755, ln 6 = 1.791759,
    # ln 4 = 1.386294, ln(604801) = 13.312655: worked out with bc -l.
    assert numbers == {
        "hour_sin": 1.0,
        "hour_cos": 0.0,
        "weekend": 1.0,
        "log_open_s": 4.60517,
        "log_gap_s": 13.312655,
        "log_delta_g": -6.907755,
        "log_vibration_edges": 1.791759,
        "log_vibration_before_edges": 1.386294,
        "light_max_counts": 640.0,
        "distance_min_mm": 320.0,
        "sensors": 3.0,
        "has_badge": 1.0,
        "packages_out": 2.0,
        "packages_in": 1.0,
    }
    assert (opening.day, opening.hour, opening.open_s) == ("2026-01-04", 6, 99)
    # From the shaking before it (seq 3) to the closing (seq 11).
    assert (opening.first_seq, opening.last_seq) == (3, 11)


def test_an_opening_still_open_or_never_begun_has_no_numbers(
    make_farm: Callable[..., MadeFarm],
) -> None:
    farm = make_farm()
    farm.tell("openBox", AT_MS, cabinet="cab-1")
    farm.tell("box_closed", AT_MS, opening="0" * 32, cabinet="cab-1")
    assert read_record(farm.stored(), UTC).openings == ()


def test_use_is_summed_by_local_month(make_farm: Callable[..., MadeFarm]) -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    farm = make_farm()
    farm.product("7891234567895", "Karate")
    farm.product("7890000000000", "Never used")
    last_hour_ms = 1_767_229_200_000  # 2026-01-01T01:00Z is 22:00 of 2025-12-31 in Sao Paulo
    farm.use("7891234567895", last_hour_ms, 100)
    farm.use("7891234567895", last_hour_ms, 50)
    farm.use("7891234567895", AT_MS, 7)
    farm.use("7891234567895", 86_400_000, 9)  # stamped by a clock never set: not counted
    (use,) = read_record(farm.stored(), zone).uses
    assert (use.gtin, use.name) == ("7891234567895", "Karate")
    assert {month_text(month): grams for month, grams in use.grams.items()} == {
        "2025-12": 150,
        "2026-01": 7,
    }
    assert (use.first_seq, use.last_seq) == (6, 8)


def test_use_that_was_told_anew_counts_once_and_withdrawn_not_at_all(
    make_farm: Callable[..., MadeFarm],
) -> None:
    farm = make_farm()
    farm.product("7891234567895", "Karate")
    package = {"package": "P-7891234567895"}
    first = farm.tell("handleProduct", AT_MS, action="used", used_g=100, **package)
    other = farm.tell("handleProduct", AT_MS, action="used", used_g=30, **package)
    anew = farm.tell("handleProduct", AT_MS, action="back", used_g=70, corrects=first, **package)
    (use,) = read_record(farm.stored(), UTC).uses
    assert list(use.grams.values()) == [100]  # 70 instead of 100, and the other 30
    gone = farm.tell("handleProduct", AT_MS, action="withdrawn", corrects=anew, **package)
    farm.tell("handleProduct", AT_MS, action="withdrawn", corrects=other, **package)
    assert read_record(farm.stored(), UTC).uses == ()
    farm.tell("handleProduct", AT_MS, action="used", used_g=80, corrects=gone, **package)
    (use,) = read_record(farm.stored(), UTC).uses
    assert list(use.grams.values()) == [80]


@pytest.mark.parametrize(("month", "text"), [(2026 * 12, "2026-01"), (2026 * 12 + 11, "2026-12")])
def test_months_can_be_counted_and_named(month: int, text: str) -> None:
    assert month_text(month) == text
    assert month_text(month_of(AT_MS, UTC)) == "2026-01"


def test_logarithm_keeps_the_sign() -> None:
    assert (signed_log(-999), signed_log(0), signed_log(999)) == (-6.907755, 0.0, 6.907755)
