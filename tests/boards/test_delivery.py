"""Events come once and in order; what is lost, repeated or late is never silently so."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fognode.boards.wire import BoardEvent, Declare
from tests.boards.lossy import LossyBoard, ResetBoard
from tests.boards.talking import WALL, hear, hello, keep, lane, light, orders


def test_seq_65535_is_followed_by_1_and_widened() -> None:
    talk = lane(17, 65534)
    assert keep(hear(talk, *hello(), light(65535), light(1)))[1:] == [
        "b/cab01/17/65535",
        "b/cab01/17/65536",
    ]
    assert talk.order() == (17, 1)


def test_gap_needs_two_clean_answers() -> None:
    talk = lane(17, 40)
    assert len(hear(talk, *hello(), light(45))) == 1  # the hello
    assert talk.ask
    talk.noise()
    assert hear(talk, light(45)) == []
    hear(talk, hello()[0])
    talk.noise()  # what was damaged here may have been event 41
    assert hear(talk, *hello()[1:], light(45)) == []
    owed = hear(talk, *hello(), light(45))
    assert [one.event.origin for one in owed] == [
        "n/board_gap/cab01/17/41-44",
        "b/cab01/17/45",
    ]
    assert talk.counters.gaps == 4


def test_gap_itself_must_be_kept_before_what_follows_is_acknowledged() -> None:
    talk = lane(17, 40)
    hear(talk, *hello(), light(45))
    gap, event = hear(talk, *hello(), light(45))
    assert event.kept
    event.kept()
    assert talk.order() == (17, 40)
    assert gap.kept
    gap.kept()
    assert talk.order() == (17, 45)


def test_impossible_event_is_kept_as_rejected_and_acknowledged() -> None:
    talk = lane()
    owed = hear(talk, *hello(), light(1, value=4000))
    assert owed[-1].event.kind == "rejected"
    assert owed[-1].event.origin == "b/cab01/17/1"
    keep(owed)
    assert talk.order() == (17, 1)
    assert talk.counters.rejected == 1


def test_commit_of_an_earlier_start_acknowledges_nothing_of_this_one() -> None:
    talk = lane()
    old = hear(talk, *hello(17), light(1))
    keep(hear(talk, *hello(18)))
    keep(old)
    assert talk.order() == (17, 1)
    assert talk.order() is None


def test_events_that_outlived_a_reset_are_kept_and_acknowledged_under_their_own_start() -> None:
    talk = lane()
    keep(hear(talk, *hello(16, ms=900_000), *[light(n, boot=16, ms=n) for n in range(1, 9)]))
    owed = hear(talk, *hello(17), light(9, boot=16, ms=9), light(10, boot=16), light(1))
    assert keep(owed)[-3:] == ["b/cab01/16/9", "b/cab01/16/10", "b/cab01/17/1"]
    assert orders(talk) == [(16, 10), (17, 1)]
    assert orders(talk) == [(17, 1)]  # each earlier one once, this start's again and again


def test_repeat_of_an_earlier_start_is_acknowledged_again_and_kept_once() -> None:
    talk = lane()
    keep(hear(talk, *hello(16), light(1, boot=16)))
    keep(hear(talk, *hello(17)))
    orders(talk)
    assert hear(talk, light(1, boot=16)) == []
    assert orders(talk)[0] == (16, 1)


def test_gap_in_an_earlier_start_needs_two_clean_answers_too() -> None:
    talk = lane(16, 8)
    assert len(hear(talk, *hello(17), light(12, boot=16), light(1))) == 2  # hello, 17/1
    assert talk.ask
    owed = hear(talk, *hello(17), light(12, boot=16), light(1))
    assert [one.event.origin for one in owed] == ["n/board_gap/cab01/16/9-11", "b/cab01/16/12"]


def test_after_a_restart_of_the_node_the_record_says_what_of_an_earlier_start_is_kept() -> None:
    talk = lane(17, 3)
    talk.past = lambda _board, boot: (9, WALL - 60_000, 100_000) if boot == 16 else (0, 0, -1)
    owed = hear(talk, *hello(17), light(9, boot=16), light(10, boot=16, ms=107_000))
    assert keep(owed)[1:] == ["b/cab01/16/10"]
    assert owed[-1].event.happened_at_ms == WALL - 53_000  # by what was stored of that start
    assert "at_latest" not in owed[-1].event.facts
    assert orders(talk)[0] == (16, 10)


def test_event_of_a_start_never_heard_happened_at_the_latest_before_the_hello() -> None:
    talk = lane()
    keep(hear(talk, *hello(17), at_ms=500))
    (owed,) = hear(talk, light(1, boot=16, ms=9), at_ms=900)
    assert owed.event.happened_at_ms == WALL + 500
    assert owed.event.facts["at_latest"] == 1


def test_clock_of_an_earlier_start_that_ran_fast_dates_nothing_after_its_end() -> None:
    talk = lane()
    keep(hear(talk, *hello(16, ms=1_000)))
    keep(hear(talk, *hello(17), at_ms=10_000))
    (owed,) = hear(talk, light(1, boot=16, ms=12_000), at_ms=10_100)
    assert owed.event.happened_at_ms == WALL + 10_000
    assert owed.event.facts["at_latest"] == 1


def test_events_from_before_the_boot_number_wrapped_are_of_the_epoch_before() -> None:
    talk = lane()
    keep(hear(talk, *hello(65535), light(1, boot=65535)))
    owed = hear(talk, *hello(1), light(2, boot=65535), light(1, boot=1))
    assert keep(owed)[2:] == ["b/cab01/65535/2", "b/cab01/65537/1"]
    assert orders(talk) == [(65535, 2), (1, 1)]


def code(seq: int, word: str, piece: str) -> BoardEvent:
    return BoardEvent(board="cab01", boot=17, ms=2000, seq=seq, sensor="B1", word=word, value=piece)


def test_scan_in_pieces_is_told_whole_and_one_with_a_gap_in_it_is_not() -> None:
    talk = lane()
    reader = Declare(
        board="cab01", boot=17, ms=1, sensor="B1", type="code", unit="hex", period_ms=50
    )
    greeting = [hello()[0], reader, hello()[2]]
    pieces = ("5D453039353231", "32333435343332", "3133")
    said = [code(n, "scan" if n == 3 else "part", pieces[n - 1]) for n in (1, 2, 3)]
    kinds = [one.event.kind for one in hear(talk, *greeting, *said)]
    assert kinds == ["board_hello", "code_part", "code_part", "code_scan"]
    hear(talk, code(4, "part", pieces[0]))
    late = code(6, "scan", pieces[2])  # 5 is lost
    hear(talk, *greeting, late)
    gap, event = hear(talk, *greeting, late)
    assert (gap.event.kind, event.event.kind) == ("board_gap", "rejected")


def test_late_event_is_dated_by_the_board_clock() -> None:
    talk = lane()
    keep(hear(talk, *hello(ms=100_000)))
    (owed,) = hear(talk, light(1, ms=97_000), at_ms=5)
    assert owed.event.happened_at_ms == WALL - 3_000
    assert owed.event.board_ms == 97_000


def test_resent_event_keeps_its_time_however_late_it_is_heard() -> None:
    talk = lane()
    keep(hear(talk, *hello(ms=100_000)))
    (owed,) = hear(talk, light(1, ms=97_000), at_ms=30_000)
    assert owed.event.happened_at_ms == WALL - 3_000


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.1, 0.3, 0.6]))
def test_whatever_is_damaged_all_the_board_held_comes_once_and_in_order(
    seed: int, damage: float
) -> None:
    board = LossyBoard(random.Random(seed), lane(), damage, silence=0)
    for _ in range(120):
        board.turn()
    board.settle()
    told = [int(origin.split("/")[3]) for origin in board.told if origin.startswith("b/")]
    assert told == sorted(set(told))
    missing = set(range(1, board.seq + 1)) - set(told)
    assert len(missing) <= board.lost
    assert missing <= gaps(board.told)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.1, 0.4]))
def test_whatever_is_reset_and_damaged_all_that_outlived_it_comes_once_and_in_order(
    seed: int, damage: float
) -> None:
    board = ResetBoard(random.Random(seed), damage)
    for _ in range(120):
        board.turn()
    board.damage = 0
    for _ in range(8):
        board.flush()
        board.settle()
    marks = [origin.split("/") for origin in board.told if origin.startswith("b/")]
    told = [(int(mark[2]), int(mark[3])) for mark in marks]
    for boot in range(1, board.boot + 1):
        of_start = [seq for start, seq in told if start == boot]
        assert of_start == sorted(set(of_start))
    assert set(told) == set(board.made)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.2, 0.5]))
def test_event_that_never_comes_is_always_in_a_recorded_gap(seed: int, silence: float) -> None:
    board = LossyBoard(random.Random(seed), lane(), damage=0.1, silence=silence)
    for _ in range(120):
        board.turn()
    board.settle()
    told = {int(origin.split("/")[3]) for origin in board.told if origin.startswith("b/")}
    assert set(range(1, board.seq + 1)) - told == gaps(board.told)


def gaps(told: list[str]) -> set[int]:
    spans = [o.rsplit("/", maxsplit=1)[1].split("-") for o in told if o.startswith("n/board_gap/")]
    return {count for first, last in spans for count in range(int(first), int(last) + 1)}


@pytest.mark.parametrize("waiting", [64])
def test_no_more_than_64_events_wait_for_the_store(waiting: int) -> None:
    talk = lane()
    owed = hear(talk, *hello(), *[light(seq) for seq in range(1, 200)])
    assert talk.waiting == waiting
    assert not talk.ask
    keep(owed)
    assert talk.ask
