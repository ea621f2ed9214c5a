"""Which ports get a link, which boards are silent, and what the page is told."""

import os
import tty
from pathlib import Path
from typing import Any

import pytest

from fognode.boards.calibration import Scale
from fognode.boards.lines import Lines, find_ports
from fognode.boards.told import Moment
from fognode.boards.wire import BoardEvent, Declare, Frame, Heartbeat, Hello, Sample
from fognode.boards.wired import Sensor
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


def test_port_that_a_command_borrowed_is_lent_and_taken_back(tmp_path: Path, lines: Lines) -> None:
    first, second = port(tmp_path / "ttyA"), port(tmp_path / "ttyB")
    lines.poll()
    (tmp_path / "by-id").mkdir()
    (tmp_path / "by-id" / "usb-1a86").symlink_to(first)
    lines.lend(f"{tmp_path}/by-id/usb-1a86")
    assert lines._ground.lent == {str(first)}
    lines.lend(str(second))
    assert lines._ground.lent == {str(second)}
    lines.lend("")
    assert lines._ground.lent == set()


def test_boards_of_the_network_are_those_that_the_configuration_says(
    tmp_path: Path, bench: Any
) -> None:
    tables: dict[str, Any] = {
        "farm": {"id": "farm-7"},
        "ethernet": {"host": "127.0.0.1", "port": 0},
        "board": [{"id": "cab01", "link": "ethernet"}, {"id": "gate1"}],
    }
    made = parse(tables)
    lines = Lines(made, bench.store.offer, lambda _b: (0, 0), bench.hand.clock)
    assert made.ethernet is not None
    listener = lines.listen(made.ethernet, lambda _board: bytes(16))
    assert lines._ground.ethernet == {"cab01"}
    assert listener._door.key_of("cab01") == bytes(16)
    assert listener._door.key_of("gate1") is None
    assert [line.board for line in lines.status()] == ["cab01", "gate1"]


def test_board_is_never_looked_for_where_a_code_reader_is(tmp_path: Path, bench: Any) -> None:
    reader = tmp_path / "by-id" / "usb-reader"
    told = {
        "farm": {"id": "farm-7"},
        "serial": {"ports": [f"{tmp_path}/tty*"]},
        "board": [{"id": "cab01"}, {"id": "scan1"}],
        "scanner": [{"board": "scan1", "port": str(reader)}],
    }
    lines = Lines(parse(told), bench.store.offer, lambda _b: (0, 0), bench.hand.clock)
    first, second = port(tmp_path / "ttyACM0"), port(tmp_path / "ttyACM1")
    reader.parent.mkdir()
    reader.symlink_to(first)
    assert [link.port for link in lines.poll()] == [str(second)]
    reader.unlink()
    reader.symlink_to(second)  # the plugs changed places
    assert [link.port for link in lines.poll()] == [str(first)]
    assert lines._ground.lent == {str(second)}
    reader.unlink()
    reader.symlink_to(first)
    lines.poll()
    assert lines._ground.lent == {str(first)}


def test_board_inside_the_node_has_a_line_of_its_own(lines: Lines, bench: Any) -> None:
    sensor = Sensor(name="L1", type="light", unit="counts", period_ms=10)
    wired = lines.wire("pins", "pi", (sensor,), "cab01")
    wired.reads("L1", 321)
    bench.hand.ahead_ms += 1_100
    wired.turn()
    wired.turn()
    line = next(line for line in lines.status() if line.board == "cab01")
    assert (line.port, line.is_open, line.kind, line.place) == ("pins", True, "pi", "shed")
    assert [(one.sensor, one.value) for one in line.sensors] == [("L1", 321)]
    assert line.frames >= 3


def test_sensor_in_doubt_is_told_once_and_when_it_is_over(lines: Lines, bench: Any) -> None:
    hears(lines, bench, "cab01")
    lines.poll()
    lane = lines._ground.lanes["cab01"]
    beat: dict[str, Any] = {"board": "cab01", "boot": 17, "pending": 0, "lost": 0}
    bench.store.is_full = True
    for _ in range(7):  # the board lives, its sensor is read no more
        bench.hand.ahead_ms += 10_000
        at = bench.hand.clock.now()
        lane.hear(Heartbeat(**beat, ms=at.mono_ms % 2**32, free_bytes=900), at)
        lines.poll()
    bench.store.is_full = False
    lines.poll()
    lines.poll()
    (doubted,) = [event for event in bench.store.events if event.kind == "sensor_doubted"]
    (line,) = [line for line in lines.status() if line.board == "cab01"]
    assert [sensor.doubts for sensor in line.sensors] == [("dead",)]
    assert dict(doubted.facts) == {
        "board": "cab01", "place": "shed", "sensor": "L1", "what": "dead", "value": 859,
    }  # fmt: skip
    hears(lines, bench, "cab01")
    lines.poll()
    (trusted,) = [event for event in bench.store.events if event.kind == "sensor_trusted"]
    assert (trusted.facts["sensor"], trusted.facts["what"]) == ("L1", "dead")


def test_antenna_has_its_own_place_and_a_scale_its_weight(tmp_path: Path, bench: Any) -> None:
    made = parse(
        {
            "farm": {"id": "farm-7"},
            "board": [{"id": "gate1", "place": "gate"}],
            "place": [{"id": "gate"}, {"id": "road", "permitted": False}],
            "antenna": [{"board": "gate1", "sensor": "C2", "place": "road"}],
        }
    )
    lines = Lines(made, bench.store.offer, lambda _b: (0, 0), bench.hand.clock)
    lines.calibrate(lambda _board, _sensor: Scale(counts_per_kg=20_000, zero_counts=400_000))
    lane, at = lines._ground.lanes["gate1"], bench.hand.clock.now()
    head: Any = {"board": "gate1", "boot": 17, "ms": 5}
    lane.hear(Hello(**head, protocol=1, kind="gate", version="0.1.0", declares=3), at)
    for name, kind, unit in (
        ("C1", "tag", "uid"),
        ("C2", "tag", "uid"),
        ("W1", "weight", "counts"),
    ):
        lane.hear(Declare(**head, sensor=name, type=kind, unit=unit, period_ms=100), at)
    lane.hear(Sample(**head, values=(("W1", 430_000),)), at)
    told = []
    for seq, name in enumerate(("C1", "C2"), start=1):
        event = BoardEvent(**head, seq=seq, sensor=name, word="in", value="04A1B2C3")
        told += [owed.event.facts["place"] for owed in lane.hear(event, at)]
    assert told == ["gate", "road"]
    (line,) = [line for line in lines.status() if line.board == "gate1"]
    assert [sensor.grams for sensor in line.sensors] == [None, None, 1_500]


# --- cameras that are boards -----------------------------------------------------------------


def test_cameras_port_is_its_own_lines_and_nobody_elses(tmp_path: Path, bench: Any) -> None:
    camera = tmp_path / "by-id" / "usb-camera"
    told = {
        "farm": {"id": "farm-7"},
        "serial": {"ports": [f"{tmp_path}/tty*"]},
        "board": [{"id": "cab01"}, {"id": "cam01"}],
        "cabinet": [{"id": "shed", "board": "cab01"}],
        "camera": [
            {"id": "cam-1", "cabinet": "shed", "source": f"serial:{camera}", "board": "cam01"}
        ],
    }
    lines = Lines(parse(told), bench.store.offer, lambda _b: (0, 0), bench.hand.clock)
    first, second = port(tmp_path / "ttyA"), port(tmp_path / "ttyB")
    camera.parent.mkdir()
    camera.symlink_to(first)
    ours, other = lines.poll()
    assert (ours, ours.port) == (lines.cameras["cam-1"], str(camera))
    assert other.port == str(second)
    assert lines.poll() == []
    assert bench_lent(lines) == set()
    camera.unlink()
    camera.symlink_to(second)  # the plugs changed places
    (new,) = lines.poll()
    assert (new.port, bench_lent(lines)) == (str(first), {str(second)})


def bench_lent(lines: Lines) -> set[str]:
    return set(lines._ground.lent)
