"""RPi.GPIO as far as drivers and packages use it; each call takes time on the bench's clock."""  # noqa: N999

from typing import Any

BOARD, BCM = 10, 11
OUT, IN = 0, 1
bench: Any = None  # tests.boards.chips.PiBench
_mode: int | None = None


def setwarnings(_on: bool) -> None:
    pass


def getmode() -> int | None:
    return _mode


def setmode(mode: int) -> None:
    global _mode  # noqa: PLW0603 - as the real one keeps it
    if _mode not in (None, mode):
        raise ValueError("A different mode has already been set!")
    _mode = mode


def setup(pin: int, way: int) -> None:
    if _mode != BCM:
        raise RuntimeError("pins are wired by their BCM numbers")
    bench.ways[pin] = way


def input(pin: int) -> int:
    assert bench.ways[pin] == IN, f"pin {pin} is no input"
    bench.spend(bench.call_us)
    return int(bench.level(pin))


def output(pin: int, level: int) -> None:
    assert bench.ways[pin] == OUT, f"pin {pin} is no output"
    bench.spend(bench.call_us)
    bench.drive(pin, bool(level))


def cleanup(*_pins: int) -> None:
    raise AssertionError("it would release the pins of every driver of the process")
