"""How far each board's record reaches."""

from collections.abc import Mapping
from dataclasses import replace

from fognode.boards.progress import Progress, step
from fognode.events import Json, Stored


def stored(
    seq: int, kind: str, origin: str, facts: Mapping[str, Json] | None = None, at_ms: int = 1000
) -> Stored:
    return Stored(
        seq=seq,
        event_id="0" * 32,
        kind=kind,
        origin=origin,
        happened_at_ms=at_ms,
        recorded_at_ms=at_ms,
        facts=facts or {},
        body=b"",
    )


def test_board_never_heard_is_at_zero() -> None:
    assert Progress().of("cab01") == (0, 0)


def test_events_rejected_ones_and_gaps_move_the_reach() -> None:
    state = Progress()
    step(state, stored(1, "light_open", "b/cab01/17/42"))
    assert state.of("cab01") == (17, 42)
    step(state, stored(2, "rejected", "b/cab01/17/43"))
    assert state.of("cab01") == (17, 43)
    gap: dict[str, Json] = {"board": "cab01", "boot": 17, "to_count": 50}
    step(state, stored(3, "board_gap", "n/board_gap/cab01/17/44-50", gap))
    assert state.of("cab01") == (17, 50)


def test_new_boot_begins_at_its_own_count_and_an_older_one_changes_nothing() -> None:
    state = Progress()
    step(state, stored(1, "light_open", "b/cab01/17/42"))
    step(state, stored(2, "light_open", "b/cab01/65539/1"))
    assert state.of("cab01") == (65539, 1)
    assert step(state, stored(3, "light_open", "b/cab01/17/43")).rows == []
    assert state.of("cab01") == (65539, 1)


def test_contradiction_and_events_of_the_node_change_nothing() -> None:
    state = Progress()
    step(state, stored(1, "light_open", "b/cab01/17/42"))
    told = [
        stored(2, "board_contradicts", "b/cab01/17/99/x/0123456789abcdef"),
        stored(3, "node_started", "n/start/1"),
        stored(4, "openBox", "r/open_box/" + "0" * 32 + "/1"),
    ]
    assert all(step(state, one).rows == [] for one in told)
    assert state.of("cab01") == (17, 42)


def test_row_holds_what_hello_and_events_said() -> None:
    state = Progress()
    hello: dict[str, Json] = {"board": "cab01", "boot": 17, "kind": "cabinet", "version": "0.1.0"}
    step(state, stored(8, "board_hello", "n/board_hello/cab01/17", hello, at_ms=500))
    (row,) = step(state, stored(9, "light_open", "b/cab01/17/1", at_ms=900)).rows
    assert row.table == "board"
    assert row.values == {
        "board": "cab01",
        "boot": 17,
        "count": 1,
        "kind": "cabinet",
        "version": "0.1.0",
        "last_event_at_ms": 900,
        "as_of_seq": 9,
    }


def test_board_may_speak_once_it_is_enrolled_until_it_is_retired_for_good() -> None:
    state = Progress()
    assert not state.is_enrolled("cab01")
    step(state, stored(1, "board_enrolled", "q/1", {"board": "cab01"}))
    assert state.is_enrolled("cab01")
    assert not state.is_enrolled("cab02")
    step(state, stored(2, "board_retired", "q/2", {"board": "cab01"}))
    assert not state.is_enrolled("cab01")
    # Who has the retired board still has its key.
    step(state, stored(3, "board_enrolled", "q/3", {"board": "cab01"}))
    assert not state.is_enrolled("cab01")


def body_of(board_ms: int) -> bytes:
    return b'{"board_ms":%d,"boot_id":"x","facts":{"board_ms":9}}' % board_ms


def test_each_start_keeps_its_count_and_what_its_clock_said_when() -> None:
    state = Progress()
    step(state, replace(stored(1, "light_open", "b/cab01/16/8", at_ms=700), body=body_of(50)))
    step(state, stored(2, "light_open", "b/cab01/17/1"))
    assert state.past("cab01", 16) == (8, 700, 50)
    assert state.past("cab01", 17) == (1, 0, -1)
    assert state.past("cab01", 15) == (0, 0, -1)
    assert state.past("gate1", 1) == (0, 0, -1)
    late = stored(3, "light_open", "b/cab01/16/9", {"at_latest": 1}, at_ms=9000)
    assert step(state, replace(late, body=body_of(60))).rows == []  # the newest start is 17
    assert state.past("cab01", 16) == (9, 700, 50)  # a time that is only a bound dates nothing


def test_only_the_newest_64_starts_of_a_board_are_remembered() -> None:
    state = Progress()
    for boot in range(1, 101):
        step(state, stored(boot, "light_open", f"b/cab01/{boot}/1"))
    assert state.past("cab01", 36) == (0, 0, -1)
    assert state.past("cab01", 37) == (1, 0, -1)


def test_calibration_of_nobody_known_is_not_used() -> None:
    measured: dict[str, Json] = {
        "board": "cab01",
        "sensor": "W1",
        "known_g": 1_000,
        "counts_before": 400_000,
        "counts_after": 421_000,
        "counts_per_kg": 21_000,
    }
    state = Progress(knows={"ana"}.__contains__)
    step(state, stored(1, "scale_calibrated", "q/1", {**measured, "by": "bob"}))
    assert state.scales.of("cab01", "W1").counts_per_kg == 0
    step(state, stored(2, "scale_calibrated", "q/2", {**measured, "by": "ana"}))
    assert state.scales.of("cab01", "W1").counts_per_kg == 21_000
