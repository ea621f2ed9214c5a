"""Lines of a long-range reader, and what of them is a tag that came or went."""

import random

import pytest

from fognode.boards.sightings import (
    COMING,
    COMING_MS,
    FOLLOWED,
    Presence,
    Said,
    Sighting,
    read_sighting,
)
from fognode.errors import FrameError

EPC = "E28011606000020A1B2C3D4E"
GATE, SHED = 1, 2


def presence(overlap: bool = False, weakest_dbm: int = -120) -> Presence:
    return Presence(
        sensors={GATE: "A1", SHED: "A2"}, hold_ms=3_000, overlap=overlap, weakest_dbm=weakest_dbm
    )


def seen(field: Presence, *told: tuple[int, int, int], epc: str = EPC) -> Said:
    said: Said = []
    for ms, antenna, dbm in told:
        said += field.take(ms, Sighting(antenna, epc, dbm))
    return said


def test_whole_line_is_a_sighting() -> None:
    assert read_sighting(f"3,{EPC},-57".encode()) == Sighting(3, EPC, -57)
    assert read_sighting(f"64,{EPC},0".encode()) == Sighting(64, EPC, 0)
    assert read_sighting(b"") is None


@pytest.mark.parametrize(
    "line",
    [
        b"0,%s,-57", b"65,%s,-57", b"01,%s,-57", b"+3,%s,-57", b"3,%s,57", b"3,%s,-121",
        b"3,%s,-057", b"3,%s,-0", b"3,%s", b"3,%s,-57,1", b" 3,%s,-57", b"3,%s,-57 ",
        b"3,%sAA,-57", b"3,%s\x00,-57", b"3;%s;-57", b"\xd9\xa3,%s,-57",
    ],
)  # fmt: skip
def test_hostile_line_is_refused(line: bytes) -> None:
    with pytest.raises(FrameError):
        read_sighting(line.replace(b"%s", EPC.encode()))


@pytest.mark.parametrize("epc", [EPC.lower(), EPC[:-1], EPC[:8], "G" * 24, ""])
def test_what_is_no_epc_is_refused(epc: str) -> None:
    with pytest.raises(FrameError):
        read_sighting(f"3,{epc},-57".encode())


def test_bytes_at_random_are_refused_and_nothing_else_happens() -> None:
    chance = random.Random(140)
    for _ in range(5_000):
        line = bytearray(f"3,{EPC},-57".encode())
        for _ in range(chance.randint(1, 4)):
            line[chance.randrange(len(line))] = chance.randrange(256)
        try:
            told = read_sighting(bytes(line))
        except FrameError:
            continue
        assert told is not None
        assert f"{told.antenna},{told.epc},{told.dbm}".encode() == line


def test_tag_is_in_at_its_second_sighting_and_out_when_unseen_for_the_hold() -> None:
    field = presence()
    assert seen(field, (1_000, GATE, -50)) == []
    assert seen(field, (1_100, GATE, -50)) == [("A1", "in", EPC, 1_100)]
    assert seen(field, (1_200, GATE, -50), (4_000, GATE, -50)) == []
    assert field.pass_time(6_999) == []
    assert field.pass_time(7_000) == [("A1", "out", EPC, 4_000)]  # when it was seen last
    assert field.pass_time(20_000) == []


def test_tag_that_noise_made_up_is_never_told() -> None:
    field = presence()
    assert seen(field, (1_000, GATE, -50)) == []
    assert field.pass_time(5_000) == []
    assert seen(field, (6_000, GATE, -50)) == []


def test_tag_at_two_antennas_is_told_at_both_which_is_how_a_copy_shows() -> None:
    told = seen(presence(), *[(ms, antenna, -50) for ms in (0, 100) for antenna in (GATE, SHED)])
    assert told == [("A1", "in", EPC, 100), ("A2", "in", EPC, 100)]


def test_where_fields_overlap_a_tag_is_where_it_answers_most_strongly() -> None:
    field = presence(overlap=True)
    assert seen(field, (0, GATE, -50), (100, GATE, -50)) == [("A1", "in", EPC, 100)]
    assert seen(field, (100, SHED, -60), (200, SHED, -50), (300, SHED, -45)) == []
    assert seen(field, (400, SHED, -44)) == [("A1", "out", EPC, 100), ("A2", "in", EPC, 400)]
    assert seen(field, (500, GATE, -45), (600, GATE, -43)) == []  # no going to and fro


def test_weak_answer_is_passed_over() -> None:
    assert seen(presence(weakest_dbm=-60), *[(ms, GATE, -61) for ms in range(0, 1000, 100)]) == []


def test_tags_come_no_faster_than_a_pallet_and_then_one_by_one() -> None:
    field = presence()
    ins = 0
    for number in range(COMING + 50):
        ins += len(seen(field, (0, GATE, -50), (1, GATE, -50), epc=f"{number:024X}"))
    assert ins == COMING
    assert field.crowded
    assert len(seen(field, (COMING_MS, GATE, -50), epc=f"{COMING + 1:024X}")) == 1


def test_no_more_tags_are_followed_than_there_is_room_for() -> None:
    field = presence()
    for number in range(5 * FOLLOWED):
        seen(field, (0, GATE, -50), epc=f"{number:024X}")
    assert len(field._seen) == FOLLOWED
    assert field.crowded
    field.pass_time(3_000)
    assert not field.crowded


def test_reader_that_is_away_takes_no_tag_away() -> None:
    field = presence()
    seen(field, (0, GATE, -50), (100, GATE, -50))
    field.stand_still(60_000)
    assert field.pass_time(62_999) == []
    assert field.pass_time(63_000) == [("A1", "out", EPC, 60_000)]
