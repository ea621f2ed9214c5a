"""Counting (facts/custody.md 6; farmOS 287, Snipe-IT 8874, InvenTree 10917)."""

from typing import TYPE_CHECKING

import pytest

from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Shelf


def _open(shelf: "Shelf", name: str = "S1", cabinet: str = "cab-1") -> None:
    shelf.tell("stocktake_opened", 5, stocktake=name, cabinet=cabinet, by=shelf.ANA)


def _count(shelf: "Shelf", package: str, name: str = "S1", /, **facts: Json) -> None:
    base: dict[str, Json] = {"stocktake": name, "reason": "yearly count"}
    shelf.ask("stock_counted", package, day=5, **(base | facts))


def _close(shelf: "Shelf", name: str = "S1") -> None:
    shelf.tell("stocktake_closed", 6, stocktake=name, by=shelf.ANA)


def test_a_count_is_blind_until_it_is_closed_and_adjusts_with_reason_and_name(
    shelf: "Shelf",
) -> None:
    shelf.receive("P1")
    shelf.receive("P2")
    _open(shelf)
    drawn = len(shelf.drawn)
    _count(shelf, "P1", gross_g=5700)
    _count(shelf, "P1", gross_g=5740)  # weighed again: the last count holds
    _count(shelf, "P2", present=1)
    assert len(shelf.drawn) == drawn  # nothing tells what was expected
    _close(shelf)
    assert shelf.moves("P1")[-1] == ("adjust", -100)
    told = shelf.facts("stock_moved")[-1]
    assert (told["by"], told["reason"]) == (shelf.ANA, "yearly count")
    assert shelf.moves("P2") == [("receive", 5530)]
    assert shelf.rules() == []
    row = shelf.rows["stocktake", "S1"]
    assert (row["expected"], row["counted"], row["differences"]) == (2, 2, 1)


def test_what_is_missing_and_what_was_found_is_said(shelf: "Shelf") -> None:
    for package in ("P1", "P2", "P3"):
        shelf.receive(package)
    shelf.receive("P4", site="barn")
    _open(shelf)
    _count(shelf, "P1", present=1)
    _count(shelf, "P2", present=0)
    _count(shelf, "P4", present=1)
    shelf.handle("out", 5, "P3", gross_g=5840)  # taken while others count
    _close(shelf)
    assert shelf.rules() == ["missing_in_count", "found_in_count"]
    assert (shelf.row("P2")["state"], shelf.row("P2")["net_g"]) == ("missing", 0)
    assert (shelf.row("P4")["place"], shelf.row("P3")["state"]) == ("cab-1", "out")
    assert shelf.total()["net_g"] == 3 * 5530


def test_a_missing_package_that_turns_up_is_stock_again(shelf: "Shelf") -> None:
    shelf.receive()
    _open(shelf)
    _close(shelf)
    assert shelf.facts("discrepancy_found")[0]["text"] == (
        "GLY-0042 with 5530 g was not there: not found in stocktake S1"
    )
    shelf.handle("out", 7, weight_g=5840, gross_g=5840)
    assert shelf.moves()[1:] == [("adjust", -5530), ("adjust", 5530)]
    assert shelf.row()["state"] == "out"


def test_a_thousand_small_uses_then_a_reset_names_the_difference(shelf: "Shelf") -> None:
    # farmOS 287: scale and rounding errors pile up.  Here each visit books what the scale says,
    # so after a thousand of them the balance is off by no more than one weighing.
    shelf.receive(gross_g=20_310)
    truth_g = shown_g = 20_310
    for visit in range(1000):
        noise_g = visit * 7 % 41 - 20  # -20 to +20
        out_g = truth_g + noise_g
        truth_g -= 15
        shown_g = truth_g - noise_g
        shelf.use(visit / 10, out_g, shown_g)
    shelf.ask("stock_counted", day=200, gross_g=truth_g, reason="reset")
    difference = shelf.moves()[-1]
    assert difference == ("adjust", truth_g - shown_g)
    assert abs(truth_g - shown_g) <= 20
    assert shelf.row()["net_g"] == truth_g - 310 == 5000
    used_g = -sum(int(str(d)) for what, d in shelf.moves() if what == "use")
    corrected_g = sum(int(str(d)) for what, d in shelf.moves() if what == "correction")
    assert 20_000 - used_g + corrected_g + int(str(difference[1])) == 5000


def test_anybody_may_count_one_package_outside_a_stocktake(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.ask("stock_counted", day=1, gross_g=5340, reason="looked low")
    assert shelf.moves() == [("receive", 5530), ("adjust", -500)]
    assert shelf.row()["u_g"] == 20


def test_the_expiry_may_be_read_from_the_label_while_counting(shelf: "Shelf") -> None:
    # InvenTree 10917
    shelf.receive(expires_on="2026-03-01")
    shelf.ask("stock_counted", day=5, present=1, expires_on="2027-03-31", reason="label read")
    assert shelf.row()["effective_expiry"] == "2027-03-31"
    shelf.use(6, 5840, 5000)
    assert shelf.rules() == []


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"stocktake": "S9", "present": 1}, "no stocktake S9 is open"),
        ({}, "say gross_g, or present = 1 or 0"),
        ({"gross_g": 0}, "no net without a weight and a tare: declare package_tared"),
        ({"present": 1, "reason": ""}, "reason is missing"),
        ({"present": 1, "expires_on": "2026-02-30"}, "expires_on is no day of the calendar"),
    ],
)
def test_a_wrong_count_is_refused(shelf: "Shelf", facts: dict[str, Json], reason: str) -> None:
    shelf.receive()
    _open(shelf)
    _count(shelf, "GLY-0042", **facts)
    assert [told["reason"] for told in shelf.facts("rejected")] == [reason]


def test_a_place_is_counted_once_at_a_time_and_an_id_used_once(shelf: "Shelf") -> None:
    _open(shelf)
    _open(shelf)
    _open(shelf, "S2")
    _close(shelf)
    _close(shelf)
    _open(shelf)
    _open(shelf, "S3", "")
    assert len(shelf.facts("rejected")) == 5


def test_a_package_that_left_before_the_closing_is_not_adjusted(shelf: "Shelf") -> None:
    shelf.receive()
    _open(shelf)
    _count(shelf, "GLY-0042", gross_g=5000)
    shelf.ask("disposal_declared", day=5, how="incinerator")
    _close(shelf)
    assert shelf.moves()[-1] == ("dispose", -5530)
    assert shelf.rules() == []
    _open(shelf, "S2")
    _count(shelf, "GLY-0042", "S2", present=1)
    _count(shelf, "NO-1", "S2", present=1)
    assert len(shelf.facts("rejected")) == 2


def _missed(shelf: "Shelf") -> None:
    shelf.receive()
    _open(shelf)
    _close(shelf)
    assert shelf.rules() == ["missing_in_count"]


def test_package_that_was_taken_before_it_was_missed_explains_the_count(shelf: "Shelf") -> None:
    _missed(shelf)
    shelf.handle("out", 4, weight_g=5840, gross_g=5840)  # told late
    [closed] = shelf.facts("discrepancy_closed")
    assert (closed["rule"], closed["reason"]) == ("missing_in_count", "withdrawn")
    assert closed["text"] == "it had left before it was counted, as was told late"
    assert (shelf.row()["state"], shelf.row()["net_g"]) == ("out", 5530)


@pytest.mark.parametrize(("action", "day"), [("out", 7.0), ("stored", 4.0)])
def test_package_that_turns_up_otherwise_leaves_the_count_to_be_explained(
    shelf: "Shelf", action: str, day: float
) -> None:
    _missed(shelf)
    shelf.handle(action, day, weight_g=5840, gross_g=5840)
    assert shelf.facts("discrepancy_closed") == []
    assert shelf.row()["net_g"] == 5530
