"""Which events a question brings up: a time without holes, a package with its readings."""

from fognode.store.pack_choice import Ask, choose
from tests.store.packs import P1, P2, START, small_farm

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
    # 6 and 7 (the opening), 8 (the weight) name no package; 11 lists it; 25 corrects it.
    chosen = choose(Ask(package=P1), FARM)
    assert [told.seq for told in chosen.events] == [2, 3, 6, 7, 8, 9, 10, 11, 23, 25]
    assert (chosen.whole_from, chosen.whole_to) == (0, 0)
    assert [told.seq for told in chosen.gaps] == [1, 12]
    assert seqs(Ask(package=P2)) == [4, 5]


def test_an_end_is_not_part_of_its_time() -> None:
    assert seqs(Ask(from_ms=START + HOUR, to_ms=START + 2 * HOUR)) == [2]
    assert seqs(Ask(from_ms=START - HOUR, to_ms=START)) == []
    assert seqs(Ask(package="unknown")) == []
