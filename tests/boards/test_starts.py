"""The reach of each start of a board."""

from fognode.boards.starts import NO_PAST, REMEMBERED, Past, Start, Starts
from fognode.boards.wire import BoardEvent


def past(boot: int) -> Past:
    return (9, 50_000, 700) if boot == 16 else NO_PAST


def event(seq: int) -> BoardEvent:
    return BoardEvent(board="c", boot=1, ms=1, seq=seq, sensor="L1", word="open", value="9")


def test_only_what_is_kept_without_a_gap_may_be_acknowledged() -> None:
    start = Start(boot=1, waiting={1: False, 2: False, 3: False})
    assert not start.settle(2)
    assert start.kept == 0
    assert start.settle(1)
    assert (start.kept, start.waiting) == (2, {3: False})
    assert not start.settle(9)


def test_newest_128_events_are_remembered() -> None:
    start = Start(boot=1)
    for seq in range(1, REMEMBERED + 11):
        start.remember(seq, event(seq))
    assert (len(start.told), min(start.told)) == (REMEMBERED, 11)


def test_earlier_start_is_recalled_from_the_record_and_dated_by_it() -> None:
    starts = Starts()
    start = starts.recall(16, past)
    assert (start.kept, start.offered) == (9, 9)
    assert start.time_of(1_700) == 51_000
    assert starts.recall(15, past).time_of(1_700) is None


def test_start_at_hand_is_not_set_back_by_the_record() -> None:
    starts = Starts()
    begun = starts.begin(16, 20)
    assert starts.recall(16, past) is begun
    assert begun.kept == 20
    assert begun.newest == (50_000, 700)


def test_oldest_idle_start_makes_room_and_one_that_waits_does_not() -> None:
    starts = Starts()
    starts.begin(1).waiting[1] = False
    for boot in range(2, 80):
        starts.begin(boot)
    assert starts.get(1) is not None
    assert starts.get(2) is None
    assert starts.get(79) is not None
    assert starts.waiting() == 1


def test_wanted_acknowledgements_come_once_oldest_start_first() -> None:
    starts = Starts()
    starts.begin(17).ack = True
    starts.begin(16).ack = True
    assert [found.boot for found in (starts.next_ack(), starts.next_ack()) if found] == [16, 17]
    assert starts.next_ack() is None
