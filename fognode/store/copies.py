"""Rows beside their copies in the audit schema: which are alike, and what there is of one only.

The database compares, so of a copy travels only whether it is alike; both sides are read for
what is not.  Bytes are compared: to MariaDB "a" and "a " are the same text.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    LargeBinary,
    String,
    Table,
    and_,
    case,
    select,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from fognode.store.tables import SHADOWS

AT_ONCE = 512  # rows fetched together: whole tiles of the tree; 1024 fall out of the cache
Values = dict[str, Any]  # a row as the database gives it


class Exact(FunctionElement[bytes]):
    """The bytes of a column: MariaDB keeps a body as text, and what was hashed are its bytes."""

    type = LargeBinary()
    inherit_cache = True


@compiles(Exact)
def _as_blob(element: Exact, compiler: SQLCompiler, **words: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **words)} AS BLOB)"


@compiles(Exact, "mariadb", "mysql")
def _as_binary(element: Exact, compiler: SQLCompiler, **words: Any) -> str:
    # Not a CAST, which would copy every body: half of what reading a row costs the server.
    return f"CONVERT({compiler.process(element.clauses, **words)} USING binary)"


def exact(column: Column[Any]) -> ColumnElement[Any]:
    """Return a column as the bytes it is, if the database could take it for text."""
    is_text = isinstance(column.type, String) or column.name == "body"
    return Exact(column) if is_text else column


def plain(column: Column[Any]) -> ColumnElement[Any]:
    """Return a column as a row is hashed: texts as texts, a body as bytes."""
    return Exact(column) if column.name == "body" else column


def alike(table: Table) -> ColumnElement[bool]:
    """Return whether a row and its copy are the same; NULL, neither yes nor no, without a copy."""
    shadow = SHADOWS[table.name]
    return and_(*(exact(column) == exact(shadow.c[column.name]) for column in table.columns))


def as_number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """Return 1 where a condition is true; 0 where it is false or NULL."""
    return case((condition, 1), else_=0)


def beside(table: Table) -> FromClause:
    """Return a table joined with its copies, as far as there are any."""
    return table.outerjoin(SHADOWS[table.name], _same_key(table))


def rows(connection: Connection, table: Table) -> Iterator[tuple[Values, bool]]:
    """Stream the rows of a table in the order of its key; each with: has it a copy, alike?

    Of a table without a shadow all are alike.
    """
    names = [str(column.name) for column in table.columns]  # row_hash takes plain text
    wanted: list[ColumnElement[Any]] = [plain(column) for column in table.columns]
    source: FromClause = table
    if table.name in SHADOWS:
        wanted.append(as_number(alike(table)))
        source = beside(table)
    ordered = select(*_by_place(wanted)).select_from(source).order_by(*table.primary_key.columns)
    for row in connection.execute(ordered, execution_options={"yield_per": AT_ONCE}):
        yield dict(zip(names, row, strict=False)), row[-1] == 1 or source is table


def both(
    connection: Connection,
    table: Table,
    further: Sequence[ColumnElement[Any]] = (),
    where: ColumnElement[bool] | None = None,
) -> Iterator[tuple[Values, Values | None]]:
    """Stream rows, each with its copy, if it has one; ``further`` columns belong to the row."""
    shadow = SHADOWS[table.name]
    names = [str(column.name) for column in table.columns]
    wanted = [plain(shadow.c[name]) for name in names]
    wanted += [plain(column) for column in table.columns] + list(further)
    names += [item.name for item in further]
    statement = select(*_by_place(wanted)).select_from(beside(table))
    ordered = statement.where(true() if where is None else where)
    ordered = ordered.order_by(*table.primary_key.columns)
    count = len(table.columns)
    for row in connection.execute(ordered, execution_options={"yield_per": AT_ONCE}):
        copy = dict(zip(names, row[:count], strict=False))
        yield dict(zip(names, row[count:], strict=True)), None if row[0] is None else copy


def unlike(values: Values, copy: Values | None) -> Iterator[str]:
    """Say in what a row and its copy differ."""
    if copy is None:
        yield "shadow: the copy is missing"
    elif odd := [name for name in copy if copy[name] != values[name]]:
        yield f"shadow: the copy differs in {', '.join(odd)}"


def lost(connection: Connection, table: Table, where: ColumnElement[bool]) -> Iterator[Values]:
    """Stream the keys of copies whose row is gone."""
    shadow = SHADOWS[table.name]
    keys = shadow.primary_key.columns
    missing = select(*keys).select_from(shadow.outerjoin(table, _same_key(table)))
    first_key = next(iter(table.primary_key.columns))
    ordered = missing.where(first_key.is_(None), where).order_by(*keys)
    for row in connection.execute(ordered, execution_options={"yield_per": AT_ONCE}):
        yield dict(zip((key.name for key in keys), row, strict=True))


def _same_key(table: Table) -> ColumnElement[bool]:
    shadow = SHADOWS[table.name]
    return and_(*(column == shadow.c[column.name] for column in table.primary_key.columns))


def _by_place(wanted: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    # A row and its copy have the same column names.
    return [item.label(f"c{place}") for place, item in enumerate(wanted)]
