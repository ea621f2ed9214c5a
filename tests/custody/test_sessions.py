from typing import TYPE_CHECKING

import pytest

from fognode.custody import sessions
from fognode.custody.openings import Cabinet

if TYPE_CHECKING:
    from tests.custody.conftest import Story


def test_light_opens_and_closes_a_box(stocked: "Story") -> None:
    stocked.open(100)
    assert stocked.last("openBox") == {"cabinet": "cab-1", "board": "cab01", "person": ""}
    [opened] = [r for r in stocked.rows.values() if r.get("verdict") == "open"]
    assert (opened["opened_at_ms"], opened["closed_at_ms"]) == (stocked.START_MS + 100_000, 0)
    stocked.close(110)
    stocked.quiet(113.9)
    assert len(stocked.facts("box_closed")) == 1  # the one that stocked the cabinet
    stocked.quiet(114)
    closed = stocked.last("box_closed")
    assert closed["opening"] == opened["opening"]
    assert stocked.record[-1].happened_at_ms == stocked.START_MS + 110_000


def test_next_event_that_happened_later_ends_an_opening_as_the_clock_does(
    stocked: "Story",
) -> None:
    stocked.open(100)
    stocked.close(110)
    stocked.tell("board_heard", 114, board="gate1", place="gate")
    assert len(stocked.facts("box_closed")) == 2


def test_door_that_opens_again_at_once_is_one_opening(stocked: "Story") -> None:
    stocked.open(100)
    stocked.close(105)
    stocked.open(107)
    stocked.close(112)
    stocked.quiet(120)
    assert len(stocked.facts("openBox")) == len(stocked.facts("box_closed")) == 2
    assert stocked.last("box_closed")["readings"] == {"light_open": 2, "light_close": 2}


def test_badge_shown_before_names_the_opening(stocked: "Story") -> None:
    stocked.tag_in(100, stocked.BADGE_ANA)
    stocked.tag_out(105, stocked.BADGE_ANA)
    stocked.open(219)
    assert stocked.last("openBox")["person"] == stocked.ANA


def test_badge_shown_first_thing_ever_counts(story: "Story") -> None:
    story.farm()
    story.tag_in(5, story.BADGE_ANA)
    story.open(7)
    assert story.last("openBox")["person"] == story.ANA


def test_badge_of_more_than_two_minutes_ago_names_nobody(stocked: "Story") -> None:
    stocked.tag_in(100, stocked.BADGE_ANA)
    stocked.open(220.1)
    stocked.close(225)
    stocked.quiet(230)
    assert stocked.last("openBox")["person"] == ""
    assert stocked.last("box_closed")["person"] == "nobody named"
    assert stocked.rules() == ["opening_without_badge"]


def test_badge_names_one_opening_only(stocked: "Story") -> None:
    stocked.visit(100, stocked.GLY, 5840, 5840)
    stocked.open(120)
    stocked.close(125)
    stocked.quiet(130)
    assert stocked.rules() == ["opening_without_badge"]


def test_last_badge_before_wins_over_a_later_one(stocked: "Story") -> None:
    stocked.tag_in(100, stocked.BADGE_ANA)
    stocked.tag_in(103, stocked.BADGE_BOB)
    stocked.open(105)
    stocked.tag_in(106, stocked.BADGE_ANA)
    stocked.close(109)
    stocked.quiet(115)
    assert stocked.last("box_closed")["person"] == stocked.BOB


def test_weight_opens_a_dark_box_that_ends_by_itself(stocked: "Story") -> None:
    stocked.weight(100, -5840)
    assert stocked.last("openBox")["dark"] == 1
    stocked.tag_out(102.3, stocked.GLY)
    stocked.quiet(112.2)
    assert len(stocked.facts("box_closed")) == 1
    stocked.quiet(112.3)
    assert stocked.rules() == ["weight_without_opening", "weight_without_badge"]
    assert stocked.last("handleProduct")["action"] == "out"


def test_light_that_is_told_after_the_weight_makes_no_dark_box(stocked: "Story") -> None:
    stocked.tag_in(99, stocked.BADGE_ANA)
    stocked.weight(100.5, -5840)
    stocked.open(100)
    stocked.tag_out(102.5, stocked.GLY)
    stocked.close(103)
    stocked.quiet(108)
    assert stocked.rules() == []
    assert len(stocked.facts("openBox")) == 2


def test_tags_told_again_by_a_restarted_board_open_nothing(stocked: "Story") -> None:
    stocked.tag_in(100, stocked.GLY)
    stocked.tag_in(100, stocked.ATR)
    stocked.quiet(200)
    assert len(stocked.facts("openBox")) == 1
    assert stocked.rules() == []


def test_tag_that_vanishes_from_a_shut_box_opens_it(stocked: "Story") -> None:
    stocked.tag_out(100, stocked.GLY)
    stocked.quiet(111)
    assert stocked.rules() == [
        "package_without_tag",
        "tag_without_opening",
        "opening_without_badge",
    ]


def test_tag_at_a_gate_opens_nothing(stocked: "Story") -> None:
    stocked.tag_in(100, stocked.GLY, place="gate")
    stocked.tag_out(103, stocked.GLY, place="gate")
    assert len(stocked.facts("openBox")) == 1


def test_vibration_and_distance_join_but_open_nothing(stocked: "Story") -> None:
    stocked.read("vibration_shake", 100, vibration_edges=4)
    assert len(stocked.facts("openBox")) == 1
    stocked.open(101)
    stocked.read("vibration_shake", 101.5, vibration_edges=4)
    stocked.read("distance_move", 102, distance_mm=200)
    stocked.close(103)
    stocked.quiet(108)
    assert stocked.last("box_closed")["readings"] == {
        "light_open": 1,
        "vibration_shake": 1,
        "distance_move": 1,
        "light_close": 1,
    }


def test_door_left_open_is_judged_once_nothing_moves(stocked: "Story") -> None:
    stocked.open(100)
    stocked.weight(110, -5840)
    stocked.tag_out(112, stocked.GLY)
    stocked.quiet(711)
    assert len(stocked.facts("box_closed")) == 1
    stocked.quiet(712)
    assert stocked.rules() == ["left_open", "weight_without_badge"]
    stocked.close(900)
    stocked.quiet(910)
    assert len(stocked.facts("box_closed")) == 2


def test_strangers_tag_is_a_discrepancy_wherever_it_is_read(stocked: "Story") -> None:
    stocked.tag_in(100, "04DEADBEEF0001", place="gate")
    stocked.open(110)
    stocked.tag_in(111, "04DEADBEEF0002")
    found = stocked.facts("discrepancy_found")
    assert [facts["rule"] for facts in found] == ["unknown_tag", "unknown_tag"]
    assert found[0]["opening"] == ""
    assert found[0]["text"] == "tag 04DEADBEEF0001 in gate belongs to no package and no person"
    assert found[1]["opening"] != ""


def test_revoked_badge_names_nobody_and_is_a_strangers_tag(stocked: "Story") -> None:
    stocked.tell("person_set", 90, person=stocked.ANA, alias="ana-7", badge="")
    stocked.open(100)
    stocked.tag_in(101, stocked.BADGE_ANA)
    stocked.close(103)
    stocked.quiet(108)
    assert stocked.rules() == ["unknown_tag", "opening_without_badge"]


def test_readings_told_late_through_a_cut_line_still_make_one_opening(stocked: "Story") -> None:
    stocked.tell("board_heard", 1000, board="gate1", place="gate")  # recorded at 1000
    stocked.open(100)
    stocked.tag_in(101, stocked.BADGE_ANA)
    stocked.weight(102, -5840)
    stocked.close(103)
    stocked.quiet(1001.9)  # by its own times it was over long ago; the board may not be done
    stocked.tell("board_heard", 1001.5, board="gate1", place="gate")
    stocked.tag_out(104, stocked.GLY)
    stocked.quiet(1003.4)
    assert len(stocked.facts("box_closed")) == 1
    stocked.quiet(1003.5)
    assert stocked.last("handleProduct")["weight_g"] == 5840
    assert stocked.rules() == []


def test_ending_what_was_not_opened_is_refused() -> None:
    with pytest.raises(ValueError, match="no opening"):
        sessions.end(Cabinet())


def test_a_tag_read_just_before_the_light_belongs_to_the_first_opening(story: "Story") -> None:
    story.custody.sessions = sessions.State(named=frozenset({"cab-1"}))
    story.farm()
    story.read("tag_in", 10, tag=story.BADGE_ANA)
    story.read("tag_in", 10.12, tag=story.TAGS[story.GLY])
    story.open(10.13)
    story.read("weight_put", 10.4, weight_g=5840)
    story.close(10.7)
    story.quiet(20)
    assert story.last("handleProduct")["action"] == "stored"
    assert story.facts("discrepancy_found") == []


def test_at_a_gate_light_makes_no_cabinet(story: "Story") -> None:
    story.custody.sessions = sessions.State(named=frozenset({"cab-1"}))
    story.open(10, place="gate")
    assert story.facts("openBox") == []
