"""The serial port itself: opened, lent, lost and found again."""

import dataclasses
import os
import termios
import time
from collections.abc import Callable
from typing import Any

import pytest
import serial

from fognode.boards import serial_port

Wait = Callable[..., None]


def ready(bench: Any, wait: Wait, name: str = "cab01") -> None:
    wait(lambda: bench.store.origins(f"n/board_hello/{name}/") != [])


def test_commit_wakes_a_reader_that_waits_for_bytes(
    bench: Any, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_port, "READ_S", 1.5)
    bench.store.keeps = False
    board = bench.board()
    bench.link()
    ready(bench, wait)
    board.happen("L1,open,859")
    wait(lambda: len(bench.store.origins()) == 1)
    bench.store.commit()
    wait(lambda: board.acks() != [], within_s=0.7)


def test_port_is_opened_for_us_alone_and_does_not_hang_up_at_close(bench: Any, wait: Wait) -> None:
    board = bench.board()
    fields = termios.tcgetattr(board._slave)
    fields[2] |= termios.HUPCL
    termios.tcsetattr(board._slave, termios.TCSANOW, fields)
    bench.link()
    ready(bench, wait)
    with pytest.raises(serial.SerialException):
        serial.Serial(os.ttyname(board._slave), exclusive=True)
    assert not termios.tcgetattr(board._slave)[2] & termios.HUPCL


def test_unplugged_board_is_bound_again_and_loses_nothing(bench: Any, wait: Wait) -> None:
    board = bench.board()
    link = bench.link()
    ready(bench, wait)
    board.happen("L1,open,859")
    wait(lambda: board.held == {})
    board.unplug()
    wait(lambda: not link.is_open)
    assert bench.ground.holders == {}
    board.held[2] = "E,cab01,17,2,5000,W1,take,-80028"
    board.plug()
    wait(lambda: bench.store.origins() == ["b/cab01/17/1", "b/cab01/17/2"], within_s=5)
    wait(lambda: board.held == {})


def test_port_that_a_command_uses_is_left_alone_until_it_is_given_back(
    bench: Any, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = bench.board()
    link = bench.link()
    ready(bench, wait)
    close = link._serial.close

    def close_slowly() -> None:  # as when the kernel takes the processor away just then
        time.sleep(0.1)
        close()

    monkeypatch.setattr(link._serial, "close", close_slowly)
    bench.ground.lent.add(link.port)
    wait(lambda: not link.is_open)
    with serial.Serial(link.port, exclusive=True):
        board.happen("L1,open,859")
    bench.ground.lent.clear()
    wait(lambda: bench.store.origins() == ["b/cab01/17/1"])


def test_board_of_the_network_is_not_heard_on_a_port(bench: Any, wait: Wait) -> None:
    bench.ground = dataclasses.replace(bench.ground, ethernet=frozenset({"cab01"}))
    board = bench.board()
    link = bench.link()
    board.happen("L1,open,859")
    wait(lambda: link.frames > 14)
    assert bench.store.events == []
    assert board.acks() == []


class Terminal:
    """What the kernel holds of an endless line: one read gives 4,095 bytes, whatever waits."""

    def __init__(self, waits: int) -> None:
        self.waits = waits

    @property
    def in_waiting(self) -> int:
        return min(self.waits, 4_095)

    def read(self, size: int) -> bytes:
        size = min(size, self.in_waiting)
        self.waits -= size
        return b"x" * size


def test_flood_is_read_in_pieces_that_are_bounded(bench: Any) -> None:
    link: Any = serial_port.SerialLink("/nowhere/ttyA", bench.ground)
    link._serial = Terminal(9_000)
    assert [len(link._read()) for _ in range(3)] == [8_190, 810, 0]
    link._serial = Terminal(43)
    assert len(link._read()) == 43
