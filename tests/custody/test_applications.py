from typing import TYPE_CHECKING

from fognode.custody import applications, prescriptions
from fognode.custody.prescribed import Sheet, State

if TYPE_CHECKING:
    from tests.custody.conftest import Shelf


def test_use_of_a_package_nobody_knows_counts_for_nothing(shelf: "Shelf") -> None:
    state = State()
    for kind in ("use_declared", "stock_moved"):
        told = shelf.tell(kind, 1, package="GLY-9", movement="use", delta_g=-5, used_g=5)
        sheet = Sheet(told=told, known=shelf.known)
        applications.plan_use(state, sheet)
        applications.move(state, sheet)
        assert not sheet.outcome.events
        assert prescriptions.step(state, told, shelf.known).rows == []


def test_a_plan_is_for_one_use_only(shelf: "Shelf") -> None:
    state = State()
    told = shelf.tell("newProductEntry", 0, package="GLY-1", gtin=shelf.GTIN, gross_g=900, tare_g=9)
    prescriptions.step(state, told, shelf.known)
    told = shelf.tell("use_declared", 1, package="GLY-1", used_g=5, crop="soja")
    prescriptions.step(state, told, shelf.known)
    bought = state.packages["GLY-1"]
    assert bought.plan is not None
    for _ in range(2):
        moved = shelf.tell("stock_moved", 2, package="GLY-1", movement="use", delta_g=-5, u_g=0)
        prescriptions.step(state, moved, shelf.known)
    after = state.packages["GLY-1"]
    assert after.plan is None
    assert after.use is not None
    assert not after.use.planned
