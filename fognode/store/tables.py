"""The tables as SQLAlchemy Core sees them.

Three schemas.  ``fognode`` is truth and logs: insert only.  ``fognode_audit`` holds a shadow
of each, filled by triggers.  ``fognode_state`` is derived: updated in place, made again from
the events; but for ``sample``, which is raw and kept for days only.  SQLite keeps all in one
file, so names are unique across schemas.  Every row carries a hash (requirement A57); every
derived row says as of which event it is true.
"""

from sqlalchemy import Column, Integer, MetaData, String, Table, Text

from fognode.store.columns import (
    AUDIT,
    STATE,
    TRUTH,
    Body,
    Bytes16,
    Bytes32,
    Document,
    Number,
    key,
    log,
    metadata,
    number,
    text,
)
from fognode.store.derived import DERIVED, cursor

__all__ = ["AUDIT", "DERIVED", "STATE", "TRUTH", "cursor", "metadata"]

# --- truth -------------------------------------------------------------------------------

event = Table(
    "event",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("event_id", Bytes16, nullable=False, unique=True),
    Column("body", Body, nullable=False),
    Column("prev_hash", Bytes32, nullable=False, unique=True),
    Column("hash", Bytes32, nullable=False),
    # kind, origin, happened_at_ms and about are generated from body by the database: migrations/
    schema=TRUTH,
    implicit_returning=False,
)
# Columns of event that only the database fills, each from the first of these that is there.
GENERATED = {
    "kind": ("kind",),
    "origin": ("origin",),
    "happened_at_ms": ("happened_at_ms",),
    "about": ("facts.package", "facts.about", "facts.corrects"),
}

# --- logs --------------------------------------------------------------------------------

mail_attempt = log(
    "mail_attempt",
    key("outbox_id"),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    text("outcome", 20),  # sent, later, refused, unclear
    text("detail", 300),
    number("at_ms"),
)
chain_attempt = log(
    "chain_attempt",
    key("tx_hash", 66),
    text("outbox_id"),
    number("seq"),
    number("nonce"),
    Column("raw", Text, nullable=False),  # the signed transaction, hex
    text("max_fee", 80),  # wei, as text
    text("tip", 80),
    number("created_at_ms"),
)
partner_attempt = log(
    "partner_attempt",
    key("outbox_id"),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    text("outcome", 20),
    text("detail", 300),
    number("at_ms"),
)
gov_document = log(
    "gov_document",
    key("mov_id", 60),
    Column("exact_bytes", Document, nullable=False),
    Column("sha256", Bytes32, nullable=False),
)
gov_attempt = log(
    "gov_attempt",
    key("mov_id", 60),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    text("outcome", 20),
    text("protocol", 40),
    text("detail", 300),
    number("at_ms"),
)
model_version = log(
    "model_version",
    key("id", 60),  # task/run/status: a change of status is a new row
    text("task", 40),
    text("algorithm", 80),
    text("libraries", 120),
    number("window_from_ms"),
    number("window_to_ms"),
    number("row_count"),
    text("rows_sha256", 64),
    Column("params", Text, nullable=False),  # JSON
    Column("metrics", Text, nullable=False),  # JSON; numbers in permille
    text("probe_hash", 64),
    text("file_sha256", 64),
    text("status", 20),
    number("created_at_ms"),
)
checkpoint = log(
    "checkpoint",
    Column("size", Number, primary_key=True, autoincrement=False),  # events under it
    Column("root", Bytes32, nullable=False),  # of the tree over their leaves
    Column("note", Text, nullable=False),  # the signed note, exactly
    Column("range_json", Text, nullable=False),  # its compact range: a list of hex
    Column("link", Bytes32, nullable=False),  # hash of the event with seq = size
    number("at_ms"),
)
LOGS = (
    mail_attempt,
    chain_attempt,
    partner_attempt,
    gov_document,
    gov_attempt,
    model_version,
    checkpoint,
)

# --- raw ---------------------------------------------------------------------------------

sample = Table(
    "sample",  # a row per S frame; not derived: summed hour by hour, then let go (store/samples.py)
    metadata,
    key("board", 8),
    Column("at_ms", Number, primary_key=True, autoincrement=False),  # heard; MariaDB: partitions
    Column("board_ms", Number, primary_key=True, autoincrement=False),  # the board's own clock
    number("boot"),  # widened: 65536 x epoch + boot; its board_hello names types and units
    text("readings", 100),  # as on the wire: L1=859,D1=415
    Column("hash", Bytes32, nullable=False),
    schema=STATE,
    implicit_returning=False,
)
RAW = (sample,)


def _shadow(table: Table) -> Table:
    columns = [
        Column(column.name, column.type, primary_key=column.primary_key, nullable=False)
        for column in table.columns
    ]
    return Table(
        f"{table.name}_shadow",
        metadata,
        *columns,
        Column("db_user", String(128), nullable=False),
        Column("at", String(32), nullable=False),
        schema=AUDIT,
    )


SHADOWS = {table.name: _shadow(table) for table in (event, *LOGS)}

# MariaDB only: a note of every refused UPDATE and DELETE.  Its table survives the rollback.
blocked = Table(
    "blocked",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("statement", String(10), nullable=False),
    Column("table_name", String(64), nullable=False),
    Column("row_key", String(255), nullable=False),
    Column("db_user", String(128), nullable=False),
    Column("at", String(32), nullable=False),
    Column("hash", Bytes32, nullable=False),
    schema=AUDIT,
)

# --- views -------------------------------------------------------------------------------

views = MetaData()
chain_head = Table(
    "chain_head", views, Column("seq", Number), Column("hash", Bytes32), schema=TRUTH
)  # of ``event`` the writer sees this one row only
staging = Table(
    "staging",  # what tier 1 delivered, with the reason of what was refused (requirement A38)
    views,
    Column("seq", Number, primary_key=True),
    Column("kind", String(40)),
    Column("origin", String(120)),
    Column("happened_at_ms", Number),
    Column("rejected", Number),
    Column("reason", String(300)),
    Column("hash", Bytes32),
    schema=TRUTH,
)


def table_named(name: str) -> Table:
    """Return a table or view by its bare name, which is unique across schemas.

    Raises:
        ValueError: There is no such table.
    """
    found = _BY_NAME.get(name)
    if found is None:
        raise ValueError(f"no table is called {name!r}")
    return found


_BY_NAME = {table.name: table for table in (*metadata.tables.values(), *views.tables.values())}
