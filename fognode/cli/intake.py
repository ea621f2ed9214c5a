"""fognode import: an invoice file (NF-e XML, or CSV) as what is to be delivered.

All of the file is taken, or nothing of it; the same file again changes nothing.
"""

import argparse
from pathlib import Path

from fognode.boards.invoice import MAX_BYTES
from fognode.cli.store import CONFIG
from fognode.config import load
from fognode.daemon.control import send_invoices

SHOWN = ("line", "gtin", "name", "lot", "expires_on", "quantity", "unit")


def add_import(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``import``."""
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--by", required=True, metavar="PERSON", help="who hands it in: an id")
    parser.add_argument("--config", type=Path, default=CONFIG)


def import_(arguments: argparse.Namespace) -> int:
    """Hand a file to the running appliance and print what was read of it.

    Raises:
        ConfigError: The configuration cannot be used.
        AwayError: No appliance is running with this configuration.
        RefusedError: Nothing was imported; the message names each wrong line.
    """
    with arguments.file.open("rb") as file:
        content = file.read(MAX_BYTES + 1)  # one more tells the appliance that it is too long
    told = send_invoices(load(arguments.config).folder, content, arguments.by)
    for invoice in told["invoices"]:
        lines = invoice["lines"]
        print(f"invoice {invoice['invoice']} of {invoice['supplier']}: {len(lines)} lines")
        for line in lines:
            print("  " + "  ".join(str(line[name]) for name in SHOWN if line.get(name)))
    if not told["is_new"]:
        print("this file was imported before; nothing changed")
    return 0
