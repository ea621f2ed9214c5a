"""Advice, expiry and low stock (Grocy 61, 86, 2559; erpnext 11447; odoo 22850; Snipe-IT 5713)."""

from datetime import date
from typing import TYPE_CHECKING

from fognode.custody import outlook

if TYPE_CHECKING:
    from tests.custody.conftest import Shelf


def test_the_package_that_expires_first_should_go_first(shelf: "Shelf") -> None:
    shelf.receive("OLD", expires_on="2026-08-31")
    shelf.receive("NEW", expires_on="2027-08-31")
    shelf.use(1, 5840, 5000, "NEW")
    found = shelf.facts("discrepancy_found")[0]
    assert (found["rule"], found["package"], found["advised"]) == (
        "not_first_expiring",
        "NEW",
        "OLD",
    )
    assert found["text"] == ("NEW was taken, OLD should go first: it expires on 2026-08-31")
    shelf.use(2, 5840, 5000, "OLD")
    assert shelf.rules() == ["not_first_expiring"]


def test_of_the_same_age_the_open_one_goes_first_and_else_either(shelf: "Shelf") -> None:
    shelf.receive("A")
    shelf.receive("B", 0.5)
    shelf.use(1, 5840, 5000, "B")  # received later, of the same age: nobody is asked why
    assert shelf.rules() == []
    shelf.use(2, 5840, 5000, "A")
    assert shelf.facts("discrepancy_found")[0]["text"] == (
        "A was taken, B should go first: it is open already"
    )


def test_one_that_is_out_empty_or_expired_is_not_advised(shelf: "Shelf") -> None:
    shelf.receive("OUT", expires_on="2026-04-01")
    shelf.receive("EMPTY", expires_on="2026-04-02")
    shelf.receive("EXPIRED", expires_on="2026-03-01")
    shelf.receive("MINE")
    shelf.handle("out", 1, "OUT", weight_g=5840, gross_g=5840)
    shelf.tell("package_emptied", 1, package="EMPTY")
    shelf.use(2, 5840, 5000, "MINE")
    assert shelf.rules() == []


def test_an_expired_package_taken_is_said_each_time(shelf: "Shelf") -> None:
    shelf.receive(expires_on="2026-03-03")
    shelf.use(1, 5840, 5000)  # the last day is still good
    assert shelf.rules() == []
    shelf.use(2, 5000, 4000)
    assert shelf.rules() == ["expired_taken"]
    shelf.receive("P2", expires_on="2026-03-03")
    shelf.ask("use_declared", "P2", day=3, used_g=100)
    assert shelf.rules() == ["expired_taken"] * 2


def test_opening_shortens_the_life_once(shelf: "Shelf") -> None:
    shelf.product(opened_life_days=180)
    shelf.receive()
    shelf.use(1, 5840, 5830)  # within the noise of the scale: not opened
    assert shelf.facts("package_opened") == []
    shelf.use(2, 5830, 5000)
    shelf.use(30, 5000, 4000)
    assert shelf.facts("package_opened") == [
        {
            "package": "GLY-0042",
            "gtin": "7891234567895",
            "opened_on": "2026-03-04",
            "effective_expiry": "2026-08-31",
        }
    ]
    assert shelf.row()["effective_expiry"] == "2026-08-31"


def test_expiry_is_told_thirty_seven_and_no_days_before_and_when_over(shelf: "Shelf") -> None:
    shelf.receive(expires_on="2026-04-30")  # day 59
    for day in range(1, 70):
        shelf.morning(day)
        shelf.tell("hour_began", day, hour=shelf.record[-1].text("hour")[:10] + "T01")
    assert [f["days"] for f in shelf.facts("stock_expiring")] == [30, 7, 0]
    assert shelf.facts("stock_expired") == [
        {
            "package": "GLY-0042",
            "gtin": "7891234567895",
            "name": "Gly",
            "place": "cab-1",
            "expires_on": "2026-04-30",
            "net_g": 5530,
        }
    ]


def test_a_gap_of_days_tells_the_nearest_warning_only(shelf: "Shelf") -> None:
    shelf.receive(expires_on="2026-04-30")
    shelf.morning(1)
    shelf.morning(55)
    assert [f["days"] for f in shelf.facts("stock_expiring")] == [4]


def test_what_will_not_be_used_in_time_is_worked_out_from_the_use_of_ninety_days(
    shelf: "Shelf",
) -> None:
    # facts/custody.md 6: r = 100 g a day; A 3,000 g, 20 days; B 2,000 g, 30 days
    shelf.receive("USED", expires_on="2030-01-01", gross_g=9310)
    shelf.use(1, 9310, 310, "USED")  # 9,000 g within 90 days
    shelf.tell("package_emptied", 1, package="USED")
    shelf.receive("A", 90, expires_on="2026-06-20", gross_g=3310)
    shelf.receive("B", 90, expires_on="2026-06-30", gross_g=2310)
    shelf.morning(90)  # 2026-05-31
    told = [f for f in shelf.facts("stock_expiring") if "leftover_g" in f]
    assert [(f["package"], f["leftover_g"], f["rate_g_per_day"], f["days"]) for f in told] == [
        ("A", 1000, 100, 20),
        ("B", 1000, 100, 30),
    ]
    shelf.morning(91)
    assert len([f for f in shelf.facts("stock_expiring") if "leftover_g" in f]) == 2


def test_without_use_on_record_there_is_no_figure(shelf: "Shelf") -> None:
    shelf.receive(expires_on="2026-09-01")
    shelf.morning(1)
    assert shelf.facts("stock_expiring") == []
    total = shelf.stock.containers.totals[shelf.GTIN]
    assert outlook.rate_g_per_day(total, date(2026, 3, 3)) == 0


def test_low_stock_is_told_once_with_its_lead_time_and_is_over_above_the_level(
    shelf: "Shelf",
) -> None:
    shelf.product(warn_level_g=5000, lead_days=14)
    shelf.receive()
    shelf.use(1, 5840, 5300)  # 4,990 g left
    shelf.use(2, 5300, 5000)
    assert shelf.facts("stock_low") == [
        {
            "gtin": shelf.GTIN,
            "net_g": 4990,
            "warn_level_g": 5000,
            "name": "Gly",
            "lead_days": 14,
        }
    ]
    assert shelf.total()["low"] == 1
    shelf.receive("P2", 3)
    assert [f["net_g"] for f in shelf.facts("stock_enough")] == [4690 + 5530]
    assert shelf.total()["low"] == 0


def test_without_a_level_nothing_is_low_even_below_zero(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.use(1, 5840, 200)
    assert shelf.total()["net_g"] == -110
    assert shelf.facts("stock_low") == []


def test_a_first_small_delivery_is_low_from_the_next_day_on(shelf: "Shelf") -> None:
    shelf.product(warn_level_g=9000)
    shelf.receive()
    assert shelf.facts("stock_low") == []
    shelf.morning(1)
    assert len(shelf.facts("stock_low")) == 1
    assert shelf.total()["low"] == 1
