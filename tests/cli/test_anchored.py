"""What chains hold of a farm's logs: compared as far as each log goes, the rest is named."""

from pathlib import Path

import pytest

from fognode.cli.anchored import (
    NO_CHAIN,
    Asked,
    Logs,
    ask_chains,
    checkpoints_anchored,
    logs_of,
    losses_told,
)
from fognode.config import Config, parse
from fognode.daemon.succession import stopped
from fognode.errors import AwayError
from fognode.events import Event, Json, Kind
from fognode.hashing import keccak
from fognode.ledgers import reading
from fognode.ledgers.calls import Anchored
from fognode.store.prepare import prepare_database

OLD, NEW = "fognode.farm-7", "fognode.farm-7/20261120T184000Z-abcdef"
CHAIN = {
    "name": "private",
    "url": "http://127.0.0.1:9",
    "chain_id": 31337,
    "contract": f"0x{'0' * 40}",
    "code_hash": "0" * 64,
    "farm": f"0x{'0' * 40}",
    "centre": f"0x{'0' * 40}",
    "keystore": "k",
}


def anchors(*sizes: int) -> tuple[list[Anchored], tuple[int, int, str]]:
    """Make what a chain tells of a log, and what its contract holds."""
    head, made = bytes(32), list[Anchored]()
    for number, size in enumerate(sizes, 1):
        root = bytes([size]) * 32
        head = keccak(head + number.to_bytes(32) + root + size.to_bytes(32))
        made.append(
            Anchored(
                log_id="",
                number=number,
                size=size,
                root=root.hex(),
                head=head.hex(),
                actor="",
                tx_hash="",
                block_number=70 + number,
                block_hash="",
            )
        )
    return made, (len(made), sizes[-1] if sizes else 0, head.hex())


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return parse({"farm": {"id": "farm-7", "folder": str(tmp_path)}, "chain": [CHAIN]})


@pytest.fixture
def logs(config: Config) -> Logs:
    """A log that ended with 7 of its 20 events, and the one that was begun then."""
    prepare_database(config)
    facts: dict[str, Json] = {
        "old_log": OLD,
        "old_size": 20,
        "kept_size": 7,
        "log": NEW,
        "by": "ana",
        "reason": "the disk died",
    }
    kind, origin = Kind.RECORD_RESTORED, "n/record_restored/1"
    with stopped(config) as record:
        assert logs_of(record.reader, "farm-7") == {OLD: None}
        record.keep(Event(kind=kind, origin=origin, happened_at_ms=1, facts=facts))
        return logs_of(record.reader, "farm-7")


def asked(
    config: Config, logs: Logs, held: dict[str, tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> Asked:
    monkeypatch.setattr(reading, "anchors_on_chain", lambda _, log: anchors(*held.get(log, ())))
    return ask_chains(config, logs)


def test_each_log_is_compared_as_far_as_it_goes(
    config: Config, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = asked(config, logs, {OLD: (5, 12, 20), NEW: (9, 15)}, monkeypatch)
    assert [(mark.size, mark.where) for mark in told.marks] == [
        (5, "private chain block 71"),
        (9, "private chain block 71"),
        (15, "private chain block 72"),
    ]
    assert told.wrong == []
    assert told.notes == [
        f"private chain: 2 anchors of log {OLD} hold more than the 7 events that are left of it:"
        " see event 1"
    ]


def test_list_of_an_ended_log_is_still_checked(
    config: Config, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, (number, size, head) = anchors(5, 20)
    bent = {OLD: (found, (number + 1, size, head))}
    monkeypatch.setattr(reading, "anchors_on_chain", lambda _, log: bent.get(log, anchors()))
    (wrong,) = ask_chains(config, logs).wrong
    assert wrong.reason == "the node tells of 2 anchors, the contract of 3"


def test_loss_is_named_with_who_accepted_it(logs: Logs) -> None:
    assert list(losses_told(logs)) == [
        f"log {OLD} ended with event 1: events 8 to 20 were lost; accepted by ana: the disk died"
    ]


def test_chain_that_does_not_answer_is_a_note(
    config: Config, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise AwayError("nobody there")

    monkeypatch.setattr(reading, "anchors_on_chain", away)
    assert ask_chains(config, logs).notes == ["anchors not checked: private chain: nobody there"]
    assert ask_chains(parse({"farm": {"id": "farm-7"}}), logs).notes == [NO_CHAIN]


def test_checkpoints_of_a_log_are_told_for_a_loss(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "anchors_on_chain", lambda *_: anchors(5, 20))
    found, notes = checkpoints_anchored(config, OLD)
    assert [(one.log, one.size, one.root) for one in found] == [
        (OLD, 5, b"\x05" * 32),
        (OLD, 20, b"\x14" * 32),
    ]
    assert notes == []
