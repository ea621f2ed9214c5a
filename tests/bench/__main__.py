"""The bench: measures every promise, prints the table, writes build/bench.json.

``python -m tests.bench [--only GROUP] [--quick | --full] [--strict]`` from the top of the tree.
Everything it starts listens on 127.0.0.1 or a socket of its own and ends with it.
"""

import argparse
import importlib
import json
import signal
import sys
from pathlib import Path

from fognode.errors import FognodeError
from tests.bench.effort import Effort
from tests.bench.promises import PROMISES, Promise

RESULTS = Path(__file__).resolve().parents[2] / "build" / "bench.json"
HEAD = ("name", "value", "unit", "bar", "met")
MET = {True: "yes", False: "no", None: ""}


def main() -> int:
    """Return 0; with --strict 1 when a bar was missed."""
    arguments = _arguments()
    effort = Effort(quick=arguments.quick, full=arguments.full)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the peers end then as well
    RESULTS.parent.mkdir(exist_ok=True)
    _print(*HEAD)
    results: dict[str, dict[str, object]] = {}
    for group in arguments.only or PROMISES:
        values = _measured(group, effort)
        for name, promise in PROMISES[group].items():
            unit = promise.unit.format(size=effort.size)
            results[name] = {"unit": unit, **_result(promise, values.get(name))}
            value = f"{values[name]:.3f}" if name in values else "-"
            _print(name, value, unit, promise.bar, MET[promise.is_met(values.get(name))])
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")  # whatever the next group does
    missed = [name for name, result in results.items() if result["met"] is False]
    return int(arguments.strict and bool(missed))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(PROMISES), metavar="GROUP")
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--quick", action="store_true", help="fewer rounds; numbers are rougher")
    amount.add_argument("--full", action="store_true", help="a record of a million events; long")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a bar is missed")
    return parser.parse_args()


def _measured(group: str, effort: Effort) -> dict[str, float]:
    """Return a group's values; fewer, and the reason on stderr, where something failed."""
    module = importlib.import_module(f"tests.bench.{group}")  # web3 only where it is needed
    values: dict[str, float] = {}
    try:
        for some in module.measure(effort):
            values |= some
    except FognodeError as error:
        sys.stderr.write(f"{group} was not measured to its end: {error}\n")
    if unknown := values.keys() - PROMISES[group].keys():
        raise ValueError(f"{group} measured what nobody promised: {unknown}")
    return values


def _result(promise: Promise, value: float | None) -> dict[str, object]:
    return {
        "value": None if value is None else round(value, 4),
        "bar": promise.bar,
        "met": promise.is_met(value),
    }


def _print(name: str, value: str, unit: str, bar: str, met: str) -> None:
    sys.stdout.write(f"{name:24}{value:>12}  {unit:14}{bar:>9}  {met:3}".rstrip() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
