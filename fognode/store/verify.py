"""Is the record still whole?  Recompute everything, list every finding.

    event       content (hash of prev_hash and body), link, missing seqs (store/walk.py);
                event_id and generated columns against the body; shadow
    checkpoint  root and link against the recomputed tree and chain; note, signature, range
    worm        every note and tile against the same tree, segments against their tiles
    anchors     what the ledgers were told against the same tree, when it is handed in
    logs        hash of each row, shadow
    derived     hash of each row
    blocked     hash of each note (MariaDB)

Reads through the reading account, in one snapshot: memory does not grow with the record, and
a daemon that goes on writing causes no finding.  With a memory (DIR/verify.json) only what is
new since the last clean pass is read, from a checkpoint that is checked itself; what was
changed before it is found by a pass over everything.

Who rewrites rows, shadow, later hashes and checkpoints is found only by copies kept
elsewhere; who cuts the end off behind the last checkpoint, with its shadow, by nothing.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    LargeBinary,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.exc import SQLAlchemyError

from fognode import hashing
from fognode.errors import StoreError
from fognode.store.engines import translation, words
from fognode.store.signed import Evidence, SignedRecord, link_at
from fognode.store.tables import DERIVED, GENERATED, LOGS, SHADOWS, TRUTH, blocked, event
from fognode.store.walk import WINDOW, Base, Tell, Walk

AT_ONCE = 1024  # rows fetched together: whole tiles
SEARCH = 500  # keys in one IN (...)
BODY = sql_cast(event.c.body, LargeBinary)  # MariaDB keeps it as text; what was hashed are bytes
LINKS = (
    select(event.c.seq, event.c.prev_hash, event.c.hash, BODY, event.c.event_id)
    .where(event.c.seq > bindparam("after"), event.c.seq <= bindparam("up_to"))
    .order_by(event.c.seq)
)
BODIES = select(BODY).where(event.c.seq > bindparam("after"), event.c.seq <= bindparam("up_to"))
SQLITE_MADE = re.compile(
    r'"?(\w+)"? \w+ GENERATED ALWAYS AS \(json_extract\(CAST\(body AS TEXT\), '
    r"'\$\.(\w+)'\)\) VIRTUAL"
)
MARIADB_MADE = (
    "SELECT column_name, generation_expression FROM information_schema.columns"
    " WHERE table_schema = ? AND table_name = 'event' AND extra LIKE 'VIRTUAL%'"
)
NO_EVIDENCE = Evidence()
Values = dict[str, Any]  # a row as the database gives it


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One row or file that is not as it was written, and why."""

    seq: int | None  # of an event; None for all else
    table: str
    reason: str

    def __str__(self) -> str:
        """Name the row first: it is what the reader will look for."""
        place = f"{self.table} seq {self.seq}" if self.seq is not None else self.table
        return f"{place}: {self.reason}"


@dataclass(slots=True, kw_only=True)
class Report:
    """What one pass read, found, and could not check."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was not checked, and why
    events: int = 0  # seq of the newest event
    head: bytes = hashing.GENESIS  # its hash
    after: int = 0  # events up to this seq were not read again


def verify(
    engine: Engine, evidence: Evidence = NO_EVIDENCE, everything: bool = True
) -> list[Finding]:
    """Return every finding; none means that all that is here matches.

    Raises:
        StoreError: The database is away.
    """
    return examine(engine, evidence, everything).findings


def examine(engine: Engine, evidence: Evidence = NO_EVIDENCE, everything: bool = True) -> Report:
    """Return every finding and what the pass covered.

    Args:
        engine: Of the reading account.
        evidence: What lies beside the database.
        everything: Read all events; else those since the last clean pass, if it is known.

    Raises:
        StoreError: The database is away.
    """
    report = Report()
    signed = SignedRecord(evidence, _teller(report))
    report.notes += signed.notes()
    try:
        with engine.connect() as connection, _snapshot(connection):
            _Pass(connection, signed, report).run(everything)
    except SQLAlchemyError as error:
        raise StoreError(f"cannot read the record: {words(error)}") from error
    return report


def _teller(report: Report) -> Tell:
    return lambda seq, table, reason: report.findings.append(
        Finding(seq=seq, table=table, reason=reason)
    )


@contextmanager
def _snapshot(connection: Connection) -> Iterator[None]:
    """Read all tables as of one moment, or the newest rows would seem to lack their copies."""
    is_sqlite = connection.dialect.name == "sqlite"
    begin = "BEGIN" if is_sqlite else "START TRANSACTION WITH CONSISTENT SNAPSHOT"
    connection.exec_driver_sql(begin)
    try:
        yield
    finally:
        connection.exec_driver_sql("ROLLBACK")


class _Pass:
    """One pass over one snapshot."""

    def __init__(self, connection: Connection, signed: SignedRecord, report: Report) -> None:
        self._connection, self._signed, self._report = connection, signed, report
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._tell = _teller(report)

    def run(self, everything: bool) -> None:
        report = self._report
        report.events = int(self._connection.execute(select(func.max(event.c.seq))).scalar() or 0)
        report.head = link_at(self._connection, report.events) or hashing.GENESIS
        base = Base() if everything else self._signed.base(self._connection)
        report.after = base.size
        self._events(base)
        self._signed.old_anchors(self._connection, base.size)
        self._signed.tell_beyond(self._connection, report.events)
        self._signed.check_segments(base.size, report.events, self._bodies)
        for table in LOGS:
            report.findings += _log(self._connection, table)
        for table in (*DERIVED, *(() if self._is_sqlite else (blocked,))):
            for values, _ in _rows(self._connection, table, None):
                report.findings += _reasons(table, values, _unlike_hash(values))
        if not report.findings:
            try:
                self._signed.remember(self._connection, report.events)
            except StoreError as error:
                report.notes.append(f"this pass is not remembered: {error}")

    def _events(self, base: Base) -> None:
        begun, odd = len(self._report.findings), set[int]()
        walk = Walk(base, self._tell, self._signed.compare_tile)
        for after in range(base.size, self._report.events, WINDOW):
            up_to = min(after + WINDOW, self._report.events)
            walk.take([], self._signed.marks(self._connection, after, up_to))
            for rows in self._fetch(LINKS, after, up_to):
                walk.take(rows)
                odd.update(row[0] for row in rows if _quick_id(row[3]) != row[4])
        found = self._report.findings
        found += _odd_events(self._connection, base.size, odd)
        # As many copies as events, and each event has its own: no copy is left over.
        if len(found) > begun or _count(self._connection, event, base.size) != _count(
            self._connection, SHADOWS["event"], base.size
        ):
            found += _only_copies(self._connection, event, SHADOWS["event"].c.seq > base.size)
        found[begun:] = sorted(found[begun:], key=lambda one: (one.seq is None, one.seq or 0))

    def _bodies(self, after: int, up_to: int) -> Iterator[bytes]:
        for rows in self._fetch(BODIES.order_by(event.c.seq), after, up_to):
            yield from (body for (body,) in rows)

    def _fetch(self, statement: Select[Any], after: int, up_to: int) -> Iterator[list[Any]]:
        """Read by the driver's own cursor: SQLAlchemy's rows would take as long as the hashes.

        Raises:
            StoreError: The database is away.
        """
        text = str(
            statement.compile(
                dialect=self._connection.dialect,
                schema_translate_map=translation(self._connection.engine),
                render_schema_translate=True,
            )
        )
        raw: Any = self._connection.connection
        # Unbuffered: the driver would hold the whole stretch a second time.
        cursor = raw.cursor() if self._is_sqlite else raw.cursor(buffered=False)
        try:
            cursor.execute(text, (after, up_to))
            while rows := cursor.fetchmany(AT_ONCE):
                yield rows
        except self._connection.dialect.loaded_dbapi.Error as error:
            raise StoreError(f"cannot read the record: {words(error)}") from error
        finally:
            cursor.close()


# --- events beside their chain -------------------------------------------------------------


def _odd_events(connection: Connection, after: int, odd: set[int]) -> Iterator[Finding]:
    """Look closely at events that seem odd, or that the database finds unlike their copies."""
    shadow = SHADOWS["event"]
    copy = shadow.c
    unlike = or_(
        copy.seq.is_(None),
        *(copy[name] != event.c[name] for name in ("event_id", "prev_hash", "hash")),
        sql_cast(copy.body, LargeBinary) != BODY,
        *_unlike_generated(connection),
    )
    joined = event.outerjoin(shadow, _same_key(event, shadow))
    wanted = select(event.c.seq).select_from(joined).where(event.c.seq > after, unlike)
    seqs = sorted(odd.union(int(seq) for (seq,) in connection.execute(wanted)))
    for at in range(0, len(seqs), SEARCH):
        some = event.c.seq.in_(seqs[at : at + SEARCH])
        for values, copied in _rows(connection, event, shadow, some):
            yield from _reasons(event, values, _unlike_body(values))
            yield from _reasons(event, values, _unlike_copy(values, copied))


def _unlike_generated(connection: Connection) -> Iterator[ColumnElement[bool]]:
    """Compare columns with the body, but only if the table no longer makes them from it."""
    is_sqlite = connection.dialect.name == "sqlite"
    made = _made_columns(connection, is_sqlite)
    for name in GENERATED:
        if name not in made:
            body = _body_text(is_sqlite)
            word = (func.json_extract if is_sqlite else func.json_value)(body, f"$.{name}")
            # CASE: nothing may be taken from a body that is not JSON.
            yield literal_column(name).is_distinct_from(case((func.json_valid(body) == 1, word)))


def _made_columns(connection: Connection, is_sqlite: bool) -> set[str]:
    """Return the columns that the database still makes from the body at each reading."""
    if is_sqlite:
        asked = "SELECT sql FROM sqlite_master WHERE name = 'event'"
        text = str(connection.exec_driver_sql(asked).scalar())
        return {name for name, key in SQLITE_MADE.findall(text) if name == key}
    schema = translation(connection.engine)[TRUTH]
    columns = connection.exec_driver_sql(MARIADB_MADE, (schema,)).all()
    return {name for name, made in columns if made == f"json_value(`body`,'$.{name}')"}


def _body_text(is_sqlite: bool) -> ColumnElement[Any]:
    return sql_cast(event.c.body, Text) if is_sqlite else event.c.body


def _quick_id(body: bytes) -> bytes:
    """Return the id of a body as we freeze it: after its origin come numbers only.

    A body of another form gives another id here, and is then read as JSON.
    """
    begin = body.rfind(b'"origin":"') + 10
    end = body.find(b'"', begin)
    return hashing.event_id(body[begin:end].decode("ascii", "replace"))


def _unlike_body(values: Values) -> Iterator[str]:
    try:
        told = json.loads(values["body"])
        origin = str(told["origin"])
    except (ValueError, KeyError, TypeError):
        yield "content: body is no event"
        return
    if hashing.event_id(origin) != values["event_id"]:
        yield f"event_id is not that of origin {origin}"
    for name in GENERATED:
        if values[name] != told.get(name):
            yield f"column {name} is {values[name]!r}, in the body {told.get(name)!r}"


# --- all other tables ----------------------------------------------------------------------


def _log(connection: Connection, table: Table) -> Iterator[Finding]:
    for values, copy in _rows(connection, table, SHADOWS[table.name]):
        yield from _reasons(table, values, _unlike_hash(values))
        yield from _reasons(table, values, _unlike_copy(values, copy))
    yield from _only_copies(connection, table, true())


def _unlike_hash(values: Values) -> Iterator[str]:
    try:
        if hashing.row_hash(values) != values["hash"]:
            yield "content: hash is not that of the row"
    except ValueError as error:
        yield f"content: the row cannot be hashed: {error}"


# --- shadows -----------------------------------------------------------------------------


def _unlike_copy(values: Values, copy: Values | None) -> Iterator[str]:
    if copy is None:
        yield "shadow: the copy is missing"
        return
    if odd := [name for name in copy if copy[name] != values[name]]:
        yield f"shadow: the copy differs in {', '.join(odd)}"


def _only_copies(
    connection: Connection, table: Table, where: ColumnElement[bool]
) -> Iterator[Finding]:
    shadow = SHADOWS[table.name]
    first_key = next(iter(table.primary_key.columns))
    lost = (
        select(*shadow.primary_key.columns)
        .select_from(shadow.outerjoin(table, _same_key(table, shadow)))
        .where(first_key.is_(None), where)
        .order_by(*shadow.primary_key.columns)
    )
    names = [column.name for column in shadow.primary_key.columns]
    for row in connection.execute(lost, execution_options={"yield_per": AT_ONCE}):
        values = dict(zip(names, row, strict=True))
        yield _named(table, values, "shadow: a copy without its row, which is missing")


def _count(connection: Connection, table: Table, after: int) -> int:
    counted = select(func.count()).select_from(table).where(table.c.seq > after)
    return int(connection.execute(counted).scalar() or 0)


# --- reading -----------------------------------------------------------------------------


def _rows(
    connection: Connection,
    table: Table,
    shadow: Table | None,
    where: ColumnElement[bool] | None = None,
) -> Iterator[tuple[Values, Values | None]]:
    """Stream the rows of a table in the order of its key, each with its copy, if any."""
    names = [str(column.name) for column in table.columns]  # row_hash takes plain text
    wanted = [_exact(column) for column in table.columns]
    if table is event:
        names += GENERATED
        # A column made from a body that is not JSON cannot be read.
        is_json = func.json_valid(_body_text(connection.dialect.name == "sqlite")) == 1
        wanted += [case((is_json, literal_column(name))) for name in GENERATED]
    source: FromClause = table
    if shadow is not None:
        wanted += [_exact(shadow.c[column.name]) for column in table.columns]
        source = table.outerjoin(shadow, _same_key(table, shadow))
    # Labelled by place: a row and its copy have the same column names.
    labelled = [item.label(f"c{place}") for place, item in enumerate(wanted)]
    ordered = select(*labelled).select_from(source).order_by(*table.primary_key.columns)
    if where is not None:
        ordered = ordered.where(where)
    for row in connection.execute(ordered, execution_options={"yield_per": AT_ONCE}):
        values = dict(zip(names, row, strict=False))
        copied = row[len(names) :]
        copy = dict(zip(names, copied, strict=False)) if copied and copied[0] is not None else None
        yield values, copy


def _exact(column: Column[Any]) -> ColumnElement[Any]:
    # MariaDB keeps a body as text; what was hashed are its bytes.
    return sql_cast(column, LargeBinary) if column.name == "body" else column


def _same_key(table: Table, shadow: Table) -> ColumnElement[bool]:
    return and_(*(column == shadow.c[column.name] for column in table.primary_key.columns))


def _reasons(table: Table, values: Values, reasons: Iterator[str]) -> Iterator[Finding]:
    return (_named(table, values, reason) for reason in reasons)


def _named(table: Table, values: Values, reason: str) -> Finding:
    if table is event:
        return Finding(seq=values["seq"], table=table.name, reason=reason)
    key = ", ".join(f"{c.name} {values[c.name]}" for c in table.primary_key.columns)
    return Finding(seq=None, table=table.name, reason=f"{key}: {reason}")
