"""fognode declare: what a person tells the running appliance, as one event."""

import argparse
from pathlib import Path

from fognode.config import load
from fognode.daemon.control import send_request
from fognode.errors import RefusedError
from fognode.events import REQUESTS, Json

NUMBERS = {"density_g_per_l", "gross_g", "tare_g", "rinses", "punctured"}


def add_declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``declare``."""
    parser.add_argument("--config", type=Path, default=Path("/etc/fognode/fognode.toml"))
    parser.add_argument("kind", choices=sorted(REQUESTS), metavar="KIND")
    parser.add_argument("facts", nargs="+", metavar="NAME=VALUE")


def declare(arguments: argparse.Namespace) -> int:
    """Send one declaration and print the place it took in the record.

    Raises:
        AwayError: No appliance is running with this configuration.
        RefusedError: It was not taken; the message names the value and the cure.
    """
    facts = dict(_fact(text) for text in arguments.facts)
    seq = send_request(load(arguments.config).folder, arguments.kind, facts)
    print(f"kept as event {seq}")
    return 0


def _fact(text: str) -> tuple[str, Json]:
    name, found, value = text.partition("=")
    if not found or not name:
        raise RefusedError(f"{text!r} is not written NAME=VALUE")
    if name not in NUMBERS:
        return name, value
    if not value.isdecimal():
        raise RefusedError(f"{name}={value!r} must be a whole number")
    return name, int(value)
