"""fognode board: boards of the network, which are heard only with a key of their own.

    enroll PORT BOARD    with the board on a USB cable: name it, place it, give it its key
    list                 every configured board, how it is heard, and whether it may speak
    retire BOARD         it is never heard again; give its successor another name
    calibrate, tare, check BOARD    its scale (cli/scale.py)

The key comes from the credential board-master and never crosses the network.  A running
appliance leaves the port alone meanwhile.
"""

import argparse
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from fognode.boards.enrol import Station, enrol
from fognode.boards.keys import CREDENTIAL, read_master
from fognode.boards.progress import Progress, step
from fognode.boards.serial_port import open_port
from fognode.cli import scale
from fognode.cli.alone import declare_anyhow
from fognode.cli.key import CREDENTIALS
from fognode.cli.store import CONFIG
from fognode.config import Board, Config, Ethernet, load
from fognode.daemon.loan import borrow
from fognode.errors import ConfigError, RefusedError
from fognode.events import Kind, Stored
from fognode.hashing import board_key
from fognode.store.engines import open_engine
from fognode.store.reader import Reader
from fognode.store.schema import check_schema

OPEN_MS = 5_000  # the appliance lets go within a second
TOLD = (Kind.BOARD_ENROLLED, Kind.BOARD_RETIRED)
MOST = 10_000  # enrolments and retirements read


def add_board(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``board``."""
    acts = parser.add_subparsers(dest="act_on_board", required=True, metavar="ACT")
    new = acts.add_parser("enroll", help="give the board on a USB cable its name and key")
    new.add_argument("port", metavar="PORT", help="such as /dev/ttyUSB0")
    new.add_argument("board", metavar="BOARD", help="its id in fognode.toml")
    new.add_argument(
        "--address",
        type=IPv4Interface,
        required=True,
        metavar="IP/BITS",
        help="its own, such as 192.168.7.20/24; the fog is on the same network",
    )
    new.add_argument("--by", required=True, metavar="PERSON", help="who does it; is recorded")
    new.set_defaults(does=enroll)
    known = acts.add_parser("list", help="configured boards, and which may speak")
    known.set_defaults(does=show)
    gone = acts.add_parser("retire", help="never hear a board of the network again")
    gone.add_argument("board", metavar="BOARD")
    gone.add_argument("--by", required=True, metavar="PERSON", help="who asks; is recorded")
    gone.add_argument("--reason", required=True, help="why, at most 200 characters; is recorded")
    gone.set_defaults(does=retire)
    for act in (new, known, gone, *scale.add_scale(acts)):
        act.add_argument("--config", type=Path, default=CONFIG)
    new.add_argument(
        "--credentials",
        type=Path,
        help=f"folder of the secrets; else $CREDENTIALS_DIRECTORY, else {CREDENTIALS}",
    )


def board(arguments: argparse.Namespace) -> int:
    """Do what was asked.

    Raises:
        ConfigError: The configuration, the credential or the database is not ours to use.
        RefusedError: There is no such board, it is retired, or what is on the cable cannot do it.
        StoreError: The database is away.
    """
    return int(arguments.does(arguments))


def enroll(arguments: argparse.Namespace) -> int:
    """Give a board its key; on return it has proved that it has it, and the record says so.

    Raises:
        ConfigError: [ethernet] or the credential is missing, or the port cannot be opened.
        RefusedError: The board is retired or not of the network, or nothing on the cable can do it.
    """
    config = load(arguments.config)
    named, ethernet = _configured(config, arguments.board), config.ethernet
    if ethernet is None:
        raise ConfigError("section [ethernet] is missing: where would the board find the fog?")
    if _progress(config).enrolled.get(named.id) is False:
        raise RefusedError(f"{named.id} is retired: whoever has it has its key; take another id")
    master = read_master(_secret(config, arguments.credentials))
    station = _station(arguments.address, ethernet)
    with (
        borrow(config.folder, arguments.port),
        closing(open_port(arguments.port, OPEN_MS)) as cable,
    ):
        before = enrol(cable, named.id, board_key(master, named.id), station)
    facts = {"board": named.id, "address": str(arguments.address), "by": arguments.by}
    seq = declare_anyhow(config, Kind.BOARD_ENROLLED, {**facts}, str(uuid.uuid4()))
    was = f", which was {before}," if before not in {named.id, "new"} else ""
    print(f"{named.id}{was} has its key and proved it: event {seq}")
    return 0


def retire(arguments: argparse.Namespace) -> int:
    """Take a board's right to speak, for good.

    Raises:
        RefusedError: It is not enrolled.
    """
    config = load(arguments.config)
    if not _progress(config).is_enrolled(arguments.board):
        raise RefusedError(f"{arguments.board} is not enrolled")
    facts = {"board": arguments.board, "reason": arguments.reason, "by": arguments.by}
    seq = declare_anyhow(config, Kind.BOARD_RETIRED, {**facts}, str(uuid.uuid4()))
    print(f"{arguments.board} is never heard again: event {seq}")
    return 0


def show(arguments: argparse.Namespace) -> int:
    """Print a line per configured board."""
    config = load(arguments.config)
    told = {one.text("board"): one for one in _told(config)}
    known = _progress(config)
    for one in config.boards:
        words = "heard on a port" if one.link == "serial" else _words(config, told.get(one.id))
        if known.enrolled.get(one.id) and one.link == "serial":
            words += "; it has a key, but link = serial"
        print(f"{one.id} {one.link}: {words}")
    return 0


def _words(config: Config, told: Stored | None) -> str:
    if told is None:
        return "not enrolled, so not heard"
    day = f"{datetime.fromtimestamp(told.recorded_at_ms // 1000, config.zone):%Y-%m-%d %H:%M}"
    if told.kind == Kind.BOARD_RETIRED:
        return f"retired {day} by {told.text('by')}: {told.text('reason')}"
    return f"enrolled {day} by {told.text('by')}, {told.text('address')}"


def _configured(config: Config, name: str) -> Board:
    found = next((one for one in config.boards if one.id == name), None)
    if found is None:
        raise RefusedError(f"there is no [[board]] with id = {name!r}")
    if found.link != "ethernet":
        raise RefusedError(f'[[board]] {name} has link = "serial": it needs no key')
    return found


def _station(own: IPv4Interface, ethernet: Ethernet) -> Station:
    station = Station(own=own, fog=IPv4Address(ethernet.host), port=ethernet.port)
    station.fields()  # refuses what cannot work, before anything is written
    return station


def _told(config: Config) -> list[Stored]:
    """Return enrolments and retirements, oldest first."""
    with _reading(config) as newest:
        return list(reversed(newest(MOST)))


def _progress(config: Config) -> Progress:
    known = Progress()
    for one in _told(config):
        step(known, one)
    return known


@contextmanager
def _reading(config: Config) -> Iterator[Callable[[int], list[Stored]]]:
    engine = open_engine(config, "reader")
    try:
        check_schema(engine)
        yield lambda most: Reader(engine).newest(most, TOLD)
    finally:
        engine.dispose()


def _secret(config: Config, folder: Path | None) -> str:
    path = (folder or config.credentials or CREDENTIALS) / CREDENTIAL
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: fognode key new {CREDENTIAL}") from error
