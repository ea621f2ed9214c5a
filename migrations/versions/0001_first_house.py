"""The first schema: the chained record, its logs and shadows, and the derived tables.

Frozen: what store/tables.py says later comes by a later migration.  MariaDB gets its
triggers, views and grants from root (after.sql); SQLite, which has no accounts, gets
triggers and views here.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, sqlite

revision = "0001"
down_revision = None

TRUTH, AUDIT, STATE = "fognode", "fognode_audit", "fognode_state"
# STRICT tables of SQLite know INTEGER, TEXT and BLOB only.
NUMBER = sa.BigInteger().with_variant(sqlite.INTEGER(), "sqlite")
PLACE = mysql.BIGINT(unsigned=True).with_variant(sqlite.INTEGER(), "sqlite")
BYTES16 = mysql.BINARY(16).with_variant(sa.LargeBinary(), "sqlite")
BYTES32 = mysql.BINARY(32).with_variant(sa.LargeBinary(), "sqlite")
BODY = mysql.MEDIUMTEXT(collation="utf8mb4_bin").with_variant(sa.LargeBinary(), "sqlite")
DOCUMENT = mysql.MEDIUMBLOB().with_variant(sa.LargeBinary(), "sqlite")


def text(length: int) -> sa.types.TypeEngine[Any]:
    """Return a text type; SQLite leaves the length to the writer."""
    return sa.String(length).with_variant(sa.Text(), "sqlite")


def key(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    """Return a column of the primary key."""
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def column(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    """Return any other column: nothing is ever NULL."""
    return sa.Column(name, kind, nullable=False)


def event_columns() -> list[sa.Column[Any]]:
    """Return what ``event`` and its shadow have in common."""
    return [
        key("seq", PLACE),
        column("event_id", BYTES16),
        column("body", BODY),
        column("prev_hash", BYTES32),
        column("hash", BYTES32),
    ]


# name -> columns; ``hash`` is added to each
LOGS = {
    "mail_attempt": [
        key("outbox_id", text(120)),
        key("attempt", NUMBER),
        column("outcome", text(20)),
        column("detail", text(300)),
        column("at_ms", NUMBER),
    ],
    "chain_attempt": [
        key("tx_hash", text(66)),
        column("outbox_id", text(120)),
        column("seq", NUMBER),
        column("nonce", NUMBER),
        column("raw", sa.Text()),
        column("max_fee", text(80)),
        column("tip", text(80)),
        column("created_at_ms", NUMBER),
    ],
    "partner_attempt": [
        key("outbox_id", text(120)),
        key("attempt", NUMBER),
        column("outcome", text(20)),
        column("detail", text(300)),
        column("at_ms", NUMBER),
    ],
    "gov_document": [
        key("mov_id", text(60)),
        column("exact_bytes", DOCUMENT),
        column("sha256", BYTES32),
    ],
    "gov_attempt": [
        key("mov_id", text(60)),
        key("attempt", NUMBER),
        column("outcome", text(20)),
        column("protocol", text(40)),
        column("detail", text(300)),
        column("at_ms", NUMBER),
    ],
    "model_version": [
        key("id", text(60)),
        column("task", text(40)),
        column("algorithm", text(80)),
        column("libraries", text(120)),
        column("window_from_ms", NUMBER),
        column("window_to_ms", NUMBER),
        column("row_count", NUMBER),
        column("rows_sha256", text(64)),
        column("params", sa.Text()),
        column("metrics", sa.Text()),
        column("probe_hash", text(64)),
        column("file_sha256", text(64)),
        column("status", text(20)),
        column("created_at_ms", NUMBER),
    ],
}
# name -> columns; ``as_of_seq`` and ``hash`` are added to each
DERIVED = {
    "cursor": [
        key("follower", text(40)),
    ],
    "board": [
        key("board", text(8)),
        column("boot", NUMBER),
        column("count", NUMBER),
        column("kind", text(40)),
        column("version", text(40)),
        column("last_event_at_ms", NUMBER),
    ],
    "product": [
        key("gtin", text(14)),
        column("name", text(120)),
        column("registration", text(60)),
        column("packaging", text(20)),
        column("density_g_per_l", NUMBER),
    ],
    "person": [
        key("person", text(40)),
        column("alias", text(60)),
        column("badge", text(20)),
    ],
    "package": [
        key("package", text(60)),
        column("gtin", text(14)),
        column("serial", text(40)),
        column("lot", text(40)),
        column("expires_on", text(10)),
        column("invoice", text(60)),
        column("tag", text(20)),
        column("packaging", text(20)),
        column("source", text(120)),
        column("site", text(40)),
        column("gross_g", NUMBER),
        column("tare_g", NUMBER),
        column("state", NUMBER),
        column("holder", text(40)),
        column("out_since_at_ms", NUMBER),
        column("received_at_ms", NUMBER),
        column("token_id", text(64)),
    ],
    "opening": [
        key("opening", text(32)),
        column("cabinet", text(40)),
        column("person", text(40)),
        column("opened_at_ms", NUMBER),
        column("closed_at_ms", NUMBER),
        column("delta_g", NUMBER),
        column("packages_out", text(300)),
        column("packages_in", text(300)),
        column("verdict", text(40)),
        column("sentence", text(600)),
    ],
    "discrepancy": [
        key("discrepancy", text(32)),
        column("opening", text(32)),
        column("rule", text(40)),
        column("text", text(300)),
        column("state", text(20)),
        column("found_at_ms", NUMBER),
    ],
    "points": [
        key("entry", text(80)),
        column("package", text(60)),
        column("step", text(20)),
        column("points", NUMBER),
        column("private_tx", text(66)),
        column("public_tx", text(66)),
        column("earned_at_ms", NUMBER),
    ],
    "alert": [
        key("alert", text(32)),
        column("rule", text(40)),
        column("fingerprint", text(120)),
        column("severity", text(10)),
        column("place", text(40)),
        column("text", text(300)),
        column("state", text(20)),
        column("occurrences", NUMBER),
        column("first_at_ms", NUMBER),
        column("last_at_ms", NUMBER),
    ],
    "mail_outbox": [
        key("id", text(120)),
        column("event_id", text(32)),
        column("person", text(60)),
        column("channel", text(20)),
        column("message_id", text(120)),
        column("due_at_ms", NUMBER),
        column("tries", NUMBER),
        column("state", text(20)),
        column("next_try_at_ms", NUMBER),
        column("last_error", text(300)),
    ],
    "chain_outbox": [
        key("id", text(120)),
        column("chain", text(20)),
        column("event_id", text(32)),
        column("package", text(60)),
        column("token_id", text(64)),
        column("seq", NUMBER),
        column("method", text(20)),
        column("kind", NUMBER),
        column("args_json", sa.Text()),
        column("data_hash", text(64)),
        column("sender", text(42)),
        column("depends_on", text(120)),
        column("state", text(20)),
        column("nonce", NUMBER),
        column("gas_limit", NUMBER),
        column("tries", NUMBER),
        column("next_try_at_ms", NUMBER),
        column("block_number", NUMBER),
        column("block_hash", text(66)),
        column("tx_hash", text(66)),
        column("last_push_at_ms", NUMBER),
        column("error_code", text(40)),
        column("error_text", text(300)),
        column("created_at_ms", NUMBER),
        column("updated_at_ms", NUMBER),
    ],
    "chain_guard": [
        key("chain", text(20)),
        column("chain_id", NUMBER),
        column("genesis_hash", text(66)),
        column("contract", text(42)),
        column("code_hash", text(64)),
        column("last_final_number", NUMBER),
        column("last_final_hash", text(66)),
        column("state", text(10)),
        column("reason", text(300)),
        column("head_number", NUMBER),
        column("updated_at_ms", NUMBER),
    ],
    "partner_outbox": [
        key("id", text(120)),
        column("partner", text(40)),
        column("event_id", text(32)),
        column("document", sa.Text()),
        column("state", text(20)),
        column("tries", NUMBER),
        column("next_try_at_ms", NUMBER),
        column("last_error", text(300)),
    ],
    "gov_outbox": [
        key("id", text(120)),
        column("regulator", text(40)),
        column("event_id", text(32)),
        column("mov_id", text(60)),
        column("state", text(20)),
        column("tries", NUMBER),
        column("next_try_at_ms", NUMBER),
        column("protocol", text(40)),
        column("last_error", text(300)),
    ],
    "finding": [
        key("finding", text(32)),
        column("task", text(40)),
        column("kind", text(40)),
        column("text", text(600)),
        column("model", text(60)),
        column("found_at_ms", NUMBER),
    ],
}


def upgrade() -> None:
    """Create everything that is not there yet.

    MariaDB commits each table by itself: after a failure half way, a second run goes on.
    """
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    tables = sa.MetaData()
    _event(tables, is_sqlite)
    for name, columns in LOGS.items():
        _table(tables, TRUTH, name, [*columns, column("hash", BYTES32)])
        _table(
            tables, AUDIT, f"{name}_shadow", [*_copies(columns), column("hash", BYTES32), *_who()]
        )
    for name, columns in DERIVED.items():
        marks = [column("as_of_seq", NUMBER), column("hash", BYTES32)]
        _table(tables, STATE, name, [*columns, *marks])
    _indexes(tables)
    if not is_sqlite:
        _blocked(tables)
    tables.create_all(connection)
    if is_sqlite:
        for statement in (*_event_triggers(), *_log_triggers(), *VIEWS):
            op.execute(statement)


def _table(tables: sa.MetaData, schema: str, name: str, columns: list[sa.Column[Any]]) -> sa.Table:
    table = sa.Table(name, tables, *columns, schema=schema, sqlite_strict=True)
    for item in columns:
        if item.type is BYTES32:
            length = sa.CheckConstraint(f"length({item.name}) = 32")
            table.append_constraint(length.ddl_if(dialect="sqlite"))
    return table


def _copies(columns: list[sa.Column[Any]]) -> list[sa.Column[Any]]:
    return [
        sa.Column(c.name, c.type, primary_key=c.primary_key, nullable=False, autoincrement=False)
        for c in columns
    ]


def _who() -> list[sa.Column[Any]]:
    return [column("db_user", text(128)), column("at", text(32))]


def _event(tables: sa.MetaData, is_sqlite: bool) -> None:
    event = _table(tables, TRUTH, "event", event_columns())
    event.append_constraint(sa.UniqueConstraint("event_id"))
    event.append_constraint(sa.UniqueConstraint("prev_hash"))
    valid = "json_valid(CAST(body AS TEXT))" if is_sqlite else "JSON_VALID(body)"
    event.append_constraint(sa.CheckConstraint(valid))
    # Generated, so that nothing beside the hashed body can be altered unseen.
    word = "json_extract(CAST(body AS TEXT), '$.%s')" if is_sqlite else "JSON_VALUE(body, '$.%s')"
    for name, kind in (("kind", text(40)), ("origin", text(120)), ("happened_at_ms", NUMBER)):
        event.append_column(sa.Column(name, kind, sa.Computed(word % name, persisted=False)))
    sa.Index("event_kind", event.c.kind)
    sa.Index("event_happened", event.c.happened_at_ms)
    _table(tables, AUDIT, "event_shadow", [*event_columns(), *_who()])


def _indexes(tables: sa.MetaData) -> None:
    owed = tables.tables[f"{STATE}.chain_outbox"].c
    sa.Index("chain_outbox_step", owed.chain, owed.event_id, unique=True)
    sa.Index("chain_outbox_due", owed.chain, owed.state, owed.next_try_at_ms)


def _blocked(tables: sa.MetaData) -> None:
    noted = [key("id", text(36)), column("statement", text(10)), column("table_name", text(64))]
    noted += [column("row_key", text(255)), *_who(), column("hash", BYTES32)]
    # Aria has no transactions: the note of a refused statement survives its rollback.
    sa.Table("blocked", tables, *noted, schema=AUDIT, mariadb_engine="Aria")


# --- SQLite only -------------------------------------------------------------------------

VIEWS = (
    "CREATE VIEW chain_head AS SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1",
    """CREATE VIEW staging AS
    SELECT seq, kind, origin, happened_at_ms, kind = 'rejected' AS rejected,
           coalesce(json_extract(CAST(body AS TEXT), '$.facts.reason'), '') AS reason, hash
    FROM event WHERE origin LIKE 'b/%' OR kind = 'rejected'""",
)


def _event_triggers() -> list[str]:
    # INSERT OR REPLACE deletes without the DELETE trigger, so nothing known may come again.
    # link_hash and event_id are functions of the writer's connection (store/engines.py).
    return [
        """CREATE TRIGGER event_check BEFORE INSERT ON event BEGIN
        SELECT RAISE(ABORT, '30005 seq is not the next')
         WHERE NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM event);
        SELECT RAISE(ABORT, '30005 event_id is known')
         WHERE EXISTS (SELECT 1 FROM event WHERE event_id = NEW.event_id);
        SELECT RAISE(ABORT, '30002 prev_hash is not the last hash')
         WHERE NEW.prev_hash IS NOT coalesce(
               (SELECT hash FROM event WHERE seq = NEW.seq - 1), zeroblob(32));
        SELECT RAISE(ABORT, '30001 hash does not match')
         WHERE NEW.hash IS NOT link_hash(NEW.prev_hash, NEW.body);
        SELECT RAISE(ABORT, '30004 event_id does not match')
         WHERE coalesce(json_extract(CAST(NEW.body AS TEXT), '$.origin'), '') = ''
            OR NEW.event_id IS NOT event_id(json_extract(CAST(NEW.body AS TEXT), '$.origin'));
        END""",
        *_copy_and_refuse("event", [c.name for c in event_columns()]),
    ]


def _log_triggers() -> list[str]:
    statements = []
    for name, columns in LOGS.items():
        same_key = " AND ".join(f"{c.name} = NEW.{c.name}" for c in columns if c.primary_key)
        statements.append(
            f"CREATE TRIGGER {name}_check BEFORE INSERT ON {name} BEGIN "  # noqa: S608 - our names
            f"SELECT RAISE(ABORT, '30005 row is known') "
            f"WHERE EXISTS (SELECT 1 FROM {name} WHERE {same_key}); END"
        )
        statements += _copy_and_refuse(name, [*(c.name for c in columns), "hash"])
    return statements


def _copy_and_refuse(name: str, columns: list[str]) -> list[str]:
    new = ", ".join(f"NEW.{c}" for c in columns)
    copy = (
        f"CREATE TRIGGER {name}_copy AFTER INSERT ON {name} BEGIN "  # noqa: S608 - our names
        f"INSERT INTO {name}_shadow ({', '.join(columns)}, db_user, at) "
        f"VALUES ({new}, 'file', strftime('%Y-%m-%d %H:%M:%f', 'now')); END"
    )
    refusals = [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '30003 {table} is insert-only'); END"
        for table in (name, f"{name}_shadow")
        for verb in ("UPDATE", "DELETE")
    ]
    return [copy, *refusals]
