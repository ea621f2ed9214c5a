"""Refusals: counted all, told without flooding the record."""

from fognode.boards.refusals import Refusals
from fognode.boards.told import Moment


def moment(mono_ms: int) -> Moment:
    return Moment(wall_ms=1_795_241_520_000 + mono_ms, mono_ms=mono_ms)


def refusals() -> Refusals:
    return Refusals({"cab01": "shed", "cab02": ""}.get)


def test_third_wrong_mac_is_told_and_the_first_two_are_not() -> None:
    door = refusals()
    for _ in range(2):
        door.note("bad_mac", "cab01", "10.0.0.9")
    assert door.due(moment(1000)) == []
    door.note("bad_mac", "cab01", "10.0.0.9")
    (event,) = door.due(moment(2000))
    assert event.kind == "board_refused"
    assert event.origin == "n/board_refused/bad_mac/cab01/1795241522000"
    assert event.facts == {
        "what": "bad_mac",
        "board": "cab01",
        "place": "shed",
        "claimed": "cab01",
        "peer": "10.0.0.9",
        "count": 3,
    }


def test_cause_is_told_once_a_minute_with_all_that_came_meanwhile() -> None:
    door = refusals()
    door.note("noise", "cab01", "10.0.0.9")
    assert len(door.due(moment(0))) == 1
    for _ in range(500):
        door.note("noise", "cab01", "10.0.0.9")
    assert door.due(moment(59_999)) == []
    (event,) = door.due(moment(60_000))
    assert event.facts["count"] == 500
    assert door.due(moment(200_000)) == []


def test_names_that_nobody_configured_are_one_cause() -> None:
    door = refusals()
    for number in range(1000):
        door.note("unknown_board", f"x{number}", "10.0.0.9")
    (event,) = door.due(moment(0))
    assert (event.facts["board"], event.facts["claimed"], event.facts["count"]) == (
        "",
        "x999",
        1000,
    )
