"""Raw samples, kept for days only; further indexes of the record.

Frozen, like every released migration.  MariaDB: the table is partitioned by days, so that old
ones go without a DELETE; root's second script (after.sql) gives two procedures that add and
drop days, and the right to call them.  SQLite: one table, in the order of its key.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, sqlite

revision = "0003"
down_revision = "0002"

NUMBER = sa.BigInteger().with_variant(sqlite.INTEGER(), "sqlite")
BYTES32 = mysql.BINARY(32).with_variant(sa.LargeBinary(), "sqlite")
BOARD = sa.String(8).with_variant(sa.Text(), "sqlite")
READINGS = sa.String(100).with_variant(sa.Text(), "sqlite")

# Name, schema, table, columns: an index on a table of an earlier version.
INDEXES: list[tuple[str, str, str, str]] = [
    ("event_about", "fognode", "event", "about"),
    ("chain_attempt_step", "fognode", "chain_attempt", "outbox_id"),
    ("package_state", "fognode_state", "package", "state, out_since_at_ms"),
    ("package_changed", "fognode_state", "package", "as_of_seq"),
    ("opening_newest", "fognode_state", "opening", "opened_at_ms"),
    ("opening_cabinet", "fognode_state", "opening", "cabinet, opened_at_ms"),
    ("discrepancy_state", "fognode_state", "discrepancy", "state, found_at_ms"),
    ("points_step", "fognode_state", "points", "step, points"),
    ("points_newest", "fognode_state", "points", "earned_at_ms"),
    ("points_package", "fognode_state", "points", "package"),
    ("points_changed", "fognode_state", "points", "as_of_seq"),
    ("alert_state", "fognode_state", "alert", "state, last_at_ms"),
    ("alert_changed", "fognode_state", "alert", "as_of_seq"),
    ("mail_outbox_due", "fognode_state", "mail_outbox", "state, due_at_ms"),
    ("chain_outbox_newest", "fognode_state", "chain_outbox", "chain, created_at_ms"),
    ("chain_outbox_package", "fognode_state", "chain_outbox", "package, created_at_ms"),
    ("chain_outbox_token", "fognode_state", "chain_outbox", "token_id"),
    ("chain_outbox_changed", "fognode_state", "chain_outbox", "as_of_seq"),
    ("partner_outbox_due", "fognode_state", "partner_outbox", "state, as_of_seq"),
    ("partner_outbox_changed", "fognode_state", "partner_outbox", "as_of_seq"),
    ("gov_outbox_due", "fognode_state", "gov_outbox", "state, as_of_seq"),
    ("gov_outbox_changed", "fognode_state", "gov_outbox", "as_of_seq"),
    ("finding_newest", "fognode_state", "finding", "task, found_at_ms"),
]
# The package an event names, or what else it is about, or the event that it corrects; by it
# the page tells a package's story.
PATHS = [f"'$.facts.{name}'" for name in ("package", "about", "corrects")]
ABOUT = "coalesce({})".format(", ".join(f"{{one}}(body, {path})" for path in PATHS))


def upgrade() -> None:
    """Create what is not there yet.

    MariaDB commits each step by itself: after a failure half way, a second run goes on.
    SQLite takes all of it back, with the new version.
    """
    connection = op.get_bind()
    tables = sa.MetaData()
    _sample(tables)
    tables.create_all(connection)
    op.execute(_about(connection))
    for name, schema, table, columns in INDEXES:
        op.execute(_index(name, schema, table, columns, connection))


def _sample(tables: sa.MetaData) -> None:
    table = sa.Table(
        "sample",
        tables,
        # Board first: whatever is asked, the next row of a board is one look away.
        sa.Column("board", BOARD, primary_key=True),
        sa.Column("at_ms", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("board_ms", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("boot", NUMBER, nullable=False),
        sa.Column("readings", READINGS, nullable=False),
        sa.Column("hash", BYTES32, nullable=False),
        schema="fognode_state",
        sqlite_strict=True,
        sqlite_with_rowid=False,  # a fifth smaller, and deleting a stretch reads it once
        # What no day was made for falls into the last partition, and is moved when one is.
        mariadb_partition_by="RANGE (at_ms) (PARTITION later VALUES LESS THAN MAXVALUE)",
    )
    length = sa.CheckConstraint("length(hash) = 32")
    table.append_constraint(length.ddl_if(dialect="sqlite"))


def _about(connection: sa.Connection) -> str:
    # Generated, as kind is: nothing beside the hashed body can be altered unseen.
    if connection.dialect.name == "sqlite":
        word = ABOUT.format(one="json_extract").replace("(body", "(CAST(body AS TEXT)")
        return f"ALTER TABLE event ADD COLUMN about TEXT GENERATED ALWAYS AS ({word}) VIRTUAL"
    truth = connection.get_execution_options()["schema_translate_map"]["fognode"]
    # Of most events none is there: one look for all of them is a twelfth of an insert cheaper.
    # LEFT: a longer text must not keep an event out of the record.
    some = f"json_contains_path(body, 'one', {', '.join(PATHS)})"
    word = f"if({some}, left({ABOUT.format(one='json_value')}, 64), null)"
    return (
        f"ALTER TABLE {truth}.event ADD COLUMN IF NOT EXISTS about VARCHAR(64) AS ({word}) VIRTUAL"
    )


def _index(name: str, schema: str, table: str, columns: str, connection: sa.Connection) -> str:
    names = connection.get_execution_options()["schema_translate_map"]
    place = f"{names[schema]}.{table}" if names[schema] else table
    # Most events are about nothing in particular, and then SQLite has a page less to write.
    some = " WHERE about IS NOT NULL" if place == "event" else ""
    return f"CREATE INDEX IF NOT EXISTS {name} ON {place} ({columns}){some}"
