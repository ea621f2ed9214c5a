"""A simulated board at full speed for the tests of the firmware: time runs only when asked."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from zlib import crc32

import pytest

from fognode.boards.wire import BoardEvent, Frame, Splitter
from fognode.errors import FrameError
from fognode.trial.boards import SimBoard, firmware_tools

STEP_MS = 50


class Board:
    """One board, its line and its world; ``start`` has run."""

    def __init__(self, folder: Path, sketch: str = "cabinet") -> None:
        self.folder = folder
        self.sketch = sketch
        self.log = folder / "uart.log"
        self.start()

    def start(self, board: str = "cab01") -> None:
        self.sim = SimBoard(
            board, folder=self.folder, paused=True, log=self.log, sketch=self.sketch
        )

    def do(self, *lines: str) -> None:
        for line in lines:
            self.sim.tell(f"now {line}")

    def run(self, ms: int) -> None:
        self.sim.run(ms)

    def say(self, body: str) -> None:
        """Let the fog send a body, sealed, and the board read it."""
        self.do(f"uart ${body}*{crc32(body.encode()):08X}")
        self.run(20)

    def text(self) -> str:
        """Everything sent since the board's start or the last power cut."""
        return self.log.read_bytes().decode("latin-1")

    def frames(self) -> list[Frame | FrameError]:
        return Splitter().feed(self.log.read_bytes())

    def events(self) -> list[tuple[str, str, str]]:
        """Sensor, word and value of each event, oldest first, without repetitions."""
        told = {f.seq: f for f in self.frames() if isinstance(f, BoardEvent)}
        return [(e.sensor, e.word, e.value) for _, e in sorted(told.items())]

    def wait(self, part: str, within_ms: int = 5000) -> None:
        """Run until the board has sent a text."""
        for _ in range(0, within_ms, STEP_MS):
            if part in self.text():
                return
            self.run(STEP_MS)
        pytest.fail(f"no {part} within {within_ms} ms in\n{self.text()}")

    def power_cut(self) -> None:
        self.sim.kill()
        self.start()


@pytest.fixture
def tools() -> None:
    """Skip without the AVR tools, but never where CI promises them."""
    if missing := firmware_tools():
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)


@pytest.fixture
def board(tools: None, tmp_path: Path) -> Iterator[Board]:
    board = Board(tmp_path)
    try:
        yield board
    finally:
        board.sim.close()


@pytest.fixture
def fits(tools: None, tmp_path: Path) -> Iterator[Callable[[str], Board]]:
    """Start a board of any sketch; the same folder is the same EEPROM."""
    made: list[Board] = []

    def fit(sketch: str) -> Board:
        for board in made:
            board.sim.close()
        made.append(Board(tmp_path, sketch))
        return made[-1]

    try:
        yield fit
    finally:
        for board in made:
            board.sim.close()
