"""The only writer: events into the chain, rows beside them, one transaction at a time.

Used on the store thread alone.  The writing account may INSERT into the record and cannot
read it but for its last link, so known events are looked up through the Reader.

After any error the connection and the remembered head are thrown away: the head is read
again, and because a COMMIT whose answer was lost may have succeeded, every event is looked
up by its id before it is offered once more.

Statements are made by SQLAlchemy Core, once, and run on the driver's own cursors
(docs/decisions/0001-raw-cursors-in-the-writer.md).
"""

import fcntl
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

from sqlalchemy import Engine, LargeBinary, PoolProxiedConnection, String, Table, insert, select
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import ClauseElement
from sqlalchemy.types import TypeEngine

from fognode import hashing
from fognode.errors import StoreError
from fognode.events import Row, RowValues, Scalar
from fognode.store.engines import LOCK_WAIT_S, translation, words
from fognode.store.reader import Reader
from fognode.store.tables import DERIVED, LOGS, RAW, TRUTH, chain_head, event, table_named

CONFLICTS = 8  # another writer may take the place in the chain that often
MAX_TEXT = 16_000  # characters: TEXT of MariaDB holds 65,535 bytes
WRITABLE = {table.name for table in (*LOGS, *DERIVED, *RAW)}
READ_JSON = json.JSONDecoder().raw_decode
logger = logging.getLogger(__name__)

Key = tuple[Scalar, ...]  # table name and primary key
Rows = dict[Key, tuple[Table, RowValues]]  # checked, with their hashes
Lines = Sequence[tuple[Scalar, ...]]  # parameters of one statement


class _Link(NamedTuple):
    seq: int
    event_id: bytes
    body: bytes
    prev_hash: bytes
    hash: bytes


class _Group(NamedTuple):
    """What one transaction is to hold."""

    bodies: dict[bytes, bytes]  # event_id -> body; each happening once, in order
    rows: Rows


@dataclass(slots=True)
class _Session:
    """An open connection and what was learnt over it; thrown away at the first error."""

    raw: PoolProxiedConnection  # in autocommit: what no BEGIN stands before commits by itself
    is_sqlite: bool
    head: tuple[int, bytes]  # seq and hash of the last event
    cursors: dict[tuple[str, bool], Any] = field(default_factory=dict)  # kept prepared

    def run(self, work: Sequence[tuple[str, Lines]]) -> None:
        """Execute each statement once per line of parameters; on return all is committed."""
        if [len(lines) for _, lines in work] == [1]:
            # One row is a transaction by itself: no journal of the statement (SQLite), no
            # second and third way to the server and back (MariaDB).
            self._execute(*work[0])
            return
        self.raw.cursor().execute("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")
        for statement, lines in work:
            self._execute(statement, lines)
        self.raw.commit()

    def _execute(self, statement: str, lines: Lines) -> None:
        is_one = len(lines) == 1
        cursor = self.cursors.get((statement, is_one))
        if cursor is None:
            cursor = self.cursors[statement, is_one] = self._cursor(is_one)
        if is_one:
            cursor.execute(statement, lines[0])
        else:
            cursor.executemany(statement, lines)
        if is_one and not self.is_sqlite:
            # mariadb 1.1.14 prepares even a prepared cursor's statement at each execute, unless
            # told that nothing has changed.  With triggers that is a quarter of the server's work.
            cursor._reprepare = False

    def _cursor(self, is_one: bool) -> Any:
        return self.raw.cursor() if self.is_sqlite else self.raw.cursor(prepared=is_one)


class Writer:
    """Owns the writing connection, the end of the chain and the right to extend it."""

    def __init__(self, engine: Engine, reader: Reader) -> None:
        """Connect, and take the lock that keeps a second daemon out.

        Raises:
            StoreError: The database is away, or another fognode writes to it.
        """
        self._engine = engine
        self._reader = reader
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._driver: Any = engine.dialect.loaded_dbapi
        self._statements: dict[str, str] = {}
        self._session: _Session | None = None
        self._in_doubt = True  # a COMMIT without an answer may have succeeded
        self._lock = _file_lock(engine) if self._is_sqlite else None
        try:
            self._session = self._open()
        except StoreError:
            self.close()
            raise

    def keep(self, bodies: Sequence[bytes], rows: Sequence[Row] = ()) -> list[int]:
        """Keep frozen events, and rows that belong to them, for ever; return their seqs.

        On return all is committed, in one transaction.  An event known before is recognised
        by its origin, and its old seq returned; a log row known before by its key.  A
        derived row replaces the one of its key; of several in one call the last stands.
        When it raises, nothing is known to be kept, and the caller must offer the same
        bytes again.

        Raises:
            StoreError: The database refused or is away; the next call connects again.
            ValueError: A body has no origin, or a row does not fit its table: no later
                call can succeed.
        """
        ids = [hashing.event_id(_origin(body)) for body in bodies]
        firsts: dict[bytes, bytes] = {}
        for known, body in zip(ids, bodies, strict=True):
            firsts.setdefault(known, body)
        group = _Group(firsts, _checked(rows))
        patience = CONFLICTS
        while True:
            try:
                seqs = self._attempt(group)
            except self._driver.Error as error:
                logger.info("event=store_retry error=%r", str(error))
                self._forget()
                # A place lost to another writer is tried for again, anything else once.
                is_conflict = isinstance(error, self._driver.IntegrityError)
                patience -= 1 if is_conflict else CONFLICTS // 2
                if patience <= 0:
                    raise StoreError(f"the database refused: {words(error)}") from error
            else:
                return [seqs[known] for known in ids]

    def run(self, statement: str, values: tuple[Scalar, ...]) -> int:
        """Run a statement that puts nothing in (store/samples.py); return the rows it took out.

        On return it is committed, by itself.

        Raises:
            StoreError: The database refused or is away; the next call connects again.
        """
        try:
            session = self._session = self._session or self._open()
            if self._is_sqlite:
                session.raw.cursor().execute("BEGIN IMMEDIATE")
            cursor = session.raw.cursor()
            cursor.execute(statement, values)
            changed = int(cursor.rowcount)
            cursor.close()
            session.raw.commit()
        except self._driver.Error as error:
            self._forget()
            raise StoreError(f"the database refused: {words(error)}") from error
        return max(changed, 0)

    @property
    def names(self) -> dict[str | None, str | None]:
        """What the three schemas are called here; None in SQLite, which has but one."""
        return translation(self._engine)

    def close(self) -> None:
        """Let go of the connection and of the lock."""
        self._forget()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _attempt(self, group: _Group) -> dict[bytes, int]:
        session = self._session
        if session is None:
            session = self._session = self._open()
        known, rows = self._already_there(group) if self._in_doubt else ({}, group.rows)
        seqs, chain = _chained(group.bodies, known, session.head)
        work = [(self._statement(table), lines) for table, lines in _by_table(rows).items()]
        if chain:
            links = [self._parameters(link) for link in chain]
            work.insert(0, (self._statement(event), links))
        session.run(work)
        # COMMIT POINT: from here the events are kept.
        # While what comes is known already, as after a restart, more of it will be.
        self._in_doubt = bool(known)
        if chain:
            session.head = (chain[-1].seq, chain[-1].hash)
        return seqs

    def _already_there(self, group: _Group) -> tuple[dict[bytes, int], Rows]:
        known = self._reader.seqs(list(group.bodies))
        return known, {key: row for key, row in group.rows.items() if not self._is_logged(row)}

    def _is_logged(self, row: tuple[Table, RowValues]) -> bool:
        table, values = row
        key = {column.name: values[column.name] for column in table.primary_key.columns}
        return table.schema == TRUTH and self._reader.count(table.name, key) > 0

    def _open(self) -> _Session:
        """Connect, lock and read the end of the chain.

        Raises:
            StoreError: The database is away, or another fognode writes to it.
        """
        try:
            raw = self._engine.raw_connection()
        except (SQLAlchemyError, self._driver.Error) as error:
            raise StoreError(f"cannot reach the database: {words(error)}") from error
        try:
            if not self._is_sqlite:
                _take_lock(raw, f"{translation(self._engine)[TRUTH]}.writer")
            head = self._read_head(raw)
            if not self._is_sqlite:
                raw.cursor().execute("SET autocommit=1")  # SQLite: store/engines.py
            return _Session(raw, self._is_sqlite, head)
        except (StoreError, self._driver.Error) as error:
            raw.invalidate()
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"cannot read the end of the chain: {words(error)}") from error

    def _read_head(self, raw: PoolProxiedConnection) -> tuple[int, bytes]:
        cursor = raw.cursor()
        cursor.execute(self._text(select(chain_head.c.seq, chain_head.c.hash)))
        found = cursor.fetchone()
        cursor.close()
        # An old snapshot could hide a newer row from the trigger that checks the link.
        raw.rollback()
        return (int(found[0]), bytes(found[1])) if found else (0, hashing.GENESIS)

    def _forget(self) -> None:
        self._in_doubt = True
        if self._session is not None:
            self._session.raw.invalidate()  # closes it: what was not committed is rolled back
            self._session = None

    def _statement(self, table: Table) -> str:
        text = self._statements.get(table.name)
        if text is None:
            text = self._text(_upsert(table, self._is_sqlite))
            self._statements[table.name] = text
        return text

    def _text(self, statement: ClauseElement) -> str:
        compiled = statement.compile(
            dialect=self._engine.dialect,
            schema_translate_map=translation(self._engine),
            render_schema_translate=True,
        )
        return str(compiled)

    def _parameters(self, link: _Link) -> tuple[Scalar, ...]:
        # MariaDB keeps the body as text, SQLite as bytes; both give back these bytes.
        body = link.body if self._is_sqlite else link.body.decode()
        return (link.seq, link.event_id, body, link.prev_hash, link.hash)


def _origin(body: bytes) -> str:
    text = body.decode()
    told, end = READ_JSON(text)  # half the time of json.loads
    origin = told.get("origin", "") if end == len(text) else ""
    if not origin:
        raise ValueError(f"a body without an origin cannot be kept: {body[:200]!r}")
    return str(origin)


def _chained(
    bodies: Mapping[bytes, bytes], known: Mapping[bytes, int], head: tuple[int, bytes]
) -> tuple[dict[bytes, int], list[_Link]]:
    """Give every happening its seq, and those not yet known their links."""
    seqs = dict(known)
    chain: list[_Link] = []
    seq, prev_hash = head
    for event_id, body in bodies.items():
        if event_id in known:
            continue
        seq += 1
        link = _Link(seq, event_id, body, prev_hash, hashing.link_hash(prev_hash, body))
        chain.append(link)
        seqs[event_id], prev_hash = seq, link.hash
    return seqs, chain


def _upsert(table: Table, is_sqlite: bool) -> ClauseElement:
    if table.schema == TRUTH:
        return insert(table)
    others = [column.name for column in table.columns if not column.primary_key]
    if is_sqlite:
        keys = list(table.primary_key.columns)
        made = sqlite.insert(table)
        return made.on_conflict_do_update(keys, set_={name: made.excluded[name] for name in others})
    put = mysql.insert(table)
    return put.on_duplicate_key_update({name: put.inserted[name] for name in others})


def _by_table(rows: Rows) -> dict[Table, list[tuple[Scalar, ...]]]:
    lines: dict[Table, list[tuple[Scalar, ...]]] = {}
    for table, values in rows.values():
        lines.setdefault(table, []).append(tuple(values[c.name] for c in table.columns))
    return lines


# --- rows --------------------------------------------------------------------------------


def _checked(rows: Sequence[Row]) -> Rows:
    checked: Rows = {}
    for row in rows:
        table = table_named(row.table)
        if table.name not in WRITABLE:
            raise ValueError(f"nobody writes rows of {table.name}")
        values = _with_hash(table, row.values)
        key = (table.name, *(values[column.name] for column in table.primary_key.columns))
        if table.schema == TRUTH and key in checked:
            continue  # the first row of a log stands
        checked[key] = (table, values)
    return checked


def _with_hash(table: Table, values: RowValues) -> RowValues:
    wanted = {column.name for column in table.columns} - {"hash"}
    if values.keys() != wanted:
        odd = sorted(values.keys() ^ wanted)
        raise ValueError(f"a row of {table.name} lacks or has too many of {odd}")
    for name, value in values.items():
        if not _fits(table.c[name].type, value):
            raise ValueError(f"{table.name}.{name} cannot hold {value!r}")
    return {**values, "hash": hashing.row_hash(values)}


def _fits(kind: TypeEngine[Any], value: Scalar) -> bool:
    # Checked here, so that both databases refuse the same values before anything is written.
    if isinstance(kind, String):
        return isinstance(value, str) and len(value) <= (kind.length or MAX_TEXT)
    if isinstance(kind, LargeBinary):
        return isinstance(value, bytes) and kind.length in (None, len(value))
    return type(value) is int


# --- one writer at a time ----------------------------------------------------------------


def _file_lock(engine: Engine) -> IO[str]:
    path = Path(f"{engine.url.database}.lock")
    try:
        lock = path.open("w")
    except OSError as error:
        raise StoreError(f"cannot open {path}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise StoreError(f"another fognode writes to {engine.url.database}") from error
    return lock


def _take_lock(raw: PoolProxiedConnection, name: str) -> None:
    cursor = raw.cursor()
    # Held for the connection's life; a connection just lost may need a moment to let go.
    cursor.execute("SELECT GET_LOCK(?, ?)", (name, LOCK_WAIT_S))
    taken = cursor.fetchone()
    cursor.close()
    if taken != (1,):
        raise StoreError(f"another fognode holds the lock {name}")
