"""Checkpoints: what the node signed of its record, an insert-only log with a shadow.

Frozen, like every released migration.  MariaDB gets trigger, shadow and grant of the new
table from root (after.sql).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, sqlite

revision = "0002"
down_revision = "0001"

NUMBER = sa.BigInteger().with_variant(sqlite.INTEGER(), "sqlite")
BYTES32 = mysql.BINARY(32).with_variant(sa.LargeBinary(), "sqlite")
WHO = sa.String(128).with_variant(sa.Text(), "sqlite")
AT = sa.String(32).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Create what is not there yet.

    MariaDB commits each table by itself: after a failure half way, a second run goes on.
    SQLite takes all of it back, with the new version.
    """
    connection = op.get_bind()
    tables = sa.MetaData()
    _table(tables, "fognode", "checkpoint", [])
    who = [sa.Column("db_user", WHO, nullable=False), sa.Column("at", AT, nullable=False)]
    _table(tables, "fognode_audit", "checkpoint_shadow", who)
    tables.create_all(connection)
    if connection.dialect.name == "sqlite":
        for statement in SQLITE_TRIGGERS:
            op.execute(statement)


def _table(tables: sa.MetaData, schema: str, name: str, more: list[sa.Column[str]]) -> None:
    table = sa.Table(
        name,
        tables,
        sa.Column("size", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("root", BYTES32, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("range_json", sa.Text(), nullable=False),
        sa.Column("link", BYTES32, nullable=False),
        sa.Column("at_ms", NUMBER, nullable=False),
        sa.Column("hash", BYTES32, nullable=False),
        *more,
        schema=schema,
        sqlite_strict=True,
    )
    for column in ("root", "link", "hash"):
        length = sa.CheckConstraint(f"length({column}) = 32")
        table.append_constraint(length.ddl_if(dialect="sqlite"))


SQLITE_TRIGGERS = (
    # INSERT OR REPLACE deletes without the DELETE trigger, so nothing known may come again.
    """CREATE TRIGGER checkpoint_check BEFORE INSERT ON checkpoint BEGIN
    SELECT RAISE(ABORT, '30005 row is known')
     WHERE EXISTS (SELECT 1 FROM checkpoint WHERE size = NEW.size);
    END""",
    """CREATE TRIGGER checkpoint_copy AFTER INSERT ON checkpoint BEGIN
    INSERT INTO checkpoint_shadow
        (size, root, note, range_json, link, at_ms, hash, db_user, at)
    VALUES (NEW.size, NEW.root, NEW.note, NEW.range_json, NEW.link, NEW.at_ms, NEW.hash,
        'file', strftime('%Y-%m-%d %H:%M:%f', 'now'));
    END""",
    """CREATE TRIGGER checkpoint_no_update BEFORE UPDATE ON checkpoint BEGIN
    SELECT RAISE(ABORT, '30003 checkpoint is insert-only'); END""",
    """CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint BEGIN
    SELECT RAISE(ABORT, '30003 checkpoint is insert-only'); END""",
    """CREATE TRIGGER checkpoint_shadow_no_update BEFORE UPDATE ON checkpoint_shadow BEGIN
    SELECT RAISE(ABORT, '30003 checkpoint_shadow is insert-only'); END""",
    """CREATE TRIGGER checkpoint_shadow_no_delete BEFORE DELETE ON checkpoint_shadow BEGIN
    SELECT RAISE(ABORT, '30003 checkpoint_shadow is insert-only'); END""",
)
