"""Declared beside measured, and the ways content may go (A87, A109; erpnext 12843)."""

from typing import TYPE_CHECKING

import pytest

from fognode.custody.packages import Stage
from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Shelf, Story


def test_a_declared_use_within_the_uncertainty_draws_nothing_more(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.use(1, 5840, 4000)
    shelf.ask("use_declared", day=1, used_ml=1573)  # 1,840 g
    assert shelf.moves() == [("receive", 5530), ("use", -1840)]
    assert shelf.rules() == []


def test_measured_and_declared_stand_side_by_side_beyond_it(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.handle("out", 1, weight_g=5840, gross_g=5840)
    shelf.handle("back", 1, weight_g=4000, gross_g=4000, used_g=1840, u_g=35)
    shelf.ask("use_declared", day=1, used_g=1771)
    assert shelf.rules() == []  # 69 g apart, within 2 x 35 g
    shelf.ask("use_declared", day=1, used_g=140)  # what was forgotten, and a gram too much
    found = shelf.facts("discrepancy_found")[0]
    assert (found["rule"], found["measured_g"], found["declared_g"], found["u_g"]) == (
        "use_differs",
        1840,
        1911,
        35,
    )
    assert found["text"] == "GLY-0042: 1840 g +- 35 g used by weight, 1911 g declared"
    assert shelf.row()["net_g"] == 3690  # the scale is followed


def test_what_is_declared_later_of_the_same_session_explains_the_difference(
    shelf: "Shelf",
) -> None:
    shelf.receive()
    shelf.use(1, 5840, 4000)
    shelf.ask("use_declared", day=1, used_g=1000)  # the first of two tanks
    [found] = [key for table, key in shelf.rows if table == "discrepancy"]
    shelf.ask("use_declared", day=1, used_g=840)
    assert shelf.rules() == ["use_differs"]
    assert shelf.facts("discrepancy_closed")[0]["discrepancy"] == found


@pytest.mark.parametrize(
    ("declared", "differs"),
    [
        ([1000, 700, 400], []),  # from the first on
        ([400, 700, 1000], []),  # from the last on
        ([2100], []),  # all at once
        ([400, 400], ["use_differs"]),  # twice the same
        ([1300], ["use_differs"]),
        ([1000, 700, 400, 900], ["use_differs"]),
    ],
)
def test_sessions_of_a_day_may_all_be_declared_in_its_evening(
    shelf: "Shelf", declared: list[int], differs: list[str]
) -> None:
    shelf.receive()
    shelf.use(1, 5840, 4840)
    shelf.use(1.1, 4840, 4140)
    shelf.use(1.2, 4140, 3740)
    for used_g in declared:
        shelf.ask("use_declared", day=1.4, used_g=used_g)
    assert shelf.rules() == differs
    assert shelf.row()["net_g"] == 3430


def test_what_differs_of_more_sessions_names_their_sum(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.use(1, 5840, 4840)
    shelf.use(1.1, 4840, 4140)
    shelf.ask("use_declared", day=1.4, used_g=1300)
    [found] = shelf.facts("discrepancy_found")
    assert found["text"] == (
        "GLY-0042: 1700 g +- 40 g used by weight in 2 sessions, 1300 g declared"
    )


def test_session_of_the_day_before_is_declared_no_more(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.use(1, 5840, 4840)
    shelf.use(2.1, 4840, 4140)
    shelf.ask("use_declared", day=2.2, used_g=1700)
    assert shelf.rules() == ["use_differs"]


def test_what_was_declared_of_an_earlier_session_leaves_the_rest_to_be_declared(
    shelf: "Shelf",
) -> None:
    shelf.receive()
    shelf.use(1, 5840, 4840)
    shelf.use(1.1, 4840, 4140)
    shelf.ask("use_declared", day=1.2, used_g=1000)  # the first one
    shelf.use(1.3, 4140, 3840)
    shelf.ask("use_declared", day=1.4, used_g=300)  # the third
    shelf.ask("use_declared", day=1.4, used_g=700)  # the second
    assert shelf.rules() == []


def test_session_that_was_declared_and_differed_is_not_asked_for_again(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.use(1, 5840, 4840)
    shelf.ask("use_declared", day=1.05, used_g=400)
    shelf.use(1.1, 4840, 4140)
    shelf.ask("use_declared", day=1.2, used_g=700)
    assert shelf.rules() == ["use_differs"]


def test_a_use_that_was_not_weighed_is_drawn_as_declared(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.handle("out", 1, gross_g=5840)
    shelf.ask("use_declared", day=1, used_g=1500)
    shelf.handle("back", 1, gross_g=5840)  # a cabinet without a scale
    assert shelf.moves() == [("receive", 5530), ("use", -1500)]
    assert shelf.row()["opened_on"] == "2026-03-03"
    shelf.handle("out", 2, weight_g=4350, gross_g=4350)  # weighed again at last
    assert shelf.moves()[-1] == ("correction", 10)


@pytest.mark.parametrize(
    ("facts", "value"),
    [
        ({}, ""),
        ({"used_g": 1, "used_ml": 1}, "1"),
        ({"used_g": 0}, "0"),
        ({"used_g": 5, "package": "NO-1"}, "NO-1"),
    ],
)
def test_a_wrong_use_is_refused(shelf: "Shelf", facts: dict[str, Json], value: str) -> None:
    shelf.receive()
    base: dict[str, Json] = {"package": "GLY-0042", "by": shelf.ANA}
    shelf.tell("use_declared", 1, **(base | facts))
    assert [told["value"] for told in shelf.facts("rejected")] == [value]
    assert shelf.moves() == [("receive", 5530)]


def test_millilitres_without_a_density_say_what_to_do(shelf: "Shelf") -> None:
    shelf.product(density_g_per_l=0)
    shelf.receive()
    shelf.ask("use_declared", used_ml=100)
    assert shelf.facts("rejected")[0]["reason"] == (
        "the density of the product is unknown: declare used_g, or the density first"
    )


def test_a_spill_is_not_counted_as_use(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.handle("out", 1, weight_g=5840, gross_g=5840)
    shelf.ask("spill_declared", day=1, lost_g=500, text="fell over")
    shelf.handle("back", 1, weight_g=4000, gross_g=4000, used_g=1840)
    assert shelf.moves() == [("receive", 5530), ("spill", -500), ("use", -1340)]
    shelf.ask("use_declared", day=1, used_g=1340)
    assert shelf.rules() == []


def test_a_spill_declared_afterwards_is_taken_out_of_the_use(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.use(1, 5840, 4000)
    shelf.ask("spill_declared", day=1, lost_g=500, text="fell over")
    assert shelf.moves()[1:] == [("use", -1840), ("use", 500), ("spill", -500)]
    assert shelf.row()["net_g"] == 3690
    shelf.ask("use_declared", day=1, used_g=1340)
    assert shelf.rules() == []


def test_an_expired_package_can_leave_by_disposal(shelf: "Shelf") -> None:
    # erpnext 12843: expired stock could not leave
    shelf.receive(expires_on="2026-03-01")
    shelf.ask("disposal_declared", day=1, how="incinerator", document="MTR-77")
    assert shelf.moves()[-1] == ("dispose", -5530)
    assert (shelf.row()["state"], shelf.row()["net_g"]) == ("disposed", 0)
    assert shelf.facts("stock_moved")[-1]["reason"] == "incinerator; MTR-77"
    shelf.handle("out", 2, weight_g=5840, gross_g=5840)  # carried out: nothing odd about that
    assert shelf.rules() == []
    shelf.ask("disposal_declared", day=3, how="again")
    assert shelf.facts("rejected")[0]["reason"] == "the package left the stock: disposed"


def test_a_defective_package_goes_back_to_its_supplier(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.ask("defective_declared", day=1, supplier="agro", reason="leaks")
    assert shelf.moves()[-1] == ("defective", -5530)
    assert (shelf.row()["state"], shelf.total()["packages"]) == ("defective", 0)
    shelf.ask("defective_declared", "NO-1", day=1, supplier="agro", reason="leaks")
    assert shelf.facts("rejected")[0]["value"] == "NO-1"


def test_the_package_itself_shows_that_it_left(stocked: "Story") -> None:
    facts: dict[str, Json] = {"package": stocked.GLY, "by": stocked.ANA}
    stocked.tell("disposal_declared", 100, **facts, how="incinerator")
    stocked.tell(
        "defective_declared",
        101,
        **(facts | {"package": stocked.ATR}),
        supplier="agro",
        reason="leaks",
    )
    assert stocked.package(stocked.GLY)["state"] == Stage.DESTROYED
    assert stocked.package(stocked.ATR)["state"] == Stage.RETURNED
    assert stocked.rows["stock_total", stocked.GTIN]["net_g"] == 0


def test_a_new_tare_changes_what_was_received_and_not_what_was_lost(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.ask("package_tared", day=1, tare_g=410, with_lid=0)
    assert (shelf.row()["net_g"], shelf.row()["gross_g"]) == (5430, 5840)
    assert (shelf.row()["tare_g"], shelf.row()["tare_with_lid"]) == (410, 0)
    shelf.use(2, 5840, 420)
    shelf.tell("emptyPackageExit", 3, package="GLY-0042", by=shelf.ANA)
    assert shelf.rules() == []
    shelf.receive("P1")
    shelf.ask("package_tared", "P1", day=3, tare_g=5841, with_lid=1)
    assert shelf.facts("rejected")[0]["value"] == "5841"
