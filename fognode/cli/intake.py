"""fognode import: a file as events: an invoice (NF-e XML, or CSV), or master data (CSV).

All of the file is taken, or nothing of it; the same file again changes nothing.  What a CSV
file holds tell its columns: ``kind`` in each row, those of an invoice, or else the file's
name, which is that of a list: products.csv, people.csv ...
"""

import argparse
from pathlib import Path

from fognode.boards.spreadsheet import MAX_BYTES
from fognode.cli.store import CONFIG
from fognode.config import load
from fognode.daemon.control import send_invoices, send_register
from fognode.page.register import WAYS

SHOWN = ("line", "gtin", "name", "lot", "expires_on", "quantity", "unit")


def add_import(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``import``."""
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--by", required=True, metavar="PERSON", help="who hands it in: an id")
    words = "the list a CSV file of master data is of, when its name does not say it"
    parser.add_argument("--list", choices=sorted(WAYS), default="", help=words)
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
    folder = load(arguments.config).folder
    name = arguments.list or _list_of(arguments.file, content)
    if name is None:
        _bring_invoices(folder, content, arguments.by)
    else:
        _bring_register(folder, content, (arguments.by, name))
    return 0


def _list_of(file: Path, content: bytes) -> str | None:
    """Return the list that a file is of; "" = its rows say it, None = it is an invoice."""
    head = content.partition(b"\n")[0].decode("utf-8-sig", "replace")
    columns = {name.strip().strip('"') for name in head.replace(";", ",").split(",")}
    if "kind" in columns:
        return ""
    return file.stem if file.suffix.lower() == ".csv" and file.stem in WAYS else None


def _bring_invoices(folder: Path, content: bytes, by: str) -> None:
    told = send_invoices(folder, content, by)
    for invoice in told["invoices"]:
        lines = invoice["lines"]
        print(f"invoice {invoice['invoice']} of {invoice['supplier']}: {len(lines)} lines")
        for line in lines:
            print("  " + "  ".join(str(line[name]) for name in SHOWN if line.get(name)))
    _say_known(told["is_new"])


def _bring_register(folder: Path, content: bytes, said: tuple[str, str]) -> None:
    told = send_register(folder, content, *said)
    for kind, count in told["taken"].items():
        print(f"{kind}: {count}")
    _say_known(told["is_new"])


def _say_known(is_new: int) -> None:
    if not is_new:
        print("this file was imported before; nothing changed")
