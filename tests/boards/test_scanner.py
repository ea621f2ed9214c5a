"""A reader on a pty or a keyboard device: scan to event, once, or refused with its reason."""

import os
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fognode.boards.keyboard import Keyboard
from fognode.boards.lane import Lane
from fognode.boards.reader_loop import CdcPort, Source
from fognode.boards.scanner import KIND, SENSOR, Scanner
from fognode.boards.wired import Wired
from tests.boards.test_keyboard import typed

Wait = Callable[..., None]
MATRIX = b"]d201095212345432131727110010LOT-7A\x1d21SN0001"


class Desk:
    """A reader at a delivery desk, with its loop running."""

    def __init__(self, bench: Any, path: Path, source: Source | None = None) -> None:
        lane = Lane(board="scan1", place="shed", counts_per_kg=1, progress=lambda _b: (0, 0))
        ground = replace(bench.ground, lanes={"scan1": lane})
        self.path, self.store = path, bench.store
        self.board = Wired(str(path), KIND, (SENSOR,), "scan1", ground)
        self.scanner = Scanner(source or CdcPort(str(path)), self.board)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.scanner.run, args=(self.stop,))
        self.master = -1

    def plug(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.path.symlink_to(os.ttyname(self.slave))

    def unplug(self) -> None:
        self.path.unlink()
        os.close(self.master)
        os.close(self.slave)
        self.master = -1

    def of(self, kind: str) -> list[Any]:
        return [event for event in self.store.events if event.kind == kind]

    def close(self) -> None:
        self.stop.set()
        self.thread.join(5)
        assert not self.thread.is_alive()
        if self.master >= 0:
            with suppress(OSError):
                self.unplug()


@pytest.fixture
def desk(bench: Any, tmp_path: Path, wait: Wait) -> Iterator[Desk]:
    made = Desk(bench, tmp_path / "ttyACM0")
    made.plug()
    made.thread.start()
    try:
        wait(lambda: made.of("board_hello"))
        yield made
    finally:
        made.close()


def test_scan_over_usb_names_the_package(desk: Desk, wait: Wait) -> None:
    os.write(desk.master, MATRIX + b"\r\n")
    wait(lambda: desk.of("code_scan"))
    (event,) = desk.of("code_scan")
    assert event.origin == "b/scan1/1/1"
    assert dict(event.facts) == {
        "board": "scan1",
        "place": "shed",
        "sensor": "B1",
        "scan": "]d201095212345432131727110010LOT-7A%1D21SN0001",
        "elements": "(01)09521234543213(17)271100(10)LOT-7A(21)SN0001",
        "gtin": "9521234543213",
        "serial": "SN0001",
        "lot": "LOT-7A",
        "expires_on": "2027-11-30",
    }


def test_scan_byte_by_byte_is_one_scan_and_repeats_within_2_s_count_once(
    bench: Any, desk: Desk, wait: Wait
) -> None:
    for byte in MATRIX + b"\r":
        os.write(desk.master, bytes([byte]))
    wait(lambda: desk.of("code_scan"))
    bench.hand.ahead_ms += 1_000
    os.write(desk.master, (MATRIX + b"\r") * 3)
    wait(lambda: desk.scanner._last[1] >= 1_000)
    bench.hand.ahead_ms += 100
    os.write(desk.master, b"]E09521234543213\r")
    wait(lambda: len(desk.of("code_scan")) == 2)
    bench.hand.ahead_ms += 2_500
    os.write(desk.master, MATRIX + b"\n")
    wait(lambda: len(desk.of("code_scan")) == 3)
    serials = [event.facts.get("serial") for event in desk.of("code_scan")]
    assert serials == ["SN0001", None, "SN0001"]


def test_lost_separator_and_missing_prefix_are_refused_and_told(
    bench: Any, desk: Desk, wait: Wait
) -> None:
    os.write(desk.master, MATRIX.replace(b"\x1d", b"") + b"\r")
    wait(lambda: len(desk.of("rejected")) == 1)
    bench.hand.ahead_ms += 100
    os.write(desk.master, b"9521234543213\r")
    wait(lambda: len(desk.of("rejected")) == 2)
    reasons = [event.facts["reason"] for event in desk.of("rejected")]
    assert "the reader seems to drop the separator" in reasons[0]
    assert "is no AIM prefix; switch it on in the reader" in reasons[1]
    assert desk.of("code_scan") == []
    wait(lambda: desk.board.held == 0)  # refused is kept, too: the reader is not asked again


def test_scan_longer_than_any_code_is_refused_whole(desk: Desk, wait: Wait) -> None:
    os.write(desk.master, b"]Q1" + b"A" * 3_000 + b"\r")
    wait(lambda: desk.of("rejected"))
    assert "is not 1 to 256 bytes" in desk.of("rejected")[0].facts["reason"]


def test_noise_without_end_is_counted_and_fills_nothing(bench: Any, desk: Desk, wait: Wait) -> None:
    for number in range(400):
        os.write(desk.master, b"%d\r" % number)
    wait(lambda: desk.board.bad_frames > 300)
    assert len(desk.of("rejected")) < 50
    bench.hand.ahead_ms += 100
    os.write(desk.master, b"]d2 and then nothing")
    wait(lambda: desk.scanner._rest)
    bench.hand.ahead_ms += 1_500
    wait(lambda: not desk.scanner._rest)
    bench.hand.ahead_ms += 1_500
    os.write(desk.master, MATRIX + b"\r")
    wait(lambda: desk.of("code_scan"))


def test_unplugged_reader_is_a_fault_told_once_and_its_return_too(desk: Desk, wait: Wait) -> None:
    desk.unplug()
    wait(lambda: len(desk.of("code_fault")) == 1)
    wait(lambda: not desk.board.is_open)
    desk.plug()
    wait(lambda: len(desk.of("code_fault")) == 2)
    assert desk.board.is_open
    os.write(desk.master, MATRIX + b"\r")
    wait(lambda: desk.of("code_scan"))
    assert [event.facts["code"] for event in desk.of("code_fault")] == [-1, 0]


def test_reader_that_plays_a_keyboard_gives_the_same_event(
    bench: Any, tmp_path: Path, wait: Wait
) -> None:
    path = tmp_path / "event-kbd"
    os.mkfifo(path)
    desk = Desk(bench, path, Keyboard(str(path), grab=lambda _device: None))
    keeper = os.open(path, os.O_RDWR)  # a pipe without a writer would read as ended
    desk.thread.start()
    try:
        wait(lambda: desk.of("board_hello"))
        os.write(keeper, typed(MATRIX.decode() + "\r"))
        wait(lambda: desk.of("code_scan"))
        assert desk.of("code_scan")[0].facts["serial"] == "SN0001"
    finally:
        desk.close()
        os.close(keeper)
