from typing import TYPE_CHECKING

import pytest

from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story

DAY_S = 86_400


def _taken_by_night(story: "Story") -> str:
    """Ana takes GLY and brings it back heavier; return the id of the discrepancy."""
    story.visit(100, story.GLY, 5840, 6500)
    assert story.rules() == ["returned_heavier"]
    return next(told.event_id for told in story.record if told.kind == "discrepancy_found")


def _explain(story: "Story", name: str, by: str, /, **facts: Json) -> None:
    said: dict[str, Json] = {"reason": "weighing_error", "text": "leant on the scale"}
    story.tell("discrepancy_explained", 500, discrepancy=name, by=by, **(said | facts))


def test_another_person_closes_a_discrepancy_with_a_reason(stocked: "Story") -> None:
    name = _taken_by_night(stocked)
    _explain(stocked, name, stocked.BOB)
    closed = stocked.last("discrepancy_closed")
    assert (closed["rule"], closed["by"], closed["reason"]) == (
        "returned_heavier",
        stocked.BOB,
        "weighing_error",
    )
    row = stocked.rows["discrepancy", name]
    assert (row["state"], row["closed_by"], row["reason"], row["explanation"]) == (
        "closed",
        stocked.BOB,
        "weighing_error",
        "leant on the scale",
    )


def test_the_taker_may_not_explain_it(stocked: "Story") -> None:
    name = _taken_by_night(stocked)
    _explain(stocked, name, stocked.ANA)
    assert stocked.refusals() == [stocked.ANA]
    assert stocked.rows["discrepancy", name]["state"] == "open"


@pytest.mark.parametrize(
    ("facts", "value"),
    [
        ({"by": "nobody-1"}, "nobody-1"),
        ({"reason": "because"}, "because"),
        ({"discrepancy": "0" * 32}, "0" * 32),
    ],
)
def test_reason_must_be_whole(stocked: "Story", facts: dict[str, str], value: str) -> None:
    name = _taken_by_night(stocked)
    asked = {"discrepancy": name, "by": stocked.BOB, "reason": "spill", "text": "on the floor"}
    stocked.tell("discrepancy_explained", 500, **(asked | facts))
    assert stocked.refusals() == [value]
    assert stocked.facts("discrepancy_closed") == []


def test_explained_twice_is_refused(stocked: "Story") -> None:
    name = _taken_by_night(stocked)
    _explain(stocked, name, stocked.BOB)
    _explain(stocked, name, stocked.BOB, text="again")
    assert stocked.refusals() == ["closed"]


def test_nobodys_reason_for_a_day_escalates_once(stocked: "Story") -> None:
    name = _taken_by_night(stocked)
    stocked.tell("hour_began", DAY_S, hour="2026-03-03T06")
    assert stocked.facts("discrepancy_escalated") == []
    for hour in range(1, 4):
        stocked.tell("hour_began", DAY_S + hour * 3600, hour=f"2026-03-03T0{6 + hour}")
    [escalated] = stocked.facts("discrepancy_escalated")
    assert (escalated["discrepancy"], escalated["rule"]) == (name, "returned_heavier")
    assert escalated["text"] == (
        "nobody gave a reason in 24 h: GLY-0042 left with 5840 g and came back with 6500 g"
    )
    assert stocked.rows["discrepancy", name]["escalated_at_ms"]


def test_explained_in_time_it_does_not_escalate(stocked: "Story") -> None:
    _explain(stocked, _taken_by_night(stocked), stocked.BOB)
    stocked.tell("hour_began", 2 * DAY_S, hour="2026-03-04T06")
    assert stocked.facts("discrepancy_escalated") == []


def test_an_opening_is_reviewed_by_another_person(stocked: "Story") -> None:
    _taken_by_night(stocked)
    opening = str(stocked.last("box_closed")["opening"])
    for by in (stocked.ANA, stocked.BOB):
        stocked.tell("opening_reviewed", 600, opening=opening, verdict="fine", text="ok", by=by)
    assert stocked.refusals() == [stocked.ANA]
    assert stocked.rows["review", opening]["reviewed_by"] == stocked.BOB
    assert stocked.rows["discrepancy", _first(stocked)]["state"] == "open"  # it mutes nothing


def _first(story: "Story") -> str:
    return next(told.event_id for told in story.record if told.kind == "discrepancy_found")
