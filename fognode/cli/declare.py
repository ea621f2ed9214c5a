"""fognode declare: what a person tells the running appliance, as one event."""

import argparse
from pathlib import Path

from fognode.config import load
from fognode.daemon.control import send_request
from fognode.errors import RefusedError
from fognode.events import REQUESTS, Json
from fognode.page.declarations import DECLARATIONS, PHOTO_FACTS
from fognode.page.fields import Number, Texts

FIELDS = {
    name: one for table in (*DECLARATIONS.values(), PHOTO_FACTS) for name, one in table.items()
}
INNER = "facts."  # of a correction: what the corrected declaration should have said


def add_declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``declare``."""
    parser.add_argument("--config", type=Path, default=Path("/etc/fognode/fognode.toml"))
    parser.add_argument("kind", choices=sorted(REQUESTS), metavar="KIND")
    words = "a list with commas; facts.NAME=VALUE is what a correction says instead"
    parser.add_argument("facts", nargs="+", metavar="NAME=VALUE", help=words)


def declare(arguments: argparse.Namespace) -> int:
    """Send one declaration and print the place it took in the record.

    Raises:
        AwayError: No appliance is running with this configuration.
        RefusedError: It was not taken; the message names the value and the cure.
    """
    facts = _nested(dict(_fact(text) for text in arguments.facts))
    seq = send_request(load(arguments.config).folder, arguments.kind, facts)
    print(f"kept as event {seq}")
    return 0


def _nested(told: dict[str, Json]) -> dict[str, Json]:
    """Return facts in which facts.NAME became NAME of the one fact ``facts``."""
    facts: dict[str, Json] = {
        name: value for name, value in told.items() if not name.startswith(INNER)
    }
    inner = {n.removeprefix(INNER): v for n, v in told.items() if n.startswith(INNER)}
    return {**facts, "facts": inner} if inner else facts


def _fact(text: str) -> tuple[str, Json]:
    name, found, value = text.partition("=")
    if not found or not name:
        raise RefusedError(f"{text!r} is not written NAME=VALUE")
    wanted = FIELDS.get(name.removeprefix(INNER))
    if isinstance(wanted, Texts):
        return name, [*value.split(",")]
    if not isinstance(wanted, Number):
        return name, value
    if not value.isdecimal():
        raise RefusedError(f"{name}={value!r} must be a whole number")
    return name, int(value)
