"""Reading a backup (store/backup.py) into a new, empty place.

Everything is checked before anything is written: each file against the manifest, and the
place for being empty.  MariaDB gets its rows between the migrations and root's second script,
so that no trigger sees them and the shadows stay as they were.

A restored database may be older than what was signed of it: store/restored.py tells, at each
start, so that the appliance does not go on from there as if nothing had been.
"""

import gzip
import json
import os
import shutil
import sqlite3
import stat
import tarfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from sqlalchemy import (
    Connection,
    Insert,
    column,
    create_engine,
    insert,
    inspect,
    literal,
    select,
    table,
)
from sqlalchemy.exc import SQLAlchemyError

from fognode import hashing
from fognode.config import Config
from fognode.errors import ConfigError, StoreError
from fognode.store import durable, prepare
from fognode.store.backup import DATABASE, FOLDERS, FORMAT, MANIFEST, PIECE, Manifest
from fognode.store.engines import database_file, schema_names, words
from fognode.store.worm import READ_ONLY, Worm
from fognode.store.worm_files import COPY, note_sizes

GROUP = 500  # rows inserted together
CHECKPOINTS = "checkpoint"  # folder of the notes in the write-once folder


def read_manifest(source: Path) -> Manifest:
    """Return what a backup holds, once every file in it is checked.

    Raises:
        StoreError: It cannot be read, is not whole, or a file is not the one that was saved.
    """
    try:
        with tarfile.open(source) as archive:
            told = json.loads(_member(archive, MANIFEST).read())
            manifest = Manifest(**told)
            if manifest.v != FORMAT:
                raise StoreError(f"{source} has format {manifest.v}, not {FORMAT}")
            _check_files(archive, manifest)
    except (OSError, tarfile.TarError, ValueError, TypeError) as error:
        raise StoreError(f"{source} is no whole backup: {error}") from error
    return manifest


def restore_backup(config: Config, source: Path) -> Manifest:
    """Read a backup into the empty place that the configuration names.

    Nothing may run on it meanwhile.  Write-once files and models that are there already stay;
    a spool that holds anything stays as it is.  A write-once folder that was not there, or was
    older, is marked as a copy: nothing is signed from it until a new log is begun
    (daemon/succession.py).  MariaDB: only as its root.

    Raises:
        ConfigError: The place is not empty, is another farm's or of the other kind, or MariaDB
            does not let us in as root.
        StoreError: The backup is not whole, or the database or the disk refused.
    """
    manifest = read_manifest(source)
    if (manifest.farm, manifest.backend) != (config.farm.id, config.store.backend):
        raise ConfigError(
            f"{source} is of farm {manifest.farm} on {manifest.backend}, fognode.toml names"
            f" {config.farm.id} on {config.store.backend}"
        )
    try:
        with tarfile.open(source) as archive:
            _check_worm(archive, config.folder)
            _check_empty(_filled(config))
            # Files first: broken off there, the same call completes it.
            _mark_copy(config.folder, archive, source.name)
            _restore_files(config.folder, archive)
            if config.store.backend == "sqlite":
                _restore_sqlite(config, archive)
            else:
                _restore_mariadb(config, archive, manifest)
    except (OSError, tarfile.TarError) as error:
        raise StoreError(f"cannot restore {source}: {error}") from error
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise StoreError(f"cannot restore the database: {words(error)}") from error
    return manifest


# --- the archive -----------------------------------------------------------------------------


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        found = archive.extractfile(name)
    except KeyError as error:
        raise StoreError(f"the backup lacks {name}") from error
    if found is None:
        raise StoreError(f"{name} in the backup is no file")
    return found


def _check_files(archive: tarfile.TarFile, manifest: Manifest) -> None:
    names = [member.name for member in archive.getmembers()]
    if sorted(names) != sorted([*manifest.files, MANIFEST]):
        raise StoreError("the backup holds other files than its manifest names")
    for name, told in manifest.files.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise StoreError(f"the backup names a file outside: {name}")
        pieces: Iterator[bytes] = iter(partial(_member(archive, name).read, PIECE), b"")
        found = hashing.sha256_of(pieces)
        if found.hex() != told["sha256"]:
            raise StoreError(f"{name} in the backup is not the file that was saved")


def _check_worm(archive: tarfile.TarFile, folder: Path) -> None:
    """Refuse to mix: a write-once file that is there must be the one in the backup.

    Raises:
        ConfigError: It is another.
    """
    for name in _names(archive, "worm"):
        path = folder / name
        if path.exists() and path.read_bytes() != _member(archive, name).read():
            raise ConfigError(f"{path} is another file than in the backup: is this the same farm?")


def _names(archive: tarfile.TarFile, place: str) -> list[str]:
    return [name for name in archive.getnames() if name.startswith(f"{place}/")]


def _mark_copy(folder: Path, archive: tarfile.TarFile, source: str) -> None:
    """Mark a write-once folder that comes out of the backup: more may have been signed since."""
    place = folder / "worm"
    named = [int(Path(name).name) for name in _names(archive, f"worm/{CHECKPOINTS}")]
    own = note_sizes(place) if (place / CHECKPOINTS).is_dir() else []
    if max(named, default=0) > max(own, default=0):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        Worm(place, immutable=False)
        durable.write_whole(place / COPY, f"{source}\n".encode())


def _restore_files(folder: Path, archive: tarfile.TarFile) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _names(archive, "worm"):
        Worm(folder / "worm", immutable=False)  # its folders, also those without a file
    for place in FOLDERS:
        if place == "spool" and any((folder / place).glob("*.spool")):
            continue  # newer than the backup: it is drained as ever
        for name in _names(archive, place):
            path = folder / name
            if not path.exists():
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                durable.write_whole(path, _member(archive, name).read())
            # Also when broken off before: what can be written is never made immutable.
            if place == "worm" and path.stat().st_mode & stat.S_IWUSR:
                path.chmod(READ_ONLY)


# --- is the place empty? ---------------------------------------------------------------------


def _check_empty(filled: Iterable[str]) -> None:
    """Refuse a database that holds anything.

    Raises:
        ConfigError: It does.
    """
    if names := sorted(filled):
        raise ConfigError(
            f"the database is not empty: rows in {', '.join(names)}. A backup is restored into"
            " an empty place only; move what is there away first, and keep it"
        )


def _filled(config: Config) -> Iterator[str]:
    if config.store.backend == "mariadb":
        with prepare.as_root(config) as root:
            yield from _filled_tables(root, schema_names(config).values())
    elif (path := database_file(config)).exists():
        engine = create_engine(f"sqlite:///{path}")
        try:
            with engine.connect() as connection:
                yield from _filled_tables(connection, [None])
        finally:
            engine.dispose()


def _filled_tables(connection: Connection, schemas: Iterable[str | None]) -> Iterator[str]:
    looked = inspect(connection)
    there = looked.get_schema_names()
    for schema in schemas:
        if schema is not None and schema not in there:
            continue
        for name in looked.get_table_names(schema=schema):
            one = select(literal(1)).select_from(table(name, schema=schema)).limit(1)
            if name != "alembic_version" and connection.execute(one).first():
                yield name


# --- SQLite ----------------------------------------------------------------------------------


def _restore_sqlite(config: Config, archive: tarfile.TarFile) -> None:
    path = database_file(config)
    unfinished = path.with_suffix(".restored")
    with gzip.open(_member(archive, DATABASE)) as packed, unfinished.open("wb") as file:
        unfinished.chmod(durable.MODE)
        shutil.copyfileobj(packed, file, PIECE)
        file.flush()
        os.fsync(file.fileno())
    for left in ("-wal", "-shm"):
        path.with_name(path.name + left).unlink(missing_ok=True)
    unfinished.replace(path)
    durable.fsync_folder(path.parent)
    prepare.prepare_database(config)


# --- MariaDB ---------------------------------------------------------------------------------


def _restore_mariadb(config: Config, archive: tarfile.TarFile, manifest: Manifest) -> None:
    with prepare.as_root(config) as root:
        for schema in schema_names(config).values():  # empty tables, perhaps of another version
            root.exec_driver_sql(f"DROP DATABASE IF EXISTS `{schema}`")
        prepare.make_tables(root, config, manifest.schema)
        with gzip.open(_member(archive, DATABASE)) as packed, root.engine.begin() as writing:
            _insert_rows(writing, config, iter(packed))
    prepare.prepare_database(config)


def _insert_rows(writing: Connection, config: Config, packed: Iterator[bytes]) -> None:
    names = schema_names(config)
    statement: Insert | None = None
    waiting: list[dict[str, Any]] = []
    columns: list[str] = []
    for line in packed:
        told = json.loads(line)
        if isinstance(told, list):
            values = (_value(item) for item in told)
            waiting.append(dict(zip(columns, values, strict=True)))
        if statement is not None and (isinstance(told, dict) or len(waiting) == GROUP):
            _insert(writing, statement, waiting)
            waiting = []
        if isinstance(told, dict):
            columns = told["columns"]
            place = table(told["table"], *map(column, columns), schema=names[told["schema"]])
            statement = insert(place)
    if statement is not None:
        _insert(writing, statement, waiting)


def _insert(writing: Connection, statement: Insert, rows: list[dict[str, Any]]) -> None:
    if rows:
        writing.execute(statement, rows)


def _value(item: Any) -> Any:
    return bytes.fromhex(item["hex"]) if isinstance(item, dict) else item
