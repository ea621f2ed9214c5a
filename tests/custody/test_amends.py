"""What is told anew: late readings and corrections (facts/custody.md 11)."""

from typing import TYPE_CHECKING

from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Shelf


def _out_and_back(shelf: "Shelf") -> tuple[str, str]:
    shelf.receive("GLY-0042", expires_on="2027-12-31")
    out = shelf.handle("out", 1, weight_g=5840, gross_g=5840)
    back = shelf.handle("back", 1, weight_g=4000, gross_g=4000, used_g=1840)
    return out.event_id, back.event_id


def test_a_handling_told_anew_replaces_what_it_booked(shelf: "Shelf") -> None:
    _, back = _out_and_back(shelf)
    shelf.handle("back", 1, weight_g=4500, gross_g=4500, used_g=1340, corrects=back)
    assert shelf.moves() == [("receive", 5530), ("use", -1840), ("use", 1840), ("use", -1340)]
    assert (shelf.row()["net_g"], shelf.row()["state"]) == (4190, "stored")


def test_a_handling_that_did_not_happen_is_taken_back_with_its_discrepancy(
    shelf: "Shelf",
) -> None:
    shelf.receive("FIRST", expires_on="2026-12-31")
    shelf.receive()
    out = shelf.handle("out", 1, weight_g=5840, gross_g=5840)
    assert shelf.rules() == ["not_first_expiring"]
    shelf.handle("withdrawn", 1, corrects=out.event_id, withdrawn=1)
    row = shelf.row()
    assert (row["state"], row["place"], row["net_g"]) == ("stored", "cab-1", 5530)
    [found] = [key for table, key in shelf.rows if table == "discrepancy"]
    closed = shelf.facts("discrepancy_closed")[0]
    assert (closed["discrepancy"], closed["reason"]) == (found, "withdrawn")


def test_an_older_handling_told_anew_changes_the_use_and_not_the_weight_since(
    shelf: "Shelf",
) -> None:
    _, back = _out_and_back(shelf)
    shelf.use(2, 4000, 3000)
    shelf.handle("back", 1, weight_g=4500, gross_g=4500, used_g=1340, corrects=back)
    assert shelf.row()["net_g"] == 2690
    used_g = sum(int(str(delta)) for what, delta in shelf.moves() if what == "use")
    assert used_g == -1340 - 1000


def test_a_corrected_use_is_drawn_as_it_should_have_been(shelf: "Shelf") -> None:
    shelf.receive()
    told = shelf.ask("use_declared", day=1, used_g=1500)
    facts: dict[str, Json] = {"package": "GLY-0042", "used_g": 500, "by": shelf.ANA}
    asked: dict[str, Json] = {"reason": "typed wrongly", "by": shelf.ANA}
    first = shelf.tell("correction_declared", 2, corrects=told.event_id, facts={**facts}, **asked)
    assert shelf.row()["net_g"] == 5030
    shelf.tell("correction_declared", 3, corrects=first.event_id, withdraw=1, **asked)
    assert (shelf.row()["net_g"], shelf.row()["opened_on"]) == (5530, "")


def test_a_disposal_taken_back_is_stock_again(shelf: "Shelf") -> None:
    shelf.receive()
    told = shelf.ask("disposal_declared", day=1, how="incinerator")
    asked: dict[str, Json] = {"reason": "wrong package", "by": shelf.ANA, "withdraw": 1}
    shelf.tell("correction_declared", 2, corrects=told.event_id, **asked)
    assert (shelf.row()["state"], shelf.row()["net_g"]) == ("stored", 5530)
    assert (shelf.total()["packages"], shelf.total()["u_g"]) == (1, 20)


def test_a_correction_of_something_else_moves_no_stock(shelf: "Shelf") -> None:
    shelf.receive()
    drawn = len(shelf.drawn)
    shelf.tell("correction_declared", 2, corrects="0" * 32, by=shelf.ANA, withdraw=1)
    told = shelf.ask("use_declared", "GLY-0042", day=2, used_g=5)
    shelf.tell("correction_declared", 3, corrects=told.event_id, by="nobody", withdraw=1)
    assert len(shelf.drawn) == drawn + 2  # the use itself, and the opening of the package


def test_a_refused_declaration_leaves_nothing_to_take_back(shelf: "Shelf") -> None:
    shelf.receive()
    told = shelf.ask("spill_declared", day=1, lost_g=0, text="nothing")
    shelf.tell("correction_declared", 2, corrects=told.event_id, by=shelf.ANA, withdraw=1)
    assert shelf.moves() == [("receive", 5530)]


def test_an_older_opening_told_last_says_nothing_of_where_it_is_now(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.handle("back", 2, cabinet="cab-2", weight_g=4000, gross_g=4000)
    shelf.handle("out", 1, weight_g=5840, gross_g=5840)  # its cabinet was left open for long
    assert (shelf.row()["state"], shelf.row()["place"]) == ("stored", "cab-2")
    assert shelf.row()["net_g"] == 3690
    shelf.tell("package_moved", 1.5, package="GLY-0042", to="gate")
    assert shelf.row()["place"] == "cab-2"
