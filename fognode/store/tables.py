"""The tables as SQLAlchemy Core sees them.

Three schemas.  ``fognode`` is truth and logs: insert only.  ``fognode_audit`` holds a shadow
of each, filled by triggers.  ``fognode_state`` is derived: updated in place, made again from
the events; but for ``sample``, which is raw and kept for days only.  SQLite keeps all in one
file, so names are unique across schemas.  Every row carries a hash (requirement A57); every
derived row says as of which event it is true.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.schema import SchemaItem

TRUTH, AUDIT, STATE = "fognode", "fognode_audit", "fognode_state"
metadata = MetaData()

Number = BigInteger().with_variant(sqlite.INTEGER(), "sqlite")
Bytes16 = LargeBinary(16).with_variant(mysql.BINARY(16), "mysql", "mariadb")
Bytes32 = LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")
Body = LargeBinary().with_variant(mysql.MEDIUMTEXT(collation="utf8mb4_bin"), "mysql", "mariadb")
Document = LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")


def _log(name: str, *items: SchemaItem) -> Table:
    return Table(
        name,
        metadata,
        *items,
        Column("hash", Bytes32, nullable=False),
        schema=TRUTH,
        implicit_returning=False,  # the writer may not SELECT, so RETURNING is refused (1143)
    )


def _derived(name: str, *items: SchemaItem) -> Table:
    return Table(
        name,
        metadata,
        *items,
        Column("as_of_seq", Number, nullable=False),
        Column("hash", Bytes32, nullable=False),
        schema=STATE,
        implicit_returning=False,
    )


def _key(name: str, length: int = 120) -> Column[str]:
    return Column(name, String(length), primary_key=True)


def _text(name: str, length: int = 120) -> Column[str]:
    return Column(name, String(length), nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, Number, nullable=False)


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

mail_attempt = _log(
    "mail_attempt",
    _key("outbox_id"),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    _text("outcome", 20),  # sent, later, refused, unclear
    _text("detail", 300),
    _number("at_ms"),
)
chain_attempt = _log(
    "chain_attempt",
    _key("tx_hash", 66),
    _text("outbox_id"),
    _number("seq"),
    _number("nonce"),
    Column("raw", Text, nullable=False),  # the signed transaction, hex
    _text("max_fee", 80),  # wei, as text
    _text("tip", 80),
    _number("created_at_ms"),
)
partner_attempt = _log(
    "partner_attempt",
    _key("outbox_id"),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    _text("outcome", 20),
    _text("detail", 300),
    _number("at_ms"),
)
gov_document = _log(
    "gov_document",
    _key("mov_id", 60),
    Column("exact_bytes", Document, nullable=False),
    Column("sha256", Bytes32, nullable=False),
)
gov_attempt = _log(
    "gov_attempt",
    _key("mov_id", 60),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    _text("outcome", 20),
    _text("protocol", 40),
    _text("detail", 300),
    _number("at_ms"),
)
model_version = _log(
    "model_version",
    _key("id", 60),  # task/run/status: a change of status is a new row
    _text("task", 40),
    _text("algorithm", 80),
    _text("libraries", 120),
    _number("window_from_ms"),
    _number("window_to_ms"),
    _number("row_count"),
    _text("rows_sha256", 64),
    Column("params", Text, nullable=False),  # JSON
    Column("metrics", Text, nullable=False),  # JSON; numbers in permille
    _text("probe_hash", 64),
    _text("file_sha256", 64),
    _text("status", 20),
    _number("created_at_ms"),
)
checkpoint = _log(
    "checkpoint",
    Column("size", Number, primary_key=True, autoincrement=False),  # events under it
    Column("root", Bytes32, nullable=False),  # of the tree over their leaves
    Column("note", Text, nullable=False),  # the signed note, exactly
    Column("range_json", Text, nullable=False),  # its compact range: a list of hex
    Column("link", Bytes32, nullable=False),  # hash of the event with seq = size
    _number("at_ms"),
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

# --- derived -----------------------------------------------------------------------------

cursor = _derived("cursor", _key("follower", 40))  # as_of_seq is the cursor itself
board = _derived(
    "board",
    _key("board", 8),
    _number("boot"),  # widened: 65536 x epoch + boot
    _number("count"),  # highest count kept without a gap in that boot
    _text("kind", 40),
    _text("version", 40),
    _number("last_event_at_ms"),
)
product = _derived(
    "product",
    _key("gtin", 14),
    _text("name"),
    _text("registration", 60),
    _text("packaging", 20),
    _number("density_g_per_l"),
)
person = _derived("person", _key("person", 40), _text("alias", 60), _text("badge", 20))
package = _derived(
    "package",
    _key("package", 60),
    _text("gtin", 14),
    _text("serial", 40),
    _text("lot", 40),
    _text("expires_on", 10),
    _text("invoice", 60),
    _text("tag", 20),
    _text("packaging", 20),
    _text("source"),
    _text("site", 40),
    _number("gross_g"),
    _number("tare_g"),
    _number("state"),  # 1 sealed, 2 in use, 3 empty, 4 prepared, 5 returned, 6 received
    _text("holder", 40),  # person, "" = in its place, "nobody named"
    _number("out_since_at_ms"),  # 0 = not out
    _number("received_at_ms"),
    _text("token_id", 64),
)
opening = _derived(
    "opening",
    _key("opening", 32),  # event_id of the openBox
    _text("cabinet", 40),
    _text("person", 40),
    _number("opened_at_ms"),
    _number("closed_at_ms"),  # 0 = still open
    _number("delta_g"),  # settled weight after minus before
    _text("packages_out", 300),
    _text("packages_in", 300),
    _text("verdict", 40),  # normal, restock, no_badge, out_of_hours, unbalanced, open
    _text("sentence", 600),
)
discrepancy = _derived(
    "discrepancy",
    _key("discrepancy", 32),  # event_id of the discrepancy_found
    _text("opening", 32),
    _text("rule", 40),
    _text("text", 300),
    _text("state", 20),  # open, closed
    _number("found_at_ms"),
)
points = _derived(
    "points",
    _key("entry", 80),  # package/step
    _text("package", 60),
    _text("step", 20),  # received, prepared, returned
    _number("points"),
    _text("private_tx", 66),
    _text("public_tx", 66),
    _number("earned_at_ms"),
)
alert = _derived(
    "alert",
    _key("alert", 32),  # event_id of the first sensorAlert
    _text("rule", 40),
    _text("fingerprint", 120),
    _text("severity", 10),  # critical, warning, info
    _text("place", 40),
    _text("text", 300),
    _text("state", 20),  # firing, resolved
    _number("occurrences"),
    _number("first_at_ms"),
    _number("last_at_ms"),
)
mail_outbox = _derived(
    "mail_outbox",
    _key("id"),  # event_id/manager
    _text("event_id", 32),
    _text("person", 60),
    _text("channel", 20),
    _text("message_id"),
    _number("due_at_ms"),
    _number("tries"),
    _text("state", 20),  # owed, sent, failed
    _number("next_try_at_ms"),
    _text("last_error", 300),
)
chain_outbox = _derived(
    "chain_outbox",
    _key("id"),  # chain/event_id
    _text("chain", 20),
    _text("event_id", 32),  # of the sendToBlockchain
    _text("package", 60),
    _text("token_id", 64),
    _number("seq"),
    _text("method", 20),
    _number("kind"),
    Column("args_json", Text, nullable=False),
    _text("data_hash", 64),
    _text("sender", 42),
    _text("depends_on"),  # id of the row before it on the same token, "" = none
    _text("state", 20),
    _number("nonce"),  # -1 = none yet
    _number("gas_limit"),
    _number("tries"),
    _number("next_try_at_ms"),
    _number("block_number"),
    _text("block_hash", 66),
    _text("tx_hash", 66),
    _number("last_push_at_ms"),
    _text("error_code", 40),
    _text("error_text", 300),
    _number("created_at_ms"),
    _number("updated_at_ms"),
    Index("chain_outbox_step", "chain", "event_id", unique=True),
    Index("chain_outbox_due", "chain", "state", "next_try_at_ms"),
)
chain_guard = _derived(
    "chain_guard",
    _key("chain", 20),
    _number("chain_id"),
    _text("genesis_hash", 66),
    _text("contract", 42),
    _text("code_hash", 64),
    _number("last_final_number"),
    _text("last_final_hash", 66),
    _text("state", 10),  # OK, HELD, AWAY
    _text("reason", 300),
    _number("head_number"),
    _number("updated_at_ms"),
)
partner_outbox = _derived(
    "partner_outbox",
    _key("id"),  # partner/event_id
    _text("partner", 40),
    _text("event_id", 32),
    Column("document", Text, nullable=False),  # the exact JSON that is posted
    _text("state", 20),  # owed, accepted, refused
    _number("tries"),
    _number("next_try_at_ms"),
    _text("last_error", 300),
)
gov_outbox = _derived(
    "gov_outbox",
    _key("id"),  # regulator/event_id
    _text("regulator", 40),
    _text("event_id", 32),
    _text("mov_id", 60),  # "" until the document is signed
    _text("state", 20),  # owed, SIGNED, SENT, UNKNOWN, ACCEPTED, REJECTED
    _number("tries"),
    _number("next_try_at_ms"),
    _text("protocol", 40),
    _text("last_error", 300),
)
finding = _derived(
    "finding",
    _key("finding", 32),  # event_id of the prediction, correlation or patternDetection
    _text("task", 40),
    _text("kind", 40),
    _text("text", 600),
    _text("model", 60),
    _number("found_at_ms"),
)
DERIVED = tuple(table for table in metadata.tables.values() if table.schema == STATE)

# --- raw ---------------------------------------------------------------------------------

sample = Table(
    "sample",  # a row per S frame; not derived: summed hour by hour, then let go (store/samples.py)
    metadata,
    _key("board", 8),
    Column("at_ms", Number, primary_key=True, autoincrement=False),  # heard; MariaDB: partitions
    Column("board_ms", Number, primary_key=True, autoincrement=False),  # the board's own clock
    _number("boot"),  # widened: 65536 x epoch + boot; its board_hello names types and units
    _text("readings", 100),  # as on the wire: L1=859,D1=415
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
