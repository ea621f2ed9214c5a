"""fognode person: what is known of a person, and forgetting it.

    show ID                      name, CPF and phone, as far as they can still be opened
    erase ID --reason TEXT       destroy the key of all three, for good

Needs vault.db, so it runs as the appliance's user or as root.
"""

import argparse
import json
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from fognode.cli.store import CONFIG
from fognode.config import Config, load
from fognode.daemon.control import claim_folder, send_request
from fognode.daemon.keeper import Clock
from fognode.errors import AwayError, RefusedError
from fognode.events import Event, Json, Kind, Stored
from fognode.hashing import freeze
from fognode.page.declared import check_request
from fognode.store.engines import open_engine
from fognode.store.reader import Reader
from fognode.store.schema import check_schema
from fognode.store.vault import SEALED, open_vault, personal_fields, seal_facts
from fognode.store.writer import Writer

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
        RefusedError: There is no such person, or the reason cannot be recorded.
        StoreError: The database or the vault is away.
    """
    config = load(arguments.config)
    told = _told(config, arguments.person)
    if arguments.act_on_person == "show":
        print(json.dumps(_known(config, told), ensure_ascii=False, indent=2))
        return 0
    facts: dict[str, Json] = {"person": arguments.person, "reason": arguments.reason}
    try:
        seq = send_request(config.folder, Kind.PERSON_ERASED, facts)
    except AwayError:
        seq = _erase_here(config, facts)
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


def _erase_here(config: Config, facts: dict[str, Json]) -> int:
    """Erase without the appliance; the folder's lock keeps it from starting meanwhile.

    Raises:
        ConfigError: The appliance runs and does not answer.
        RefusedError: The reason cannot be recorded.
    """
    asked = {"id": str(uuid.uuid4()), "kind": str(Kind.PERSON_ERASED), "facts": facts}
    try:
        checked = check_request(asked)
    except ValueError as error:
        raise RefusedError(str(error)) from error
    with claim_folder(config.folder):
        event = Event(
            kind=checked.kind,
            origin=f"q/{checked.request_id}",
            happened_at_ms=time.time_ns() // 1_000_000,
            facts=seal_facts(open_vault(config), checked.kind, checked.facts),
        )
        return _keep(config, event)


def _keep(config: Config, event: Event) -> int:
    read, write = open_engine(config, "reader"), open_engine(config, "writer")
    try:
        reader = Reader(read)
        newest = reader.newest(1)
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
        clock = Clock(config.farm.id, boot_id)
        clock.start_after(newest[0].recorded_at_ms if newest else 0)
        writer = Writer(write, reader)
        try:
            return writer.keep([freeze(event, clock.stamp())])[0]
        finally:
            writer.close()
    finally:
        read.dispose()
        write.dispose()
