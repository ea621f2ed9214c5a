import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from fognode.daemon import keeper
from fognode.daemon.clock import Clock
from fognode.daemon.journal import Journal
from fognode.daemon.keeper import Keeper
from fognode.daemon.shelf import Shelf
from fognode.errors import StoreError, TamperError
from fognode.events import Event, Kind, Row, RowValues
from fognode.hashing import freeze
from fognode.store.writer import Writer


class Book:
    """A writer that can be away; what it kept can be read back."""

    def __init__(self) -> None:
        self.error: StoreError | None = None
        self.bodies: list[bytes] = []
        self.calls: list[int] = []
        self.rows: list[int] = []
        self.seqs: dict[bytes, int] = {}

    def keep(self, bodies: Sequence[bytes], rows: Sequence[Row] = ()) -> list[int]:
        if self.error:
            raise self.error
        self.calls.append(len(bodies))
        self.rows.append(len(rows))
        self.bodies += [body for body in bodies if body not in self.seqs]
        return [self.seqs.setdefault(body, len(self.seqs) + 1) for body in bodies]

    def close(self) -> None:
        pass

    def head(self) -> tuple[int, bytes]:
        if self.error:
            raise self.error
        return len(self.seqs), b""


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "spool")
    yield made
    made.close()


@pytest.fixture
def idle(book: Book, journal: Journal) -> Keeper:
    opened = lambda: book  # noqa: E731 - a writer is opened by a callable
    return Keeper(journal, opened, Clock("farm-7", "5f3a9c0e"), book.head)  # type: ignore[arg-type]


@pytest.fixture
def kept(idle: Keeper) -> Iterator[Keeper]:
    stop = threading.Event()
    thread = threading.Thread(target=idle.run, args=(stop,), daemon=True)
    thread.start()
    yield idle
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


def event(number: int) -> Event:
    return Event(kind="light_open", origin=f"b/cab01/1/{number}", happened_at_ms=number)


def wait(there: Callable[[], object], seconds: float = 5) -> None:
    until = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_done_is_called_once_the_event_is_in_the_spool(
    kept: Keeper, journal: Journal, book: Book
) -> None:
    told: list[tuple[int, int]] = []
    assert kept.offer(event(1), lambda _seq: told.append(journal.reach("cab01")))
    wait(lambda: told)
    assert told == [(1, 1)]
    wait(lambda: book.bodies)


def test_with_the_database_away_boards_are_acknowledged_and_it_is_filled_later_in_order(
    kept: Keeper, book: Book
) -> None:
    book.error = StoreError("no database")
    told: list[int] = []
    for number in range(1, 251):
        assert kept.offer(event(number), told.append)
    wait(lambda: len(told) == 250)
    wait(lambda: kept.away_since_ms is not None)
    assert kept.away_reason == "no database"
    assert kept.backlog().events == 250
    assert book.bodies == []
    book.error = None
    wait(lambda: len(book.bodies) == 250)
    numbers = [int(body.split(b"b/cab01/1/")[1].split(b'"')[0]) for body in book.bodies]
    assert numbers == list(range(1, 251))
    wait(lambda: kept.away_since_ms is None)
    assert kept.backlog().events == 0
    assert max(book.calls) <= keeper.FILL


def test_boards_are_answered_between_two_groups_of_a_long_backlog(
    idle: Keeper, journal: Journal, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp = Clock("farm-7", "5f3a9c0e").stamp()
    journal.append([freeze(event(number), stamp) for number in range(1, 1201)])
    keep = book.keep
    answered_after: list[int] = []  # groups

    def busy(bodies: Sequence[bytes], rows: Sequence[Row] = ()) -> list[int]:
        if not book.calls:
            idle.offer(event(5000), lambda _seq: answered_after.append(len(book.calls)))
        return keep(bodies, rows)

    monkeypatch.setattr(book, "keep", busy)
    idle._turn()
    assert answered_after == [1]
    assert book.calls == [500, 500, 201]


def test_with_the_spool_failing_nothing_is_acknowledged(
    kept: Keeper, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = journal.append

    def failing(bodies: Sequence[bytes]) -> None:
        raise StoreError("disk full")

    monkeypatch.setattr(journal, "append", failing)
    told: list[int] = []
    kept.offer(event(1), told.append)
    wait(lambda: kept.spool_fault == "disk full")
    assert told == []
    monkeypatch.setattr(journal, "append", append)
    wait(lambda: told)
    assert kept.spool_fault == ""


def test_what_was_spooled_before_a_kill_reaches_the_database_in_the_next_life(
    tmp_path: Path, book: Book
) -> None:
    first = Journal(tmp_path / "spool")
    away = Book()
    away.error = StoreError("away")
    stop = threading.Event()
    made = Keeper(first, lambda: away, Clock("farm-7", "5f3a9c0e"), away.head)  # type: ignore[arg-type, return-value]
    thread = threading.Thread(target=made.run, args=(stop,), daemon=True)
    thread.start()
    told: list[int] = []
    made.offer(event(1), told.append)
    wait(lambda: told)
    stop.set()
    thread.join(5)
    first.close()
    second = Journal(tmp_path / "spool")
    assert second.reach("cab01") == (1, 1)  # known without the database
    assert len(second.peek(10)) == 1
    second.close()


def test_a_commit_is_answered_with_an_error_while_the_database_is_away(
    kept: Keeper, book: Book
) -> None:
    book.error = StoreError("no database")
    begun = time.monotonic()
    with pytest.raises(StoreError, match="no database"):
        kept.commit([event(9)])
    with pytest.raises(StoreError):
        kept.commit([event(9)])
    assert time.monotonic() - begun < 5
    book.error = None
    wait(lambda: kept.away_since_ms is None)
    assert kept.commit([event(9)]) == [1]


def test_a_database_that_is_not_ours_is_named_and_not_asked_again_at_once(
    kept: Keeper, book: Book
) -> None:
    book.error = TamperError("it ends before signed checkpoint 9")
    with pytest.raises(StoreError):
        kept.commit([event(9)])
    book.error = None
    told: list[int] = []
    kept.offer(event(1), told.append)
    wait(lambda: told)  # boards go on
    assert kept.away_reason == "it ends before signed checkpoint 9"
    assert book.bodies == []


def test_an_event_that_cannot_be_stored_is_kept_as_rejected(kept: Keeper, book: Book) -> None:
    told: list[int] = []
    bad = Event(kind="light_open", origin="b/cab01/1/5", happened_at_ms=1, facts={"x": 2**60})
    kept.offer(bad, told.append)
    wait(lambda: book.bodies)
    assert f'"kind":"{Kind.REJECTED}"'.encode() in book.bodies[0]
    assert b'"origin":"b/cab01/1/5"' in book.bodies[0]


def test_an_event_that_cannot_even_be_rejected_stops_nobody(kept: Keeper, book: Book) -> None:
    told: list[int] = []
    kept.offer(Event(kind="x", origin="n/é/1", happened_at_ms=1), told.append)
    kept.offer(event(2), told.append)
    wait(lambda: book.bodies)
    assert [b'"origin":"b/cab01/1/2"' in body for body in book.bodies] == [True]


def test_a_bad_batch_is_the_callers_error_and_stops_nobody(kept: Keeper) -> None:
    bad = Event(kind="x", origin="q/1", happened_at_ms=1, facts={"x": 2**60})
    with pytest.raises(ValueError, match=r"2\^53"):
        kept.commit([bad])
    assert kept.commit([event(1)]) == [1]


def test_a_bug_in_the_writer_answers_all_who_wait(
    idle: Keeper, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Exception] = []

    def commit() -> None:
        try:
            idle.commit([event(1)])
        except StoreError as error:
            answers.append(error)

    def broken(bodies: Sequence[bytes], rows: Sequence[Row] = ()) -> list[int]:
        raise RuntimeError("a bug")

    monkeypatch.setattr(book, "keep", broken)
    waiting = [threading.Thread(target=commit, daemon=True) for _ in range(4)]
    for thread in waiting:
        thread.start()
    wait(lambda: idle.waiting() == 4)
    with pytest.raises(RuntimeError):
        idle.run(threading.Event())
    for thread in waiting:
        thread.join(5)
    assert len(answers) == 4


def test_a_quiet_store_that_came_back_is_known_to_be_back(
    idle: Keeper, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "LOOK_S", 0.05)
    book.error = StoreError("away")
    stop = threading.Event()
    thread = threading.Thread(target=idle.run, args=(stop,), daemon=True)
    thread.start()
    wait(lambda: idle.away_since_ms is not None)
    book.error = None
    wait(lambda: idle.away_since_ms is None)
    stop.set()
    thread.join(5)


def test_without_a_checkpoint_key_the_spool_lets_go_of_what_the_database_has(
    kept: Keeper, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    released: list[int] = []
    monkeypatch.setattr(keeper, "LOOK_S", 0.05)
    monkeypatch.setattr(journal, "release", released.append)
    kept.offer(event(1), lambda _seq: None)
    wait(lambda: 1 in released)


def test_who_asks_for_a_signature_is_answered_once_the_record_is_signed(
    kept: Keeper, book: Book
) -> None:
    looks: list[tuple[int, bool]] = []
    kept.witness = SimpleNamespace(  # type: ignore[assignment]
        look=lambda _now, _mono, _keep, at_once: looks.append((len(book.seqs), at_once)),
        copied_size=0,
    )
    assert kept.sign([event(1)]) == [1]
    assert looks[-1] == (1, True)
    kept.commit([event(2)])
    assert [at_once for _, at_once in looks].count(True) == 1
    book.error = StoreError("away")
    with pytest.raises(StoreError, match="away"):
        kept.sign([event(3)])


# --- raw samples -------------------------------------------------------------------------


def sample(number: int) -> Row:
    values: RowValues = {"board": "cab01", "at_ms": number, "board_ms": number, "boot": 17}
    return Row(table="sample", values=values | {"readings": "L1=859"})


@pytest.fixture
def shelved(idle: Keeper, kept: Keeper) -> Shelf:
    shelf = kept.shelf = Shelf(lambda _board, _begin_ms: False)
    return shelf


def test_samples_come_after_the_events_that_wait(
    shelved: Shelf, kept: Keeper, book: Book, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    keep = book.keep

    def note(bodies: Sequence[bytes], rows: Sequence[Row] = ()) -> list[int]:
        order.extend(["event"] * len(bodies) + ["sample"] * len(rows))
        return keep(bodies, rows)

    monkeypatch.setattr(book, "keep", note)
    book.error = StoreError("away")
    for number in range(300):
        shelved.put(sample(number))
        kept.offer(event(number + 1), lambda _seq: None)
    wait(lambda: kept.backlog().events == 300)
    assert order == ["event"] * order.count("event")  # tried, none succeeded
    order.clear()
    book.error = None
    wait(lambda: order.count("sample") == 300)
    told = [word for word in order if word == "event"][:300]
    assert order[: len(told)] == told


def test_while_an_event_waits_no_sample_is_kept(idle: Keeper, book: Book, journal: Journal) -> None:
    idle.shelf = Shelf(lambda _board, _begin_ms: False)
    for number in range(200):
        idle.shelf.put(sample(number))
    idle._writer = book  # type: ignore[assignment]
    idle.offer(event(1), lambda _seq: None)
    idle._keep_samples()
    assert book.calls == []
    idle._spool_offers()
    idle._keep_samples()  # still: it is not in the database
    assert book.calls == []
    idle._fill()
    idle._keep_samples()
    assert book.calls == [1, 0]


def test_at_the_end_samples_are_kept_that_nobody_would_send_again(idle: Keeper, book: Book) -> None:
    shelf = idle.shelf = Shelf(lambda _board, _begin_ms: False)
    stop = threading.Event()
    thread = threading.Thread(target=idle.run, args=(stop,), daemon=True)
    thread.start()
    idle.commit([event(1)])
    for number in range(450):
        shelf.put(sample(number))
    stop.set()
    thread.join(5)
    assert sum(book.rows) == 450
    assert max(book.rows) == 200


def test_samples_lost_at_the_end_are_told_in_the_spool(
    idle: Keeper, book: Book, journal: Journal
) -> None:
    shelf = idle.shelf = Shelf(lambda _board, _begin_ms: False)
    book.error = StoreError("away")
    for number in range(7):
        shelf.put(sample(number))
    stop = threading.Event()
    stop.set()
    idle.run(stop)
    (body,) = journal.peek(10)
    assert b'"kind":"samples_dropped"' in body
    assert b'"count":7,"from_at_ms":0,"reason":"database away","to_at_ms":6' in body


def test_an_event_stirs_the_shelf(shelved: Shelf, kept: Keeper, book: Book) -> None:
    told: list[int] = []
    kept.offer(event(1), told.append)
    wait(lambda: told)
    shelved.put(sample(1))
    wait(lambda: sum(book.rows) == 1)  # else it would wait for a minute


def test_a_job_is_done_between_two_groups_and_its_refusal_is_the_askers(
    kept: Keeper, book: Book
) -> None:
    def refuse(_writer: Writer) -> int:
        raise StoreError("the table is being read")

    assert kept.tidy(lambda writer: 7 * (writer is book)) == 7  # type: ignore[comparison-overlap]
    with pytest.raises(StoreError, match="is being read"):
        kept.tidy(refuse)
    assert kept.away_since_ms is None
    book.error = StoreError("no database")
    with pytest.raises(StoreError, match="no database"):
        kept.commit([event(1)])
    with pytest.raises(StoreError):
        kept.tidy(lambda _writer: 1)
