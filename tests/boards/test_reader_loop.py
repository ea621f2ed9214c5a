"""The loop of any reader: opened, heard, lost, opened again; each fault told once."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from fognode.boards import reader_loop
from fognode.boards.lane import Lane
from fognode.boards.reader_loop import ReaderLoop
from fognode.boards.wired import ABSENT, WORKS, Sensor, Wired

Wait = Callable[..., None]
SENSORS = tuple(Sensor(name=n, type="tag", unit="uid", period_ms=0) for n in ("A1", "A2"))
Said = bytes | OSError


class Tape:
    """A source that says what is on it; an error stands for a reader that is pulled out."""

    path = "/dev/ttyACM0 100%"  # as a reason may hold it, no sign of a format

    def __init__(self) -> None:
        self.said: deque[Said] = deque()
        self.is_there = True
        self.opened = self.closed = 0

    def open(self) -> None:
        if not self.is_there:
            raise FileNotFoundError(2, "100% away", self.path)
        self.opened += 1

    def read(self, wait_s: float) -> bytes:
        said = self.said.popleft() if self.said else b""
        if isinstance(said, OSError):
            self.is_there = False
            raise said
        return said

    def close(self) -> None:
        self.closed += 1


class Ear(ReaderLoop):
    """Takes what comes as lines."""

    def __init__(self, source: Tape, board: Wired) -> None:
        super().__init__(source, board, tuple(one.name for one in SENSORS))
        self.lines: list[bytes] = []

    def _hear(self, piece: bytes) -> None:
        self._say(WORKS, "reader_back")
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self.lines += lines


@pytest.fixture
def ear(bench: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ear]:
    monkeypatch.setattr(reader_loop, "REOPEN_S", 0.01)
    lane = Lane(board="rfid1", place="gate", counts_per_kg=1, progress=lambda _b: (0, 0))
    ground = replace(bench.ground, lanes={"rfid1": lane})
    made = Ear(Tape(), Wired(Tape.path, "reader", SENSORS, "rfid1", ground))
    stop = threading.Event()
    thread = threading.Thread(target=made.run, args=(stop,))
    thread.start()
    try:
        yield made
    finally:
        stop.set()
        thread.join(5)
        assert not thread.is_alive()
        assert not made.board.is_open


def test_lost_reader_is_one_fault_of_each_sensor_and_so_is_its_return(
    bench: Any, ear: Ear, wait: Wait, caplog: pytest.LogCaptureFixture
) -> None:
    def codes() -> list[tuple[str, int]]:
        told = [event.facts for event in bench.store.events if event.kind == "tag_fault"]
        return [(one["sensor"], one["code"]) for one in told]

    tape: Any = ear._source
    tape.said += [b"one\ntw", OSError(5, "pulled out")]
    wait(lambda: tape.closed > 3)  # tried again and again
    assert (tape.opened, ear.board.is_open) == (1, False)
    assert codes() == [("A1", ABSENT), ("A2", ABSENT)]
    tape.said.append(b"three\n")
    tape.is_there = True
    wait(lambda: codes()[2:] == [("A1", WORKS), ("A2", WORKS)])
    wait(lambda: len(ear.lines) == 2)
    assert ear.lines == [b"one", b"three"]  # what was cut off is no part of the next line
    assert ear.board.is_open
    told = [record.getMessage() for record in caplog.records]
    assert [line.split()[0] for line in told] == ["event=reader_lost", "event=reader_back"]
    assert "port=/dev/ttyACM0 100%" in told[0]


def test_serial_port_that_is_away_is_an_error_of_the_system() -> None:
    source = reader_loop.CdcPort("/nowhere/ttyACM0")
    with pytest.raises(OSError, match="nowhere"):
        source.open()
    source.close()
