"""What of the daemon deals with raw samples, and the samples of an hour."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from fognode.daemon.hours import Hours
from fognode.daemon.shelf import Shelf
from fognode.errors import StoreError
from fognode.events import Event, Kind, Row, RowValues, Stored
from fognode.hashing import Stamp, freeze
from fognode.store import samples
from fognode.store.sample_check import check_samples
from fognode.store.samples import DAY_MS, open_samples
from fognode.store.writer import Writer
from tests.store.conftest import House

DAY = 20_778 * DAY_MS  # 2026-11-21
STAMP = Stamp(farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=9, clock_ok=True)
SENSORS: list[Any] = [{"sensor": "L1", "type": "light", "unit": "counts", "period_ms": 100}]
HELLO = Event(
    kind="board_hello",
    origin="n/board_hello/cab01/17",
    happened_at_ms=DAY,
    facts={"board": "cab01", "boot": 17, "sensors": SENSORS},
)


def sample(at_ms: int, value: int = 859, board: str = "cab01") -> Row:
    """Make the row of a reading."""
    values: RowValues = {"board": board, "at_ms": at_ms, "board_ms": at_ms - DAY + 5, "boot": 17}
    return Row(table="sample", values=values | {"readings": f"L1={value}"})


def hour_of_samples(begin_ms: int, board: str = "cab01", count: int = 6) -> list[Row]:
    """Make the rows of an hour, ten minutes apart."""
    return [sample(begin_ms + n * 600_000, 100 + n, board) for n in range(count)]


class Node:
    """What of the daemon deals with samples, without its threads."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.writer = house.writer()
        self.shelf = Shelf(self._is_summed)
        self.fail_at: Callable[[Sequence[Event]], bool] = lambda _events: False
        self.hours = Hours(
            house.reader,
            partial(open_samples, house.reader_engine),
            self.shelf,
            self.commit,
            self.tidy,
        )
        self.jobs = 0
        self.commit([HELLO], [])

    def commit(self, events: Sequence[Event], rows: Sequence[Row]) -> list[int]:
        if self.fail_at(events):
            raise StoreError("away")
        return self.writer.keep([freeze(event, STAMP) for event in events], rows)

    def tidy(self, job: Callable[[Writer], int]) -> int:
        self.jobs += 1
        return job(self.writer)

    def put(self, *rows: Row) -> None:
        for row in rows:
            self.shelf.put(row)
        while self.shelf.keep(partial(self.writer.keep, []), at_end=True):
            pass

    def run(self, at_ms: int, sample_days: int = 14) -> str:
        return self.hours.run(at_ms, sample_days)

    def told(self, kind: Kind) -> list[Stored]:
        return self.house.reader.events(kinds=[kind])

    def count(self) -> int:
        return self.house.reader.count("sample")

    def findings(self, after: int = 0) -> list[str]:
        with self.house.reader_engine.connect() as connection:
            return [reason for _, _, reason in check_samples(connection, after)]

    def days(self) -> list[str]:
        with self.house.reader_engine.connect() as connection:
            asked = (
                "SELECT partition_name FROM information_schema.partitions WHERE table_schema = ?"
                " AND table_name = 'sample' ORDER BY partition_ordinal_position"
            )
            found = connection.exec_driver_sql(asked, (f"{self.house.schema}_state",))
            return [str(name) for (name,) in found]

    def _is_summed(self, board: str, begin_ms: int) -> bool:
        return self.house.reader.by_origin(samples.hour_origin(board, begin_ms)) is not None
