"""What did not come before a pack is named exactly; what came is not waited for."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fognode.cli import receipts
from fognode.cli.receipts import ask_receipts
from fognode.config import Config, parse
from fognode.errors import AwayError, RefusedError
from fognode.events import Event, Json, Kind, Row, RowValues
from fognode.hashing import Stamp, event_id, freeze
from fognode.store.engines import open_engine
from fognode.store.reader import Reader
from fognode.store.writer import Writer
from tests.blank import lay_database
from tests.daemon.test_glance import CHAIN
from tests.page.conftest import step_row

PUBLIC = {**CHAIN, "name": "public", "chain_id": 7002}
OWED = "n/anchor/2-ab"
STAMP = Stamp(farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=9, clock_ok=True)


class Farm:
    """A record, and a daemon that only does what a test says."""

    def __init__(self, folder: Path, chains: list[dict[str, Any]]) -> None:
        farm = {"id": "farm-7", "folder": str(folder / "node")}
        self.config: Config = parse({"farm": farm, "chain": chains})
        lay_database(self.config)
        self.reader = Reader(open_engine(self.config, "reader"))
        self.writer = Writer(open_engine(self.config, "writer"), self.reader)
        self.lock = threading.Lock()

    def tell(self, kind: str, origin: str, *rows: Row, **facts: Json) -> int:
        event = Event(kind=kind, origin=origin, happened_at_ms=1, facts=facts)
        with self.lock:
            return self.writer.keep([freeze(event, STAMP)], rows)[0]

    def sign(self, size: int) -> None:
        values: RowValues = {
            "size": size,
            "root": bytes(32),
            "note": "",
            "range_json": "[]",
            "link": bytes(32),
            "at_ms": 1,
        }
        self.writer.keep([], [Row(table="checkpoint", values=values)])

    def owe(self, chain: str, state: str, **changed: str) -> None:
        owed = event_id(OWED).hex()
        values = step_row(chain, "", 0, state).values | {
            "id": f"{chain}/{owed}",
            "event_id": owed,
            "method": "anchor",
            "tx_hash": "",
            **changed,
        }
        self.writer.keep([], [Row(table="chain_outbox", values=values)])

    def anchor(self, chain: str, size: int) -> None:
        origin = f"c/{chain}/{size}/final"
        self.tell("checkpoint_anchored", origin, chain=chain, size=size)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Farm]]:
    made: list[Farm] = []

    def farm(*chains: dict[str, Any]) -> Farm:
        made.append(Farm(tmp_path, list(chains)))
        return made[-1]

    yield farm
    for one in made:
        one.writer.close()


@pytest.fixture
def farm(make: Callable[..., Farm], monkeypatch: pytest.MonkeyPatch) -> Farm:
    """A farm with both chains, whose daemon signs two events and owes their anchor."""
    farm = make(CHAIN, PUBLIC)

    def answer(folder: Path, kind: str, facts: dict[str, Json]) -> int:
        assert (folder, kind, facts) == (farm.config.folder, Kind.ANCHOR_ASKED, {})
        seq = farm.tell("anchor_asked", "q/0b7c8c7e-3f5c-4a7e-9a55-1d3f8f2b7a11")
        farm.sign(seq)
        farm.tell("anchor_owed", OWED, size=seq, root="ab")
        return seq

    monkeypatch.setattr(receipts, "send_request", answer)
    monkeypatch.setattr(receipts, "LOOK_S", 0.01)
    return farm


def ask(farm: Farm, wait_s: float = 0.05) -> list[str]:
    return ask_receipts(farm.config, farm.reader, wait_s)


def test_with_no_appliance_running_that_is_what_is_missing(make: Callable[..., Farm]) -> None:
    [line] = ask(make(CHAIN))
    assert line.startswith("neither a checkpoint nor an anchor was made for this pack: no applian")


@pytest.mark.parametrize("error", [AwayError("gone"), RefusedError("not taken (503): away")])
def test_what_the_appliance_says_is_passed_on(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: object) -> int:
        raise error

    monkeypatch.setattr(receipts, "send_request", refuse)
    assert ask(farm) == [f"neither a checkpoint nor an anchor was made for this pack: {error}"]


def test_receipts_that_come_in_time_are_not_missing(farm: Farm) -> None:
    def anchor() -> None:
        for chain in ("private", "public"):
            farm.anchor(chain, 2)

    late = threading.Timer(0.2, anchor)
    late.start()
    begun = time.monotonic()
    assert ask(farm, 20) == []
    assert time.monotonic() - begun < 10
    late.join()


def test_each_chain_that_did_not_answer_is_named_with_its_state(farm: Farm) -> None:
    farm.anchor("private", 2)
    farm.owe("public", "SENT", tx_hash="0xfeed")
    guard: RowValues = {
        "chain": "public",
        "chain_id": 7002,
        "genesis_hash": "",
        "contract": "",
        "code_hash": "",
        "last_final_number": 0,
        "last_final_hash": "",
        "state": "AWAY",
        "reason": "no route",
        "head_number": 0,
        "updated_at_ms": 1,
        "as_of_seq": 1,
    }
    farm.writer.keep([], [Row(table="chain_guard", values=guard)])
    [line] = ask(farm)
    assert line == (
        "no anchor of 2 events on chain public within 0.05 s: the step is SENT,"
        " transaction 0xfeed is not final, the chain is AWAY no route"
    )


def test_a_step_nobody_took_up_is_named(farm: Farm) -> None:
    assert ask(farm) == [
        f"no anchor of 1 events on chain {chain} within 0.05 s:"
        " the step is not taken up, the chain is not reached yet"
        for chain in ("private", "public")
    ]


def test_a_final_no_is_not_waited_for(farm: Farm) -> None:
    for chain in ("private", "public"):
        farm.owe(chain, "FAILED", error_text="reverted: PackageWrongSeq")
    begun = time.monotonic()
    lines = ask(farm, 20)
    assert time.monotonic() - begun < 10
    assert len(lines) == 2
    assert "the step is FAILED, reverted: PackageWrongSeq" in lines[0]


def test_a_record_that_does_not_verify_is_why_nothing_is_anchored(farm: Farm) -> None:
    farm.tell("verify_failed", "n/verify/1", findings_count=1)
    lines = ask(farm)
    assert lines[0] == (
        "no anchor for this pack: nothing is anchored while the record does not verify (event 1)"
    )


def test_a_checkpoint_that_was_not_signed_is_missing(
    make: Callable[..., Farm], monkeypatch: pytest.MonkeyPatch
) -> None:
    farm = make()
    monkeypatch.setattr(receipts, "send_request", lambda *_: 7)
    assert ask(farm) == [
        "the appliance signed no checkpoint for this pack; the last one has 0 events",
        "no anchor for this pack: no chain is configured",
    ]
