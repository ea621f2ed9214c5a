"""The events as they stand, and which of them the database finds odd."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import literal, select

from fognode.config import Config
from fognode.errors import StoreError
from fognode.hashing import GENESIS, event_id, link_hash
from fognode.store import prepare, scan
from fognode.store.engines import database_file, open_engine
from fognode.store.scan import Scan, fetch
from fognode.store.tables import GENERATED, event
from fognode.store.walk import Link
from tests.store.conftest import B1, B2, House, body


def links(house: House, after: int = 0, up_to: int = 100) -> list[Link]:
    with house.reader_engine.connect() as connection:
        return [row for rows in Scan(connection).links(after, up_to) for row in rows]


def odd(house: House) -> list[int]:
    return [row[0] for row in links(house) if row[5] != 1]


def test_events_come_with_the_bytes_that_were_kept(house: House) -> None:
    house.writer().keep([B1, B2])
    first = link_hash(GENESIS, B1)
    assert links(house) == [
        (1, GENESIS, first, B1, event_id("b/cab01/17/42"), 1),
        (
            2,
            first,
            link_hash(first, B2),
            B2,
            event_id("r/open_box/13c61f0b4dbac55b1e26b7445599f1ed/1"),
            1,
        ),
    ]


def test_events_come_in_groups_and_only_those_asked_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "AT_ONCE", 2)
    house.writer().keep([body(count) for count in range(1, 10)])
    with house.reader_engine.connect() as connection:
        groups = list(Scan(connection).links(2, 7))
        assert [[row[0] for row in rows] for rows in groups] == [[3, 4], [5, 6], [7]]
        assert list(Scan(connection).bodies(7, 9)) == [body(8), body(9)]


def test_a_connection_is_free_again_when_a_group_was_enough(house: House) -> None:
    house.writer().keep([body(count) for count in range(1, 2000)])
    with house.reader_engine.connect() as connection:
        groups = Scan(connection).links(0, 2000)
        assert next(groups)[0][0] == 1
        groups.close()  # type: ignore[attr-defined]
        assert connection.execute(select(event.c.seq).limit(1)).scalar() == 1


ZEROS = {"prev_hash": 32, "hash": 32, "event_id": 16}


@pytest.mark.parametrize("column", ZEROS)
def test_copy_that_differs_in_a_column_makes_its_event_odd(house: House, column: str) -> None:
    house.writer().keep([body(count) for count in range(1, 5)])
    count = ZEROS[column]
    zeros = f"zeroblob({count})" if house.is_sqlite else f"REPEAT(CHAR(0), {count})"
    house.tamper(f"UPDATE A.event_shadow SET {column} = {zeros} WHERE seq = 3")
    assert odd(house) == [3]


def test_blank_after_the_body_of_a_copy_makes_its_event_odd(house: House) -> None:
    # As texts, MariaDB compares them without the blanks at their ends.
    house.writer().keep([body(count) for count in range(1, 5)])
    longer = "CAST(CAST(body AS TEXT) || ' ' AS BLOB)" if house.is_sqlite else "CONCAT(body, ' ')"
    house.tamper(f"UPDATE A.event_shadow SET body = {longer} WHERE seq = 2")
    assert odd(house) == [2]


def test_event_without_a_copy_is_odd(house: House) -> None:
    house.writer().keep([body(count) for count in range(1, 5)])
    house.tamper("DELETE FROM A.event_shadow WHERE seq IN (1, 4)")
    assert odd(house) == [1, 4]


@pytest.mark.mariadb
def test_copy_whose_column_is_null_makes_its_event_odd(
    mariadb_config: Callable[[str], Config],
) -> None:
    config = mariadb_config("nulls")
    prepare.prepare_database(config)
    house = House(config)
    house.writer().keep([body(count) for count in range(1, 4)])
    house.as_root(
        "ALTER TABLE A.event_shadow MODIFY prev_hash BINARY(32) NULL",
        "UPDATE A.event_shadow SET prev_hash = NULL WHERE seq = 2",
    )
    assert odd(house) == [2]
    house.close()


def test_column_that_is_no_longer_made_of_the_body_is_compared_with_it(
    sqlite_house: House,
) -> None:
    sqlite_house.writer().keep([body(count) for count in range(1, 4)])
    sqlite_house.tamper(
        "DROP INDEX event_kind",
        "DROP VIEW staging",
        "ALTER TABLE event DROP COLUMN kind",
        "ALTER TABLE event ADD COLUMN kind TEXT",
        "UPDATE event SET kind = 'light_open' WHERE seq <> 3",
    )
    assert odd(sqlite_house) == [3]


def test_any_columns_can_be_fetched(house: House) -> None:
    house.writer().keep([body(1), body(2)])
    with house.reader_engine.connect() as connection:
        assert list(fetch(connection, select(event.c.seq, literal(7)), 1, 2)) == [[(2, 7)]]


def test_what_cannot_be_read_is_a_store_error(tmp_path: Path, sqlite_config: Config) -> None:
    file = database_file(sqlite_config)
    file.parent.mkdir()
    sqlite3.connect(file).close()
    engine = open_engine(sqlite_config, "reader")
    with engine.connect() as connection, pytest.raises(StoreError, match="no such table"):
        list(Scan(connection).links(0, 1))
    engine.dispose()


def test_columns_made_of_the_body_are_known_as_such(house: House) -> None:
    # Comparing them with the body would cost more than all the rest.
    with house.reader_engine.connect() as connection:
        assert scan._made_columns(connection, house.is_sqlite) == set(GENERATED)
