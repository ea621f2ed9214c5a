"""Schemas, kinds of columns and kinds of tables, from which the tables are made."""

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, String, Table
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.schema import SchemaItem

TRUTH, AUDIT, STATE = "fognode", "fognode_audit", "fognode_state"
metadata = MetaData()

Number = BigInteger().with_variant(sqlite.INTEGER(), "sqlite")
Bytes16 = LargeBinary(16).with_variant(mysql.BINARY(16), "mysql", "mariadb")
Bytes32 = LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")
Body = LargeBinary().with_variant(mysql.MEDIUMTEXT(collation="utf8mb4_bin"), "mysql", "mariadb")
Document = LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")


def log(name: str, *items: SchemaItem) -> Table:
    """Return a log table: insert only, of the first schema, with a hash."""
    return Table(
        name,
        metadata,
        *items,
        Column("hash", Bytes32, nullable=False),
        schema=TRUTH,
        implicit_returning=False,  # the writer may not SELECT, so RETURNING is refused (1143)
    )


def derived(name: str, *items: SchemaItem) -> Table:
    """Return a derived table, which says as of which event it is true."""
    return Table(
        name,
        metadata,
        *items,
        Column("as_of_seq", Number, nullable=False),
        Column("hash", Bytes32, nullable=False),
        schema=STATE,
        implicit_returning=False,
    )


def key(name: str, length: int = 120) -> Column[str]:
    """Return a text that is (part of) the primary key."""
    return Column(name, String(length), primary_key=True)


def text(name: str, length: int = 120) -> Column[str]:
    """Return a text column."""
    return Column(name, String(length), nullable=False)


def number(name: str) -> Column[int]:
    """Return a column of whole numbers."""
    return Column(name, Number, nullable=False)
