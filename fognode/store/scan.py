"""The events as verify walks over them: each beside its copy, read by the driver's own cursor.

SQLAlchemy's rows would take as long as the hashes.  One statement reads event and copy, both of
one snapshot; the database compares them while we hash, and of a copy travels only whether it
is alike.  So it is with a column that the database no longer makes from the body.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    select,
)
from sqlalchemy import cast as sql_cast

from fognode.errors import StoreError
from fognode.store.copies import AT_ONCE, alike, as_number, beside, plain
from fognode.store.engines import translation, words
from fognode.store.tables import GENERATED, TRUTH, event
from fognode.store.walk import Link

STRETCH = (event.c.seq > bindparam("after"), event.c.seq <= bindparam("up_to"))
SQLITE_MADE = r'"?{}"? \w+ GENERATED ALWAYS AS \({}\) VIRTUAL'
MARIADB_MADE = (
    "SELECT column_name, generation_expression FROM information_schema.columns"
    " WHERE table_schema = ? AND table_name = 'event' AND extra LIKE 'VIRTUAL%'"
)


class Scan:
    """Reads events in the order of their seq, on one connection."""

    def __init__(self, connection: Connection) -> None:
        """Ask the database which columns it makes itself."""
        self._connection = connection
        is_well = and_(alike(event), *_as_in_body(connection))
        chained = (event.c.seq, event.c.prev_hash, event.c.hash, plain(event.c.body))
        row = select(*chained, event.c.event_id, as_number(is_well))
        self._links = row.select_from(beside(event))

    def links(self, after: int, up_to: int) -> Iterator[list[Link]]:
        """Yield groups of events after one seq up to another.

        Raises:
            StoreError: The database is away.
        """
        for rows in fetch(self._connection, self._links, after, up_to):
            yield rows if _is_hashable(rows) else [_spelled(row) for row in rows]

    def bodies(self, after: int, up_to: int) -> Iterator[bytes]:
        """Yield bodies alone.

        Raises:
            StoreError: The database is away.
        """
        for rows in fetch(self._connection, select(plain(event.c.body)), after, up_to):
            yield from (body for (body,) in rows)


def _is_hashable(rows: Sequence[Link]) -> bool:
    """Tell whether all of these hashes, bodies and ids are bytes; SQLite keeps anything."""
    try:
        b"".join(chain.from_iterable(list(zip(*rows, strict=True))[1:5]))
    except TypeError:
        return False
    return True


def _spelled(row: Link) -> Link:
    """Let what is no bytes stand as its spelling, which has no right hash: verify will say so."""
    seq, prev_hash, link, body, event_id, is_well = row
    return seq, _as_bytes(prev_hash), _as_bytes(link), _as_bytes(body), _as_bytes(event_id), is_well


def _as_bytes(told: object) -> bytes:
    return told if isinstance(told, bytes) else str(told).encode(errors="surrogateescape")


def fetch(
    connection: Connection, statement: Select[Any], after: int, up_to: int
) -> Iterator[list[Any]]:
    """Yield groups of rows of events after one seq up to another, as the driver gives them.

    Raises:
        StoreError: The database is away.
    """
    ordered = statement.where(*STRETCH).order_by(event.c.seq)
    made = ordered.compile(
        dialect=connection.dialect,
        schema_translate_map=translation(connection.engine),
        render_schema_translate=True,
    )
    told = made.construct_params({"after": after, "up_to": up_to})
    raw: Any = connection.connection
    # Unbuffered: the driver would hold the whole stretch a second time.
    is_sqlite = connection.dialect.name == "sqlite"
    cursor = raw.cursor() if is_sqlite else raw.cursor(buffered=False)
    try:
        cursor.execute(str(made), [told[name] for name in made.positiontup or ()])
        while rows := cursor.fetchmany(AT_ONCE):
            yield rows
    except connection.dialect.loaded_dbapi.Error as error:
        raise StoreError(f"cannot read the record: {words(error)}") from error
    finally:
        cursor.close()


# --- columns made of the body ----------------------------------------------------------------


def _as_in_body(connection: Connection) -> Iterator[ColumnElement[bool]]:
    """Compare columns with the body, but only if the table no longer makes them from it."""
    is_sqlite = connection.dialect.name == "sqlite"
    made = _made_columns(connection, is_sqlite)
    for name in GENERATED:
        if name not in made:
            body = body_text(is_sqlite)
            one = func.json_extract if is_sqlite else func.json_value
            word = func.coalesce(*(one(body, f"$.{path}") for path in GENERATED[name]), None)
            # CASE: nothing may be taken from a body that is not JSON.
            said = case((func.json_valid(body) == 1, word))
            yield literal_column(name).is_not_distinct_from(said)


def _made_columns(connection: Connection, is_sqlite: bool) -> set[str]:
    """Return the columns that the database still makes from the body at each reading."""
    if is_sqlite:
        asked = "SELECT sql FROM sqlite_master WHERE name = 'event'"
        text = str(connection.exec_driver_sql(asked).scalar())
        patterns = {name: re.escape(_made_by(name, is_sqlite)) for name in GENERATED}
        return {
            name for name in patterns if re.search(SQLITE_MADE.format(name, patterns[name]), text)
        }
    schema = translation(connection.engine)[TRUTH]
    columns = connection.exec_driver_sql(MARIADB_MADE, (schema,)).all()
    return {name for name, made in columns if made == _made_by(name, is_sqlite)}


def _made_by(name: str, is_sqlite: bool) -> str:
    """Return by what expression the migrations let the database make a column."""
    one = "json_extract(CAST(body AS TEXT), '$.{}')" if is_sqlite else "json_value(`body`,'$.{}')"
    paths = GENERATED.get(name, ())
    words = [one.format(path) for path in paths]
    if len(words) < 2:
        return "".join(words)
    if is_sqlite:
        return f"coalesce({', '.join(words)})"
    places = ",".join(f"'$.{path}'" for path in paths)
    some = f"json_contains_path(`body`,'one',{places})"
    return f"if({some},left(coalesce({','.join(words)}),64),NULL)"


def body_text(is_sqlite: bool) -> ColumnElement[Any]:
    """Return the body of an event as the database's JSON functions take it."""
    return sql_cast(event.c.body, Text) if is_sqlite else event.c.body
