"""The rules of the node's own sensors are the firmware's: worked cases, and the C itself."""

import ctypes
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fognode.boards.sense import Distance, Light, Said, Shake, Tags, Weight

CORE = Path(__file__).parents[2] / "firmware" / "core"
RULES = ("light", "shake", "distance", "weight", "tags")
STUB = r"""
#include <stdio.h>
#include <string.h>
#include "sense.h"
char said[4096];
static const char *const NAMES[WORDS] = {
    [WORD_OPEN] = "open", [WORD_CLOSE] = "close", [WORD_SHAKE] = "shake", [WORD_MOVE] = "move",
    [WORD_TAKE] = "take", [WORD_PUT] = "put", [WORD_IN] = "in", [WORD_OUT] = "out",
};
void ring_push(uint32_t ms, uint8_t sensor, enum word word, int32_t value)
{
    sprintf(said + strlen(said), "%s %ld\n", NAMES[word], (long)value);
}
void ring_push_tag(uint32_t ms, uint8_t sensor, enum word word, const struct uid *uid)
{
    sprintf(said + strlen(said), "%s ", NAMES[word]);
    for (uint8_t i = 0; i < uid->length; i++)
        sprintf(said + strlen(said), "%02X", uid->bytes[i]);
    strcat(said, "\n");
}
void sense_fault(uint32_t ms, uint8_t sensor, int8_t code) {}
int8_t sense_fault_of(uint8_t sensor) { return 0; }
"""


class Uid(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint8), ("bytes", ctypes.c_uint8 * 7)]


class Firmware:
    """The same rules as a board runs them."""

    def __init__(self, folder: Path) -> None:
        stub, made = folder / "stub.c", folder / "rules.so"
        stub.write_text(STUB)
        sources = [str(CORE / f"{name}.c") for name in RULES]
        flags = ["-shared", "-fPIC", "-std=c11", f"-I{CORE}", "-o", str(made)]
        subprocess.run(["gcc", *flags, *sources, str(stub)], check=True, timeout=60)
        self.library: Any = ctypes.CDLL(str(made))
        self.said = ctypes.c_char.in_dll(self.library, "said")
        for name in RULES[:4]:
            getattr(self.library, f"{name}_clear")()
        self.library.tags_clear(0)

    def take(self, name: str, ms: int, value: int) -> Said:
        getattr(self.library, f"{name}_sense")(ctypes.c_uint32(ms), ctypes.c_int32(value))
        return self._told()

    def tags(self, ms: int, uids: list[str]) -> Said:
        for uid in uids:
            octets = bytes.fromhex(uid)
            held = Uid(len(octets), (ctypes.c_uint8 * 7)(*octets))
            self.library.tags_sense(ctypes.c_uint32(ms), 0, ctypes.byref(held))
        self.library.tags_age(ctypes.c_uint32(ms), 0)
        return self._told()

    def _told(self) -> Said:
        address = ctypes.addressof(self.said)
        text = ctypes.string_at(address).decode()
        ctypes.memset(address, 0, 1)
        return [(word, value) for word, _, value in (s.partition(" ") for s in text.splitlines())]


@pytest.fixture
def firmware(tmp_path: Path) -> Firmware:
    if shutil.which("gcc") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("gcc is missing")
        pytest.skip("gcc is missing")
    return Firmware(tmp_path)


def walk(chance: random.Random, low: int, high: int, step: int) -> Iterator[int]:
    """Readings that rest, drift, jump and spike."""
    value = chance.randint(low, high)
    while True:
        if chance.random() < 0.05:
            value = chance.randint(low, high)
        for _ in range(chance.randint(1, 12)):
            value = min(max(value + chance.randint(-step, step), low), high)
            yield chance.randint(low, high) if chance.random() < 0.03 else value


@pytest.mark.parametrize(
    ("name", "rule", "bounds", "period_ms"),
    [
        ("light", Light(), (0, 1_023, 60), 10),
        ("shake", Shake(), (-6, 9, 3), 10),
        ("distance", Distance(), (-1, 900, 12), 60),
        ("weight", Weight(), (-90_000, 900_000, 250), 100),
    ],
)
def test_random_readings_give_what_the_firmware_tells(
    firmware: Firmware, name: str, rule: Any, bounds: tuple[int, int, int], period_ms: int
) -> None:
    chance = random.Random(11)
    readings, ms, told = walk(chance, *bounds), 5_000, 0
    for _ in range(20_000):
        ms += period_ms + (chance.randint(0, 2_000) if chance.random() < 0.01 else 0)
        reading = max(next(readings), 0) if name == "shake" else next(readings)
        said = rule.take(ms, reading)
        assert said == firmware.take(name, ms, reading)
        told += len(said)
    assert told > 50


def test_random_tags_come_and_go_as_in_the_firmware(firmware: Firmware) -> None:
    chance, rule, ms, told = random.Random(12), Tags(), 5_000, 0
    names = ["04A1B2C3", "04A1B2C3000000", "FFFFFFFF", "01020304", "0A0B0C0D", "0A0B0C0E",
             "11223344", "11223344556677"]  # fmt: skip
    near: set[str] = set()
    for _ in range(20_000):
        ms += 100
        if chance.random() < 0.1:
            near ^= {chance.choice(names)}
        heard = [uid for uid in names if uid in near and chance.random() < 0.8]
        said = rule.take(ms, heard)
        assert sorted(said) == sorted(firmware.tags(ms, heard))
        told += len(said)
    assert told > 500


def test_light_is_held_for_150_ms_and_gives_one_open_and_one_close() -> None:
    """A24."""
    rule, said = Light(), []
    curve = [300] * 5 + [700] * 10 + [300] + [700] * 40 + [500] * 20 + [390] * 30
    for step, counts in enumerate(curve):
        said += rule.take(10 * step, counts)
    assert said == [("open", "700"), ("close", "390")]


def test_running_tractor_shakes_once() -> None:
    rule, said = Shake(), []
    for step in range(600):
        said += rule.take(10 * step, 1 if step < 500 else 0)
    assert len(said) == 1


def test_single_spike_of_distance_moves_nothing() -> None:
    rule, said = Distance(), []
    for step in range(40):
        said += rule.take(60 * step, 20 if step % 7 == 0 else 420)
    assert said == []
    for step in range(40, 50):
        said += rule.take(60 * step, 250)
    assert said == [("move", "250")]


def test_slow_drift_of_weight_stays_silent_and_a_theft_does_not() -> None:
    rule, said, counts = Weight(), [], 400_000
    for step in range(6_000):
        counts += step % 2
        said += rule.take(100 * step, counts)
    assert said == []
    for step in range(5):
        said += rule.take(600_000 + 100 * step, counts - 80_000)
    assert [word for word, _ in said] == ["take"]


def test_seventh_tag_is_crowding_and_reader_away_is_no_leaving() -> None:
    rule = Tags()
    uids = [f"04A1B2{n:02X}" for n in range(7)]
    said = rule.take(0, uids)
    assert len(said) == 6
    assert rule.crowded(uids)
    assert not rule.crowded(uids[:6])
    rule.hold(9_000)
    assert rule.take(9_100, []) == []
    assert len(rule.take(11_000, [])) == 6
