"""A reader of bar codes and QR codes as a board: each scan becomes an event of its sensor B1.

The reader must send the AIM prefix, keep GS and end a scan with CR, LF or both.  A scan that
is no whole GS1 code becomes an event ``rejected`` that says why: nothing is guessed
(codes.py).  The same scan within 2 s counts once: people hold the trigger.

Best is a reader in USB-CDC mode, a serial port; one that plays a keyboard is keyboard.py.
"""

import contextlib
import logging
import termios
import threading
from typing import Protocol

from fognode.boards.codes import MOST, encode_scan
from fognode.boards.serial_port import new_port
from fognode.boards.wired import ABSENT, WORKS, Sensor, Wired

SENSOR = Sensor(name="B1", type="code", unit="aim", period_ms=0)
KIND = "scanner"
READ_S = 0.2
REOPEN_S = 0.5
SAME_MS = 2_000
PAUSE_MS = 50  # nobody scans faster; what comes sooner is noise and is only counted
UNENDED_MS = 1_000  # a scan that has no end by then never had one

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


class Scanner:
    """The loop of one reader's thread; ``run`` may be called again after it raised."""

    def __init__(self, source: Source, board: Wired) -> None:
        self._source, self.board = source, board
        self._rest = b""
        self._rest_ms = 0  # when the last byte of it came
        self._last: tuple[bytes, int] = (b"", -SAME_MS)  # scan and when, by the board's clock

    def run(self, stop: threading.Event) -> None:
        """Read until ``stop`` is set; a reader that is away is a fault, told once."""
        while not stop.is_set():
            try:
                self._source.open()
                self._say(WORKS, "event=reader_back port=%s")
                while not stop.is_set():
                    self._hear(self._source.read(READ_S))
                    self.board.turn()
            except (OSError, termios.error) as error:  # SerialException is an OSError
                self._say(ABSENT, f"event=reader_lost port=%s reason={error!r}")
            finally:
                self._rest = b""
                with contextlib.suppress(OSError):
                    self._source.close()
            self.board.turn()
            stop.wait(REOPEN_S)

    def _say(self, code: int, line: str) -> None:
        self.board.is_open = code == WORKS
        if self.board.fault(SENSOR.name, code):
            log.warning(line, self._source.path)

    def _hear(self, piece: bytes) -> None:
        ms = self.board.ms()
        if self._rest and not piece and ms - self._rest_ms >= UNENDED_MS:
            self._rest = b""
            self.board.bad_frames += 1
        if not piece:
            return
        self._rest_ms = ms
        *scans, rest = (self._rest + piece).replace(b"\n", b"\r").split(b"\r")
        self._rest = rest[: MOST + 1]  # one byte too many: it is refused, not cut to size
        for scan in scans:
            if scan:
                self._take(scan[: MOST + 1], ms)

    def _take(self, scan: bytes, ms: int) -> None:
        last, last_ms = self._last
        self._last = (scan, ms)
        if ms - last_ms < PAUSE_MS and scan != last:
            self.board.bad_frames += 1
        elif scan != last or ms - last_ms >= SAME_MS:
            self.board.happen(SENSOR.name, "scan", encode_scan(scan), ms)
