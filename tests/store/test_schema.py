"""Versions of the schema, and the tables that migrations really made."""

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.config import Config as Alembic
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from fognode.config import Config
from fognode.errors import ConfigError, StoreError
from fognode.store import schema
from fognode.store.engines import database_file, open_engine, translation
from fognode.store.prepare import migrations_folder, prepare_database
from fognode.store.schema import VERSIONS, check_schema
from fognode.store.tables import AUDIT, DERIVED, GENERATED, LOGS, SHADOWS, STATE, TRUTH, metadata
from fognode.trial.database import TrialDatabase
from tests.store.conftest import House, run_sqlite


def test_our_version_is_the_newest_migration() -> None:
    alembic = Alembic()
    alembic.set_main_option("script_location", str(migrations_folder()))
    scripts = list(ScriptDirectory.from_config(alembic).walk_revisions())
    assert tuple(script.revision for script in reversed(scripts)) == VERSIONS


def test_our_schema_passes(house: House) -> None:
    check_schema(house.reader_engine)


def test_older_schema_is_sent_to_migrate(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "VERSIONS", (*VERSIONS, "9999"))
    with pytest.raises(ConfigError, match=rf"older schema {VERSIONS[-1]}: run fognode migrate"):
        check_schema(house.reader_engine)


def test_newer_schema_is_refused_by_start_and_by_migrate(sqlite_house: House) -> None:
    path = database_file(sqlite_house.config)
    run_sqlite(path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match="this fognode is older than the database"):
        check_schema(sqlite_house.reader_engine)
    with pytest.raises(ConfigError, match="this fognode is older than the database"):
        prepare_database(sqlite_house.config)


@pytest.mark.mariadb
def test_newer_schema_is_refused_on_mariadb_and_the_migrator_locked_again(
    mariadb_config: Callable[[str], Config],
) -> None:
    config = mariadb_config("newer")
    prepare_database(config)
    house = House(config)
    house.as_root("UPDATE T.alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match="this fognode is older than the database"):
        check_schema(house.reader_engine)
    with pytest.raises(ConfigError, match="this fognode is older than the database"):
        prepare_database(config)
    house.close()


def test_missing_sqlite_file_is_neither_opened_nor_created(sqlite_config: Config) -> None:
    engine = open_engine(sqlite_config, "reader")
    with pytest.raises(ConfigError, match="run fognode migrate"):
        check_schema(engine)
    assert not database_file(sqlite_config).exists()
    engine.dispose()


def test_sqlite_file_without_tables_is_sent_to_migrate(sqlite_config: Config) -> None:
    database_file(sqlite_config).parent.mkdir()
    database_file(sqlite_config).touch()
    engine = open_engine(sqlite_config, "reader")
    with pytest.raises(ConfigError, match="no tables yet: run fognode migrate"):
        check_schema(engine)
    engine.dispose()


@pytest.mark.mariadb
def test_server_that_was_never_prepared_is_sent_to_migrate(
    mariadb_config: Callable[[str], Config],
) -> None:
    engine = open_engine(mariadb_config("never"), "reader")
    with pytest.raises(ConfigError, match=r"cannot enter .*run fognode migrate"):
        check_schema(engine)
    engine.dispose()


@pytest.mark.mariadb
def test_server_that_is_away_is_a_store_error(
    shared_mariadb: Config, server: tuple[TrialDatabase, Path]
) -> None:
    server[0].kill()
    engine = open_engine(shared_mariadb, "reader")
    try:
        with pytest.raises(StoreError, match="schema version"):
            check_schema(engine)
    finally:
        engine.dispose()
        server[0].start()


def made_columns(house: House) -> dict[tuple[str, str], list[str]]:
    """Return the columns of every table that the database really has."""
    found = {}
    with house.reader_engine.connect() as connection:
        looked = inspect(connection)
        names = translation(house.reader_engine)
        for ours in {None} if house.is_sqlite else {TRUTH, AUDIT, STATE}:
            theirs = None if ours is None else names[ours]
            for table in looked.get_table_names(schema=theirs):
                columns = looked.get_columns(table, schema=theirs)
                found[ours or "", table] = [column["name"] for column in columns]
    return found


def test_every_table_of_the_database_has_a_hash(house: House) -> None:
    # Requirement A57.  alembic_version is the tool's, not ours.
    without = {name for (_, name), columns in made_columns(house).items() if "hash" not in columns}
    assert without == {"alembic_version"}


def test_migrations_make_exactly_the_tables_that_core_knows(house: House) -> None:
    made = {name: set(columns) for (_, name), columns in made_columns(house).items()}
    made.pop("alembic_version")
    known = {table.name: {c.name for c in table.columns} for table in metadata.tables.values()}
    known["event"] |= set(GENERATED)
    if house.is_sqlite:
        known.pop("blocked")
        made["event"] |= set(GENERATED)  # SQLite does not list generated columns
    assert made == known


@pytest.mark.mariadb
def test_mariadb_keeps_text_of_every_length_that_the_writer_lets_through(
    mariadb_house: House,
) -> None:
    with mariadb_house.reader_engine.connect() as connection:
        shown = connection.exec_driver_sql(
            "SELECT table_name, column_name, character_maximum_length, collation_name"
            " FROM information_schema.columns WHERE table_schema IN (?, ?)"
            " AND data_type = 'varchar'",
            (mariadb_house.schema, f"{mariadb_house.schema}_state"),
        ).all()
    made = {(table, column): (length, order) for table, column, length, order in shown}
    for table in (*LOGS, *DERIVED):
        for column in table.columns:
            length = getattr(column.type, "length", None)
            if length and column.type.python_type is str:
                assert made[table.name, column.name] == (length, "utf8mb4_bin")


def test_every_insert_only_table_has_a_shadow() -> None:
    """A58, A71."""
    assert set(SHADOWS) == {"event", *(table.name for table in LOGS)}
