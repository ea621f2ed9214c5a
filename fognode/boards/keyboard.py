"""A code reader that plays a keyboard: its key events become the text it types.

The device is grabbed, or a scan would type into whatever prompt the console shows.  The reader
must be set to the US layout; it must send GS (0x1D) as Ctrl+], as readers do that keep it.

Source: Linux include/uapi/linux/input.h, input-event-codes.h; Documentation/input/event-codes.rst.
"""

import fcntl
import os
import select
import struct
from collections.abc import Callable
from pathlib import Path

EVENT = struct.Struct("llHHi")  # seconds, microseconds, type, code, value; of this machine
EVIOCGRAB = 0x40044590
EV_SYN, EV_KEY, SYN_DROPPED = 0, 1, 3
DOWN, UP, SHIFTS, CONTROLS = 1, 0, (42, 54), (29, 97)
ROWS = (  # first code, keys without and with shift
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
)
KEYS = {
    first + place: pair
    for first, plain, shifted in ROWS
    for place, pair in enumerate(zip(plain, shifted, strict=True))
} | {57: (" ", " "), 28: ("\r", "\r"), 96: ("\r", "\r")}
GS_KEY, GS = 27, "\x1d"  # the key ]


def grab_device(device: int) -> None:
    """Take the device for ourselves alone.

    Raises:
        OSError: It is no input device, or somebody else has it.
    """
    fcntl.ioctl(device, EVIOCGRAB, 1)


class Typist:
    """Turns key events into text; keeps which of shift and control are down."""

    def __init__(self) -> None:
        self._rest = b""
        self._down: set[int] = set()

    def feed(self, piece: bytes) -> bytes:
        """Return what was typed; NUL where events were lost or a key has no letter."""
        whole = (self._rest + piece)[: (len(self._rest) + len(piece)) // EVENT.size * EVENT.size]
        self._rest = (self._rest + piece)[len(whole) :]
        typed = [self._key(*event[2:]) for event in EVENT.iter_unpack(whole)]
        return "".join(typed).encode("ascii")

    def _key(self, kind: int, code: int, value: int) -> str:
        if kind == EV_SYN and code == SYN_DROPPED:
            self._down.clear()
            return "\0"
        if kind != EV_KEY:
            return ""
        if code in SHIFTS + CONTROLS:
            (self._down.discard if value == UP else self._down.add)(code)
            return ""
        if value != DOWN:
            return ""  # released, or held: a reader types each sign by itself
        if self._down.intersection(CONTROLS):
            return GS if code == GS_KEY else "\0"
        plain, shifted = KEYS.get(code, ("\0", "\0"))
        return shifted if self._down else plain


class Keyboard:
    """The device as a source of bytes, like a serial port of a reader."""

    def __init__(self, path: str, grab: Callable[[int], None] = grab_device) -> None:
        self.path, self._grab = path, grab
        self._device = -1
        self._typist = Typist()

    def open(self) -> None:
        """Open and grab the device.

        Raises:
            OSError: It is away, or not ours to grab.
        """
        self._device = os.open(Path(self.path), os.O_RDONLY | os.O_NONBLOCK)
        self._typist = Typist()
        self._grab(self._device)

    def read(self, wait_s: float) -> bytes:
        """Return what was typed within ``wait_s``.

        Raises:
            OSError: The device is gone.
        """
        if not select.select([self._device], [], [], wait_s)[0]:
            return b""
        piece = os.read(self._device, 64 * EVENT.size)
        if not piece:
            raise OSError(f"{self.path} has ended")
        return self._typist.feed(piece)

    def close(self) -> None:
        """Let go of the device."""
        if self._device >= 0:
            os.close(self._device)
        self._device = -1
