"""Hours as a person writes them, requirement item "hours per cabinet and product"."""

from zoneinfo import ZoneInfo

import pytest

from fognode.custody.spans import second_of, spans_of, within

HOUR = 3600


def test_text_names_one_span_or_several() -> None:
    assert spans_of("") == ()
    assert spans_of("06:00-18:00") == ((6 * HOUR, 18 * HOUR),)
    assert spans_of("06:00-11:00, 15:30-18:00") == ((21_600, 39_600), (55_800, 64_800))


@pytest.mark.parametrize("text", ["6-18", "06:00-25:00", "06:00", "06:00-06:00", "06:00-18:00,"])
def test_text_that_is_no_span_names_what_is_wrong(text: str) -> None:
    with pytest.raises(ValueError, match="hours"):
        spans_of(text)


@pytest.mark.parametrize(
    ("second", "inside"),
    [(22 * HOUR - 1, False), (22 * HOUR, True), (0, True), (5 * HOUR - 1, True), (5 * HOUR, False)],
)
def test_span_over_midnight_ends_in_the_morning(second: int, inside: bool) -> None:
    assert within(second, (22 * HOUR, 5 * HOUR)) is inside


def test_second_is_of_the_farms_day() -> None:
    # 2026-03-02 09:12:05 UTC is 06:12:05 in Sao Paulo.
    assert second_of(1_772_442_725_999, ZoneInfo("America/Sao_Paulo")) == 6 * HOUR + 12 * 60 + 5
