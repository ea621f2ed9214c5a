"""Sensors on a Pi's pins, from chip models through hx711 and mfrc522 to a board's own events."""

import re
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from fognode.boards import pi as pins_board
from fognode.boards import wire
from fognode.boards.lane import Lane
from fognode.boards.link import Clock, Ground
from fognode.boards.pi import HANG_S, SILENT_MS, Pi, makers_of
from fognode.boards.pins import Driver, Ticks
from fognode.boards.told import Moment, Owed
from fognode.boards.wired import Sensor, Wired
from fognode.config import Pi as PiConfig
from fognode.daemon.workers import Worker
from fognode.errors import ConfigError
from tests.boards.chips import HcSr04, Hx711, Mcp3008, Mfrc522, PiBench

WIRED = PiConfig(
    light_device=1, vibration_pin=17, trigger_pin=23, echo_pin=24,
    weight_data_pin=5, weight_clock_pin=6, tag_device=0, tag_reset_pin=25,
)  # fmt: skip
ROOT = Path(__file__).parents[2]
UID = "04A1B2C3D4E5F6"


def wire_to(ground: Ground, port: str, kind: str, sensors: Sequence[Sensor], board: str) -> Wired:
    return Wired(port, kind, sensors, board, ground)


class Rig:
    """A cabinet whose sensors are wired to a Pi; its time is the chips'."""

    def __init__(self, bench: PiBench, store: Any, wired: PiConfig = WIRED) -> None:
        self.bench, self.store = bench, store
        self.light = bench.spi[1] = Mcp3008()
        self.level = False
        bench.levels[17] = lambda: self.level
        self.range = HcSr04(bench, 23, 24)
        self.scale = Hx711(bench, 5, 6)
        self.reader = bench.spi[0] = Mfrc522(bench, 25)
        clock = Clock(
            wall_ms=lambda: 1_795_241_520_000 + bench.now_us // 1_000,
            mono_ms=lambda: bench.now_us // 1_000,
        )
        self.lane = Lane(
            board="pi0", place="shed", counts_per_kg=40_000, progress=lambda _b: (0, 0)
        )
        ground = Ground(lanes={"pi0": self.lane}, holders={}, offer=store.offer, clock=clock)
        makers = makers_of(wired, Ticks(seconds=bench.seconds, sleep=bench.sleep))
        self.drivers = [make() for make in makers]
        self.pi = Pi(makers, "pi0", partial(wire_to, ground), clock)
        self.hung: set[str] = set()

    def open(self) -> None:
        for driver in self.drivers:
            driver.open()

    def run(self, ms: int) -> None:
        """Let time pass: every driver is read when it is due, the board turns every 50 ms."""
        due = {driver.sensor.name: self.bench.now_us for driver in self.drivers}
        end_us, turn_us = self.bench.now_us + 1_000 * ms, self.bench.now_us
        while self.bench.now_us < end_us:
            self.bench.sleep(0.002)
            for driver in self.drivers:
                name = driver.sensor.name
                if name in self.hung or due[name] > self.bench.now_us:
                    continue
                due[name] = self.bench.now_us + round(driver.pause_s * 1e6)
                if (heard := driver.read()) is not None:
                    self.pi._hand_over(driver.sensor, heard)
            if self.bench.now_us >= turn_us and not self.pi._readings.empty():
                turn_us = self.bench.now_us + 50_000
                self.pi._judge_waiting()
                self.pi._watch()
                self.pi.board.turn()

    def shake(self, edges: int) -> None:
        for _ in range(edges):
            self.level = not self.level
            self.run(4)

    def told(self) -> list[tuple[str, str]]:
        names = ("light_counts", "vibration_edges", "distance_mm", "weight_g", "tag", "code")
        return [
            (str(event.kind), str(next((event.facts[n] for n in names if n in event.facts), "")))
            for event in self.store.events
        ]


@pytest.fixture
def rig(pi_bench: PiBench, bench: Any) -> Rig:
    made = Rig(pi_bench, bench.store)
    made.open()
    made.run(1_500)
    return made


def test_handling_a_package_gives_every_kind_of_event_a_board_gives(rig: Rig) -> None:
    rig.light.counts[0] = 859
    rig.run(400)
    rig.reader.put_card(UID)
    rig.run(400)
    rig.shake(9)
    rig.run(400)
    rig.range.mm = 250
    rig.run(1_200)
    rig.scale.raw -= 80_000
    rig.run(900)
    rig.scale.raw += 60_000
    rig.run(900)
    rig.reader.cards.clear()
    rig.run(2_600)
    rig.light.counts[0] = 100
    rig.run(400)
    assert rig.told() == [
        ("board_hello", ""),
        ("light_open", "859"),
        ("tag_in", UID),
        ("vibration_shake", "9"),
        ("distance_move", "250"),
        ("weight_take", "-2000"),
        ("weight_put", "1500"),
        ("tag_out", UID),
        ("light_close", "100"),
    ]
    assert rig.store.origins() == [f"b/pi0/1/{n}" for n in range(1, 9)]
    assert rig.lane.counters.rejected == 0
    assert rig.pi.board.held == 0


def body_of(frame: wire.Frame) -> str:
    """Return a frame as docs/protocol.md has it on the wire."""
    head = f"{frame.board},{frame.boot}"
    match frame:
        case wire.Hello():
            said = f"{frame.protocol},{frame.kind},{frame.version},{frame.declares}"
            return f"H,{head},0,{frame.ms},{said}"
        case wire.Declare():
            said = f"{frame.sensor},{frame.type},{frame.unit},{frame.period_ms}"
            return f"D,{head},0,{frame.ms},{said}"
        case wire.BoardEvent():
            said = f"{frame.sensor},{frame.word},{frame.value}"
            return f"E,{head},{frame.seq},{frame.ms},{said}"
        case wire.Sample():
            pairs = ",".join(f"{name}={value}" for name, value in frame.values)
            return f"S,{head},0,{frame.ms},{pairs}"
        case wire.Heartbeat():
            said = f"{frame.pending},{frame.lost},{frame.free_bytes}"
            return f"B,{head},0,{frame.ms},{said}"
        case _:
            raise AssertionError(frame)


def test_every_frame_is_one_that_a_board_could_send(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames: list[wire.Frame] = []
    hear = Lane.hear

    def overhear(lane: Lane, frame: wire.Frame, at: Moment) -> list[Owed]:
        frames.append(frame)
        return hear(lane, frame, at)

    monkeypatch.setattr(Lane, "hear", overhear)
    rig.lane.ask = True  # as after a gap: it introduces itself again
    rig.light.counts[0] = 859
    rig.reader.put_card(UID)
    rig.shake(9)
    rig.scale.raw -= 80_028
    rig.run(6_000)
    rig.reader.gone = True
    rig.run(1_000)
    assert {type(frame).__name__ for frame in frames} == {
        "Hello", "Declare", "BoardEvent", "Sample", "Heartbeat"
    }  # fmt: skip
    for frame in frames:
        assert wire.decode(wire.seal(body_of(frame))) == frame


def test_sensors_are_declared_as_the_firmware_declares_them(rig: Rig) -> None:
    text = (ROOT / "firmware" / "core" / "sense.c").read_text(encoding="utf-8")
    rows = re.findall(r'"(\w+)", "(\w+)", "(\w+)", (\d+)', text)
    assert rows
    for driver in rig.drivers:
        one = driver.sensor
        assert (one.name, one.type, one.unit) in {row[:3] for row in rows}


def test_readings_go_into_samples_as_a_boards_do(rig: Rig) -> None:
    rows: list[Any] = []
    rig.lane.keep_sample = rows.append
    rig.light.counts[0] = 321
    rig.run(2_500)
    told = dict(pair.split("=") for pair in rows[-1].values["readings"].split(","))
    assert set(told) == {"L1", "D1", "W1"}
    assert (told["L1"], told["W1"]) == ("321", "400000")


def test_each_part_that_fails_is_one_fault_and_the_others_go_on(rig: Rig) -> None:
    rig.scale.gone = rig.reader.gone = rig.light.gone = rig.range.stuck = True
    rig.run(SILENT_MS + 1_500)
    rig.shake(9)
    rig.run(400)
    told = rig.told()[1:]
    assert sorted(told[:4]) == [
        ("distance_fault", "-2"), ("light_fault", "-1"), ("tag_fault", "-1"), ("weight_fault", "-1")
    ]  # fmt: skip
    assert told[4:] == [("vibration_shake", "9")]
    rig.scale.gone = rig.reader.gone = rig.light.gone = rig.range.stuck = False
    rig.run(2_500)
    assert sorted(rig.told()[6:]) == [
        ("distance_fault", "0"), ("light_fault", "0"), ("tag_fault", "0"), ("weight_fault", "0")
    ]  # fmt: skip


def test_tag_that_lies_still_neither_leaves_nor_comes_while_its_reader_is_away(rig: Rig) -> None:
    rig.reader.put_card(UID)
    rig.run(500)
    rig.reader.gone = True
    rig.run(5_000)
    rig.reader.gone, rig.reader.deaf = False, 4  # and the first rounds do not hear it
    rig.run(2_500)
    assert rig.told()[1:] == [("tag_in", UID), ("tag_fault", "-1"), ("tag_fault", "0")]


def test_tag_heard_with_gaps_of_up_to_2_s_flaps_not(rig: Rig) -> None:
    rig.reader.put_card(UID)
    for _ in range(8):
        rig.run(300)
        rig.reader.deaf = 12  # rounds of 0.1 s
        rig.run(1_500)
    assert rig.told()[1:] == [("tag_in", UID)]


def test_driver_that_hangs_is_a_fault_of_its_sensor_alone(rig: Rig) -> None:
    rig.hung.add("W1")
    rig.run(SILENT_MS + 500)
    assert rig.told()[1:] == [("weight_fault", "-1")]
    rig.hung.clear()
    rig.run(1_500)
    assert rig.told()[2:] == [("weight_fault", "0")]


def test_driver_that_crashes_reads_again_within_a_second(rig: Rig, wait: Any) -> None:
    (driver,) = (one for one in rig.drivers if one.sensor.type == "weight")
    crashed = CrashesOnce(driver)
    run = partial(rig.pi.drive, lambda: cast(Driver, crashed))
    worker = Worker("pi-weight", run, fatal=lambda _error: None)
    began_s = time.monotonic()
    worker.start()
    try:
        wait(lambda: crashed.reads >= 2)
        assert time.monotonic() - began_s < 1
        assert len(worker.deaths) == 1
    finally:
        worker.pulse.set()
        worker.join(5)


class CrashesOnce:
    """A driver with a bug that shows at its first read."""

    pause_s = 0.01

    def __init__(self, driver: Driver) -> None:
        self.sensor, self.reads = driver.sensor, 0

    def open(self) -> None:
        pass

    def read(self) -> int:
        self.reads += 1
        if self.reads == 1:
            raise ZeroDivisionError("a bug")
        return 400_000


def test_only_what_is_wired_has_a_driver(pi_bench: PiBench) -> None:
    ticks = Ticks(seconds=pi_bench.seconds, sleep=pi_bench.sleep)
    assert makers_of(PiConfig(), ticks) == []
    (make,) = makers_of(PiConfig(vibration_pin=17), ticks)
    assert make().sensor.name == "V1"


# --- the loops themselves, on threads and in real time -----------------------------------------


class RealBench(PiBench):
    """The same pins on the clock of this machine."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs = False  # the next call of a pin or bus, until ``over``
        self.hung, self.over = threading.Event(), threading.Event()

    def __getattribute__(self, name: str) -> Any:
        if name == "now_us":
            return time.monotonic_ns() // 1_000
        return super().__getattribute__(name)

    def spend(self, us: int) -> None:
        if us and self.hangs:
            self.hangs = False
            self.hung.set()
            self.over.wait(20)

    def sleep(self, s: float) -> None:
        time.sleep(s)


def test_loops_read_judge_and_tell_on_their_own_threads(
    pi_bench: PiBench, bench: Any, wait: Any
) -> None:
    real = RealBench()
    vars(sys.modules["RPi.GPIO"])["bench"] = vars(sys.modules["spidev"])["bench"] = real
    rig = Rig(real, bench.store)
    rig.light.gone = True
    stop = threading.Event()
    threads = [threading.Thread(target=run, args=(stop,)) for _, run, _ in rig.pi.parts()]
    assert [name for name, *_ in rig.pi.parts()] == [
        "pi", "pi-light", "pi-vibration", "pi-distance", "pi-weight", "pi-tag"
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    try:
        wait(lambda: ("light_fault", "-1") in rig.told())
        rig.reader.put_card(UID)
        wait(lambda: ("tag_in", UID) in rig.told())
        rig.light.gone = False
        wait(lambda: ("light_fault", "0") in rig.told())
        rig.light.counts[0] = 859
        wait(lambda: ("light_open", "859") in rig.told())
        wait(lambda: rig.pi.board.held == 0)
        assert [kind for kind, code in rig.told() if code == "-1"] == ["light_fault"]
    finally:
        stop.set()
        for thread in threads:
            thread.join(5)
    assert not any(thread.is_alive() for thread in threads)


@pytest.mark.parametrize(
    ("wired", "kind"),
    [
        (PiConfig(weight_data_pin=5, weight_clock_pin=6), "weight"),
        (PiConfig(tag_device=0, tag_reset_pin=25), "tag"),
    ],
)
def test_driver_that_hangs_is_left_behind_and_another_reads_its_sensor(
    pi_bench: PiBench,
    bench: Any,
    wait: Any,
    monkeypatch: pytest.MonkeyPatch,
    wired: PiConfig,
    kind: str,
) -> None:
    """Boards facts 7 and 10: a watchdog over each driver's thread, within 60 s."""
    monkeypatch.setattr(pins_board, "SILENT_MS", 1_000)
    real = RealBench()
    vars(sys.modules["RPi.GPIO"])["bench"] = vars(sys.modules["spidev"])["bench"] = real
    rig = Rig(real, bench.store, wired)
    rig.reader.put_card(UID)
    workers = [
        Worker(name, run, fatal=lambda _error: None, hang_s=hang_s * 2 / HANG_S)
        for name, run, hang_s in rig.pi.parts()
    ]
    driver = workers[1]

    def codes() -> list[str]:
        return [code for name, code in rig.told() if name == f"{kind}_fault"]

    for worker in workers:
        worker.start()
    try:
        wait(lambda: ("tag_in", UID) in rig.told() or "W1" in rig.lane.values)
        real.hangs = True
        wait(real.hung.is_set)
        wait(lambda: codes()[-1:] == ["-1"])

        def works_again() -> bool:
            driver.renew()  # as the daemon does twice a second
            return codes()[-1:] == ["0"]

        wait(works_again)
        (left,) = driver.hung
        assert left.is_alive()
        real.over.set()  # the call comes back, late
        wait(lambda: not left.is_alive())
        assert driver.thread is not None
        assert driver.thread.is_alive()
    finally:
        real.over.set()
        for worker in workers:
            worker.pulse.set()
            worker.join(5)


def test_machine_without_pins_is_a_fault_and_one_without_the_packages_names_the_extra(
    pi_bench: PiBench, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(pi_bench, bench.store, PiConfig(tag_device=2, vibration_pin=17))
    once = Once()
    rig.pi.drive(lambda: rig.drivers[1], once)  # no /dev/spidev0.2
    rig.pi._judge_waiting()
    rig.pi.board.turn()
    assert ("tag_fault", "-1") in rig.told()
    monkeypatch.setitem(sys.modules, "RPi", None)
    with pytest.raises(ConfigError, match=r"needs the extra pi \(on a Pi 5: pi5\)"):
        rig.pi.drive(lambda: rig.drivers[0], Once())


class Once(threading.Event):
    """A stop signal that comes at the first wait."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True
