"""A UHF reader over TCP and serial: tags come and go at antennas, each with its own place."""

import os
import threading
import tty
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fognode.boards.antennas import (
    KIND,
    NOISE,
    NOISE_LINES,
    AntennaReader,
    TcpSource,
    antenna_sensors,
    source_of,
)
from fognode.boards.lane import Lane
from fognode.boards.reader_loop import CdcPort, Source
from fognode.boards.sightings import Presence
from fognode.boards.wired import ABSENT, CROWDED, WORKS, Wired
from fognode.trial.reader import TrialReader

Wait = Callable[..., None]
EPC, OTHER = "E28011606000020A1B2C3D4E", "E28011606000020A1B2C3D4F"
SENSORS = {1: "A1", 2: "A2"}
PLACES = {"A1": "gate", "A2": "shed"}


class Fence:
    """A reader with its loop running, and what the store got of it."""

    def __init__(self, bench: Any, source: Source, hold_ms: int = 400) -> None:
        lane = Lane(
            board="rfid1", place="", counts_per_kg=1, progress=lambda _b: (0, 0), places=PLACES
        )
        ground = replace(bench.ground, lanes={"rfid1": lane})
        self.store = bench.store
        self.board = Wired(source.path, KIND, antenna_sensors(SENSORS), "rfid1", ground)
        presence = Presence(sensors=SENSORS, hold_ms=hold_ms)
        self.reader = AntennaReader(source, self.board, presence)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.reader.run, args=(self.stop,))
        self.thread.start()

    def told(self) -> list[tuple[str, str, str]]:
        found = [event for event in self.store.events if event.kind in {"tag_in", "tag_out"}]
        return [(e.kind, str(e.facts["place"]), str(e.facts["tag"])) for e in found]

    def codes(self) -> list[int]:
        return [int(e.facts["code"]) for e in self.store.events if e.kind == "tag_fault"]

    def close(self) -> None:
        self.stop.set()
        self.thread.join(5)
        assert not self.thread.is_alive()


@pytest.fixture
def reader() -> Iterator[TrialReader]:
    made = TrialReader()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def fence(bench: Any, reader: TrialReader) -> Iterator[Fence]:
    made = Fence(bench, TcpSource(reader.address))
    try:
        yield made
    finally:
        made.close()


def test_tag_goes_through_the_gate_to_the_shed(
    fence: Fence, reader: TrialReader, wait: Wait
) -> None:
    reader.put(1, EPC)
    wait(lambda: fence.told() == [("tag_in", "gate", EPC)])
    reader.take(1, EPC)
    wait(lambda: fence.told()[1:] == [("tag_out", "gate", EPC)])
    reader.put(2, EPC)
    wait(lambda: fence.told()[2:] == [("tag_in", "shed", EPC)])
    origins = [e.origin for e in fence.store.events if e.kind.startswith("tag_")]
    assert origins == [f"b/rfid1/1/{count}" for count in (1, 2, 3)]
    sensors = [e.facts["sensor"] for e in fence.store.events if e.kind.startswith("tag_")]
    assert sensors == ["A1", "A1", "A2"]


def test_hostile_lines_change_nothing_and_many_of_them_are_a_fault(
    fence: Fence, reader: TrialReader, wait: Wait
) -> None:
    reader.put(1, EPC)
    wait(lambda: fence.told() == [("tag_in", "gate", EPC)])
    reader.say(f"9,{OTHER},-50\n9,{OTHER},-50\n".encode())  # no antenna of ours
    reader.say(b"A" * 3000 + b"\n" + b"1,%n,-50\n" * NOISE_LINES)
    wait(lambda: NOISE in fence.codes())
    assert fence.codes().count(NOISE) == len(SENSORS)  # once each, whatever follows
    assert fence.told() == [("tag_in", "gate", EPC)]
    assert fence.board.bad_frames >= NOISE_LINES + 3


def test_reader_that_hangs_up_is_a_fault_and_takes_no_tag_away(
    fence: Fence, reader: TrialReader, wait: Wait
) -> None:
    reader.put(2, EPC)
    wait(lambda: fence.told() == [("tag_in", "shed", EPC)])
    reader.hang_up()
    wait(lambda: fence.codes() == [ABSENT, ABSENT, WORKS, WORKS])
    reader.put(2, OTHER)
    wait(lambda: ("tag_in", "shed", OTHER) in fence.told())
    assert ("tag_out", "shed", EPC) not in fence.told()


def test_more_tags_than_are_followed_are_a_fault(
    fence: Fence, reader: TrialReader, wait: Wait
) -> None:
    wait(lambda: fence.store.kinds() == ["board_hello"])
    reader.say("".join(f"1,{number:024X},-50\n" for number in range(3_000)).encode())
    wait(lambda: CROWDED in fence.codes())
    wait(lambda: fence.codes()[-1] == WORKS)


def test_reader_on_a_serial_port_is_heard_as_well(bench: Any, tmp_path: Path, wait: Wait) -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    port = tmp_path / "ttyUSB0"
    port.symlink_to(os.ttyname(slave))
    fence = Fence(bench, source_of(str(port)))
    try:
        line = f"1,{EPC},-61\r\n".encode()
        wait(lambda: fence.board.held == 0 and bench.store.kinds() == ["board_hello"])
        for piece in (line[:9], line[9:] + line):
            os.write(master, piece)
        wait(lambda: fence.told() == [("tag_in", "gate", EPC), ("tag_out", "gate", EPC)])
    finally:
        fence.close()
        os.close(master)
        os.close(slave)


def test_path_is_a_serial_port_and_the_rest_an_address() -> None:
    assert isinstance(source_of("/dev/ttyUSB0"), CdcPort)
    assert isinstance(source_of("10.0.0.7:4001"), TcpSource)
