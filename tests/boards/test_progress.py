"""How far each board's record reaches."""

from collections.abc import Mapping

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
