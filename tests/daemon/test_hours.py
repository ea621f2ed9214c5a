"""In which order hours are closed, read, summed and let go; on both databases: test_samples."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from fognode.daemon.hours import GRACE_MS, Hours
from fognode.errors import StoreError
from fognode.events import Event, Row, RowValues
from fognode.hashing import row_hash
from fognode.store.samples import DAY_MS, HOUR_MS, hour_of

DAY = 20_778 * DAY_MS


class Rows:
    """Rows in memory; what is asked and done is noted in order."""

    def __init__(self, notes: list[str], has_days: bool) -> None:
        self.notes, self.has_days = notes, has_days
        self.rows: list[RowValues] = []
        self.summed: set[int] = set()

    def add(self, at_ms: int, boot: int = 17, text: str = "L1=859") -> None:
        values: RowValues = {"board": "cab01", "at_ms": at_ms, "board_ms": 1, "boot": boot}
        values["readings"] = text
        self.rows.append({**values, "hash": row_hash(values)})

    def boards(self) -> list[str]:
        return ["cab01"] if self.rows else []

    def first_at_ms(self, _board: str, begin_ms: int = 0) -> int | None:
        times = [int(row["at_ms"] or 0) for row in self.rows]
        return min((at_ms for at_ms in times if at_ms >= begin_ms), default=None)

    def hour(self, _board: str, begin_ms: int) -> list[RowValues]:
        self.notes.append(f"read {begin_ms}")
        return [row for row in self.rows if hour_of(int(row["at_ms"] or 0)) == begin_ms]

    def unsummed(self, _board: str, until_ms: int) -> Iterator[int]:
        hours = sorted({hour_of(int(row["at_ms"] or 0)) for row in self.rows})
        return iter([hour for hour in hours if hour < until_ms and hour not in self.summed])


class Bench:
    def __init__(self, has_days: bool = False) -> None:
        self.notes: list[str] = []
        self.events: list[Event] = []
        self.rows = Rows(self.notes, has_days)
        self.waiting_ms: int | None = None
        self.away = False
        shelf: Any = SimpleNamespace(
            oldest_at_ms=lambda: self.waiting_ms,
            close_hour=lambda _board, begin_ms: self.notes.append(f"close {begin_ms}"),
        )
        self.hellos: dict[str, list[Any]] = {}
        reader: Any = SimpleNamespace(by_origin=self._hello)
        lent: Any = self._lend
        self.hours = Hours(reader, lent, shelf, self._commit, self._tidy)

    @contextmanager
    def _lend(self) -> Iterator[Rows]:
        yield self.rows

    def _hello(self, origin: str) -> Any:
        sensors = self.hellos.get(origin)
        return SimpleNamespace(facts={"sensors": sensors}) if sensors else None

    def _commit(self, events: Sequence[Event], rows: Sequence[Row]) -> list[int]:
        if self.away:
            raise StoreError("away")
        for event in events:
            self.notes.append(event.origin)
            self.events.append(event)
            if event.kind == "samples_summed":
                self.rows.summed.add(event.happened_at_ms - HOUR_MS)
        return [1]

    def _tidy(self, job: Callable[[Any], int]) -> int:
        name = job.func.__name__  # type: ignore[attr-defined]  # always a partial
        self.notes.append(f"{name} {sorted(job.keywords.items())[-1][1]}")  # type: ignore[attr-defined]
        if name == "delete_hour":
            begin_ms = job.keywords["begin_ms"]  # type: ignore[attr-defined]
            self.rows.rows = [
                row for row in self.rows.rows if hour_of(int(row["at_ms"] or 0)) != begin_ms
            ]
        return 0


def test_without_samples_nothing_is_done() -> None:
    bench = Bench(has_days=True)
    assert bench.hours.run(DAY, 14) == "0 hours summed, none old"
    assert bench.notes == []


def test_hour_is_closed_before_it_is_read_and_read_before_it_is_told() -> None:
    bench = Bench()
    bench.rows.add(DAY)
    bench.hours.run(DAY + HOUR_MS + GRACE_MS, 14)
    summing = [note for note in bench.notes if "make_day" not in note]
    assert summing == [f"close {DAY}", f"read {DAY}", f"n/samples/cab01/{DAY}"]


def test_today_and_tomorrow_have_their_place_while_boards_send() -> None:
    bench = Bench()
    bench.rows.add(DAY + 5)
    bench.hours.run(DAY + HOUR_MS, 14)
    assert bench.notes == [f"make_day {DAY}", f"make_day {DAY + DAY_MS}"]
    bench.notes.clear()
    bench.hours.run(DAY + DAY_MS, 14)
    assert not any("make_day" in note for note in bench.notes)  # nothing came today


def test_hour_waits_for_what_is_not_kept_yet() -> None:
    bench = Bench()
    bench.rows.add(DAY)
    bench.waiting_ms = DAY + HOUR_MS - 1
    bench.hours.run(DAY + 5 * HOUR_MS, 14)
    assert bench.events == []
    bench.waiting_ms = DAY + HOUR_MS
    bench.hours.run(DAY + 5 * HOUR_MS, 14)
    assert len(bench.events) == 1


def test_units_are_those_of_the_last_start_in_the_hour() -> None:
    bench = Bench()
    bench.rows.add(DAY, boot=17)
    bench.rows.add(DAY + 1000, boot=18, text="X1=5,L1=4")
    light = {"sensor": "L1", "type": "light", "unit": "counts"}
    bench.hellos["n/board_hello/cab01/17"] = [light, {"sensor": "X1", "type": "a", "unit": "b"}]
    bench.hellos["n/board_hello/cab01/18"] = [{"sensor": "X1", "type": "distance", "unit": "mm"}]
    bench.hours.run(DAY + 2 * HOUR_MS, 14)
    sensors: Any = bench.events[0].facts["sensors"]
    assert [(one["sensor"], one["type"], one["unit"]) for one in sensors] == [
        ("L1", "light", "counts"),
        ("X1", "distance", "mm"),
    ]


@pytest.mark.parametrize("has_days", [False, True])
def test_rows_go_only_after_the_record_says_so(has_days: bool) -> None:
    bench = Bench(has_days)
    bench.rows.add(DAY)
    bench.rows.summed.add(DAY)
    before_ms = DAY + DAY_MS
    bench.hours.run(before_ms + 14 * DAY_MS - 1, 14)  # the last moment of the last day
    assert bench.notes == []
    bench.hours.run(before_ms + 14 * DAY_MS, 14)
    removal = (
        [f"make_day {before_ms - 1}", f"drop_days {before_ms}"]
        if has_days
        else ["delete_hour cab01"]
    )
    assert bench.notes == [f"n/samples_forgotten/{before_ms}", *removal]


def test_hour_without_sum_keeps_all_that_is_old() -> None:
    bench = Bench()
    bench.rows.add(DAY)
    bench.rows.add(DAY + HOUR_MS)
    bench.rows.summed.add(DAY)
    bench.waiting_ms = DAY  # so nothing can be summed
    told = bench.hours.run(DAY + 30 * DAY_MS, 14)
    assert told == "0 hours summed, old ones wait for their sums"
    assert len(bench.rows.rows) == 2
    assert bench.events == []


def test_with_the_database_away_nothing_is_let_go() -> None:
    bench = Bench()
    bench.rows.add(DAY)
    bench.away = True
    with pytest.raises(StoreError):
        bench.hours.run(DAY + 30 * DAY_MS, 14)
    assert len(bench.rows.rows) == 1
