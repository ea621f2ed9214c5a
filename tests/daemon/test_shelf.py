"""Samples wait for nobody, come in batches, and are missed by name."""

import threading
from collections.abc import Sequence

import pytest

from fognode.daemon import shelf as shelf_module
from fognode.daemon.shelf import Shelf
from fognode.errors import StoreError
from fognode.events import Event, Row, RowValues
from fognode.store.samples import HOUR_MS

BEGIN = 498_678 * HOUR_MS


def row(number: int, board: str = "cab01", begin_ms: int = BEGIN) -> Row:
    values: RowValues = {"board": board, "at_ms": begin_ms + number * 500, "board_ms": number}
    return Row(table="sample", values=values | {"boot": 17, "readings": "L1=859"})


class Bench:
    """A shelf, a clock that is set, and a database that may be away."""

    def __init__(self) -> None:
        self.mono_ms = 1_000_000
        self.summed: set[tuple[str, int]] = set()
        self.batches: list[list[int]] = []
        self.error: Exception | None = None
        self.shelf = Shelf(lambda *hour: hour in self.summed, lambda: self.mono_ms)

    def put(self, *numbers: int, board: str = "cab01") -> None:
        for number in numbers:
            self.shelf.put(row(number, board))

    def keep(self, at_end: bool = False) -> bool:
        return self.shelf.keep(self._keep_rows, at_end)

    def _keep_rows(self, rows: Sequence[Row]) -> None:
        if self.error:
            raise self.error
        self.batches.append([int(one.values["board_ms"] or 0) for one in rows])

    def losses(self, after_ms: int = 0, at_end: bool = False) -> list[Event]:
        self.mono_ms += after_ms
        return self.shelf.losses(at_end)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def facts(told: Event) -> tuple[object, ...]:
    names = ("board", "reason", "count", "from_at_ms", "to_at_ms")
    return tuple(told.facts[name] for name in names)


def test_quiet_minute_of_three_boards_is_one_transaction(bench: Bench) -> None:
    for second in range(60):
        for board in ("cab01", "cab02", "gate1"):
            bench.put(second, board=board)
        bench.keep()
        bench.mono_ms += 1000
    assert bench.batches == []
    bench.keep()
    assert [len(batch) for batch in bench.batches] == [180]


def test_idle_hour_of_one_board_costs_sixty_transactions(bench: Bench) -> None:
    for second in range(3600):
        bench.put(second)
        bench.mono_ms += 1000
        bench.keep()
    assert len(bench.batches) == 60
    assert sum(len(batch) for batch in bench.batches) == 3600


def test_while_something_happens_a_batch_is_kept_each_second(bench: Bench) -> None:
    bench.shelf.stir()
    bench.put(1)
    bench.mono_ms += 999
    bench.keep()
    assert bench.batches == []
    bench.mono_ms += 1
    bench.keep()
    assert bench.batches == [[1]]
    bench.mono_ms += 60_000
    bench.put(2)
    bench.mono_ms += 1000
    bench.keep()
    assert bench.batches == [[1]]


def test_two_hundred_are_a_batch_at_once_and_the_rest_follows(bench: Bench) -> None:
    bench.put(*range(450))
    assert bench.keep() is True
    assert bench.keep() is False
    assert [len(batch) for batch in bench.batches] == [200, 200]
    assert bench.keep(at_end=True) is False
    assert bench.batches[-1] == list(range(400, 450))


def test_batch_that_failed_is_offered_again_before_all_others(bench: Bench) -> None:
    bench.put(*range(200))
    bench.error = StoreError("away")
    for _ in range(2):
        with pytest.raises(StoreError):
            bench.keep()
    bench.put(*range(200, 400))
    bench.error = None
    bench.keep()
    bench.keep()
    assert [batch[0] for batch in bench.batches] == [0, 200]
    assert bench.losses(3_600_000) == []


def test_with_the_database_away_the_oldest_go_and_are_told_when_it_is_over(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf_module, "ROOM", 10)
    bench.put(*range(13))
    assert bench.losses() == []
    (told,) = bench.losses(60_000)
    assert told.kind == "samples_dropped"
    assert facts(told) == ("cab01", "database away", 3, BEGIN, BEGIN + 1000)
    assert told.origin == f"n/samples_dropped/cab01/database_away/{BEGIN}"
    assert told.happened_at_ms == BEGIN + 1000
    assert bench.losses(3_600_000) == []  # once
    bench.keep(at_end=True)
    assert bench.batches == [list(range(3, 13))]


def test_loss_without_end_is_told_each_hour(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf_module, "ROOM", 1)
    told: list[Event] = []
    for number in range(2 * 120 + 3):  # each half a minute, for two hours
        bench.put(number)
        told += bench.losses(30_000)
    assert [one.facts["count"] for one in told] == [120, 120]
    assert len({one.origin for one in told}) == 2


def test_each_board_is_told_of_by_itself(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf_module, "ROOM", 1)
    bench.put(1, 2)
    bench.put(3, board="gate1")
    bench.put(4)
    told = bench.losses(60_000)
    assert sorted(facts(one)[:3] for one in told) == [
        ("cab01", "database away", 2),
        ("gate1", "database away", 1),
    ]


def test_board_that_sends_without_end_is_cut_off_for_the_hour(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf_module, "PER_HOUR", 3)
    bench.put(*range(5))
    bench.put(1, board="gate1")  # the others are not
    bench.put(7200)  # the next hour
    bench.keep(at_end=True)
    assert bench.batches == [[0, 1, 2, 1, 7200]]
    (told,) = bench.losses(60_000)
    assert facts(told) == ("cab01", "sent too often", 2, BEGIN + 1500, BEGIN + 2000)


def test_nothing_is_added_to_an_hour_that_is_summed(bench: Bench) -> None:
    bench.summed.add(("cab01", BEGIN))
    bench.put(1, 2)
    bench.put(3, board="gate1")
    bench.keep(at_end=True)
    assert bench.batches == [[3]]
    (told,) = bench.losses(60_000)
    assert facts(told)[:3] == ("cab01", "hour already summed", 2)


def test_hour_that_is_about_to_be_summed_is_closed(bench: Bench) -> None:
    bench.put(1)
    bench.keep(at_end=True)
    bench.shelf.close_hour("cab01", BEGIN)
    bench.put(2, 7200)
    bench.keep(at_end=True)
    assert bench.batches == [[1], [7200]]


def test_closing_an_hour_waits_for_the_batch_that_is_being_kept(bench: Bench) -> None:
    began, may_end, order = threading.Event(), threading.Event(), list[str]()

    def slow(_rows: Sequence[Row]) -> None:
        began.set()
        assert may_end.wait(5)
        order.append("kept")

    def close() -> None:
        bench.shelf.close_hour("cab01", BEGIN)
        order.append("closed")

    bench.put(1)
    threads = [threading.Thread(target=bench.shelf.keep, args=(slow, True), daemon=True)]
    threads[0].start()
    assert began.wait(5)
    threads.append(threading.Thread(target=close, daemon=True))
    threads[1].start()
    bench.put(2)  # no line waits for the database
    may_end.set()
    for thread in threads:
        thread.join(5)
    assert order == ["kept", "closed"]


def test_hours_known_are_not_remembered_for_ever(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf_module, "KNOWN", 3)
    for hour in range(10):
        bench.shelf.put(row(0, begin_ms=BEGIN + hour * HOUR_MS))
        bench.keep(at_end=True)
    assert len(bench.shelf._summed) == 3


def test_oldest_is_told_also_of_a_batch_under_way(bench: Bench) -> None:
    assert bench.shelf.oldest_at_ms() is None
    bench.put(*range(201))
    bench.error = StoreError("away")
    with pytest.raises(StoreError):
        bench.keep()
    assert bench.shelf.oldest_at_ms() == BEGIN
    bench.error = None
    bench.keep()
    assert bench.shelf.oldest_at_ms() == BEGIN + 200 * 500


def test_at_the_end_all_that_is_left_is_told(bench: Bench) -> None:
    bench.put(*range(201))
    bench.error = StoreError("away")
    with pytest.raises(StoreError):
        bench.keep(at_end=True)
    (told,) = bench.losses(at_end=True)
    assert facts(told)[:3] == ("cab01", "database away", 201)
    assert bench.losses(at_end=True) == []


def test_batch_that_fits_no_table_stops_nobody(bench: Bench) -> None:
    bench.put(1)
    bench.error = ValueError("sample.board cannot hold it")
    bench.keep(at_end=True)
    bench.error = None
    bench.put(2)
    bench.keep(at_end=True)
    assert bench.batches == [[2]]
    (told,) = bench.losses(60_000)
    assert facts(told)[:3] == ("cab01", "unfit", 1)
