"""The package mfrc522 itself on a model of the chip: tags by their whole UID, no endless wait."""

import logging
import random
import sys

import pytest

from fognode.boards.pins import Fault, Heard, Ticks
from fognode.boards.tag_reader import AWAY_ROUNDS, TagReader, crc_a
from tests.boards import chips
from tests.boards.chips import Mfrc522, PiBench

RESET = 25


class Desk:
    """A reader with its chip."""

    def __init__(self, bench: PiBench, version: int = 0x92) -> None:
        self.bench = bench
        self.chip = bench.spi[0] = Mfrc522(bench, RESET, version)
        ticks = Ticks(seconds=bench.seconds, sleep=bench.sleep)
        self.reader = TagReader(0, RESET, ticks)
        self.reader.open()

    def read(self) -> Heard:
        self.bench.sleep(self.reader.pause_s)
        return self.reader.read()


@pytest.fixture
def desk(pi_bench: PiBench) -> Desk:
    return Desk(pi_bench)


def test_package_under_test_is_the_real_one_and_leaves_no_log_handler(desk: Desk) -> None:
    assert "site-packages" in str(sys.modules["mfrc522"].__file__)
    assert type(desk.reader._chip).__module__ == "mfrc522.MFRC522"
    desk.reader.open()
    assert logging.getLogger("mfrc522Logger").handlers == []


def test_check_bytes_are_those_of_the_standard() -> None:
    assert crc_a(b"\x50\x00") == b"\x57\xcd"  # HLTA as every card knows it
    assert crc_a(b"\x00\x00") == b"\xa0\x1e"  # ISO/IEC 14443-3, annex B
    assert crc_a(b"\x12\x34") == chips.crc_a(b"\x12\x34") == b"\x26\xcf"


@pytest.mark.parametrize("uid", ["04A1B2C3", "04A1B2C3D4E5F6", "88A1B2C3", "00000000", "FFFFFFFF"])
def test_tag_is_known_by_its_whole_uid(desk: Desk, uid: str) -> None:
    assert desk.read() == ()
    desk.chip.put_card(uid)
    assert desk.read() == (uid,)
    assert desk.read() == (uid,)  # lying still, it goes on answering
    desk.chip.cards.clear()
    assert desk.read() == ()


def test_tag_that_keeps_its_charge_through_the_gap_is_heard_all_the_same(desk: Desk) -> None:
    desk.chip.put_card("04A1B2C3")
    desk.chip.cards["04A1B2C3"].keeps = True  # halted by the round before, it stays so
    assert [desk.read() for _ in range(3)] == [("04A1B2C3",)] * 3


def test_two_long_uids_that_begin_alike_are_two_tags(desk: Desk) -> None:
    # What read_id() of the package gives is the same for both: cascade tag, three bytes, BCC.
    for uid in ("04A1B2C3D4E5F6", "04A1B2C3D4E5F7"):
        desk.chip.put_card(uid)
    assert set(desk.read() or ()) == {"04A1B2C3D4E5F6", "04A1B2C3D4E5F7"}  # type: ignore[arg-type]


def test_all_tags_in_the_field_are_told_apart_bit_by_bit(desk: Desk) -> None:
    chance = random.Random(5)
    for _ in range(60):
        desk.chip.cards.clear()
        uids = {chance.randbytes(chance.choice((4, 7))) for _ in range(chance.randint(1, 6))}
        wanted = {uid.hex().upper() for uid in uids if uid[0] != 0x88}
        for uid in wanted:
            desk.chip.put_card(uid)
        heard = desk.read()
        assert isinstance(heard, tuple)
        assert set(heard) == wanted


def test_round_is_bounded_with_and_without_tags(desk: Desk) -> None:
    for cards in (0, 1, 7, 9):
        for number in range(cards):
            desk.chip.put_card(f"04A1B2{number:02X}")
        began_us, began = desk.bench.now_us, desk.chip.transfers
        heard = desk.reader.read()
        assert isinstance(heard, tuple)
        assert len(heard) == min(cards, 7)
        assert desk.bench.now_us - began_us < 200_000
        if not cards:  # the package's own loop polls 2,000 times for no card
            assert desk.chip.transfers - began < 60


def test_requests_that_a_tag_does_not_hear_leave_it_out_of_one_round_only(desk: Desk) -> None:
    desk.chip.put_card("04A1B2C3")
    desk.chip.deaf = 1
    assert desk.read() == ()
    assert desk.read() == ("04A1B2C3",)


@pytest.mark.parametrize("dead", [0xFF, 0x00])
def test_dead_reader_is_a_fault_and_not_an_empty_field(desk: Desk, dead: int) -> None:
    desk.chip.put_card("04A1B2C3")
    assert desk.read() == ("04A1B2C3",)
    desk.chip.gone, desk.chip.dead = True, dead
    began_us = desk.bench.now_us
    assert [desk.read() for _ in range(AWAY_ROUNDS)] == [None, None, Fault(-1)]
    assert desk.bench.now_us - began_us < 1_000_000
    desk.chip.gone = False
    assert ("04A1B2C3",) in [desk.read() for _ in range(2)]


def test_chip_that_forgot_its_set_up_is_set_up_again(desk: Desk) -> None:
    desk.chip.put_card("04A1B2C3")
    desk.chip._power_on()  # a brown-out, without a word
    assert desk.read() == ("04A1B2C3",)


@pytest.mark.parametrize("version", [0x12, 0x88, 0xB2, 0x91])
def test_clones_are_read_too(pi_bench: PiBench, version: int) -> None:
    desk = Desk(pi_bench, version)
    desk.chip.put_card("04A1B2C3")
    assert desk.read() == ("04A1B2C3",)


def test_missing_spi_bus_is_an_error_of_the_system(pi_bench: PiBench) -> None:
    reader = TagReader(1, RESET, Ticks(seconds=pi_bench.seconds, sleep=pi_bench.sleep))
    with pytest.raises(FileNotFoundError, match=r"/dev/spidev0\.1"):
        reader.open()
