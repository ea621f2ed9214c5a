"""The conversation with one board, without a port: what is lost, repeated and contradicted."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fognode.boards.lane import Lane, Moment, Owed
from fognode.boards.wire import BoardEvent, Declare, Frame, Heartbeat, Hello, Sample
from fognode.errors import StoreError
from fognode.events import Row, Stored
from fognode.hashing import Stamp, freeze
from fognode.store.bodies import stored_event

WALL = 1_795_241_520_000


def lane(boot: int = 0, count: int = 0) -> Lane:
    return Lane(
        board="cab01", place="shed", counts_per_kg=40_000, progress=lambda _board: (boot, count)
    )


def hello(boot: int = 17, ms: int = 5000) -> list[Frame]:
    head: Any = {"board": "cab01", "boot": boot, "ms": ms}
    return [
        Hello(**head, protocol=1, kind="cabinet", version="0.1.0", declares=2),
        Declare(**head, sensor="L1", type="light", unit="counts", period_ms=100),
        Declare(**head, sensor="W1", type="weight", unit="counts", period_ms=100),
    ]


def light(seq: int, value: int = 859, boot: int = 17, ms: int = 2000) -> BoardEvent:
    return BoardEvent(
        board="cab01", boot=boot, ms=ms, seq=seq, sensor="L1", word="open", value=str(value)
    )


def beat(lost: int, ms: int = 5000) -> Heartbeat:
    return Heartbeat(board="cab01", boot=17, ms=ms, pending=0, lost=lost, free_bytes=1)


def hear(talk: Lane, *frames: Frame, at_ms: int = 0) -> list[Owed]:
    at = Moment(wall_ms=WALL + at_ms, mono_ms=at_ms)
    return [owed for frame in frames for owed in talk.hear(frame, at)]


def keep(owed: list[Owed]) -> list[str]:
    for one in owed:
        if one.kept:
            one.kept()
    return [one.event.origin for one in owed]


def test_event_before_the_declaration_is_left_on_the_board() -> None:
    talk = lane()
    assert hear(talk, hello()[0], light(1)) == []
    assert talk.ask
    assert keep(hear(talk, *hello(), light(1)))[-1] == "b/cab01/17/1"


def test_event_of_a_start_whose_hello_was_missed_is_left_on_the_board() -> None:
    talk = lane()
    keep(hear(talk, *hello(17), light(1)))
    assert hear(talk, light(1, boot=18)) == []
    assert talk.ask
    assert keep(hear(talk, *hello(18), light(1, boot=18)))[-1] == "b/cab01/18/1"


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


def test_happening_told_again_with_other_facts_is_a_contradiction_told_once() -> None:
    talk = lane()
    keep(hear(talk, *hello(), light(1, value=859)))
    talk.ack = False
    (first,) = hear(talk, light(1, value=300))
    assert hear(talk, light(1, value=300)) == []
    assert first.event.kind == "board_contradicts"
    assert first.event.origin.startswith("b/cab01/17/1/x/")
    assert len(first.event.origin.rsplit("/", maxsplit=1)[1]) == 16
    assert first.event.facts["again"] == "2000,L1,open,300"
    assert not talk.ack
    keep([first])
    assert talk.ack


def test_board_that_starts_anew_under_the_same_boot_begins_an_epoch() -> None:
    talk = lane()
    keep(hear(talk, *hello(17, ms=900_000), light(1, ms=900_100)))
    owed = hear(talk, *hello(17, ms=4), light(1, ms=50))
    assert keep(owed)[0] == "n/board_contradicts/cab01/65553"
    assert owed[-1].event.origin == "b/cab01/65553/1"


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


def orders(talk: Lane) -> list[tuple[int, int]]:
    told = []
    talk.ack = True
    while talk.ack:
        talk.ack = False
        if order := talk.order():
            told.append(order)
    return told


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


def test_one_loss_waits_at_a_time() -> None:
    talk = lane()
    keep(hear(talk, *hello()))
    (first,) = hear(talk, beat(lost=6))
    assert hear(talk, beat(lost=7), beat(lost=8)) == []
    keep([first])
    (second,) = hear(talk, beat(lost=9))
    assert (second.event.facts["lost_before"], second.event.facts["lost"]) == (6, 9)


def test_sample_of_an_undeclared_sensor_or_beyond_its_range_is_not_shown() -> None:
    talk = lane()
    keep(hear(talk, *hello()))
    values = (("L1", 859), ("W1", 99_000_000), ("D1", 415))
    hear(talk, Sample(board="cab01", boot=17, ms=6000, values=values), at_ms=7)
    assert talk.values == {"L1": (859, 7)}
    assert talk.counters.rejected == 2


def test_sample_is_kept_as_it_was_sent_with_the_start_that_declared_its_sensors() -> None:
    rows: list[Row] = []
    talk = lane(boot=65_536 + 20)  # another board answered to that name before
    talk.keep_sample = rows.append
    keep(hear(talk, *hello(17), light(1)))
    values = (("L1", 859), ("W1", -420_013), ("D1", 415))
    hear(talk, Sample(board="cab01", boot=17, ms=6000, values=values), at_ms=7)
    assert rows == [
        Row(
            table="sample",
            values={
                "board": "cab01",
                "at_ms": WALL + 7,
                "board_ms": 6000,
                "boot": 2 * 65_536 + 17,
                "readings": "L1=859,W1=-420013",  # D1 was not declared
            },
        )
    ]


def test_sample_without_a_hello_or_a_plausible_reading_is_not_kept() -> None:
    rows: list[Row] = []
    talk = lane()
    talk.keep_sample = rows.append
    told = Sample(board="cab01", boot=17, ms=6000, values=(("L1", 859),))
    hear(talk, told)
    hear(talk, *hello()[:2], told)  # one declaration is missing
    hear(talk, *hello(ms=6001))
    hear(talk, Sample(board="cab01", boot=17, ms=6000, values=(("L1", 5000),)))
    hear(talk, Sample(board="cab01", boot=17, ms=6000, values=()))
    assert rows == []
    hear(talk, told)
    assert len(rows) == 1


def test_declarations_beyond_the_promised_number_take_no_memory() -> None:
    talk = lane()
    keep(hear(talk, *hello()))
    for number in range(100):
        head: Any = {"board": "cab01", "boot": 17, "ms": 5, "period_ms": 100}
        hear(talk, Declare(**head, sensor=f"X{number}", type="light", unit="counts"))
    assert list(talk.sensors) == ["L1", "W1"]


# --- recordings ------------------------------------------------------------------------------


def story(boot: int, *times_ms: int) -> list[BoardEvent]:
    """Events of one start, each with a value of its own."""
    return [light(n, value=500 + n, boot=boot, ms=ms) for n, ms in enumerate(times_ms, start=1)]


def known(*starts: tuple[int, int]) -> Lane:
    """A lane that heard these starts: boot, and so many events 60 s apart."""
    talk = lane()
    for boot, events in starts:
        keep(hear(talk, *hello(boot), *story(boot, *range(60_000, 60_000 * events + 1, 60_000))))
    orders(talk)
    return talk


OLD = story(17, *range(60_000, 300_001, 60_000))


def test_recording_of_an_older_start_is_refused_and_named_once() -> None:
    talk = known((17, 5), (20, 2))
    owed = hear(talk, *hello(17), *OLD, *hello(17, ms=301_000), *OLD)
    assert [one.event.kind for one in owed] == ["board_contradicts", "board_contradicts"]
    assert owed[0].event.facts["what"] == "boot_went_back"
    assert owed[1].event.facts["what"] == "replayed"
    assert owed[1].event.facts["again"] == "180000,L1,open,503"
    assert talk.counters.replayed == 10
    assert orders(talk) == []


def test_recording_that_begins_in_the_middle_or_loses_lines_is_refused_too() -> None:
    talk = known((17, 5), (20, 2))
    assert len(hear(talk, *hello(17, ms=170_000), *OLD[2:], OLD[4])) == 2
    talk = known((17, 5), (20, 2))
    talk.noise()
    assert len(hear(talk, *hello(17), OLD[0], OLD[4], *hello(17, ms=9), OLD[4], OLD[2])) == 2
    assert orders(talk) == []


def test_recording_of_the_running_start_is_refused() -> None:
    talk = known((20, 5))
    owed = hear(talk, *hello(20, ms=5), *story(20, *range(60_000, 300_001, 60_000)))
    assert [one.event.facts["what"] for one in owed] == ["boot_went_back", "replayed"]


def test_recording_with_a_start_that_follows_and_its_spilled_events_is_refused() -> None:
    talk = known((17, 5), (18, 4), (20, 2))
    owed = hear(talk, *hello(17), *OLD[:4], *hello(18), OLD[4])
    owed += hear(talk, *story(18, 60_000, 120_000, 180_000, 240_000))
    whats = [one.event.facts["what"] for one in owed]
    assert whats == ["boot_went_back", "replayed", "boot_went_back", "replayed"]


def test_after_a_recording_the_board_goes_on_where_it_was() -> None:
    talk = known((17, 5), (20, 2))
    hear(talk, *hello(17), *OLD)
    owed = hear(talk, *hello(20, ms=200_000), light(3, boot=20, ms=200_500))
    assert keep(owed) == ["b/cab01/20/3"]
    assert orders(talk) == [(20, 3)]
    assert keep(hear(talk, *hello(21), light(1, boot=21)))[-1] == "b/cab01/21/1"


def test_recording_from_before_an_exchange_is_refused_though_its_number_is_the_highest() -> None:
    talk = known((17, 5), (3, 2))
    assert talk.boot == 65_539
    owed = hear(talk, *hello(17), *OLD)
    assert [one.event.kind for one in owed] == ["board_hello", "board_contradicts"]
    assert orders(talk) == []


def test_after_a_restart_of_the_node_the_record_knows_a_recording() -> None:
    stored = {f"b/cab01/17/{event.seq}": kept_as(event) for event in OLD}
    talk = lane(20, 2)
    talk.kept = stored.get
    owed = hear(talk, *hello(17), *OLD)
    assert [one.event.facts["what"] for one in owed] == ["boot_went_back", "replayed"]


def kept_as(frame: BoardEvent) -> Stored:
    """The event as the record gives it back."""
    stamp = Stamp(farm="f", boot_id="a" * 32, clock_ok=True, mono_ms=1, recorded_at_ms=WALL)
    talk = lane()
    owed = hear(talk, *hello(frame.boot), replace(frame, seq=1))
    return stored_event(1, bytes(16), freeze(owed[-1].event, stamp))


def test_while_the_record_cannot_be_asked_nothing_is_taken_or_refused() -> None:
    talk = lane(20, 2)
    talk.kept = away
    told = light(1, boot=17, ms=60_000)
    assert len(hear(talk, *hello(17), told)) == 1  # boot_went_back
    assert talk.counters.replayed == 0
    talk.kept = lambda _origin: None
    assert keep(hear(talk, told)) == ["n/board_hello/cab01/65553", "b/cab01/65553/1"]


def test_board_that_goes_on_counting_is_heard_while_the_record_cannot_be_asked() -> None:
    talk = lane(65_539, 2)  # it was exchanged once, long ago
    talk.kept = away
    owed = keep(hear(talk, *hello(4), light(1, boot=4)))
    assert owed == ["n/board_hello/cab01/65540", "b/cab01/65540/1"]


def test_events_held_back_are_asked_for_whichever_start_ends_the_doubt() -> None:
    talk = known((16, 2), (17, 2), (20, 1))
    hear(talk, *hello(17), *story(17, 60_000, 120_000), light(3, boot=16, ms=9))
    assert talk.ask


def away(_origin: str) -> None:
    raise StoreError("the database is away")


def test_exchanged_board_is_believed_at_its_first_event_and_told_of_once() -> None:
    talk = known((1, 5), (20, 2))
    owed = hear(talk, *hello(1, ms=4), *hello(1, ms=900))
    assert [one.event.origin for one in owed] == ["n/board_contradicts/cab01/65537"]
    owed = hear(talk, light(1, boot=1, ms=60_003))
    assert keep(owed) == ["n/board_hello/cab01/65537", "b/cab01/65537/1"]
    assert orders(talk) == [(1, 1)]


def test_exchanged_board_whose_first_moment_is_the_same_tells_all_once_it_differs() -> None:
    talk = known()
    first = [light(n, boot=1, ms=150 * n) for n in (1, 2, 3, 4)]
    keep(hear(talk, *hello(1, ms=4), *first, *hello(2, ms=4)))
    orders(talk)
    assert len(hear(talk, *hello(1, ms=4), *first)) == 1  # held back, and no recording yet
    assert orders(talk) == []
    differs = light(5, boot=1, ms=7_000)
    assert keep(hear(talk, differs)) == ["n/board_hello/cab01/65537"]
    assert talk.ask
    owed = hear(talk, *hello(1, ms=7_100), *first, differs)
    assert keep(owed) == [f"b/cab01/65537/{n}" for n in range(1, 6)]
    assert orders(talk) == [(1, 5)]


def test_exchanged_board_is_believed_even_after_it_was_called_a_recording() -> None:
    talk = known((1, 5), (20, 2))
    same = story(1, 60_000, 120_000, 180_000)
    hear(talk, *hello(1), *same)
    hear(talk, light(4, boot=1, ms=200_000))
    owed = hear(talk, *hello(1, ms=200_100), *same, light(4, boot=1, ms=200_000))
    assert [one.event.origin for one in owed] == [f"b/cab01/65537/{n}" for n in range(1, 5)]


def test_values_of_a_start_in_doubt_are_shown_and_not_kept() -> None:
    rows: list[Row] = []
    talk = known((17, 5), (20, 2))
    talk.keep_sample = rows.append
    told = Sample(board="cab01", boot=17, ms=6000, values=(("L1", 859),))
    hear(talk, *hello(17), told, beat(lost=7, ms=6000), OLD[0])
    assert (talk.values["L1"][0], rows, talk.counters.lost) == (859, [], 0)
    hear(talk, light(2, boot=17, ms=61_000), told)
    assert len(rows) == 1


class LossyBoard:
    """A board of 24 records behind a wire that damages or swallows frames."""

    def __init__(self, chance: random.Random, talk: Lane, damage: float, silence: float) -> None:
        self.chance, self.talk, self.damage, self.silence = chance, talk, damage, silence
        self.seq = self.lost = 0
        self.held: list[int] = []
        self.waiting: list[Owed] = []
        self.told: list[str] = []

    def say(self, frame: Frame) -> None:
        if self.chance.random() < self.damage:
            self.talk.noise()
        elif self.chance.random() >= self.silence:
            owed = hear(self.talk, frame)
            self.waiting += owed
            self.told += [one.event.origin for one in owed]

    def turn(self) -> None:
        if self.chance.random() < 0.4:
            self.happen()
        if self.chance.random() < 0.3:
            keep(self.waiting)
            self.waiting = []
        if self.talk.ask or not self.talk.ready:
            for frame in hello():
                self.say(frame)
            for seq in list(self.held):
                self.say(light(seq))
        if self.talk.ack and (order := self.talk.order()):
            self.talk.ack = False
            self.held = [seq for seq in self.held if seq > order[1]]

    def happen(self) -> None:
        self.seq += 1
        self.held.append(self.seq)
        if len(self.held) > 24:
            self.held.pop(0)
            self.lost += 1
        self.say(light(self.seq))

    def settle(self) -> None:
        self.damage = self.silence = 0
        for _ in range(6):
            self.say(beat(self.lost))
            self.talk.ask = True
            self.turn()
            keep(self.waiting)
            self.waiting = []


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


class ResetBoard:
    """A board whose 72 newest unacknowledged events outlive its resets; some lines are damaged."""

    def __init__(self, chance: random.Random, damage: float) -> None:
        self.chance, self.damage = chance, damage
        self.talk = lane()
        self.boot, self.seq = 1, 0
        self.held: list[tuple[int, int]] = []
        self.made: list[tuple[int, int]] = []
        self.waiting: list[Owed] = []
        self.told: list[str] = []

    def say(self, frame: Frame) -> None:
        if self.chance.random() < self.damage:
            self.talk.noise()
            return
        owed = hear(self.talk, frame)
        self.waiting += owed
        self.told += [one.event.origin for one in owed]

    def turn(self) -> None:
        if self.chance.random() < 0.1:
            self.boot, self.seq = self.boot + 1, 0
            self.flush()
        if self.chance.random() < 0.4:
            self.seq += 1
            self.made.append((self.boot, self.seq))
            self.held = [*self.held, (self.boot, self.seq)][-72:]
            self.say(light(self.seq, boot=self.boot))
        if self.chance.random() < 0.3:
            self.settle()
        if self.talk.ask or not self.talk.ready:
            self.flush()
        for boot, seq in orders(self.talk) if self.talk.ack else []:
            self.held = [one for one in self.held if one[0] != boot or one[1] > seq]

    def settle(self) -> None:
        keep(self.waiting)
        self.waiting = []

    def flush(self) -> None:
        for frame in hello(self.boot):
            self.say(frame)
        for boot, seq in list(self.held):
            self.say(light(seq, boot=boot))


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
