from typing import TYPE_CHECKING

import pytest

from fognode.events import Kind
from fognode.ledgers.status import standing
from tests.ledgers.passes import NOW_MS, run

if TYPE_CHECKING:
    from fognode.trial.chains import TrialChains
    from tests.ledgers.conftest import House

pytestmark = pytest.mark.chain


def test_chain_that_was_never_looked_at_shows_what_it_is_owed(house: "House") -> None:
    package = house.package()
    package.enter()
    package.handle("back")
    told = standing(house.config, house.settings("private"), house.reader, NOW_MS + 90_000)
    assert (told.guard, told.away) == ("", "")
    assert told.counts["QUEUED"] == 2
    assert (told.oldest, told.oldest_s) == (f"{package.package} 1", 90)
    assert (told.transactions, told.gas_used) == (0, 0)
    assert told.is_well


def test_balance_and_spent_gas_are_those_of_the_boxes_account(
    house: "House", chains: "TrialChains"
) -> None:
    house.package().enter()
    settings = house.settings("private")
    before = standing(house.config, settings, house.reader, NOW_MS)
    run(house.lane("private"), house)
    after = standing(house.config, settings, house.reader, NOW_MS)
    assert after.address == chains.device.address.lower()
    assert after.counts["FINAL"] == after.transactions == 1
    assert (after.oldest, after.oldest_s) == ("", 0)
    assert 100_000 < after.gas_used < 240_000
    assert before.balance_wei - after.balance_wei == after.spent_wei > 0
    assert after.guard == "OK"
    assert after.head_number > 0


def test_node_that_is_away_is_named_and_what_is_owed_still_told(house: "House") -> None:
    house.package().enter()
    away = house.settings("private", url="http://127.0.0.1:1")
    told = standing(house.config, away, house.reader, NOW_MS)
    assert "private chain" in told.away
    assert told.counts["QUEUED"] == 1
    assert not told.is_well


def test_failed_step_and_held_chain_are_not_well(house: "House") -> None:
    package = house.package()
    package.enter()
    package.tell(Kind.EMPTY_PACKAGE_EXIT, destination="centre", prepared=0, by="x")
    run(house.lane("private"), house)
    told = standing(house.config, house.settings("private"), house.reader, NOW_MS)
    assert told.counts["FAILED"] == 1
    assert not told.is_well
    house.lane("public", chain_id=4711).pass_once(NOW_MS)
    told = standing(house.config, house.settings("public"), house.reader, NOW_MS)
    assert told.guard == "HELD"
    assert "not 4711" in told.reason
    assert not told.is_well
