"""The conversation with one board, without a port: what is lost, repeated and contradicted."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fognode.boards.lane import Lane, Moment, Owed
from fognode.boards.wire import BoardEvent, Declare, Frame, Heartbeat, Hello, Sample
from fognode.events import Row

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
    assert talk.order() is None


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
    keep(hear(talk, *hello(17)))
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
    hear(talk, *hello())
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
