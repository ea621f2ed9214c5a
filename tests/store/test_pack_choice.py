"""Which events a question brings up: a time without holes, a package with its readings."""

from fognode.store.pack_choice import Ask, choose
from tests.store.packs import P1, P2, START, Farm, small_farm

HOUR = 3_600_000
FARM = small_farm()


def seqs(ask: Ask) -> list[int]:
    return [told.seq for told in choose(ask, FARM).events]


def test_everything_is_asked_for_by_default() -> None:
    chosen = choose(Ask(), FARM)
    assert [told.seq for told in chosen.events] == list(range(1, 26))
    assert (chosen.whole_from, chosen.whole_to) == (1, 25)
    assert [told.seq for told in chosen.gaps] == [1, 12]


def test_a_time_has_no_holes_and_brings_late_news_and_fate_along() -> None:
    # Hours 3 to 8: events 4 to 9 by recording, 24 by happening; 10 and 25 speak of event 9,
    # 23 of event 10.
    chosen = choose(Ask(from_ms=START + 3 * HOUR, to_ms=START + 9 * HOUR), FARM)
    assert [told.seq for told in chosen.events] == [4, 5, 6, 7, 8, 9, 10, 23, 24, 25]
    assert (chosen.whole_from, chosen.whole_to) == (4, 9)
    assert chosen.gaps == []


def test_a_package_brings_along_the_readings_it_was_drawn_from() -> None:
    # 6 and 7 (the opening), 8 (the weight) name no package; 11 lists it; 13 and 14 are photos
    # about it, 15 tells that one was erased; 25 corrects it.
    chosen = choose(Ask(package=P1), FARM)
    assert [told.seq for told in chosen.events] == [2, 3, 6, 7, 8, 9, 10, 11, 13, 14, 15, 23, 25]
    assert (chosen.whole_from, chosen.whole_to) == (0, 0)
    assert [told.seq for told in chosen.gaps] == [1, 12]
    assert seqs(Ask(package=P2)) == [4, 5]


def test_an_end_is_not_part_of_its_time() -> None:
    assert seqs(Ask(from_ms=START + HOUR, to_ms=START + 2 * HOUR)) == [2]
    assert seqs(Ask(from_ms=START - HOUR, to_ms=START)) == []
    assert seqs(Ask(package="unknown")) == []


def test_a_correction_that_names_the_package_brings_what_it_corrects_along() -> None:
    farm = small_farm()
    told = farm.tell("exit_declared", "q/exit", {"package": P2, "destination": "centre"})
    farm.tell("correction_declared", "q/fix2", {"corrects": told, "facts": {"package": "GLY-9"}})
    chosen = choose(Ask(package="GLY-9"), farm)
    assert [told.seq for told in chosen.events] == [26, 27]


def test_what_was_saved_after_a_loss_makes_no_whole_stretch() -> None:
    farm = Farm()
    for count in range(1, 5):
        farm.tell("board_hello", f"b/cab01/17/{count}", {"board": "cab01"})
    farm.bodies[2], farm.bodies[3] = farm.bodies[3], farm.bodies[2]
    chosen = choose(Ask(from_ms=START + 2 * HOUR, to_ms=START + 3 * HOUR), farm)
    assert [told.seq for told in chosen.events] == [4]
    assert (chosen.whole_from, chosen.whole_to) == (4, 4)
    chosen = choose(Ask(from_ms=START + HOUR, to_ms=START + 3 * HOUR), farm)
    assert [told.seq for told in chosen.events] == [2, 4]
    assert (chosen.whole_from, chosen.whole_to) == (0, 0)


def test_who_signs_the_record_is_told_whatever_is_asked() -> None:
    farm = Farm()
    farm.tell("key_rotated", "n/key_rotated/1", {"new_key": "x"})
    farm.tell("board_hello", "b/cab01/17/1", {"board": "cab01"})
    farm.tell("record_restored", "n/record_restored/1", {"log": "x"})
    chosen = choose(Ask(package="GLY-1"), farm)
    assert [told.kind for told in chosen.events] == ["key_rotated", "record_restored"]
    assert [told.kind for told in chosen.gaps] == ["record_restored"]
