"""Sensors at single pins of a Raspberry Pi: vibration, distance, and light behind an MCP3008.

Levels are polled, never watched for edges: that would write /sys/class/gpio, which the unit
file forbids.  RPi.GPIO (on a Pi 5 rpi-lgpio, which has its name) and spidev are imported when
a driver opens, for they exist on a Pi only.  A driver is used on one thread.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

from fognode.boards.wired import ABSENT, STUCK, Sensor

TRIGGER_S = 12e-6
ECHO_S = 0.025  # 4.3 m; what is longer is no echo
RISE_S = 0.005  # the echo line rises 0.5 ms after the trigger
SPREAD_S = 100e-6
BLIND_MM = 20
MM_PER_S = 171_500  # half of 343 m/s
STUCK_CYCLES = 10  # 1 s; clones hold the line for 0.19 s after a missing echo
EDGES_S = 0.01


@dataclass(frozen=True, slots=True)
class Fault:
    """Instead of a reading: a code of the word "fault" (docs/protocol.md)."""

    code: int


Reading = int | tuple[str, ...] | Fault  # tags: every UID of a round
Heard = Reading | None  # None = nothing new


class Driver(Protocol):
    """One sensor; no call takes longer than 0.1 s."""

    sensor: Sensor
    pause_s: float  # between two reads

    def open(self) -> None:
        """Set the pins up; OSError or RuntimeError where there are none."""

    def read(self) -> Heard:
        """Return what is new; OSError when the bus is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticks:
    """Time as a driver needs it; tests hand in their own."""

    seconds: Callable[[], float] = time.perf_counter
    sleep: Callable[[float], None] = time.sleep

    def reached(self, end_s: float) -> bool:
        """Tell whether ``seconds`` has come so far."""
        return self.seconds() >= end_s


class Gpio(Protocol):
    """RPi.GPIO as far as it is used here."""

    BCM: int
    IN: int
    OUT: int

    def setmode(self, mode: int) -> None: ...  # noqa: D102 - RPi.GPIO's own
    def setwarnings(self, on: bool) -> None: ...  # noqa: D102
    def setup(self, pin: int, way: int) -> None: ...  # noqa: D102
    def input(self, pin: int) -> int: ...  # noqa: D102
    def output(self, pin: int, level: int) -> None: ...  # noqa: D102


def load_gpio() -> Gpio:
    """Return RPi.GPIO, with pins by their BCM numbers whoever asks first.

    Raises:
        RuntimeError: This is no Raspberry Pi.
        ImportError: The extra ``pi`` or ``pi5`` is not installed.
    """
    from RPi import GPIO  # noqa: PLC0415 - fails to load on any other machine

    gpio = cast(Gpio, GPIO)
    gpio.setwarnings(False)  # a pin that a killed run left set up
    gpio.setmode(gpio.BCM)
    return gpio


class Light:
    """An LDR at an MCP3008: 10 bits as a board has them, 0 to 1023 counts.

    Source: Microchip DS21295D, figure 6-1: start bit, single-ended, null bit, ten bits.
    """

    sensor = Sensor(name="L1", type="light", unit="counts", period_ms=10)
    pause_s = 0.01

    def __init__(self, device: int, channel: int) -> None:
        self._device, self._channel = device, channel
        self._spi: Any = None

    def open(self) -> None:
        """Open SPI bus 0."""
        import spidev  # noqa: PLC0415 - there is none but on a Pi

        self._spi = self._spi or spidev.SpiDev()
        self._spi.open(0, self._device)
        self._spi.max_speed_hz = 1_000_000

    def read(self) -> Heard:
        """Return the counts, or that no chip answers: it would pull the null bit low."""
        _, high, low = self._spi.xfer2([1, (8 | self._channel) << 4, 0])
        return Fault(ABSENT) if high & 4 else (high & 3) << 8 | low


class Vibration:
    """An SW-420: how often its level changed, told every 10 ms.

    Polled every 2 ms, so of edges that follow faster some are not counted.
    """

    sensor = Sensor(name="V1", type="vibration", unit="edges", period_ms=10)
    pause_s = 0.002

    def __init__(self, pin: int, ticks: Ticks) -> None:
        self._pin, self._ticks = pin, ticks
        self._gpio: Gpio | None = None
        self._level = self._edges = 0
        self._told_s = 0.0

    def open(self) -> None:
        """Set the pin up; the level it rests at differs by maker and means nothing."""
        self._gpio = load_gpio()
        self._gpio.setup(self._pin, self._gpio.IN)
        self._level = self._gpio.input(self._pin)

    def read(self) -> Heard:
        """Return the changes of the last 10 ms, or that they are not over."""
        level = self._gpio.input(self._pin) if self._gpio else self._level
        self._edges += level != self._level
        self._level = level
        if not self._ticks.reached(self._told_s + EDGES_S):
            return None
        told, self._edges, self._told_s = self._edges, 0, self._ticks.seconds()
        return told


class Distance:
    """An HC-SR04: mm, -1 for no echo.  Its ECHO is a 5 V line: divide it down to 3.3 V.

    The echo is timed by a busy loop that notes when it looked.  A reading during which the kernel
    took the processor away, so that it may be wrong by more than 17 mm, is none.  After a ping
    without echo the next one is doubtful.
    """

    sensor = Sensor(name="D1", type="distance", unit="mm", period_ms=100)

    def __init__(self, trigger_pin: int, echo_pin: int, ticks: Ticks) -> None:
        self._trigger, self._echo, self._ticks = trigger_pin, echo_pin, ticks
        self._gpio: Gpio = cast(Gpio, None)
        self._doubtful = False
        self._high_cycles = 0
        self._spread_s = 0.0  # how much longer or shorter the last echo may have been
        self.pause_s = 0.1

    def open(self) -> None:
        """Set the pins up."""
        self._gpio = load_gpio()
        self._gpio.setup(self._echo, self._gpio.IN)
        self._gpio.setup(self._trigger, self._gpio.OUT)
        self._gpio.output(self._trigger, 0)

    def read(self) -> Heard:
        """Ping; wait 30 ms at most."""
        if self._gpio.input(self._echo):  # a ping into a running echo would time the wrong one
            self._doubtful = True
            self._high_cycles += 1
            return Fault(STUCK) if self._high_cycles >= STUCK_CYCLES else None
        self._high_cycles = 0
        echo_s = self._ping()
        was_doubtful, self._doubtful = self._doubtful, echo_s is None
        # Nothing within 4 m is no reason to keep a core busy.
        self.pause_s = 0.25 if self._doubtful else 0.1
        if echo_s is None:
            return -1
        mm = round(echo_s * MM_PER_S)
        doubtful = was_doubtful or mm < BLIND_MM or self._spread_s > SPREAD_S
        return None if doubtful else mm

    def _ping(self) -> float | None:
        seconds, self._spread_s = self._ticks.seconds, 0.0
        self._gpio.output(self._trigger, 1)
        end_s = seconds() + TRIGGER_S
        while not self._ticks.reached(end_s):
            pass
        self._gpio.output(self._trigger, 0)
        began_s = self._edge(1, seconds(), RISE_S)
        ended_s = self._edge(0, began_s, ECHO_S) if began_s is not None else None
        return ended_s - began_s if ended_s is not None and began_s is not None else None

    def _edge(self, level: int, since_s: float, limit_s: float) -> float | None:
        """Return when the echo line was seen at a level, None = not in time."""
        looked_s, end_s = since_s, since_s + limit_s
        while True:
            seen, now_s = self._gpio.input(self._echo) == level, self._ticks.seconds()
            if seen:
                self._spread_s += now_s - looked_s
                return now_s
            if now_s >= end_s:
                return None
            looked_s = now_s
