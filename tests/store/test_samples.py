"""Raw samples on both databases: kept, summed by the hour, let go by the day."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from fognode import hashing
from fognode.config import Config
from fognode.errors import StoreError
from fognode.events import Event, Kind, Row
from fognode.store import samples
from fognode.store.engines import open_mariadb
from fognode.store.prepare import prepare_database
from fognode.store.samples import DAY_MS, HOUR_MS, open_samples
from fognode.trial.database import TrialDatabase
from tests.store.conftest import House, driver_error
from tests.store.sampling import DAY, Node, hour_of_samples, sample


@pytest.fixture
def node(house: House) -> Node:
    return Node(house)


@pytest.fixture
def mariadb_node(mariadb_config: Callable[[str], Config]) -> Iterator[Node]:
    """A database of its own: TRUNCATE would leave its partitions behind."""
    config = mariadb_config("days_1")
    prepare_database(config)
    house = House(config)
    yield Node(house)
    house.close()
    engine = open_mariadb(config, "root", "", 1)
    with engine.connect() as root:
        for part in ("", "_audit", "_state"):
            root.exec_driver_sql(f"DROP DATABASE days_1{part}")
    engine.dispose()


# --- rows --------------------------------------------------------------------------------


def test_row_carries_its_hash_and_is_known_again(node: Node) -> None:
    node.writer.keep([], [sample(DAY), sample(DAY)])
    node.writer.keep([], [sample(DAY)])
    (row,) = node.house.reader.rows("sample")
    told = '{"at_ms":1795219200000,"board":"cab01","board_ms":5,"boot":17,"readings":"L1=859"}'
    assert row["hash"] == hashing.sha256(told.encode())
    # The same by sha256sum.
    expected = "33b23901971522f51d3eb853f6fe4469b923c4edacd3f720e4fcd723a6c6d63a"
    assert row["hash"] == bytes.fromhex(expected)


def test_hours_without_sum_are_found_among_hours_with_one_and_hours_without_rows(
    node: Node,
) -> None:
    begins = [DAY + n * HOUR_MS for n in (0, 1, 2, 30, 31, 700)]  # beyond what is asked at once
    for begin_ms in begins:
        node.put(*hour_of_samples(begin_ms))
    node.put(*hour_of_samples(DAY, "gate1", 1))
    with open_samples(node.house.reader_engine) as rows:
        assert list(rows.boards()) == ["cab01", "gate1"]
        assert list(rows.unsummed("cab01")) == begins
        assert list(rows.unsummed("cab01", DAY + 31 * HOUR_MS)) == begins[:4]
        assert list(rows.unsummed("nobody")) == []
    for begin_ms in (DAY, DAY + HOUR_MS, DAY + 31 * HOUR_MS):
        event = Event(
            kind=Kind.SAMPLES_SUMMED,
            origin=samples.hour_origin("cab01", begin_ms),
            happened_at_ms=begin_ms + HOUR_MS,
        )
        node.commit([event], [])
    with open_samples(node.house.reader_engine) as rows:
        assert list(rows.unsummed("cab01")) == [begins[2], begins[3], begins[5]]
        assert list(rows.unsummed("gate1")) == [DAY]


@pytest.mark.mariadb
def test_database_away_is_a_store_error(
    mariadb_house: House, server: tuple[TrialDatabase, object]
) -> None:
    node = Node(mariadb_house)
    server[0].kill()
    try:
        with pytest.raises(StoreError, match="cannot read the samples"):
            node.run(DAY)
        with pytest.raises(StoreError, match="the database refused"):
            samples.drop_days(node.writer, DAY)
    finally:
        server[0].start()
    samples.make_day(node.writer, DAY)  # it connects again by itself


# --- summing -----------------------------------------------------------------------------


def test_finished_hour_is_one_event_with_sums_and_the_hash_of_its_rows(node: Node) -> None:
    rows = hour_of_samples(DAY)
    node.put(*rows, *hour_of_samples(DAY + HOUR_MS))
    assert node.run(DAY + HOUR_MS + 120_000).startswith("1 hours summed")
    (told,) = node.told(Kind.SAMPLES_SUMMED)
    assert told.origin == f"n/samples/cab01/{DAY}"
    assert told.happened_at_ms == DAY + HOUR_MS
    hashes = b"".join(hashing.row_hash(row.values) for row in rows)
    assert told.facts == {
        "board": "cab01",
        "begin_at_ms": DAY,
        "samples": 6,
        "batch_sha256": hashing.sha256(b"\x03" + hashes).hex(),
        "sensors": [
            {
                "sensor": "L1",
                "type": "light",
                "unit": "counts",
                "count": 6,
                "min": 100,
                "max": 105,
                "mean": 103,  # 102.5
                "first": 100,
                "last": 105,
            }
        ],
    }
    assert node.count() == 12  # the rows stay
    assert node.findings() == []


def test_hour_is_summed_once_whatever_runs_again(node: Node) -> None:
    node.put(*hour_of_samples(DAY))
    for _ in range(3):
        node.run(DAY + 3 * HOUR_MS)
    node.writer.close()  # and a daemon that starts
    assert Node(node.house).run(DAY + 3 * HOUR_MS).startswith("0 hours summed")
    assert len(node.told(Kind.SAMPLES_SUMMED)) == 1


def test_hour_is_not_over_before_its_last_batch_is_kept(node: Node) -> None:
    node.put(*hour_of_samples(DAY))
    assert node.run(DAY + HOUR_MS + 119_999).startswith("0 hours")
    node.shelf.put(sample(DAY + HOUR_MS - 1))  # waits: the database was away
    assert node.run(DAY + 5 * HOUR_MS).startswith("0 hours")
    node.put()
    assert node.run(DAY + 5 * HOUR_MS).startswith("1 hours")
    assert node.told(Kind.SAMPLES_SUMMED)[0].number("samples") == 7


def test_late_row_of_a_summed_hour_is_dropped_and_told(node: Node) -> None:
    node.put(*hour_of_samples(DAY))
    node.run(DAY + 2 * HOUR_MS)
    node.put(sample(DAY + 1))  # the clock was set back
    assert node.count() == 6
    (told,) = node.shelf.losses(at_end=True)
    assert told.facts["reason"] == "hour already summed"
    assert node.findings() == []


def test_gap_of_days_is_caught_up_in_bounded_runs(node: Node) -> None:
    for number in range(60):
        node.put(sample(DAY + number * HOUR_MS))
        node.put(sample(DAY + number * HOUR_MS, board="gate1"))
    at_ms = DAY + 100 * HOUR_MS
    told = [node.run(at_ms).split(",")[0] for _ in range(4)]
    assert told == [f"{count} hours summed" for count in (48, 48, 24, 0)]
    assert node.findings() == []


def test_run_broken_off_goes_on_where_it_was(node: Node) -> None:
    for number in range(5):
        node.put(*hour_of_samples(DAY + number * HOUR_MS))
    node.fail_at = lambda events: str(DAY + 2 * HOUR_MS) in events[0].origin
    with pytest.raises(StoreError):
        node.run(DAY + 10 * HOUR_MS)
    assert len(node.told(Kind.SAMPLES_SUMMED)) == 2
    node.fail_at = lambda _events: False
    assert node.run(DAY + 10 * HOUR_MS).startswith("3 hours")


def test_board_of_too_many_sensors_still_fits_an_event(node: Node) -> None:
    names = [f"S{number:07d}" for number in range(400)]
    for at in range(0, 400, 8):
        text = ",".join(f"{name}=-8388608" for name in names[at : at + 5])
        values = sample(DAY + at).values | {"readings": text}
        node.put(Row(table="sample", values=values))
        text = ",".join(f"{name}=-8388608" for name in names[at + 5 : at + 8])
        node.put(Row(table="sample", values=values | {"readings": text, "at_ms": DAY + at + 1}))
    node.run(DAY + 2 * HOUR_MS)
    (told,) = node.told(Kind.SAMPLES_SUMMED)
    assert isinstance(told.facts["sensors"], list)
    assert (len(told.facts["sensors"]), told.facts["left_out"]) == (256, 144)


def test_row_changed_before_its_hour_was_summed_is_told_in_the_sum(node: Node) -> None:
    node.put(*hour_of_samples(DAY))
    node.house.as_root(f"UPDATE S.sample SET readings = 'L1=1' WHERE at_ms = {DAY}")
    node.run(DAY + 2 * HOUR_MS)
    assert node.told(Kind.SAMPLES_SUMMED)[0].number("altered") == 1


# --- letting go --------------------------------------------------------------------------


def test_old_days_go_when_all_before_is_summed_and_the_record_says_so(node: Node) -> None:
    for day in range(4):
        node.run(DAY + day * DAY_MS)
        for board in ("cab01", "gate1"):
            node.put(*hour_of_samples(DAY + day * DAY_MS + 5 * HOUR_MS, board))
            node.run(DAY + day * DAY_MS + 7 * HOUR_MS, sample_days=2)
    assert node.count() == 36  # the first day is gone
    (told,) = node.told(Kind.SAMPLES_FORGOTTEN)
    assert told.facts == {"before_at_ms": DAY + DAY_MS}
    assert node.findings() == []
    node.run(DAY + 30 * DAY_MS, sample_days=2)
    assert node.count() == 0
    assert node.findings() == []


def test_nothing_goes_while_an_hour_before_is_not_summed(node: Node) -> None:
    for number in range(40):  # more than one run sums
        node.put(sample(DAY + number * HOUR_MS))
    at_ms = DAY + 20 * DAY_MS
    assert node.run(at_ms, 14) == "24 hours summed, old ones wait for their sums"
    assert node.count() == 40
    assert node.told(Kind.SAMPLES_FORGOTTEN) == []
    assert "taken out" in node.run(at_ms, 14)
    node.run(at_ms, 14)
    assert node.count() == 0
    assert len(node.told(Kind.SAMPLES_FORGOTTEN)) == 1


def test_rows_stay_when_the_record_cannot_be_told_that_they_go(node: Node) -> None:
    node.put(*hour_of_samples(DAY))
    node.fail_at = lambda events: events[0].kind == Kind.SAMPLES_FORGOTTEN
    with pytest.raises(StoreError):
        node.run(DAY + 20 * DAY_MS)
    assert node.count() == 6


def test_removal_broken_off_goes_on(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        node.put(*hour_of_samples(DAY + number * HOUR_MS))
    run = node.writer.run

    def refuse(statement: str, values: tuple[Any, ...]) -> int:
        if "add_sample_day" not in statement:
            raise StoreError("away")
        return run(statement, values)

    monkeypatch.setattr(node.writer, "run", refuse)
    with pytest.raises(StoreError):
        node.run(DAY + 20 * DAY_MS)
    assert node.count() == 18
    assert node.findings() == []  # told, and still there
    monkeypatch.undo()
    node.run(DAY + 20 * DAY_MS)
    assert node.count() == 0
    assert len(node.told(Kind.SAMPLES_FORGOTTEN)) == 1


def test_sqlite_deletes_an_hour_of_a_board_at_a_time(sqlite_house: House) -> None:
    node = Node(sqlite_house)
    for number in range(30):
        node.put(sample(DAY + number * HOUR_MS), sample(DAY + number * HOUR_MS, board="gate1"))
    at_ms = DAY + 30 * DAY_MS
    node.run(at_ms)
    assert node.jobs == 0
    assert "some hours" in node.run(at_ms)
    assert (node.count(), node.jobs) == (12, 48)
    assert "12 hours" in node.run(at_ms)
    assert node.count() == 0


@pytest.mark.mariadb
def test_mariadb_has_a_partition_for_each_day_made_ahead(mariadb_node: Node) -> None:
    node = mariadb_node
    assert node.days() == ["later"]
    node.run(DAY)
    assert node.days() == ["later"]  # no board sends: no day
    node.put(*hour_of_samples(DAY))  # falls into the last one
    node.run(DAY + HOUR_MS)
    assert node.days() == ["d20261121", "d20261122", "later"]
    assert node.count() == 6
    node.put(*hour_of_samples(DAY + DAY_MS))
    node.run(DAY + DAY_MS + HOUR_MS)
    assert node.days() == ["d20261121", "d20261122", "d20261123", "later"]
    node.run(DAY + 16 * DAY_MS, sample_days=14)
    assert node.days() == ["d20261123", "later"]
    assert node.count() == 0


@pytest.mark.mariadb
def test_mariadb_makes_days_in_any_order_as_after_a_wrong_clock(mariadb_node: Node) -> None:
    node = mariadb_node
    for day in (5, 1, 3, 3, 0):
        node.put(sample(DAY + day * DAY_MS))
        samples.make_day(node.writer, DAY + day * DAY_MS + 7)
    names = ["d20261121", "d20261122", "d20261124", "d20261126", "later"]
    assert node.days() == names
    found = [row["at_ms"] for row in node.house.reader.rows("sample")]
    assert found == [DAY + day * DAY_MS for day in (0, 1, 3, 5)]


@pytest.mark.mariadb
def test_mariadb_itself_drops_no_day_of_which_the_record_says_nothing(mariadb_node: Node) -> None:
    node = mariadb_node
    node.put(*hour_of_samples(DAY))
    samples.make_day(node.writer, DAY)
    with pytest.raises(StoreError, match="does not say that these samples go"):
        samples.drop_days(node.writer, DAY + DAY_MS)
    assert node.count() == 6


@pytest.mark.mariadb
@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE {s}_state.sample DROP PARTITION later",
        "ALTER TABLE {s}_state.sample TRUNCATE PARTITION later",
        "ALTER TABLE {s}_state.sample REORGANIZE PARTITION later INTO"
        " (PARTITION a VALUES LESS THAN (1), PARTITION later VALUES LESS THAN MAXVALUE)",
        "ALTER TABLE {s}_state.sample REMOVE PARTITIONING",
        "TRUNCATE {s}_state.sample",
        "DROP TABLE {s}_state.sample",
        "DROP PROCEDURE {s}_state.drop_sample_days",
        "ALTER PROCEDURE {s}_state.drop_sample_days SQL SECURITY INVOKER",
        "GRANT EXECUTE ON PROCEDURE {s}_state.drop_sample_days TO {s}_reader@localhost",
    ],
)
def test_writer_itself_may_neither_add_nor_drop_days(mariadb_house: House, statement: str) -> None:
    with (
        pytest.raises(DBAPIError) as refused,
        mariadb_house.writer_engine.connect() as connection,
    ):
        connection.exec_driver_sql(statement.format(s=mariadb_house.schema))
    assert driver_error(refused) in {1142, 1370}


@pytest.mark.mariadb
@pytest.mark.parametrize("call", ["add_sample_day(20778)", "drop_sample_days(1)"])
def test_reader_may_not_call_them(mariadb_house: House, call: str) -> None:
    with (
        pytest.raises(DBAPIError) as refused,
        mariadb_house.reader_engine.connect() as connection,
    ):
        connection.exec_driver_sql(f"CALL {mariadb_house.schema}_state.{call}")
    assert driver_error(refused) == 1370  # ER_PROCACCESS_DENIED_ERROR


@pytest.mark.mariadb
def test_who_reads_the_table_for_long_does_not_hold_up_the_store(mariadb_node: Node) -> None:
    node = mariadb_node
    node.put(*hour_of_samples(DAY))
    with node.house.reader_engine.connect() as connection:
        connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        connection.exec_driver_sql("SELECT count(*) FROM days_1_state.sample").all()
        with pytest.raises(StoreError, match="Lock wait"):
            samples.make_day(node.writer, DAY)
        connection.exec_driver_sql("ROLLBACK")
    samples.make_day(node.writer, DAY)
    node.put(sample(DAY + 1))
    assert node.count() == 7
