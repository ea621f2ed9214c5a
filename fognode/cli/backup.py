"""fognode backup and restore: a copy of everything but the secrets, and the way back."""

import argparse
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from fognode.cli.store import CONFIG
from fognode.config import load
from fognode.daemon.control import claim_folder
from fognode.store.backup import prune_backups, write_backup
from fognode.store.engines import open_engine
from fognode.store.reader import Reader
from fognode.store.restore import read_manifest, restore_backup
from fognode.store.schema import check_schema
from fognode.store.signed import evidence_of
from fognode.store.verify import examine

KEEP = 14  # backups; one a night


def add_backup(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``backup``."""
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("-o", "--output", type=Path, help="folder; DIR/backups by default")
    parser.add_argument("--keep", type=int, default=KEEP, help="how many stay there; 0 = all")


def backup(arguments: argparse.Namespace) -> int:
    """Write a backup beside a running appliance.

    Raises:
        ConfigError: The database has not our schema.
        StoreError: The database is away, or the disk is full or failing.
    """
    config = load(arguments.config)
    folder = arguments.output or config.folder / "backups"
    engine = open_engine(config, "reader")
    try:
        check_schema(engine)
        settings = arguments.config.read_bytes()
        made = write_backup(engine, config, folder, int(time.time() * 1000), settings)
    finally:
        engine.dispose()
    told = read_manifest(made)  # what was written can be read
    for path in prune_backups(folder, arguments.keep):
        print(f"deleted {path}")
    print(
        f"{made}: {told.head_seq} events, head {told.head_hash[:16]}, {made.stat().st_size} bytes"
    )
    print("not in it: vault.db, keys, credentials, photos; keep those apart")
    return 0


def add_restore(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``restore``."""
    parser.add_argument("file", type=Path, help="a backup")
    parser.add_argument("--config", type=Path, default=CONFIG)


def restore(arguments: argparse.Namespace) -> int:
    """Read a backup into the empty place that fognode.toml names, and verify it.

    Returns 1 when the restored record has findings.

    Raises:
        ConfigError: The place is not empty, an appliance runs on it, or MariaDB does not let
            us in as root.
        StoreError: The backup is not whole, or the database or the disk refused.
    """
    config = load(arguments.config)
    with claim_folder(config.folder):
        told = restore_backup(config, arguments.file)
        _hand_over(config.folder)
    engine = open_engine(config, "reader")
    try:
        seq, link = Reader(engine).head()
        report = examine(engine, evidence_of(config))
    finally:
        engine.dispose()
    for line in (*report.findings, *report.notes):
        print(line)
    at = datetime.fromtimestamp(told.at_ms / 1000, UTC).isoformat(timespec="seconds")
    is_same = (seq, link.hex()) == (told.head_seq, told.head_hash)
    print(f"restored {seq} events of {at}, head {'as saved' if is_same else 'NOT as saved'}")
    print("settings are not changed: compare fognode.toml in the backup with yours")
    return 1 if report.findings or not is_same else 0


def _hand_over(folder: Path) -> None:
    """Give what root has written to the user whose folder it is."""
    if os.geteuid() != 0:
        return
    owner = folder.stat()
    for path in folder.rglob("*"):
        if path.lstat().st_uid != owner.st_uid:
            os.lchown(path, owner.st_uid, owner.st_gid)
