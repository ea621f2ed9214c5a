"""Is the record still whole?  Recompute everything, list every finding.

    event      content (hash of prev_hash and body), link, missing seqs, event_id against the
               origin in the body, generated columns against the body, shadow
    logs       hash of each row, shadow
    derived    hash of each row
    blocked    hash of each note (MariaDB)

Reads through the reading account, in one snapshot, row by row: memory does not grow with
the record, and a daemon that goes on writing causes no finding.  It finds what was changed
without changing everything that depends on it; who rewrites the rows, the shadow and all
later hashes is found only by copies kept elsewhere.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    LargeBinary,
    Table,
    and_,
    literal_column,
    select,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.exc import SQLAlchemyError

from fognode import hashing
from fognode.errors import StoreError
from fognode.store.engines import words
from fognode.store.tables import DERIVED, GENERATED, LOGS, SHADOWS, blocked, event

AT_ONCE = 1000  # rows fetched together
Values = dict[str, Any]  # a row as the database gives it


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One row that is not as it was written, and why."""

    seq: int | None  # of an event; None for rows of other tables
    table: str
    reason: str

    def __str__(self) -> str:
        """Name the row first: it is what the reader will look for."""
        place = f"{self.table} seq {self.seq}" if self.seq is not None else self.table
        return f"{place}: {self.reason}"


def verify(engine: Engine) -> list[Finding]:
    """Return every finding, table by table; none means that all that is here matches.

    Raises:
        StoreError: The database is away.
    """
    try:
        with engine.connect() as connection:
            is_sqlite = connection.dialect.name == "sqlite"
            # One snapshot for all tables, or the newest rows would seem to lack their copies.
            connection.exec_driver_sql(
                "BEGIN" if is_sqlite else "START TRANSACTION WITH CONSISTENT SNAPSHOT"
            )
            try:
                return list(_findings(connection, is_sqlite))
            finally:
                connection.exec_driver_sql("ROLLBACK")
    except SQLAlchemyError as error:
        raise StoreError(f"cannot read the record: {words(error)}") from error


def _findings(connection: Connection, is_sqlite: bool) -> Iterator[Finding]:
    yield from _events(connection)
    for table in LOGS:
        yield from _log(connection, table)
    for table in (*DERIVED, *(() if is_sqlite else (blocked,))):
        for values, _ in _rows(connection, table, None):
            yield from _reasons(table, values, _unlike_hash(values))


# --- events ------------------------------------------------------------------------------


def _events(connection: Connection) -> Iterator[Finding]:
    last_seq, last_hash = 0, hashing.GENESIS
    for values, copy in _rows(connection, event, SHADOWS["event"]):
        seq = values["seq"]
        if seq != last_seq + 1:
            yield _named(event, values, f"events {last_seq + 1} to {seq - 1} before it are missing")
        elif values["prev_hash"] != last_hash:
            yield _named(event, values, "link: prev_hash is not the hash of the event before")
        yield from _reasons(event, values, _unlike_content(values))
        yield from _reasons(event, values, _unlike_copy(values, copy))
        last_seq, last_hash = seq, values["hash"]
    yield from _only_copies(connection, event)


def _unlike_content(values: Values) -> Iterator[str]:
    body = values["body"]
    if hashing.link_hash(values["prev_hash"], body) != values["hash"]:
        yield "content: hash is not that of prev_hash and body"
    try:
        told = json.loads(body)
        origin = str(told["origin"])
    except (ValueError, KeyError, TypeError):
        yield "content: body is no event"
        return
    if hashing.event_id(origin) != values["event_id"]:
        yield f"event_id is not that of origin {origin}"
    for name in GENERATED:
        if values[name] != told.get(name):
            yield f"column {name} is {values[name]!r}, in the body {told.get(name)!r}"


# --- all other tables --------------------------------------------------------------------


def _log(connection: Connection, table: Table) -> Iterator[Finding]:
    for values, copy in _rows(connection, table, SHADOWS[table.name]):
        yield from _reasons(table, values, _unlike_hash(values))
        yield from _reasons(table, values, _unlike_copy(values, copy))
    yield from _only_copies(connection, table)


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


def _only_copies(connection: Connection, table: Table) -> Iterator[Finding]:
    shadow = SHADOWS[table.name]
    first_key = next(iter(table.primary_key.columns))
    lost = (
        select(*shadow.primary_key.columns)
        .select_from(shadow.outerjoin(table, _same_key(table, shadow)))
        .where(first_key.is_(None))
        .order_by(*shadow.primary_key.columns)
    )
    names = [column.name for column in shadow.primary_key.columns]
    for row in connection.execute(lost, execution_options={"yield_per": AT_ONCE}):
        values = dict(zip(names, row, strict=True))
        yield _named(table, values, "shadow: a copy without its row, which is missing")


# --- reading -----------------------------------------------------------------------------


def _rows(
    connection: Connection, table: Table, shadow: Table | None
) -> Iterator[tuple[Values, Values | None]]:
    """Stream the rows of a table in the order of its key, each with its copy, if any."""
    names = [str(column.name) for column in table.columns]  # row_hash takes plain text
    wanted = [_exact(column) for column in table.columns]
    if table is event:
        names += GENERATED
        wanted += [literal_column(name) for name in GENERATED]
    source: FromClause = table
    if shadow is not None:
        wanted += [_exact(shadow.c[column.name]) for column in table.columns]
        source = table.outerjoin(shadow, _same_key(table, shadow))
    # Labelled by place: a row and its copy have the same column names.
    labelled = [item.label(f"c{place}") for place, item in enumerate(wanted)]
    ordered = select(*labelled).select_from(source).order_by(*table.primary_key.columns)
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
