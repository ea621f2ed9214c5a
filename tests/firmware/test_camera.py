"""The camera board's real firmware, its OV7670 a model, up to a picture in the fog (A19, A20)."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fognode.boards.camera_link import CameraLink
from fognode.boards.lane import Lane
from fognode.boards.link import Clock, Ground
from fognode.boards.picture import Picture, PictureSplitter, Wanted, gray_png
from fognode.boards.wire import Refusal
from fognode.errors import AwayError
from fognode.events import Event
from fognode.trial.boards import SimBoard
from tests.firmware.conftest import Board

pytestmark = pytest.mark.avr
Fits = Callable[[str], Board]
WAKE_MS = 200  # the chip is set up by then
FRAME_MS = 2000


def scene(number: int) -> Picture:
    """What the model shows, by docs/protocol.md."""
    pixels = bytes((x + 2 * y + 16 * number) % 256 for y in range(240) for x in range(320))
    return Picture(width=320, height=240, pixels=pixels)


def ask(board: Board, number: int, boot: int = 1) -> Picture | str | None:
    """Let the fog ask for a picture and listen as long as it may take."""
    told = PictureSplitter()
    told.expect(Wanted(board="cab01", boot=boot, number=number))
    before = len(board.log.read_bytes())
    board.say(f"C,cab01,{boot},P1,picture,{number}")
    for _ in range(9):
        board.run(500)
        said = board.log.read_bytes()[before:]
        before += len(said)
        told.feed(said)
        if told.result is not None:
            break
    return told.result


def test_picture_on_request_is_what_the_camera_sees_and_the_board_lives_on(fits: Fits) -> None:
    board = fits("camera")
    board.do("scene 3")
    board.run(WAKE_MS)
    assert ask(board, 7) == scene(3)
    now_ms = board.sim.run(3000)
    assert board.text().count("$H") == 1  # no watchdog bit
    assert "$B,cab01,1,0," in board.text().rsplit("$Z", 1)[1]
    board.say("Q,any,0,0011223344556677")
    said_ms = int(board.text().rsplit("$H", 1)[1].split(",")[4])
    assert abs(said_ms - now_ms) <= 25  # its clock went on while it sent
    assert board.events() == []
    assert board.sim.tell("stack") > 0x100 + 1400  # never in the static data, by the size gate


def test_missing_clocks_spoil_a_picture_and_not_the_next(fits: Fits) -> None:
    board = fits("camera")
    board.do("camdrop 1")
    board.run(WAKE_MS)
    spoilt = ask(board, 1)
    assert isinstance(spoilt, str)
    assert " of 240 lines" in spoilt
    board.do("camdrop 0")
    assert ask(board, 2) == scene(0)
    board.run(50)
    assert board.events() == [("P1", "fault", "-4"), ("P1", "fault", "0")]


def test_camera_that_stands_still_or_is_gone_is_told_and_costs_no_hang(fits: Fits) -> None:
    board = fits("camera")
    board.run(WAKE_MS)
    board.do("camfreeze 1")
    board.say("C,cab01,1,P1,picture,1")
    board.run(FRAME_MS + 600)
    board.do("camfreeze 0", "camgone 1")
    board.say("C,cab01,1,P1,picture,2")
    board.do("camgone 0")
    board.run(10_000)  # looked for again
    assert "$P" not in board.text()
    codes = [code for _, _, code in board.events()]
    assert codes == ["-2", "-1", "0"]
    refused = [frame.reason for frame in board.frames() if isinstance(frame, Refusal)]
    assert refused == ["limit"]


def test_reset_in_the_middle_of_a_picture_is_survived(fits: Fits) -> None:
    board = fits("camera")
    board.run(WAKE_MS)
    board.say("C,cab01,1,P1,picture,1")
    board.run(FRAME_MS + 500)
    assert "$Z" not in board.text()
    board.do("reset")
    board.run(WAKE_MS)
    assert ask(board, 1, boot=2) == scene(0)


def test_mega_gives_the_same_picture(fits: Fits) -> None:
    board = fits("mega/camera")
    board.do("scene 9")
    board.run(WAKE_MS)
    assert ask(board, 65535) == scene(9)


# --- over the pseudo-terminal to the fog's camera ----------------------------------------


@pytest.fixture
def camera(tools: None, tmp_path: Path) -> Iterator[tuple[SimBoard, CameraLink, list[Event]]]:
    """Give a board in real time, and the fog's line to it."""
    kept: list[Event] = []

    def keep(event: Event, done: Callable[[int], None]) -> bool:
        kept.append(event)
        done(1)
        return True

    lane = Lane(board="cam01", place="shed", counts_per_kg=40_000, progress=lambda _: (0, 0))
    ground = Ground(lanes={"cam01": lane}, holders={}, offer=keep, clock=Clock())
    stop = threading.Event()
    with SimBoard("cam01", folder=tmp_path, sketch="camera") as board:
        link = CameraLink(board.path, "cam01", ground)
        thread = threading.Thread(target=link.run, args=(stop,))
        thread.start()
        try:
            end_s = time.monotonic() + 20
            while not (lane.ready and link.is_open):
                assert time.monotonic() < end_s
                time.sleep(0.01)
            yield board, link, kept
        finally:
            stop.set()
            thread.join(5)


def test_real_firmwares_picture_is_the_fogs_file_byte_for_byte(
    camera: tuple[SimBoard, CameraLink, list[Event]],
) -> None:
    board, link, kept = camera
    board.tell("now scene 5")
    while board.tell("time") < WAKE_MS:
        time.sleep(0.01)
    assert link.take(0) == gray_png(scene(5))
    board.tell("now camgone 1")
    with pytest.raises(AwayError, match=r"camera board cam01: it refuses \(limit\)"):
        link.take(0)
    end_s = time.monotonic() + 5
    while not any(event.kind == "camera_fault" for event in kept):
        assert time.monotonic() < end_s
        time.sleep(0.01)
    assert kept[-1].facts["code"] == -1
