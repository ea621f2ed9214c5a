"""What code readers send (requirements A72, A73, A82)."""

import pytest

from fognode.errors import CodeError
from fognode.gs1.elements import Element
from fognode.gs1.scans import label_of, read_scan, year_of

SCAN = "]C101095212340000131728063010L2406B\x1d21FZ7K3Q9A"


def test_the_example_of_the_facts_is_a_whole_label() -> None:
    label = label_of(read_scan(SCAN), 2026)
    assert label.gtin == "9521234000013"
    assert (label.lot, label.serial, label.expires_on) == ("L2406B", "FZ7K3Q9A", "2028-06-30")
    assert label.elements == "(01)09521234000013(17)280630(10)L2406B(21)FZ7K3Q9A"


def test_a_lost_separator_is_refused_not_guessed() -> None:
    with pytest.raises(CodeError, match=r"may hide \(21\).*drop the separator"):
        read_scan(SCAN.replace("\x1d", ""))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("]X101", "no AIM prefix"),
        ("]E09521234000014", "ends in 4"),
        ("]E0952123400001", "promises 13 digits"),
        ("]Q1hello", "holds text"),
        ("]C1", "empty"),
    ],
)
def test_what_is_no_code_is_named(text: str, fault: str) -> None:
    with pytest.raises(CodeError, match=fault):
        read_scan(text)


@pytest.mark.parametrize(
    "text",
    [
        "]E09521234000013",
        "]C10109521234000013",
        "]d20109521234000013",
        "]Q1https://x.example/01/09521234000013",
    ],
)
def test_every_spelling_of_a_gtin_is_the_same_product(text: str) -> None:
    assert read_scan(text) == [Element("01", "09521234000013")]
    assert label_of(read_scan(text), 2026).gtin == "9521234000013"


def test_day_00_is_the_last_of_the_month() -> None:
    label = label_of([Element("01", "09521234000013"), Element("17", "280200")], 2026)
    assert label.expires_on == "2028-02-29"


def test_a_label_without_a_product_is_none() -> None:
    with pytest.raises(CodeError, match=r"\(01\) is missing"):
        label_of([Element("10", "L7")], 2026)


def test_the_year_of_a_time() -> None:
    assert year_of(1_795_241_520_123) == 2026
