"""The package hx711 itself on a model of the chip: what hangs it, and what we make of that."""

import sys

import pytest

from fognode.boards.pins import Fault, Heard, Ticks
from fognode.boards.scale import SETTLE, Scale
from tests.boards.chips import Hx711, PiBench

DATA, CLOCK = 5, 6


class Cell:
    """A scale, its chip, and time that passes between reads."""

    def __init__(self, bench: PiBench, sps: int = 10) -> None:
        self.bench, self.chip = bench, Hx711(bench, DATA, CLOCK, sps)
        self.scale = Scale(DATA, CLOCK, Ticks(seconds=bench.seconds, sleep=bench.sleep))
        self.scale.open()

    def reads(self, for_s: float) -> list[Heard]:
        found: list[Heard] = []
        end_us = self.bench.now_us + round(for_s * 1e6)
        while self.bench.now_us < end_us:
            self.bench.sleep(self.scale.pause_s)
            if (heard := self.scale.read()) is not None:
                found.append(heard)
        return found


@pytest.fixture
def cell(pi_bench: PiBench) -> Cell:
    return Cell(pi_bench)


def test_package_under_test_is_the_real_one(cell: Cell) -> None:
    module = sys.modules["hx711"]
    assert "site-packages" in str(module.__file__)
    assert module.__author__.startswith("Marco Roose")


def test_opening_takes_no_second_of_sleep(cell: Cell) -> None:
    assert cell.bench.now_us - 1_000_000 < 1_000


@pytest.mark.parametrize("raw", [400_000, -80_028, 0, -1, 8_388_606, -8_388_607])
def test_every_value_is_read_even_those_that_the_package_takes_for_none(
    cell: Cell, raw: int
) -> None:
    cell.chip.raw = raw
    found = cell.reads(1.2)
    assert set(found) == {raw}
    assert len(found) == pytest.approx(10 * 1.2 - 2 * SETTLE, abs=2)  # it starts up, and settles
    assert cell.chip.slept == 1  # at the start, on purpose


def test_fast_chip_gives_every_sample_that_is_polled(pi_bench: PiBench) -> None:
    cell = Cell(pi_bench, sps=80)
    assert 35 <= len(cell.reads(1.0)) <= 80


@pytest.mark.parametrize("pulled", [True, False])
def test_unplugged_chip_never_holds_us_up_and_gives_no_reading(cell: Cell, pulled: bool) -> None:
    assert cell.reads(1.0)
    cell.chip.gone, cell.chip.pulled = True, pulled
    before_us = cell.bench.now_us
    assert cell.scale.read() is None
    assert cell.bench.now_us - before_us < 15_000
    assert cell.reads(1.0) == []
    cell.chip.gone = False
    assert set(cell.reads(1.5)) == {400_000}


@pytest.mark.parametrize("raw", [2**23, -(2**23)])
def test_saturated_chip_is_a_fault_and_no_weight(cell: Cell, raw: int) -> None:
    cell.chip.raw = raw
    assert set(cell.reads(1.0)) == {Fault(-2)}


@pytest.mark.parametrize("pulse", range(25))
def test_pulse_that_the_kernel_stretched_costs_samples_and_never_a_wrong_one(
    cell: Cell, pulse: int
) -> None:
    assert set(cell.reads(0.8)) == {400_000}
    # One quiet call before the pulses, then two for each: rising and falling.
    cell.bench.preempted_us = [0] * (1 + 2 * pulse) + [900]
    found = cell.reads(1.2)
    assert cell.chip.slept == 2
    assert set(found) == {400_000}
    assert len(found) < 9  # four samples are dropped until it has settled


def test_chip_that_a_broken_read_left_in_the_middle_of_a_sample_is_started_anew(
    cell: Cell,
) -> None:
    assert cell.reads(0.8)
    cell.chip.bits, cell.chip.sample = 5, 0xFFFFFF  # its line stays high: "not ready" for ever
    cell.chip.ready_us = 0
    assert set(cell.reads(3.0)) == {400_000}


def test_busy_machine_never_makes_it_recurse(cell: Cell) -> None:
    cell.bench.call_us = 70  # every pulse is too long, as on a Pi that swaps
    assert cell.reads(2.0) == []
    cell.bench.call_us = 2
    assert set(cell.reads(1.5)) == {400_000}
