from fognode.custody.openings import Cabinet, Heard, Opening
from fognode.events import Stored


def _told(kind: str, at_ms: int, count: int = 1) -> Stored:
    return Stored(
        seq=count,
        event_id=f"{count:032x}",
        kind=kind,
        origin=f"b/cab01/1/{count}",
        happened_at_ms=at_ms,
        recorded_at_ms=at_ms,
        facts={},
        body=b"",
    )


def _opening(*readings: Stored) -> Opening:
    first = readings[0]
    opening = Opening(
        cause=first,
        opening="0f" * 16,
        cabinet="cab-1",
        shelf=frozenset(),
        begun_at_ms=first.happened_at_ms,
    )
    for told in readings:
        opening.join(Heard(told.happened_at_ms, told))
    return opening


def test_opening_is_over_when_no_reading_of_it_can_come_any_more() -> None:
    lit = _opening(_told("light_open", 1000), _told("light_close", 5000))
    assert (lit.closed_at_ms, lit.ripe_at_ms) == (5000, 9000)
    dark = _opening(_told("weight_take", 1000), _told("tag_out", 3000))
    assert (dark.dark, dark.closed_at_ms, dark.ripe_at_ms) == (True, 3000, 13_000)
    left_open = _opening(_told("light_open", 1000), _told("tag_out", 3000))
    assert left_open.ripe_at_ms == 603_000


def test_readings_of_one_moment_are_ordered_by_the_boards_count() -> None:
    heard = [Heard(1000, _told("tag_in", 1000, count)) for count in (10, 9, 2)]
    assert [one.told.seq for one in sorted(heard)] == [2, 9, 10]


def test_sensor_is_there_once_heard_or_declared() -> None:
    cabinet = Cabinet(senses={"light": 500})
    assert [cabinet.has("light", at_ms) for at_ms in (499, 500)] == [False, True]
    assert cabinet.has("tag", 0)
    cabinet.declared = frozenset({"weight"})
    assert (cabinet.has("weight", 0), cabinet.has("tag", 0)) == (True, False)
