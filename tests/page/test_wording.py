from zoneinfo import ZoneInfo

import pytest

from fognode.events import Json, Stored
from fognode.page import wording

NOON_MS = 1_790_000_000_000  # date -u -d @1790000000: 2026-09-21 14:13:20
SAO_PAULO = ZoneInfo("America/Sao_Paulo")  # 3 hours behind UTC
PEOPLE = {"p1": "Heron"}
MOVED: dict[str, Json] = {"to": "gate", "from": "cab1", "permitted": 0}


def stored(kind: str, **facts: Json) -> Stored:
    return Stored(
        seq=1,
        event_id="0" * 32,
        kind=kind,
        origin="n/test/1",
        happened_at_ms=NOON_MS,
        recorded_at_ms=NOON_MS,
        facts=facts,
        body=b"",
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "never"),
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (172_799, "47 h"),
        (172_800, "2 days"),
    ],
)
def test_age_has_one_number_and_one_unit(seconds: int | None, words: str) -> None:
    assert wording.age(seconds) == words


@pytest.mark.parametrize(
    ("weight_g", "words"),
    [
        (0, "0 g"),
        (999, "999 g"),
        (1000, "1.00 kg"),
        (5840, "5.84 kg"),
        (-1849, "-1.84 kg"),
        (12_050, "12.05 kg"),
    ],
)
def test_weight_is_read_in_grams_or_kilograms(weight_g: int, words: str) -> None:
    assert wording.weight(weight_g) == words


@pytest.mark.parametrize(
    ("at_ms", "words"),
    [
        (0, "never"),
        (NOON_MS, "11:13:20"),
        (NOON_MS - 43_200_000, "20 Sep 23:13:20"),
        (NOON_MS - 365 * 86_400_000, "21 Sep 2025 11:13:20"),
    ],
)
def test_moment_is_on_the_farms_clock(at_ms: int, words: str) -> None:
    assert wording.moment(at_ms, NOON_MS, SAO_PAULO) == words


def test_iso_carries_the_farms_offset() -> None:
    assert wording.iso(NOON_MS + 5, SAO_PAULO) == "2026-09-21T11:13:20.005-03:00"


def test_long_hash_keeps_its_two_ends() -> None:
    assert wording.short("0x" + "12345678" * 8) == "0x123456…345678"
    assert wording.short("short") == "short"


def test_details_leave_out_what_is_absent_and_name_units() -> None:
    told = stored("weight_take", board="cab01", weight_g=-1840, tag="", distance_mm=120)
    assert wording.details(told) == "cab01 · -1.84 kg · 120 mm"


def test_unknown_kind_and_rule_are_still_words() -> None:
    assert wording.title("vibration_shake") == "Vibration shake"
    assert wording.title("openBox") == "Cabinet opened"
    assert wording.rule_words("tag_without_weight") == "Tag without weight"
    assert wording.rule_words("out_of_hours") == "Opened outside working hours"
    assert wording.rule_words("GTIN_2026-03-02T06:00") == "GTIN 2026-03-02T06:00"


def test_points_that_fell_have_one_sign_and_every_record_has_a_word() -> None:
    assert wording.details(stored("points_reversed", step="prepared", points=-2)) == (
        "prepared · -2 points"
    )
    assert wording.details(stored("points_earned", step="prepared", points=2)) == (
        "prepared · +2 points"
    )
    assert {202, 1005, 1006, 1009} <= wording.STEPS.keys()


def test_correction_says_what_should_have_been_said_or_that_it_does_not_count() -> None:
    told: dict[str, Json] = {"corrects": "13c61f0b4dbac55b1e26b7445599f1ed", "reason": "miscounted"}
    fixed = stored("correction_declared", **told, facts={"package": "GLY-0042", "rinses": 3})
    assert wording.details(fixed) == (
        "13c61f0b…99f1ed should say: GLY-0042 · 3 rinses (miscounted)"
    )
    gone = stored("correction_declared", **told, withdraw=1)
    assert wording.details(gone) == "13c61f0b…99f1ed does not count (miscounted)"


def test_photo_is_told_with_what_it_is_about_and_why() -> None:
    told = stored("photo_kept", by="p1", purpose="rinse", about="GLY-0042")
    assert wording.details(told) == "GLY-0042 · rinse"
