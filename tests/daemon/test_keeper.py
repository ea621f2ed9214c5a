import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from fognode.daemon import keeper
from fognode.daemon.keeper import Clock, Keeper
from fognode.errors import StoreError
from fognode.events import Event, Kind, Row
from fognode.hashing import event_id


class Book:
    """A writer that can be away; what it kept can be read back."""

    def __init__(self) -> None:
        self.away = False
        self.bodies: list[bytes] = []
        self.rows: list[Row] = []
        self.calls: list[int] = []
        self.seqs: dict[bytes, int] = {}

    def keep(self, bodies: Sequence[bytes], rows: Sequence[Row] = ()) -> list[int]:
        if self.away:
            raise StoreError("no database")
        self.calls.append(len(bodies))
        self.bodies += bodies
        self.rows += rows
        return [self.seqs.setdefault(body, len(self.seqs) + 1) for body in bodies]

    def close(self) -> None:
        self.calls.append(-1)


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def kept(book: Book) -> Iterator[Keeper]:
    stop = threading.Event()
    made = Keeper(lambda: book, Clock("farm-7", "5f3a9c0e"))  # type: ignore[arg-type, return-value]
    thread = threading.Thread(target=made.run, args=(stop,), daemon=True)
    thread.start()
    yield made
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


def event(number: int) -> Event:
    return Event(kind="light_open", origin=f"b/cab01/1/{number}", happened_at_ms=number)


def wait(there: object, seconds: float = 5) -> None:
    until = time.monotonic() + seconds
    while not there():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.01)


def test_done_is_called_with_the_seq_only_after_the_event_is_kept(kept: Keeper, book: Book) -> None:
    told: list[tuple[int, int]] = []
    assert kept.offer(event(1), lambda seq: told.append((seq, len(book.bodies))))
    wait(lambda: told)
    assert told == [(1, 1)]


def test_without_a_database_nothing_is_acknowledged_and_nothing_lost(
    kept: Keeper, book: Book
) -> None:
    book.away = True
    told: list[int] = []
    for number in range(1, 4):
        assert kept.offer(event(number), told.append)
    wait(lambda: kept.away_since_ms is not None)
    with pytest.raises(StoreError):
        kept.commit([event(9)])
    assert told == []
    book.away = False
    wait(lambda: len(told) == 3)
    assert sorted(told) == [1, 2, 3]
    assert kept.away_since_ms is None


def test_a_retry_offers_the_same_bytes(kept: Keeper, book: Book) -> None:
    tried: list[bytes] = []
    keep = book.keep

    def failing(bodies: Sequence[bytes], rows: Sequence[Row] = ()) -> list[int]:
        tried.extend(bodies)
        return keep(bodies, rows)

    book.keep = failing  # type: ignore[method-assign]
    book.away = True
    kept.offer(event(1), lambda _seq: None)
    wait(lambda: len(tried) >= 2)
    book.away = False
    wait(lambda: book.bodies)
    assert len(set(tried)) == 1


def test_events_that_wait_are_kept_as_one_group_of_at_most_100(kept: Keeper, book: Book) -> None:
    book.away = True
    told: list[int] = []
    for number in range(1, 251):
        kept.offer(event(number), told.append)
    book.away = False
    wait(lambda: len(told) == 250)
    assert max(book.calls) <= keeper.GROUP
    assert [b for b in book.calls if b > 1]


def test_a_full_queue_says_stop_reading(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "QUEUE", 2)
    monkeypatch.setattr(keeper, "PUT_TIMEOUT_S", 0.01)
    idle = Keeper(lambda: book, Clock("farm-7", "5f3a9c0e"))  # type: ignore[arg-type, return-value]
    offers = [idle.offer(event(n), lambda _seq: None) for n in range(3)]
    assert offers == [True, True, False]


def test_an_event_that_cannot_be_stored_is_kept_as_rejected(kept: Keeper, book: Book) -> None:
    told: list[int] = []
    bad = Event(kind="light_open", origin="b/cab01/1/5", happened_at_ms=1, facts={"x": 2**60})
    kept.offer(bad, told.append)
    wait(lambda: told)
    assert f'"kind":"{Kind.REJECTED}"'.encode() in book.bodies[0]
    assert b'"origin":"b/cab01/1/5"' in book.bodies[0]


def test_a_bad_batch_is_the_callers_error_and_stops_nobody(kept: Keeper, book: Book) -> None:
    bad = Event(kind="x", origin="q/1", happened_at_ms=1, facts={"x": 2**60})
    with pytest.raises(ValueError, match=r"2\^53"):
        kept.commit([bad])
    assert kept.commit([event(1)]) == [1]


def test_recorded_time_never_falls_though_the_clock_goes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock("farm-7", "5f3a9c0e")
    clock.start_after(4_000_000_000_000)
    assert clock.stamp().recorded_at_ms == 4_000_000_000_000


def test_a_jump_of_the_clock_is_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock("farm-7", "5f3a9c0e")
    assert clock.step_event() is None
    now_ns = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now_ns + 3_600_000_000_000)
    step = clock.step_event()
    assert step is not None
    moved_ms = step.facts["moved_ms"]
    assert isinstance(moved_ms, int)
    assert abs(moved_ms - 3_600_000) < 1000
    assert step.origin.startswith("n/clock_step/5f3a9c0e-")
    assert clock.step_event() is None
    assert len(event_id(step.origin)) == 16


def test_with_many_offers_held_a_commit_is_still_answered(kept: Keeper, book: Book) -> None:
    book.away = True
    for number in range(1, 151):
        kept.offer(event(number), lambda _seq: None)
    wait(lambda: kept.away_since_ms is not None)
    begun = time.monotonic()
    with pytest.raises(StoreError):
        kept.commit([event(999)])
    assert time.monotonic() - begun < 5


def test_a_bug_in_the_writer_answers_all_who_wait(book: Book) -> None:
    stop = threading.Event()
    made = Keeper(lambda: book, Clock("farm-7", "5f3a9c0e"))  # type: ignore[arg-type, return-value]
    answers: list[Exception] = []

    def commit() -> None:
        try:
            made.commit([event(1)])
        except StoreError as error:
            answers.append(error)

    def broken(bodies: Sequence[bytes], rows: Sequence[Row] = ()) -> list[int]:
        raise RuntimeError("a bug")

    book.keep = broken  # type: ignore[method-assign]
    waiting = [threading.Thread(target=commit, daemon=True) for _ in range(4)]
    for thread in waiting:
        thread.start()
    wait(lambda: made.waiting() == 4)
    with pytest.raises(RuntimeError):
        made.run(stop)
    for thread in waiting:
        thread.join(5)
    assert len(answers) == 4


def test_an_event_that_cannot_even_be_rejected_stops_nobody(kept: Keeper, book: Book) -> None:
    told: list[int] = []
    kept.offer(Event(kind="x", origin="n/é/1", happened_at_ms=1), told.append)
    kept.offer(event(2), told.append)
    wait(lambda: told)
    assert [b'"origin":"b/cab01/1/2"' in body for body in book.bodies] == [True]


def test_a_quiet_store_that_came_back_is_known_to_be_back(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "PROBE_S", 0.05)
    away = [True]

    def probe() -> None:
        if away:
            raise StoreError("away")

    stop = threading.Event()
    made = Keeper(lambda: book, Clock("farm-7", "5f3a9c0e"), probe)  # type: ignore[arg-type, return-value]
    thread = threading.Thread(target=made.run, args=(stop,), daemon=True)
    thread.start()
    wait(lambda: made.away_since_ms is not None)
    away.clear()
    wait(lambda: made.away_since_ms is None)
    stop.set()
    thread.join(5)
