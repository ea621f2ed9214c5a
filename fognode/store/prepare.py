"""Make a database, or bring it to our schema; running it again changes nothing.

    SQLite    DIR/fognode.db is created (0600, WAL), then alembic
    MariaDB   as root over the socket: migrations/before.sql (schemas, accounts), alembic as
              the migrator, which is unlocked only meanwhile, after.sql (grants, triggers, views)

There is no alembic.ini: alembic is configured here.
"""

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

from alembic import command
from alembic.config import Config as Alembic
from alembic.util import CommandError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

import fognode
from fognode.config import Config
from fognode.errors import ConfigError, StoreError
from fognode.store.engines import database_file, open_engine, open_mariadb, words

LONGEST_STEP_S = 3600  # an index over millions of events takes minutes on a slow disk


def prepare_database(config: Config) -> None:
    """Create the database that the configuration names, and upgrade it to our schema.

    MariaDB: only as a user whom the server lets in as root over the socket.

    Raises:
        ConfigError: We are not let in as root, a password is no credential, or the database
            is newer than this fognode.
        StoreError: The database refused a step; what was done before it stays done.
    """
    try:
        if config.store.backend == "sqlite":
            _prepare_sqlite(config)
        else:
            _prepare_mariadb(config)
    except SQLAlchemyError as error:
        raise StoreError(f"cannot prepare the database: {words(error)}") from error


def migrations_folder() -> Path:
    """Return where the migrations lie: in the package once installed, beside it in the tree."""
    package = Path(fognode.__file__).parent
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parent / "migrations"


def upgrade(engine: Engine, version_schema: str | None, version: str = "head") -> None:
    """Run the migrations that are missing up to ``version``, and dispose of the engine.

    Raises:
        ConfigError: The database has a schema that this fognode does not know.
    """
    alembic = Alembic()
    alembic.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    alembic.attributes["version_schema"] = version_schema
    try:
        with engine.connect() as connection:
            alembic.attributes["connection"] = connection
            command.upgrade(alembic, version)
            connection.commit()
    except CommandError as error:
        raise ConfigError(f"this fognode is older than the database: {error}") from error
    finally:
        engine.dispose()


def _prepare_sqlite(config: Config) -> None:
    path = database_file(config)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")  # stays in the file
    connection.close()
    upgrade(open_engine(config, "writer"), None)


def _prepare_mariadb(config: Config) -> None:
    prefix = config.store.schema
    passwords = {account: config.secret(f"db-{account}") for account in ("writer", "reader")}
    with as_root(config) as root:
        make_tables(root, config)
        for account, password in passwords.items():
            _set_password(root, f"{prefix}_{account}", password)
        _run(root, "after.sql", prefix)
    # MariaDB does not sync the file that lists a table's partitions: a power cut would leave
    # a table that nobody can open.
    os.sync()


def make_tables(root: Connection, config: Config, version: str = "head") -> None:
    """Make schemas, locked accounts and the tables of a version; no triggers, no grants.

    Raises:
        ConfigError: The database has a schema that this fognode does not know.
    """
    _run(root, "before.sql", config.store.schema)
    _upgrade_as_migrator(root, config, version)


@contextmanager
def as_root(config: Config) -> Iterator[Connection]:
    """Connect as the server's root, each statement committed by itself.

    Raises:
        ConfigError: The server does not let us in as root.
    """
    engine = open_mariadb(config, "root", "", 1)
    try:
        try:
            connection = engine.connect()
        except SQLAlchemyError as error:
            raise ConfigError(
                f"MariaDB does not let this user in as root: {words(error)}"
            ) from error
        with connection.execution_options(isolation_level="AUTOCOMMIT"):
            yield connection
    finally:
        engine.dispose()


def _upgrade_as_migrator(root: Connection, config: Config, version: str) -> None:
    migrator = f"{config.store.schema}_migrator"
    password = secrets.token_urlsafe(24)
    _set_password(root, migrator, password)
    try:
        engine = open_mariadb(config, migrator, password, 1, LONGEST_STEP_S)
        upgrade(engine, config.store.schema, version)
    finally:
        root.exec_driver_sql(f"ALTER USER '{migrator}'@localhost ACCOUNT LOCK")


def _set_password(root: Connection, user: str, password: str) -> None:
    # The server makes the hash, so no password has to be quoted into a statement.
    made = root.exec_driver_sql("SELECT PASSWORD(?)", (password,)).scalar_one()
    root.exec_driver_sql(
        f"ALTER USER '{user}'@localhost IDENTIFIED BY PASSWORD '{made}' ACCOUNT UNLOCK"
    )


def _run(root: Connection, script: str, prefix: str) -> None:
    # The prefix holds [a-z0-9_] only (config.py), so it cannot leave its quotes.
    path = migrations_folder() / script
    names = {"schema": prefix, "pattern": prefix.replace("_", r"\_")}
    text = Template(path.read_text(encoding="utf-8")).substitute(names)
    for statement in text.split("\n//\n"):
        if statement.strip():
            root.exec_driver_sql(statement)
