"""fognode migrate and fognode verify: make the database, and prove it whole."""

import argparse
import dataclasses
import json
import time
from pathlib import Path

from fognode.cli import segments
from fognode.cli.anchored import Asked, ask_chains, logs_of, losses_told
from fognode.config import Config, load
from fognode.errors import ConfigError, FognodeError
from fognode.store.checkpoint import parse_key
from fognode.store.engines import open_engine
from fognode.store.evidence import evidence_of
from fognode.store.grants import assert_accounts
from fognode.store.photo_check import photo_findings
from fognode.store.precaution import back_up_before
from fognode.store.prepare import prepare_database
from fognode.store.reader import Reader
from fognode.store.retention import classes
from fognode.store.schema import VERSIONS, check_schema
from fognode.store.verify import Report, examine

CONFIG = Path("/etc/fognode/fognode.toml")
NOT_ASKED = "anchors not checked: ask for them with --ledgers"


def add_migrate(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``migrate``."""
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument(
        "--no-backup", action="store_true", help="upgrade without a backup to DIR/backups first"
    )


def migrate(arguments: argparse.Namespace) -> int:
    """Create or upgrade the database; harmless when it is up to date.

    A database that holds events is backed up before it is upgraded.

    Raises:
        ConfigError: MariaDB does not let us in as root, a password is missing, or the
            database is newer than this fognode.
        StoreError: The backup could not be made, or the database refused a step.
    """
    config = load(arguments.config)
    if not arguments.no_backup:
        settings = arguments.config.read_bytes()
        if made := back_up_before(config, int(time.time() * 1000), settings):
            print(f"backup before the upgrade: {made}")
    prepare_database(config)
    print(f"the {config.store.backend} database has schema {VERSIONS[-1]}")
    return 0


def add_verify(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``verify``."""
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--all", action="store_true", help="read every event, not only new ones")
    parser.add_argument("--ledgers", action="store_true", help="ask the nodes for their anchors")
    parser.add_argument("--key", default="", help="the log's shared key; else from checkpoint-key")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--segments",
        type=Path,
        metavar="DIR",
        help="check a write-once folder, or a copy, without database and fognode.toml",
    )
    parser.add_argument(
        "--checkpoint",
        type=Path,
        metavar="FILE",
        help="with --segments and --key: the signed note, DIR/checkpoint/000000004096 for one",
    )


def verify(arguments: argparse.Namespace) -> int:
    """Print every finding; return 1 if there is one.

    Raises:
        ConfigError: The database has not our schema, the key is no shared key, or --segments,
            --checkpoint and --key are not given together.
        StoreError: The database is away, or the folder cannot be read.
    """
    if arguments.segments or arguments.checkpoint:
        return _verify_folder(arguments)
    config = load(arguments.config)
    if arguments.key:
        parse_key(arguments.key)
    engine = open_engine(config, "reader")
    try:
        check_schema(engine)
        begun = time.monotonic()
        logs = logs_of(Reader(engine), config.farm.id)
        asked = ask_chains(config, logs) if arguments.ledgers else Asked(notes=[NOT_ASKED])
        report = examine(engine, evidence_of(config, arguments.key, asked.marks), arguments.all)
        report.findings += photo_findings(config.folder, Reader(engine), arguments.all)
        took_ms = round((time.monotonic() - begun) * 1000)
    finally:
        engine.dispose()
    report.findings += asked.wrong
    report.notes += [*asked.notes, *losses_told(logs)]
    print(_as_json(report, took_ms) if arguments.json else _as_text(report, took_ms))
    return 1 if report.findings else 0


def _verify_folder(arguments: argparse.Namespace) -> int:
    if not (arguments.segments and arguments.checkpoint and arguments.key):
        raise ConfigError("--segments DIR, --checkpoint FILE and --key KEY belong together")
    begun = time.monotonic()
    told = segments.check_segments(arguments.segments, arguments.checkpoint, arguments.key)
    took_ms = round((time.monotonic() - begun) * 1000)
    print(segments.as_json(told, took_ms) if arguments.json else segments.as_text(told, took_ms))
    return 1 if told.findings else 0


def _as_json(report: Report, took_ms: int) -> str:
    told = dataclasses.asdict(report)
    return json.dumps({**told, "head": report.head.hex(), "took_ms": took_ms})


def _as_text(report: Report, took_ms: int) -> str:
    count = len(report.findings)
    verdict = f"{count} findings" if count else "all matches"
    read = f" from {report.after + 1} on" if report.after else ""
    lines = [*map(str, report.findings), *report.notes]
    lines.append(
        f"{verdict}: {report.events} events{read}, head {report.head.hex()[:16]}, {took_ms} ms"
    )
    return "\n".join(lines)


def check_store(config: Config) -> list[tuple[bool, str]]:
    """Return the store's lines for ``fognode doctor``: is it well, and what was looked at."""
    try:
        reader, writer = open_engine(config, "reader"), open_engine(config, "writer")
    except FognodeError as error:
        return [(False, f"store: {error}")]
    try:
        check_schema(reader)
        notes = assert_accounts(writer, reader)
        seq, _ = Reader(reader).head()
    except FognodeError as error:
        return [(False, f"store: {error}")]
    finally:
        reader.dispose()
        writer.dispose()
    limits = [(True, f"store: limit: {note}") for note in notes]
    return [
        (True, f"store: {config.store.backend}, {seq} events, accounts as they must be"),
        *limits,
        (True, f"store: kept: {'; '.join(f'{k.what} {k.how_long}' for k in classes(config))}"),
    ]
