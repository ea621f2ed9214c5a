"""The audit itself: it must see what is lost, doubled, altered or out of order."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from fognode import hashing
from fognode.events import Stored
from fognode.store.bodies import stored_event
from fognode.store.reader import Reader
from tests.crash.audit import Audit
from tests.crash.ledger_board import LedgerBoard

EVENTS = 8


class ListReader(Reader):
    """Gives a list of bodies as the store would."""

    def __init__(self, bodies: Sequence[bytes], links: Sequence[bytes] = ()) -> None:
        self.bodies = bodies
        self.links = list(links) or chain(bodies)

    def events(self, after: int = 0, limit: int = 500, kinds: Sequence[str] = ()) -> list[Stored]:
        there = enumerate(self.bodies, 1)
        return [stored_event(n, bytes(16), b) for n, b in there if after < n <= after + limit]

    def link(self, seq: int) -> bytes:
        return self.links[seq - 1]


def chain(bodies: Sequence[bytes]) -> list[bytes]:
    links = [hashing.GENESIS]
    for body in bodies:
        links.append(hashing.link_hash(links[-1], body))
    return links[1:]


@pytest.fixture
def board(tmp_path: Path) -> LedgerBoard:
    made = LedgerBoard("cab01", tmp_path / "port", tmp_path / "ledger")
    while not made.told:
        pass
    made.close()
    return made


def body(board: LedgerBoard, count: int, **changes: object) -> bytes:
    ms, sensor, word, value = board.told[count - 1]
    told = {
        "board_ms": ms,
        "facts": {"board": "cab01", "distance_mm": value, "sensor": sensor},
        "happened_at_ms": 1,
        "kind": f"distance_{word}",
        "origin": f"b/cab01/1/{count}",
        "recorded_at_ms": 1,
    }
    return json.dumps({**told, **changes}).encode()


def audited(board: LedgerBoard, bodies: Sequence[bytes], links: Sequence[bytes] = ()) -> Audit:
    audit = Audit({"cab01": board})
    audit.read(ListReader(bodies, links))
    return audit


def test_all_that_was_told_in_order_is_well(board: LedgerBoard) -> None:
    audit = audited(board, [body(board, n) for n in range(1, EVENTS + 1)])
    assert (audit.lost({"cab01": EVENTS}), audit.doubled, audit.faults) == (0, 0, [])


def test_missing_events_are_lost_in_the_middle_and_at_the_end(board: LedgerBoard) -> None:
    audit = audited(board, [body(board, n) for n in (1, 2, 4, 5)])
    assert audit.lost({"cab01": 7}) == 3
    assert audit.lost({"cab01": 2}) == 0
    assert audit.lost({"cab02": 1}) == 1


def test_an_event_told_twice_is_doubled(board: LedgerBoard) -> None:
    assert audited(board, [body(board, n) for n in (1, 2, 2, 3)]).doubled == 1


def test_an_event_behind_its_time_is_a_fault(board: LedgerBoard) -> None:
    audit = audited(board, [body(board, n) for n in (1, 3, 2)])
    assert audit.faults == ["b/cab01/1/2 stands behind 3"]


def test_another_content_is_a_fault(board: LedgerBoard) -> None:
    assert audited(board, [body(board, 1, board_ms=10**6)]).faults
    assert audited(board, [body(board, 1, kind="board_gap")]).faults


def test_a_broken_chain_is_a_fault(board: LedgerBoard) -> None:
    assert audited(board, [body(board, 1)], [bytes(32)]).faults
