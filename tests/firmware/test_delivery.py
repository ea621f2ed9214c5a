"""What the real firmware and a real lane lose together: nothing that ring and spill hold."""

import pytest

from tests.firmware.conftest import Board
from tests.firmware.fog import WALL_MS, Fog, Record

pytestmark = pytest.mark.avr
DOOR_MS = 200  # the light must hold for 150 ms


def swing(board: Board, times: int) -> None:
    """Open and close the door so many times in all: each is one event."""
    for turn in range(times):
        board.do(f"light {(4000, 300)[turn % 2]}")
        board.run(DOOR_MS)


def numbers(boot: int, first: int, last: int) -> list[str]:
    return [f"b/cab01/{boot}/{count}" for count in range(first, last + 1)]


def test_reset_with_an_event_just_made_loses_nothing(board: Board) -> None:
    fog = Fog(board, Record())
    fog.serve(1000)
    swing(board, 1)  # not yet acknowledged, not yet in the EEPROM
    board.do("reset")
    fog.serve(1500)
    assert fog.record.origins() == ["b/cab01/1/1", "b/cab01/2/1"]  # the door is open at its start
    assert any(order.startswith(b"$A,cab01,1,1*") for order in fog.orders)
    before = board.text().count("$E,cab01,1,1,")
    board.do("reset")
    fog.serve(1500)
    assert board.text().count("$E,cab01,1,1,") == before  # it forgot what was acknowledged


@pytest.mark.parametrize("is_reset", [True, False])
def test_fog_away_for_a_minute_loses_nothing_with_and_without_a_reset_of_the_board(
    board: Board, is_reset: bool
) -> None:
    record = Record()
    Fog(board, record).serve(1000)  # the daemon is stopped here
    began_ms = board.sim.tell("time")
    swing(board, 40)
    board.run(60_000 - 40 * DOOR_MS)
    if is_reset:
        board.do("reset")  # opening the port does that
    Fog(board, record).serve(3000)
    assert record.origins() == numbers(1, 1, 40)
    assert not record.of_kind("board_gap")
    times = [event.happened_at_ms - WALL_MS - began_ms for event in record.events[-40:]]
    for turn, at_ms in enumerate(times):
        # By that start's own clock; the fog here reads the line every 70 ms.
        assert 0 <= at_ms - (turn * DOOR_MS + 150) < 120


@pytest.mark.parametrize("after_ms", [2300, 15_000])
def test_power_cut_of_the_board_loses_nothing_older_than_two_seconds(
    board: Board, after_ms: int
) -> None:
    record = Record()
    Fog(board, record).serve(1000)
    swing(board, 5)
    board.run(after_ms)
    board.power_cut()
    fog = Fog(board, record)
    fog.board_restarted()
    fog.serve(2000)
    assert record.origins()[:5] == numbers(1, 1, 5)


def test_power_cut_while_the_fog_is_away_loses_nothing_older_than_a_tenth_of_a_second(
    board: Board,
) -> None:
    record = Record()
    Fog(board, record).serve(1000)
    board.run(11_000)
    swing(board, 1)
    board.run(60)
    board.power_cut()
    fog = Fog(board, record)
    fog.board_restarted()
    fog.serve(2000)
    assert record.origins()[0] == "b/cab01/1/1"


def test_what_ring_and_spill_cannot_hold_is_counted_to_the_last_event(board: Board) -> None:
    record = Record()
    Fog(board, record).serve(1000)
    swing(board, 90)
    board.run(6000)
    Fog(board, record).serve(8000)
    (lost,) = record.of_kind("board_lost")
    (gap,) = record.of_kind("board_gap")
    assert lost.facts["lost"] == gap.facts["missing"] == 90 - 70
    kept = numbers(1, 1, 46) + numbers(1, 67, 90)  # the beginning, and the newest
    assert record.origins() == kept
    assert gap.origin == "n/board_gap/cab01/1/47-66"


def test_overflow_before_a_reset_still_shows_as_a_gap(board: Board) -> None:
    record = Record()
    Fog(board, record).serve(1000)
    swing(board, 90)
    board.run(6000)
    board.do("reset")
    Fog(board, record).serve(8000)
    assert record.origins() == numbers(1, 1, 46) + numbers(1, 67, 90)
    (gap,) = record.of_kind("board_gap")
    assert gap.facts["missing"] == 20


def test_power_cut_after_the_memory_overflowed_is_counted_to_the_newest_event(
    board: Board,
) -> None:
    record = Record()
    Fog(board, record).serve(1000)
    swing(board, 90)
    board.run(2100)
    board.power_cut()
    fog = Fog(board, record)
    fog.board_restarted()
    fog.serve(6000)
    assert record.origins() == [*numbers(1, 1, 46), "b/cab01/1/90"]
    (gap,) = record.of_kind("board_gap")
    assert gap.origin == "n/board_gap/cab01/1/47-89"
    assert gap.facts["missing"] == 90 - 47
    assert any(order.startswith(b"$A,cab01,1,90*") for order in fog.orders)


def test_power_cut_in_mid_overflow_leaves_at_most_two_seconds_uncounted(board: Board) -> None:
    record = Record()
    Fog(board, record).serve(1000)
    swing(board, 85)
    board.power_cut()  # the newest copy is still being written, or waits for its turn
    fog = Fog(board, record)
    fog.board_restarted()
    fog.serve(6000)
    newest = int(record.origins()[-1].rsplit("/", maxsplit=1)[1])
    assert record.origins()[:46] == numbers(1, 1, 46)
    assert 85 - newest <= 2100 // DOOR_MS + 1
    assert record.of_kind("board_gap")[0].facts["missing"] == newest - 47


def test_second_power_cut_of_an_outage_leaves_the_count_of_both_starts(board: Board) -> None:
    record = Record()
    Fog(board, record).serve(1000)
    swing(board, 80)
    board.run(2100)
    board.power_cut()
    swing(board, 30)
    board.run(2100)
    board.power_cut()
    fog = Fog(board, record)
    fog.board_restarted()
    fog.serve(9000)
    counted = sum(gap.facts["missing"] for gap in record.of_kind("board_gap"))  # type: ignore[misc]
    assert {"b/cab01/1/80", "b/cab01/2/30"} < set(record.origins())
    assert record.origins()[:45] == numbers(1, 1, 45)
    assert counted + len(record.origins()) == 80 + 30


def test_resets_in_a_row_keep_every_start_apart(board: Board) -> None:
    record = Record()
    fog = Fog(board, record)
    fog.serve(1000)
    for _ in range(5):
        swing(board, 2)
        board.do("reset")
    fog.serve(4000)
    wanted = [origin for boot in range(1, 6) for origin in numbers(boot, 1, 2)]
    assert record.origins() == wanted
    assert not record.of_kind("board_gap")


@pytest.mark.parametrize("from_part", ["$H", "$E,cab01,1,3,"])
def test_recording_of_the_line_is_refused_and_the_board_goes_on(
    board: Board, from_part: str
) -> None:
    record = Record()
    fog = Fog(board, record)
    fog.serve(10_000)
    swing(board, 6)
    fog.serve(500)
    recorded = board.log.read_bytes()
    hello = recorded[: recorded.index(b"$B")]
    board.do("reset")
    fog.serve(500)
    swing(board, 1)
    fog.serve(500)
    before = record.origins()
    assert before == [*numbers(1, 1, 6), "b/cab01/2/1"]
    fog.hear(hello + recorded[recorded.index(from_part.encode()) :])
    assert [one.facts["what"] for one in record.of_kind("board_contradicts")] == [
        "boot_went_back",
        "replayed",
    ]
    board.do("light 300")
    fog.serve(1500)
    assert record.origins() == [*before, "b/cab01/2/2"]
    assert not record.of_kind("board_gap")
