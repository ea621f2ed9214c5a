"""Which schema this fognode needs; how a database comes to have it: store/prepare.py."""

from pathlib import Path

from sqlalchemy import Engine, Select, column, inspect, select, table
from sqlalchemy.exc import SQLAlchemyError

from fognode.errors import ConfigError, StoreError
from fognode.store.engines import is_refused, translation, words
from fognode.store.tables import TRUTH

CURE = "run fognode migrate"
# Every schema there ever was, oldest first; the last is ours.
VERSIONS = ("0001", "0002", "0003", "0004")


def check_schema(engine: Engine) -> None:
    """Refuse a database that is not of our schema.

    Raises:
        ConfigError: There is none, or it is older or newer than this fognode.
        StoreError: The database is away.
    """
    found = schema_version(engine)
    if found == VERSIONS[-1]:
        return
    if found == "":
        raise ConfigError(f"the database has no tables yet: {CURE}")
    if found in VERSIONS:
        raise ConfigError(f"the database has the older schema {found}: {CURE}")
    raise ConfigError(f"this fognode is older than the database, whose schema is {found}")


def schema_version(engine: Engine) -> str:
    """Return the schema version of a database, "" when it has none.

    Raises:
        ConfigError: There is no SQLite file (it is never created by accident), or MariaDB
            does not let the reading account in.
        StoreError: The database is away.
    """
    path = engine.url.database
    if engine.dialect.name == "sqlite" and not Path(str(path)).is_file():
        raise ConfigError(f"there is no database {path}: {CURE}")
    schema = translation(engine)[TRUTH]
    version: Select[tuple[str]] = select(column("version_num")).select_from(
        table("alembic_version", schema=schema)
    )
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version", schema=schema):
                return ""
            return str(connection.execute(version).scalar() or "")
    except SQLAlchemyError as error:
        if is_refused(error):
            raise ConfigError(
                f"the reading account cannot enter ({words(error)}): {CURE}"
            ) from error
        raise StoreError(f"cannot read the schema version: {words(error)}") from error
