"""An empty database of each kind with a writer on it, and a plain table beside it."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from fognode.config import Config, parse
from fognode.events import Event, Json
from fognode.hashing import Stamp, freeze
from fognode.store.engines import database_file, open_engine, open_mariadb, prepare_connection
from fognode.store.prepare import prepare_database
from fognode.store.reader import Reader
from fognode.store.writer import Writer
from fognode.trial.database import start_mariadb

SCHEMA = "fog"
PADDING = "x" * 58
BODY_BYTES = 372  # with this padding
PLAIN = "(seq BIGINT PRIMARY KEY, body {} NOT NULL)"
AT_MS = 1_795_241_520_123
BACKENDS = ("mariadb", "sqlite")


@dataclass(frozen=True, slots=True)
class House:
    """A database ready to be written; ``files`` is where it lies."""

    config: Config
    writer: Writer
    reader: Engine  # of the reading account
    bare: Callable[[int, bytes], None]  # a plain insert of a key and a body, and COMMIT
    files: Path

    def size(self) -> int:
        """Return the bytes of its tables and indexes on disk, logs not counted."""
        for path in self.files.glob("*.db"):
            with closing(sqlite3.connect(path)) as folded:  # of SQLite, the log into the file
                folded.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return sum(
            path.stat().st_size for path in self.files.rglob("*") if path.suffix in {".ibd", ".db"}
        )


def board_body(count: int) -> bytes:
    """Return the frozen body of a board's event, always of the same length."""
    facts: dict[str, Json] = {"board": "cab01", "place": "cab-1", "sensor": "W1"}
    facts |= {"weight_counts": -233_600, "weight_g": -5840, "note": PADDING}
    event = Event(
        kind="weight_take",
        origin=f"b/cab01/17/{count:07d}",
        happened_at_ms=AT_MS,
        board_ms=123_456,
        facts=facts,
    )
    stamp = Stamp(
        farm="farm-7", boot_id="5f3a9c0e", mono_ms=86_400_171, recorded_at_ms=AT_MS, clock_ok=True
    )
    return freeze(event, stamp)


@contextmanager
def open_house(backend: str) -> Iterator[House]:
    """Make a database in a temporary folder; lend it; stop and delete everything.

    Raises:
        AwayError: MariaDB is not installed, or did not start.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fgb")))
        made = _sqlite(stack, folder) if backend == "sqlite" else _mariadb(stack, folder)
        yield made


def _accounts(stack: ExitStack, config: Config) -> tuple[Writer, Engine]:
    prepare_database(config)
    engines = [open_engine(config, account) for account in ("writer", "reader")]
    for engine in engines:
        stack.callback(engine.dispose)
    writer = Writer(engines[0], Reader(engines[1]))
    return stack.enter_context(closing(writer)), engines[1]


def _sqlite(stack: ExitStack, folder: Path) -> House:
    config = parse({"farm": {"id": "farm-7", "folder": str(folder)}})
    writer, reader = _accounts(stack, config)
    # A file of its own: a second writer in the same one would empty the first one's page cache.
    plain = stack.enter_context(closing(sqlite3.connect(folder / "plain", isolation_level=None)))
    plain.execute("PRAGMA journal_mode=WAL")
    prepare_connection(plain)
    plain.execute(f"CREATE TABLE bare {PLAIN.format('BLOB')}")

    def bare(seq: int, body: bytes) -> None:
        plain.execute("BEGIN IMMEDIATE")
        plain.execute("INSERT INTO bare VALUES (?, ?)", (seq, body))
        plain.commit()

    return House(config, writer, reader, bare, database_file(config).parent)


def _mariadb(stack: ExitStack, folder: Path) -> House:
    server = stack.enter_context(closing(start_mariadb(folder)))
    store = {"backend": "mariadb", "socket": str(server.socket), "schema": SCHEMA}
    config = parse({"farm": {"id": "farm-7"}, "store": store}, folder)
    writer, reader = _accounts(stack, config)
    engine = open_mariadb(config, "root", "", 1)
    stack.callback(engine.dispose)
    plain = stack.enter_context(closing(engine.raw_connection()))
    cursor = plain.cursor()
    cursor.execute("CREATE DATABASE bench")
    cursor.execute(f"CREATE TABLE bench.bare {PLAIN.format('TEXT')}")

    def bare(seq: int, body: bytes) -> None:
        cursor.execute("INSERT INTO bench.bare VALUES (?, ?)", (seq, body.decode()))
        plain.commit()

    return House(config, writer, reader, bare, server.folder / "d")
