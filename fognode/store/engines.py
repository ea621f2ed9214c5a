"""How the two accounts reach the two databases.

    account   SQLite (DIR/fognode.db)          MariaDB (Unix socket)
    writer    mode=rw, WAL, synchronous=FULL   <schema>_writer, credential db-writer
    reader    mode=ro, query_only              <schema>_reader, credential db-reader

The tables name three schemas (store/tables.py).  SQLite keeps all in one file, because two
WAL files do not commit together; MariaDB calls them <schema>, <schema>_audit and
<schema>_state.  Neither engine creates a database: only ``fognode migrate`` does.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from fognode import hashing
from fognode.config import Config
from fognode.store.tables import AUDIT, STATE, TRUTH

Account = Literal["writer", "reader"]
SQL_MODE = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO"
LOCK_WAIT_S = 3  # a reader's FOR UPDATE may hold the writer up, by default for 50 s
# Source: MariaDB error codes: ER_DBACCESS_DENIED_ERROR, ER_ACCESS_DENIED_ERROR,
# ER_BAD_DB_ERROR, ER_ACCOUNT_HAS_BEEN_LOCKED.
NO_ENTRY = {1044, 1045, 1049, 4151}
ANSWER_S = 10  # longest wait for one answer of the server
READERS = 4  # connections of the reading pool; the trial server allows 10 in all


def open_engine(config: Config, account: Account) -> Engine:
    """Return an engine that connects lazily, its schemas already translated.

    Raises:
        ConfigError: The account's password is no credential (MariaDB only).
    """
    if config.store.backend == "sqlite":
        return _open_sqlite(database_file(config), account)
    prefix = config.store.schema
    password = config.secret(f"db-{account}")
    return open_mariadb(config, f"{prefix}_{account}", password, _pool_size(account))


def is_refused(error: SQLAlchemyError) -> bool:
    """Tell a server that does not know the account from one that is away: waiting is no cure."""
    number = getattr(getattr(error, "orig", None), "errno", 0)
    return number in NO_ENTRY


def words(error: Exception) -> str:
    """Return what the driver said, on one line and without the values it was given."""
    said = getattr(error, "orig", None) or error
    return " ".join(str(said).split())


def database_file(config: Config) -> Path:
    """Return where the SQLite file lies."""
    return config.folder / "fognode.db"


def schema_names(config: Config) -> dict[str | None, str | None]:
    """Return what the three schemas of store/tables.py are called in this database."""
    if config.store.backend == "sqlite":
        return {TRUTH: None, AUDIT: None, STATE: None}
    prefix = config.store.schema
    return {TRUTH: prefix, AUDIT: f"{prefix}_audit", STATE: f"{prefix}_state"}


def translation(engine: Engine) -> dict[str | None, str | None]:
    """Return the schema names an engine was opened with."""
    names: dict[str | None, str | None] = engine.get_execution_options()["schema_translate_map"]
    return names


def _pool_size(account: Account) -> int:
    return 1 if account == "writer" else READERS


# --- SQLite ------------------------------------------------------------------------------


def _open_sqlite(path: Path, account: Account) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        creator=_sqlite_connect(path, account),
        poolclass=QueuePool,
        pool_size=_pool_size(account),
        pool_reset_on_return=None if account == "reader" else "rollback",
        execution_options={"schema_translate_map": {TRUTH: None, AUDIT: None, STATE: None}},
    )
    if account == "writer":
        # Taken at once, so that the head read in the transaction cannot be overtaken.
        event.listen(engine, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _sqlite_connect(path: Path, account: Account) -> Callable[[], sqlite3.Connection]:
    mode = "rw" if account == "writer" else "ro"

    def connect() -> sqlite3.Connection:
        # isolation_level None: sqlite3 begins nothing by itself, so a read is always fresh.
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=LOCK_WAIT_S,
        )
        if account == "reader":
            connection.execute("PRAGMA query_only=ON")
        else:
            prepare_connection(connection)
        return connection

    return connect


def prepare_connection(connection: sqlite3.Connection) -> None:
    """Make a SQLite connection fit to write: durable at COMMIT, triggers able to check."""
    connection.execute("PRAGMA synchronous=FULL")  # fsync of the WAL at each COMMIT
    # Off by default: INSERT OR REPLACE would delete a row without its DELETE trigger.
    connection.execute("PRAGMA recursive_triggers=ON")
    connection.create_function("link_hash", 2, hashing.link_hash, deterministic=True)
    connection.create_function("event_id", 1, hashing.event_id, deterministic=True)


# --- MariaDB -----------------------------------------------------------------------------


def open_mariadb(
    config: Config, user: str, password: str, connections: int, answer_s: int = ANSWER_S
) -> Engine:
    """Return an engine for one account of the server behind [store] socket.

    ``answer_s`` is how long one statement may take.
    """
    engine = create_engine(
        URL.create(
            "mariadb+mariadbconnector",
            username=user,
            password=password,
            query={"unix_socket": config.store.socket},
        ),
        pool_size=connections,
        max_overflow=1,  # for verify, or a check of the accounts while the writer holds its own
        pool_timeout=LOCK_WAIT_S,
        pool_pre_ping=connections > 1,  # after a restart of the server, readers go on
        pool_reset_on_return=None if connections > 1 else "rollback",
        # Readers: every statement sees what is committed now.  Set once per connection: an
        # execution option is set back at each return, and if the server ends just then, the
        # connection never comes back to the pool.
        isolation_level="AUTOCOMMIT" if connections > 1 else None,
        skip_autocommit_rollback=True,  # there is nothing to take back, so nothing is sent
        execution_options={"schema_translate_map": schema_names(config)},
        # A server that is there and does not answer is away, too.
        connect_args={"connect_timeout": 5, "read_timeout": answer_s, "write_timeout": answer_s},
    )
    event.listen(engine, "connect", _prepare_session)
    return engine


def _prepare_session(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("SET NAMES utf8mb4 COLLATE utf8mb4_bin")
    cursor.execute("SET SESSION sql_mode=?", (SQL_MODE,))
    cursor.execute("SET SESSION innodb_lock_wait_timeout=?", (LOCK_WAIT_S,))
    cursor.close()
