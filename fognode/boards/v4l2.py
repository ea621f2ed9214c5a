"""A camera of this machine (/dev/video0): one MJPEG frame by mapped buffers.

The structures are those of the kernel on this machine, 32 or 64 bits; the first frames are
dropped, for a camera begins dark.  The device is open only while a picture is taken.

Source: Linux include/uapi/linux/videodev2.h; Documentation/userspace-api/media/v4l, mmap.
"""

import ctypes
import fcntl
import mmap
import os
import select
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from fognode.boards.photo import LIMIT_S, whole_jpeg
from fognode.boards.pins import Ticks
from fognode.errors import AwayError

CAPTURE, MMAP, ERROR_FLAG = 1, 1, 0x40
MJPG = int.from_bytes(b"MJPG", "little")
WIDTH, HEIGHT = 640, 480
BUFFERS, DARK_FRAMES = 2, 4
U32 = ctypes.c_uint32

Ioctl = Callable[[int, int, Any], Any]


class PixFormat(ctypes.Structure):
    """struct v4l2_pix_format."""

    _fields_ = [
        (name, U32)
        for name in (
            "width", "height", "pixelformat", "field", "bytesperline", "sizeimage",
            "colorspace", "priv", "flags", "encoding", "quantization", "transfer",
        )
    ]  # fmt: skip


class _FormatUnion(ctypes.Union):
    _fields_ = [
        ("pix", PixFormat),
        ("raw", ctypes.c_uint8 * 200),
        ("align", ctypes.c_void_p),  # other members hold pointers
    ]


class Format(ctypes.Structure):
    """struct v4l2_format."""

    _fields_ = [("type", U32), ("of", _FormatUnion)]


class Request(ctypes.Structure):
    """struct v4l2_requestbuffers."""

    _fields_ = [
        ("count", U32), ("type", U32), ("memory", U32), ("capabilities", U32),
        ("flags", ctypes.c_uint8), ("reserved", ctypes.c_uint8 * 3),
    ]  # fmt: skip


class _Place(ctypes.Union):
    _fields_ = [("offset", U32), ("pointer", ctypes.c_ulong)]


class Buffer(ctypes.Structure):
    """struct v4l2_buffer."""

    _fields_ = [
        ("index", U32), ("type", U32), ("bytesused", U32), ("flags", U32), ("field", U32),
        ("seconds", ctypes.c_long), ("microseconds", ctypes.c_long),
        ("timecode", ctypes.c_uint8 * 16), ("sequence", U32), ("memory", U32),
        ("place", _Place), ("length", U32), ("reserved", U32), ("request", ctypes.c_int32),
    ]  # fmt: skip


def _code(way: int, number: int, kind: type[Any]) -> int:
    """Return an ioctl's number.  Source: include/uapi/asm-generic/ioctl.h."""
    return way << 30 | ctypes.sizeof(kind) << 16 | ord("V") << 8 | number


S_FMT, REQBUFS = _code(3, 5, Format), _code(3, 8, Request)
QUERYBUF, QBUF, DQBUF = (_code(3, number, Buffer) for number in (9, 15, 17))
STREAMON, STREAMOFF = (_code(1, number, ctypes.c_int) for number in (18, 19))


class V4l2:
    """One camera device."""

    def __init__(self, path: str, ticks: Ticks, ioctl: Ioctl = fcntl.ioctl) -> None:
        self._path, self._ticks, self._ioctl = path, ticks, ioctl

    def take(self, since_ms: int) -> bytes:  # noqa: ARG002 - it pictures what is before it now
        """Return a frame of now.

        Raises:
            AwayError: As for ``Source`` (photo.py).
        """
        try:
            with self._device() as device, self._streaming(device) as frames:
                return whole_jpeg(self._frame(device, frames))
        except OSError as error:
            raise AwayError(f"camera {self._path}: {error}") from error

    @contextmanager
    def _device(self) -> Iterator[int]:
        device = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            wanted = Format(type=CAPTURE)
            wanted.of.pix = PixFormat(width=WIDTH, height=HEIGHT, pixelformat=MJPG)
            self._ioctl(device, S_FMT, wanted)
            if wanted.of.pix.pixelformat != MJPG:
                raise OSError("gives no MJPEG")
            yield device
        finally:
            os.close(device)

    @contextmanager
    def _streaming(self, device: int) -> Iterator[list[mmap.mmap]]:
        asked = Request(count=BUFFERS, type=CAPTURE, memory=MMAP)
        self._ioctl(device, REQBUFS, asked)
        with ExitStack() as at_end:
            frames = []
            for index in range(min(asked.count, BUFFERS)):
                told = Buffer(index=index, type=CAPTURE, memory=MMAP)
                self._ioctl(device, QUERYBUF, told)
                frame = mmap.mmap(device, told.length, offset=told.place.offset)
                at_end.callback(frame.close)
                frames.append(frame)
                self._ioctl(device, QBUF, told)
            self._ioctl(device, STREAMON, ctypes.c_int(CAPTURE))
            at_end.callback(self._ioctl, device, STREAMOFF, ctypes.c_int(CAPTURE))
            yield frames

    def _frame(self, device: int, frames: list[mmap.mmap]) -> bytes:
        end_s, seen = self._ticks.seconds() + LIMIT_S, 0
        while not self._ticks.reached(end_s):
            if not select.select([device], [], [], max(end_s - self._ticks.seconds(), 0))[0]:
                break
            told = Buffer(type=CAPTURE, memory=MMAP)
            self._ioctl(device, DQBUF, told)
            seen += 1
            if seen > DARK_FRAMES and told.bytesused and not told.flags & ERROR_FLAG:
                return bytes(frames[told.index][: told.bytesused])
            self._ioctl(device, QBUF, told)
        raise OSError(f"no whole frame within {LIMIT_S:.0f} s")
