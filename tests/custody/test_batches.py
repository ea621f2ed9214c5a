"""Batches, the centre's receipts, and exits without one (requirements A88, A110, A122)."""

from typing import TYPE_CHECKING

import pytest

from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story


@pytest.fixture
def empties(stocked: "Story") -> "Story":
    """Two empties, one of them rinsed."""
    stocked.visit(100, stocked.GLY, 5840, 320)
    stocked.visit(150, stocked.ATR, 3000, 315)
    rinse: dict[str, Json] = {"package": stocked.GLY, "rinses": 3, "punctured": 1}
    stocked.tell("rinse_declared", 200, **rinse, by=stocked.ANA)
    return stocked


def leave(story: "Story", *packages: str, batch: str = "B-1", at_s: float = 300) -> None:
    facts: dict[str, Json] = {"batch": batch, "destination": "centre", "carrier": "Rapid"}
    named: list[Json] = list(packages or (story.GLY, story.ATR))
    story.tell("batch_declared", at_s, **facts, packages=named, by=story.ANA)


def receipt(story: "Story", washed: int, unwashed: int, at_s: float = 400, **other: Json) -> None:
    facts: dict[str, Json] = {"receipt": "R-1", "centre": "centre", "received_on": "2026-03-02"}
    facts |= {"batch": "B-1", "washed": washed, "unwashed": unwashed, "by": story.ANA}
    story.tell("receipt_declared", at_s, **(facts | other))


def days(story: "Story", *texts: str) -> None:
    for text in texts:
        story.tell("hour_began", 500, hour=f"{text}T00")


def test_a_batch_lets_each_of_its_packages_leave(empties: "Story") -> None:
    leave(empties)
    left = empties.facts("emptyPackageExit")
    assert [(f["package"], f["batch"], f["prepared"]) for f in left] == [
        (empties.GLY, "B-1", 1),
        (empties.ATR, "B-1", 0),
    ]
    row = empties.rows["batch", "B-1"]
    assert (row["units"], row["rinsed"], row["carrier"]) == (2, 1, "Rapid")
    assert empties.package(empties.ATR)["state"] == 5


@pytest.mark.parametrize(
    ("packages", "value"),
    [
        (("X",), "X"),
        (("GLY-0042", "GLY-0042"), "GLY-0042, GLY-0042"),
        (("GLY-0042", "FULL-1"), "FULL-1 SEALED"),
    ],
)
def test_of_a_batch_with_one_wrong_package_none_leaves(
    empties: "Story", packages: tuple[str, ...], value: str
) -> None:
    empties.deliver("FULL-1", "F1", 4000, tag="04FFEEDD")
    leave(empties, *packages)
    assert empties.refusals() == [value]
    assert empties.facts("emptyPackageExit") == []


def test_a_batch_has_one_name_and_packages_may_join_it_until_it_is_received(
    empties: "Story",
) -> None:
    leave(empties, empties.GLY)
    leave(empties, empties.ATR)
    assert empties.refusals() == ["B-1"]
    facts: dict[str, Json] = {"package": empties.ATR, "batch": "B-1", "by": empties.ANA}
    empties.tell("exit_declared", 310, **facts, destination="elsewhere")
    empties.tell("exit_declared", 320, **facts, destination="centre")
    assert empties.refusals() == ["B-1", "elsewhere"]
    assert empties.rows["batch", "B-1"]["units"] == 2


def test_a_receipt_that_says_what_left_finds_nothing(empties: "Story") -> None:
    leave(empties)
    receipt(empties, 1, 1)
    assert empties.facts("receipt_matched") == [
        {
            "receipt": "R-1",
            "centre": "centre",
            "batch": "B-1",
            "missing": 0,
            "over": 0,
            "unwashed_differs": 0,
        }
    ]
    assert empties.rules() == []
    assert empties.rows["batch", "B-1"]["receipt"] == "R-1"


@pytest.mark.parametrize(
    ("washed", "unwashed", "rules"),
    [
        (1, 0, ["receipt_short"]),
        (1, 2, ["receipt_over", "receipt_unwashed"]),
        (0, 2, ["receipt_unwashed"]),
        (2, 0, []),  # better than we say ourselves
        (0, 0, ["receipt_short"]),
    ],
)
def test_differences_are_named(
    empties: "Story", washed: int, unwashed: int, rules: list[str]
) -> None:
    leave(empties)
    receipt(empties, washed, unwashed)
    assert empties.rules() == rules


def test_one_receipt_number_of_a_centre_stands_once(empties: "Story") -> None:
    leave(empties, empties.GLY)
    leave(empties, empties.ATR, batch="B-2", at_s=310)
    receipt(empties, 1, 0)
    receipt(empties, 0, 1, batch="B-2")
    assert empties.refusals() == ["R-1"]
    assert empties.rules() == ["receipt_twice"]
    assert empties.rows["batch", "B-2"]["receipt"] == ""
    receipt(empties, 0, 1, batch="B-2", centre="another centre")
    assert empties.rows["batch", "B-2"]["receipt"] == "R-1"
    receipt(empties, 1, 0, receipt="R-2")
    assert empties.refusals() == ["R-1", "R-1"]  # the batch has one already
    receipt(empties, 1, 0, receipt="R-3", batch="B-9")
    assert empties.refusals()[-1] == "B-9"


def test_a_receipt_spelt_otherwise_is_the_same_one(empties: "Story") -> None:
    leave(empties, empties.GLY)
    leave(empties, empties.ATR, batch="B-2", at_s=310)
    receipt(empties, 1, 0)
    receipt(empties, 0, 1, batch="B-2", receipt="r-1 ", centre=" Centre")
    assert empties.refusals() == ["r-1 "]
    assert empties.rules() == ["receipt_twice"]


@pytest.mark.parametrize("day", ["2026-03-01", "2026-03-03", "2031-01-01", "2026-02-30", "March"])
def test_a_receipt_of_a_day_that_cannot_be_is_refused(empties: "Story", day: str) -> None:
    leave(empties)
    receipt(empties, 1, 1, received_on=day)
    assert empties.refusals() == [day]
    receipt(empties, 1, 1, received_on="2026-03-02")
    assert empties.rows["batch", "B-1"]["receipt"] == "R-1"


def test_the_day_of_a_receipt_is_the_farms(empties: "Story") -> None:
    leave(empties, at_s=55_000)  # 21:28 there, the next day in UTC
    receipt(empties, 1, 1, at_s=56_000, received_on="2026-03-03")
    receipt(empties, 1, 1, at_s=56_000, received_on="2026-03-02")
    assert empties.refusals() == ["2026-03-03"]


def test_an_exit_without_a_receipt_is_named_after_14_days(empties: "Story") -> None:
    leave(empties)  # on 2026-03-02
    days(empties, "2026-03-15")
    assert empties.rules() == []
    days(empties, "2026-03-16", "2026-03-17")
    assert empties.rules() == ["no_receipt"]
    receipt(empties, 1, 1)
    closed = empties.last("discrepancy_closed")
    assert closed["reason"] == "withdrawn"
    found = [values for (table, _), values in empties.rows.items() if table == "discrepancy"]
    assert [values["state"] for values in found] == ["withdrawn"]


def test_what_the_centre_accepted_on_the_ledger_needs_no_paper(empties: "Story") -> None:
    leave(empties, empties.GLY)
    empties.tell("exit_declared", 310, package=empties.ATR, destination="centre", by=empties.ANA)
    token = str(empties.package(empties.ATR)["token_id"])
    seen: dict[str, Json] = {"chain": "private", "token_id": token, "kind": 201, "seq": 9}
    empties.tell("ledger_seen", 320, **seen, tx_hash="0x1")
    days(empties, "2026-03-20")
    assert [facts["batch"] for facts in empties.facts("discrepancy_found")] == ["B-1"]


def test_a_package_that_left_alone_has_a_receipt_under_its_own_name(empties: "Story") -> None:
    empties.tell("exit_declared", 310, package=empties.GLY, destination="centre", by=empties.ANA)
    assert "batch" not in empties.last("emptyPackageExit")
    receipt(empties, 1, 0, batch=empties.GLY)
    assert empties.rows["batch", empties.GLY]["receipt"] == "R-1"
    assert empties.rules() == []
