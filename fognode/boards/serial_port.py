"""One serial port: open it, read it, write orders, open it again.  The only importer of serial.

Opening a port resets an Uno; so it is opened with DTR off, and again only when it was lost.
``readline`` of pyserial costs 330 us a line, so what waits is read whole and cut by
``wire.Splitter``.
"""

import contextlib
import logging
import termios
import threading

import serial

from fognode.boards import wire
from fognode.boards.link import GATHER_S, READ_S, Clock, Ground, Link
from fognode.boards.told import Moment
from fognode.errors import ConfigError

BAUD = 115_200
REOPEN_S = 0.5
BLOCKED_S = 0.05
KERNEL_BYTES = 4095  # a terminal holds no more for one read, whatever waits behind it
WRITE_GAP_S = 0.02  # a board may be deaf for 6 ms and holds 64 bytes

log = logging.getLogger(__name__)


def new_port(path: str, baud: int = BAUD) -> serial.Serial:
    """Return a port of a board, not yet open; it will be ours alone and leave DTR as it is."""
    port = serial.Serial(
        baudrate=baud, timeout=READ_S, write_timeout=READ_S, exclusive=True, rtscts=False
    )
    port.port = path
    port.dtr = False  # before open: on a pty it cannot be set later (ENOTTY)
    return port


def open_port(path: str, within_ms: int) -> serial.Serial:
    """Return the port, open; waits so long for another program to let go of it.

    Raises:
        ConfigError: It cannot be opened.
    """
    port, clock = new_port(path), Clock()
    began_ms = clock.mono_ms()
    while True:
        try:
            port.open()
        except OSError as error:
            if clock.mono_ms() - began_ms > within_ms:
                raise ConfigError(f"{path} cannot be opened: {error}") from error
            threading.Event().wait(BLOCKED_S)
        else:
            return port


class SerialLink(Link):
    """The loop of one line thread.

    ``run`` may be called again after it raised; the lane it held is free then.
    """

    def __init__(self, port: str, ground: Ground, baud: int = BAUD) -> None:
        super().__init__(port, ground)
        self._serial = new_port(port, baud)
        self._wake_lock = threading.Lock()
        self._splitter = wire.Splitter()
        self._lost_logged = False

    def run(self, stop: threading.Event) -> None:
        """Serve the port until ``stop`` is set; a port that is away is tried again."""
        while not stop.is_set():
            try:
                # What was heard must not wait for a port that may never come back.
                if self.let_go() and not self._is_lent():
                    self._open()
                while self.is_open and not stop.is_set() and not self._is_lent():
                    self._turn(stop)
            except (OSError, termios.error) as error:  # SerialException is an OSError
                if not self._lost_logged:
                    log.warning("event=line_lost port=%s error=%r", self.port, str(error))
                self._lost_logged = True
            finally:
                self._close()
            stop.wait(REOPEN_S)

    # --- port ----------------------------------------------------------------------------

    def _is_lent(self) -> bool:
        return self.port in self._ground.lent

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
        with self._wake_lock, contextlib.suppress(OSError):
            self._serial.close()
        self.let_go()
        self._rival_mono_ms, self._rival_told = -1, False
        self.is_open = False  # last: by now another program may have the port

    def _wake(self) -> None:
        with self._wake_lock:
            if self._serial.is_open:
                self._serial.cancel_read()

    def _meet(self, hello: wire.Hello, at: Moment) -> None:
        if hello.board in self._ground.ethernet:
            self.let_go()  # it is here to be enrolled, and is heard by its network only
        else:
            super()._meet(hello, at)

    # --- one turn ------------------------------------------------------------------------

    def _turn(self, stop: threading.Event) -> None:
        if self.lane:
            self.lane.settle()
        self._write_order(stop)
        if not self.hand_up():
            # Not reading is our doing, not the silence of a board whose bytes wait.  Asking for
            # them also shows that a port is gone.
            if self._serial.in_waiting and self.lane:
                self.lane.heard = self._ground.clock.now()
            stop.wait(BLOCKED_S)
            return
        if piece := self._read():
            at = self._ground.clock.now()
            for told in self._splitter.feed(piece):
                self._hear(told, at)
            stop.wait(GATHER_S)
        self._watch_noise()

    def _read(self) -> bytes:
        """Return what waits; b"" when nothing comes within READ_S.

        Twice what the kernel holds at most: with GATHER_S that is 16,000 lines a second.
        """
        piece = self._serial.read(self._serial.in_waiting or 1)
        full = len(piece) >= KERNEL_BYTES
        return piece + self._serial.read(self._serial.in_waiting) if full else piece

    def _write_order(self, stop: threading.Event) -> None:
        order = self._next_order()
        if order is None:
            return
        # One frame may be cut when the board does not read; the next one begins with "$".
        with contextlib.suppress(serial.SerialTimeoutException):
            self._serial.write(order)
        stop.wait(WRITE_GAP_S)
