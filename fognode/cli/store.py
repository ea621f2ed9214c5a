"""fognode migrate and fognode verify: make the database, and prove it whole."""

import argparse
import dataclasses
import json
import time
from pathlib import Path

from fognode.config import Config, load
from fognode.errors import FognodeError
from fognode.store.checkpoint import log_name, parse_key
from fognode.store.engines import open_engine
from fognode.store.grants import assert_accounts
from fognode.store.prepare import prepare_database
from fognode.store.reader import Reader
from fognode.store.schema import VERSIONS, check_schema
from fognode.store.signed import evidence_of
from fognode.store.verify import Finding, Report, examine
from fognode.store.walk import Mark

CONFIG = Path("/etc/fognode/fognode.toml")
NOT_ASKED = "anchors not checked: ask for them with --ledgers"


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
    parser.add_argument("--all", action="store_true", help="read every event, not only new ones")
    parser.add_argument("--ledgers", action="store_true", help="ask the nodes for their anchors")
    parser.add_argument("--key", default="", help="the log's shared key; else from checkpoint-key")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def verify(arguments: argparse.Namespace) -> int:
    """Print every finding; return 1 if there is one.

    Raises:
        ConfigError: The database has not our schema, or the key is no shared key.
        StoreError: The database is away.
    """
    config = load(arguments.config)
    if arguments.key:
        parse_key(arguments.key)
    engine = open_engine(config, "reader")
    try:
        check_schema(engine)
        begun = time.monotonic()
        asked = _ask_chains(config) if arguments.ledgers else _Asked(notes=[NOT_ASKED])
        report = examine(engine, evidence_of(config, arguments.key, asked.marks), arguments.all)
        took_ms = round((time.monotonic() - begun) * 1000)
    finally:
        engine.dispose()
    report.findings += asked.wrong
    report.notes += asked.notes
    print(_as_json(report, took_ms) if arguments.json else _as_text(report, took_ms))
    return 1 if report.findings else 0


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


@dataclasses.dataclass(slots=True)
class _Asked:
    """What the chains hold of our log."""

    marks: list[Mark] = dataclasses.field(default_factory=list)
    wrong: list[Finding] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)  # why one could not be asked


def _ask_chains(config: Config) -> _Asked:
    from fognode.ledgers import anchor, evm  # noqa: PLC0415 - web3 takes a second

    asked = _Asked(notes=[] if config.chains else ["anchors not checked: no chain is configured"])
    for chain in config.chains:
        try:
            found, last = evm.anchors_on_chain(chain, log_name(config.farm.id))
        except FognodeError as error:
            asked.notes.append(f"anchors not checked: {chain.name} chain: {error}")
            continue
        roots = {one.size: bytes.fromhex(one.root) for one in found}
        asked.wrong += [  # of the list itself; its roots are compared with the record
            Finding(seq=None, table=f"{chain.name} chain", reason=reason)
            for reason in anchor.objections(found, last, roots.get)
        ]
        asked.marks += [
            Mark(one.size, f"{chain.name} chain block {one.block_number}", roots[one.size])
            for one in found
        ]
    return asked


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
