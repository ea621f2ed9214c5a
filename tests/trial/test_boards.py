import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from fognode.boards.wire import BoardEvent, Frame, Hello, Sample, Splitter, ack, query
from fognode.errors import AwayError, FrameError, RefusedError
from fognode.trial.boards import RecordedBoard, SimBoard, TrialBoard, firmware_lacks, firmware_tools

TAG, BADGE = "04A1B2C3D4E5F6", "B0A1C2D3"
Kind = type[SimBoard] | type[RecordedBoard]
Told = TypeVar("Told", bound=Frame)


def need_tools() -> None:
    if missing := firmware_tools():
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)


class Line:
    """The fog's end of a board's line."""

    def __init__(self, board: TrialBoard) -> None:
        self.file = os.open(board.path, os.O_RDWR | os.O_NOCTTY)
        self.splitter = Splitter()

    def say(self, line: bytes) -> None:
        os.write(self.file, line)

    def wait(self, word: str, within_s: float = 8.0) -> BoardEvent:
        """Read on, acknowledging, until an event with this word."""
        until = time.monotonic() + within_s
        while (left := until - time.monotonic()) > 0:
            for frame in self.read(left):
                if not isinstance(frame, BoardEvent):
                    continue
                self.say(ack(frame.board, frame.boot, frame.seq))
                if frame.word == word:
                    return frame
        pytest.fail(f"no {word} in {within_s} s")

    def hello(self) -> Hello:
        return self.first(Hello)

    def sample(self) -> Sample:
        return self.first(Sample)

    def first(self, kind: type[Told]) -> Told:
        until = time.monotonic() + 5
        while (left := until - time.monotonic()) > 0:
            for frame in self.read(left):
                if isinstance(frame, kind):
                    return frame
        pytest.fail(f"no {kind.__name__}")

    def read(self, within_s: float) -> list[Frame | FrameError]:
        ready, _, _ = select.select([self.file], [], [], within_s)
        return self.splitter.feed(os.read(self.file, 4096)) if ready else []


@pytest.fixture(params=[pytest.param(SimBoard, marks=pytest.mark.avr), RecordedBoard])
def board(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TrialBoard]:
    kind: Kind = request.param
    if kind is SimBoard:
        need_tools()
    with kind("cab02", folder=tmp_path) as started:
        yield started


@pytest.fixture
def line(board: TrialBoard) -> Iterator[Line]:
    line = Line(board)
    try:
        yield line
    finally:
        os.close(line.file)


def test_every_action_is_told_on_the_line(board: TrialBoard, line: Line) -> None:
    line.say(query("any", b"12345678"))
    assert line.hello().board == "cab02"
    line.sample()  # by then the scale rests: it tells differences
    board.door_open()
    assert line.wait("open").sensor == "L1"
    board.badge(BADGE)
    assert line.wait("in").value == BADGE
    board.tag_in(TAG)
    assert line.wait("in").value == TAG
    board.weight(5840)
    assert abs(int(line.wait("put").value) - 40 * 5840) < 200
    board.shake()
    line.wait("shake")
    board.stay(250)
    line.wait("move")
    board.weight(0)
    line.wait("take")
    board.tag_out(TAG)
    assert {line.wait("out").value, line.wait("out").value} == {BADGE, TAG}
    board.door_close()
    line.wait("close")


def test_a_reset_and_a_power_cut_count_as_starts(board: TrialBoard, line: Line) -> None:
    assert line.hello().boot == 1
    board.reset()
    assert line.hello().boot == 2
    board.kill()
    kind = SimBoard if isinstance(board, SimBoard) else RecordedBoard
    with kind("cab02", folder=board.folder) as again:
        after = Line(again)
        assert after.hello().boot == 3
        os.close(after.file)


def test_what_was_not_acknowledged_is_told_again_after_a_reset(
    board: TrialBoard, line: Line
) -> None:
    board.door_open()
    assert line.first(BoardEvent).word == "open"
    board.reset()
    while line.hello().boot != 2:
        pass
    told = line.first(BoardEvent)
    while told.boot != 1:  # the oldest is told again each second
        told = line.first(BoardEvent)
    assert (told.seq, told.word) == (1, "open")


def test_what_cannot_happen_is_refused(board: TrialBoard) -> None:
    with pytest.raises(RefusedError):
        board.tag_out(TAG)
    with pytest.raises(RefusedError):
        board.tell("now dance")


def test_a_closed_board_leaves_no_child_and_says_so(board: TrialBoard) -> None:
    child = board._child.pid
    board.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    with pytest.raises(AwayError):
        board.door_open()
    board.close()


@pytest.mark.parametrize("kind", [pytest.param("SimBoard", marks=pytest.mark.avr), "RecordedBoard"])
def test_a_board_ends_with_its_parent(kind: str, tmp_path: Path) -> None:
    if kind == "SimBoard":
        need_tools()
    code = (
        "import os, pathlib, signal\n"
        f"from fognode.trial.boards import {kind} as Kind\n"
        f"board = Kind('cab02', folder=pathlib.Path({str(tmp_path)!r}))\n"
        "print(board._child.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    parent = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    child = Path(f"/proc/{int(parent.stdout)}")
    until = time.monotonic() + 5
    # A child that ended may stay as a zombie when nobody adopts it.
    while child.exists() and "State:\tZ" not in (child / "status").read_text():
        assert time.monotonic() < until, "the board outlived its parent"
        time.sleep(0.05)


def test_missing_tools_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda tool: None if tool == "avr-gcc" else tool)
    assert firmware_tools() == "avr-gcc missing"


def test_firmware_that_does_not_build_is_not_run_from_an_earlier_build(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken() -> None:
        raise RefusedError("the firmware does not build: x.c:1: error")

    monkeypatch.setattr("fognode.trial.boards.firmware_tools", lambda: None)
    monkeypatch.setattr("fognode.trial.boards.build_firmware", broken)
    assert firmware_lacks() == "the firmware does not build: make -C firmware says why"
    monkeypatch.setattr("fognode.trial.boards.build_firmware", lambda: None)
    assert firmware_lacks() == ""
    monkeypatch.setattr("fognode.trial.boards.firmware_tools", lambda: "gcc missing")
    assert firmware_lacks() == "gcc missing"


def test_boards_say_what_they_are() -> None:
    assert (SimBoard.recorded, RecordedBoard.recorded) == (False, True)
    assert "recorded" in RecordedBoard.label
