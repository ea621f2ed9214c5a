"""Corrections of the way back: the state follows, the first stays in the record."""

from typing import TYPE_CHECKING

import pytest

from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story


@pytest.fixture
def left(stocked: "Story") -> "Story":
    """GLY-0042 rinsed before a witness and gone."""
    stocked.visit(100, stocked.GLY, 5840, 320)
    rinse: dict[str, Json] = {"package": stocked.GLY, "rinses": 3, "punctured": 1}
    stocked.tell("rinse_declared", 200, **rinse, witness=stocked.BOB, by=stocked.ANA)
    facts: dict[str, Json] = {"package": stocked.GLY, "by": stocked.ANA}
    stocked.tell("exit_declared", 300, **facts, destination="centre")
    return stocked


def correct(story: "Story", kind: str, at_s: float = 600, /, **facts: Json) -> None:
    told = story.record_of(kind)
    about: dict[str, Json] = {"corrects": told.event_id, "reason": "told wrongly"}
    story.tell("correction_declared", at_s, **about, by=story.BOB, **facts)


def accepted(story: "Story") -> None:
    token = str(story.package()["token_id"])
    facts: dict[str, Json] = {"chain": "private", "token_id": token, "kind": 201, "seq": 9}
    story.tell("ledger_seen", 400, **facts, tx_hash="0x1")


def test_a_withdrawn_exit_brings_the_package_back_with_its_residue(left: "Story") -> None:
    exited = left.record_of("emptyPackageExit")
    assert left.rows["stock", left.GLY]["state"] == "exited"
    net_g = left.rows["movement", left.record_of("stock_moved").event_id]["delta_g"]
    correct(left, "exit_declared", withdraw=1)
    assert left.package()["state"] == 4
    restated = left.last("package_restated")
    assert (restated["was"], restated["state"], restated["undoes"]) == (5, 4, exited.event_id)
    assert left.rows["stock", left.GLY]["state"] != "exited"
    assert left.rows["stock", left.GLY]["net_g"] == -int(str(net_g))
    assert left.rows["batch", left.GLY]["units"] == 0
    facts: dict[str, Json] = {"package": left.GLY, "by": left.ANA}
    left.tell("exit_declared", 700, **facts, destination="centre")
    assert left.package()["state"] == 5
    assert left.refusals() == []


def test_what_the_centre_has_cannot_be_withdrawn(left: "Story") -> None:
    accepted(left)
    correct(left, "exit_declared", withdraw=1)
    assert left.refusals() == ["RECEIVED"]
    assert left.package()["state"] == 6


def test_an_exit_can_be_corrected_into_another_batch(left: "Story") -> None:
    facts: dict[str, Json] = {"package": left.GLY, "by": left.ANA, "destination": "centre 2"}
    correct(left, "exit_declared", facts={**facts, "batch": "B-2"})
    assert left.package()["state"] == 5
    assert left.rows["batch", "B-2"]["destination"] == "centre 2"
    assert [told["batch"] for told in left.facts("emptyPackageExit")[1:]] == ["B-2"]


def test_a_withdrawn_rinse_lets_the_package_be_empty_again(stocked: "Story") -> None:
    stocked.visit(100, stocked.GLY, 5840, 320)
    rinse: dict[str, Json] = {"package": stocked.GLY, "rinses": 3, "punctured": 1}
    stocked.tell("rinse_declared", 200, **rinse, by=stocked.ANA)
    correct(stocked, "rinse_declared", withdraw=1)
    assert stocked.package()["state"] == 3
    assert stocked.last("package_restated")["prepared"] == 0
    stocked.tell("rinse_declared", 700, **rinse, witness=stocked.BOB, by=stocked.ANA)
    assert stocked.rows["way_back", stocked.GLY]["shown"] == "witness"


def test_a_rinse_that_was_only_two_does_not_prepare(left: "Story") -> None:
    rinse: dict[str, Json] = {"package": left.GLY, "rinses": 2, "punctured": 1, "by": left.ANA}
    correct(left, "rinse_declared", facts={**rinse})
    assert left.refusals() == ["rinses 2, punctured 1"]
    assert left.rows["way_back", left.GLY]["route"] == ""
    assert left.package()["state"] == 5  # it has left all the same
    assert left.rows["batch", left.GLY]["rinsed"] == 0
    # The correction was wrong: corrected in turn, the first holds again.
    correct(left, "correction_declared", 610, withdraw=1)
    assert left.rows["way_back", left.GLY]["route"] == "rinsed"


def test_a_rinse_declared_of_the_wrong_package_moves_to_the_right_one(stocked: "Story") -> None:
    stocked.visit(100, stocked.GLY, 5840, 320)
    stocked.visit(150, stocked.ATR, 3000, 315)
    rinse: dict[str, Json] = {"rinses": 3, "punctured": 1, "by": stocked.ANA}
    stocked.tell("rinse_declared", 200, **rinse, package=stocked.GLY)
    correct(stocked, "rinse_declared", facts={**rinse, "package": stocked.ATR})
    states = [stocked.package(name)["state"] for name in (stocked.GLY, stocked.ATR)]
    assert states == [3, 4]


def test_a_refused_rinse_can_be_corrected_into_a_good_one(stocked: "Story") -> None:
    stocked.visit(100, stocked.GLY, 5840, 320)
    rinse: dict[str, Json] = {"package": stocked.GLY, "punctured": 1, "by": stocked.ANA}
    stocked.tell("rinse_declared", 200, **rinse, rinses=2)
    assert stocked.package()["state"] == 3
    correct(stocked, "rinse_declared", facts={**rinse, "rinses": 3})
    assert stocked.package()["state"] == 4


def test_a_batch_is_corrected_package_by_package(stocked: "Story") -> None:
    stocked.visit(100, stocked.GLY, 5840, 320)
    stocked.visit(150, stocked.ATR, 3000, 315)
    batch: dict[str, Json] = {"batch": "B-1", "destination": "centre", "by": stocked.ANA}
    stocked.tell("batch_declared", 300, **batch, packages=[stocked.GLY])
    correct(stocked, "batch_declared", facts={**batch, "packages": [stocked.ATR]})
    states = [stocked.package(name)["state"] for name in (stocked.GLY, stocked.ATR)]
    assert states == [3, 5]
    assert stocked.rows["batch", "B-1"]["units"] == 1
    correct(stocked, "correction_declared", 610, withdraw=1)
    states = [stocked.package(name)["state"] for name in (stocked.GLY, stocked.ATR)]
    assert states == [5, 3]
    origins = [told.origin for told in stocked.record]
    assert len(origins) == len(set(origins))


def test_a_corrected_receipt_is_compared_anew(left: "Story") -> None:
    facts: dict[str, Json] = {"receipt": "R-1", "centre": "centre", "received_on": "2026-03-02"}
    facts |= {"batch": left.GLY, "washed": 0, "by": left.ANA}
    left.tell("receipt_declared", 400, **facts, unwashed=0)
    assert left.rules() == ["receipt_short"]
    correct(left, "receipt_declared", facts={**facts, "washed": 1, "unwashed": 0})
    assert left.last("receipt_matched")["missing"] == 0
    assert left.last("discrepancy_closed")["reason"] == "withdrawn"
    correct(left, "correction_declared", 610, facts={**facts, "receipt": "R-2", "unwashed": 1})
    assert left.rows["batch", left.GLY]["receipt"] == "R-2"
    assert left.rules() == ["receipt_short", "receipt_unwashed"]


def test_nothing_that_was_refused_can_be_withdrawn(stocked: "Story") -> None:
    facts: dict[str, Json] = {"package": stocked.GLY, "by": stocked.ANA}
    stocked.tell("exit_declared", 50, **facts, destination="centre")
    correct(stocked, "exit_declared", withdraw=1)
    assert len(stocked.refusals()) == 2
    assert stocked.package()["state"] == 1
