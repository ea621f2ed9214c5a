"""A backup: one tar file that holds everything a new machine needs, but no secret.

    spool/ worm/ models/   files of DIR
    fognode.toml           the configuration, to be looked at
    database.gz            SQLite: the file, by the online backup API
                           MariaDB: every row of the three schemas, in one snapshot
    manifest.json          SHA-256 and size of each file above, head, number of rows

The files are read before the database: an event that leaves the spool meanwhile is in the
database, and no checkpoint is newer than the database beside it.  Names and photos of people
are erased by destroying their keys, so ``vault.db``, keystores, credentials and photos are
never in a backup.  Raw samples, gone in days anyway, are not either: the record has their sums.

A line of MariaDB's rows is an object (table, schema, columns) or a list of values; bytes are
written {"hex": ...}.  How it is read again: store/restore.py.
"""

import gzip
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Container, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from fognode import hashing
from fognode.config import Config
from fognode.errors import StoreError
from fognode.store import durable
from fognode.store.engines import translation, words
from fognode.store.schema import schema_version
from fognode.store.tables import GENERATED, RAW, metadata

FORMAT = 1
FOLDERS = ("spool", "worm", "models")
DATABASE, MANIFEST, SETTINGS = "database.gz", "manifest.json", "fognode.toml"
PATTERN = "fognode-*.tar"
AT_ONCE = 1000
PIECE = 1 << 20  # bytes read together
GZIP_LEVEL = 1  # a third of the time of 6 for a tenth more


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds."""

    v: int
    farm: str
    backend: str
    schema: str  # version, as fognode migrate counts
    at_ms: int
    head_seq: int
    head_hash: str
    counts: dict[str, int]  # rows by table
    files: dict[str, dict[str, str | int]] = field(default_factory=dict)


def write_backup(
    engine: Engine, config: Config, folder: Path, at_ms: int, settings: bytes = b""
) -> Path:
    """Write a backup; return its path, at which it is durable and its owner's alone.

    Called beside a running appliance, through the reading account.  ``settings`` is the text
    of fognode.toml.

    Raises:
        StoreError: The database is away, or the disk is full or failing.
    """
    name = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("fognode-%Y%m%dT%H%M%SZ.tar")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = folder / f"{name}.new"
        with unfinished.open("wb") as file:
            unfinished.chmod(durable.MODE)
            with tarfile.open(fileobj=file, mode="w") as archive:
                backup = _Backup(archive, config)
                if settings:
                    backup.add(SETTINGS, settings)
                backup.write(engine, folder, at_ms)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(folder / name)
        durable.fsync_folder(folder)
    except OSError as error:
        raise StoreError(f"cannot write a backup to {folder}: {error.strerror}") from error
    except (SQLAlchemyError, sqlite3.Error, engine.dialect.loaded_dbapi.Error) as error:
        raise StoreError(f"cannot read the database: {words(error)}") from error
    return folder / name


def prune_backups(folder: Path, keep: int) -> list[Path]:
    """Delete all but the newest ``keep`` backups of a folder, and what was left unfinished.

    Raises:
        StoreError: One cannot be deleted.
    """
    old = sorted(folder.glob(PATTERN))[:-keep] if keep else []
    old += folder.glob(f"{PATTERN}.new")
    try:
        for path in old:
            path.unlink()
    except OSError as error:
        raise StoreError(f"cannot delete {error.filename}: {error.strerror}") from error
    return old


class _Backup:
    """One archive while it is written."""

    def __init__(self, archive: tarfile.TarFile, config: Config) -> None:
        self._archive, self._config = archive, config
        self._files: dict[str, dict[str, str | int]] = {}

    def write(self, engine: Engine, staging: Path, at_ms: int) -> None:
        for place in FOLDERS:
            for path in sorted((self._config.folder / place).rglob("*")):
                self._add_file(path)
        with tempfile.TemporaryDirectory(dir=staging, prefix=".backup") as room:
            content = Path(room) / DATABASE
            head, counts = write_database(engine, content)
            self._add_large(DATABASE, content)
        manifest = Manifest(
            v=FORMAT,
            farm=self._config.farm.id,
            backend=self._config.store.backend,
            schema=schema_version(engine),
            at_ms=at_ms,
            head_seq=head[0],
            head_hash=head[1].hex(),
            counts=counts,
            files=self._files,
        )
        self.add(MANIFEST, json.dumps(asdict(manifest), indent=1).encode())

    def _add_file(self, path: Path) -> None:
        within = path.relative_to(self._config.folder)
        is_ballast = within.parts[0] == "spool" and path.suffix != ".spool"
        if not path.is_file() or is_ballast or within.parts[:2] == ("worm", "new"):
            return
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return  # a segment of the spool, drained meanwhile into the database that follows
        self.add(str(within), content)

    def add(self, name: str, content: bytes) -> None:
        self._files[name] = {"sha256": hashing.sha256(content).hex(), "size": len(content)}
        told = _entry(name, len(content))
        self._archive.addfile(told, io.BytesIO(content))

    def _add_large(self, name: str, path: Path) -> None:
        size = path.stat().st_size
        with path.open("rb") as file:
            digest = hashing.sha256_of(iter(partial(file.read, PIECE), b""))
            self._files[name] = {"sha256": digest.hex(), "size": size}
            file.seek(0)
            self._archive.addfile(_entry(name, size), file)


def _entry(name: str, size: int) -> tarfile.TarInfo:
    told = tarfile.TarInfo(name)
    told.size, told.mode = size, durable.MODE
    return told


# --- the database ----------------------------------------------------------------------------


def write_database(engine: Engine, path: Path) -> tuple[tuple[int, bytes], dict[str, int]]:
    """Write all rows, as of one moment, into a packed file; return the head and the counts."""
    with path.open("wb") as file, gzip.open(file, "wb", GZIP_LEVEL) as packed:
        if engine.dialect.name == "sqlite":
            return _write_sqlite(engine, path.with_suffix(".db"), packed)
        return _write_rows(engine, packed)


def _write_sqlite(
    engine: Engine, copy: Path, packed: gzip.GzipFile
) -> tuple[tuple[int, bytes], dict[str, int]]:
    source: Any = engine.raw_connection()
    with closing(source), closing(sqlite3.connect(copy)) as target:
        source.driver_connection.backup(target)
        # One file is packed: what the log beside it holds must be in it.
        target.execute("PRAGMA journal_mode=DELETE")
        listed = target.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        there = {name for (name,) in listed}  # an older schema lacks some of ours
        _leave_out_raw(target, there)
        head = target.execute("SELECT seq, hash FROM chain_head").fetchone()
        counts = {
            table.name: target.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]  # noqa: S608 - our names
            for table in metadata.sorted_tables
            if table.name in there
        }
    with copy.open("rb") as file:
        shutil.copyfileobj(file, packed, PIECE)
    copy.unlink()
    return (head[0], head[1]) if head else (0, hashing.GENESIS), counts


def _leave_out_raw(target: sqlite3.Connection, there: Container[str]) -> None:
    names = [table.name for table in RAW if table.name in there]
    taken = [target.execute(f"DELETE FROM {name}").rowcount for name in names]  # noqa: S608 - ours
    target.commit()
    if any(taken):
        target.execute("VACUUM")  # or their pages would be packed all the same


def _write_rows(engine: Engine, packed: gzip.GzipFile) -> tuple[tuple[int, bytes], dict[str, int]]:
    head, counts = (0, hashing.GENESIS), {}
    with engine.connect() as connection:
        connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        try:
            for table, columns in _tables(connection, translation(engine)):
                told = {"table": table.name, "schema": table.schema, "columns": columns}
                packed.write(json.dumps(told).encode() + b"\n")
                counts[table.name] = 0
                for row in () if table in RAW else _rows(connection, table, columns):
                    packed.write(json.dumps(_plain(row), ensure_ascii=False).encode() + b"\n")
                    counts[table.name] += 1
                    if table.name == "event" and row[0] > head[0]:
                        head = row[0], bytes(row[columns.index("hash")])
        finally:
            connection.exec_driver_sql("ROLLBACK")
    return head, counts


def _tables(
    connection: Connection, names: Mapping[str | None, str | None]
) -> Iterator[tuple[Table, list[str]]]:
    """Give our tables and columns that are there: an older schema lacks some.

    Raises:
        StoreError: A column is there that we do not know, so it could not be saved.
    """
    looked = inspect(connection)
    for table in metadata.sorted_tables:
        schema = names[table.schema]
        if looked.has_table(table.name, schema=schema):
            there = {str(column["name"]) for column in looked.get_columns(table.name, schema)}
            columns = [column.name for column in table.columns if column.name in there]
            if unknown := there - {*columns, *GENERATED}:
                raise StoreError(f"table {table.name} has unknown columns {sorted(unknown)}")
            yield table, columns


def _rows(connection: Connection, table: Table, columns: list[str]) -> Iterator[Any]:
    asked = [table.c[name] for name in columns]
    ordered = select(*asked).order_by(*table.primary_key.columns)
    yield from connection.execute(ordered, execution_options={"yield_per": AT_ONCE})


def _plain(row: Any) -> list[Any]:
    return [{"hex": value.hex()} if isinstance(value, bytes) else value for value in row]
