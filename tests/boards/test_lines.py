"""Which ports get a link, which boards are silent, and what the page is told."""

import os
import tty
from pathlib import Path
from typing import Any

import pytest

from fognode.boards.lane import Moment
from fognode.boards.lines import Lines, find_ports
from fognode.boards.wire import Declare, Frame, Hello, Sample
from fognode.config import Config, parse
from fognode.events import Row


def config(folder: Path) -> Config:
    return parse(
        {
            "farm": {"id": "farm-7"},
            "serial": {"ports": [f"{folder}/tty*", f"{folder}/by-id/*"]},
            "board": [{"id": "cab01"}, {"id": "gate1", "place": "gate"}],
            "cabinet": [{"id": "shed", "board": "cab01"}],
            "place": [{"id": "gate"}],
        }
    )


@pytest.fixture
def lines(tmp_path: Path, bench: Any) -> Lines:
    return Lines(config(tmp_path), bench.store.offer, lambda _b: (0, 0), bench.hand.clock)


def port(path: Path) -> Path:
    _master, slave = os.openpty()
    tty.setraw(slave)
    path.symlink_to(os.ttyname(slave))
    return path


def test_device_with_two_names_is_one_port(tmp_path: Path) -> None:
    first, second = tmp_path / "ttyUSB0", tmp_path / "ttyUSB1"
    first.touch()
    second.touch()
    (tmp_path / "by-id").mkdir()
    (tmp_path / "by-id" / "usb-1a86").symlink_to(first)
    patterns = [f"{tmp_path}/ttyUSB*", f"{tmp_path}/by-id/*"]
    assert find_ports(patterns) == [str(first), str(second)]


def test_each_port_gets_one_link_when_it_appears(tmp_path: Path, lines: Lines) -> None:
    assert lines.poll() == []
    first = port(tmp_path / "ttyA")
    assert [link.port for link in lines.poll()] == [str(first)]
    second = port(tmp_path / "ttyB")
    assert [link.port for link in lines.poll()] == [str(second)]
    assert lines.poll() == []


def hears(lines: Lines, bench: Any, board: str) -> None:
    lane = lines._ground.lanes[board]
    at = bench.hand.clock.now()
    head: Any = {"board": board, "boot": 17, "ms": at.mono_ms % 2**32}
    frames: list[Frame] = [
        Hello(**head, protocol=1, kind="cabinet", version="0.1.0", declares=1),
        Declare(**head, sensor="L1", type="light", unit="counts", period_ms=100),
        Sample(**head, values=(("L1", 859),)),
    ]
    for frame in frames:
        lane.hear(frame, at)


def words(bench: Any) -> list[tuple[str, str]]:
    return [(str(e.kind), str(e.facts["board"])) for e in bench.store.events]


def test_board_is_silent_after_three_missed_heartbeats_and_heard_again(
    lines: Lines, bench: Any
) -> None:
    hears(lines, bench, "gate1")
    lines.poll()
    assert words(bench) == [("board_heard", "gate1")]
    bench.hand.ahead_ms += 14_900
    hears(lines, bench, "cab01")
    hears(lines, bench, "gate1")
    lines.poll()
    bench.hand.ahead_ms += 14_900
    hears(lines, bench, "cab01")
    lines.poll()
    assert words(bench)[1:] == [("board_heard", "cab01")]
    bench.hand.ahead_ms += 200
    lines.poll()
    lines.poll()
    assert words(bench)[2:] == [("board_silent", "gate1")]
    silent = bench.store.events[-1]
    assert silent.origin.startswith("n/board_silent/gate1/")
    assert silent.facts["place"] == "gate"
    assert silent.facts["silent_s"] == 15
    hears(lines, bench, "gate1")
    lines.poll()
    assert words(bench)[3:] == [("board_heard", "gate1")]


def test_board_that_never_spoke_is_silent_too(lines: Lines, bench: Any) -> None:
    bench.hand.ahead_ms += 15_100
    lines.poll()
    assert sorted(words(bench)) == [("board_silent", "cab01"), ("board_silent", "gate1")]


def test_silence_that_the_store_could_not_take_is_told_later(lines: Lines, bench: Any) -> None:
    bench.store.is_full = True
    bench.hand.ahead_ms += 15_100
    lines.poll()
    assert bench.store.events == []
    bench.store.is_full = False
    lines.poll()
    assert len(bench.store.events) == 2


def test_wall_clock_that_jumps_makes_nobody_silent(tmp_path: Path, bench: Any) -> None:
    jump = {"ms": 0}
    clock = type(bench.hand.clock)(
        wall_ms=lambda: 1_795_241_520_000 + jump["ms"], mono_ms=lambda: 1000
    )
    lines = Lines(config(tmp_path), bench.store.offer, lambda _b: (0, 0), clock)
    lines._ground.lanes["cab01"].heard = Moment(wall_ms=1_795_241_520_000, mono_ms=1000)
    lines.poll()
    jump["ms"] = 86_400_000
    lines.poll()
    assert words(bench) == [("board_heard", "cab01")]


def test_samples_of_every_board_go_the_same_way(tmp_path: Path, bench: Any) -> None:
    rows: list[Row] = []
    lines = Lines(
        config(tmp_path),
        bench.store.offer,
        lambda _b: (0, 0),
        bench.hand.clock,
        keep_sample=rows.append,
    )
    hears(lines, bench, "cab01")
    hears(lines, bench, "gate1")
    assert [row.values["board"] for row in rows] == ["cab01", "gate1"]


def test_status_shows_ports_without_board_and_boards_without_port(
    tmp_path: Path, lines: Lines, bench: Any
) -> None:
    port(tmp_path / "ttyA")
    lines.poll()
    hears(lines, bench, "cab01")
    bench.hand.ahead_ms += 4_000
    shown = {line.board or line.port: line for line in lines.status()}
    assert set(shown) == {str(tmp_path / "ttyA"), "cab01", "gate1"}
    cabinet = shown["cab01"]
    assert (cabinet.place, cabinet.kind, cabinet.version) == ("shed", "cabinet", "0.1.0")
    (sensor,) = cabinet.sensors
    assert (sensor.sensor, sensor.type, sensor.unit, sensor.value) == (
        "L1",
        "light",
        "counts",
        859,
    )
    assert sensor.heard_s == 4
    assert shown["gate1"].heard_s is None
    assert shown["gate1"].sensors == ()
