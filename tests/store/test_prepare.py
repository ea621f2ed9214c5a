"""What migrations and root's scripts make: guards that refuse, on both databases."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert
from sqlalchemy.exc import DBAPIError

from fognode import hashing
from fognode.config import Config, parse
from fognode.errors import ConfigError
from fognode.events import Row, RowValues
from fognode.store import prepare
from fognode.store.engines import ANSWER_S, database_file, open_engine, open_mariadb
from fognode.store.schema import check_schema
from fognode.store.tables import LOGS, event
from fognode.store.verify import verify
from fognode.trial.database import TrialDatabase
from tests.store.conftest import B1, B2, House, driver_error, run_mariadb, run_sqlite

LINK1 = bytes.fromhex("35521edca00105a914e4f009c55c0a1ad6a275b26fd7a592729e348cc0c6c38e")
ATTEMPT: RowValues = {
    "outbox_id": "e1/m",
    "attempt": 1,
    "outcome": "later",
    "detail": "451",
    "at_ms": 5,
}
DERIVED_INSERT = "INSERT INTO {s}_state.cursor VALUES ('custody', 1, REPEAT('x', 32))"
COLUMNS = "seq, event_id, body, prev_hash, hash"


def link(seq: int, told: bytes, prev_hash: bytes) -> dict[str, object]:
    """Make the row of an event, right in itself."""
    origin = told.split(b'"origin":"')[1].split(b'"')[0].decode() if b"origin" in told else ""
    return {
        "seq": seq,
        "event_id": hashing.event_id(origin),
        "body": told,
        "prev_hash": prev_hash,
        "hash": hashing.link_hash(prev_hash, told),
    }


NO_ORIGIN = B2.replace(b'"origin"', b'"orison"')
SECOND = link(2, B2, LINK1)
REFUSED = [  # what is offered after B1, number on MariaDB, number in SQLite's words
    ("wrong hash", {**SECOND, "hash": bytes(32)}, 30001, "30001"),
    ("short hash", {**SECOND, "hash": b"x" * 31}, 30001, "30001"),
    ("changed body", {**SECOND, "body": B2.replace(b"86400190", b"86400191")}, 30001, "30001"),
    ("gap", link(3, B2, LINK1), 30002, "30005"),
    ("wrong link", link(2, B2, bytes(32)), 30002, "30002"),
    ("second genesis", link(1, B2, bytes(32)), 1062, "30005"),
    ("wrong genesis", link(1, B2, b"x" * 32), 30002, "30005"),
    ("seq 0", link(0, B2, bytes(32)), 1690, "30005"),
    ("no origin", link(2, NO_ORIGIN, LINK1), 30004, "30004"),
    ("another's id", {**SECOND, "event_id": bytes(16)}, 30004, "30004"),
    ("known id", link(2, B1, LINK1), 1062, "30005"),
]


def offer(house: House, row: dict[str, object]) -> None:
    told = row["body"]
    assert isinstance(told, bytes)
    values = {**row, "body": told if house.is_sqlite else told.decode()}
    with house.writer_engine.begin() as connection:
        connection.execute(insert(event).values(values))


@pytest.mark.parametrize(("case", "row", "number", "word"), REFUSED, ids=[r[0] for r in REFUSED])
def test_event_that_does_not_fit_the_chain_is_refused_by_the_database(
    house: House, case: str, row: dict[str, object], number: int, word: str
) -> None:
    house.writer().keep([B1])
    with pytest.raises(DBAPIError) as refused:
        offer(house, row)
    if house.is_sqlite:
        assert word in str(refused.value.orig), case
    else:
        assert driver_error(refused) == number, case
    assert house.reader.head() == (1, LINK1)


def test_the_next_link_is_taken_and_its_copy_is_equal(house: House) -> None:
    """A58."""
    house.writer().keep([B1])
    offer(house, SECOND)
    rows = house.reader.rows("event", order="seq")
    copies = house.reader.rows("event_shadow", order="seq")
    assert [{name: copy[name] for name in row} for row, copy in zip(rows, copies, strict=True)] == (
        rows
    )
    who = "file" if house.is_sqlite else f"{house.schema}_writer@localhost"
    assert {copy["db_user"] for copy in copies} == {who}


# --- SQLite ------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["event", "mail_attempt", "event_shadow"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET hash = zeroblob(32)", "DELETE FROM {}"])
def test_sqlite_refuses_update_and_delete(sqlite_house: House, table: str, statement: str) -> None:
    sqlite_house.writer().keep([B1], [Row(table="mail_attempt", values=dict(ATTEMPT))])
    with pytest.raises(sqlite3.IntegrityError, match="30003") as refused:
        sqlite_house.as_root(statement.format(table))
    assert refused.value.sqlite_errorname == "SQLITE_CONSTRAINT_TRIGGER"


@pytest.mark.parametrize("seq", [1, 2])
def test_sqlite_refuses_insert_or_replace_by_seq_and_by_id(sqlite_house: House, seq: int) -> None:
    # It deletes the old row without firing the DELETE trigger.
    sqlite_house.writer().keep([B1])
    row = link(seq, B1, bytes(32) if seq == 1 else LINK1)
    with (
        pytest.raises(DBAPIError, match="30005"),
        sqlite_house.writer_engine.begin() as connection,
    ):
        connection.exec_driver_sql(
            f"INSERT OR REPLACE INTO event ({COLUMNS}) VALUES (?, ?, ?, ?, ?)", tuple(row.values())
        )
    assert [stored.body for stored in sqlite_house.reader.events()] == [B1]


def test_sqlite_connection_without_our_functions_cannot_insert(sqlite_house: House) -> None:
    row = link(1, B1, bytes(32))
    connection = sqlite3.connect(database_file(sqlite_house.config))
    with pytest.raises(sqlite3.OperationalError, match="no such function"):
        connection.execute(
            f"INSERT INTO event ({COLUMNS}) VALUES (?, ?, ?, ?, ?)", tuple(row.values())
        )
    connection.close()


def test_sqlite_file_is_private_and_keeps_a_write_ahead_log(sqlite_house: House) -> None:
    path = database_file(sqlite_house.config)
    assert path.stat().st_mode & 0o777 == 0o600
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


# --- MariaDB -----------------------------------------------------------------------------

WRITER_MAY_NOT = [
    ("UPDATE {s}.event SET seq = 9", 1142),
    ("DELETE FROM {s}.event", 1142),
    ("TRUNCATE {s}.event", 1142),
    ("DROP TABLE {s}.event", 1142),
    ("ALTER TABLE {s}.event ADD COLUMN more INT", 1142),
    ("REPLACE INTO {s}.event (seq) VALUES (1)", 1142),
    ("INSERT INTO {s}.event (seq) VALUES (1) ON DUPLICATE KEY UPDATE seq = 2", 1142),
    ("INSERT INTO {s}.event (seq, kind) VALUES (1, 'x')", 1906),
    ("SELECT seq FROM {s}.event", 1142),
    ("SELECT * FROM {s}.event FOR UPDATE", 1142),
    ("SELECT 1 FROM {s}_audit.event_shadow", 1142),
    ("INSERT INTO {s}_audit.event_shadow (seq) VALUES (1)", 1142),
    ("DELETE FROM {s}_audit.blocked", 1142),
    ("CALL {s}_audit.refuse('UPDATE', 'event', '1')", 1370),
    ("UPDATE {s}.mail_attempt SET at_ms = 9", 1142),
    ("SELECT * FROM {s}.mail_attempt", 1142),
    ("UPDATE {s}.chain_head SET seq = 9", 1142),
    ("DELETE FROM {s}.chain_head", 1142),
    ("SELECT * FROM {s}.staging", 1142),
    ("SELECT * FROM mysql.user", 1142),
    ("DROP TRIGGER {s}.event_check", 1142),
    ("INSERT INTO {s}.alembic_version VALUES ('9')", 1142),
    ("SET GLOBAL innodb_flush_log_at_trx_commit = 2", 1227),
    ("SET timestamp = 1", 1290),
    ("GRANT SELECT ON {s}.event TO {s}_writer@localhost", 1142),
]
READER_MAY_NOT = [
    ("INSERT INTO {s}.event (seq) VALUES (1)", 1142),
    ("UPDATE {s}_state.cursor SET as_of_seq = 9", 1142),
    (DERIVED_INSERT, 1142),
    ("DELETE FROM {s}_audit.event_shadow", 1142),
    ("CREATE TEMPORARY TABLE {s}.t (a INT)", 1044),
    ("TRUNCATE {s}.event", 1142),
]


@pytest.mark.mariadb
@pytest.mark.parametrize(("statement", "number"), WRITER_MAY_NOT)
def test_writing_account_can_neither_read_nor_alter(
    mariadb_house: House, statement: str, number: int
) -> None:
    """A59."""
    with (
        pytest.raises(DBAPIError) as refused,
        mariadb_house.writer_engine.begin() as connection,
    ):
        connection.exec_driver_sql(statement.format(s=mariadb_house.schema))
    assert driver_error(refused) == number


@pytest.mark.mariadb
@pytest.mark.parametrize(("statement", "number"), READER_MAY_NOT)
def test_reading_account_can_write_nothing(
    mariadb_house: House, statement: str, number: int
) -> None:
    """A59, A100."""
    with (
        pytest.raises(DBAPIError) as refused,
        mariadb_house.reader_engine.connect() as connection,
    ):
        connection.exec_driver_sql(statement.format(s=mariadb_house.schema))
    assert driver_error(refused) == number


@pytest.mark.mariadb
@pytest.mark.parametrize("table", ["event", *(log.name for log in LOGS)])
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_mariadb_guards_every_insert_only_table(
    mariadb_house: House, table: str, verb: str
) -> None:
    with open_mariadb(mariadb_house.config, "root", "", 1).connect() as root:
        made = root.exec_driver_sql(
            "SELECT definer, action_timing, action_statement FROM information_schema.triggers"
            " WHERE trigger_schema = ? AND event_object_table = ? AND trigger_name = ?",
            (mariadb_house.schema, table, f"{table}_no_{verb}"),
        ).one()
        root.engine.dispose()
    assert made[0] == f"{mariadb_house.schema}_shadow@localhost"
    assert made[1] == "BEFORE"
    assert ".refuse(" in made[2]


@pytest.mark.mariadb
@pytest.mark.parametrize(
    ("statement", "noted"),
    [
        ("UPDATE T.event SET seq = 9", ["UPDATE"]),
        ("DELETE FROM T.event", ["DELETE"]),
        (
            f"REPLACE INTO T.event ({COLUMNS}) SELECT {COLUMNS} FROM T.event WHERE seq = 1",
            ["DELETE"],
        ),
    ],
)
def test_even_root_is_refused_and_noted_while_the_guards_stand(
    mariadb_house: House, statement: str, noted: list[str]
) -> None:
    mariadb_house.writer().keep([B1])
    with pytest.raises(DBAPIError) as refused:
        mariadb_house.as_root(statement)
    assert driver_error(refused) == 30003
    assert [note["statement"] for note in mariadb_house.reader.rows("blocked")] == noted
    assert [stored.body for stored in mariadb_house.reader.events()] == [B1]


@pytest.mark.mariadb
@pytest.mark.parametrize("account", ["shadow", "migrator"])
def test_locked_accounts_cannot_log_in(mariadb_house: House, account: str) -> None:
    engine = open_mariadb(mariadb_house.config, f"{mariadb_house.schema}_{account}", "", 1)
    with pytest.raises(DBAPIError) as refused:
        engine.connect()
    assert driver_error(refused) in {1045, 4151}  # the migrator has a password besides
    locked = open_mariadb(mariadb_house.config, "root", "", 1)
    with locked.connect() as root:
        user = f"'{mariadb_house.schema}_{account}'@localhost"
        shown = root.exec_driver_sql(f"SHOW CREATE USER {user}").scalar_one()
    locked.dispose()
    assert "ACCOUNT LOCK" in shown


@pytest.mark.mariadb
def test_migrator_can_neither_empty_nor_unguard(mariadb_house: House) -> None:
    engine = open_mariadb(mariadb_house.config, "root", "", 1)
    with engine.connect() as root:
        user = f"'{mariadb_house.schema}_migrator'@localhost"
        granted = " ".join(root.exec_driver_sql(f"SHOW GRANTS FOR {user}").scalars())
    engine.dispose()
    for right in ("DROP", "TRIGGER", "ALL PRIVILEGES", "GRANT OPTION", "SUPER"):
        assert right not in granted


@pytest.mark.mariadb
def test_migration_that_stopped_half_way_goes_on_and_a_second_run_changes_nothing(
    mariadb_config: Callable[[str], Config], server: tuple[TrialDatabase, Path]
) -> None:
    config = mariadb_config("half")
    run_mariadb(
        open_mariadb(config, "root", "", 1),
        "CREATE DATABASE half",
        "CREATE TABLE half.gov_document (mov_id VARCHAR(60) COLLATE utf8mb4_bin PRIMARY KEY,"
        " exact_bytes MEDIUMBLOB NOT NULL, sha256 BINARY(32) NOT NULL, hash BINARY(32) NOT NULL)",
    )
    prepare.prepare_database(config)
    house = House(config)
    check_schema(house.reader_engine)
    assert house.writer().keep([B1]) == [1]
    prepare.prepare_database(config)
    assert [stored.body for stored in house.reader.events()] == [B1]
    house.close()


@pytest.mark.mariadb
def test_who_is_not_root_is_told_so(server: tuple[TrialDatabase, Path], tmp_path: Path) -> None:
    for name in ("db-writer", "db-reader"):
        (tmp_path / name).write_text("x")
    store = {"backend": "mariadb", "socket": str(tmp_path / "nowhere"), "schema": "fog"}
    config = parse({"farm": {"id": "f"}, "store": store}, tmp_path)
    with pytest.raises(ConfigError, match="as root"):
        prepare.prepare_database(config)


def test_password_missing_is_told_by_its_name(tmp_path: Path) -> None:
    config = parse({"farm": {"id": "f"}, "store": {"backend": "mariadb"}}, tmp_path)
    with pytest.raises(ConfigError, match="db-writer"):
        prepare.prepare_database(config)


def test_sqlite_is_prepared_twice_without_harm(sqlite_house: House) -> None:
    sqlite_house.writer().keep([B1])
    sqlite_house.close()
    prepare.prepare_database(sqlite_house.config)
    engine = open_engine(sqlite_house.config, "reader")
    assert verify(engine) == []
    engine.dispose()
    run_sqlite(database_file(sqlite_house.config), "PRAGMA integrity_check")


@pytest.mark.mariadb
def test_a_migration_may_take_longer_than_any_other_statement(
    mariadb_config: Callable[[str], Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: dict[str, int] = {}

    def spying(*asked: Any) -> Engine:
        waits[asked[1]] = asked[4] if len(asked) > 4 else ANSWER_S
        return open_mariadb(*asked)

    monkeypatch.setattr(prepare, "open_mariadb", spying)
    prepare.prepare_database(mariadb_config("slow"))
    assert waits == {"root": ANSWER_S, "slow_migrator": 3600}
