"""Cameras as sources of pictures: a folder, an HTTP address; v4l2.py and camera_link.py have more.

    folder    the newest file that a camera's own software put there since the door opened
    http(s)   one GET of a camera that answers with a picture, as an ESP32-CAM does

A picture is taken from its first byte to its end mark; what has none was cut short and is no
picture.  Every wait is bounded as a whole, also against a peer that sends a byte a second.

Source: ITU-T T.81, B.1.1.3 (SOI, EOI).
"""

import contextlib
import io
import os
import socket
import ssl
import stat
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from fognode.boards.pins import Ticks
from fognode.errors import AwayError

MOST = 8 * 1024 * 1024  # bytes, as store/photos.py takes them
LIMIT_S = 5.0  # for one picture
LOOK_S = 0.2
MOST_FILES = 10_000  # of a folder are looked at
EARLY_MS = 1_000  # a camera with a sensor of its own may be sooner than ours
BEGIN, END = b"\xff\xd8\xff", b"\xff\xd9"
SUFFIXES = (".jpg", ".jpeg", ".JPG", ".JPEG")


class Source(Protocol):
    """One camera."""

    def take(self, since_ms: int) -> bytes:
        """Return a whole JPEG or PNG of now; ``since_ms`` is when the door opened, UTC.

        Raises:
            AwayError: There is none in time.
        """


def whole_jpeg(content: bytes) -> bytes:
    """Return a picture without what a camera pads it with.

    Raises:
        AwayError: It is no JPEG, is cut short, or is too large.
    """
    end = content.rfind(END)
    if not content.startswith(BEGIN) or end < 0:
        raise AwayError(f"{len(content)} bytes that begin with {content[:4].hex()}: no whole JPEG")
    if end + 2 > MOST:
        raise AwayError(f"a picture of {end + 2} bytes; at most {MOST} are taken")
    return content[: end + 2]


class Folder:
    """A folder into which a camera's software, or an FTP server, puts pictures."""

    def __init__(self, path: str, ticks: Ticks) -> None:
        self._path, self._ticks = Path(path), ticks

    def take(self, since_ms: int) -> bytes:
        """Return the newest whole picture of the folder, waiting for it.

        Raises:
            AwayError: As for ``Source``.
        """
        end_s = self._ticks.seconds() + LIMIT_S
        reason = "no picture came"
        while True:
            try:
                for path in self._newest(since_ms - EARLY_MS):
                    return whole_jpeg(_read(path))
            except (OSError, AwayError) as error:  # half written, perhaps: look again
                reason = str(error)
            if self._ticks.reached(end_s):
                raise AwayError(f"{self._path}: {reason} within {LIMIT_S:.0f} s")
            self._ticks.sleep(LOOK_S)

    def _newest(self, since_ms: int) -> Iterator[Path]:
        found: list[tuple[int, str]] = []
        with os.scandir(self._path) as entries:
            for _, entry in zip(range(MOST_FILES), entries, strict=False):
                if entry.name.endswith(SUFFIXES) and entry.is_file(follow_symlinks=False):
                    at_ms = entry.stat(follow_symlinks=False).st_mtime_ns // 1_000_000
                    found.append((at_ms, entry.path))
        yield from (Path(path) for at_ms, path in sorted(found)[-1:] if at_ms >= since_ms)


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise AwayError(f"{path.name} is no file")
        return file.read(MOST + 1)


class Http:
    """A camera that answers GET with a picture; no redirect is followed."""

    def __init__(self, url: str, ticks: Ticks) -> None:
        self._url, self._ticks = urlsplit(url), ticks
        self._peer = self._url.netloc.rpartition("@")[2]  # no name and password in the record

    def take(self, since_ms: int) -> bytes:  # noqa: ARG002 - it pictures what is before it now
        """Return what the camera answers.

        Raises:
            AwayError: As for ``Source``.
        """
        end_s = self._ticks.seconds() + LIMIT_S
        try:
            with self._connect() as line:
                line.sendall(self._request())
                return whole_jpeg(_body(_Bounded(line, self._ticks, end_s)))
        except (OSError, HTTPException, ValueError) as error:
            raise AwayError(f"camera at {self._peer}: {error!r}") from error

    def _connect(self) -> socket.socket:
        secure = self._url.scheme == "https"
        host, port = self._url.hostname or "", self._url.port or (443 if secure else 80)
        line = socket.create_connection((host, port), timeout=LIMIT_S)
        if not secure:
            return line
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(line.close)
            wrapped = ssl.create_default_context().wrap_socket(line, server_hostname=host)
            on_failure.pop_all()
        return wrapped

    def _request(self) -> bytes:
        path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        return f"GET {path} HTTP/1.1\r\nHost: {self._peer}\r\nConnection: close\r\n\r\n".encode()


class _Bounded(io.RawIOBase):
    """A socket as a stream that ends in time, whatever the peer sends meanwhile."""

    def __init__(self, line: socket.socket, ticks: Ticks, end_s: float) -> None:
        super().__init__()
        self._line, self._ticks, self._end_s = line, ticks, end_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        left_s = self._end_s - self._ticks.seconds()
        if left_s <= 0:
            raise TimeoutError(f"not whole within {LIMIT_S:.0f} s")
        self._line.settimeout(left_s)
        return self._line.recv_into(buffer)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)


def _body(stream: _Bounded) -> bytes:
    answer = HTTPResponse(stream)  # type: ignore[arg-type]  # it asks for makefile alone
    answer.begin()
    if answer.status != 200:
        raise HTTPException(f"answers {answer.status}")
    return answer.read(MOST + 1)
