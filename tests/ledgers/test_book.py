from typing import TYPE_CHECKING

import pytest

from fognode.events import Event, Kind, Row
from fognode.ledgers.book import Book
from tests.ledgers.passes import NOW_MS, history, run

if TYPE_CHECKING:
    from fognode.trial.chains import TrialChains
    from tests.ledgers.conftest import House, Package

pytestmark = pytest.mark.chain


def ask_again(house: "House", package: "Package", number: int, chain: str = "private") -> None:
    facts = {"package": package.package, "chain": chain, "reason": "role was granted", "by": "ana"}
    kind, origin = Kind.LEDGER_RESUMED, f"q/again-{package.serial}-{chain}-{number}"
    house.commit([Event(kind=kind, origin=origin, happened_at_ms=NOW_MS, facts=facts)], [])


def stop_at_the_offer(house: "House", chains: "TrialChains") -> "Package":
    """Live until the centre, which lost its role, cannot be offered the package."""
    package = house.package()
    package.enter()
    package.live()
    with chains.private.token() as (web3, token):
        role = (web3.keccak(text="DISPOSAL"), chains.centre.address)
        token.functions.revokeRole(*role).transact({"from": web3.eth.accounts[0], "gas": 200_000})
    run(house.lane("private"), house)
    return package


@pytest.fixture
def stopped(house: "House", chains: "TrialChains") -> "Package":
    return stop_at_the_offer(house, chains)


@pytest.fixture(autouse=True)
def role_is_given_back(chains: "TrialChains") -> "object":
    yield
    grant(chains)


def grant(chains: "TrialChains") -> None:
    with chains.private.token() as (web3, token):
        role = (web3.keccak(text="DISPOSAL"), chains.centre.address)
        token.functions.grantRole(*role).transact({"from": web3.eth.accounts[0], "gas": 200_000})


def test_failed_step_goes_on_with_the_same_hash_once_somebody_asks(
    house: "House", chains: "TrialChains", stopped: "Package"
) -> None:
    stopped.tell(Kind.PACKAGE_RESTATED, was=5, state=4, by="")  # waits behind it
    run(house.lane("private"), house)
    assert house.states("private")[-2:] == ["FAILED", "QUEUED"]
    failed = house.outbox("private")[-2]
    grant(chains)
    run(house.lane("private"), house, NOW_MS + 60_000)  # nobody asked
    assert house.states("private")[-2:] == ["FAILED", "QUEUED"]
    ask_again(house, stopped, 1)
    run(house.lane("private"), house, NOW_MS + 120_000)
    assert set(house.states("private")) == {"FINAL"}
    assert house.outbox("private")[-2]["data_hash"] == failed["data_hash"]
    assert [kind for _, kind in history(house.node("private"), stopped)][-2:] == [200, 202]


def test_each_asking_is_one_try_and_each_failure_is_told(
    house: "House", stopped: "Package"
) -> None:
    lane = house.lane("private")
    for number in (1, 2):
        ask_again(house, stopped, number)
        run(lane, house, NOW_MS + number * 60_000)
        assert house.states("private")[-1] == "FAILED"
        assert len(house.kept(Kind.LEDGER_FAILED)) == 1 + number
    run(house.lane("private"), house, NOW_MS + 300_000)  # after a restart: nobody asked since
    assert len(house.kept(Kind.LEDGER_FAILED)) == 3
    origins = [told.origin.rpartition("/")[2] for told in house.kept(Kind.LEDGER_FAILED)]
    assert origins == ["failed", "failed.1", "failed.2"]


def test_asking_for_another_chain_or_package_changes_nothing(
    house: "House", chains: "TrialChains", stopped: "Package"
) -> None:
    grant(chains)
    ask_again(house, stopped, 1, chain="public")
    ask_again(house, house.package(), 2)
    run(house.lane("private"), house, NOW_MS + 60_000)
    assert house.states("private")[-1] == "FAILED"


def test_record_that_reached_the_chain_after_all_is_taken_and_not_written_twice(
    house: "House", chains: "TrialChains", stopped: "Package"
) -> None:
    grant(chains)
    failed = house.outbox("private")[-1]
    seq, token = len(house.outbox("private")), int(stopped.token, 16)
    chains.device.write(
        chains.private, "offer", token, seq, chains.centre.address,
        bytes.fromhex(failed["data_hash"]),
    )  # fmt: skip
    # Whatever number it was planned under, it is looked for.
    values = {name: value for name, value in {**failed, "seq": 99}.items() if name != "hash"}
    house.commit([], [Row(table="chain_outbox", values=values)])
    ask_again(house, stopped, 1)
    run(house.lane("private"), house, NOW_MS + 60_000)
    row = next(row for row in house.outbox("private") if row["kind"] == 200)
    assert (row["state"], row["nonce"]) == ("FINAL", -1)
    assert [kind for _, kind in history(house.node("private"), stopped)].count(200) == 1


def test_rows_without_a_nonce_do_not_count(house: "House") -> None:
    house.package().enter()
    book = Book("private", house.reader, house.commit)
    assert book.next_nonce(7) == 7
    assert book.has_work()
    assert not Book("public", house.reader, house.commit).stopped()
