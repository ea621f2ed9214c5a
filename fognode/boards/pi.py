"""Sensors wired to this Raspberry Pi, heard as one board (``pi0``).

One thread per driver reads its sensor and hands the readings over; one thread judges them by
the rules of the firmware (sense.py) and speaks for the board (wired.py).  A driver that falls
silent, dies or hangs is a fault of its sensor; the others go on.

A driver that hangs cannot be ended: it is left behind, and a new one takes its sensor
(``Worker.renew``).  What the old one still reads is dropped; its call that comes back late may
spoil one reading of the new one, and the rules make no event of a single reading.
"""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from fognode import config
from fognode.boards.link import Clock
from fognode.boards.pins import Distance, Driver, Fault, Light, Reading, Ticks, Vibration
from fognode.boards.scale import Scale
from fognode.boards.sense import Distance as DistanceRule
from fognode.boards.sense import Light as LightRule
from fognode.boards.sense import Shake, Tags, Weight
from fognode.boards.tag_reader import TagReader
from fognode.boards.wired import ABSENT, CROWDED, WORKS, Sensor, Wired
from fognode.errors import ConfigError

PORT, KIND = "pins", "pi"
MOST_READINGS = 1_000  # handed over and not yet judged: 5 s of all sensors
TURN_S = 0.05
SILENT_MS = 5_000  # a driver that has nothing to say for so long is absent
REOPEN_S = 2.0
HANG_S, NEVER_S = 10.0, float("inf")  # no call of a driver takes longer than 0.2 s
RULES: dict[str, Callable[[], Any]] = {
    "light": LightRule,
    "vibration": Shake,
    "distance": DistanceRule,
    "weight": Weight,
    "tag": Tags,
}
SAMPLED = frozenset({"light", "distance", "weight"})

Run = Callable[[threading.Event], None]
Maker = Callable[[], Driver]
Wire = Callable[[str, str, Sequence[Sensor], str], Wired]

log = logging.getLogger(__name__)


def makers_of(pi: config.Pi, ticks: Ticks) -> list[Maker]:
    """Return who makes a driver, for each sensor that is wired."""
    found: list[Maker] = []
    if pi.light_device >= 0:
        found.append(partial(Light, pi.light_device, pi.light_channel))
    if pi.vibration_pin:
        found.append(partial(Vibration, pi.vibration_pin, ticks))
    if pi.echo_pin:
        found.append(partial(Distance, pi.trigger_pin, pi.echo_pin, ticks))
    if pi.weight_data_pin:
        found.append(partial(Scale, pi.weight_data_pin, pi.weight_clock_pin, ticks))
    if pi.tag_device >= 0:
        found.append(partial(TagReader, pi.tag_device, pi.tag_reset_pin, ticks))
    return found


class Pi:
    """The board and its drivers; ``parts`` are the loops to be run, each on its own thread."""

    def __init__(self, makers: Sequence[Maker], board: str, wire: Wire, clock: Clock) -> None:
        self._makers, self._clock = tuple(makers), clock
        self._sensors = [make().sensor for make in makers]
        self.board = wire(PORT, KIND, self._sensors, board)
        self._rules = {sensor.name: RULES[sensor.type]() for sensor in self._sensors}
        self._heard_ms = dict.fromkeys(self._rules, clock.mono_ms())
        self._readings: queue.Queue[tuple[Sensor, int, Reading]] = queue.Queue(MOST_READINGS)

    def parts(self) -> list[tuple[str, Run, float]]:
        """Return of each thread its name, its loop, and after what silence it hangs.

        A loop may be started again after it raised; that of a driver also beside one that hangs.
        """
        driven = [
            (f"pi-{sensor.type}", partial(self.drive, make), HANG_S)
            for sensor, make in zip(self._sensors, self._makers, strict=True)
        ]
        return [("pi", self.run, NEVER_S), *driven]

    def run(self, stop: threading.Event) -> None:
        """Judge readings and speak for the board until ``stop`` is set."""
        # Not since it was built: the node may first have waited for its record.
        self._heard_ms = dict.fromkeys(self._rules, self._clock.mono_ms())
        while not stop.wait(TURN_S):
            self._judge_waiting()
            self._watch()
            self.board.turn()

    def drive(self, make: Maker, stop: threading.Event) -> None:
        """Read one sensor, by a driver of its own, until ``stop`` is set.

        Raises:
            ConfigError: The packages for it are not installed.
        """
        driver, logged = make(), False
        while not stop.is_set():
            try:
                driver.open()
                while not stop.wait(driver.pause_s):
                    heard = driver.read()
                    # Meanwhile it may have been left behind: then another one speaks.
                    if heard is not None and not stop.is_set():
                        self._hand_over(driver.sensor, heard)
            except ImportError as error:
                raise ConfigError(f"[pi] needs the extra pi (on a Pi 5: pi5): {error}") from error
            except (OSError, RuntimeError) as error:
                if stop.is_set():
                    return
                self._hand_over(driver.sensor, Fault(ABSENT))
                if not logged:
                    log.warning("event=sensor_lost sensor=%s error=%r", driver.sensor, str(error))
                logged = True
            stop.wait(REOPEN_S)

    def _hand_over(self, sensor: Sensor, heard: Reading) -> None:
        try:
            self._readings.put((sensor, self._clock.mono_ms(), heard), timeout=TURN_S)
        except queue.Full:
            log.warning("event=reading_dropped sensor=%s", sensor.name)

    # --- on the board's thread -----------------------------------------------------------

    def _judge_waiting(self) -> None:
        try:
            for _ in range(MOST_READINGS):
                self._judge(*self._readings.get_nowait())
        except queue.Empty:
            return

    def _judge(self, sensor: Sensor, mono_ms: int, heard: Reading) -> None:
        rule, ms = self._rules[sensor.name], self.board.ms(mono_ms)
        self._heard_ms[sensor.name] = mono_ms
        if isinstance(heard, Fault):
            self._fail(sensor.name, heard.code, mono_ms)
            return
        said = rule.take(mono_ms, heard)
        code = CROWDED if isinstance(heard, tuple) and rule.crowded(heard) else WORKS
        self.board.fault(sensor.name, code, ms)
        if sensor.type in SAMPLED and isinstance(heard, int):
            self.board.reads(sensor.name, getattr(rule, "newest", heard))
        for word, value in said:
            self.board.happen(sensor.name, word, value, ms)

    def _fail(self, name: str, code: int, mono_ms: int) -> None:
        rule = self._rules[name]
        if isinstance(rule, Tags):
            rule.hold(mono_ms)  # neither in nor out until the reader is back
        self.board.fault(name, code, self.board.ms(mono_ms))

    def _watch(self) -> None:
        mono_ms = self._clock.mono_ms()
        for name, heard_ms in self._heard_ms.items():
            if mono_ms - heard_ms >= SILENT_MS:
                self._fail(name, ABSENT, mono_ms)
