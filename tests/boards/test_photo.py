"""Cameras: a folder, and a real HTTP server that behaves and misbehaves; every wait ends."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fognode.boards import photo
from fognode.boards.photo import Folder, Http, whole_jpeg
from fognode.boards.pins import Ticks
from fognode.errors import AwayError

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(200)) * 40 + b"\xff\xd9"
REAL = Ticks()


class Hand:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.then: Callable[[], object] = lambda: None

    def sleep(self, s: float) -> None:
        self.now_s += s
        self.then()

    @property
    def ticks(self) -> Ticks:
        return Ticks(seconds=lambda: self.now_s, sleep=self.sleep)


def test_padding_is_cut_off_and_what_is_cut_short_refused() -> None:
    assert whole_jpeg(JPEG + b"\0" * 512) == JPEG
    for content in (b"", JPEG[:-2], b"<html>\xff\xd9", JPEG[2:]):
        with pytest.raises(AwayError, match="no whole JPEG"):
            whole_jpeg(content)
    with pytest.raises(AwayError, match="at most"):
        whole_jpeg(JPEG[:-2] + bytes(photo.MOST) + b"\xff\xd9")


# --- folder --------------------------------------------------------------------------------


def dropped(folder: Path, name: str, content: bytes, at_ms: int) -> Path:
    path = folder / name
    path.write_bytes(content)
    os.utime(path, ns=(at_ms * 10**6, at_ms * 10**6))
    return path


def test_newest_picture_since_the_door_opened_is_taken(tmp_path: Path) -> None:
    opened_ms = 1_795_241_520_000
    dropped(tmp_path, "old.jpg", JPEG + b"old\xff\xd9", opened_ms - 60_000)
    dropped(tmp_path, "new.jpeg", JPEG, opened_ms + 500)
    dropped(tmp_path, "newer.txt", b"no picture", opened_ms + 900)
    assert Folder(str(tmp_path), Hand().ticks).take(opened_ms) == JPEG


def test_picture_that_comes_later_is_waited_for_until_it_is_whole(tmp_path: Path) -> None:
    hand, path = Hand(), tmp_path / "a.jpg"

    def write() -> None:
        half = len(JPEG) // 2
        path.write_bytes(JPEG if path.exists() else JPEG[:half])

    hand.then = write
    assert Folder(str(tmp_path), hand.ticks).take(0) == JPEG


def test_folder_without_a_new_picture_says_so_in_time(tmp_path: Path) -> None:
    hand = Hand()
    dropped(tmp_path, "old.jpg", JPEG, 1_000)
    (tmp_path / "link.jpg").symlink_to("/dev/zero")
    with pytest.raises(AwayError, match="no picture came within 5 s"):
        Folder(str(tmp_path), hand.ticks).take(1_795_241_520_000)
    assert hand.now_s == pytest.approx(105.0, abs=0.3)
    with pytest.raises(AwayError, match="No such file"):
        Folder(str(tmp_path / "gone"), hand.ticks).take(0)


def test_pipe_with_a_pictures_name_is_no_picture_and_blocks_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(AwayError, match="no picture came"):
        Folder(str(tmp_path), Hand().ticks).take(0)


# --- HTTP ----------------------------------------------------------------------------------


class Camera(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: list[str] = []  # noqa: RUF012 - of all its connections

    def do_GET(self) -> None:
        Camera.asked.append(self.path)
        ways = {"/capture?res=vga": self.whole, "/chunked": self.chunked, "/gone": self.gone,
                "/moved": self.moved, "/short": self.short, "/drip": self.drip,
                "/headers": self.headers_drip, "/endless": self.endless}  # fmt: skip
        with suppress(OSError):
            ways[self.path]()
        self.close_connection = True

    def whole(self) -> None:
        self.begin(("Content-Length", str(len(JPEG))))
        self.wfile.write(JPEG)

    def chunked(self) -> None:
        self.begin(("Transfer-Encoding", "chunked"))
        for at in range(0, len(JPEG), 1_000):
            piece = JPEG[at : at + 1_000]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def gone(self) -> None:
        self.send_error(503)

    def moved(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/capture?res=vga")
        self.end_headers()

    def short(self) -> None:
        self.begin(("Content-Length", str(len(JPEG))))
        self.wfile.write(JPEG[:500])

    def drip(self) -> None:
        self.begin(("Content-Length", str(len(JPEG))))
        for byte in JPEG:
            self.wfile.write(bytes([byte]))
            time.sleep(0.05)

    def headers_drip(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(400):
            self.wfile.write(b"X")
            time.sleep(0.05)

    def endless(self) -> None:
        self.begin()
        while True:
            self.wfile.write(bytes(65_536))

    def begin(self, *headers: tuple[str, str]) -> None:
        self.send_response(200)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_told: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)
    server.server_close()


@pytest.mark.parametrize("path", ["/capture?res=vga", "/chunked"])
def test_picture_of_a_camera_on_the_network_comes_whole(url: str, path: str) -> None:
    assert Http(url + path, REAL).take(0) == JPEG
    assert Camera.asked[-1] == path


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/gone", "answers 503"),
        ("/moved", "answers 302"),  # it may lead anywhere
        ("/short", "no whole JPEG|IncompleteRead"),
        ("/drip", "not whole within|timed out"),
        ("/headers", "not whole within|timed out"),
        ("/endless", "no whole JPEG"),
    ],
)
def test_camera_that_misbehaves_costs_its_time_and_no_more(
    url: str, path: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo, "LIMIT_S", 0.6)
    began_s = time.monotonic()
    with pytest.raises(AwayError, match=reason):
        Http(url + path, REAL).take(0)
    assert time.monotonic() - began_s < 3


def test_camera_that_is_away_or_says_nothing_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo, "LIMIT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        with pytest.raises(AwayError, match="timed out"):
            Http(f"http://127.0.0.1:{port}/", REAL).take(0)
    # What is said of it is kept for ever: no name and password of the address.
    with pytest.raises(AwayError, match=r"camera at 127\.0\.0\.1"):
        Http(f"http://cam:secret@127.0.0.1:{port}/", REAL).take(0)
