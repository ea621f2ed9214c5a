"""All lines of the node: which ports need a link, which boards are silent, and how all are.

Silence belongs to the board, not to the port: a board that changes ports stays one board.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from glob import glob
from os.path import realpath

from fognode.boards.calibration import Scale, weight_on
from fognode.boards.camera_link import camera_links
from fognode.boards.lane import Lane
from fognode.boards.link import Clock, Ground, Link, Offer
from fognode.boards.listener import Listener
from fognode.boards.replays import Kept
from fognode.boards.serial_port import SerialLink
from fognode.boards.starts import Past
from fognode.boards.told import Moment
from fognode.boards.watch import DRIFT, Doubt, Watch
from fognode.boards.wire import Declare
from fognode.boards.wired import Sensor, Wired
from fognode.config import Config, Ethernet
from fognode.events import Event, Json, Kind, Row

SILENT_MS = 15_000  # three heartbeats
DOUBTS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorStatus:
    """The newest of one sensor."""

    sensor: str
    type: str
    unit: str
    value: int | None  # None = no reading yet
    heard_s: int | None  # seconds since it was read
    grams: int | None = None  # on a scale since it was tared; None = no scale, never tared
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStatus:
    """One line for the page: a port, a board, or both."""

    port: str  # "" = the board speaks on no port
    is_open: bool
    board: str  # "" = nobody has said hello
    place: str
    kind: str
    version: str
    is_silent: bool
    heard_s: int | None  # seconds since the last intact frame
    sensors: tuple[SensorStatus, ...]
    frames: int
    bad_frames: int
    unknown: int
    rejected: int
    repeated: int
    gaps: int
    lost: int
    pending: int  # handed to the store, not yet kept


def find_ports(patterns: Sequence[str]) -> list[str]:
    """Return the paths that match, each device once."""
    found: dict[str, str] = {}
    for pattern in patterns:
        for path in sorted(glob(pattern)):  # noqa: PTH207 - Path.glob takes no whole paths
            found.setdefault(realpath(path), path)
    return list(found.values())


class Lines:
    """The links and lanes of one node.

    The daemon calls ``poll`` every second and runs each Link it returns on a thread of its
    own, until the node stops.
    """

    def __init__(
        self,
        config: Config,
        offer: Offer,
        progress: Callable[[str], tuple[int, int]],
        clock: Clock | None = None,
        keep_sample: Callable[[Row], None] = lambda _row: None,
    ) -> None:
        self._patterns = config.serial.ports
        self._clock = clock or Clock()
        cabinets = {cabinet.board: cabinet.id for cabinet in config.cabinets}
        lanes = {
            board.id: Lane(
                board=board.id,
                place=board.place or cabinets.get(board.id, ""),
                counts_per_kg=board.counts_per_kg,
                progress=progress,
                keep_sample=keep_sample,
                places={a.sensor: a.place for a in config.antennas if a.board == board.id},
            )
            for board in config.boards
        }
        self._ground = Ground(
            lanes=lanes,
            holders={},
            offer=offer,
            clock=self._clock,
            ethernet=frozenset(board.id for board in config.boards if board.link == "ethernet"),
        )
        self._listener: Listener | None = None
        self._links: dict[str, SerialLink] = {}
        self.cameras = camera_links(config.cameras, self._ground)  # those that are boards
        self._wired: list[Wired] = []
        readers = [one.port for one in config.scanners] + [one.port for one in config.readers]
        readers += [link.port for link in self.cameras.values()]
        self._readers = tuple(port for port in readers if port.startswith("/"))
        self._left: set[str] = set()  # ports of boards where a reader is now
        self._lent: set[str] = set()  # ports that a command borrowed
        self._started = self._clock.now()
        self._silent: dict[str, bool] = {}  # absent = this run has not told yet
        self._watches = {board: Watch() for board in lanes}
        self._doubts: deque[Event] = deque(maxlen=DOUBTS)  # that the store has not taken yet

    def recall(self, past: Callable[[str, int], Past]) -> None:
        """Take whom to ask how far an earlier start of a board is kept; before the first poll."""
        for lane in self._ground.lanes.values():
            lane.past = past

    def remember(self, kept: Kept) -> None:
        """Take whom to ask for a kept event by its origin; before the first poll."""
        for lane in self._ground.lanes.values():
            lane.kept = kept

    def calibrate(self, scale: Callable[[str, str], Scale]) -> None:
        """Take whom to ask what the record says of a scale; before the first poll."""
        for lane in self._ground.lanes.values():
            lane.scale = scale

    def poll(self) -> list[SerialLink]:
        """Tell of silent boards, and return new links for ports that have none."""
        for lane in self._ground.lanes.values():
            self._watch(lane)
            self._doubt(lane)
        while self._doubts and self._ground.offer(self._doubts[0], lambda _seq: None):
            self._doubts.popleft()
        self._leave_to_readers()
        used = {realpath(path) for path in (*self._links, *self._readers)}
        new: list[SerialLink] = [
            link for link in self.cameras.values() if link.port not in self._links
        ]
        new += [
            SerialLink(path, self._ground)
            for path in find_ports(self._patterns)
            if path not in self._links and realpath(path) not in used
        ]
        self._links.update({link.port: link for link in new})
        return new

    def wire(self, port: str, kind: str, sensors: Sequence[Sensor], board: str) -> Wired:
        """Return a new board inside the node: a configured one, that is heard nowhere else."""
        made = Wired(port, kind, sensors, board, self._ground)
        self._wired.append(made)
        return made

    def listen(self, ethernet: Ethernet, key_of: Callable[[str], bytes | None]) -> Listener:
        """Return who serves the boards of the network; the daemon runs it on a thread."""
        self._listener = Listener(ethernet, self._ground, key_of)
        return self._listener

    def lend(self, port: str) -> None:
        """Leave a port to a command; "" = none, and the one before is ours again."""
        lent = {path for path in self._links if port and realpath(path) == realpath(port)}
        self._ground.lent.difference_update(self._lent - lent - self._left)
        self._ground.lent.update(lent)
        self._lent = lent

    def _leave_to_readers(self) -> None:
        """Keep off the ports where readers and cameras are by now: plugs change places."""
        theirs = {realpath(path) for path in self._readers}
        others = self._links.keys() - set(self._readers)  # a camera's own link stays
        for path in others:
            if realpath(path) in theirs:
                self._ground.lent.add(path)
            elif path in self._left:
                self._ground.lent.discard(path)
        self._left = {path for path in others if realpath(path) in theirs}

    def status(self) -> list[LineStatus]:
        """Return a snapshot of every port and every configured board.  Any thread."""
        mono_ms = self._clock.mono_ms()
        by_net = self._listener.links if self._listener else ()
        known: tuple[Link | Wired, ...] = (
            *self._wired,
            *self._links.values(),
            *by_net,
        )  # poll may add one meanwhile
        links = [self._line(link, link.lane, mono_ms) for link in known]
        spoken = {line.board for line in links}
        lanes = [lane for lane in self._ground.lanes.values() if lane.board not in spoken]
        return links + [self._line(None, lane, mono_ms) for lane in lanes]

    # --- silence -------------------------------------------------------------------------

    def _watch(self, lane: Lane) -> None:
        now = self._clock.now()
        since = lane.heard or self._started
        quiet_ms = max(now.mono_ms - since.mono_ms, 0)
        is_silent = quiet_ms > SILENT_MS
        if self._silent.get(lane.board) == is_silent or not (lane.heard or is_silent):
            return
        # The first word of each run is told too: an alert of the run before may still be open.
        kind = Kind.BOARD_SILENT if is_silent else Kind.BOARD_HEARD
        if self._ground.offer(_silence(kind, lane, now, quiet_ms), lambda _seq: None):
            self._silent[lane.board] = is_silent

    def _doubt(self, lane: Lane) -> None:
        """Tell which sensors of a board are to be doubted from now on, or no more."""
        now = self._clock.now()
        heard = lane.heard is not None and now.mono_ms - lane.heard.mono_ms <= SILENT_MS
        if not (heard and lane.ready):
            self._watches[lane.board].look(now.mono_ms, False, {})
            return
        for doubt in self._watches[lane.board].look(now.mono_ms, heard, lane.seen()):
            self._doubts.append(_doubted(doubt, lane, now))

    # --- status --------------------------------------------------------------------------

    def _line(self, link: Link | Wired | None, lane: Lane | None, mono_ms: int) -> LineStatus:
        hello = lane.hello if lane else None
        return LineStatus(
            port=link.port if link else "",
            is_open=link.is_open if link else False,
            board=lane.board if lane else "",
            place=lane.place if lane else "",
            kind=hello.kind if hello else "",
            version=hello.version if hello else "",
            is_silent=self._silent.get(lane.board, False) if lane else False,
            heard_s=_seconds(mono_ms, lane.heard.mono_ms) if lane and lane.heard else None,
            sensors=_sensors(lane, mono_ms, self._watches[lane.board]) if lane else (),
            frames=link.frames if link else 0,
            bad_frames=link.bad_frames if link else 0,
            unknown=link.unknown if link else 0,
            rejected=lane.counters.rejected if lane else 0,
            repeated=lane.counters.repeated if lane else 0,
            gaps=lane.counters.gaps if lane else 0,
            lost=lane.counters.lost if lane else 0,
            pending=lane.waiting if lane else 0,
        )


def _silence(kind: Kind, lane: Lane, now: Moment, quiet_ms: int) -> Event:
    return Event(
        kind=kind,
        origin=f"n/{kind}/{lane.board}/{now.wall_ms}",
        happened_at_ms=now.wall_ms,
        facts={"board": lane.board, "place": lane.place, "silent_s": quiet_ms // 1000},
    )


def _doubted(doubt: Doubt, lane: Lane, now: Moment) -> Event:
    kind = Kind.SENSOR_DOUBTED if doubt.begins else Kind.SENSOR_TRUSTED
    facts: dict[str, Json] = {
        "board": lane.board,
        "place": lane.places.get(doubt.sensor, lane.place),
        "sensor": doubt.sensor,
        "what": doubt.what,
    }
    if doubt.begins:
        facts["value"] = doubt.value
    if doubt.begins and doubt.what == DRIFT:
        facts["reference"] = doubt.reference
    return Event(
        kind=kind,
        origin=f"n/{kind}/{lane.board}/{doubt.sensor}/{doubt.what}/{now.wall_ms}",
        happened_at_ms=now.wall_ms,
        facts=facts,
    )


def _sensors(lane: Lane, mono_ms: int, watch: Watch) -> tuple[SensorStatus, ...]:
    found = []
    for declared in tuple(lane.sensors.values()):  # the line thread may add one meanwhile
        value, read_mono_ms = lane.values.get(declared.sensor, (None, None))
        found.append(
            SensorStatus(
                sensor=declared.sensor,
                type=declared.type,
                unit=declared.unit,
                value=value,
                heard_s=_seconds(mono_ms, read_mono_ms) if read_mono_ms is not None else None,
                grams=_grams(lane, declared, value),
                doubts=watch.doubts_of(declared.sensor),
            )
        )
    return tuple(found)


def _grams(lane: Lane, declared: Declare, value: int | None) -> int | None:
    if value is None or declared.type != "weight":
        return None
    return weight_on(lane.scale(lane.board, declared.sensor), value, lane.counts_per_kg)


def _seconds(mono_ms: int, then_mono_ms: int) -> int:
    return max(mono_ms - then_mono_ms, 0) // 1000
