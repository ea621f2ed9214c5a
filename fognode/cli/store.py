"""fognode migrate and fognode verify: make the database, and prove it whole."""

import argparse
import dataclasses
import json
import time
from pathlib import Path

from fognode.config import Config, load
from fognode.errors import FognodeError
from fognode.store.engines import open_engine
from fognode.store.grants import assert_accounts
from fognode.store.prepare import prepare_database
from fognode.store.reader import Reader
from fognode.store.schema import VERSIONS, check_schema
from fognode.store.verify import verify as find_all

CONFIG = Path("/etc/fognode/fognode.toml")


def add_migrate(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``migrate``."""
    parser.add_argument("--config", type=Path, default=CONFIG)


def migrate(arguments: argparse.Namespace) -> int:
    """Create or upgrade the database; harmless when it is up to date.

    Raises:
        ConfigError: MariaDB does not let us in as root, a password is missing, or the
            database is newer than this fognode.
        StoreError: The database refused a step.
    """
    config = load(arguments.config)
    prepare_database(config)
    print(f"the {config.store.backend} database has schema {VERSIONS[-1]}")
    return 0


def add_verify(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``verify``."""
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def verify(arguments: argparse.Namespace) -> int:
    """Print every finding; return 1 if there is one.

    Raises:
        ConfigError: The database has not our schema.
        StoreError: The database is away.
    """
    engine = open_engine(load(arguments.config), "reader")
    try:
        check_schema(engine)
        begun = time.monotonic()
        seq, link = Reader(engine).head()
        found = find_all(engine)
        took_ms = round((time.monotonic() - begun) * 1000)
    finally:
        engine.dispose()
    if arguments.json:
        told = {"events": seq, "head": link.hex(), "took_ms": took_ms}
        print(json.dumps({**told, "findings": [dataclasses.asdict(one) for one in found]}))
    else:
        for one in found:
            print(one)
        verdict = f"{len(found)} findings" if found else "all matches"
        print(f"{verdict}: {seq} events, head {link.hex()[:16]}, {took_ms} ms")
    return 1 if found else 0


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
    ]
