"""The contract of keeping, on both databases."""

import threading
from typing import Any

import pytest
from sqlalchemy import insert

from fognode import hashing
from fognode.config import Config
from fognode.errors import StoreError
from fognode.events import Row, RowValues
from fognode.store import writer as writer_module
from fognode.store.prepare import prepare_database
from fognode.store.tables import event
from fognode.store.verify import verify
from fognode.store.writer import Writer
from fognode.trial.database import TrialDatabase
from tests.store.conftest import B1, B2, House, body

B1_ID = "13c61f0b4dbac55b1e26b7445599f1ed"
B1_LINK = "35521edca00105a914e4f009c55c0a1ad6a275b26fd7a592729e348cc0c6c38e"
B2_LINK = "ace65073ed6f894154e6e397dfa3dc833262bdb6907d75caa4e16775ded56ee9"
# printf '{"at_ms":5,"attempt":1,"detail":"451","outbox_id":"e1/m","outcome":"later"}' | sha256sum
LOGGED_HASH = "69b8128fed144b85ddd00a4789f66de759de99f5af49a3f1351be69813deb20d"
ATTEMPT: RowValues = {
    "outbox_id": "e1/m",
    "attempt": 1,
    "outcome": "later",
    "detail": "451",
    "at_ms": 5,
}


def cursor_row(seq: int, follower: str = "custody") -> Row:
    return Row(table="cursor", values={"follower": follower, "as_of_seq": seq})


def attempt_row(**changes: Any) -> Row:
    values: RowValues = {**ATTEMPT, **changes}
    return Row(table="mail_attempt", values=values)


# --- events ------------------------------------------------------------------------------


def test_worked_example_is_chained_and_read_back_byte_for_byte(house: House) -> None:
    assert house.writer().keep([B1, B2]) == [1, 2]
    first, second = house.reader.events()
    assert (first.body, second.body) == (B1, B2)
    assert first.event_id == B1_ID
    links = house.reader.rows("event", order="seq")
    assert [link["hash"] for link in links] == [bytes.fromhex(B1_LINK), bytes.fromhex(B2_LINK)]
    assert [link["prev_hash"] for link in links] == [bytes(32), bytes.fromhex(B1_LINK)]
    assert house.reader.head() == (2, bytes.fromhex(B2_LINK))


def test_a_happening_told_again_keeps_its_first_body_and_seq(house: House) -> None:
    writer = house.writer()
    writer.keep([B1])
    later = B1.replace(b'"recorded_at_ms":1795241520171', b'"recorded_at_ms":1795241529999')
    assert writer.keep([later]) == [1]
    assert writer.keep([B1, B2, B1]) == [1, 2, 1]
    assert [stored.body for stored in house.reader.events()] == [B1, B2]


def test_a_happening_told_twice_in_one_group_is_kept_once(house: House) -> None:
    assert house.writer().keep([body(1), body(2), body(1)]) == [1, 2, 1]
    assert house.reader.head()[0] == 2


def test_a_group_of_a_hundred_keeps_its_order(house: House) -> None:
    bodies = [body(count) for count in range(1, 101)]
    assert house.writer().keep(bodies) == list(range(1, 101))
    assert [stored.body for stored in house.reader.events(limit=100)] == bodies
    assert verify(house.reader_engine) == []


def test_a_new_writer_goes_on_where_the_last_one_ended(house: House) -> None:
    first = house.writer()
    first.keep([B1])
    first.close()
    assert house.writer().keep([B2, B1]) == [2, 1]
    assert house.reader.head() == (2, bytes.fromhex(B2_LINK))


def test_keeping_nothing_is_no_error(house: House) -> None:
    assert house.writer().keep([]) == []
    assert house.reader.head() == (0, bytes(32))


def test_a_body_without_origin_is_refused_and_nothing_is_kept(house: House) -> None:
    writer = house.writer()
    with pytest.raises(ValueError, match="origin"):
        writer.keep([B1, b'{"facts":{},"kind":"light_open"}' + b" " * 60])
    assert house.reader.head()[0] == 0


# --- rows --------------------------------------------------------------------------------


def test_rows_come_with_their_events_and_carry_their_hash(house: House) -> None:
    house.writer().keep([B1], [cursor_row(1), attempt_row()])
    assert house.reader.cursor("custody") == 1
    (logged,) = house.reader.rows("mail_attempt")
    assert logged == {**ATTEMPT, "hash": bytes.fromhex(LOGGED_HASH)}


def test_a_derived_row_replaces_the_one_of_its_key(house: House) -> None:
    writer = house.writer()
    writer.keep([B1], [cursor_row(1), cursor_row(1, "alerts")])
    writer.keep([], [cursor_row(5), cursor_row(7)])
    rows = house.reader.rows("cursor", order="follower")
    assert [(row["follower"], row["as_of_seq"]) for row in rows] == [("alerts", 1), ("custody", 7)]
    assert verify(house.reader_engine) == []


def test_numbers_and_texts_of_every_size_stand_in_one_group(house: House) -> None:
    numbers = [1, 2**45, -5, 2**31, 255, 256, -(2**40), 0, 2**53 - 1]
    rows = [
        Row(
            table="board",
            values={
                "board": f"b{place}",
                "boot": number,
                "count": numbers[-place - 1],
                "kind": "x" * place * 5,
                "version": "ç✓𝄞"[: place % 4],
                "last_event_at_ms": number,
                "as_of_seq": place,
            },
        )
        for place, number in enumerate(numbers)
    ]
    house.writer().keep([], rows)
    kept = house.reader.rows("board", order="as_of_seq")
    assert [{n: v for n, v in row.items() if n != "hash"} for row in kept] == [
        row.values for row in rows
    ]
    assert verify(house.reader_engine) == []


def test_a_log_row_known_by_its_key_is_recognised(house: House) -> None:
    writer = house.writer()
    writer.keep([], [attempt_row()])
    writer.keep([B1], [attempt_row(detail="other"), attempt_row(attempt=2), cursor_row(1)])
    details = [row["detail"] for row in house.reader.rows("mail_attempt", order="attempt")]
    assert details == ["451", "451"]
    assert house.reader.cursor("custody") == 1


# --- failures ----------------------------------------------------------------------------


# Of a transaction: BEGIN, the events, a row of each of two tables, COMMIT.
STEPS = ["execute", "executemany", "execute", "execute", "commit"]


class Fault:
    """Breaks the connection of a writer at the n-th call that reaches the database."""

    def __init__(self, raw: Any, driver: Any, at: int, *, after: bool) -> None:
        self._raw, self._driver, self._at, self._after = raw, driver, at, after
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._raw, name)
        if name == "cursor":
            return lambda **wishes: Fault.Cursor(found(**wishes), self)
        return lambda *args: self.call(name, found, *args) if name == "commit" else found(*args)

    def call(self, name: str, act: Any, *args: Any) -> Any:
        self.calls.append(name)
        if len(self.calls) == self._at and not self._after:
            raise self._driver.OperationalError("injected before")
        result = act(*args)
        if len(self.calls) == self._at:
            raise self._driver.OperationalError("injected after")
        return result

    class Cursor:
        def __init__(self, cursor: Any, fault: "Fault") -> None:
            self._cursor, self._fault = cursor, fault

        def execute(self, *args: Any) -> Any:
            return self._fault.call("execute", self._cursor.execute, *args)

        def executemany(self, *args: Any) -> Any:
            return self._fault.call("executemany", self._cursor.executemany, *args)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(1, len(STEPS) + 1))
def test_failure_at_any_step_keeps_everything_exactly_once(
    house: House, step: int, after: bool
) -> None:
    writer = house.writer()
    writer.keep([body(1)])
    assert writer._session is not None
    fault = Fault(writer._session.raw, writer._driver, step, after=after)
    writer._session.raw = fault  # type: ignore[assignment]  # stands in for the connection
    writer._session.cursors.clear()
    rows = [cursor_row(3), attempt_row()]
    assert writer.keep([body(2), body(3)], rows) == [2, 3]
    assert fault.calls == STEPS[:step]
    assert house.reader.head()[0] == 3
    assert house.reader.count("mail_attempt") == house.reader.count("cursor") == 1
    assert verify(house.reader_engine) == []
    assert writer.keep([body(4)]) == [4]


def test_a_database_that_keeps_refusing_is_told_and_the_same_bytes_come_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = house.writer()
    writer.keep([B1])

    def refuse(*_: object) -> None:
        raise writer._driver.OperationalError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(writer_module._Session, "run", refuse)
        with pytest.raises(StoreError, match="disk full"):
            writer.keep([B2])
    assert house.reader.head()[0] == 1
    assert writer.keep([B2]) == [2]


def test_a_commit_that_succeeded_without_an_answer_is_found_after_the_reader_was_away_too(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = house.writer()
    writer.keep([body(1)])
    assert writer._session is not None
    fault = Fault(writer._session.raw, writer._driver, 1, after=True)
    writer._session.raw = fault  # type: ignore[assignment]  # stands in for the connection
    writer._session.cursors.clear()

    def away(*_: object) -> None:
        raise StoreError("reader away")

    with monkeypatch.context() as patch:
        patch.setattr(house.reader, "seqs", away)
        with pytest.raises(StoreError, match="reader away"):
            writer.keep([body(2)])
        with pytest.raises(StoreError, match="reader away"):
            writer.keep([body(2)])
    assert writer.keep([body(2), body(3)]) == [2, 3]
    assert house.reader.head()[0] == 3


# --- two writers -------------------------------------------------------------------------


def test_two_writers_without_the_lock_do_no_harm(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "lock_file", lambda *_: None)
    monkeypatch.setattr(writer_module, "lock_name", lambda *_: None)
    monkeypatch.setattr(writer_module, "CONFLICTS", 200)
    writers = [house.writer(), house.writer()]
    failures: list[StoreError] = []

    def fill(number: int) -> None:
        try:
            for count in range(40):
                writers[number].keep([body(1000 * number + count)])
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=fill, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert house.reader.head()[0] == 80  # a thread that died of anything else kept fewer
    assert verify(house.reader_engine) == []


def test_a_place_taken_by_another_is_noticed_and_the_next_one_used(house: House) -> None:
    writer = house.writer()
    writer.keep([B1])
    link = bytes.fromhex(B1_LINK)
    other = body(7)
    intruder = {
        "seq": 2,
        "event_id": hashing.event_id("b/cab01/17/7"),
        "body": other if house.is_sqlite else other.decode(),
        "prev_hash": link,
        "hash": hashing.link_hash(link, other),
    }
    with house.writer_engine.begin() as connection:
        connection.execute(insert(event).values(intruder))
    assert writer.keep([B2, other]) == [3, 2]
    assert verify(house.reader_engine) == []


# --- what MariaDB is asked ---------------------------------------------------------------


def asked(house: House) -> dict[str, int]:
    """Return how often the server was asked to prepare, to execute and to commit."""
    words = ("Com_stmt_prepare", "Com_stmt_execute", "Com_commit")
    with house.reader_engine.connect() as connection:
        told = connection.exec_driver_sql("SHOW GLOBAL STATUS LIKE 'Com_%%'").all()
    return {name: int(count) for name, count in told if name in words}


@pytest.mark.mariadb
def test_an_event_alone_takes_one_way_to_the_server(mariadb_house: House) -> None:
    writer = mariadb_house.writer()
    writer.keep([body(1)])
    writer.keep([body(2)])  # after the first, nothing is in doubt
    before = asked(mariadb_house)
    for count in range(3, 23):
        assert writer.keep([body(count)]) == [count]
    after = asked(mariadb_house)
    grown = {name: after[name] - before[name] for name in before}
    # The driver's own attribute is used for this: another version of it may need another way.
    assert grown == {"Com_stmt_prepare": 0, "Com_stmt_execute": 20, "Com_commit": 0}


@pytest.mark.mariadb
def test_a_statement_kept_prepared_obeys_guards_that_are_made_anew(mariadb_house: House) -> None:
    writer = mariadb_house.writer()
    assert [writer.keep([body(count)]) for count in (1, 2)] == [[1], [2]]
    mariadb_house.tamper("DROP TRIGGER T.event_copy")
    writer.keep([body(3)])
    prepare_database(mariadb_house.config)
    writer.keep([body(4)])
    assert [row["seq"] for row in mariadb_house.reader.rows("event_shadow", order="seq")] == [
        1,
        2,
        4,
    ]


# --- the server dies ---------------------------------------------------------------------


@pytest.mark.mariadb
def test_killed_server_loses_nothing_that_was_acknowledged_and_doubles_nothing(
    mariadb_house: House, server: tuple[TrialDatabase, object]
) -> None:
    database, writer = server[0], mariadb_house.writer()
    acknowledged: list[tuple[int, int]] = []
    under_way = threading.Event()
    refused: list[tuple[int, StoreError]] = []

    def fill() -> None:
        for count in range(1, 100_000):
            try:
                acknowledged.append((count, writer.keep([body(count)])[0]))
            except StoreError as error:
                refused.append((count, error))
                return
            if count == 50:
                under_way.set()

    thread = threading.Thread(target=fill)
    thread.start()
    assert under_way.wait(30)
    database.kill()
    thread.join(30)
    assert not thread.is_alive()
    with pytest.raises(StoreError):
        mariadb_house.reader.head()
    database.start()
    # The commit under way may or may not have succeeded: the same bytes settle it.
    ((offered, _),) = refused
    assert writer.keep([body(offered), body(offered + 1)]) == [offered, offered + 1]
    assert all(count == seq for count, seq in acknowledged)
    assert mariadb_house.reader.head()[0] == offered + 1
    assert verify(mariadb_house.reader_engine) == []


@pytest.mark.mariadb
def test_writer_opened_while_the_server_is_down_says_so(
    shared_mariadb: Config, server: tuple[TrialDatabase, object]
) -> None:
    server[0].kill()
    try:
        house = House(shared_mariadb)
        with pytest.raises(StoreError, match="cannot reach"):
            Writer(house.writer_engine, house.reader)
        house.close()
    finally:
        server[0].start()


# --- what takes out ----------------------------------------------------------------------


def test_statement_that_takes_out_is_committed_by_itself(house: House) -> None:
    writer = house.writer()
    writer.keep([], [cursor_row(7), cursor_row(8, "journey")])
    state = "" if house.is_sqlite else f"{house.schema}_state."
    take_out = f"DELETE FROM {state}cursor WHERE follower = ?"
    assert writer.run(take_out, ("custody",)) == 1
    assert writer.run(take_out, ("custody",)) == 0
    assert [row["follower"] for row in house.reader.rows("cursor")] == ["journey"]


def test_statement_that_is_refused_leaves_a_writer_that_goes_on(house: House) -> None:
    writer = house.writer()
    place = "event" if house.is_sqlite else f"{house.schema}.event"
    writer.keep([B1])
    with pytest.raises(StoreError, match="the database refused"):
        writer.run(f"DELETE FROM {place} WHERE seq = ?", (1,))
    assert writer.keep([B1, B2]) == [1, 2]
    assert verify(house.reader_engine) == []
