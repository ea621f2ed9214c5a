"""fognode ledger: how the chains stand, what they hold, and trying again what failed.

    status                      per chain: held or away, what is owed, balance, gas
    history PACKAGE             each step with its transaction and block on both chains
    reconcile [--package P]     every difference of record, outbox and chains, with its cure
    resume --package P          queue again the step that failed, and let the others follow

The first three only read, with the read-only account, also while the appliance runs.
"""

import argparse
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fognode.cli.alone import declare_anyhow
from fognode.cli.store import CONFIG
from fognode.config import Config, load
from fognode.errors import ConfigError, RefusedError
from fognode.events import Json, Kind, RowValues
from fognode.store.engines import open_engine
from fognode.store.reader import Reader
from fognode.store.schema import check_schema

if TYPE_CHECKING:
    from fognode.ledgers.reconcile import Account
    from fognode.ledgers.sides import Side

WEI = 10**18  # in one coin of the chain


def add_ledger(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``ledger``."""
    acts = parser.add_subparsers(dest="act_on_ledger", required=True, metavar="ACT")
    told = acts.add_parser("status", help="how each chain stands")
    told.set_defaults(does=status)
    beside = acts.add_parser("history", help="one package, on both chains side by side")
    beside.add_argument("package", metavar="PACKAGE")
    beside.set_defaults(does=history)
    compared = acts.add_parser("reconcile", help="compare the record, the outbox and both chains")
    which = compared.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="every package; so it is by default")
    which.add_argument("--package", default="", help="only this one")
    compared.set_defaults(does=reconcile)
    again = acts.add_parser("resume", help="try again the step at which a package stopped")
    again.add_argument("--package", required=True)
    again.add_argument("--chain", default="", help="only on this one")
    again.add_argument("--by", required=True, metavar="PERSON", help="who asks; is recorded")
    again.add_argument("--reason", required=True, help="why, at most 200 characters; is recorded")
    again.set_defaults(does=resume)
    for act in (told, beside, compared, again):
        act.add_argument("--config", type=Path, default=CONFIG)
    for act in (told, beside, compared):
        act.add_argument("--json", action="store_true", help="print one JSON object")


def ledger(arguments: argparse.Namespace) -> int:
    """Do what was asked.

    Raises:
        ConfigError: The configuration or the database is not ours to use, or has no chain.
        RefusedError: There is no such package or chain, or nothing failed.
        StoreError: The database is away.
    """
    return int(arguments.does(arguments))


@contextmanager
def _reading(config: Config) -> Iterator[Reader]:
    if not config.chains:
        raise ConfigError("no [[chain]] is configured")
    engine = open_engine(config, "reader")
    try:
        check_schema(engine)
        yield Reader(engine)
    finally:
        engine.dispose()


# --- status ----------------------------------------------------------------------------------


def status(arguments: argparse.Namespace) -> int:
    """Print how each chain stands; return 1 when one is held or away, or a step failed."""
    from fognode.ledgers.status import standing  # noqa: PLC0415 - web3 takes a second

    config, now_ms = load(arguments.config), time.time_ns() // 1_000_000
    with _reading(config) as reader:
        told = [standing(config, chain, reader, now_ms) for chain in config.chains]
    if arguments.json:
        print(json.dumps({"chains": [asdict(one) for one in told]}))
    else:
        for one in told:
            print("\n".join(_standing_lines(asdict(one))))
    return 0 if all(one.is_well for one in told) else 1


def _standing_lines(told: dict[str, Json]) -> Iterator[str]:
    counts, address = told["counts"], told["address"]
    guard = f"{told['guard'] or 'never looked at'} {told['reason']}".strip()
    yield f"{told['chain']}: {guard}"
    if isinstance(counts, dict):
        yield "  steps: " + ", ".join(f"{n} {state.lower()}" for state, n in counts.items())
    if told["oldest"]:
        yield f"  owed longest: {told['oldest']}, for {_span(int(str(told['oldest_s'])))}"
    if told["away"]:
        yield f"  the node does not answer: {told['away']}"
        return
    yield f"  the node answers; its newest block is {told['head_number']}"
    whose = f"account {address}" if address else "the box's account: its keystore cannot be read"
    yield f"  {whose}" + (f" has {_coins(told['balance_wei'])}" if address else "")
    spent = f"{told['gas_used']} gas, {_coins(told['spent_wei'])}"
    yield f"  spent: {spent} in {told['transactions']} transactions"


def _coins(wei: Json) -> str:
    return f"{int(str(wei)) / WEI:.6f} coins"


def _span(seconds: int) -> str:
    if seconds < 7200:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


# --- history and reconcile -------------------------------------------------------------------


def history(arguments: argparse.Namespace) -> int:
    """Print one package's steps on every chain; return 2 when a chain could not be asked."""
    from fognode.ledgers.reconcile import compare  # noqa: PLC0415 - web3 takes a second

    config = load(arguments.config)
    with _reading(config) as reader:
        compared = compare(config, reader, arguments.package)
    (account,) = compared.accounts
    if arguments.json:
        steps = [
            {
                "seq": step.seq,
                "event_id": step.event_id,
                "kind": step.number("kind"),
                "happened_at_ms": step.happened_at_ms,
                "data_hash": step.text("data_hash"),
                "chains": {
                    name: asdict(sides[step.event_id])
                    for name, sides in account.sides.items()
                    if step.event_id in sides
                },
            }
            for step in account.steps
        ]
        others = {name: [asdict(one) for one in found] for name, found in account.others.items()}
        told = {"package": account.package, "token_id": account.token_id, "steps": steps}
        print(json.dumps({**told, "others": others, "away": compared.away}))
    else:
        print("\n".join(_history_lines(account, config.zone)))
        for chain, why in compared.away.items():
            print(f"{chain} chain not asked: {why}")
    return 2 if compared.away else 0


def _history_lines(account: "Account", zone: ZoneInfo) -> Iterator[str]:
    from fognode.ledgers.sides import WORDS  # noqa: PLC0415 - loaded by now

    yield f"{account.package}, token {account.token_id}"
    for step in account.steps:
        kind = step.number("kind")
        at = datetime.fromtimestamp(step.happened_at_ms // 1000, zone)
        yield f"{WORDS.get(kind, 'record')} ({kind}), {at:%Y-%m-%d %H:%M}, event {step.seq}"
        for sides in account.sides.values():
            if step.event_id in sides:
                yield _side_line(sides[step.event_id])
    for found in account.others.values():
        for side in found:
            yield f"{WORDS.get(side.kind, 'record')} ({side.kind}), written by {side.actor}"
            yield _side_line(side)


def _side_line(side: "Side") -> str:
    words = [f"  {side.chain}: {side.verdict}"]
    words += [f"number {side.seq}"] if side.seq else []
    words += [f"block {side.block_number}"] if side.block_number else []
    words += [f"transaction {side.tx_hash}"] if side.tx_hash else []
    words += [side.error] if side.verdict == "failed" else []
    return ", ".join(words)


def reconcile(arguments: argparse.Namespace) -> int:
    """Print every difference with its cure.

    Returns 1 when there is any; else 2 when a chain could not be asked; else 0.
    """
    from fognode.ledgers.reconcile import compare  # noqa: PLC0415 - web3 takes a second

    config = load(arguments.config)
    with _reading(config) as reader:
        compared = compare(config, reader, arguments.package)
    found = list(compared.differences())
    steps = sum(len(account.steps) for account in compared.accounts)
    if arguments.json:
        told = {"packages": len(compared.accounts), "steps": steps, "away": compared.away}
        print(json.dumps({**told, "differences": [asdict(one) for one in found]}))
    else:
        for one in found:
            print(f"{one.chain} chain, {one.package}: {one.what}\n  {one.cure}")
        for chain, why in compared.away.items():
            print(f"{chain} chain not asked: {why}")
        verdict = f"{len(found)} differences" if found else "no differences"
        print(f"{verdict}: {len(compared.accounts)} packages, {steps} steps")
    if found:
        return 1
    return 2 if compared.away else 0


# --- resume ----------------------------------------------------------------------------------


def resume(arguments: argparse.Namespace) -> int:
    """Ask for what failed again, one event per chain, and print what is tried.

    Raises:
        RefusedError: The chain is not configured, or nothing of that package failed.
    """
    config, package = load(arguments.config), arguments.package
    named = [chain.name for chain in config.chains]
    if arguments.chain and arguments.chain not in named:
        raise RefusedError(f"no chain {arguments.chain!r} is configured; known: {', '.join(named)}")
    with _reading(config) as reader:
        failed = _failed(reader, package, [arguments.chain] if arguments.chain else named)
    for chain, row in failed.items():
        facts: dict[str, Json] = {"package": package, "chain": chain}
        facts |= {"reason": arguments.reason, "by": arguments.by}
        seq = declare_anyhow(config, Kind.LEDGER_RESUMED, facts, str(uuid.uuid4()))
        print(f"{chain} chain: step {row['kind']!s} of {package} will be tried again: event {seq}")
        print(f"  it failed: {row['error_text']!s}")
    return 0


def _failed(reader: Reader, package: str, chains: list[str]) -> dict[str, RowValues]:
    """Return the failed step of a package on each of these chains.

    Raises:
        RefusedError: There is none.
    """
    if not reader.rows("chain_outbox", {"package": package}, limit=1):
        raise RefusedError(f"the record owes the ledgers nothing of a package {package!r}")
    found = {}
    for chain in chains:
        where: RowValues = {"chain": chain, "package": package, "state": "FAILED"}
        for row in reader.rows("chain_outbox", where, limit=1):
            found[chain] = row
    if not found:
        where_ = " and ".join(chains)
        raise RefusedError(f"no step of {package} failed on chain {where_}: nothing to resume")
    return found
