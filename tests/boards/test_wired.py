"""The board inside the node speaks as a real one does, and loses nothing that it holds."""

from dataclasses import replace
from typing import Any

from fognode.boards.delivery import MOST_WAITING
from fognode.boards.lane import Lane
from fognode.boards.wired import ABSENT, KEPT, WORKS, Sensor, Wired

SENSORS = (
    Sensor(name="L1", type="light", unit="counts", period_ms=10),
    Sensor(name="C1", type="tag", unit="uid", period_ms=100),
)


def made(bench: Any, reach: tuple[int, int] = (0, 0)) -> Wired:
    lane = Lane(board="pi0", place="shed", counts_per_kg=40_000, progress=lambda _b: reach)
    bench.ground = replace(bench.ground, lanes={**bench.ground.lanes, "pi0": lane})
    return Wired("pins", "pi", SENSORS, "pi0", bench.ground)


def turns(board: Wired, count: int = 4) -> None:
    for _ in range(count):
        board.turn()


def test_its_events_are_those_of_a_board_and_are_kept_once(bench: Any) -> None:
    board = made(bench, reach=(16, 41))
    board.happen("L1", "open", "859")
    board.happen("C1", "in", "04A1B2C3")
    turns(board)
    assert bench.store.kinds() == ["board_hello", "light_open", "tag_in"]
    assert bench.store.origins() == ["b/pi0/17/1", "b/pi0/17/2"]  # the start after the known one
    event = bench.store.events[1]
    assert dict(event.facts) == {
        "board": "pi0", "place": "shed", "sensor": "L1", "light_counts": 859
    }  # fmt: skip
    assert event.board_ms is not None
    assert board.held == 0


def test_hello_after_a_start_without_events_is_told_too(bench: Any) -> None:
    board = made(bench)
    turns(board)
    assert [event.origin for event in bench.store.events] == ["n/board_hello/pi0/1"]
    assert bench.ground.holders["pi0"] == "pins"


def test_start_count_wraps_past_zero(bench: Any) -> None:
    board = made(bench, reach=(65_535, 3))
    board.happen("L1", "open", "859")  # what nobody told before: it is no recording
    turns(board)
    hello = next(event for event in bench.store.events if event.kind == "board_hello")
    assert hello.facts["boot"] == 65_537  # a new epoch, as for a board whose count wraps


def test_event_is_held_until_the_store_has_it(bench: Any) -> None:
    bench.store.keeps = False
    board = made(bench)
    board.happen("L1", "open", "859")
    turns(board)
    assert board.held == 1
    bench.store.commit()
    turns(board)
    assert board.held == 0


def test_full_store_is_waited_for_and_gets_everything_in_order(bench: Any) -> None:
    board = made(bench)
    bench.store.is_full = True
    for _ in range(200):
        board.happen("L1", "open", "859")
    turns(board)
    assert bench.store.events == []
    bench.store.is_full = False
    turns(board, 20)
    assert bench.store.origins() == [f"b/pi0/1/{n}" for n in range(1, 201)]
    assert board.held == 0
    assert board.lane.counters.repeated == 0


def test_no_more_than_a_lane_takes_waits_for_the_store(bench: Any) -> None:
    bench.store.keeps = False
    board = made(bench)
    for _ in range(100):
        board.happen("L1", "open", "859")
    turns(board)
    assert len(bench.store.origins()) == MOST_WAITING
    for _ in range(8):
        bench.store.commit(40)
        turns(board)
    assert len(bench.store.origins()) == 100
    assert board.lane.counters.repeated == 0


def test_overflow_is_counted_and_told_as_a_gap(bench: Any) -> None:
    board = made(bench)
    turns(board)
    bench.store.is_full = True
    for _ in range(KEPT + 6):
        board.happen("L1", "open", "859")
    assert (board.held, board.lost) == (KEPT, 6)
    bench.store.is_full = False
    bench.hand.ahead_ms += 6_000
    turns(board, 40)
    assert "board_gap" in bench.store.kinds()
    gap = next(event for event in bench.store.events if event.kind == "board_gap")
    assert gap.facts["missing"] == 6
    assert bench.store.origins()[-1] == f"b/pi0/1/{KEPT + 6}"
    lost = [event.facts["lost"] for event in bench.store.events if event.kind == "board_lost"]
    assert lost == [6]
    assert board.held == 0


def test_seq_wraps_as_on_the_wire(bench: Any) -> None:
    board = made(bench)
    for count in range(1, 65_541):
        board.happen("L1", "open", "859")
        if count % 50 == 0:
            turns(board, 2)
    turns(board)
    assert board.held == 0
    assert bench.store.origins()[-1] == "b/pi0/1/65540"
    assert len(bench.store.origins()) == 65_540


def test_fault_is_told_once_and_its_end_once(bench: Any) -> None:
    board = made(bench)
    said = [board.fault("C1", code) for code in (WORKS, ABSENT, ABSENT, WORKS, WORKS)]
    turns(board)
    assert said == [False, True, False, True, False]
    faults = [e.facts["code"] for e in bench.store.events if e.kind == "tag_fault"]
    assert faults == [-1, 0]


def test_newest_readings_go_into_a_sample_each_second(bench: Any) -> None:
    rows: list[Any] = []
    board = made(bench)
    board.lane.keep_sample = rows.append
    board.reads("L1", 300)
    bench.hand.ahead_ms += 1_100
    turns(board)
    board.fault("L1", ABSENT)  # what a dead sensor read last is no reading
    bench.hand.ahead_ms += 1_100
    turns(board)
    assert [row.values["readings"] for row in rows] == ["L1=300"]


def test_heartbeats_keep_the_board_from_falling_silent(bench: Any) -> None:
    board = made(bench)
    turns(board)
    for _ in range(4):
        bench.hand.ahead_ms += 5_000
        turns(board)
        assert board.lane.heard is not None
        assert bench.hand.clock.mono_ms() - board.lane.heard.mono_ms < 5_000


def test_board_on_a_line_that_uses_its_name_is_told_as_a_second_one(bench: Any, wait: Any) -> None:
    wired = made(bench)
    spoof = bench.board("pi0", boot=9)
    bench.link()
    turns(wired)

    def told() -> bool:
        bench.hand.ahead_ms += 200
        wired.happen("L1", "open", "859")
        turns(wired, 2)
        spoof.introduce()
        return "board_contradicts" in bench.store.kinds()

    wait(told)
    event = next(e for e in bench.store.events if e.kind == "board_contradicts")
    assert (event.facts["what"], event.facts["held_by"]) == ("on_two_ports", "pins")
    assert all(origin.startswith("b/pi0/1/") for origin in bench.store.origins())
