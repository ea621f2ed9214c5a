"""A long-range tag reader of our own on 127.0.0.1: tags stand before antennas, it tells of them.

It speaks the lines of boards/sightings.py to whoever connects, as often as a real one: every tag
at every antenna 10 times a second.
"""

import contextlib
import socket
import threading

HOST = "127.0.0.1"
ROUND_S = 0.1
NEAR_DBM = -50


class TrialReader:
    """The running reader; ``close`` ends it."""

    def __init__(self, port: int = 0) -> None:
        self._tags: dict[tuple[int, str], int] = {}  # antenna and EPC: dBm
        self._lock = threading.Lock()
        self._lines: list[socket.socket] = []
        self._ends = threading.Event()
        self._server = socket.create_server((HOST, port))
        self._server.settimeout(ROUND_S)
        self.port: int = self._server.getsockname()[1]
        self._threads = [threading.Thread(target=run) for run in (self._accept, self._tell)]
        for thread in self._threads:
            thread.start()

    @property
    def address(self) -> str:
        """What stands in [[reader]] port."""
        return f"{HOST}:{self.port}"

    def put(self, antenna: int, epc: str, dbm: int = NEAR_DBM) -> None:
        """Let a tag stand before an antenna."""
        with self._lock:
            self._tags[antenna, epc] = dbm

    def take(self, antenna: int, epc: str) -> None:
        """Take it away."""
        with self._lock:
            self._tags.pop((antenna, epc), None)

    def say(self, piece: bytes) -> None:
        """Send any bytes between the sightings."""
        with self._lock:
            self._send(piece)

    def hang_up(self) -> None:
        """Close every connection, as a reader that starts again."""
        with self._lock:
            for line in self._lines:
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
                line.close()
            self._lines.clear()

    def close(self) -> None:
        """End it."""
        self._ends.set()
        for thread in self._threads:
            thread.join(5)
        self.hang_up()
        self._server.close()

    def _accept(self) -> None:
        while not self._ends.is_set():
            with contextlib.suppress(TimeoutError):
                line, _ = self._server.accept()
                line.settimeout(1)
                with self._lock:
                    self._lines.append(line)

    def _tell(self) -> None:
        while not self._ends.wait(ROUND_S):
            with self._lock:
                told = [f"{antenna},{epc},{dbm}\n" for (antenna, epc), dbm in self._tags.items()]
                self._send("".join(told).encode() or b"\n")

    def _send(self, piece: bytes) -> None:
        for line in list(self._lines):
            try:
                line.sendall(piece)
            except OSError:
                self._lines.remove(line)
                line.close()
