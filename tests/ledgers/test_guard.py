from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from fognode.events import Kind
from fognode.ledgers.outbox import Lane

if TYPE_CHECKING:
    from fognode.trial.chains import TrialChains
    from tests.ledgers.conftest import House

pytestmark = pytest.mark.chain

NOW_MS = 1_795_241_520_000


def settle(lane: Lane, house: "House") -> None:
    for number in range(6):
        lane.pass_once(NOW_MS + number * 500)
        house.follow()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"chain_id": 4711}, "chain id is 7001, not 4711"),
        ({"contract": "0x" + "12" * 20}, "missing or not the one configured"),
        ({"code_hash": "0" * 64}, "missing or not the one configured"),
    ],
)
def test_a_chain_that_is_not_ours_is_held_and_sent_nothing(
    house: "House", changes: dict[str, Any], words: str
) -> None:
    house.package().enter()
    lane = house.lane("private", **changes)
    for late_ms in (0, 1000, 2000):
        lane.pass_once(NOW_MS + late_ms)
    held = house.kept(Kind.LEDGER_HELD)
    assert len(held) == 1
    assert words in held[0].text("reason")
    assert house.states("private") == ["QUEUED"]
    assert house.guard("private")["state"] == "HELD"
    settle(house.lane("private"), house)  # the operator mended the configuration
    assert house.states("private") == ["FINAL"]


def test_another_chain_behind_the_same_address_is_held(
    house: "House", chains: "TrialChains"
) -> None:
    settle(house.lane("private"), house)
    other = house.lane(
        "private",
        url=chains.public.url,
        chain_id=chains.public.chain_id,
        contract=chains.public.contract,
    )
    other.pass_once(NOW_MS)
    # Blocks 0 of two young chains are alike when they were born within the same second.
    reason = house.guard("private")["reason"]
    assert reason.startswith(("another chain", "final block"))


def test_chain_whose_final_blocks_changed_is_held(
    house: "House", monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = house.lane("private")
    settle(lane, house)
    last = house.guard("private")["last_final_number"]
    # Another history of equal height: every block has another hash, the newest one, too.
    monkeypatch.setattr(lane._node, "block_hash", lambda number: f"0x{number:064x}")
    monkeypatch.setattr(lane._node, "head_hash", lambda: "0x" + "77" * 32)
    lane.pass_once(NOW_MS + 60_000)
    assert house.guard("private")["state"] == "HELD"
    assert f"final block {last} is 0x" in house.guard("private")["reason"]


def test_account_without_money_holds_the_lane(
    house: "House", monkeypatch: pytest.MonkeyPatch
) -> None:
    house.package().enter()
    lane = house.lane("private")
    real = lane._node.facts
    monkeypatch.setattr(lane._node, "facts", lambda: replace(real(), balance=1, base_fee=10**9))
    lane.pass_once(NOW_MS)
    assert "cannot pay" in house.guard("private")["reason"]
    monkeypatch.undo()
    settle(lane, house)
    assert house.states("private") == ["FINAL"]


def test_records_of_others_are_told_once_each_and_strangers_packages_never(
    house: "House", chains: "TrialChains"
) -> None:
    package = house.package()
    package.enter()
    settle(house.lane("private"), house)
    number = int(package.token, 16)
    chains.regulator.write(chains.private, "setHold", number, 2, True, bytes(31) + b"\x02")
    chains.regulator.write(chains.private, "setHold", number, 3, False, bytes(31) + b"\x03")
    stranger = house.package()
    chains.farm.write(
        chains.private, "register", chains.farm_address, 7891234567895, stranger.serial, 0,
        bytes(32), bytes(31) + b"\x04",
    )  # fmt: skip
    for _ in range(2):
        settle(house.lane("private"), house)
    seen = house.kept(Kind.LEDGER_SEEN)
    assert [(e.number("seq"), e.number("kind")) for e in seen] == [(2, 300), (3, 301)]
    assert {e.text("token_id") for e in seen} == {package.token}
    assert seen[0].origin == f"c/private/{seen[0].text('tx_hash')}/seen"


def test_records_are_told_from_final_blocks_only(house: "House", chains: "TrialChains") -> None:
    package = house.package()
    package.enter()
    lane = house.lane("private", confirmations=2)
    lane.pass_once(NOW_MS)
    number = int(package.token, 16)
    chains.regulator.write(chains.private, "setHold", number, 2, True, bytes(32))
    lane.pass_once(NOW_MS + 2_000)
    assert house.kept(Kind.LEDGER_SEEN) == []
    chains.regulator.write(chains.private, "setHold", number, 3, False, bytes(32))
    lane.pass_once(NOW_MS + 4_000)
    assert [e.number("kind") for e in house.kept(Kind.LEDGER_SEEN)] == [300]
