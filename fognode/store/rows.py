"""Rows as they may be written: of a table that takes them, each value of its column's kind."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import LargeBinary, String, Table
from sqlalchemy.types import TypeEngine

from fognode import hashing
from fognode.events import Row, RowValues, Scalar
from fognode.store.tables import DERIVED, LOGS, RAW, TRUTH, table_named

MAX_TEXT = 16_000  # characters: TEXT of MariaDB holds 65,535 bytes
WRITABLE = {table.name for table in (*LOGS, *DERIVED, *RAW)}

Key = tuple[Scalar, ...]  # table name and primary key
Rows = dict[Key, tuple[Table, RowValues]]  # checked, with their hashes


def checked_rows(rows: Sequence[Row]) -> Rows:
    """Return rows by their keys, with their hashes, as ``Writer.keep`` writes them.

    Raises:
        ValueError: Nobody writes rows of that table, or one does not fit it.
    """
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


def lines_by_table(rows: Rows) -> dict[Table, list[tuple[Scalar, ...]]]:
    """Return rows as the parameters of one statement for each table."""
    lines: dict[Table, list[tuple[Scalar, ...]]] = {}
    for table, values in rows.values():
        lines.setdefault(table, []).append(tuple(values[c.name] for c in table.columns))
    return lines


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
