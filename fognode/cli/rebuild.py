"""fognode rebuild: make the derived tables again from the events alone."""

import argparse
from pathlib import Path

from fognode.config import load
from fognode.daemon import rebuild as again
from fognode.daemon.succession import stopped
from fognode.store.restate import Difference

CONFIG = Path("/etc/fognode/fognode.toml")


def add_rebuild(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument(
        "--check", action="store_true", help="only say what differs; return 1 if anything does"
    )


def rebuild(arguments: argparse.Namespace) -> int:
    """Fold all events again and put right what the derived tables hold otherwise.

    The appliance must be stopped.  Truth and logs are never touched.

    Raises:
        ConfigError: The appliance runs, or the database has not our schema.
        StoreError: The database is away.
    """
    config = load(arguments.config)
    with stopped(config) as held:
        rebuilt = again.fold_again(config, held.reader)
        found = again.differences(held.reader, rebuilt)
        took_s = rebuilt.read_s + rebuilt.fold_s
        rate = round(rebuilt.events / took_s) if took_s else 0
        print(f"{rebuilt.events} events folded again, {rate} per second")
        for told in found:
            print(_line(told))
        if arguments.check:
            print("the tables differ" if found else "the tables hold what the events make of them")
            return 1 if found else 0
        held.put_right(found)
    print("put right" if found else "nothing to put right")
    return 0


def _line(told: Difference) -> str:
    return f"  {told.table}: {len(told.rows)} rows differ, {len(told.extra)} have no event"
