"""What left on paper only (requirement A110)."""

from typing import TYPE_CHECKING

import pytest

from fognode.events import Json
from tests.custody.visits import carry_out

if TYPE_CHECKING:
    from tests.custody.conftest import Story

DAY_S = 86_400


@pytest.fixture
def emptied(stocked: "Story") -> "Story":
    stocked.visit(100, stocked.GLY, 5840, 320)
    return stocked


def leave(story: "Story", kind: str = "exit_declared", **other: Json) -> None:
    facts: dict[str, Json] = {"package": story.GLY, "by": story.ANA, "destination": "centre"}
    story.tell(kind, 200, **(facts | other))


def hour(story: "Story", at_s: float) -> None:
    story.tell("hour_began", at_s, hour="2026-03-03T07")


def test_an_exit_that_nothing_saw_is_told_once_after_a_day(emptied: "Story") -> None:
    leave(emptied)
    hour(emptied, 199 + DAY_S)
    assert emptied.rules() == []
    hour(emptied, 200 + DAY_S)
    hour(emptied, 3800 + DAY_S)
    assert emptied.rules() == ["exit_not_seen"]
    found = emptied.last("discrepancy_found")
    assert (found["package"], found["place"]) == (emptied.GLY, "cab-1")


def test_a_disposal_too(emptied: "Story") -> None:
    leave(emptied, "disposal_declared", how="burnt")
    hour(emptied, 200 + DAY_S)
    assert emptied.rules() == ["exit_not_seen"]


def test_what_was_carried_out_before_or_within_the_day_is_gone(emptied: "Story") -> None:
    leave(emptied)
    carry_out(emptied, 3_000, 320)
    hour(emptied, 200 + DAY_S)
    assert emptied.rules() == []


def test_an_exit_that_was_taken_back_is_none(emptied: "Story") -> None:
    leave(emptied)
    corrects = emptied.record_of("exit_declared").event_id
    asked: dict[str, Json] = {"corrects": corrects, "reason": "not yet", "by": emptied.ANA}
    emptied.tell("correction_declared", 300, **asked, withdraw=1)
    hour(emptied, 200 + DAY_S)
    assert emptied.rules() == []


def test_what_was_put_in_again_is_told_of_by_that(emptied: "Story") -> None:
    leave(emptied)
    carry_out(emptied, 3_000, 320)
    emptied.open(5_000)
    emptied.tag_in(5_001, emptied.BADGE_ANA)
    emptied.weight(5_002, 320)
    emptied.tag_in(5_004, emptied.GLY)
    emptied.close(5_006)
    emptied.quiet(5_020)
    hour(emptied, 200 + DAY_S)
    assert emptied.rules() == ["gone_package_back"]


def test_where_no_sensor_ever_saw_it_nothing_is_asked(story: "Story") -> None:
    story.farm()
    story.tell("empty_declared", 100, package=story.GLY, by=story.ANA)
    leave(story)
    hour(story, 200 + DAY_S)
    assert story.rules() == []
