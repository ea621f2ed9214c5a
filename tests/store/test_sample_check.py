"""Raw samples that are not those of their hour any more are found, on both databases."""

import pytest

from fognode import hashing
from fognode.events import Kind
from fognode.store import samples
from fognode.store.samples import DAY_MS, HOUR_MS
from tests.store.conftest import House
from tests.store.sampling import DAY, Node, hour_of_samples, sample


@pytest.fixture
def node(house: House) -> Node:
    return Node(house)


@pytest.fixture
def summed(node: Node) -> Node:
    """Three summed hours of two boards, and one that is under way."""
    for hour in range(4):
        for board in ("cab01", "gate1"):
            node.put(*hour_of_samples(DAY + hour * HOUR_MS, board))
    node.run(DAY + 3 * HOUR_MS + 120_000)
    assert len(node.told(Kind.SAMPLES_SUMMED)) == 6
    assert node.findings() == []
    return node


MIDDLE = f"at_ms = {DAY + HOUR_MS} AND board = 'cab01'"


def test_changed_row_is_found_by_its_hash_and_by_that_of_its_hour(summed: Node) -> None:
    summed.house.as_root(f"UPDATE S.sample SET readings = 'L1=0' WHERE {MIDDLE}")
    own, batch = summed.findings()
    assert own == (
        "board cab01, hour 2026-11-21T01Z: at_ms 1795222800000, board_ms 3600005:"
        " content: hash is not that of the row"
    )
    assert "hour 2026-11-21T01Z: batch: these are not the rows that event" in batch


def test_changed_row_with_its_hash_made_again_is_found_by_that_of_its_hour(summed: Node) -> None:
    values = sample(DAY + HOUR_MS, 0).values
    forged = hashing.row_hash(values).hex()
    summed.house.as_root(
        f"UPDATE S.sample SET readings = 'L1=0', hash = x'{forged}' WHERE {MIDDLE}"
    )
    (batch,) = summed.findings()
    assert batch.startswith("board cab01, hour 2026-11-21T01Z: batch:")


def test_rows_taken_out_of_an_hour_or_put_in_are_counted(summed: Node) -> None:
    summed.house.as_root(f"DELETE FROM S.sample WHERE {MIDDLE}")
    (short,) = summed.findings()
    assert "hour 2026-11-21T01Z: 5 rows, event" in short
    assert short.endswith("summed 6")
    summed.writer.keep([], [sample(DAY + HOUR_MS), sample(DAY + HOUR_MS + 1)])
    (long,) = summed.findings()
    assert "7 rows, event" in long


@pytest.mark.parametrize("board", ["cab01", "gate1"])
def test_hour_that_is_gone_while_older_ones_are_there_is_a_finding(
    summed: Node, board: str
) -> None:
    begin_ms = DAY + HOUR_MS
    summed.house.as_root(
        f"DELETE FROM S.sample WHERE board = '{board}' AND at_ms >= {begin_ms}"
        f" AND at_ms < {begin_ms + HOUR_MS}"
    )
    assert summed.findings() == [
        f"board {board}, hour 2026-11-21T01Z: its 6 rows are gone, older ones are there"
    ]


def test_board_of_which_nothing_is_left_is_a_finding(summed: Node) -> None:
    summed.house.as_root("DELETE FROM S.sample WHERE board = 'gate1'")
    assert [reason.split(":")[0] for reason in summed.findings()] == [
        f"board gate1, hour 2026-11-21T0{hour}Z" for hour in (1, 2)
    ]  # of the oldest hour nobody can tell: it may have been let go of


def test_database_without_any_raw_rows_as_after_a_restore_has_no_findings(summed: Node) -> None:
    summed.house.as_root("DELETE FROM S.sample")
    assert summed.findings() == []
    summed.put(*hour_of_samples(DAY + 9 * HOUR_MS))
    summed.run(DAY + 11 * HOUR_MS)
    assert summed.findings() == []


def test_rows_of_a_clock_that_was_never_set_are_no_reason_to_miss_others(summed: Node) -> None:
    summed.run(DAY + 20 * DAY_MS, sample_days=2)
    assert summed.count() == 0
    summed.put(sample(5), sample(DAY + 20 * DAY_MS))
    assert summed.findings() == []


def test_row_of_an_hour_under_way_is_checked_by_its_own_hash(summed: Node) -> None:
    begin_ms = DAY + 3 * HOUR_MS
    summed.house.as_root(f"UPDATE S.sample SET boot = 18 WHERE at_ms = {begin_ms}")
    assert [reason.split(": ", 1)[0] for reason in summed.findings()] == [
        "board cab01, hour 2026-11-21T03Z",
        "board gate1, hour 2026-11-21T03Z",
    ]


def test_sums_are_read_in_pages(summed: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    summed.house.as_root("UPDATE S.sample SET boot = 18 WHERE board_ms = 5 OR board_ms = 7200005")
    expected = summed.findings()
    assert len(expected) == 8  # two hours of two boards, by row and by hour
    monkeypatch.setattr(samples, "ASKED", 2)
    assert summed.findings() == expected


def test_hours_of_an_earlier_pass_are_not_read_again(summed: Node) -> None:
    summed.house.as_root(f"UPDATE S.sample SET readings = 'L1=0' WHERE {MIDDLE}")
    head = summed.house.reader.head()[0]
    assert summed.findings(after=head) == []
    assert len(summed.findings(after=0)) == 2
