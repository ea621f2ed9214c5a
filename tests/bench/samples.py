"""What raw samples cost on disk, and what it costs to let go of a day of them."""

import time
from collections.abc import Iterator

from fognode.events import Event, Kind, Row, RowValues
from fognode.hashing import Stamp, freeze
from fognode.store import samples
from fognode.store.samples import DAY_MS, HOUR_MS
from tests.bench.effort import MILLION, Effort
from tests.bench.houses import AT_MS, BACKENDS, House, open_house

BOARDS = ("cab01", "cab02", "gate1")
ROWS, QUICK_ROWS = 259_200, 25_920  # of a day, by three boards
DAYS = 2  # one goes by its partition, where days have any
BATCH = 200
STAMP = Stamp(farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=AT_MS, clock_ok=True)


def measure(effort: Effort) -> Iterator[dict[str, float]]:
    """Yield the rows of each database.

    Raises:
        AwayError: MariaDB is not installed, or did not start.
        StoreError: A database failed.
    """
    rows = QUICK_ROWS if effort.quick else ROWS
    for backend in BACKENDS:
        with open_house(backend) as house:
            begin_ms = samples.day_of(AT_MS)
            days = [begin_ms + number * DAY_MS for number in range(DAYS)]
            for day_ms in days:
                samples.make_day(house.writer, day_ms)
            empty_bytes = house.size()
            took_s = sum(_fill(house, day_ms, rows) for day_ms in days)
            count = rows * len(days)
            per_row = (house.size() - empty_bytes) / count
            yield {
                f"sample_bytes_{backend}": per_row,
                f"sample_disk_{backend}": per_row * MILLION / 1e6,
                f"sample_kept_{backend}": count / took_s,
            }
            yield _let_go(house, days, backend)


def _fill(house: House, day_ms: int, rows: int) -> float:
    """Return the seconds that the calls of keep took for a day."""
    took_s = 0.0
    made = [_row(day_ms, number) for number in range(rows)]
    for first in range(0, rows, BATCH):
        begun = time.perf_counter()
        house.writer.keep([], made[first : first + BATCH])
        took_s += time.perf_counter() - begun
    return took_s


def _row(day_ms: int, number: int) -> Row:
    second, board = divmod(number, len(BOARDS))
    values: RowValues = {
        "board": BOARDS[board],
        "at_ms": day_ms + second * 1000 + board,
        "board_ms": second * 1000,
        "boot": 17,
        "readings": f"L1={second % 1024},D1=415,W1={420_013 + second % 97}",
    }
    return Row(table="sample", values=values)


def _let_go(house: House, days: list[int], backend: str) -> dict[str, float]:
    """Take days out from the oldest on: one by its partition, the next hour by hour."""
    dropped, deleted = list[float](), list[float]()
    for number, day_ms in enumerate(days):
        by_partition = backend == "mariadb" and number % 2 == 0
        told = Event(
            kind=Kind.SAMPLES_FORGOTTEN,
            origin=samples.forgotten_origin(day_ms + DAY_MS),
            happened_at_ms=day_ms,
        )
        house.writer.keep([freeze(told, STAMP)])
        begun = time.perf_counter()
        if by_partition:
            samples.drop_days(house.writer, day_ms + DAY_MS)
        else:
            for hour in range(24):
                _delete_hour(house, day_ms + hour * HOUR_MS)
        (dropped if by_partition else deleted).append((time.perf_counter() - begun) * 1000)
    found = {f"day_deleted_{backend}": sum(deleted) / len(deleted)}
    if dropped:
        found["day_dropped_mariadb"] = sum(dropped) / len(dropped)
        found["drop_ratio_mariadb"] = found["day_dropped_mariadb"] / found["day_deleted_mariadb"]
    return found


def _delete_hour(house: House, begin_ms: int) -> None:
    for board in BOARDS:
        samples.delete_hour(house.writer, board, begin_ms)
