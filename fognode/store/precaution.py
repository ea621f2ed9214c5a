"""A backup before the schema changes: a migration that fails on MariaDB stays half done."""

import os
from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from fognode.config import Config
from fognode.errors import StoreError
from fognode.store.backup import write_backup
from fognode.store.engines import database_file, open_engine, words
from fognode.store.prepare import as_root
from fognode.store.restore import read_manifest
from fognode.store.schema import VERSIONS, schema_version
from fognode.store.tables import event

CURE = "make room and try again, or go on without a backup: fognode migrate --no-backup"


def back_up_before(config: Config, at_ms: int, settings: bytes = b"") -> Path | None:
    """Back up a database that holds events and has an older schema; return where.

    None when there is nothing to lose: no database, no event, or no migration to come.  The
    backup is in DIR/backups, its owner's alone, and every file in it was read again.  MariaDB
    is read as the root that migrates it.

    Raises:
        ConfigError: MariaDB does not let us in as root.
        StoreError: The backup could not be made; nothing was changed.
    """
    if config.store.backend == "mariadb":
        with as_root(config) as root:
            return _back_up(root.engine, config, at_ms, settings)
    if not database_file(config).is_file():
        return None
    engine = open_engine(config, "reader")
    try:
        return _back_up(engine, config, at_ms, settings)
    finally:
        engine.dispose()


def _back_up(engine: Engine, config: Config, at_ms: int, settings: bytes) -> Path | None:
    folder = config.folder / "backups"
    try:
        if not _has_to_lose(engine):
            return None
        made = write_backup(engine, config, folder, at_ms, settings)
        read_manifest(made)
    except StoreError as error:
        raise StoreError(f"no backup, so nothing was changed: {error}; {CURE}") from error
    _hand_over(config.folder, (folder, made))
    return made


def _has_to_lose(engine: Engine) -> bool:
    if schema_version(engine) not in VERSIONS[:-1]:
        return False
    try:
        with engine.connect() as connection:
            return bool(connection.execute(select(func.max(event.c.seq))).scalar())
    except SQLAlchemyError as error:
        raise StoreError(f"cannot read the database: {words(error)}") from error


def _hand_over(folder: Path, paths: tuple[Path, ...]) -> None:
    """Give what root has written to the user whose folder it is."""
    if os.geteuid() != 0:
        return
    owner = folder.stat()
    for path in paths:
        os.chown(path, owner.st_uid, owner.st_gid)
