"""The rows of derived tables as they stand, compared with what the events make of them.

A derived row says nothing that the record does not: whatever differs is put right by the rows
that were folded again, and what no event accounts for is taken out.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from fognode import hashing
from fognode.errors import StoreError
from fognode.events import Row, RowValues, Scalar
from fognode.store.columns import STATE
from fognode.store.reader import Reader
from fognode.store.tables import table_named
from fognode.store.writer import Writer

AT_ONCE = 500  # rows of one transaction
ALL = 2**31 - 1

Key = tuple[Scalar, ...]  # primary key
Folded = dict[Key, RowValues]  # the rows of one table, as folded


class Difference(NamedTuple):
    """What one table has to be told."""

    table: str
    rows: Sequence[RowValues]  # missing, or other than the events make them
    extra: Sequence[Key]  # of rows that no event accounts for


def key_of(table: str, values: Mapping[str, Scalar]) -> Key:
    """Return the primary key of a row."""
    return tuple([values[name] for name in _key_names(table)])


@cache
def _key_names(table: str) -> tuple[str, ...]:
    # Kept: asked for every row of a record, a table is slow to tell its columns.
    return tuple(column.name for column in table_named(table).primary_key.columns)


def compare(reader: Reader, table: str, folded: Folded) -> Difference:
    """Compare what is stored of a table with what was folded.

    Raises:
        StoreError: The database is away.
    """
    # By what stands there, not by the hash beside it, which whoever altered a row left alone.
    stored = {
        key_of(table, row): (hashing.row_hash(row), row["hash"])
        for row in reader.rows(table, limit=ALL)
    }
    rows = []
    for key, values in folded.items():
        made = hashing.row_hash(values)
        if stored.get(key) != (made, made):
            rows.append(values)
    return Difference(table, rows, [key for key in stored if key not in folded])


def put_right(writer: Writer, differences: Iterable[Difference]) -> None:
    """Write what differs; each table by itself, so that a second call goes on.

    Raises:
        StoreError: The database is away.
    """
    for table, rows, extra in differences:
        for begin in range(0, len(rows), AT_ONCE):
            some = rows[begin : begin + AT_ONCE]
            writer.keep([], [Row(table=table, values=values) for values in some])
        for key in extra:
            _take_out(writer, table, key)


def _take_out(writer: Writer, table: str, key: Key) -> None:
    made = table_named(table)
    if made.schema != STATE:
        raise StoreError(f"{table} is not derived: nothing is ever taken out of it")
    schema = writer.names[STATE]
    name = f"{schema}.{table}" if schema else table
    where = " AND ".join(f"{column.name} = ?" for column in made.primary_key.columns)
    writer.run(f"DELETE FROM {name} WHERE {where}", key)  # noqa: S608 - names of our own tables
