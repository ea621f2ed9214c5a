"""Light, vibration and distance over stub pins, with the faults that real parts have."""

import pytest

from fognode.boards.pins import Distance, Fault, Heard, Light, Ticks, Vibration
from tests.boards.chips import HcSr04, Mcp3008, PiBench

TRIGGER, ECHO, SHAKE = 23, 24, 17


def ticks(bench: PiBench) -> Ticks:
    return Ticks(seconds=bench.seconds, sleep=bench.sleep)


def reads(bench: PiBench, driver: Distance, count: int) -> list[Heard]:
    found = []
    for _ in range(count):
        bench.sleep(driver.pause_s)
        found.append(driver.read())
    return found


@pytest.fixture
def range_finder(pi_bench: PiBench) -> tuple[Distance, HcSr04]:
    chip = HcSr04(pi_bench, TRIGGER, ECHO)
    driver = Distance(TRIGGER, ECHO, ticks(pi_bench))
    driver.open()
    return driver, chip


@pytest.mark.parametrize("mm", [25, 420, 1_000, 3_990])
def test_distance_is_within_3_mm(
    pi_bench: PiBench, range_finder: tuple[Distance, HcSr04], mm: int
) -> None:
    driver, chip = range_finder
    chip.mm = mm
    for heard in reads(pi_bench, driver, 5):
        assert isinstance(heard, int)
        assert abs(heard - mm) <= 3


def test_no_echo_is_told_and_the_reading_after_it_is_dropped(
    pi_bench: PiBench, range_finder: tuple[Distance, HcSr04]
) -> None:
    driver, chip = range_finder
    chip.mm = 0
    began_us = pi_bench.now_us
    assert driver.read() == -1
    assert pi_bench.now_us - began_us < 31_000
    assert driver.pause_s == 0.25  # an empty store costs a tenth of a core, not a quarter
    chip.mm = 80  # the false 8 cm of clones
    assert reads(pi_bench, driver, 1) == [None]
    chip.mm = 420
    assert reads(pi_bench, driver, 1)[0] in range(417, 424)
    assert driver.pause_s == 0.1


def test_line_that_stays_high_is_a_fault_after_a_second(
    pi_bench: PiBench, range_finder: tuple[Distance, HcSr04]
) -> None:
    driver, chip = range_finder
    chip.stuck = True
    found = reads(pi_bench, driver, 12)
    assert found == [None] * 9 + [Fault(-2)] * 3
    chip.stuck = False
    assert isinstance(reads(pi_bench, driver, 2)[1], int)


def test_unplugged_sensor_gives_no_echo_and_no_wait(
    pi_bench: PiBench, range_finder: tuple[Distance, HcSr04]
) -> None:
    driver, chip = range_finder
    chip.gone = True
    began_us = pi_bench.now_us
    assert driver.read() == -1
    assert pi_bench.now_us - began_us < 6_000


def test_reading_that_the_kernel_interrupts_is_right_or_none(
    pi_bench: PiBench, range_finder: tuple[Distance, HcSr04]
) -> None:
    driver, chip = range_finder
    found: list[Heard] = []
    for stalled in range(0, 1_100, 4):
        pi_bench.sleep(0.1)
        looks = [0]

        def echo(stalled: int = stalled, looks: list[int] = looks) -> bool:
            looks[0] += 1
            pi_bench.spend(800 if looks[0] == stalled else 0)
            return chip.echo()

        pi_bench.levels[ECHO] = echo
        found.append(driver.read())
    right = [heard for heard in found if isinstance(heard, int) and abs(heard - 420) <= 17]
    assert len(right) + found.count(None) == len(found)
    assert len(right) > len(found) // 2
    assert found.count(None) > 20


def test_light_is_read_as_a_board_reads_it_and_a_missing_chip_shows(pi_bench: PiBench) -> None:
    chip = pi_bench.spi[1] = Mcp3008()
    driver = Light(1, 3)
    driver.open()
    driver.open()  # after a loss
    for counts in (0, 1, 512, 859, 1023):
        chip.counts[3] = counts
        assert driver.read() == counts
    chip.gone = True
    assert driver.read() == Fault(-1)


def test_edges_of_10_ms_are_told_together_whatever_level_is_rest(pi_bench: PiBench) -> None:
    for rest in (False, True):
        level = [rest]
        pi_bench.levels[SHAKE] = lambda level=level: level[0]  # type: ignore[misc]
        driver = Vibration(SHAKE, ticks(pi_bench))
        driver.open()
        pi_bench.sleep(0.02)
        assert driver.read() == 0
        told: list[Heard] = []
        for turn in range(12):
            level[0] = (turn % 2 == 0) != rest
            pi_bench.sleep(driver.pause_s)
            told.append(driver.read())
        pi_bench.sleep(0.02)
        told.append(driver.read())
        assert sum(edges for edges in told if isinstance(edges, int)) == 12


def test_pins_are_counted_as_bcm_whoever_opens_first(pi_bench: PiBench) -> None:
    pi_bench.levels[SHAKE] = lambda: False
    Vibration(SHAKE, ticks(pi_bench)).open()
    HcSr04(pi_bench, TRIGGER, ECHO)
    Distance(TRIGGER, ECHO, ticks(pi_bench)).open()
    assert set(pi_bench.ways) == {SHAKE, TRIGGER, ECHO}
