from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from fognode.errors import AwayError, UnclearError
from fognode.ledgers.calls import Answer
from tests.ledgers.passes import NOW_MS, history, run, run_some

if TYPE_CHECKING:
    from tests.ledgers.conftest import House

pytestmark = pytest.mark.chain


def test_answer_lost_after_sending_sends_the_same_bytes_again(
    house: "House", monkeypatch: pytest.MonkeyPatch
) -> None:
    package = house.package()
    package.enter()
    lane, sent = house.lane("private"), list[str]()
    real = lane._node.send

    def losing(raw: str) -> Answer:
        sent.append(raw)
        answer = real(raw)
        if len(sent) == 1:
            raise UnclearError("nothing came back")
        return answer

    monkeypatch.setattr(lane._node, "send", losing)
    monkeypatch.setattr(lane._node, "receipt", lambda _hash: None)
    lane.pass_once(NOW_MS)
    assert house.states("private") == ["SIGNED"]
    # As if it were mined nowhere yet: the same bytes go out, no new nonce is taken.
    monkeypatch.setattr(lane._node, "mined_count", lambda: house.outbox("private")[0]["nonce"])
    lane.pass_once(NOW_MS + 2_000)
    assert len(sent) == 2
    assert len(set(sent)) == 1
    monkeypatch.undo()
    run(house.lane("private"), house, NOW_MS + 10_000)
    assert house.states("private") == ["FINAL"]
    assert history(house.node("private"), package) == [(1, 1)]


def test_transaction_that_pays_too_little_is_replaced_at_the_same_nonce(
    house: "House", mine: Callable[..., None]
) -> None:
    package = house.package()
    package.enter()
    mine()
    lane = house.lane("private")
    run_some(lane, 2)
    first = house.outbox("private")[0]
    assert first["state"] == "SENT"
    mine(5, gwei=4)  # our 3 gwei buy no place in these blocks
    lane.pass_once(NOW_MS + 14_000)
    assert house.outbox("private")[0]["tx_hash"] == first["tx_hash"]  # too early
    lane.pass_once(NOW_MS + 15_000)
    second = house.outbox("private")[0]
    assert second["state"] == "SIGNED"
    assert (second["nonce"], second["tries"]) == (first["nonce"], 1)
    assert second["tx_hash"] != first["tx_hash"]
    lane.pass_once(NOW_MS + 15_500)
    mine(gwei=4)
    lane.pass_once(NOW_MS + 16_000)
    assert house.states("private") == ["FINAL"]
    attempts = house.reader.rows("chain_attempt", {"outbox_id": first["id"]})
    assert {attempt["nonce"] for attempt in attempts} == {first["nonce"]}
    assert len(attempts) == 2
    assert history(house.node("private"), package) == [(1, 1)]


def test_transaction_that_the_node_evicted_is_sent_again(
    house: "House", mine: Callable[..., None]
) -> None:
    package = house.package()
    package.enter()
    mine()
    lane = house.lane("private")
    lane.pass_once(NOW_MS)
    sent = house.outbox("private")[0]
    mine.drop(sent["tx_hash"])  # type: ignore[attr-defined]
    mine()
    run_some(lane, 2, NOW_MS + 1_000)
    assert house.states("private") == ["SENT"]
    lane.pass_once(NOW_MS + 6_000)
    mine()
    lane.pass_once(NOW_MS + 6_500)
    row = house.outbox("private")[0]
    assert (row["state"], row["tx_hash"]) == ("FINAL", sent["tx_hash"])


def test_unknown_words_of_a_node_leave_the_row_signed(
    house: "House", monkeypatch: pytest.MonkeyPatch
) -> None:
    house.package().enter()
    lane = house.lane("private")

    def odd(_raw: str) -> Answer:
        raise AwayError("the node says: come back after lunch")

    monkeypatch.setattr(lane._node, "send", odd)
    lane.pass_once(NOW_MS)
    assert house.states("private") == ["SIGNED"]
    assert house.guard("private")["state"] == "AWAY"
