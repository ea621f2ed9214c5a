"""Counts that are corrected (facts/custody.md 11: stock follows)."""

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fognode.events import Json, Stored

if TYPE_CHECKING:
    from tests.custody.conftest import Shelf


def _count(shelf: "Shelf", package: str = "GLY-0042", /, **facts: Json) -> Stored:
    return shelf.ask("stock_counted", package, day=5, **({"reason": "count"} | facts))


def _correct(shelf: "Shelf", told: Stored, day: float = 7, /, **facts: Json) -> Stored:
    about: dict[str, Json] = {"corrects": told.event_id, "reason": "slip", "by": shelf.ANA}
    if facts:
        base: dict[str, Json] = {"package": "GLY-0042", "reason": "count", "by": shelf.ANA}
        about["facts"] = base | facts
    else:
        about["withdraw"] = 1
    return shelf.tell("correction_declared", day, **about)


def test_count_of_one_package_is_taken_back_and_counted_as_it_should_have_been(
    shelf: "Shelf",
) -> None:
    shelf.receive()
    told = _count(shelf, gross_g=4840)
    assert shelf.row()["net_g"] == 4530
    first = _correct(shelf, told, gross_g=5800)
    assert shelf.moves() == [
        ("receive", 5530),
        ("adjust", -1000),
        ("adjust", 1000),
        ("adjust", -40),
    ]
    assert (shelf.row()["net_g"], shelf.row()["u_g"]) == (5490, 20)
    second = _correct(shelf, first, 8)  # corrected in turn: it does not count at all
    assert shelf.row()["net_g"] == 5530
    assert shelf.facts("rejected") == []
    assert second.seq == 5


def test_what_was_used_since_stays_used(shelf: "Shelf") -> None:
    shelf.receive()
    told = _count(shelf, gross_g=4840)
    shelf.ask("use_declared", day=6, used_g=500)
    _correct(shelf, told)
    assert shelf.row()["net_g"] == 5030


def test_package_that_was_there_all_the_time_is_stock_again(shelf: "Shelf") -> None:
    shelf.receive()
    told = _count(shelf, present=0)
    assert shelf.rules() == ["missing_in_count"]
    _correct(shelf, told, present=1)
    row = shelf.row()
    assert (row["state"], row["place"], row["net_g"]) == ("stored", "cab-1", 5530)
    closed = shelf.facts("discrepancy_closed")[-1]
    assert (closed["rule"], closed["reason"]) == ("missing_in_count", "withdrawn")
    assert shelf.total()["net_g"] == 5530


def test_missing_one_that_turned_up_since_is_counted_again_instead(shelf: "Shelf") -> None:
    shelf.receive()
    told = _count(shelf, present=0)
    shelf.handle("stored", 6)
    assert shelf.row()["net_g"] == 5530
    _correct(shelf, told)
    assert [facts["value"] for facts in shelf.facts("rejected")] == ["GLY-0042"]
    assert shelf.row()["net_g"] == 5530


def test_label_that_was_read_wrongly_is_what_it_was(shelf: "Shelf") -> None:
    shelf.receive()
    told = _count(shelf, present=1, expires_on="2026-06-30")
    assert shelf.row()["effective_expiry"] == "2026-06-30"
    _correct(shelf, told)
    assert shelf.row()["effective_expiry"] == "2028-06-30"


def _stocktake(shelf: "Shelf") -> Stored:
    shelf.receive()
    shelf.receive("P2", site="barn")
    shelf.tell("stocktake_opened", 5, stocktake="S1", cabinet="cab-1", by=shelf.ANA)
    _count(shelf, "P2", present=1, stocktake="S1")
    return _count(shelf, gross_g=4840, stocktake="S1")


def test_count_of_an_open_stocktake_is_simply_another_one(shelf: "Shelf") -> None:
    told = _stocktake(shelf)
    drawn = len(shelf.drawn)
    again = _correct(shelf, told, 5.5, gross_g=5740, stocktake="S1")
    _correct(shelf, again, 5.6, gross_g=5800, stocktake="S1")
    assert len(shelf.drawn) == drawn  # still blind
    shelf.tell("stocktake_closed", 6, stocktake="S1", by=shelf.ANA)
    assert shelf.moves()[-1] == ("adjust", -40)


def test_withdrawn_count_of_an_open_stocktake_leaves_the_package_uncounted(
    shelf: "Shelf",
) -> None:
    told = _stocktake(shelf)
    _correct(shelf, told, 5.5)
    shelf.tell("stocktake_closed", 6, stocktake="S1", by=shelf.ANA)
    assert shelf.rules() == ["found_in_count", "missing_in_count"]


def test_count_of_a_closed_stocktake_is_taken_back_of_its_package_only(shelf: "Shelf") -> None:
    told = _stocktake(shelf)
    shelf.tell("stocktake_closed", 6, stocktake="S1", by=shelf.ANA)
    assert shelf.row()["net_g"] == 4530
    _correct(shelf, told, gross_g=5800, stocktake="S1")
    assert shelf.row()["net_g"] == 5490
    assert (shelf.row("P2")["place"], shelf.row("P2")["state"]) == ("cab-1", "stored")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"package": "none", "present": 1}, "no such package in stock"),
        ({}, "say gross_g, or present = 1 or 0"),
    ],
)
def test_wrong_correction_changes_nothing(
    shelf: "Shelf", facts: dict[str, Json], reason: str
) -> None:
    shelf.receive()
    told = _count(shelf, gross_g=4840)
    _correct(shelf, told, **({"lot": "x"} | facts))
    assert [facts["reason"] for facts in shelf.facts("rejected")] == [reason]
    assert shelf.row()["net_g"] == 4530
    _correct(shelf, told, gross_g=5800)
    assert shelf.row()["net_g"] == 5490


def test_package_that_is_gone_keeps_its_counts(shelf: "Shelf") -> None:
    shelf.receive()
    told = _count(shelf, gross_g=4840)
    shelf.ask("disposal_declared", day=6, how="incinerator")
    _correct(shelf, told)
    assert len(shelf.facts("rejected")) == 1


def test_nobody_unknown_corrects_a_count(shelf: "Shelf") -> None:
    shelf.receive()
    told = _count(shelf, gross_g=4840)
    shelf.tell("correction_declared", 6, corrects=told.event_id, withdraw=1, reason="x", by="p9")
    assert shelf.row()["net_g"] == 4530


ACTS = st.lists(
    st.tuples(st.sampled_from(["use", "count", "miss", "right", "withdraw"]), st.integers(1, 900)),
    max_size=12,
)


@given(acts=ACTS)
@settings(max_examples=60, deadline=None)
def test_balance_is_the_sum_of_its_movements_whatever_is_corrected(
    new_shelf: "type[Shelf]", acts: list[tuple[str, int]]
) -> None:
    shelf = new_shelf()
    shelf.product()
    shelf.receive()
    counts: list[Stored] = []
    for day, (act, grams) in enumerate(acts, start=6):
        if act == "use":
            shelf.ask("use_declared", day=day, used_g=grams)
        elif act == "count":
            counts.append(_count(shelf, gross_g=310 + 5 * grams))
        elif act == "miss":
            counts.append(_count(shelf, present=0))
        elif counts and act == "right":
            counts.append(_correct(shelf, counts[grams % len(counts)], day, gross_g=310 + grams))
        elif counts:
            _correct(shelf, counts[grams % len(counts)], day)
    net_g = sum(int(str(facts["delta_g"])) for facts in shelf.facts("stock_moved"))
    assert shelf.row()["net_g"] == net_g == shelf.total()["net_g"]
    below = {"stock_below_zero"} & {str(rule) for rule in shelf.rules()}
    assert int(str(shelf.row()["net_g"])) >= 0 or below
