"""The command line: finds the command and loads only the tier it needs."""

import argparse
import importlib
import keyword
import logging
import sys
from collections.abc import Sequence

from fognode.errors import FognodeError

COMMANDS = {  # command -> (module that has it, one line)
    "run": ("run", "run the appliance until it is told to stop"),
    "demo": ("demo", "run a farm in a box with simulated boards, chains and mail"),
    "declare": ("declare", "tell the running appliance what no sensor sees"),
    "import": ("intake", "read a file: an invoice, or master data (CSV)"),
    "migrate": ("store", "make or renew the database's schema"),
    "verify": ("store", "recompute every hash and list all that does not match"),
    "rebuild": ("rebuild", "make the derived tables again from the events"),
    "pack": ("pack", "write an evidence pack that a stranger can check offline"),
    "person": ("person", "show or forget what is known of a person, set a PIN"),
    "photo": ("photo", "keep a photo as evidence, or erase one"),
    "ledger": ("ledger", "how the chains stand, what they hold, try again what failed"),
    "board": ("board", "give a board of the network its key, retire one, list them"),
    "key": ("key", "make the box's own keys, show their public side"),
    "protect": ("protect", "make the write-once files immutable; by a timer, or as root"),
    "backup": ("backup", "copy database, spool, evidence and models into one file"),
    "restore": ("backup", "read a backup into an empty place, and verify it"),
    "doctor": ("doctor", "check the set-up, a line per check: ok, why, cure"),
}


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code: 0 done, 1 found something, 2 cannot."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(message)s"
    )
    logging.getLogger("fognode").setLevel(logging.INFO)
    parser = argparse.ArgumentParser(
        prog="fognode", description="Watches a farm's agrochemicals from sensor to proof."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    wanted = arguments[0] if arguments else ""
    for name, (module, line) in COMMANDS.items():
        command = commands.add_parser(name, help=line, description=line)
        if name == wanted:  # the others would load tiers for nothing
            part = importlib.import_module(f"fognode.cli.{module}")
            getattr(part, f"add_{name}")(command)
            act = name + "_" * keyword.iskeyword(name)
            command.set_defaults(act=getattr(part, act))
    found = parser.parse_args(arguments)
    try:
        return int(found.act(found))
    except FognodeError as error:
        print(f"fognode {wanted}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"fognode {wanted}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
