"""A checkpoint stands on both chains, each once, whatever is killed on the way."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from fognode.errors import AwayError, ConfigError
from fognode.events import Event, Kind, Row, RowValues, Stored
from fognode.hashing import sha256
from fognode.ledgers import anchor
from fognode.ledgers.calls import GAS, Anchored
from fognode.ledgers.logs import BATCH_TOPIC
from fognode.ledgers.outbox import Lane
from fognode.ledgers.reading import anchors_on_chain, contract_abi
from fognode.store.checkpoint import Checkpoint, Signer

if TYPE_CHECKING:
    from fognode.trial.chains import TrialChains
    from tests.ledgers.conftest import House

NOW_MS = 1_795_241_520_000
FARM = "0x" + "11" * 20
SEED = "07" * 32
CHAIN = {
    "url": "http://127.0.0.1:1",
    "contract": "0x" + "12" * 20,
    "code_hash": "0" * 64,
    "farm": FARM,
    "centre": FARM,
    "keystore": "keys/device.json",
}
BOTH = [{**CHAIN, "name": "private", "chain_id": 1}, {**CHAIN, "name": "public", "chain_id": 2}]


class KilledError(BaseException):
    """The process died here; nothing may catch it."""


class Log:
    """One log of a house and its fold, as the daemon runs it."""

    def __init__(self, house: "House") -> None:
        self.house, self.name = house, f"fognode.example/{uuid4().hex}"
        self.state, self.cursor = anchor.State(), 0

    def checkpoint(self) -> Checkpoint:
        """Sign all that is kept now, as the store thread does."""
        size = self.house.reader.head()[0]
        made = Checkpoint(log=self.name, size=size, root=self.root_at(size))
        values: RowValues = {
            "size": size,
            "root": made.root,
            "note": Signer(self.name, SEED).sign(made).decode(),
            "range_json": "[]",
            "link": bytes(32),
            "at_ms": NOW_MS,
        }
        self.house.commit([], [Row(table="checkpoint", values=values)])
        return made

    def root_at(self, size: int) -> bytes:
        return sha256(f"{self.name} {size}".encode())

    def happen(self) -> None:
        event = Event(
            kind=Kind.REJECTED, origin=f"q/{uuid4()}", happened_at_ms=NOW_MS, facts={"what": "x"}
        )
        self.house.commit([event], [])

    def owe(self) -> Checkpoint:
        """Let something happen, ask for an anchor of it, and fold that."""
        self.happen()
        told = self.checkpoint()
        event = anchor.wanted(self.house.reader, NOW_MS)
        assert event is not None
        self.house.commit([event], [])
        self.follow()
        return told

    def follow(self) -> None:
        for told in self.house.reader.events(after=self.cursor, limit=5000):
            outcome = anchor.step(self.state, told, self.house.plan)
            self.house.commit(outcome.events, outcome.rows)
            self.cursor = told.seq

    def run(self, *names: str, start_ms: int = NOW_MS, lane: Lane | None = None) -> None:
        for name in names:
            sender = lane or self.house.lane(name)
            for number in range(12):
                sender.pass_once(start_ms + number * 1_000)
                self.follow()

    def on(self, chain: str) -> tuple[list[Anchored], tuple[int, int, str]]:
        return anchors_on_chain(self.house.settings(chain), self.name)

    def objections(self, chain: str) -> list[str]:
        return anchor.objections(*self.on(chain), self.root_at)


@pytest.fixture
def log(house: "House") -> Log:
    return Log(house)


@pytest.fixture
def quiet(make_house: Callable[..., "House"]) -> Log:
    """Give a log whose chains nobody has to answer for."""
    return Log(make_house(chain=BOTH))


# --- what is owed ------------------------------------------------------------------------


def test_both_chains_are_owed_the_same_checkpoint_each_once(quiet: Log) -> None:
    told = quiet.owe()
    quiet.follow()
    private, public = quiet.house.outbox("private")[0], quiet.house.outbox("public")[0]
    for row in (private, public):
        assert (row["method"], row["seq"], row["kind"], row["state"]) == ("anchor", 1, 0, "QUEUED")
        assert row["data_hash"] == told.root.hex()
    assert private["args_json"] == public["args_json"]
    assert private["args_json"] == (
        f'{{"farm":"{FARM}","log":"{quiet.name}","number":1,"root":"{told.root.hex()}",'
        f'"size":{told.size}}}'
    )
    assert private["id"] != public["id"]


def test_nothing_is_asked_for_before_something_else_happens(quiet: Log) -> None:
    reader = quiet.house.reader
    assert anchor.wanted(reader, NOW_MS) is None  # no checkpoint yet
    quiet.owe()
    assert anchor.wanted(reader, NOW_MS) is None
    anchored = Event(
        kind=Kind.CHECKPOINT_ANCHORED,
        origin="c/private/0x1/final",
        happened_at_ms=NOW_MS,
        facts={"chain": "private", "log": quiet.name, "number": 1},
    )
    quiet.house.commit([anchored], [])
    quiet.checkpoint()
    assert anchor.wanted(reader, NOW_MS) is None  # only its own traces
    quiet.happen()
    told = quiet.checkpoint()
    event = anchor.wanted(reader, NOW_MS)
    assert event is not None
    assert event.facts == {"log": quiet.name, "size": told.size, "root": told.root.hex()}


def test_checkpoint_that_does_not_cover_the_news_is_not_anchored(quiet: Log) -> None:
    quiet.owe()
    quiet.happen()
    assert anchor.wanted(quiet.house.reader, NOW_MS) is None


def test_record_that_does_not_verify_is_not_confirmed(quiet: Log) -> None:
    def verdict(kind: str) -> None:
        told = Event(kind=kind, origin=f"n/verify/{uuid4().hex}", happened_at_ms=NOW_MS)
        quiet.house.commit([told], [])

    verdict(Kind.VERIFY_FAILED)
    quiet.checkpoint()
    assert anchor.wanted(quiet.house.reader, NOW_MS) is None
    verdict(Kind.VERIFY_PASSED)
    assert anchor.wanted(quiet.house.reader, NOW_MS) is not None


def test_asking_twice_is_one_event_and_a_smaller_size_is_never_owed(quiet: Log) -> None:
    quiet.happen()
    first = quiet.checkpoint()
    asked = [anchor.wanted(quiet.house.reader, NOW_MS + again) for again in range(2)]
    assert None not in asked
    for event in asked:
        quiet.house.commit([event] if event else [], [])
    smaller = Event(
        kind=Kind.ANCHOR_OWED,
        origin="n/anchor/forged",
        happened_at_ms=NOW_MS,
        facts={"log": quiet.name, "size": first.size - 1, "root": "00" * 32},
    )
    quiet.house.commit([smaller], [])
    quiet.follow()
    assert len(quiet.house.kept(Kind.ANCHOR_OWED)) == 2
    assert len(quiet.house.outbox("private")) == 1


def test_folding_again_plans_the_same_rows(quiet: Log) -> None:
    for _ in range(3):
        quiet.owe()
    again, planned = anchor.State(), list[Any]()
    for told in quiet.house.kept():
        planned += anchor.step(again, told, quiet.house.plan).rows
    assert again == quiet.state
    kept = quiet.house.outbox("private") + quiet.house.outbox("public")
    assert {(r.values["id"], r.values["seq"], r.values["depends_on"]) for r in planned} == {
        (row["id"], row["seq"], row["depends_on"]) for row in kept
    }
    assert [row["seq"] for row in quiet.house.outbox("public")] == [1, 2, 3]


# --- what the chains hold ----------------------------------------------------------------


def test_topic_is_that_of_the_contract() -> None:
    from fognode.hashing import keccak  # noqa: PLC0415

    batch = next(e for e in contract_abi() if e["type"] == "event" and e["name"] == "Batch")
    kinds = ",".join(item["type"] for item in batch["inputs"])
    assert kinds == "bytes32,uint32,address,bytes32,uint64,bytes32"
    assert f"0x{keccak(f'Batch({kinds})'.encode()).hex()}" == BATCH_TOPIC


@pytest.mark.chain
def test_same_triples_stand_on_both_chains_and_agree_with_the_record(log: Log) -> None:
    told = []
    for _ in range(3):
        told.append(log.owe())
        log.run("private")
    log.run("public")  # was away for all three
    wanted = [(n, one.size, one.root.hex()) for n, one in enumerate(told, start=1)]
    for chain in ("private", "public"):
        found, last = log.on(chain)
        assert [(one.number, one.size, one.root) for one in found] == wanted
        assert last == (3, told[-1].size, found[-1].head)
        assert log.objections(chain) == []
        assert log.house.states(chain) == ["FINAL"] * 3
    events = log.house.kept(Kind.CHECKPOINT_ANCHORED)
    assert [(e.text("chain"), e.number("number"), e.text("root")) for e in events] == [
        (chain, number, root) for chain in ("private", "public") for number, _, root in wanted
    ]
    first = log.on("private")[0][0]
    assert events[0].text("tx_hash") == first.tx_hash
    assert events[0].number("block_number") == first.block_number
    assert events[0].text("log") == log.name
    assert log.house.kept(Kind.LEDGER_FINAL, Kind.LEDGER_FAILED) == []


@pytest.mark.chain
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", ["sign", "commit", "send", "receipt"])
def test_killed_at_any_step_each_checkpoint_is_anchored_once(
    log: Log, step: str, before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [log.owe() for _ in range(3)]
    killed = 0
    for die_at in range(1, 12):  # the n-th call of this step kills the process
        lane = log.house.lane("public")
        owner: Any = lane._book if step == "commit" else lane._node
        name = "_commit" if step == "commit" else step
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, mortal(getattr(owner, name), die_at, before=before))
            try:
                log.run("public", start_ms=NOW_MS + die_at * 60_000, lane=lane)
            except KilledError:
                killed += 1
            else:
                break  # nothing was left to be killed at
    log.run("public", start_ms=NOW_MS + 3_600_000)
    assert killed >= 2
    assert [(one.number, one.size) for one in log.on("public")[0]] == [
        (n, one.size) for n, one in enumerate(told, start=1)
    ]
    assert len(log.house.kept(Kind.CHECKPOINT_ANCHORED)) == 3
    assert log.objections("public") == []


def mortal(real: Callable[..., Any], die_at: int, *, before: bool) -> Callable[..., Any]:
    calls = 0

    def dying(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == die_at and before:
            raise KilledError
        result = real(*arguments)
        if calls == die_at:
            raise KilledError
        return result

    return dying


@pytest.mark.chain
def test_anchor_that_stands_already_is_adopted_after_a_restore(log: Log) -> None:
    log.owe()
    log.owe()
    log.run("private")
    made = log.on("private")[0]
    for row in log.house.outbox("private"):
        blank = {"state": "QUEUED", "nonce": -1, "tx_hash": "", "block_number": 0, "tries": 0}
        values = {k: v for k, v in {**row, **blank}.items() if k != "hash"}
        log.house.commit([], [Row(table="chain_outbox", values=values)])
    log.run("private", start_ms=NOW_MS + 60_000)
    assert log.on("private")[0] == made
    rows = log.house.outbox("private")
    assert [(r["state"], r["seq"], r["tx_hash"]) for r in rows] == [
        ("FINAL", one.number, one.tx_hash) for one in made
    ]
    assert len(log.house.kept(Kind.CHECKPOINT_ANCHORED)) == 2


@pytest.mark.chain
def test_number_that_was_taken_is_counted_on(log: Log, chains: "TrialChains") -> None:
    foreign = (chains.farm_address, log.name, 1, bytes(32), 1)
    chains.farm.write(chains.private, "anchor", *foreign)  # by the owner's own hand
    log.house.commit([started()], [])
    told = log.owe()
    log.run("private")
    assert [(one.number, one.size) for one in log.on("private")[0]] == [(1, 1), (2, told.size)]
    assert log.objections("private") == ["anchor 1 fixed 1 events that were changed since"]
    (final,) = log.house.kept(Kind.CHECKPOINT_ANCHORED)
    assert final.number("number") == 2
    log.owe()
    assert [row["seq"] for row in log.house.outbox("private")] == [2, 3]


def started() -> Event:
    return Event(kind=Kind.NODE_STARTED, origin=f"n/start/{uuid4().hex}", happened_at_ms=NOW_MS)


@pytest.mark.chain
def test_record_behind_the_chain_is_told_and_the_next_checkpoint_goes_on(
    log: Log, chains: "TrialChains"
) -> None:
    told = log.owe()
    ahead = (chains.farm_address, log.name, 1, bytes(32), told.size + 2)
    chains.farm.write(chains.private, "anchor", *ahead)
    log.run("private")
    row = log.house.outbox("private")[0]
    assert (row["state"], row["error_code"]) == ("FAILED", "WrongSize")
    (failed,) = log.house.kept(Kind.LEDGER_FAILED)
    assert failed.text("cause") == row["event_id"]
    for _ in range(3):
        log.happen()
    later = log.owe()
    log.run("private", start_ms=NOW_MS + 60_000)
    assert [one.size for one in log.on("private")[0]] == [told.size + 2, later.size]
    rows = sorted(log.house.outbox("private"), key=lambda row: int(row["as_of_seq"]))
    assert [row["state"] for row in rows] == ["FAILED", "FINAL"]


@pytest.mark.chain
def test_gas_limit_of_an_anchor_leaves_half_as_much_again(log: Log) -> None:
    log.owe()
    log.owe()
    log.run("private")
    used = []
    for row in log.house.outbox("private"):
        receipt = log.house.node("private").receipt(row["tx_hash"])
        assert receipt is not None
        used.append(receipt.gas_used)
    assert 1.4 <= GAS["anchor"] / max(used) <= 2.2
    assert used[1] <= 41_000  # a warm one


@pytest.mark.chain
def test_node_of_another_chain_and_no_node_are_not_asked_for_anchors(log: Log) -> None:
    settings = log.house.settings("private")
    with pytest.raises(ConfigError, match="chain id is"):
        anchors_on_chain(replace(settings, chain_id=99), log.name)
    with pytest.raises(AwayError):
        anchors_on_chain(replace(settings, url="http://127.0.0.1:1"), log.name)


@pytest.mark.chain
def test_id_of_a_log_is_the_contracts(log: Log, chains: "TrialChains") -> None:
    from fognode.hashing import log_id  # noqa: PLC0415

    with chains.private.token() as (_, token):
        told = token.functions.logIdOf(chains.farm_address, log.name).call()
    assert log_id(chains.farm_address, log.name) == bytes(told)


# --- what does not agree -----------------------------------------------------------------

# Vector of ../shared/facts/ledgers.md, 4: (1, 32x33, 256), then (2, 32x44, 512).
HEAD = "ab56e1f37563785c0d76724fb07910836476a2fba563c0dcd68b358933bb50b9"
ROOTS = {256: bytes([0x33]) * 32, 512: bytes([0x44]) * 32}


def anchored(number: int, size: int, root: bytes, head: str) -> Anchored:
    return Anchored(
        log_id="0" * 64,
        number=number,
        size=size,
        root=root.hex(),
        head=head,
        actor=FARM,
        tx_hash=f"0x{number}",
        block_number=number,
        block_hash="0x",
    )


def first_head() -> str:
    from fognode.hashing import keccak  # noqa: PLC0415

    return keccak(bytes(32) + (1).to_bytes(32) + ROOTS[256] + (256).to_bytes(32)).hex()


FOUND = [anchored(1, 256, ROOTS[256], first_head()), anchored(2, 512, ROOTS[512], HEAD)]
LAST = (2, 512, HEAD)


def test_chain_that_agrees_has_no_objections() -> None:
    assert anchor.objections(FOUND, LAST, ROOTS.get) == []
    assert anchor.objections([], (0, 0, "00" * 32), ROOTS.get) == []


@pytest.mark.parametrize(
    ("found", "last", "roots", "said"),
    [
        (FOUND[:1], LAST, ROOTS, "the node tells of 1 anchors, the contract of 2"),
        (FOUND[1:], LAST, ROOTS, "anchor 2 does not follow on anchor 0"),
        ([], LAST, ROOTS, "the node tells of 0 anchors"),
        ([FOUND[0], replace(FOUND[1], root="55" * 32)], LAST, ROOTS, "anchor 2 does not follow"),
        (FOUND, LAST, ROOTS | {256: bytes(32)}, "anchor 1 fixed 256 events that were changed"),
        (FOUND, LAST, {256: ROOTS[256]}, "anchor 2 holds 512 events: the record lost its end"),
    ],
    ids=["hidden", "hole", "all hidden", "altered", "record edited", "record cut"],
)
def test_what_does_not_agree_is_told(
    found: list[Anchored], last: tuple[int, int, str], roots: dict[int, bytes], said: str
) -> None:
    assert any(said in one for one in anchor.objections(found, last, roots.get))


def test_other_events_owe_nothing(quiet: Log) -> None:
    quiet.happen()
    told: list[Stored] = quiet.house.kept()
    assert anchor.step(anchor.State(), told[0], quiet.house.plan).rows == []
