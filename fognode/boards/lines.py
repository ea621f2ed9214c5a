"""All lines of the node: which ports need a link, which boards are silent, and how all are.

Silence belongs to the board, not to the port: a board that changes ports stays one board.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from glob import glob
from os.path import realpath

from fognode.boards.lane import Lane, Moment
from fognode.boards.link import Clock, Ground, Link, Offer
from fognode.config import Config
from fognode.events import Event, Kind, Row

SILENT_MS = 15_000  # three heartbeats


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorStatus:
    """The newest of one sensor."""

    sensor: str
    type: str
    unit: str
    value: int | None  # None = no reading yet
    heard_s: int | None  # seconds since it was read


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
            )
            for board in config.boards
        }
        self._ground = Ground(lanes=lanes, holders={}, offer=offer, clock=self._clock)
        self._links: dict[str, Link] = {}
        self._started = self._clock.now()
        self._silent: dict[str, bool] = {}  # absent = this run has not told yet

    def poll(self) -> list[Link]:
        """Tell of silent boards, and return new links for ports that have none."""
        for lane in self._ground.lanes.values():
            self._watch(lane)
        used = {realpath(path) for path in self._links}
        new = [
            Link(path, self._ground)
            for path in find_ports(self._patterns)
            if path not in self._links and realpath(path) not in used
        ]
        self._links.update({link.port: link for link in new})
        return new

    def status(self) -> list[LineStatus]:
        """Return a snapshot of every port and every configured board.  Any thread."""
        mono_ms = self._clock.mono_ms()
        known = tuple(self._links.values())  # poll may add one meanwhile
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

    # --- status --------------------------------------------------------------------------

    def _line(self, link: Link | None, lane: Lane | None, mono_ms: int) -> LineStatus:
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
            sensors=_sensors(lane, mono_ms) if lane else (),
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


def _sensors(lane: Lane, mono_ms: int) -> tuple[SensorStatus, ...]:
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
            )
        )
    return tuple(found)


def _seconds(mono_ms: int, then_mono_ms: int) -> int:
    return max(mono_ms - then_mono_ms, 0) // 1000
