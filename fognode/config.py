"""fognode.toml and the credentials, read once into frozen values.

Every key is shown as commented TOML in docs/configuration.md.  An unknown, missing or
out-of-range key stops the start with a ConfigError that names the key and its bounds.
Secrets never stand in the file: each is a file of its own in ``$CREDENTIALS_DIRECTORY``.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fognode.errors import ConfigError

T = TypeVar("T")
NAME = r"[a-z0-9][a-z0-9_-]{0,31}"
BOARD_ID = r"[a-z0-9-]{1,8}"
PLACES = ("store", "cabinet", "shelf", "zone", "field", "gate", "centre")
CHAIN_NAMES = ("private", "public")
HOURS = re.compile(r"([01]\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?")
DAY_S = 86_400
ANTENNA = re.compile(r"A([1-9]|[1-5][0-9]|6[0-4])")


def _key(
    default: Any = MISSING,
    *,
    least: int | None = None,
    most: int | None = None,
    like: str = "",
    one_of: tuple[str, ...] = (),
) -> Any:
    bounds = {"least": least, "most": most, "like": like, "one_of": one_of}
    return field(default=default, metadata=bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Farm:
    """[farm]: whose node this is and where it keeps its files."""

    id: str = _key(like=NAME)
    name: str = _key("")
    zone: str = _key("UTC")  # IANA name; hours and dates are meant in it
    folder: str = _key("/var/lib/fognode")
    poison_centre: str = _key("")  # its telephone number, on the safety sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """[store]: the database."""

    backend: str = _key("sqlite", one_of=("sqlite", "mariadb"))
    socket: str = _key("/run/mysqld/mysqld.sock")  # mariadb: Unix socket
    schema: str = _key("fognode", like=r"[a-z][a-z0-9_]{0,40}")  # mariadb: prefix of schemas
    sample_days: int = _key(14, least=1, most=90)  # raw readings, once their hours are summed
    photo_days: int = _key(90, least=1, most=3650)  # a photo without a hold is erased after them


@dataclass(frozen=True, slots=True, kw_only=True)
class Serial:
    """[serial]: where to look for boards; which board it is, its hello says."""

    ports: tuple[str, ...] = _key(("/dev/ttyUSB*", "/dev/ttyACM*"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ethernet:
    """[ethernet]: where boards on the network are heard; without the section nowhere."""

    host: str = _key(like=r"[0-9]{1,3}(\.[0-9]{1,3}){3}")  # the box's own address on that network
    port: int = _key(4711, least=0, most=65535)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """[page]: the farmer's page."""

    host: str = _key("127.0.0.1")
    port: int = _key(8080, least=0, most=65535)
    names: tuple[str, ...] = _key(())  # further Host names the page answers to


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """[mail]: the server that takes our mails; without the section none are sent."""

    host: str = _key()
    port: int = _key(587, least=1, most=65535)
    security: str = _key("starttls", one_of=("starttls", "tls"))
    sender: str = _key(like=r"[^@\s,]+@[^@\s,]+")
    user: str = _key("")
    ca_file: str = _key("")  # "" = the system's certificates


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """[analysis]: when the models are trained."""

    at: str = _key("03:30", like=r"([01]\d|2[0-3]):[0-5]\d")
    every_s: int = _key(0, least=0, most=86_400)  # trial only: train every so many seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Cabinet:
    """[[cabinet]]: a locked cabinet, the board in it and its working hours."""

    id: str = _key(like=NAME)
    name: str = _key("")
    board: str = _key(like=BOARD_ID)
    hours: tuple[str, ...] = _key(("06:00-18:00",))  # spans of local time, may wrap midnight


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """[[board]]: a board that may speak here, and its calibration."""

    id: str = _key(like=BOARD_ID)
    place: str = _key("", like=r"|" + NAME)  # "" = the cabinet that names this board
    link: str = _key("serial", one_of=("serial", "ethernet"))  # the only way it is heard
    counts_per_kg: int = _key(40_000, least=100, most=10_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pi:
    """[pi]: sensors on this Raspberry Pi's own pins, BCM numbers; 0 or -1 = not wired."""

    board: str = _key("pi0", like=BOARD_ID)  # the [[board]] they are heard as
    light_device: int = _key(-1, least=-1, most=2)  # chip select of the MCP3008 on SPI 0
    light_channel: int = _key(0, least=0, most=7)  # of the MCP3008
    vibration_pin: int = _key(0, least=0, most=27)
    trigger_pin: int = _key(0, least=0, most=27)  # of the HC-SR04
    echo_pin: int = _key(0, least=0, most=27)
    weight_data_pin: int = _key(0, least=0, most=27)  # of the HX711
    weight_clock_pin: int = _key(0, least=0, most=27)
    tag_device: int = _key(-1, least=-1, most=2)  # chip select of the MFRC522 on SPI 0
    tag_reset_pin: int = _key(25, least=2, most=27)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """[[scanner]]: a reader of bar codes and QR codes, and the board it is heard as."""

    board: str = _key(like=BOARD_ID)
    port: str = _key(like=r"/\S+")  # a path that does not change, under /dev/serial/by-id
    keyboard: bool = _key(False)  # it plays a keyboard: a path under /dev/input/by-id


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """[[reader]]: a long-range tag reader, and the board its antennas are heard as."""

    board: str = _key(like=BOARD_ID)
    port: str = _key(like=r"/\S+|[A-Za-z0-9.-]{1,100}:[1-9][0-9]{0,4}")  # serial, or HOST:PORT
    hold_s: int = _key(3, least=1, most=600)  # a tag is gone when it was not seen for so long
    weakest_dbm: int = _key(-120, least=-120, most=0)  # what answers more weakly is passed over
    overlap: bool = _key(False)  # a tag is only where it is seen most strongly


@dataclass(frozen=True, slots=True, kw_only=True)
class Antenna:
    """[[antenna]]: a sensor of a board that has another place than the board."""

    board: str = _key(like=BOARD_ID)
    sensor: str = _key(like=r"[A-Za-z][A-Za-z0-9]{0,7}")  # A1 to A64: cable of a [[reader]]
    place: str = _key(like=NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """[[camera]]: takes a photo when its cabinet is opened; without the section none does."""

    id: str = _key(like=NAME)
    cabinet: str = _key(like=NAME)
    source: str = _key(like=r"/\S+|https?://\S+|serial:/\S+")  # device, folder, address, port
    board: str = _key("", like=r"|" + BOARD_ID)  # the [[board]] on the port, with serial: only


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """[[place]]: somewhere a package can be."""

    id: str = _key(like=NAME)
    name: str = _key("")
    kind: str = _key("store", one_of=PLACES)
    inside: str = _key("", like=r"|" + NAME)  # the place or cabinet it is a part of
    permitted: bool = _key(True)  # packages may be here
    travel_s: int = _key(60, least=0, most=86_400)  # least time between here and elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """[[manager]]: who is told when something is wrong."""

    name: str = _key()
    mail: str = _key(like=r"[^@\s,]+@[^@\s,]+")
    sheet: bool = _key(False)  # gets the safety sheet once a day, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """[[chain]]: one of the two ledgers, and the node through which we reach it."""

    name: str = _key(one_of=CHAIN_NAMES)
    url: str = _key(like=r"https?://\S+")
    chain_id: int = _key(least=1, most=2**53)
    contract: str = _key(like=r"0x[0-9a-fA-F]{40}")
    code_hash: str = _key(like=r"[0-9a-f]{64}")  # keccak of the runtime code
    deploy_block: int = _key(0, least=0, most=2**53)
    confirmations: int = _key(2, least=1, most=1000)
    trial: bool = _key(False)  # a chain of the demo; allows well-known keys
    farm: str = _key(like=r"0x[0-9a-fA-F]{40}")  # account that holds the tokens
    centre: str = _key(like=r"0x[0-9a-fA-F]{40}")  # collection centre for empties
    keystore: str = _key()  # file of the box's own key; password: credential chain-password


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """[[partner]]: a business of the private consortium that takes JSON by POST."""

    id: str = _key(like=NAME)
    url: str = _key(like=r"https?://\S+")
    ca_file: str = _key("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Regulator:
    """[[regulator]]: an authority that takes signed XML by POST."""

    id: str = _key(like=NAME)
    url: str = _key(like=r"https?://\S+")
    cnpj: str = _key(like=r"[0-9A-Z]{12}[0-9]{2}")
    state: str = _key("51", like=r"[0-9]{2}")  # IBGE code; 51 = Mato Grosso
    production: bool = _key(False)  # False: documents say they are a test
    ca_file: str = _key("")
    receipt_cert: str = _key("")  # PEM of who signs its receipts; "" = they are not verified


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All of fognode.toml, and the folder that holds the credentials."""

    farm: Farm
    store: Store = Store()
    serial: Serial = Serial()
    page: Page = Page()
    analysis: Analysis = Analysis()
    ethernet: Ethernet | None = None
    mail: Mail | None = None
    pi: Pi | None = None
    cabinets: tuple[Cabinet, ...] = ()
    boards: tuple[Board, ...] = ()
    scanners: tuple[Scanner, ...] = ()
    readers: tuple[Reader, ...] = ()
    antennas: tuple[Antenna, ...] = ()
    cameras: tuple[Camera, ...] = ()
    places: tuple[Place, ...] = ()
    managers: tuple[Manager, ...] = ()
    chains: tuple[Chain, ...] = ()
    partners: tuple[Partner, ...] = ()
    regulators: tuple[Regulator, ...] = ()
    credentials: Path | None = None

    @property
    def folder(self) -> Path:
        """The folder of everything the node keeps (DIR in the documents)."""
        return Path(self.farm.folder)

    @property
    def zone(self) -> ZoneInfo:
        """The farm's time zone, for hours, dates and texts."""
        return ZoneInfo(self.farm.zone)

    @property
    def trial(self) -> bool:
        """Whether this is a trial, which clears up after itself."""
        return any(chain.trial for chain in self.chains)

    def has_secret(self, name: str) -> bool:
        """Tell whether a credential is there and not empty."""
        path = self.credentials / name if self.credentials else None
        return path is not None and path.is_file() and bool(path.read_text().strip())

    def secret(self, name: str) -> str:
        """Return a credential without its line end.

        Raises:
            ConfigError: There is no such credential.
        """
        if self.credentials is None or not (self.credentials / name).is_file():
            where = self.credentials or "$CREDENTIALS_DIRECTORY, which is not set"
            raise ConfigError(f"credential {name} is not in {where}; write it there, mode 0600")
        return (self.credentials / name).read_text().rstrip("\r\n")


SINGLE = {
    "farm": Farm,
    "store": Store,
    "serial": Serial,
    "ethernet": Ethernet,
    "page": Page,
    "analysis": Analysis,
    "mail": Mail,
    "pi": Pi,
}
REPEATED = {
    "cabinet": Cabinet,
    "board": Board,
    "scanner": Scanner,
    "reader": Reader,
    "antenna": Antenna,
    "camera": Camera,
    "place": Place,
    "manager": Manager,
    "chain": Chain,
    "partner": Partner,
    "regulator": Regulator,
}


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Read fognode.toml and find the credentials.

    Raises:
        ConfigError: The file is missing, is no TOML, or a key is unknown, missing or out
            of range; the message names the key and what it may hold.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 at byte {error.start}: save it as UTF-8") from error
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    return parse(tables, Path(credentials) if credentials else None)


def parse(tables: dict[str, Any], credentials: Path | None = None) -> Config:
    """Turn parsed TOML into a Config.

    Raises:
        ConfigError: As for ``load``.
    """
    known = sorted(SINGLE) + [f"[{name}]" for name in sorted(REPEATED)]
    if unknown := sorted(tables.keys() - SINGLE.keys() - REPEATED.keys()):
        raise ConfigError(f"unknown sections {unknown}; known: {known}")
    if "farm" not in tables:
        raise ConfigError("section [farm] is missing; it needs at least the key id")
    parts: dict[str, Any] = {
        name: _section(f"[{name}]", cls, tables[name])
        for name, cls in SINGLE.items()
        if name in tables
    }
    for name, cls in REPEATED.items():
        if not isinstance(tables.get(name, []), list):
            raise ConfigError(f"[{name}] can be repeated: write [[{name}]]")
        parts[f"{name}s"] = tuple(
            _section(f"[[{name}]] {place}", cls, table)
            for place, table in enumerate(tables.get(name, []), start=1)
        )
    config = Config(**parts, credentials=credentials)
    _check_whole(config)
    return config


def _section(where: str, cls: type[T], table: Any) -> T:
    if not isinstance(table, dict):
        raise ConfigError(f"{where} must be a table of keys")
    known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]  # always a dataclass
    if unknown := sorted(table.keys() - known.keys()):
        raise ConfigError(f"{where} has unknown keys {unknown}; known: {sorted(known)}")
    missing = [n for n, f in known.items() if f.default is MISSING and n not in table]
    if missing:
        raise ConfigError(f"{where} lacks the keys {missing}")
    kinds = get_type_hints(cls)
    return cls(
        **{name: _value(where, known[name], kinds[name], value) for name, value in table.items()}
    )


def _value(where: str, key: Field[Any], kind: Any, value: Any) -> Any:
    name = f"{where} key {key.name}"
    if kind in (str, int, bool):
        # type() and not isinstance(): true would pass as the number 1.
        if type(value) is not kind:
            raise ConfigError(f"{name} = {value!r} must be {kind.__name__}")
        _check_bounds(name, key.metadata, value)
        return value
    if not isinstance(value, list) or any(type(item) is not str for item in value):
        raise ConfigError(f"{name} = {value!r} must be a list of texts")
    return tuple(value)


def _check_bounds(name: str, bounds: Mapping[str, Any], value: Any) -> None:
    least, most = bounds.get("least"), bounds.get("most")
    if least is not None and most is not None and not least <= value <= most:
        raise ConfigError(f"{name} = {value} is not between {least} and {most}")
    if bounds.get("one_of") and value not in bounds["one_of"]:
        raise ConfigError(f"{name} = {value!r} is none of {', '.join(bounds['one_of'])}")
    if bounds.get("like") and not re.fullmatch(bounds["like"], value):
        raise ConfigError(f"{name} = {value!r} does not match {bounds['like']}")


def _check_whole(config: Config) -> None:
    try:
        ZoneInfo(config.farm.zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(f"[farm] key zone = {config.farm.zone!r} is no IANA zone") from error
    for name, ids in (
        ("cabinet", [c.id for c in config.cabinets]),
        ("board", [b.id for b in config.boards]),
        ("camera", [c.id for c in config.cameras]),
        ("place", [p.id for p in config.places]),
        ("chain", [c.name for c in config.chains]),
        ("partner", [p.id for p in config.partners]),
        ("regulator", [r.id for r in config.regulators]),
    ):
        if twice := sorted({i for i in ids if ids.count(i) > 1}):
            raise ConfigError(f"[[{name}]] names {twice} more than once")
    boards = {b.id for b in config.boards}
    for cabinet in config.cabinets:
        if cabinet.board not in boards:
            raise ConfigError(f"[[cabinet]] {cabinet.id} names board {cabinet.board!r}: no such")
        for span in cabinet.hours:
            seconds_of(span)
    _check_places(config)
    _check_inside(config)
    _check_antennas(config)
    _check_receipts(config)
    if len({c.chain_id for c in config.chains}) < len(config.chains):
        raise ConfigError("[[chain]] key chain_id must differ, or a step could be replayed")


def _check_places(config: Config) -> None:
    guarded = [cabinet.board for cabinet in config.cabinets]
    if twice := sorted({board for board in guarded if guarded.count(board) > 1}):
        raise ConfigError(f"[[cabinet]] key board names {twice} more than once")
    known = {place.id for place in config.places} | {cabinet.id for cabinet in config.cabinets}
    for place in config.places:
        if place.inside and place.inside not in known - {place.id}:
            raise ConfigError(f"[[place]] {place.id} key inside = {place.inside!r}: no such place")
    for board in config.boards:
        if board.link == "ethernet" and config.ethernet is None:
            raise ConfigError(f'[[board]] {board.id} has link = "ethernet": [ethernet] is missing')
        if board.place and board.place not in known:
            raise ConfigError(f"[[board]] {board.id} key place = {board.place!r}: no such place")


def _check_antennas(config: Config) -> None:
    known = {place.id for place in config.places} | {cabinet.id for cabinet in config.cabinets}
    boards = {board.id for board in config.boards}
    used = set[tuple[str, str]]()
    for one in config.antennas:
        name = f"[[antenna]] {one.sensor} of {one.board}"
        if one.board not in boards:
            raise ConfigError(f"{name}: there is no such [[board]]")
        if one.place not in known:
            raise ConfigError(f"{name} key place = {one.place!r}: no such place")
        if (one.board, one.sensor) in used:
            raise ConfigError(f"{name} is told more than once")
        used.add((one.board, one.sensor))
    for reader in config.readers:
        names = [one.sensor for one in config.antennas if one.board == reader.board]
        if wrong := [name for name in names if not ANTENNA.fullmatch(name)]:
            raise ConfigError(f"[[antenna]] {wrong} of {reader.board}: cables are A1 to A64")
        if not names:
            raise ConfigError(f"[[reader]] {reader.board} has no [[antenna]]")


def _check_inside(config: Config) -> None:
    """Check the boards inside the node: each is a board of its own, and known.

    Raises:
        ConfigError: One is not.
    """
    named = [("[pi]", config.pi.board)] if config.pi else []
    named += [("[[scanner]]", scanner.board) for scanner in config.scanners]
    named += [("[[reader]]", reader.board) for reader in config.readers]
    known = {board.id for board in config.boards if board.link != "ethernet"}
    used = set[str]()
    for where, board in named:
        if board not in known:
            raise ConfigError(
                f"{where} key board = {board!r}: no such [[board]], or one of the network"
            )
        if board in used:
            raise ConfigError(f"{where} key board = {board!r} is used by another part already")
        used.add(board)
    if config.pi:
        _check_pins(config.pi)
    for camera in config.cameras:
        if camera.cabinet not in {cabinet.id for cabinet in config.cabinets}:
            raise ConfigError(f"[[camera]] {camera.id} key cabinet = {camera.cabinet!r}: no such")
        _check_camera_board(camera, known - used)
        used.add(camera.board)


def _check_camera_board(camera: Camera, free: set[str]) -> None:
    name = f"[[camera]] {camera.id} key board"
    if camera.source.startswith("serial:") != bool(camera.board):
        raise ConfigError(f"{name}: is needed with source = serial:... and with no other")
    if camera.board and camera.board not in free:
        raise ConfigError(f"{name} = {camera.board!r}: no such [[board]], or used by another part")


def _check_pins(pi: Pi) -> None:
    for one, other in (("trigger_pin", "echo_pin"), ("weight_data_pin", "weight_clock_pin")):
        if bool(getattr(pi, one)) != bool(getattr(pi, other)):
            raise ConfigError(f"[pi] keys {one} and {other} go together")
    pins = [getattr(pi, key.name) for key in fields(Pi) if key.name.endswith("_pin")]
    used = sorted(pin for pin in pins if pin and (pi.tag_device >= 0 or pin != pi.tag_reset_pin))
    if twice := sorted({pin for pin in used if used.count(pin) > 1}):
        raise ConfigError(f"[pi] uses the pins {twice} more than once")
    if 0 <= pi.tag_device == pi.light_device:
        raise ConfigError("[pi] keys tag_device and light_device name one chip select")


def _check_receipts(config: Config) -> None:
    for regulator in config.regulators:
        if regulator.production and not regulator.receipt_cert:
            raise ConfigError(
                f"[[regulator]] {regulator.id} key receipt_cert is needed with production = true:"
                " anybody's answer would count as the authority's"
            )


def seconds_of(span: str) -> tuple[int, int]:
    """Return start and end, in seconds of the local day, of a span.

    "06:00-18:00", "22:00-05:30" (over midnight), "00:00-24:00" (always).

    Raises:
        ConfigError: The span is not written HH:MM-HH:MM or HH:MM:SS-HH:MM:SS.
    """
    ends = span.split("-")
    found = [HOURS.fullmatch(end) for end in ends]
    if len(ends) != 2 or None in found:
        raise ConfigError(f"hours {span!r} must be written like 06:00-18:00")
    start, end = (
        sum(int(part or 0) * unit for part, unit in zip(m.groups(), (3600, 60, 1), strict=True))
        for m in found
        if m
    )
    if max(start, end) > DAY_S or start == end:
        raise ConfigError(f"hours {span!r} go beyond 24:00, or are no time at all")
    return start, end
