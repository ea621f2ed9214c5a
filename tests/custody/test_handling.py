from collections.abc import Callable, Iterable
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from fognode.events import Json
from tests.custody.visits import carry_out, put_in

if TYPE_CHECKING:
    from tests.custody.conftest import Story


def test_delivered_packages_are_stored(stocked: "Story") -> None:
    handled = stocked.facts("handleProduct")
    actions = [(f["package"], f["action"], f["weight_g"]) for f in handled]
    assert actions == [("GLY-0042", "stored", 5840), ("ATR-0007", "stored", 3000)]
    closed = stocked.last("box_closed")
    assert closed["sentence"] == (
        "ana-7 stored GLY-0042 at 06:12, 5.84 kg; ana-7 stored ATR-0007 at 06:12, 3.00 kg"
    )
    assert (closed["delta_g"], closed["out"], closed["in"]) == (8840, [], ["GLY-0042", "ATR-0007"])
    assert stocked.rows["opening", str(closed["opening"])]["verdict"] == "restock"
    assert stocked.rules() == []
    assert stocked.package()["state"] == 1  # nobody opened it yet


def test_taken_and_returned_lighter_in_one_opening(stocked: "Story") -> None:
    stocked.visit(100, stocked.GLY, 5840, 4000)
    opening = stocked.last("openBox")
    used = stocked.last("handleProduct")
    closed = stocked.last("box_closed")
    assert used == {
        "opening": closed["opening"],
        "cabinet": "cab-1",
        "package": "GLY-0042",
        "action": "used",
        "person": stocked.ANA,
        "weight_g": 5840,
        "used_g": 1840,
        "u_g": 28,
        "session": next(key for table, key in stocked.rows if table == "custody"),
        "gross_g": 4000,
        "token_id": stocked.package()["token_id"],
    }
    assert opening["person"] == ""  # her badge came after the door
    assert closed["sentence"] == "ana-7 took GLY-0042 at 06:13, 1.84 kg used, returned 06:13"
    assert (closed["person"], closed["balanced"], closed["delta_g"]) == (stocked.ANA, 1, -1840)
    assert stocked.rows["opening", str(closed["opening"])]["verdict"] == "normal"
    assert (stocked.package()["state"], stocked.package()["gross_g"]) == (2, 4000)
    assert stocked.rules() == []


def test_out_in_one_opening_and_back_in_the_next(stocked: "Story") -> None:
    stocked.tag_in(98, stocked.BADGE_ANA)
    stocked.open(100)
    stocked.weight(101, -5840)
    stocked.tag_out(103, stocked.GLY)
    stocked.close(104)
    stocked.quiet(109)
    assert stocked.last("box_closed")["sentence"] == "ana-7 took GLY-0042 at 06:13, 5.84 kg"
    assert stocked.package()["holder"] == stocked.ANA
    assert stocked.package()["out_since_at_ms"] == stocked.START_MS + 103_000
    stocked.open(5000)
    stocked.tag_in(5001, stocked.BADGE_BOB)
    stocked.tag_in(5002, stocked.GLY)
    stocked.weight(5003, 4000)
    stocked.close(5005)
    stocked.quiet(5010)
    back = stocked.last("handleProduct")
    assert (back["action"], back["weight_g"], back["used_g"]) == ("back", 4000, 1840)
    assert stocked.last("box_closed")["sentence"] == (
        "ana-7 took GLY-0042 at 06:13, 1.84 kg used, bob-2 returned it 07:35"
    )
    assert (stocked.package()["holder"], stocked.package()["out_since_at_ms"]) == ("", 0)
    assert stocked.rules() == []


def test_two_packages_one_after_the_other_keep_their_weights(stocked: "Story") -> None:
    stocked.tag_in(98, stocked.BADGE_ANA)
    stocked.open(100)
    stocked.weight(101, -5840)
    stocked.weight(102.5, -3000)
    stocked.tag_out(103, stocked.GLY)
    stocked.close(104)
    stocked.tag_out(104.5, stocked.ATR)
    stocked.quiet(109)
    taken = [(f["package"], f["weight_g"]) for f in stocked.facts("handleProduct")[2:]]
    assert taken == [("GLY-0042", 5840), ("ATR-0007", 3000)]
    assert stocked.rules() == []


def test_two_packages_at_once_are_out_but_their_weights_ask_a_person(stocked: "Story") -> None:
    stocked.tag_in(98, stocked.BADGE_ANA)
    stocked.open(100)
    stocked.weight(101, -8840)
    stocked.tag_out(103, stocked.GLY)
    stocked.tag_out(103.1, stocked.ATR)
    stocked.close(104)
    stocked.quiet(109)
    taken = stocked.facts("handleProduct")[2:]
    assert [(f["package"], f["action"]) for f in taken] == [
        ("GLY-0042", "out"),
        ("ATR-0007", "out"),
    ]
    assert all("weight_g" not in f and "used_g" not in f for f in taken)
    assert stocked.rules() == ["weights_unclear"]
    assert stocked.last("box_closed")["balanced"] == 0


def _take_both(story: "Story", first_g: int, second_g: int) -> list[Json | None]:
    """GLY's tag goes first; return the weights that are told of the two."""
    story.tag_in(98, story.BADGE_ANA)
    story.open(100)
    story.weight(101, -first_g)
    story.weight(102, -second_g)
    story.tag_out(103, story.GLY)
    story.tag_out(104, story.ATR)
    story.close(105)
    story.quiet(110)
    return [facts.get("weight_g") for facts in story.facts("handleProduct")[2:]]


def test_crossed_tags_get_no_weight_of_each_other(stocked: "Story") -> None:
    assert _take_both(stocked, 3000, 5840) == [None, None]
    assert stocked.rules() == ["weights_unclear"]
    assert stocked.rows["stock", stocked.GLY]["net_g"] == 5530


def test_weights_that_fit_the_record_in_no_order_stay_as_they_came(stocked: "Story") -> None:
    assert _take_both(stocked, 3000, 4000) == [3000, 4000]
    assert stocked.rules() == ["weight_differs", "weight_differs"]


NEW_TAG = "04A1B2C3D4E5AA"


def _retag(story: "Story", new_tag: str) -> None:
    story.tag_in(98, story.BADGE_ANA)
    story.open(100)
    story.tag_out(103, story.GLY)
    if new_tag == NEW_TAG:
        about: dict[str, Json] = {"package": story.GLY, "reason": "broken", "by": story.ANA}
        story.tell("tag_unbound", 104, **about, tag=story.TAGS[story.GLY])
        story.tell("tag_bound", 105, **about, tag=new_tag)
    story.tag_in(108, new_tag)
    story.close(110)
    story.quiet(115)


def test_new_tag_put_on_in_the_open_cabinet_moves_nothing(stocked: "Story") -> None:
    _retag(stocked, NEW_TAG)
    assert stocked.rules() == []
    assert stocked.last("box_closed")["sentence"] == "ana-7 opened cab-1 at 06:13, no package moved"
    assert stocked.custody.sessions.homes[stocked.GLY] == "cab-1"


def test_same_tag_that_went_and_came_without_a_weight_is_odd(stocked: "Story") -> None:
    _retag(stocked, stocked.TAGS[stocked.GLY])
    assert stocked.rules() == ["tag_without_weight"]


def test_use_is_unknown_when_the_weight_it_left_with_is(stocked: "Story") -> None:
    test_two_packages_at_once_are_out_but_their_weights_ask_a_person(stocked)
    stocked.tag_in(198, stocked.BADGE_ANA)
    stocked.open(200)
    stocked.tag_in(201, stocked.GLY)
    stocked.weight(202, 4000)
    stocked.close(204)
    stocked.quiet(209)
    back = stocked.last("handleProduct")
    assert (back["action"], back["gross_g"]) == ("back", 4000)
    assert "used_g" not in back


def test_theft_without_a_badge_names_nobody(stocked: "Story") -> None:
    stocked.open(100)
    stocked.weight(101, -5840)
    stocked.tag_out(103, stocked.GLY)
    stocked.close(104)
    stocked.quiet(109)
    assert stocked.rules() == ["weight_without_badge"]
    found = stocked.last("discrepancy_found")
    assert found["text"] == "cab-1 opened without a badge, weight changed by -5840 g"
    assert stocked.last("handleProduct")["person"] == "nobody named"
    assert stocked.package()["holder"] == "nobody named"
    closed = stocked.last("box_closed")
    assert closed["balanced"] == 1  # the scale and the tags do agree
    assert stocked.rows["opening", str(closed["opening"])]["verdict"] == "no_badge"
    [row] = [row for (table, _), row in stocked.rows.items() if table == "discrepancy"]
    assert (row["state"], row["opening"]) == ("open", closed["opening"])


def test_alarm_stands_in_the_record_before_the_closing(stocked: "Story") -> None:
    test_theft_without_a_badge_names_nobody(stocked)
    drawn = {"handleProduct", "discrepancy_found", "box_closed"}
    kinds = [told.kind for told in stocked.record if told.kind in drawn]
    assert kinds[-3:] == ["handleProduct", "discrepancy_found", "box_closed"]


def test_decanting_and_peeled_tag_are_one_discrepancy_each(stocked: "Story") -> None:
    stocked.tag_in(98, stocked.BADGE_ANA)
    stocked.open(100)
    stocked.weight(101, -1500)
    stocked.close(104)
    stocked.quiet(109)
    assert stocked.rules() == ["weight_without_tag"]
    stocked.tag_in(198, stocked.BADGE_ANA)
    stocked.open(200)
    stocked.tag_out(203, stocked.ATR)
    stocked.close(204)
    stocked.quiet(209)
    assert stocked.rules() == ["weight_without_tag", "package_without_tag"]


def test_package_returned_heavier_is_no_negative_use(stocked: "Story") -> None:
    stocked.visit(100, stocked.GLY, 5840, 6500)
    assert stocked.rules() == ["returned_heavier"]
    assert "used_g" not in stocked.last("handleProduct")
    assert stocked.last("discrepancy_found")["package"] == "GLY-0042"


def test_heavier_within_the_scales_error_is_no_use(stocked: "Story") -> None:
    stocked.visit(100, stocked.GLY, 5840, 5890)
    assert stocked.rules() == []
    assert stocked.last("handleProduct")["used_g"] == 0


def test_package_that_lost_weight_in_the_cabinet_is_noticed_when_lifted(stocked: "Story") -> None:
    stocked.visit(100, stocked.GLY, 5000, 4000)
    assert stocked.rules() == ["weight_differs"]
    assert stocked.last("discrepancy_found")["text"] == (
        "GLY-0042 weighs 5000 g, 5840 g is on record"
    )


def test_delivery_that_is_lighter_than_declared_is_noticed(story: "Story") -> None:
    story.farm()
    story.tag_in(1, story.BADGE_ANA)
    story.open(2)
    story.tag_in(3, story.GLY)
    story.weight(4, 5000)
    story.close(6)
    story.quiet(11)
    assert story.rules() == ["weight_differs"]


def test_package_put_into_another_cabinet_is_there_and_nowhere_else(stocked: "Story") -> None:
    stocked.tag_in(98, stocked.BADGE_ANA)
    stocked.open(100)
    stocked.open(100, place="cab-2")
    stocked.tag_in(101, stocked.BADGE_ANA, place="cab-2")
    stocked.weight(102, -5840)
    stocked.tag_out(104, stocked.GLY)
    stocked.tag_in(106, stocked.GLY, place="cab-2")
    stocked.weight(107, 5840, place="cab-2")
    stocked.close(108, place="cab-2")
    stocked.quiet(112.5)  # cab-2 is judged while cab-1 still stands open
    stocked.close(120)
    stocked.quiet(125)
    assert stocked.custody.sessions.homes["GLY-0042"] == "cab-2"
    assert (stocked.package()["site"], stocked.package()["holder"]) == ("cab-2", "")
    assert stocked.rules() == []
    [session] = [row for (table, _), row in stocked.rows.items() if table == "custody"]
    assert session["sentence"] == "ana-7 took GLY-0042 at 06:13, returned to cab-2 06:13"


def test_use_is_never_counted_twice_when_a_leaving_went_unseen(stocked: "Story") -> None:
    stocked.visit(100, stocked.GLY, 5840, 4000)
    stocked.tag_in(198, stocked.BADGE_ANA, place="cab-2")
    stocked.open(200, place="cab-2")
    stocked.tag_in(202, stocked.GLY, place="cab-2")  # cab-1 never told that it left
    stocked.weight(203, 3000, place="cab-2")
    stocked.close(205, place="cab-2")
    stocked.quiet(210)
    assert [facts.get("used_g") for facts in stocked.facts("handleProduct")[2:]] == [1840, None]
    assert stocked.last("handleProduct")["action"] == "stored"


ACTS: dict[str, Callable[["Story"], None]] = {
    "badge": lambda story: story.tag_in(101, story.BADGE_ANA),
    "take": lambda story: story.weight(102, -5840),
    "out": lambda story: story.tag_out(104, story.GLY),
    "in": lambda story: story.tag_in(106, story.GLY),
    "put": lambda story: story.weight(107, 4000),
    "close": lambda story: story.close(109),
}


def _meaning(story: "Story", order: Iterable[str]) -> list[tuple[object, ...]]:
    story.stocked()
    story.open(100)
    for name in order:
        ACTS[name](story)
    story.quiet(114)
    kinds = {"handleProduct", "discrepancy_found", "box_closed"}
    drawn = [told for told in story.record if told.kind in kinds][3:]  # the stocking
    return [(told.kind, told.origin, told.happened_at_ms, told.facts) for told in drawn]


@pytest.mark.parametrize("order", list(permutations(ACTS))[::37])
def test_order_in_which_readings_arrive_changes_nothing(
    new_story: "type[Story]", order: tuple[str, ...]
) -> None:
    meant = _meaning(new_story(), ACTS)
    assert [kind for kind, *_ in meant] == ["handleProduct", "box_closed"]
    assert _meaning(new_story(), order) == meant


def test_tag_out_that_arrives_after_the_door_closed_belongs_to_the_opening(
    stocked: "Story",
) -> None:
    stocked.tag_in(98, stocked.BADGE_ANA)
    stocked.open(100)
    stocked.weight(103, -5840)
    stocked.close(103.5)
    stocked.tag_out(106, stocked.GLY)
    stocked.quiet(107.9)
    assert len(stocked.facts("box_closed")) == 1
    stocked.quiet(108)
    assert stocked.last("handleProduct")["weight_g"] == 5840
    assert stocked.rules() == []


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("disposal_declared", {"how": "licensed incinerator"}),
        ("defective_declared", {"supplier": "agrosul", "reason": "leaks"}),
    ],
)
@pytest.mark.parametrize("weight_g", [5840, 0])
def test_package_that_left_for_good_and_is_put_in_again_is_found(
    stocked: "Story", kind: str, facts: dict[str, str], weight_g: int
) -> None:
    about = {"package": stocked.GLY, "by": stocked.ANA}
    stocked.tell(kind, 50, **about, **facts)
    carry_out(stocked, 100)
    assert stocked.rules() == []  # declared first, carried out then
    put_in(stocked, 200, weight_g)
    assert "gone_package_back" in stocked.rules()
    found = next(f for f in stocked.facts("discrepancy_found") if f["rule"] == "gone_package_back")
    assert (found["package"], found["place"]) == (stocked.GLY, "cab-1")
    assert found["text"] == "GLY-0042 left the farm by the books and was put into cab-1 again"
    assert stocked.custody.outings.out == {}


def test_package_put_in_before_it_was_declared_gone_is_none(stocked: "Story") -> None:
    carry_out(stocked, 100)
    stocked.open(200)
    stocked.tag_in(201, stocked.BADGE_ANA)
    stocked.tag_in(202, stocked.GLY)
    stocked.weight(202.6, 5840)
    how = {"how": "licensed incinerator"}
    stocked.tell("disposal_declared", 203, package=stocked.GLY, by=stocked.ANA, **how)
    stocked.close(205)  # judged when it is gone by the books
    stocked.quiet(220)
    assert stocked.rules() == []


def test_leaving_that_was_corrected_lets_the_package_come_back(stocked: "Story") -> None:
    how = {"how": "licensed incinerator"}
    stocked.tell("disposal_declared", 50, package=stocked.GLY, by=stocked.ANA, **how)
    told = stocked.record_of("disposal_declared").event_id
    carry_out(stocked, 100)
    about = {"corrects": told, "reason": "another package", "by": stocked.BOB}
    stocked.tell("correction_declared", 150, **about, withdraw=1)
    put_in(stocked, 200, 5840)
    assert "gone_package_back" not in stocked.rules()
