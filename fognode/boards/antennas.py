"""A long-range (UHF) tag reader as a board: each antenna is a sensor with a place of its own.

It speaks on a serial port, or the fog connects to it by TCP; the lines are those of
sightings.py, which a small adapter makes of a maker's own protocol.  What is no sighting, or of
an antenna that is not configured, is counted as a bad frame; many of them, more tags than are
followed, and a reader that is away are faults of every antenna, told once and once when over.
While a reader is away its tags are neither in nor out.

By TCP whoever answers at the address is believed: the reader's network must be its own.
"""

import socket
from collections.abc import Mapping

from fognode.boards.reader_loop import CdcPort, ReaderLoop, Source
from fognode.boards.sightings import MAX_LINE, Presence, Said, read_sighting
from fognode.boards.wired import CROWDED, WORKS, Sensor, Wired
from fognode.errors import FrameError

KIND = "reader"
NOISE = -4  # fault code: what comes is no sighting
NOISE_LINES, NOISE_MS = 20, 60_000
READ_MOST = 8192  # bytes a turn
CONNECT_S = 3.0
# A reader that sees nothing may be silent for days: after so long without any answer of its
# network the connection is given up.
ALIVE_S, ALIVE_GAP_S, ALIVE_TRIES = 10, 5, 3


class TcpSource:
    """A reader that waits for a connection; ``path`` is HOST:PORT."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Connect; OSError while it is away."""
        host, _, port = self.path.rpartition(":")
        made = socket.create_connection((host, int(port)), CONNECT_S)
        for option, value in (
            (socket.TCP_KEEPIDLE, ALIVE_S),
            (socket.TCP_KEEPINTVL, ALIVE_GAP_S),
            (socket.TCP_KEEPCNT, ALIVE_TRIES),
        ):
            made.setsockopt(socket.IPPROTO_TCP, option, value)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._socket = made

    def read(self, wait_s: float) -> bytes:
        """Return what came within ``wait_s``.

        Raises:
            OSError: It was never opened.
            ConnectionResetError: The reader hung up.
        """
        if self._socket is None:
            raise OSError("not connected")
        self._socket.settimeout(wait_s)
        try:
            piece = self._socket.recv(READ_MOST)
        except TimeoutError:
            return b""
        if not piece:
            raise ConnectionResetError(f"{self.path} closed the connection")
        return piece

    def close(self) -> None:
        """Let go of the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def source_of(port: str) -> Source:
    """Return where a reader's lines come from: a path of a serial port, or HOST:PORT."""
    return CdcPort(port) if port.startswith("/") else TcpSource(port)


def antenna_sensors(names: Mapping[int, str]) -> tuple[Sensor, ...]:
    """Return the sensors of a reader's antennas."""
    return tuple(Sensor(name=name, type="tag", unit="uid", period_ms=0) for name in names.values())


class AntennaReader(ReaderLoop):
    """The loop of one tag reader's thread."""

    def __init__(self, source: Source, board: Wired, presence: Presence) -> None:
        super().__init__(source, board, tuple(presence.sensors.values()))
        self._presence = presence
        self._bad: tuple[int, int] = (0, 0)  # begin of the minute, bad lines at it
        self._noisy = False

    def _lose(self, error: Exception) -> None:
        super()._lose(error)
        self._presence.stand_still(self.board.ms())

    def _hear(self, piece: bytes) -> None:
        ms = self.board.ms()
        *lines, rest = (self._rest + piece.replace(b"\r", b"")).split(b"\n")
        self._rest = rest[:MAX_LINE]  # one byte too many: it is refused, not cut to size
        for line in lines:
            self._take(ms, line[:MAX_LINE])
        self._tell(self._presence.pass_time(ms))
        self._watch_noise(ms)
        if self._noisy:
            self._say(NOISE, "reader_noise")
        elif self._presence.crowded:
            self._say(CROWDED, "reader_crowded")
        else:
            self._say(WORKS, "reader_works")

    def _take(self, ms: int, line: bytes) -> None:
        try:
            sighting = read_sighting(line)
        except FrameError:
            self.board.bad_frames += 1
            return
        if sighting is None:
            return
        if self._presence.knows(sighting):
            self._tell(self._presence.take(ms, sighting))
        else:
            self.board.bad_frames += 1

    def _tell(self, said: Said) -> None:
        for sensor, word, epc, ms in said:
            self.board.happen(sensor, word, epc, ms)

    def _watch_noise(self, ms: int) -> None:
        began_ms, before = self._bad
        bad = self.board.bad_frames - before
        if ms - began_ms >= NOISE_MS:
            self._bad = ms, self.board.bad_frames
            self._noisy = bad >= NOISE_LINES
        else:
            self._noisy = self._noisy or bad >= NOISE_LINES
