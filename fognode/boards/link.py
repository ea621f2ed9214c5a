"""What every line has in common, whatever carries it: who speaks, what is owed, what is asked.

A board is who its hello says, never its port.  serial_port.py and socket_link.py carry it.
"""

import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from fognode.boards import wire
from fognode.boards.lane import Lane
from fognode.boards.told import Moment, Owed
from fognode.errors import FrameError
from fognode.events import Event, Json, Kind
from fognode.hashing import sha256

Offer = Callable[[Event, Callable[[int], None]], bool]

READ_S = 0.25  # the longest wait for bytes
GATHER_S = 0.01  # 115 bytes at 115,200 Bd: fewer, longer reads, and a bound on any flood
ASK_MS = 1_000  # between two queries
RIVAL_MS = 3_000  # a board heard for so long on two ports is there twice
NOISE_MS = 60_000
NOISE_FRAMES = 20  # fewer in a minute are the cut lines of an opened port
STRANGE_FRAMES = 600  # of boards that may not speak here; one that is not configured says fewer


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
    ethernet: frozenset[str] = frozenset()  # boards that are heard by Ethernet only
    lent: set[str] = field(default_factory=set)  # ports that a command uses meanwhile


class Link:
    """The conversation on one line; owned by the thread that reads it."""

    def __init__(self, port: str, ground: Ground) -> None:
        self.port = port
        self.is_open = False
        self.frames = 0
        self.bad_frames = 0
        self.unknown = 0  # frames of boards that may not speak here
        self.lane: Lane | None = None
        self._ground = ground
        # Heard and not yet taken by the store, with the lane it was heard on.
        self._owed: deque[tuple[Owed, Lane | None]] = deque()
        self._asked_mono_ms = -ASK_MS
        self._stranger: tuple[str, int] | None = None  # last unknown board and boot told
        self._rival_mono_ms = -1  # since when a board held by another port speaks here
        self._rival_told = False
        # Start of the minute, bad and unknown frames at it.
        self._noise = (ground.clock.mono_ms(), 0, 0)

    def _wake(self) -> None:
        """End the reader's wait for bytes: there is something to settle.  Any thread."""

    # --- events up, orders down ----------------------------------------------------------

    def hand_up(self) -> bool:
        """Offer what is owed, in order; False = not all of it was taken.

        Nothing is to be read before all is taken: this bounds the memory.
        """
        while self._owed:
            owed, lane = self._owed[0]
            if not self._ground.offer(owed.event, partial(self._committed, owed, lane)):
                return False
            self._owed.popleft()
        return True

    def let_go(self) -> bool:
        """Hand up what was heard, then let go of the board; False = not all of it was taken.

        Not before: who holds the board next would hand up what is newer, and the record would
        have it in the wrong order.
        """
        if self.lane:
            self.lane.leave()
        if not self.hand_up():
            return False
        if self.lane:
            self._ground.holders.pop(self.lane.board, None)
            self.lane = None
        return True

    def _committed(self, owed: Owed, lane: Lane | None, _seq: int) -> None:
        # On the store thread: the line thread does the rest.
        if owed.kept and lane:
            lane.settled.append(owed.kept)
            self._wake()

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
        return self._query()

    def _query(self) -> bytes | None:
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
        if not self.let_go():
            return  # it is asked again, and says hello again
        lane = self._ground.lanes.get(hello.board)
        if lane is None or hello.protocol != wire.PROTOCOL:
            self._tell_stranger(hello, at)
        # setdefault is one step: two links cannot both win a board.
        elif self._ground.holders.setdefault(hello.board, self.port) == self.port:
            self.lane = lane
            self._rival_mono_ms = -1
        else:
            self._tell_rival(lane, at)

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
        started_mono_ms, before, strange_before = self._noise
        at = self._ground.clock.now()
        if at.mono_ms - started_mono_ms < NOISE_MS:
            return
        bad, strange = self.bad_frames - before, self.unknown - strange_before
        self._noise = (at.mono_ms, self.bad_frames, self.unknown)
        if bad < NOISE_FRAMES and strange < STRANGE_FRAMES:
            return
        facts: dict[str, Json] = {
            "board": self.lane.board if self.lane else "",
            "place": self.lane.place if self.lane else "",
            "what": "bad_frames",
            "reason": "noise, or a sender that is no board",
            "value": self.port,
            "count": bad + strange,
        }
        self._tell(Kind.REJECTED, f"bad_frames/{_port_mark(self.port)}", at, facts)

    def _tell(self, kind: Kind, name: str, at: Moment, facts: dict[str, Json]) -> None:
        origin = f"n/{name}/{at.wall_ms}"
        event = Event(kind=kind, origin=origin, happened_at_ms=at.wall_ms, facts=facts)
        self._owed.append((Owed(event), None))


def _port_mark(port: str) -> str:
    # A path may hold letters that an origin cannot.
    return sha256(port.encode(errors="surrogateescape")).hex()[:16]
