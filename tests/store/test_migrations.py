"""Every released schema becomes ours, also when a migration was broken off in the middle."""

import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from fognode.config import Config
from fognode.errors import ConfigError, StoreError
from fognode.store import prepare, samples
from fognode.store.engines import database_file, open_engine
from fognode.store.grants import assert_accounts
from fognode.store.samples import DAY_MS
from fognode.store.schema import VERSIONS, check_schema, schema_version
from fognode.store.verify import verify
from fognode.trial.database import TrialDatabase
from tests.databases.dump import AT_MS, CHECKPOINT, SAMPLE
from tests.store.conftest import B1, B2, House, body

# Made by tests/databases/dump.py when the schema was released; each holds the two events of the
# worked example.
DUMPS = Path(__file__).parent.parent / "databases"
# A statement, and the version that stands when it fails on the way from 0001.
SQLITE_STEPS = [
    (r"CREATE TABLE main.checkpoint ", "0001"),
    (r"CREATE TABLE main.checkpoint_shadow ", "0001"),
    (r"CREATE TRIGGER checkpoint_check", "0001"),
    (r"CREATE TRIGGER checkpoint_shadow_no_delete", "0001"),
    (r"UPDATE alembic_version .*'0002'", "0001"),
    (r"CREATE TABLE main.sample ", "0002"),
    (r"ALTER TABLE event ADD COLUMN about", "0002"),
    (r"CREATE INDEX IF NOT EXISTS event_about", "0002"),
    (r"CREATE INDEX IF NOT EXISTS finding_newest", "0002"),
    (r"UPDATE alembic_version .*'0003'", "0002"),
]
MARIADB_STEPS = [
    (r"CREATE TABLE `?first`?.`?checkpoint`? ", "0001"),
    (r"CREATE TABLE `?first_audit`?.`?checkpoint_shadow", "0001"),
    (r"UPDATE first.alembic_version .*'0002'", "0001"),
    (r"CREATE TABLE `?first_state`?.`?sample`? ", "0002"),
    (r"ALTER TABLE first.event ADD COLUMN", "0002"),
    (r"CREATE INDEX IF NOT EXISTS event_about", "0002"),
    (r"CREATE INDEX IF NOT EXISTS finding_newest", "0002"),
    (r"UPDATE first.alembic_version .*'0003'", "0002"),
    (r"TRIGGER `first`.checkpoint_copy", VERSIONS[-1]),
    (r"TRIGGER `first`.checkpoint_no_delete", VERSIONS[-1]),
    (r"PROCEDURE `first_state`.add_sample_day", VERSIONS[-1]),
    (r"PROCEDURE `first_state`.drop_sample_days", VERSIONS[-1]),
    (r"GRANT INSERT ON `first`.checkpoint", VERSIONS[-1]),
    (r"GRANT EXECUTE ON PROCEDURE `first_state`.drop_sample_days TO 'first_writer'", VERSIONS[-1]),
]


def load_sqlite(config: Config, version: str) -> None:
    path = database_file(config)
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.executescript((DUMPS / f"{version}.sql").read_text(encoding="utf-8"))
    connection.close()


def load_mariadb(socket: Path, version: str) -> None:
    clear = "".join(f"DROP DATABASE IF EXISTS first{part};" for part in ("", "_audit", "_state"))
    client = ["mariadb", "--no-defaults", f"--socket={socket}", "-uroot"]
    client.append("--default-character-set=utf8mb4")
    script = clear + (DUMPS / f"{version}_mariadb.sql").read_text(encoding="utf-8")
    subprocess.run(client, input=script.encode(), check=True, timeout=60)


def assert_ours(config: Config) -> None:
    house = House(config)
    try:
        check_schema(house.reader_engine)
        assert [stored.body for stored in house.reader.events()] == [B1, B2]
        # A dump that has the checkpoint or the sample already knows the row.
        writer = house.writer()
        assert writer.keep([body(1)], [CHECKPOINT, SAMPLE]) == [3]
        assert house.reader.count("checkpoint_shadow") == 1
        assert assert_accounts(house.writer_engine, house.reader_engine) is not None
        samples.make_day(writer, AT_MS + DAY_MS)
        assert house.reader.count("sample") == 1
        assert verify(house.reader_engine) == []
    finally:
        house.close()


@contextmanager
def broken_at(step: str) -> Iterator[None]:
    """Let the first statement that matches fail, as a full disk or a lost server would."""

    def spoil(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> Any:
        return ("injected failure" if re.search(step, statement) else statement), parameters

    event.listen(Engine, "before_cursor_execute", spoil, retval=True)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", spoil)


def version_of(config: Config) -> str:
    engine = open_engine(config, "reader")
    try:
        return schema_version(engine)
    finally:
        engine.dispose()


@pytest.mark.parametrize("version", VERSIONS)
def test_sqlite_dump_of_every_released_schema_becomes_ours(
    sqlite_config: Config, version: str
) -> None:
    load_sqlite(sqlite_config, version)
    assert version_of(sqlite_config) == version
    prepare.prepare_database(sqlite_config)
    assert_ours(sqlite_config)


@pytest.mark.mariadb
@pytest.mark.parametrize("version", VERSIONS)
def test_mariadb_dump_of_every_released_schema_becomes_ours(
    mariadb_config: Callable[[str], Config], server: tuple[TrialDatabase, Path], version: str
) -> None:
    config = mariadb_config("first")
    load_mariadb(server[0].socket, version)
    prepare.prepare_database(config)
    assert_ours(config)


@pytest.mark.parametrize(("step", "left"), SQLITE_STEPS)
def test_sqlite_migration_broken_off_leaves_the_older_schema_and_goes_on(
    sqlite_config: Config, step: str, left: str
) -> None:
    load_sqlite(sqlite_config, "0001")
    with broken_at(step), pytest.raises(StoreError, match="injected"):
        prepare.prepare_database(sqlite_config)
    connection = sqlite3.connect(database_file(sqlite_config))
    made = connection.execute(
        "SELECT name FROM sqlite_master WHERE name LIKE 'checkpoint%' OR name = 'sample'"
        " OR name = 'event_about' OR (name = 'event' AND sql LIKE '% about %')"
    ).fetchall()
    connection.close()
    assert [name for (name,) in made if not name.startswith("checkpoint")] == []
    assert bool(made) == (left == "0002")
    assert version_of(sqlite_config) == left
    prepare.prepare_database(sqlite_config)
    assert_ours(sqlite_config)


@pytest.mark.mariadb
def test_mariadb_migration_broken_off_at_each_step_in_turn_goes_on(
    mariadb_config: Callable[[str], Config], server: tuple[TrialDatabase, Path]
) -> None:
    # MariaDB keeps what was made before the failure, so each run meets the rest of the last.
    config = mariadb_config("first")
    load_mariadb(server[0].socket, "0001")
    for step, left in MARIADB_STEPS:
        with broken_at(step), pytest.raises(StoreError, match="injected"):
            prepare.prepare_database(config)
        with prepare.as_root(config) as root:
            asked = "SELECT version_num FROM first.alembic_version"
            assert root.exec_driver_sql(asked).scalar() == left
        engine = open_engine(config, "reader")
        if left != VERSIONS[-1]:
            with pytest.raises((ConfigError, StoreError), match="run fognode migrate"):
                check_schema(engine)
        engine.dispose()
    prepare.prepare_database(config)
    assert_ours(config)


@pytest.mark.parametrize("version", VERSIONS)
def test_released_migration_still_makes_what_it_made(sqlite_config: Config, version: str) -> None:
    path = database_file(sqlite_config)
    path.parent.mkdir()
    path.touch()
    engine = open_engine(sqlite_config, "writer")
    prepare.upgrade(engine, None, version)
    then, now = sqlite3.connect(":memory:"), sqlite3.connect(path)
    then.executescript((DUMPS / f"{version}.sql").read_text(encoding="utf-8"))
    asked = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
    unquoted = [
        {name: sql.replace('"', "") for name, sql in one.execute(asked)} for one in (then, now)
    ]
    then.close()
    now.close()
    assert unquoted[0] == unquoted[1]
