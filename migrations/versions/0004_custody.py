"""Custody in full: more columns of the derived tables, and the tables of stock and returns.

Frozen once released.  All of it is derived, so nothing is filled here: the daemon makes
these tables again from the events at its next start, or ``fognode rebuild`` does.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, sqlite

revision = "0004"
down_revision = "0003"

STATE = "fognode_state"
NUMBER = sa.BigInteger().with_variant(sqlite.INTEGER(), "sqlite")
BYTES32 = mysql.BINARY(32).with_variant(sa.LargeBinary(), "sqlite")


def text(length: int) -> sa.types.TypeEngine[Any]:
    """Return a text type; SQLite leaves the length to the writer."""
    return sa.String(length).with_variant(sa.Text(), "sqlite")


def key(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    """Return a column of the primary key."""
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def column(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    """Return any other column: nothing is ever NULL."""
    return sa.Column(name, kind, nullable=False)


# table -> columns it gets; a number begins as 0, a text as ""
NEW_COLUMNS: dict[str, dict[str, sa.types.TypeEngine[Any]]] = {
    "person": {
        "role": text(20),
        "licence_until": text(10),
        "least_class": NUMBER,
        "cabinets": text(200),
        "may_authorise": NUMBER,
    },
    "product": {
        "active": text(120),
        "hazard_class": NUMBER,
        "hazards": text(200),
        "first_aid": text(600),
        "guarded": NUMBER,
        "content_g": NUMBER,
        "content_ml": NUMBER,
        "tare_g": NUMBER,
        "warn_level_g": NUMBER,
        "lead_days": NUMBER,
        "opened_life_days": NUMBER,
        "needs_witness": NUMBER,
        "cost_cents": NUMBER,
        "hours": text(60),
    },
    "opening": {
        "authorised_by": text(40),
        "sure_permille": NUMBER,
        "declared_g": NUMBER,
    },
    "discrepancy": {
        "package": text(60),
        "person": text(40),
        "delta_g": NUMBER,
        "u_g": NUMBER,
        "closed_by": text(40),
        "reason": text(40),
        "explanation": text(300),
        "closed_at_ms": NUMBER,
        "escalated_at_ms": NUMBER,
    },
}
# table -> columns; ``as_of_seq`` and ``hash`` are added to each
NEW_TABLES: dict[str, list[sa.Column[Any]]] = {
    "batch": [
        key("batch", text(60)),
        column("destination", text(120)),
        column("carrier", text(120)),
        column("units", NUMBER),
        column("rinsed", NUMBER),
        column("left_at_ms", NUMBER),
        column("receipt", text(40)),
        column("centre", text(120)),
        column("received_on", text(10)),
        column("washed", NUMBER),
        column("unwashed", NUMBER),
    ],
    "counter": [
        key("scale", text(20)),
        column("count", NUMBER),
    ],
    "deadline": [
        key("package", text(60)),
        column("due_on", text(10)),
    ],
    "way_back": [
        key("package", text(60)),
        column("route", text(10)),
        column("shown", text(30)),
        column("photo", text(64)),
        column("prepared_at_ms", NUMBER),
        column("left_at_ms", NUMBER),
        column("batch", text(60)),
    ],
    "badge": [
        key("held", text(32)),
        column("badge", text(20)),
        column("person", text(40)),
        column("from_at_ms", NUMBER),
        column("to_at_ms", NUMBER),
        column("reason", text(200)),
    ],
    "work_order": [
        key("work_order", text(40)),
        column("person", text(40)),
        column("package", text(60)),
        column("gtin", text(14)),
        column("place", text(40)),
        column("from_at_ms", NUMBER),
        column("until_at_ms", NUMBER),
        column("ordered_by", text(40)),
        column("given_at_ms", NUMBER),
    ],
    "tag_binding": [
        key("binding", text(32)),
        column("tag", text(24)),
        column("package", text(60)),
        column("from_at_ms", NUMBER),
        column("to_at_ms", NUMBER),
        column("bound_by", text(40)),
        column("reason", text(200)),
        column("unbound_by", text(40)),
        column("unbound_reason", text(200)),
    ],
    "prescription": [
        key("prescription", text(30)),
        column("professional", text(60)),
        column("gtin", text(14)),
        column("crop", text(60)),
        column("area_m2", NUMBER),
        column("dose_ml_per_ha", NUMBER),
        column("phi_days", NUMBER),
        column("valid_until", text(10)),
        column("invoice", text(60)),
        column("unit", text(2)),
        column("limit_amount", NUMBER),
        column("bought_amount", NUMBER),
        column("used_amount", NUMBER),
        column("u_amount", NUMBER),
        column("bought_verdict", text(20)),
        column("used_verdict", text(20)),
    ],
    "crop_rule": [
        key("rule", text(220)),
        column("gtin", text(14)),
        column("crop", text(60)),
        column("valid_from", text(10)),
        column("phi_days", NUMBER),
        column("rei_hours", NUMBER),
        column("max_dose_ml_per_ha", NUMBER),
        column("source", text(200)),
    ],
    "supplier": [
        key("supplier", text(40)),
        column("name", text(120)),
        column("cnpj", text(14)),
        column("on_chain", NUMBER),
    ],
    "stock": [
        key("package", text(60)),
        column("gtin", text(14)),
        column("place", text(40)),
        column("state", text(20)),
        column("gross_g", NUMBER),
        column("tare_g", NUMBER),
        column("tare_with_lid", NUMBER),
        column("net_g", NUMBER),
        column("u_g", NUMBER),
        column("opened_on", text(10)),
        column("effective_expiry", text(10)),
        column("counted_only", NUMBER),
        column("doubted", NUMBER),
        column("weighed", NUMBER),
    ],
    "stock_total": [
        key("gtin", text(14)),
        column("net_g", NUMBER),
        column("u_g", NUMBER),
        column("packages", NUMBER),
        column("warn_level_g", NUMBER),
        column("low", NUMBER),
        column("value_cents", NUMBER),
    ],
    "movement": [
        key("movement", text(32)),
        column("package", text(60)),
        column("gtin", text(14)),
        column("what", text(20)),
        column("delta_g", NUMBER),
        column("net_g", NUMBER),
        column("u_g", NUMBER),
        column("source", text(10)),
        column("place", text(40)),
        column("person", text(40)),
        column("reason", text(200)),
        column("cause", text(32)),
        column("at_ms", NUMBER),
    ],
    "stocktake": [
        key("stocktake", text(60)),
        column("cabinet", text(40)),
        column("person", text(40)),
        column("opened_at_ms", NUMBER),
        column("closed_at_ms", NUMBER),
        column("expected", NUMBER),
        column("counted", NUMBER),
        column("differences", NUMBER),
    ],
    "custody": [
        key("session", text(32)),
        column("package", text(60)),
        column("person", text(40)),
        column("authorised_by", text(40)),
        column("out_cabinet", text(40)),
        column("out_opening", text(32)),
        column("out_at_ms", NUMBER),
        column("in_cabinet", text(40)),
        column("in_opening", text(32)),
        column("in_at_ms", NUMBER),
        column("used_g", NUMBER),
        column("u_g", NUMBER),
        column("declared_g", NUMBER),
        column("state", text(20)),
        column("sentence", text(600)),
        column("sure_permille", NUMBER),
    ],
    "review": [
        key("opening", text(32)),
        column("verdict", text(20)),
        column("text", text(300)),
        column("reviewed_by", text(40)),
        column("reviewed_at_ms", NUMBER),
    ],
    "invoice": [
        key("invoice", text(60)),
        column("sha256", text(64)),
        column("supplier", text(120)),
        column("issued_on", text(10)),
        column("prescriptions", text(300)),
        column("state", text(20)),
    ],
    "expected": [
        key("expected", text(80)),
        column("invoice", text(60)),
        column("gtin", text(14)),
        column("name", text(120)),
        column("lot", text(40)),
        column("expires_on", text(10)),
        column("quantity", text(30)),
        column("unit", text(20)),
        column("wanted", NUMBER),
        column("confirmed", NUMBER),
    ],
}


# What was there before and is asked for by what changed last, as all new tables are.
CHANGED = ("product", "person", "opening", "discrepancy", "finding")
# Name, table, columns.
INDEXES = (
    ("movement_package", "movement", "package, at_ms"),
    ("movement_gtin", "movement", "gtin, at_ms"),
    ("custody_package", "custody", "package, out_at_ms"),
)


def upgrade() -> None:
    """Add what is not there yet.

    MariaDB commits each step by itself: after a failure half way, a second run goes on.
    """
    connection = op.get_bind()
    inspector = sa.inspect(connection)
    is_sqlite = connection.dialect.name == "sqlite"
    schema = None if is_sqlite else _schema(connection)
    for table, columns in NEW_COLUMNS.items():
        there = {found["name"] for found in inspector.get_columns(table, schema=schema)}
        for name, kind in columns.items():
            if name not in there:
                empty = "0" if kind is NUMBER else "''"
                added = sa.Column(name, kind, nullable=False, server_default=sa.text(empty))
                op.add_column(table, added, schema=schema)
    if schema:  # an EPC of 96 bits; SQLite leaves the length to the writer
        op.execute(f"ALTER TABLE {schema}.package MODIFY tag VARCHAR(24) NOT NULL")
    tables = sa.MetaData()
    for name, items in NEW_TABLES.items():
        marks = [column("as_of_seq", NUMBER), column("hash", BYTES32)]
        made = sa.Table(name, tables, *items, *marks, schema=STATE, sqlite_strict=True)
        length = sa.CheckConstraint("length(hash) = 32")
        made.append_constraint(length.ddl_if(dialect="sqlite"))
    tables.create_all(connection)
    changed = [(f"{name}_changed", name, "as_of_seq") for name in (*CHANGED, *NEW_TABLES)]
    for index, table, wanted in (*changed, *INDEXES):
        place = f"{schema}.{table}" if schema else table
        op.execute(f"CREATE INDEX IF NOT EXISTS {index} ON {place} ({wanted})")


def _schema(connection: sa.Connection) -> str:
    names = connection.get_execution_options()["schema_translate_map"]
    return str(names[STATE])
