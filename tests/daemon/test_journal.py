import json
from pathlib import Path

import pytest

from fognode.boards.progress import Reach
from fognode.daemon.journal import Journal
from fognode.errors import StoreError
from fognode.events import Event
from fognode.hashing import Stamp, freeze

STAMP = Stamp(
    farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=1_795_241_520_171, clock_ok=True
)


def body(board: str, boot: int, count: int) -> bytes:
    origin = f"b/{board}/{boot}/{count}"
    return freeze(Event(kind="light_open", origin=origin, happened_at_ms=count), STAMP)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def test_what_is_spooled_says_how_far_each_board_reaches_at_the_next_start(folder: Path) -> None:
    first = Journal(folder)
    first.append([body("cab01", 3, n) for n in (1, 2, 3)] + [body("gate01", 1, 9)])
    first.close()
    second = Journal(folder)
    assert second.reach("cab01") == (3, 3)
    assert second.reach("gate01") == (1, 9)
    assert second.reach("other") == (0, 0)
    assert not second.knows_all  # the database may know of older ones
    assert len(second.peek(10)) == 4
    second.close()


def test_nothing_is_let_go_before_the_older_events_of_the_database_are_known(
    folder: Path,
) -> None:
    journal = Journal(folder)
    journal.append([body("cab01", 3, 1)])
    journal.peek(10)
    journal.drained([1])
    journal.release(1)
    assert not (folder / "reach.json").exists()
    cab01 = Reach(boot=2, count=99, pasts={2: (99, 5_000, 400), 3: (0, 6_000, 10)})
    journal.adopt({"old01": Reach(boot=7, count=70), "cab01": cab01})
    journal.release(1)
    told = json.loads((folder / "reach.json").read_text())
    assert told == {
        "cab01": {"boot": 3, "count": 1, "pasts": {"2": [99, 5_000, 400], "3": [1, 0, -1]}},
        "old01": {"boot": 7, "count": 70, "pasts": {}},
    }
    journal.close()
    again = Journal(folder)
    assert again.knows_all
    assert again.reach("old01") == (7, 70)
    assert again.past("cab01", 2) == (99, 5_000, 400)  # its events may yet come, after a reset
    again.close()


def test_after_a_fault_the_spool_is_opened_anew(folder: Path) -> None:
    journal = Journal(folder)
    journal.append([body("cab01", 1, 1)])
    journal.close()
    assert journal.fault
    journal.append([body("cab01", 1, 2)])
    assert journal.fault == ""
    assert len(journal.peek(10)) == 2
    journal.close()


def test_a_reach_that_cannot_be_read_stops_the_start_with_the_file_named(folder: Path) -> None:
    Journal(folder).close()
    (folder / "reach.json").write_text("{")
    with pytest.raises(StoreError, match=r"reach\.json cannot be read"):
        Journal(folder)


def test_a_tail_cut_at_the_start_is_told_of_until_an_event_tells_of_it(folder: Path) -> None:
    first = Journal(folder)
    first.append([body("cab01", 3, 1)])
    first.close()
    path = folder / "000000000000.spool"
    path.write_bytes(path.read_bytes() + b"\x05\x00\x00")
    for _ in range(2):  # crashed in between
        journal = Journal(folder)
        [cut] = journal.cuts()
        assert (cut.segment, cut.size_bytes, cut.records_before) == (path.name, 3, 1)
        journal.close()
    journal = Journal(folder)
    journal.cut_told(cut)
    assert journal.cuts() == []
    journal.close()
