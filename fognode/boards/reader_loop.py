"""The loop of a reader's thread, whatever it reads: open, hear, lose, open again.

scanner.py and antennas.py say what the bytes mean.
"""

import contextlib
import logging
import termios
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from fognode.boards.serial_port import new_port
from fognode.boards.wired import ABSENT, Wired

READ_S = 0.2
REOPEN_S = 0.5
GATHER_S = 0.02  # fewer, longer reads; at most 400 KB/s by TCP

log = logging.getLogger(__name__)


class Source(Protocol):
    """Where a reader's bytes come from."""

    path: str

    def open(self) -> None:
        """Open it; OSError while it is away."""

    def read(self, wait_s: float) -> bytes:
        """Return what came, b"" for nothing within ``wait_s``; OSError when it is gone."""

    def close(self) -> None:
        """Let go of it."""


class CdcPort:
    """A reader on a serial port."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._serial = new_port(path)
        self._serial.dtr = True  # many readers are silent until somebody listens

    def open(self) -> None:
        """Open the port for ourselves alone; OSError while it is away."""
        self._serial.open()

    def read(self, wait_s: float) -> bytes:
        """Return what came within ``wait_s``; OSError when the reader is unplugged."""
        self._serial.timeout = wait_s
        return self._serial.read(self._serial.in_waiting or 1)

    def close(self) -> None:
        """Let go of the port."""
        self._serial.close()


class ReaderLoop(ABC):
    """One reader and its board; ``run`` may be called again after it raised.

    ``sensors`` are those that a fault of the reader is a fault of.
    """

    def __init__(self, source: Source, board: Wired, sensors: Sequence[str]) -> None:
        self.board = board
        self._source, self._sensors = source, tuple(sensors)
        self._rest = b""  # what came of a line that has no end yet

    def run(self, stop: threading.Event) -> None:
        """Read until ``stop`` is set; a reader that is away is a fault, told once."""
        while not stop.is_set():
            try:
                self._source.open()
                self.board.is_open = True
                while not stop.is_set():
                    self._hear(self._source.read(READ_S))
                    self.board.turn()
                    stop.wait(GATHER_S)
            except (OSError, termios.error) as error:  # SerialException is an OSError
                self._lose(error)
            finally:
                self._rest, self.board.is_open = b"", False
                with contextlib.suppress(OSError):
                    self._source.close()
            self.board.turn()
            stop.wait(REOPEN_S)

    @abstractmethod
    def _hear(self, piece: bytes) -> None:
        """Take what came, b"" for nothing."""

    def _lose(self, error: Exception) -> None:
        """Take note, again at each try to open it, that the reader is away."""
        self._say(ABSENT, "reader_lost", repr(error))

    def _say(self, code: int, event: str, reason: str = "") -> None:
        """Tell a fault of the reader, or its end, at each of its sensors, once."""
        told = [self.board.fault(sensor, code) for sensor in self._sensors]
        if any(told):
            log.warning("event=%s port=%s reason=%r", event, self._source.path, reason)
