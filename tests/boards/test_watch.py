"""A34: what sensors say is compared with what they can say; a doubt is told once and ends once."""

import random
from dataclasses import replace

from fognode.boards.watch import Doubt, Seen, Watch

MINUTE = 60
SCALE = Seen(type="weight", value=400_000)


def told(watch: Watch, seen: dict[int, Seen | None], until_s: int) -> list[tuple[int, Doubt]]:
    """Look once a second; ``seen`` says from which second on what is read anew, None = nothing."""
    found: list[tuple[int, Doubt]] = []
    now: Seen | None = None
    last = SCALE
    for second in range(until_s):
        now = seen.get(second, now)
        if now is not None:
            last = replace(now, read_ms=second * 1000)
        found += [(second, doubt) for doubt in watch.look(second * 1000, True, {"W1": last})]
    return found


def noisy(chance: random.Random, counts: int) -> Seen:
    return replace(SCALE, value=counts + chance.randint(-175, 175))


def test_sensor_that_is_read_no_more_while_its_board_speaks_is_dead_once() -> None:
    found = told(Watch(), {0: SCALE, 10: None, 200: replace(SCALE, value=400_050)}, 300)
    assert found == [
        (70, Doubt("W1", "dead", True, 400_000)),
        (200, Doubt("W1", "dead", False)),
    ]


def test_silence_of_the_board_is_no_death_of_its_sensors() -> None:
    watch = Watch()
    assert told(watch, {0: SCALE}, 20) == []
    assert watch.look(500_000, False, {}) == []
    old = replace(SCALE, read_ms=19_000)
    assert watch.look(501_000, True, {"W1": old}) == []  # it has not been heard for long yet
    assert watch.look(561_000, True, {"W1": old}) == []
    assert watch.look(562_000, True, {"W1": old}) == [Doubt("W1", "dead", True, 400_000)]


def test_sensor_that_reports_its_own_fault_is_not_told_of_twice() -> None:
    faulty = replace(SCALE, faulty=True)
    watch = Watch()
    assert told(watch, {0: SCALE}, 10) == []
    for second in range(10, 200):
        assert watch.look(second * 1000, True, {"W1": replace(faulty, read_ms=9_000)}) == []


def test_scale_without_any_noise_is_a_wire() -> None:
    found = told(Watch(), {0: SCALE, 2_000: replace(SCALE, value=400_001)}, 2_100)
    assert found == [
        (1_800, Doubt("W1", "stuck", True, 400_000)),
        (2_000, Doubt("W1", "stuck", False)),
    ]


def test_cabinet_that_is_dark_and_empty_for_a_week_is_not_stuck() -> None:
    watch = Watch()
    for hour in range(7 * 24):
        for second in (0, 30):
            ms = hour * 3_600_000 + second * 1000
            dark = {"L1": Seen(type="light", value=12, read_ms=ms)}
            assert watch.look(ms, True, dark) == []


def test_reading_that_cannot_be_is_told_until_a_minute_without_one() -> None:
    watch = Watch()
    light = Seen(type="light", value=500)
    assert watch.look(0, True, {"L1": light}) == []
    wrong = replace(light, impossible=(5_000, 1_000), read_ms=1_000)
    assert watch.look(1_000, True, {"L1": wrong}) == [Doubt("L1", "impossible", True, 5_000)]
    assert watch.look(30_000, True, {"L1": replace(wrong, read_ms=30_000)}) == []
    late = replace(wrong, read_ms=61_000)
    assert watch.look(61_000, True, {"L1": late}) == [Doubt("L1", "impossible", False)]


def test_scale_at_its_rail_is_impossible() -> None:
    rail = replace(SCALE, value=2**23 - 1)
    assert Watch().look(0, True, {"W1": rail}) == [Doubt("W1", "impossible", True, 2**23 - 1)]


def test_slow_way_without_a_step_is_a_drift_and_noise_is_none() -> None:
    chance = random.Random(34)
    still = {second: noisy(chance, 400_000) for second in range(3_600)}
    assert told(Watch(), {**still}, 3_600) == []
    slow = {second: noisy(chance, 400_000 - 4 * second) for second in range(3_600)}
    found = told(Watch(), {**slow}, 3_600)
    ((second, doubt),) = found
    assert (doubt.what, doubt.begins) == ("drift", True)
    assert 6_000 < doubt.reference - doubt.value < 6_400
    assert 1_500 < second < 1_700


def test_step_that_was_told_is_no_drift_and_ends_one() -> None:
    chance = random.Random(35)
    seen: dict[int, Seen | None] = {}
    for second in range(0, 1_200):
        counts = 400_000 - 10 * second if second < 800 else 300_000
        one = noisy(chance, counts)
        seen[second] = replace(one, told_ms=800_000 if second >= 800 else -1)
    found = [(doubt.what, doubt.begins) for _, doubt in told(Watch(), seen, 1_200)]
    assert found == [("drift", True), ("drift", False)]
    quick = {
        s: replace(noisy(chance, 400_000 - 50_000 * (s > 300)), told_ms=s // 301)
        for s in range(900)
    }
    assert told(Watch(), {**quick}, 900) == []


def test_sensor_that_was_taken_off_is_doubted_no_more() -> None:
    watch = Watch()
    assert [d.begins for d in watch.look(0, True, {"W1": replace(SCALE, value=2**23 - 1)})] == [
        True
    ]
    assert watch.look(1_000, True, {}) == [Doubt("W1", "impossible", False)]
