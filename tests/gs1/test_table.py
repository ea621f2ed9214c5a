"""The table of application identifiers."""

import pytest

from fognode.gs1.table import entry_of, find_entry


def test_an_entry_says_all_of_its_line() -> None:
    gtin = entry_of("01")
    assert gtin is not None
    assert (gtin.predefined, gtin.in_query, gtin.most) == (True, True, 14)
    assert gtin.qualifiers == (("22", "10", "21"), ("235",))
    assert gtin.excludes == ("255", "37")
    assert gtin.parts[0].checks == ("csum",)


def test_a_measure_has_no_other_of_its_kind_beside_it() -> None:
    weight = entry_of("3103")
    assert weight is not None
    assert weight.excludes == ("310n",)
    assert entry_of("3106") is None


@pytest.mark.parametrize(("text", "ai"), [("10L7", "10"), ("2351", "235"), ("8003012", "8003")])
def test_the_identifier_at_the_beginning_is_found(text: str, ai: str) -> None:
    found = find_entry(text)
    assert found is not None
    assert found.ai == ai


def test_what_is_no_identifier_is_not_found() -> None:
    assert find_entry("89X") is None
