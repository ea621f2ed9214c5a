"""A camera board on a pty: pictures when asked, and every way in which one does not come."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from fognode.boards import camera_link
from fognode.boards.camera_link import BAUD, CameraLink, camera_links
from fognode.boards.picture import Picture, gray_png
from fognode.config import Camera
from fognode.errors import AwayError
from tests.boards.conftest import FakeBoard

Wait = Callable[..., None]
PIXELS = bytes(range(256)) * 300  # 320 x 240, with every byte that means something in a line


class CameraBoard(FakeBoard):
    """Says it has a camera, and answers an order for a picture by ``answer``."""

    kind, sensor = "camera", "P1,camera,gray8,0"

    def __init__(self, path: Path, board: str = "cab01") -> None:
        self.answer: Callable[[str], object] = self.picture  # to an order, by its number
        super().__init__(path, board)

    def introduce(self) -> None:
        with self._lock:
            self.say("H", 0, f"1,{self.kind},0.1.0,1")
            self.say("D", 0, self.sensor)

    def _obey(self, line: bytes) -> None:
        super()._obey(line)
        body = line[1:].split(b"*")[0].decode().split(",")
        if body[:1] == ["C"] and body[3:5] == ["P1", "picture"]:
            with self._lock:
                self.answer(body[5])

    def picture(self, number: str, pixels: bytes = PIXELS, lines: int = 240) -> None:
        self.say("P", 0, f"{number},320,240,76800")
        self.write(pixels)
        self.say("Z", 0, f"{number},{lines},{crc32(PIXELS):08X}")


@pytest.fixture
def board(bench: Any) -> CameraBoard:
    bench.boards.append(CameraBoard(bench.folder / "ttyA"))
    found: CameraBoard = bench.boards[0]
    return found


@pytest.fixture
def link(bench: Any, board: CameraBoard, wait: Wait) -> CameraLink:
    found = CameraLink(str(board.path), "cab01", bench.ground)
    bench.run(found)
    wait(lambda: found.lane is not None and found.lane.ready)
    return found


def test_picture_that_is_asked_for_comes_as_a_png(link: CameraLink, board: CameraBoard) -> None:
    whole = gray_png(Picture(width=320, height=240, pixels=PIXELS))
    assert link.take(0) == whole
    assert link.take(0) == whole
    orders = [order.split(b"*")[0] for order in board.orders if order.startswith(b"$C")]
    assert orders == [b"$C,cab01,17,P1,picture,1", b"$C,cab01,17,P1,picture,2"]
    assert link.bad_frames == 0


def test_line_runs_at_the_boards_speed(link: CameraLink) -> None:
    assert BAUD == 1_000_000
    assert link._serial.baudrate == BAUD


def test_board_stays_a_board_whose_faults_are_kept_and_acknowledged(
    link: CameraLink, board: CameraBoard, bench: Any, wait: Wait
) -> None:
    board.happen("P1,fault,-1")
    wait(lambda: board.held == {})
    (told,) = [event for event in bench.store.events if event.origin == "b/cab01/17/1"]
    assert (told.kind, told.facts["code"]) == ("camera_fault", -1)
    assert link.take(0)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda board, n: board.picture(n, PIXELS[:-1] + b"\0"), "altered"),
        (lambda board, n: board.picture(n, lines=17), "the camera gave 17 of 240 lines"),
        (lambda board, n: board.say("N", 0, "C,limit"), r"it refuses \(limit\)"),
        (lambda board, n: board.say("P", 0, f"{n},320,240,76801"), "no picture|are no picture"),
    ],
)
def test_picture_that_does_not_come_whole_is_refused_at_once_and_the_next_is_not(
    link: CameraLink, board: CameraBoard, spoil: Callable[[CameraBoard, str], None], reason: str
) -> None:
    board.answer = lambda number: spoil(board, number)
    began_s = time.monotonic()
    with pytest.raises(AwayError, match=f"camera board cab01: .*{reason}"):
        link.take(0)
    assert time.monotonic() - began_s < 3
    board.answer = board.picture
    assert link.take(0).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda board, n: None,  # it says nothing
        lambda board, n: board.picture(n, PIXELS[:-30_000]),  # bytes are lost, and none follow
        lambda board, n: board.picture(str(int(n) + 1)),  # another picture
        lambda board, n: [board.say("P", 0, f"{n},320,240,76800"), board.write(PIXELS)],
    ],
)
def test_picture_that_does_not_end_costs_its_time_and_the_line_is_heard_again(
    link: CameraLink,
    board: CameraBoard,
    monkeypatch: pytest.MonkeyPatch,
    bench: Any,
    wait: Wait,
    spoil: Callable[[CameraBoard, str], None],
) -> None:
    monkeypatch.setattr(camera_link, "LIMIT_S", 0.6)
    board.answer = lambda number: spoil(board, number)
    began_s = time.monotonic()
    with pytest.raises(AwayError, match=r"no picture within|lost on the way"):
        link.take(0)
    assert time.monotonic() - began_s < 2
    board.happen("P1,fault,-4")
    wait(lambda: bench.store.origins() == ["b/cab01/17/1"])


def test_board_that_starts_anew_in_the_middle_is_met_again(
    link: CameraLink, board: CameraBoard, monkeypatch: pytest.MonkeyPatch, wait: Wait
) -> None:
    def break_off(number: str) -> None:
        board.say("P", 0, f"{number},320,240,76800")
        board.write(PIXELS[:1000])

    monkeypatch.setattr(camera_link, "LIMIT_S", 0.6)
    board.answer = break_off
    with pytest.raises(AwayError):
        link.take(0)
    board.answer = board.picture
    board.restart(18)
    wait(lambda: link.lane is not None and link.lane.ready and link.lane.boot == 18)
    assert link.take(0).startswith(b"\x89PNG")


def test_unplugged_camera_is_away_at_once(link: CameraLink, board: CameraBoard, wait: Wait) -> None:
    board.answer = lambda _number: None
    reasons: list[str] = []

    def ask() -> None:
        try:
            link.take(0)
        except AwayError as error:
            reasons.append(str(error))

    asking = threading.Thread(target=ask)
    asking.start()
    wait(lambda: any(order.startswith(b"$C") for order in board.orders))
    board.unplug()
    asking.join(5)
    assert reasons == ["camera board cab01: its port was lost"]
    wait(lambda: not link.is_open)
    with pytest.raises(AwayError, match=f"{board.path} is away"):
        link.take(0)


def test_other_board_on_the_cameras_port_gives_no_picture(
    bench: Any, wait: Wait, tmp_path: Path
) -> None:
    other = CameraBoard(tmp_path / "ttyB", "cab02")
    bench.boards.append(other)
    link = CameraLink(str(other.path), "cab01", bench.ground)
    bench.run(link)
    wait(lambda: link.lane is not None and link.lane.ready)
    with pytest.raises(AwayError, match="board cab02 of kind camera is on"):
        link.take(0)


def test_board_without_a_camera_gives_none(bench: Any, wait: Wait) -> None:
    board = bench.board()
    link = CameraLink(str(board.path), "cab01", bench.ground)
    bench.run(link)
    wait(lambda: link.lane is not None and link.lane.ready)
    with pytest.raises(AwayError, match="board cab01 of kind cabinet is on"):
        link.take(0)


def test_port_on_which_nobody_speaks_gives_none(bench: Any, wait: Wait, tmp_path: Path) -> None:
    master, slave = os.openpty()
    link = CameraLink(os.ttyname(slave), "cab01", bench.ground)
    bench.run(link)
    wait(lambda: link.is_open)
    with pytest.raises(AwayError, match="nobody said hello on"):
        link.take(0)
    bench.stop.set()
    bench.threads[0].join(5)
    os.close(master)
    os.close(slave)


def test_line_that_nobody_serves_is_waited_for_in_vain_but_not_for_ever(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_link, "LIMIT_S", 0.05)
    monkeypatch.setattr(camera_link, "GIVE_UP_S", 0.05)
    link = CameraLink("/dev/null", "cab01", bench.ground)
    link.is_open = True
    with pytest.raises(AwayError, match="its line is not served"):
        link.take(0)


def test_only_cameras_that_are_boards_have_a_link(bench: Any) -> None:
    told = (
        Camera(id="cam-1", cabinet="cab-1", source="/dev/video0"),
        Camera(id="cam-2", cabinet="cab-1", source="serial:/dev/ttyUSB9", board="cab02"),
    )
    links = camera_links(told, bench.ground)
    assert {name: link.port for name, link in links.items()} == {"cam-2": "/dev/ttyUSB9"}
