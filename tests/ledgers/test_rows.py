from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from fognode.events import Kind, Row
from fognode.ledgers.rows import Guard, ledger_event, read_due, read_guard

if TYPE_CHECKING:
    from tests.ledgers.conftest import House

NOW_MS = 1_795_241_520_000


@pytest.fixture
def farm(make_house: Callable[..., "House"]) -> "House":
    """A house with a chain that is never asked."""
    chain = {
        "name": "private",
        "url": "http://127.0.0.1:1",
        "chain_id": 7001,
        "contract": "0x" + "12" * 20,
        "code_hash": "0" * 64,
        "farm": "0x" + "1" * 40,
        "centre": "0x" + "2" * 40,
        "keystore": "keys/device.json",
    }
    return make_house(chain=[chain])


def test_what_the_journey_owes_is_read_back_in_order_and_by_state(farm: "House") -> None:
    package = farm.package()
    package.enter()
    package.handle("back")
    due = read_due(farm.reader, "private", "QUEUED")
    assert [(d.seq, d.method, d.kind) for d in due] == [(1, "register", 1), (2, "record", 1002)]
    assert due[1].depends_on == due[0].id
    assert due[0].call().args["to"] == "0x" + "1" * 40
    assert read_due(farm.reader, "private", "SENT", "MINED") == []
    assert read_due(farm.reader, "public", "QUEUED") == []


def test_guard_comes_back_as_it_was_kept(farm: "House") -> None:
    assert read_guard(farm.reader, "private") is None
    guard = Guard(
        chain="private",
        chain_id=7001,
        genesis_hash="0xab",
        contract="0x12",
        code_hash="cd",
        last_final_number=7,
        last_final_hash="0xef",
        state="OK",
        reason="",
        head_number=9,
        updated_at_ms=NOW_MS,
    )
    farm.commit([], [Row(table="chain_guard", values=asdict(guard))])
    assert read_guard(farm.reader, "private") == guard


def test_ledger_event_is_named_by_chain_and_transaction() -> None:
    event = ledger_event(Kind.LEDGER_SEEN, "0xab/seen", {"chain": "public"}, NOW_MS)
    assert event.origin == "c/public/0xab/seen"
