"""fognode person: what is known of a person, forgetting it, and the PIN they sign in with.

    show ID                      name, CPF and phone, as far as they can still be opened
    erase ID --reason TEXT       destroy the key of all three, for good
    pin --person NAME            set a PIN, read twice from the terminal or from two lines
    pin --person NAME --remove   take it away: they cannot sign in any more

Needs vault.db, so it runs as the appliance's user or as root.
"""

import argparse
import json
import sys
import uuid
from collections.abc import Sequence
from getpass import getpass
from pathlib import Path

from fognode.cli.alone import declare_anyhow
from fognode.cli.store import CONFIG
from fognode.config import Config, load
from fognode.custody.people import ERASED
from fognode.errors import RefusedError
from fognode.events import Json, Kind, Stored
from fognode.store.engines import open_engine
from fognode.store.personal import SEALED, personal_fields
from fognode.store.pins import Pins
from fognode.store.reader import Reader
from fognode.store.schema import check_schema
from fognode.store.vault import open_vault
from fognode.store.vault_file import FILE

PAGE = 500  # events read at once
SHOWN = ("person", "alias", "badge", "reason")  # the last one: why they were erased


def add_person(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``person``."""
    acts = parser.add_subparsers(dest="act_on_person", required=True, metavar="ACT")
    show = acts.add_parser("show", help="print what is known of a person, as JSON")
    erase = acts.add_parser("erase", help="make a person's name, CPF and phone unreadable for good")
    erase.add_argument("--reason", required=True, help="why, at most 200 characters; is recorded")
    pin = acts.add_parser("pin", help="set or remove the PIN a person signs in with on the page")
    pin.add_argument("--person", required=True, metavar="NAME", help="pseudonym or id")
    pin.add_argument("--remove", action="store_true", help="they cannot sign in any more")
    for act in (show, erase):
        act.add_argument("person", metavar="ID")
    for act in (show, erase, pin):
        act.add_argument("--config", type=Path, default=CONFIG)


def person(arguments: argparse.Namespace) -> int:
    """Show or forget one person, or set their PIN.

    Raises:
        ConfigError: The configuration, the database or the vault is not ours to use.
        RefusedError: There is no such person, a hold is on it, the reason cannot be recorded,
            or the PIN is too weak.
        StoreError: The database or the vault is away.
    """
    config = load(arguments.config)
    if arguments.act_on_person == "pin":
        return _set_pin(config, arguments.person, remove=arguments.remove)
    told = _told(config, arguments.person)
    if arguments.act_on_person == "show":
        print(json.dumps(_known(config, told), ensure_ascii=False, indent=2))
        return 0
    facts: dict[str, Json] = {"person": arguments.person, "reason": arguments.reason}
    seq = declare_anyhow(config, Kind.PERSON_ERASED, facts, str(uuid.uuid4()))
    print(f"erased; kept as event {seq}")
    return 0


def _set_pin(config: Config, name: str, *, remove: bool) -> int:
    """Set or remove a PIN; no event tells of it, and nothing is printed of it.

    Raises:
        RefusedError: The two are not the same, or too weak.
    """
    known, alias = _known_person(config, name)
    pins = Pins(config.folder / FILE)
    if remove:
        print(f"{alias} had a PIN: it is gone" if pins.take(known) else f"{alias} has no PIN")
        return 0
    first, again = (_read_pin(words) for words in ("PIN of six digits: ", "once more: "))
    if first != again:
        raise RefusedError("the two are not the same: nothing was set")
    pins.give(known, first)
    print(f"{alias} signs in with it from now on; other sessions of theirs have ended")
    return 0


def _read_pin(words: str) -> str:
    return getpass(words) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def _known_person(config: Config, name: str) -> tuple[str, str]:
    """Return id and pseudonym of who is called so.

    Raises:
        RefusedError: Nobody is, or more than one.
    """
    engine = open_engine(config, "reader")
    try:
        check_schema(engine)
        reader = Reader(engine)
        rows = reader.rows("person", {"alias": name}, limit=2)
        rows = rows or reader.rows("person", {"person": name}, limit=1)
    finally:
        engine.dispose()
    if len(rows) > 1:
        raise RefusedError(f"more than one person is called {name!r}: give the id")
    if not rows or rows[0]["alias"] == ERASED:
        cure = "fognode declare person_set first, with the appliance running"
        raise RefusedError(f"nobody is called {name!r}: {cure}")
    return str(rows[0]["person"]), str(rows[0]["alias"])


def _told(config: Config, person_id: str) -> list[Stored]:
    """Return what the record tells of a person, oldest first.

    Raises:
        RefusedError: Nothing.
    """
    engine = open_engine(config, "reader")
    try:
        check_schema(engine)
        reader = Reader(engine)
        told, after = list[Stored](), 0
        while page := reader.events(after, PAGE, [Kind.PERSON_SET, Kind.PERSON_ERASED]):
            told += [event for event in page if event.text("person") == person_id]
            after = page[-1].seq
    finally:
        engine.dispose()
    if not told:
        raise RefusedError(f"the record has no person {person_id!r}")
    return told


def _known(config: Config, told: Sequence[Stored]) -> dict[str, str]:
    known: dict[str, str] = {}
    for event in told:
        known |= {name: event.text(name) for name in SHOWN if name in event.facts}
    if any(SEALED in event.facts for event in told):
        known |= personal_fields(open_vault(config), told)[known["person"]]
    return known
