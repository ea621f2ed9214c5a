"""One TCP connection of a board: nothing it says counts until it has proved its key.

    board                                 fog
    connects, H without a MAC  --------->  is this board allowed?  no: refused, closed
                               <---------  Q with a nonce of this connection, with its MAC
    H, D .., E .. each with a MAC ------>  the first H that is right takes the lane

Before that H only a plain H is taken, and it changes nothing but whose key is tried.  Three
lines with a wrong MAC, or that were heard before, end the connection.  Owned by the thread
of listener.py.
"""

import contextlib
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass

from fognode.boards import tags, wire
from fognode.boards.link import ASK_MS, NOISE_FRAMES, Ground, Link
from fognode.boards.meaning import ms_ahead
from fognode.boards.told import Moment
from fognode.errors import FrameError

READ_MOST = 4096  # bytes a turn: 400 KB/s with the listener's pause, far above any board
IDLE_MS = 20_000  # four heartbeats
STRANGER_MS = 10_000  # to prove the key
STRANGER_FRAMES = 20  # said before it is proved
FORGED_MOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What a connection asks the listener."""

    key_of: Callable[[str], bytes | None]  # None = this board may not speak by Ethernet
    refuse: Callable[[str, str, str], None]  # what, board, peer: counted and told
    displace: Callable[[str], None]  # the connection of this name must go
    wake: Callable[[], None]


class SocketLink(Link):
    """The conversation with who connected from ``peer``."""

    def __init__(
        self, connection: socket.socket, peer: tuple[str, int], door: Door, ground: Ground
    ) -> None:
        super().__init__(f"tcp/{peer[0]}:{peer[1]}", ground)
        self.address = peer[0]
        self.proved = False
        self.is_open = True
        self._socket = connection
        self._socket.setblocking(False)
        self._splitter = wire.Splitter()
        self._door = door
        self._board = ""  # whose key is tried
        self._key = b""
        self._nonce = secrets.token_bytes(8)
        self._forged = 0
        self._strange = 0
        self._hello: wire.Hello | None = None  # the newest that was proved
        self._newest_ms = 0  # the board's clock in its newest frame
        self._heard_mono_ms = ground.clock.mono_ms()

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """Let go of the socket, and of the board once what was heard is handed up."""
        self.let_go()
        self.is_open = False
        with contextlib.suppress(OSError):
            self._socket.close()

    def read(self, at: Moment) -> None:
        """Take what waits on the socket."""
        try:
            piece = self._socket.recv(READ_MOST)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self.close()
        for line in self._splitter.lines(piece):
            if self.is_open:
                self._take(line, at)

    def write(self) -> None:
        """Send the next order, if one is due; who does not read is let go."""
        if self.lane:
            self.lane.settle()
        order = self._next_order()
        if order is None:
            return
        line = tags.put_on(order, self._key, self._nonce, tags.TO_BOARD)
        try:
            if self._socket.send(line) < len(line):
                self.close()
        except OSError:
            self.close()

    def watch(self, mono_ms: int) -> None:
        """Close a connection that is silent, proves nothing, or whose board is retired."""
        limit_ms = IDLE_MS if self.proved else STRANGER_MS
        if mono_ms - self._heard_mono_ms > limit_ms:
            self.close()
        elif self.proved and self._door.key_of(self._board) is None:
            self._turn_away("not_enrolled")

    def hold_off(self, at: Moment) -> None:
        """Note that not reading is our doing, not the board's silence."""
        self._heard_mono_ms = at.mono_ms
        if self.lane:
            self.lane.heard = at

    def _wake(self) -> None:
        self._door.wake()

    def _query(self) -> bytes | None:
        return wire.query(self._board, self._nonce) if self._board else None

    # --- what a line is worth ------------------------------------------------------------

    def _take(self, line: bytes, at: Moment) -> None:
        try:
            told = tags.take_off(line)
            frame = wire.decode(told.plain)
        except FrameError as error:
            self._hear(error, at)
            if self.bad_frames >= NOISE_FRAMES:
                self._turn_away("noise")
            return
        if not (told.mac or self.proved):
            self._listen(frame, at)
        elif frame.board != self._board or not told.is_of(self._key, self._nonce, tags.TO_FOG):
            self._forge("bad_mac")
        elif self._is_replayed(frame):
            self._forge("replayed")
        else:
            self._believe(frame, at)

    def _listen(self, frame: wire.Frame, at: Moment) -> None:
        """Take a line of somebody who has proved nothing: a hello says whose key to try."""
        self._strange += 1
        self.unknown += 1
        if self._strange > STRANGER_FRAMES:
            self._turn_away("noise")
        if not isinstance(frame, wire.Hello) or frame.board == self._board:
            return
        key = self._door.key_of(frame.board)
        if key is None or self._board or frame.protocol != wire.PROTOCOL:
            self._turn_away("unknown_board" if key is None else "contradicts", frame.board)
            return
        self._board, self._key = frame.board, key
        self._asked_mono_ms = at.mono_ms - ASK_MS

    def _is_replayed(self, frame: wire.Frame) -> bool:
        """Tell whether an earlier line of this connection came again.

        A board's lines but E carry its clock at sending, so it never goes back; a start of the
        board is another connection.  An E that comes again is a resend: the lane knows it.
        """
        if isinstance(frame, wire.BoardEvent) or self._hello is None:
            return False
        return frame.boot != self._hello.boot or ms_ahead(frame.ms, self._newest_ms) < 0

    def _believe(self, frame: wire.Frame, at: Moment) -> None:
        self._heard_mono_ms = at.mono_ms
        if not isinstance(frame, wire.BoardEvent):
            self._newest_ms = frame.ms
        if isinstance(frame, wire.Hello):
            self._hello, self.proved = frame, True
        self._hear(frame, at)

    def _meet(self, hello: wire.Hello, at: Moment) -> None:
        holder = self._ground.holders.get(hello.board, self.port)
        if holder != self.port:
            # It has proved its key: the other connection is what a restart left behind.
            self._door.displace(holder)
        super()._meet(hello, at)

    def _forge(self, what: str) -> None:
        self.bad_frames += 1
        self._forged += 1
        self._door.refuse(what, self._board, self.address)
        if self._forged >= FORGED_MOST:
            self.close()

    def _turn_away(self, what: str, board: str = "") -> None:
        self._door.refuse(what, board or self._board, self.address)
        self.close()
