"""The closing balance with any subset of the sensors, and the rules of an opening as a whole."""

from typing import TYPE_CHECKING

from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story


def _hello(story: "Story", place: str, *types: str, boot: int = 1, at_s: float = 30) -> None:
    sensors: list[Json] = [{"sensor": f"{name[0].upper()}1", "type": name} for name in types]
    story.tell("board_hello", at_s, board=f"b-{place}", place=place, boot=boot, sensors=sensors)


def test_all_sensors_in_agreement_are_nearly_sure(stocked: "Story") -> None:
    stocked.visit(100, stocked.GLY, 5840, 4000)
    closed = stocked.last("box_closed")
    assert (closed["sure_permille"], closed["tags_before"], closed["tags_after"]) == (990, 2, 2)
    assert (closed["delta_g"], closed["moved_g"], closed["u_g"]) == (-1840, -1840, 35)


def test_cabinet_without_a_scale_tells_who_took_what_unweighed(stocked: "Story") -> None:
    _hello(stocked, "cab-2", "light", "tag")
    stocked.tag_in(98, stocked.BADGE_ANA, place="cab-2")
    stocked.open(100, place="cab-2")
    stocked.tag_in(102, stocked.GLY, place="cab-2")
    stocked.close(104, place="cab-2")
    stocked.quiet(109)
    assert stocked.last("handleProduct")["package"] == stocked.GLY
    assert stocked.last("box_closed")["sure_permille"] == 900
    assert stocked.rules() == []


def test_cabinet_without_a_reader_names_nobody_and_says_probably(stocked: "Story") -> None:
    _hello(stocked, "cab-2", "light", "weight")
    stocked.open(100, place="cab-2")
    stocked.weight(101, -1200, place="cab-2")
    stocked.close(104, place="cab-2")
    stocked.quiet(109)
    closed = stocked.last("box_closed")
    assert (closed["person"], closed["sure_permille"]) == ("nobody named", 800)
    assert stocked.rules() == ["weight_without_tag"]  # a count must say which it was


def test_vibration_alone_forms_an_opening_where_nothing_surer_is(stocked: "Story") -> None:
    stocked.custody.sessions.named = frozenset({"cab-1", "shed"})
    _hello(stocked, "shed", "vibration", "distance")
    stocked.read("vibration_shake", 100, "shed", vibration_edges=9)
    stocked.read("distance_move", 102, "shed", distance_mm=400)
    stocked.quiet(120)
    closed = stocked.last("box_closed")
    assert (closed["cabinet"], closed["sure_permille"]) == ("shed", 500)
    assert str(closed["sentence"]).startswith("probably: nobody named opened shed")
    assert stocked.rules() == []


def test_light_alone_still_tells_of_an_opening(stocked: "Story") -> None:
    _hello(stocked, "cab-3", "light")
    stocked.open(100, place="cab-3")
    stocked.close(104, place="cab-3")
    stocked.quiet(109)
    assert stocked.last("box_closed")["sure_permille"] == 950
    assert stocked.rules() == []


def test_decanting_names_the_packages_inside(stocked: "Story") -> None:
    stocked.tag_in(98, stocked.BADGE_ANA)
    stocked.open(100)
    stocked.weight(101, -1500)
    stocked.close(104)
    stocked.quiet(109)
    found = stocked.last("discrepancy_found")
    assert (found["rule"], found["delta_g"], found["u_g"]) == ("weight_without_tag", -1500, 28)
    assert str(found["text"]).endswith("no tag did; inside: ATR-0007, GLY-0042")
    assert stocked.last("box_closed")["sure_permille"] == 500


def test_decoy_that_weighs_less_than_the_container_is_noticed(stocked: "Story") -> None:
    stocked.visit(100, stocked.GLY, 5840, 120)
    assert "weight_differs" in stocked.rules()


def test_board_that_starts_anew_in_mid_session_leaves_a_gap(stocked: "Story") -> None:
    _hello(stocked, "cab-1", "light", "tag", "weight", boot=1)
    stocked.tag_in(98, stocked.BADGE_ANA)
    stocked.open(100)
    stocked.weight(101, -5840)
    _hello(stocked, "cab-1", "light", "tag", "weight", boot=2, at_s=102)
    stocked.tag_out(103, stocked.GLY)
    stocked.close(104)
    stocked.quiet(109)
    assert stocked.rules() == ["gap"]
    closed = stocked.last("box_closed")
    assert (closed["gap"], closed["balanced"]) == (1, 1)
    assert stocked.rows["opening", str(closed["opening"])]["verdict"] == "gap"
    assert "count what is inside" in str(stocked.last("discrepancy_found")["text"])


def test_silence_while_nothing_is_open_is_no_gap(stocked: "Story") -> None:
    stocked.tell("board_silent", 50, board="cab01", place="cab-1")
    stocked.tell("board_heard", 60, board="cab01", place="cab-1")
    stocked.tell("node_started", 70)
    stocked.visit(100, stocked.GLY, 5840, 4000)
    assert stocked.rules() == []


def test_door_left_open_is_judged_after_ten_minutes_of_stillness(stocked: "Story") -> None:
    stocked.tag_in(98, stocked.BADGE_ANA)
    stocked.open(100)
    stocked.quiet(699)
    assert stocked.rules() == []
    stocked.quiet(700)
    assert stocked.rules() == ["left_open"]


def test_small_decantings_add_up_to_a_slow_loss(stocked: "Story") -> None:
    for number in range(6):
        at_s = 100 + 200 * number
        stocked.tag_in(at_s - 2, stocked.BADGE_ANA)
        stocked.open(at_s)
        stocked.weight(at_s + 1, -55)
        stocked.close(at_s + 4)
        stocked.quiet(at_s + 9)
    assert stocked.rules() == ["slow_loss"]
    assert stocked.last("discrepancy_found")["delta_g"] == -275
