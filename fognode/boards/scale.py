"""A load cell's HX711 by the package hx711, without its ways to hang.

``get_raw_data`` of hx711 1.1.2.3 never returns while the chip is unplugged, saturated, or reads
0 or -1, and its constructor sleeps a second; a slow pulse makes it read anew without end.  So
only its ``_read`` with one try is used, and its pulses for the gain are made here.

Source: Avia HX711 datasheet, pages 4 and 5: PD_SCK high for 60 us powers the chip down, four
conversions until the output has settled.
"""

from typing import Any

from fognode.boards.pins import Fault, Heard, Ticks, load_gpio
from fognode.boards.wired import STUCK, Sensor

SLOW_S = 60e-6
SETTLE = 4  # conversions
LOST_S = 1.0  # without a sample: a read that was broken off may have left the chip in its middle


def make_chip(data_pin: int, clock_pin: int, ticks: Ticks) -> Any:
    """Return an HX711 whose constructor returns at once and whose pulses never recurse.

    Raises:
        ImportError: The extra ``pi`` or ``pi5`` is not installed.
        RuntimeError: This is no Raspberry Pi.
    """
    gpio = load_gpio()
    from hx711 import HX711  # noqa: PLC0415 - loads RPi.GPIO

    class Steady(HX711):  # type: ignore[misc]  # hx711 has no types
        finished = slow = in_step = False  # of the last _read

        def _apply_setting(self) -> bool:
            return True  # the first readings are dropped anyway

        def _set_channel_gain(self, num: int) -> bool:
            for _ in range(num):
                began_s = ticks.seconds()
                gpio.output(clock_pin, 1)
                gpio.output(clock_pin, 0)
                self.slow = self.slow or ticks.reached(began_s + SLOW_S)
            self.finished = True
            self.in_step = not self._ready()  # after its last pulse the chip raises the line
            return True

    return Steady(data_pin, clock_pin)


class Scale:
    """One HX711, channel A, gain 128: samples in counts."""

    sensor = Sensor(name="W1", type="weight", unit="counts", period_ms=100)
    pause_s = 0.02

    def __init__(self, data_pin: int, clock_pin: int, ticks: Ticks) -> None:
        self._pins, self._ticks = (data_pin, clock_pin), ticks
        self._chip: Any = None
        self._unsettled = SETTLE  # samples still to be dropped
        self._ready_s = 0.0  # when a sample was last there

    def open(self) -> None:
        """Set the pins up; whether a chip is there shows when it is read."""
        self._chip = make_chip(*self._pins, self._ticks)
        self._restart()

    def read(self) -> Heard:
        """Return a sample, that the chip is saturated, or nothing; waits 10 ms at most."""
        chip = self._chip
        if not chip._ready():
            if self._ticks.reached(self._ready_s + LOST_S):
                self._restart()
            return None
        self._ready_s = self._ticks.seconds()
        chip.finished = chip.slow = False
        counts = chip._read(max_tries=1)
        if not chip.finished or chip.slow:
            # The chip slept.  A sample that was whole by then is good all the same.
            whole, self._unsettled = chip.finished and not self._unsettled, SETTLE
        elif not chip.in_step:
            return None
        else:
            whole, self._unsettled = not self._unsettled, max(self._unsettled - 1, 0)
        if not whole:
            return None
        return Fault(STUCK) if counts is False else int(counts)  # 0 is a reading, False is none

    def _restart(self) -> None:
        """Power the chip down and up: it begins a sample anew, at gain 128."""
        gpio, clock_pin = load_gpio(), self._pins[1]
        gpio.output(clock_pin, 1)
        self._ticks.sleep(2 * SLOW_S)
        gpio.output(clock_pin, 0)
        self._unsettled, self._ready_s = SETTLE, self._ticks.seconds()
