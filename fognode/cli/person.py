"""fognode person: what is known of a person, and forgetting it.

    show ID                      name, CPF and phone, as far as they can still be opened
    erase ID --reason TEXT       destroy the key of all three, for good

Needs vault.db, so it runs as the appliance's user or as root.
"""

import argparse
import json
import uuid
from collections.abc import Sequence
from pathlib import Path

from fognode.cli.alone import declare_anyhow
from fognode.cli.store import CONFIG
from fognode.config import Config, load
from fognode.errors import RefusedError
from fognode.events import Json, Kind, Stored
from fognode.store.engines import open_engine
from fognode.store.reader import Reader
from fognode.store.schema import check_schema
from fognode.store.vault import SEALED, open_vault, personal_fields

PAGE = 500  # events read at once
SHOWN = ("person", "alias", "badge", "reason")  # the last one: why they were erased


def add_person(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``person``."""
    acts = parser.add_subparsers(dest="act_on_person", required=True, metavar="ACT")
    show = acts.add_parser("show", help="print what is known of a person, as JSON")
    erase = acts.add_parser("erase", help="make a person's name, CPF and phone unreadable for good")
    erase.add_argument("--reason", required=True, help="why, at most 200 characters; is recorded")
    for act in (show, erase):
        act.add_argument("person", metavar="ID")
        act.add_argument("--config", type=Path, default=CONFIG)


def person(arguments: argparse.Namespace) -> int:
    """Show or forget one person.

    Raises:
        ConfigError: The configuration, the database or the vault is not ours to use.
        RefusedError: There is no such person, a hold is on it, or the reason cannot be recorded.
        StoreError: The database or the vault is away.
    """
    config = load(arguments.config)
    told = _told(config, arguments.person)
    if arguments.act_on_person == "show":
        print(json.dumps(_known(config, told), ensure_ascii=False, indent=2))
        return 0
    facts: dict[str, Json] = {"person": arguments.person, "reason": arguments.reason}
    seq = declare_anyhow(config, Kind.PERSON_ERASED, facts, str(uuid.uuid4()))
    print(f"erased; kept as event {seq}")
    return 0


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
