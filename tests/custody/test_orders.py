from datetime import UTC

import pytest

from fognode.custody import orders
from fognode.custody.orders import Wish
from fognode.events import Json, Stored

HOUR_MS = 3_600_000
GIVEN_MS = 1_772_442_000_000  # 2026-03-02T09:00Z
GTIN = "7891234567895"


def _told(**facts: Json) -> Stored:
    base: dict[str, Json] = {
        "order": "o1",
        "person": "ana",
        "package": "GLY-1",
        "from": "2026-03-02T10:00",
        "until": "2026-03-02T12:00",
        "by": "bob",
    }
    return Stored(
        seq=1,
        event_id="a" * 32,
        kind="order_given",
        origin="q/1",
        happened_at_ms=GIVEN_MS,
        recorded_at_ms=GIVEN_MS,
        facts=base | facts,
        body=b"",
    )


def _wish(at_ms: int, package: str = "GLY-1", place: str = "cab-1") -> Wish:
    return Wish(package=package, gtin=GTIN, place=place, at_ms=at_ms)


def test_order_covers_its_person_package_and_time_only() -> None:
    state = orders.State()
    [row] = orders.give(state, _told(), UTC).rows
    assert (row.table, row.values["from_at_ms"]) == ("work_order", GIVEN_MS + HOUR_MS)
    inside, end = GIVEN_MS + HOUR_MS, GIVEN_MS + 3 * HOUR_MS
    assert orders.find(state, "ana", _wish(inside)) is not None
    assert orders.find(state, "", _wish(inside)) is not None  # of anybody
    assert orders.find(state, "bob", _wish(inside)) is None
    assert orders.find(state, "ana", _wish(inside, "GLY-2")) is None
    assert orders.find(state, "ana", _wish(inside - 1)) is None
    assert orders.find(state, "ana", _wish(end)) is None


def test_all_that_an_order_names_must_fit() -> None:
    state = orders.State()
    orders.give(state, _told(gtin="07891234567895", cabinet="cab-2"), UTC)
    inside = GIVEN_MS + HOUR_MS
    assert orders.find(state, "ana", _wish(inside)) is None
    assert orders.find(state, "ana", _wish(inside, place="cab-2")) is not None


def test_order_made_up_afterwards_covers_nothing() -> None:
    state = orders.State()
    orders.give(state, _told(**{"from": "2026-03-02T08:00"}), UTC)
    assert orders.find(state, "ana", _wish(GIVEN_MS - 1)) is None
    assert orders.find(state, "ana", _wish(GIVEN_MS)) is not None


def test_time_may_name_its_own_offset() -> None:
    state = orders.State()
    times = {"from": "2026-03-02T06:00-04:00", "until": "2026-03-02T13:00Z"}
    [row] = orders.give(state, _told(**times), UTC).rows
    assert row.values["from_at_ms"] == GIVEN_MS + HOUR_MS


@pytest.mark.parametrize(
    ("wrong", "value"),
    [
        ({"order": ""}, ""),
        ({"order": "o" * 41}, "o" * 41),
        ({"from": "soon"}, "soon 2026-03-02T12:00"),
        ({"until": "2026-03-02T10:00"}, "2026-03-02T10:00 2026-03-02T10:00"),
        ({"until": "2029-03-02T10:00"}, "2026-03-02T10:00 2029-03-02T10:00"),
        ({"gtin": "7891234567890"}, "7891234567890"),
        ({"package": ""}, ""),
    ],
)
def test_wrong_order_is_refused(wrong: dict[str, Json], value: str) -> None:
    state = orders.State()
    outcome = orders.give(state, _told(**wrong), UTC)
    assert [event.facts["value"] for event in outcome.events] == [value]
    assert not outcome.rows
    assert not state.of


def test_order_is_given_once_and_old_ones_are_forgotten() -> None:
    state = orders.State()
    orders.give(state, _told(), UTC)
    assert orders.give(state, _told(), UTC).events[0].facts["value"] == "o1"
    late = _told(order="o2", **{"from": "2028-03-02T06:00", "until": "2028-03-02T07:00"})
    years_ms = 2 * 366 * 24 * HOUR_MS
    later = Stored(
        seq=2,
        event_id="b" * 32,
        kind=late.kind,
        origin="q/2",
        happened_at_ms=GIVEN_MS + years_ms,
        recorded_at_ms=GIVEN_MS + years_ms,
        facts=late.facts,
        body=b"",
    )
    orders.give(state, later, UTC)
    assert [order.order for order in state.of["ana"]] == ["o2"]
