import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from fognode.daemon import followers
from fognode.daemon.followers import Followers
from fognode.errors import StoreError
from fognode.events import Event, Outcome, Row, Stored, derived
from fognode.hashing import event_id


class Record:
    """A record in memory that behaves like reader and keeper together, and can be away."""

    def __init__(self) -> None:
        self.stored: list[Stored] = []
        self.kept_cursor = 0
        self.restated = 0
        self.rows: list[Row] = []
        self.away = 0  # so many calls fail
        self.nudge = threading.Event()

    def _fail(self) -> None:
        if self.away:
            self.away -= 1
            raise StoreError("away")

    def events(self, after: int = 0, limit: int = 500) -> list[Stored]:
        self._fail()
        return self.stored[after : after + limit]

    def cursor(self, follower: str) -> int:
        self._fail()
        return self.kept_cursor if follower == followers.NAME else self.restated

    def commit(self, events: Sequence[Event], rows: Sequence[Row]) -> list[int]:
        self._fail()
        known = {s.origin for s in self.stored}
        for event in events:
            if event.origin not in known:
                self.add(event)
        for row in rows:
            if row.table != "cursor":
                self.rows.append(row)
            elif row.values["follower"] == followers.NAME:
                self.kept_cursor = int(row.values["as_of_seq"] or 0)
            else:
                self.restated = int(row.values["as_of_seq"] or 0)
        return []

    def add(self, event: Event) -> None:
        self.stored.append(
            Stored(
                seq=len(self.stored) + 1,
                event_id=event_id(event.origin).hex(),
                kind=event.kind,
                origin=event.origin,
                happened_at_ms=event.happened_at_ms,
                recorded_at_ms=event.happened_at_ms,
                facts=event.facts,
                body=b"",
            )
        )
        self.nudge.set()


def echo(told: Stored) -> Outcome:
    if told.kind != "light_open":
        return Outcome()
    return Outcome([Event(kind="openBox", origin=derived("echo", told), happened_at_ms=1)])


def run_until(record: Record, there: Callable[[], bool], **parts: Any) -> Followers:
    steps = parts.get("steps", [echo])
    due = parts.get("due", lambda _now: Outcome())
    made = Followers(
        record,  # type: ignore[arg-type]  # stands for the Reader
        record.commit,
        lambda: (steps, due),
        record.nudge,
        lambda: 5,
    )
    stop = threading.Event()
    thread = threading.Thread(target=made.run, args=(stop,), daemon=True)
    thread.start()
    until = time.monotonic() + 5
    while not there() and time.monotonic() < until:
        time.sleep(0.01)
    stop.set()
    record.nudge.set()
    thread.join(5)
    assert not thread.is_alive()
    assert there()
    return made


def light(number: int) -> Event:
    return Event(kind="light_open", origin=f"b/cab01/1/{number}", happened_at_ms=number)


@pytest.fixture
def record() -> Record:
    made = Record()
    for number in (1, 2, 3):
        made.add(light(number))
    return made


def test_what_events_lead_to_is_kept_once_and_told_again_to_all(record: Record) -> None:
    made = run_until(record, lambda: record.kept_cursor == 6)
    assert [s.kind for s in record.stored] == ["light_open"] * 3 + ["openBox"] * 3
    assert made.caught_up.is_set()


def test_a_second_life_adds_nothing(record: Record) -> None:
    run_until(record, lambda: record.kept_cursor == 6)
    told: list[int] = []

    def listen(event: Stored) -> Outcome:
        told.append(event.seq)
        return Outcome()

    run_until(record, lambda: len(told) == 6, steps=[echo, listen])
    assert len(record.stored) == 6
    assert told == [1, 2, 3, 4, 5, 6]


def test_an_outcome_outlives_an_absent_database(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followers, "POLL_S", 0.01)
    record.away = 7
    run_until(record, lambda: record.kept_cursor == 6)
    assert [s.kind for s in record.stored].count("openBox") == 3


def test_time_is_asked_only_when_all_is_told(record: Record) -> None:
    asked: list[int] = []

    def due(_now_ms: int) -> Outcome:
        asked.append(record.kept_cursor)
        return Outcome()

    run_until(record, lambda: bool(asked), due=due)
    assert asked[0] == 6


def named(told: Stored) -> Outcome:
    rows = [Row(table=table, values={"seq": told.seq}) for table in ("package", "mail_outbox")]
    return Outcome(rows=rows)


@pytest.mark.parametrize(("restated", "kept"), [(0, 3), (1, 0)])
def test_after_a_migration_the_folded_tables_are_written_again_and_no_others(
    record: Record, monkeypatch: pytest.MonkeyPatch, restated: int, kept: int
) -> None:
    monkeypatch.setattr(Followers, "folded", frozenset({"package"}))
    record.kept_cursor, record.restated = 3, restated
    made = run_until(record, lambda: record.restated > 0, steps=[named])
    assert made.caught_up.is_set() or record.restated
    assert [row.table for row in record.rows] == ["package"] * kept


def test_a_new_record_needs_no_restating(record: Record) -> None:
    run_until(record, lambda: record.kept_cursor == 6)
    assert record.restated == 1
