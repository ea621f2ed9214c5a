"""One serial port: open it, read it, write orders, open it again.  The only importer of serial.

A board is who its hello says, never its path.  Opening a port resets an Uno; so it is opened
with DTR off, and again only when it was lost.  ``readline`` of pyserial costs 330 us a line,
so what waits is read whole and cut by ``wire.Splitter``.
"""

import contextlib
import logging
import secrets
import termios
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import serial

from fognode.boards import wire
from fognode.boards.lane import Lane, Moment, Owed
from fognode.errors import FrameError
from fognode.events import Event, Json, Kind
from fognode.hashing import sha256

Offer = Callable[[Event, Callable[[int], None]], bool]

BAUD = 115_200
READ_S = 0.25
REOPEN_S = 0.5
BLOCKED_S = 0.05
GATHER_S = 0.01  # 115 bytes at 115,200 Bd: fewer, longer reads, and a bound on any flood
ASK_MS = 1_000  # between two queries
WRITE_GAP_S = 0.02  # a board may be deaf for 6 ms and holds 64 bytes
RIVAL_MS = 3_000  # a board heard for so long on two ports is there twice
NOISE_MS = 60_000
NOISE_FRAMES = 20  # fewer in a minute are the cut lines of an opened port

log = logging.getLogger(__name__)


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def _mono_ms() -> int:
    return time.monotonic_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The two clocks; tests hand in their own."""

    wall_ms: Callable[[], int] = _wall_ms
    mono_ms: Callable[[], int] = _mono_ms

    def now(self) -> Moment:
        """Return this moment by both clocks."""
        return Moment(wall_ms=self.wall_ms(), mono_ms=self.mono_ms())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all links share."""

    lanes: Mapping[str, Lane]  # one per configured board
    holders: dict[str, str]  # board: port whose link owns the lane
    offer: Offer
    clock: Clock


class Link:
    """The loop of one line thread.

    ``run`` may be called again after it raised; the lane it held is free then.
    """

    def __init__(self, port: str, ground: Ground) -> None:
        self.port = port
        self.is_open = False
        self.frames = 0
        self.bad_frames = 0
        self.unknown = 0  # frames of boards that may not speak here
        self.lane: Lane | None = None
        self._ground = ground
        self._serial = self._new_port()
        self._wake_lock = threading.Lock()
        self._splitter = wire.Splitter()
        # Heard and not yet taken by the store, with the lane it was heard on.
        self._owed: deque[tuple[Owed, Lane | None]] = deque()
        self._asked_mono_ms = -ASK_MS
        self._stranger: tuple[str, int] | None = None  # last unknown board and boot told
        self._rival_mono_ms = -1  # since when a board held by another port speaks here
        self._rival_told = False
        self._noise = (ground.clock.mono_ms(), 0)  # start of the minute, bad frames at it
        self._lost_logged = False

    def run(self, stop: threading.Event) -> None:
        """Serve the port until ``stop`` is set; a port that is away is tried again."""
        while not stop.is_set():
            try:
                # What was heard must not wait for a port that may never come back.
                if self._hand_up():
                    self._open()
                while self.is_open and not stop.is_set():
                    self._turn(stop)
            except (OSError, termios.error) as error:  # SerialException is an OSError
                if not self._lost_logged:
                    log.warning("event=line_lost port=%s error=%r", self.port, str(error))
                self._lost_logged = True
            finally:
                self._close()
            stop.wait(REOPEN_S)

    # --- port ----------------------------------------------------------------------------

    def _new_port(self) -> serial.Serial:
        port = serial.Serial(
            baudrate=BAUD, timeout=READ_S, write_timeout=READ_S, exclusive=True, rtscts=False
        )
        port.port = self.port
        port.dtr = False  # before open: on a pty it cannot be set later (ENOTTY)
        return port

    def _open(self) -> None:
        self._serial.open()
        # Or closing the port would drop DTR and reset the board at the next opening.
        fields = termios.tcgetattr(self._serial.fileno())
        fields[2] &= ~termios.HUPCL
        termios.tcsetattr(self._serial.fileno(), termios.TCSANOW, fields)
        self._splitter = wire.Splitter()
        self.is_open = True
        if self._lost_logged:
            log.warning("event=line_back port=%s", self.port)
        self._lost_logged = False

    def _close(self) -> None:
        self._part()
        self._rival_mono_ms, self._rival_told = -1, False
        self.is_open = False
        with self._wake_lock, contextlib.suppress(OSError):
            self._serial.close()

    def _wake(self) -> None:
        with self._wake_lock:
            if self._serial.is_open:
                self._serial.cancel_read()

    # --- one turn ------------------------------------------------------------------------

    def _turn(self, stop: threading.Event) -> None:
        if self.lane:
            self.lane.settle()
        self._write_order(stop)
        if not self._hand_up():
            # Not reading is our doing, not the board's silence.
            if self.lane:
                self.lane.heard = self._ground.clock.now()
            stop.wait(BLOCKED_S)
            return
        piece = self._serial.read(self._serial.in_waiting or 1)
        if piece:
            at = self._ground.clock.now()
            for told in self._splitter.feed(piece):
                self._hear(told, at)
            stop.wait(GATHER_S)
        self._watch_noise()

    def _hand_up(self) -> bool:
        # In order, and nothing is read before all is taken: this bounds the memory.
        while self._owed:
            owed, lane = self._owed[0]
            if not self._ground.offer(owed.event, partial(self._committed, owed, lane)):
                return False
            self._owed.popleft()
        return True

    def _committed(self, owed: Owed, lane: Lane | None, _seq: int) -> None:
        # On the store thread: the line thread does the rest.
        if owed.kept and lane:
            lane.settled.append(owed.kept)
            self._wake()

    def _write_order(self, stop: threading.Event) -> None:
        order = self._next_order()
        if order is None:
            return
        # One frame may be cut when the board does not read; the next one begins with "$".
        with contextlib.suppress(serial.SerialTimeoutException):
            self._serial.write(order)
        stop.wait(WRITE_GAP_S)

    def _next_order(self) -> bytes | None:
        lane = self.lane
        if lane and lane.ack:
            lane.ack = False
            if order := lane.order():
                return wire.ack(lane.board, *order)
        mono_ms = self._ground.clock.mono_ms()
        is_settled = lane is not None and lane.ready and not lane.ask
        if is_settled or mono_ms - self._asked_mono_ms < ASK_MS:
            return None
        self._asked_mono_ms = mono_ms
        # Not by name: after a change of plugs another board may listen here.
        return wire.query(wire.ANY_BOARD, secrets.token_bytes(8))

    # --- frames --------------------------------------------------------------------------

    def _hear(self, told: wire.Frame | FrameError, at: Moment) -> None:
        if isinstance(told, FrameError):
            self.bad_frames += 1
            if self.lane:
                self.lane.noise()
            return
        self.frames += 1
        if isinstance(told, wire.Hello):
            self._meet(told, at)
        if self.lane and told.board == self.lane.board:
            self._owed.extend((owed, self.lane) for owed in self.lane.hear(told, at))
            return
        self.unknown += told.board not in self._ground.lanes
        if self.lane:
            self.lane.ask = True

    def _meet(self, hello: wire.Hello, at: Moment) -> None:
        if self.lane and self.lane.board == hello.board:
            return
        self._part()
        lane = self._ground.lanes.get(hello.board)
        if lane is None or hello.protocol != wire.PROTOCOL:
            self._tell_stranger(hello, at)
        # setdefault is one step: two links cannot both win a board.
        elif self._ground.holders.setdefault(hello.board, self.port) == self.port:
            self.lane = lane
            self._rival_mono_ms = -1
        else:
            self._tell_rival(lane, at)

    def _part(self) -> None:
        if self.lane:
            self.lane.leave()
            self._ground.holders.pop(self.lane.board, None)
            self.lane = None

    def _tell_stranger(self, hello: wire.Hello, at: Moment) -> None:
        if self._stranger == (hello.board, hello.boot):
            return  # it answers every query with a hello
        self._stranger = (hello.board, hello.boot)
        facts: dict[str, Json] = {
            "board": hello.board,
            "place": "",
            "port": self.port,
            "kind": hello.kind,
            "version": hello.version,
            "protocol": hello.protocol,
        }
        self._tell(Kind.BOARD_UNKNOWN, f"board_unknown/{hello.board}", at, facts)

    def _tell_rival(self, lane: Lane, at: Moment) -> None:
        # A board that changed ports speaks here before the old port notices: wait, and look
        # whether the holder still hears it too.
        if self._rival_mono_ms < 0:
            self._rival_mono_ms = at.mono_ms
        waited_ms = at.mono_ms - self._rival_mono_ms
        still_heard = lane.heard is not None and lane.heard.mono_ms > self._rival_mono_ms + ASK_MS
        if self._rival_told or waited_ms < RIVAL_MS or not still_heard:
            return
        self._rival_told = True
        facts: dict[str, Json] = {
            "board": lane.board,
            "place": lane.place,
            "what": "on_two_ports",
            "port": self.port,
            "held_by": self._ground.holders.get(lane.board, ""),
        }
        self._tell(Kind.BOARD_CONTRADICTS, f"board_twice/{lane.board}", at, facts)

    def _watch_noise(self) -> None:
        started_mono_ms, before = self._noise
        at = self._ground.clock.now()
        if at.mono_ms - started_mono_ms < NOISE_MS:
            return
        self._noise = (at.mono_ms, self.bad_frames)
        if self.bad_frames - before < NOISE_FRAMES:
            return
        facts: dict[str, Json] = {
            "board": self.lane.board if self.lane else "",
            "place": self.lane.place if self.lane else "",
            "what": "bad_frames",
            "reason": "noise, or a sender that is no board",
            "value": self.port,
            "count": self.bad_frames - before,
        }
        self._tell(Kind.REJECTED, f"bad_frames/{_port_mark(self.port)}", at, facts)

    def _tell(self, kind: Kind, name: str, at: Moment, facts: dict[str, Json]) -> None:
        origin = f"n/{name}/{at.wall_ms}"
        event = Event(kind=kind, origin=origin, happened_at_ms=at.wall_ms, facts=facts)
        self._owed.append((Owed(event), None))


def _port_mark(port: str) -> str:
    # A path may hold letters that an origin cannot.
    return sha256(port.encode(errors="surrogateescape")).hex()[:16]
