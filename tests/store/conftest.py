"""One farm's database per test, on SQLite and on a private MariaDB; the suite is the same."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from fognode.config import Config, parse
from fognode.store import prepare
from fognode.store.engines import database_file, open_engine, open_mariadb
from fognode.store.reader import Reader
from fognode.store.tables import metadata
from fognode.store.writer import Writer
from fognode.trial.database import TrialDatabase, missing_server, start_mariadb
from tests.blank import lay_database

# The worked example of the one definition of bodies and hashes; bytes exact.
B1 = (
    b'{"board_ms":123456,"boot_id":"5f3a9c0e","clock_ok":1,'
    b'"facts":{"light_counts":859,"sensor":"L1"},"farm":"farm-7",'
    b'"happened_at_ms":1795241520123,"kind":"light_open","mono_ms":86400171,'
    b'"origin":"b/cab01/17/42","recorded_at_ms":1795241520171,"v":1}'
)
B2 = (
    b'{"boot_id":"5f3a9c0e","clock_ok":1,"facts":{"place":"Arm\xc3\xa1rio 1"},'
    b'"farm":"farm-7","happened_at_ms":1795241520123,"kind":"openBox","mono_ms":86400190,'
    b'"origin":"r/open_box/13c61f0b4dbac55b1e26b7445599f1ed/1",'
    b'"recorded_at_ms":1795241520190,"rule_v":1,"v":1}'
)


def body(count: int) -> bytes:
    """Make the body of the ``count``-th event of a board."""
    return B1.replace(b"17/42", b"17/%d" % count)


class House:
    """One database with its accounts, and a way to be its root."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.is_sqlite = config.store.backend == "sqlite"
        self.schema = config.store.schema
        self.writer_engine = open_engine(config, "writer")
        self.reader_engine = open_engine(config, "reader")
        self.reader = Reader(self.reader_engine)
        self.damaged = False
        self._writers: list[Writer] = []

    def writer(self) -> Writer:
        """Open a writer that the fixture will close."""
        writer = Writer(self.writer_engine, self.reader)
        self._writers.append(writer)
        return writer

    def close(self) -> None:
        """Let go of every connection and lock."""
        for writer in self._writers:
            writer.close()
        self.writer_engine.dispose()
        self.reader_engine.dispose()

    def as_root(self, *statements: str) -> None:
        """Run statements as who owns the machine; T. before a name is the truth schema."""
        if self.is_sqlite:
            run_sqlite(database_file(self.config), *(s.replace("T.", "") for s in statements))
            return
        engine = open_mariadb(self.config, "root", "", 1)
        run_mariadb(engine, *(self._named(statement) for statement in statements))

    def tamper(self, *statements: str) -> None:
        """Take the guards of ``event`` and ``mail_attempt`` away, then run statements."""
        self.damaged = True
        guards = [
            f"DROP TRIGGER T.{name}"
            for table in ("event", "mail_attempt")
            for name in (f"{table}_no_update", f"{table}_no_delete")
        ]
        if self.is_sqlite:
            guards += [
                f"DROP TRIGGER {table}_shadow_no_{verb}"
                for table in ("event", "mail_attempt")
                for verb in ("update", "delete")
            ]
        self.as_root(*guards, *statements)

    def _named(self, statement: str) -> str:
        shadows = statement.replace("A.", f"{self.schema}_audit.")
        return shadows.replace("S.", f"{self.schema}_state.").replace("T.", f"{self.schema}.")


def run_sqlite(path: Path, *statements: str) -> None:
    """Run statements on the file, with foreign functions missing, as any tool would."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for statement in statements:
            connection.execute(statement.replace("A.", "").replace("S.", ""))
    finally:
        connection.close()


def run_mariadb(engine: Engine, *statements: str) -> None:
    """Run statements, each committed by itself, and let the engine go."""
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TrialDatabase, Path]]:
    """A private MariaDB, and the folder of its accounts' passwords."""
    if reason := missing_server():
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    credentials = tmp_path_factory.mktemp("credentials")
    database = start_mariadb(credentials)
    try:
        yield database, credentials
    finally:
        database.close()


@pytest.fixture(scope="session")
def mariadb_config(server: tuple[TrialDatabase, Path]) -> Callable[[str], Config]:
    """Make configurations that name databases on the private server."""

    def configure(schema: str) -> Config:
        database, credentials = server
        store = {"backend": "mariadb", "socket": str(database.socket), "schema": schema}
        return parse({"farm": {"id": "farm-7"}, "store": store}, credentials)

    return configure


@pytest.fixture(scope="session")
def shared_mariadb(mariadb_config: Callable[[str], Config]) -> Config:
    """The database that most tests use in turn, emptied in between."""
    config = mariadb_config("fog")
    prepare.prepare_database(config)
    return config


@pytest.fixture
def sqlite_config(tmp_path: Path) -> Config:
    """A configuration whose database is not made yet."""
    return parse({"farm": {"id": "farm-7", "folder": str(tmp_path / "node")}})


@pytest.fixture
def sqlite_house(sqlite_config: Config) -> Iterator[House]:
    """A new SQLite database."""
    lay_database(sqlite_config)
    house = House(sqlite_config)
    yield house
    house.close()


@pytest.fixture
def mariadb_house(shared_mariadb: Config) -> Iterator[House]:
    """An empty MariaDB database."""
    house = House(shared_mariadb)
    yield house
    house.close()
    empty(house)


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def house(request: pytest.FixtureRequest) -> House:
    """An empty database of each kind."""
    made: House = request.getfixturevalue(f"{request.param}_house")
    return made


def empty(house: House) -> None:
    """Empty every table as root, whose TRUNCATE no trigger sees; put the guards back."""
    engine = open_mariadb(house.config, "root", "", 1)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as root:
            for table in metadata.tables.values():
                name = house._named(f"{table.schema}.{table.name}").replace("fognode", "fog")
                if root.exec_driver_sql(f"SELECT 1 FROM {name} LIMIT 1").first():
                    root.exec_driver_sql(f"TRUNCATE {name}")
            if house.damaged:
                prepare._run(root, "after.sql", house.schema)
    finally:
        engine.dispose()


def driver_error(error: Any) -> int:
    """Return the number under which MariaDB refused something."""
    return int(error.value.orig.errno)
