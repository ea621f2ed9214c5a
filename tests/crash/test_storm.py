"""The history checker finds what is missing, doubled, altered or late, and a storm has none.

The long run is ``python -m tests.crash.storm``; this is the same code with fewer faults.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.crash.storm import compare, storm
from tests.crash.storm_board import StormBoard, Told

SEED, FAULTS, LEAST = 20261122, 12, 500
LEDGER: dict[int, list[Told]] = {
    1: [(5, "D1", "move", 37), (9, "L1", "open", 859)],
    2: [(4, "D1", "move", 74)],
}
Told2 = tuple[str, str, int, dict[str, object]]
RIGHT: list[Told2] = [
    ("distance_move", "b/cab01/1/1", 5, {"sensor": "D1", "distance_mm": 37}),
    ("light_open", "b/cab01/1/2", 9, {"sensor": "L1", "light_counts": 859}),
    ("distance_move", "b/cab01/2/1", 4, {"sensor": "D1", "distance_mm": 74}),
]


@pytest.fixture
def board(tmp_path: Path) -> Iterator[StormBoard]:
    made = StormBoard("cab01", tmp_path / "port", 0.0)
    made.told = LEDGER
    try:
        yield made
    finally:
        made.close()


def wrong(folder: Path, board: StormBoard, rows: list[Told2]) -> list[str]:
    with closing(sqlite3.connect(folder / "record.db")) as record, record:
        record.execute("CREATE TABLE event (seq INTEGER PRIMARY KEY, kind TEXT, body TEXT)")
        for kind, origin, board_ms, facts in rows:
            body = {"origin": origin, "board_ms": board_ms, "facts": facts}
            told = (kind, json.dumps(body))
            record.execute("INSERT INTO event (kind, body) VALUES (?, ?)", told)
    return compare(folder / "record.db", [board]).wrong


def test_record_that_is_as_it_was_told_is_right(tmp_path: Path, board: StormBoard) -> None:
    assert wrong(tmp_path, board, RIGHT) == []


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (RIGHT[:2], "b/cab01/2/1 is missing"),
        (RIGHT + RIGHT[2:], "b/cab01/2/1 is there twice"),
        ([RIGHT[0], RIGHT[2], RIGHT[1]], "b/cab01/1/2 stands behind (2, 1)"),
        ([RIGHT[0], RIGHT[1], (*RIGHT[2][:2], 5, RIGHT[2][3])], "is not what cab01 told"),
        ([*RIGHT, ("distance_move", "b/cab01/2/2", 9, RIGHT[2][3])], "is not what cab01 told"),
        ([*RIGHT, ("board_gap", "n/board_gap/cab01/2/2-3", 0, {})], "board_gap"),
    ],
)
def test_record_that_is_otherwise_is_found(
    tmp_path: Path, board: StormBoard, rows: list[Told2], words: str
) -> None:
    found = wrong(tmp_path, board, rows)
    assert any(words in one for one in found), found


@pytest.mark.whole
def test_after_a_storm_ledger_and_record_agree_event_for_event(tmp_path: Path) -> None:
    """A33, A135."""
    # Told is what is acknowledged in time, so on a busy machine the faults alone may see few.
    history = storm(tmp_path, SEED, FAULTS, LEAST)
    assert history.wrong == []
    assert history.told >= LEAST
    assert history.starts > 3
