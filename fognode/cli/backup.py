"""fognode backup and restore: a copy of everything but the secrets, and the way back."""

import argparse
import getpass
import time
from datetime import UTC, datetime
from pathlib import Path

from fognode.cli.loss import accept_loss, settle_copy
from fognode.cli.store import CONFIG
from fognode.config import Config, load
from fognode.daemon.control import claim_folder
from fognode.daemon.succession import Answer, hand_over
from fognode.errors import RefusedError
from fognode.store.backup import prune_backups, write_backup
from fognode.store.engines import open_engine
from fognode.store.evidence import evidence_of
from fognode.store.reader import Reader
from fognode.store.restore import read_manifest, restore_backup
from fognode.store.retention import BACKUPS
from fognode.store.schema import check_schema
from fognode.store.verify import examine

MOST = 200  # characters of a name or reason


def add_backup(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``backup``."""
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("-o", "--output", type=Path, help="folder; DIR/backups by default")
    parser.add_argument("--keep", type=int, default=BACKUPS, help="how many stay there; 0 = all")


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
    parser.add_argument("file", type=Path, nargs="?", help="a backup")
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument(
        "--accept-loss",
        action="store_true",
        help="no newer backup: say what is lost, begin a new log with what is there",
    )
    parser.add_argument("--by", default="", metavar="PERSON", help="who accepts it; is recorded")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why; is recorded")


def restore(arguments: argparse.Namespace) -> int:
    """Read a backup into the empty place that fognode.toml names, and verify it.

    With --accept-loss there is no backup: see cli/loss.py.  Returns 1 when the restored record
    has findings, or when it is only said what is lost.

    Raises:
        ConfigError: The place is not empty, an appliance runs on it, or MariaDB does not let
            us in as root.
        RefusedError: No loss can be accepted.
        StoreError: The backup is not whole, or the database or the disk refused.
    """
    config = load(arguments.config)
    answer = Answer(by=arguments.by[:MOST], reason=arguments.reason[:MOST])
    if arguments.accept_loss == (arguments.file is not None):
        raise RefusedError("name either a backup or --accept-loss")
    if arguments.accept_loss:
        return accept_loss(config, answer)
    return _read_backup(config, arguments.file, answer)


def _read_backup(config: Config, source: Path, answer: Answer) -> int:
    with claim_folder(config.folder):
        told = restore_backup(config, source)
        hand_over(config.folder)
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
    if report.findings or not is_same:
        print("fognode will not serve it: restore a newer backup; if there is none, and it is only")
        print("shorter than what was signed: fognode restore --accept-loss says what is lost")
        return 1
    by, reason = answer.by or getpass.getuser(), answer.reason or f"restored from {source.name}"
    settle_copy(config, Answer(by=by, reason=reason))
    return 0
