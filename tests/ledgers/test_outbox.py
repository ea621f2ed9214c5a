import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fognode.events import Kind
from fognode.ledgers.calls import Answer, Receipt, Revert
from fognode.ledgers.outbox import Lane
from fognode.trial.chains import start_chains
from tests.ledgers.passes import NOW_MS, history, run, run_some

if TYPE_CHECKING:
    from fognode.trial.chains import TrialChains
    from tests.ledgers.conftest import House

pytestmark = pytest.mark.chain


class KilledError(BaseException):
    """The process died here; nothing may catch it."""


def test_whole_life_reaches_both_chains_and_the_centre_is_heard(
    house: "House", chains: "TrialChains"
) -> None:
    """A46, A63, A86, A89."""
    package = house.package()
    package.enter()
    package.live()
    for name in ("private", "public"):
        run(house.lane(name), house)
    assert history(house.node("private"), package) == [
        (1, 1), (2, 102), (3, 1001), (4, 1002), (5, 103), (6, 104), (7, 200)
    ]  # fmt: skip
    assert history(house.node("public"), package) == [
        (1, 1),
        (2, 102),
        (3, 103),
        (4, 104),
        (5, 200),
    ]
    assert set(house.states("private")) | set(house.states("public")) == {"FINAL"}
    chains.centre.accept(chains.private, int(package.token, 16))
    chains.centre.accept(chains.public, int(package.token, 16))
    for name in ("private", "public"):
        run(house.lane(name), house)
        run(house.lane(name), house)
    seen = house.kept(Kind.LEDGER_SEEN)
    assert [(e.text("chain"), e.number("seq"), e.number("kind")) for e in seen] == [
        ("private", 8, 201), ("public", 6, 201)
    ]  # fmt: skip
    assert {e.text("package") for e in seen} == {package.package}
    assert {e.text("actor") for e in seen} == {chains.centre.address.lower()}
    finals = house.kept(Kind.LEDGER_FINAL)
    assert len(finals) == 12
    asked = [e for e in house.kept(Kind.SEND_TO_BLOCKCHAIN) if e.facts["chains"]]
    sent = {e.event_id: e.text("data_hash") for e in asked}
    assert {e.text("cause"): e.text("data_hash") for e in finals} == sent
    found = house.node("public").package(package.token)
    assert found is not None
    assert found.state == 6


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", ["sign", "commit", "send", "receipt"])
def test_killed_at_any_step_the_next_lane_writes_every_record_once(
    house: "House", step: str, before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = house.package()
    package.enter()
    package.handle("out")
    killed = 0
    for die_at in range(1, 12):  # the n-th call of this step kills the process
        lane = house.lane("private")
        with monkeypatch.context() as patch:
            patch.setattr(*mortal(lane, step, die_at, before=before))
            try:
                run(lane, house, NOW_MS + die_at * 60_000)
            except KilledError:
                killed += 1
            else:
                break  # nothing was left to be killed at
    run(house.lane("private"), house, NOW_MS + 3_600_000)
    assert killed >= 2
    assert house.states("private") == ["FINAL", "FINAL", "FINAL"]
    assert history(house.node("private"), package) == [(1, 1), (2, 102), (3, 1001)]
    assert len(house.kept(Kind.LEDGER_FINAL)) == 3


def mortal(lane: Lane, step: str, die_at: int, *, before: bool) -> tuple[Any, str, Any]:
    owner: Any = lane._book if step == "commit" else lane._node
    name = "_commit" if step == "commit" else step
    real, calls = getattr(owner, name), 0

    def dying(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == die_at and before:
            raise KilledError
        result = real(*arguments)
        if calls == die_at:
            raise KilledError
        return result

    return owner, name, dying


def test_record_that_is_on_the_chain_already_is_adopted(house: "House") -> None:
    package = house.package()
    package.enter()
    run(house.lane("private"), house)
    tx_hash = house.outbox("private")[0]["tx_hash"]
    forget(house, house.outbox("private")[0])
    run(house.lane("private"), house)
    row = house.outbox("private")[0]
    assert (row["state"], row["tx_hash"], row["tries"]) == ("FINAL", tx_hash, 0)
    assert history(house.node("private"), package) == [(1, 1)]


def forget(house: "House", row: dict[str, Any]) -> None:
    """Put a row back to where a restored backup would have it."""
    from fognode.events import Row  # noqa: PLC0415

    blank = {"state": "QUEUED", "nonce": -1, "tx_hash": "", "block_number": 0, "tries": 0}
    values = {k: v for k, v in {**row, **blank}.items() if k != "hash"}
    house.commit([], [Row(table="chain_outbox", values=values)])


def test_hash_on_chain_is_the_stored_events_even_after_a_restart_in_between(
    house: "House",
) -> None:
    package = house.package()
    package.enter()
    package.handle("out")
    use = house.kept(Kind.SEND_TO_BLOCKCHAIN)[1]
    # The node stops before the fold met its own sendToBlockchain, and folds again with other
    # salts; the next event is already kept behind it.
    house.state, house.cursor, told = type(house.state)(), 0, house.kept()
    for event in told:
        if event.kind != Kind.SEND_TO_BLOCKCHAIN:
            house.fold(event)
    house.cursor = told[-1].seq
    package.tell(Kind.PACKAGE_EMPTIED, gross_g=212, tare_g=210)
    package.tell(Kind.PACKAGE_PREPARED, rinses=3, punctured=1, by="x")
    for name in ("private", "public"):
        run(house.lane(name), house)
        hashes = {r.data_hash for r in house.node(name).history(package.token) if r.kind == 102}
        assert hashes == {use.text("data_hash")}


def test_package_minted_with_another_hash_fails_and_stops_its_token(
    house: "House", chains: "TrialChains"
) -> None:
    package = house.package()
    foreign = bytes(31) + b"\x01"
    chains.farm.write(
        chains.private, "register", chains.farm_address, 7891234567895, package.serial, 0,
        bytes(32), foreign,
    )  # fmt: skip
    package.enter()
    package.handle("stored")
    run(house.lane("private"), house)
    assert house.states("private") == ["FAILED", "QUEUED"]
    failed = house.kept(Kind.LEDGER_FAILED)
    assert [(e.text("chain"), e.number("kind")) for e in failed] == [("private", 1)]
    run(house.lane("private"), house)
    assert len(house.kept(Kind.LEDGER_FAILED)) == 1


def test_number_taken_by_the_regulator_is_counted_on(house: "House", chains: "TrialChains") -> None:
    package = house.package()
    package.enter()
    run(house.lane("private"), house)
    number = int(package.token, 16)
    chains.regulator.write(chains.private, "setHold", number, 2, True, bytes(32))
    package.handle("back")  # planned as number 2
    now_ms = run(house.lane("private"), house)
    assert history(house.node("private"), package) == [(1, 1), (2, 300), (3, 1002)]
    assert [e.number("kind") for e in house.kept(Kind.LEDGER_SEEN)] == [300]
    package.handle("out")  # an advance waits until the hold is lifted
    now_ms = run(house.lane("private"), house, now_ms)
    assert house.states("private") == ["FINAL", "FINAL", "QUEUED", "QUEUED"]
    chains.regulator.write(chains.private, "setHold", number, 4, False, bytes(32))
    run(house.lane("private"), house, now_ms + 60_000)
    assert history(house.node("private"), package)[3:] == [(4, 301), (5, 102), (6, 1001)]


def test_node_that_was_down_gets_everything_once_it_is_back(
    house: "House", chains: "TrialChains"
) -> None:
    package = house.package()
    lane = house.lane("private")
    run(lane, house)
    chains.private.node.stop()
    try:
        package.enter()
        lane.pass_once(NOW_MS + 10_000)
        assert house.guard("private")["state"] == "AWAY"
        lane.pass_once(NOW_MS + 10_500)  # backs off: does not even ask
    finally:
        chains.private.node.start()
    run(lane, house, NOW_MS + 20_000)
    assert house.guard("private")["state"] == "OK"
    assert house.states("private") == ["FINAL"]
    assert house.kept(Kind.LEDGER_HELD) == []
    assert history(house.node("private"), package) == [(1, 1)]


def test_dropped_transaction_is_sent_again_and_a_foreign_nonce_is_given_up(
    house: "House", monkeypatch: pytest.MonkeyPatch, chains: "TrialChains"
) -> None:
    package = house.package()
    package.enter()
    lane = house.lane("private")
    monkeypatch.setattr(lane._node, "send", lambda _raw: Answer.TAKEN)  # and dropped it
    lane.pass_once(NOW_MS)
    assert house.states("private") == ["SENT"]
    nonce = house.outbox("private")[0]["nonce"]
    chains.device.write(
        chains.private, "anchor", chains.farm_address, f"log-{nonce}", 1, b"\x01" * 32, 1
    )
    for late_ms in (500, 1000, 1500):  # believed after three equal looks
        row = house.outbox("private")[0]
        assert (row["state"], row["nonce"], row["tries"]) == ("SENT", nonce, 1)
        lane.pass_once(NOW_MS + late_ms)
    assert house.outbox("private")[0]["tries"] == 2
    monkeypatch.undo()
    run(house.lane("private"), house, NOW_MS + 10_000)
    assert house.states("private") == ["FINAL"]
    assert house.outbox("private")[0]["nonce"] > nonce
    assert history(house.node("private"), package) == [(1, 1)]


def test_nonce_that_nobody_fills_is_filled_again(
    house: "House", monkeypatch: pytest.MonkeyPatch
) -> None:
    package = house.package()
    package.enter()
    lane = house.lane("private")
    real = lane._node.mined_count
    monkeypatch.setattr(lane._node, "mined_count", lambda: real() + 3)  # a hole of three
    lane.pass_once(NOW_MS)
    monkeypatch.undo()
    run(house.lane("private"), house, NOW_MS + 10_000)
    assert house.states("private") == ["FINAL"]
    assert history(house.node("private"), package) == [(1, 1)]


def test_final_no_of_the_contract_fails_without_spending_a_nonce(house: "House") -> None:
    package = house.package()
    package.enter()
    package.tell(Kind.EMPTY_PACKAGE_EXIT, destination="centre", prepared=0, by="x")
    nonce_before = house.node("private").mined_count()
    run(house.lane("private"), house)
    assert house.states("private") == ["FINAL", "FAILED"]
    assert house.outbox("private")[1]["error_code"] == "NoRoute"  # sealed goods to the centre
    assert house.node("private").mined_count() == nonce_before + 1


def test_receipt_without_our_record_is_no_success(
    house: "House", monkeypatch: pytest.MonkeyPatch
) -> None:
    house.package().enter()
    lane = house.lane("private")
    real = lane._node.receipt

    def empty(tx_hash: str) -> Receipt | None:
        receipt = real(tx_hash)
        return replace(receipt, records=()) if receipt else None

    monkeypatch.setattr(lane._node, "receipt", empty)
    run_some(lane, 2)
    assert house.states("private") == ["FAILED"]
    assert house.outbox("private")[0]["error_code"] == "NoRecord"
    assert house.kept(Kind.LEDGER_FINAL) == []


def test_block_that_is_replaced_brings_the_row_back(
    house: "House", monkeypatch: pytest.MonkeyPatch
) -> None:
    house.package().enter()
    lane = house.lane("private", confirmations=3)
    run_some(lane, 2)
    assert house.states("private") == ["MINED"]
    monkeypatch.setattr(lane._node, "receipt", lambda _hash: None)
    monkeypatch.setattr(lane._node, "mined_count", lambda: house.outbox("private")[0]["nonce"])
    lane.pass_once(NOW_MS + 5_000)
    assert house.states("private") == ["SENT"]
    monkeypatch.undo()
    run_some(lane, 2, NOW_MS + 20_000)
    assert house.states("private") == ["MINED"]


def test_step_is_final_only_under_the_blocks_that_were_asked_for(
    house: "House", chains: "TrialChains"
) -> None:
    house.package().enter()
    lane = house.lane("private", confirmations=3)
    run_some(lane, 3)
    assert house.states("private") == ["MINED"]
    assert house.kept(Kind.LEDGER_FINAL) == []
    for serial in ("a", "b"):  # two more blocks
        other = house.package()
        chains.farm.write(
            chains.private, "register", chains.farm_address, 7891234567895,
            other.serial + serial, 0, bytes(32), bytes(32),
        )  # fmt: skip
    run_some(lane, 1, NOW_MS + 5_000)
    assert house.states("private") == ["FINAL"]


def test_window_bounds_what_is_under_way_and_tokens_do_not_wait_for_each_other(
    house: "House", mine: Callable[..., None]
) -> None:
    for _ in range(18):
        house.package().enter()
    mine()
    lane = house.lane("private")
    lane.pass_once(NOW_MS)
    states = house.states("private")
    assert (states.count("SENT"), states.count("QUEUED")) == (16, 2)
    mine()
    lane.pass_once(NOW_MS + 500)
    mine()
    lane.pass_once(NOW_MS + 1_000)
    assert set(house.states("private")) == {"FINAL"}


@pytest.fixture
def hanging() -> Iterator[str]:
    """A server that takes the connection and never answers."""
    server = socket.create_server(("127.0.0.1", 0))
    taken: list[socket.socket] = []
    stop = threading.Event()

    def take() -> None:
        server.settimeout(0.05)
        while not stop.is_set():
            try:
                taken.append(server.accept()[0])
            except TimeoutError:
                continue

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}"
    stop.set()
    thread.join(5)
    for connection in (*taken, server):
        connection.close()


def test_node_that_hangs_is_given_up_after_two_seconds_and_left_alone(
    house: "House", hanging: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = house.lane("private", url=hanging)
    asked: list[int] = []
    real: Callable[[], Any] = lane._node.facts

    def counting() -> Any:
        asked.append(1)
        return real()

    monkeypatch.setattr(lane._node, "facts", counting)
    for late_ms in (0, 500, 999, 1_000, 2_999, 3_000, 6_999):
        lane.pass_once(NOW_MS + late_ms)
    assert len(asked) == 3  # at 0, 1 and 3 s


def test_chain_that_is_owed_nothing_is_looked_at_every_two_seconds(
    house: "House", monkeypatch: pytest.MonkeyPatch
) -> None:
    lane, asked = house.lane("private"), list[str]()

    def count(name: str) -> None:
        real = getattr(lane._node, name)

        def counting() -> Any:
            asked.append(name)
            return real()

        monkeypatch.setattr(lane._node, name, counting)

    count("facts")
    count("head_hash")
    run_some(lane, 8)  # over 3.5 s: the whole look once, then only whether there is a new block
    assert asked == ["facts", "head_hash"]
    house.package().enter()
    lane.pass_once(NOW_MS + 3_600)
    assert asked[2:] == ["facts"]
    lane.pass_once(NOW_MS - 86_400_000)  # the clock was set back a day
    assert asked[3:] == ["facts"]


def test_chain_in_memory_serves_where_there_is_no_anvil(
    make_house: Callable[..., "House"], table_of: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    with start_chains(tmp_path / "chains", in_memory=True) as both:
        house = make_house(chain=[table_of(both, both.private), table_of(both, both.public)])
        house.password = both.farm_password
        package = house.package()
        package.enter()
        package.live()
        package.tell(Kind.EMPTY_PACKAGE_EXIT, destination="centre", prepared=1, by="x")
        run(house.lane("public"), house)
        assert house.states("public") == [*["FINAL"] * 5, "FAILED"]
        assert house.outbox("public")[5]["error_code"] == "OfferOpen"
        assert history(house.node("public"), package)[-1] == (5, 200)


def test_reverted_for_good_after_it_was_mined_fails(
    house: "House", monkeypatch: pytest.MonkeyPatch
) -> None:
    package = house.package()
    package.enter()
    run(house.lane("private"), house)
    package.tell(Kind.EMPTY_PACKAGE_EXIT, destination="centre", prepared=0, by="x")
    lane = house.lane("private")
    real, asked = lane._node.check, list[int]()

    def blind(call: Any) -> Revert | None:
        asked.append(1)
        return real(call) if len(asked) > 1 else None

    monkeypatch.setattr(lane._node, "check", blind)
    run(lane, house)
    row = house.outbox("private")[1]
    assert (row["state"], row["error_code"], row["tries"]) == ("FAILED", "NoRoute", 1)
