"""The conversation with one board, without a port: what is lost, repeated and contradicted."""

from dataclasses import replace
from typing import Any

from fognode.boards.lane import Lane
from fognode.boards.wire import BoardEvent, Declare, Sample
from fognode.errors import StoreError
from fognode.events import Row, Stored
from fognode.hashing import Stamp, freeze
from fognode.store.bodies import stored_event
from tests.boards.talking import WALL, beat, hear, hello, keep, lane, light, orders


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


def test_board_that_starts_anew_under_the_same_boot_begins_an_epoch() -> None:
    talk = lane()
    keep(hear(talk, *hello(17, ms=900_000), light(1, ms=900_100)))
    owed = hear(talk, *hello(17, ms=4), light(1, ms=50))
    assert keep(owed)[0] == "n/board_contradicts/cab01/65553"
    assert owed[-1].event.origin == "b/cab01/65553/1"


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
