"""How connections are set up; a wrong setting here would lose events in a power cut."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from fognode.config import Config, parse
from fognode.errors import ConfigError
from fognode.store.engines import database_file, open_engine, open_mariadb, schema_names
from tests.store.conftest import B1, House


def test_sqlite_writer_flushes_at_each_commit_and_fires_delete_triggers_on_replace(
    sqlite_house: House,
) -> None:
    with sqlite_house.writer_engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("synchronous", "journal_mode", "recursive_triggers")
        }
    assert settings == {"synchronous": 2, "journal_mode": "wal", "recursive_triggers": 1}


def test_sqlite_writer_takes_the_lock_when_it_begins(sqlite_house: House) -> None:
    other = sqlite3.connect(database_file(sqlite_house.config), timeout=0)
    with (
        sqlite_house.writer_engine.begin(),
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")
    other.close()


def test_sqlite_reader_cannot_write(sqlite_house: House) -> None:
    with (
        pytest.raises(OperationalError, match="readonly"),
        sqlite_house.reader_engine.connect() as connection,
    ):
        connection.exec_driver_sql("DELETE FROM cursor")


@pytest.mark.parametrize("account", ["writer", "reader"])
def test_sqlite_file_is_never_created_by_opening_it(sqlite_config: Config, account: str) -> None:
    database_file(sqlite_config).parent.mkdir()
    engine = open_engine(sqlite_config, account)  # type: ignore[arg-type]  # one of the two
    with pytest.raises(DBAPIError, match="unable to open"):
        engine.connect()
    assert not database_file(sqlite_config).exists()
    engine.dispose()


def test_folder_with_odd_letters_is_opened_as_it_is_written(tmp_path: Path) -> None:
    from fognode.store.prepare import prepare_database  # noqa: PLC0415

    config = parse({"farm": {"id": "f", "folder": str(tmp_path / "Sítio 100%?#")}})
    prepare_database(config)
    house = House(config)
    assert house.writer().keep([B1]) == [1]
    assert database_file(config).is_file()
    house.close()


@pytest.mark.mariadb
@pytest.mark.parametrize("account", ["writer", "reader"])
def test_mariadb_session_is_strict_and_waits_shortly(mariadb_house: House, account: str) -> None:
    engine = getattr(mariadb_house, f"{account}_engine")
    with engine.connect() as connection:
        asked = "@@sql_mode, @@innodb_lock_wait_timeout, @@collation_connection, CURRENT_USER()"
        mode, wait_s, collation, user = connection.exec_driver_sql(f"SELECT {asked}").one()
    assert "STRICT_ALL_TABLES" in mode
    assert (wait_s, collation) == (3, "utf8mb4_bin")
    assert user == f"{mariadb_house.schema}_{account}@localhost"


def test_password_that_is_no_credential_is_named(tmp_path: Path) -> None:
    config = parse({"farm": {"id": "f"}, "store": {"backend": "mariadb"}}, tmp_path)
    with pytest.raises(ConfigError, match="db-reader"):
        open_engine(config, "reader")


def test_schemas_are_prefixed_on_mariadb_and_one_file_on_sqlite(tmp_path: Path) -> None:
    store = {"backend": "mariadb", "schema": "sitio"}
    config = parse({"farm": {"id": "f"}, "store": store}, tmp_path)
    assert schema_names(config) == {
        "fognode": "sitio",
        "fognode_audit": "sitio_audit",
        "fognode_state": "sitio_state",
    }
    assert set(schema_names(parse({"farm": {"id": "f"}})).values()) == {None}


@pytest.mark.mariadb
def test_statement_that_takes_too_long_is_given_up(mariadb_house: House) -> None:
    engine = open_mariadb(mariadb_house.config, "root", "", 1, answer_s=1)
    with pytest.raises(SQLAlchemyError), engine.connect() as connection:
        connection.exec_driver_sql("SELECT SLEEP(30)")
    engine.dispose()
