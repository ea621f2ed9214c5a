"""The only writer: events into the chain, rows beside them, one transaction at a time.

Used on the store thread alone.  The writing account may INSERT into the record and cannot
read it but for its last link, so known events are looked up through the Reader.

After any error the connection and the remembered head are thrown away: the head is read
again, and because a COMMIT whose answer was lost may have succeeded, every event is looked
up by its id before it is offered once more.

Statements are made by SQLAlchemy Core, once, and run on the driver's own cursors
(docs/decisions/0001-raw-cursors-in-the-writer.md).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Engine, PoolProxiedConnection, Table, insert, select
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import ClauseElement

from fognode import hashing
from fognode.errors import StoreError
from fognode.events import Row, RowValues, Scalar
from fognode.store.bodies import origin_of
from fognode.store.chain import Link, chain_up
from fognode.store.engines import translation, words
from fognode.store.reader import Reader
from fognode.store.rows import Rows, checked_rows, lines_by_table
from fognode.store.tables import TRUTH, chain_head, event
from fognode.store.writer_lock import lock_file, lock_name

CONFLICTS = 8  # another writer may take the place in the chain that often
logger = logging.getLogger(__name__)

Lines = Sequence[tuple[Scalar, ...]]  # parameters of one statement


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
        self._lock = lock_file(engine) if self._is_sqlite else None
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
        ids = [hashing.event_id(origin_of(body)) for body in bodies]
        firsts: dict[bytes, bytes] = {}
        for known, body in zip(ids, bodies, strict=True):
            firsts.setdefault(known, body)
        group = _Group(firsts, checked_rows(rows))
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
        seqs, chain = chain_up(group.bodies, known, session.head)
        work = [(self._statement(table), lines) for table, lines in lines_by_table(rows).items()]
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
                lock_name(raw, f"{translation(self._engine)[TRUTH]}.writer")
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

    def _parameters(self, link: Link) -> tuple[Scalar, ...]:
        # MariaDB keeps the body as text, SQLite as bytes; both give back these bytes.
        body = link.body if self._is_sqlite else link.body.decode()
        return (link.seq, link.event_id, body, link.prev_hash, link.hash)


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
