"""What is missing until a step counts (A92, A95)."""

from fognode.events import RowValues
from fognode.page.pending import Pending, pending_of

CHAINS = ("private", "public")


def package(name: str = "P", state: int = 4) -> RowValues:
    return {"package": name, "state": state}


def step(chain: str, kind: int, state: str = "FINAL", name: str = "P") -> RowValues:
    return {"package": name, "chain": chain, "kind": kind, "state": state}


def both(*kinds: int) -> list[RowValues]:
    return [step(chain, kind) for chain in CHAINS for kind in kinds]


def way(**changed: str | int) -> dict[str, RowValues]:
    told: RowValues = {"package": "P", "route": "", "shown": "", "left_at_ms": 0, "batch": ""}
    return {"P": told | changed}


def only(found: list[Pending]) -> Pending:
    (one,) = found
    return one


def test_step_that_earned_is_not_pending() -> None:
    earned = {("P", "received"): 1}
    assert pending_of([package(state=1)], {}, earned, both(1), {}) == []


def test_package_that_is_not_known_to_be_there_has_nothing_pending() -> None:
    assert pending_of([package(state=0)], {}, {}, [], {}) == []


def test_chain_that_is_not_final_is_named_with_what_it_waits_for() -> None:
    steps = [step("private", 1), step("public", 1, "SENT")]
    one = only(pending_of([package(state=1)], {}, {}, steps, {}))
    assert (one.package, one.step, one.points) == ("P", "received", 1)
    assert one.missing == ("public chain: the record is sent, not in a block yet",)
    one = only(pending_of([package(state=1)], {}, {}, steps[:1], {}))
    assert one.missing == ("public chain: the record is not asked for yet",)


def test_packaging_that_does_not_go_back_waits_for_no_points() -> None:
    asked = package(state=1) | {"packaging": "not_returnable"}
    assert pending_of([asked], {}, {}, both(1), {}) == []


def test_prepared_needs_a_photo_or_a_witness() -> None:
    earned = {("P", "received"): 1}
    told = pending_of([package()], way(route="rinsed"), earned, both(104), {})
    assert only(told).missing == ("a photo or a witness of it",)
    shown = way(route="rinsed", shown="photo")
    assert only(pending_of([package()], shown, earned, [], {})).points == 2


def test_bag_counts_by_its_own_record() -> None:
    earned = {("P", "received"): 1}
    told = way(route="bagged", shown="")
    assert only(pending_of([package()], told, earned, both(114), {})).missing == (
        "a photo or a witness of it",
    )


def test_return_needs_the_centre_and_a_receipt_only_limits_it() -> None:
    earned = {("P", "received"): 1, ("P", "prepared"): 2}
    told = way(route="rinsed", shown="photo", left_at_ms=7, batch="B-1")
    load: RowValues = {"batch": "B-1", "receipt": "", "washed": 0, "unwashed": 0}
    receipt = load | {"receipt": "R-7", "washed": 1}
    for loads in ({}, {"B-1": load}, {"B-1": receipt}):
        one = only(pending_of([package(state=5)], told, earned, both(200), loads))
        assert one.points == 3
        assert one.missing == ("the centre's own acceptance on both chains",)
    other: RowValues = {"package": "Q", "route": "rinsed", "left_at_ms": 7, "batch": "B-1"}
    full = earned | {("Q", "returned"): 3}
    [one] = pending_of([package(state=5)], told | {"Q": other}, full, both(200), {"B-1": receipt})
    assert one.missing == ("a receipt with room for it: R-7 says 1, and so many are counted",)


def test_entry_that_was_reversed_is_pending_again() -> None:
    earned = {("P", "received"): 1 - 1}
    assert only(pending_of([package(state=1)], {}, earned, both(1), {})).step == "received"
