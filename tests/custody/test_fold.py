from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fognode.custody import fold
from fognode.events import Event, Json, Stored

if TYPE_CHECKING:
    from tests.custody.conftest import Story

Act = Callable[["Story", float], None]
UREA, TAG = "7896543210982", "04A1B2C3D4E5F8"

# --- Table 4 of the paper, and the story of one package ---------------------------------------


def test_cabinet_door_opening_is_triggered_and_told(stocked: "Story") -> None:
    """A42, A104."""
    stocked.open(100)
    assert stocked.record[-1].kind == "openBox"
    assert stocked.record[-1].happened_at_ms == stocked.START_MS + 100_000


def test_package_handling_uses_all_readings_of_one_session(stocked: "Story") -> None:
    """A22, A105."""
    stocked.open(100)
    stocked.tag_in(101, stocked.BADGE_ANA)
    stocked.read("vibration_shake", 101.5, vibration_edges=9)
    stocked.read("distance_move", 102, distance_mm=180)
    stocked.weight(103, -5840)
    stocked.tag_out(105, stocked.GLY)
    stocked.tag_in(108, stocked.GLY)
    stocked.weight(109, 4000)
    stocked.close(111)
    stocked.quiet(115)
    assert stocked.last("box_closed")["readings"] == {
        "light_open": 1,
        "tag_in": 2,
        "vibration_shake": 1,
        "distance_move": 1,
        "weight_take": 1,
        "tag_out": 1,
        "weight_put": 1,
        "light_close": 1,
    }
    assert stocked.last("handleProduct")["used_g"] == 1840


def test_night_opening_of_an_empty_cabinet_names_nobody(stocked: "Story") -> None:
    """A42."""
    stocked.open(100, place="cab-2")
    stocked.read("vibration_shake", 101, "cab-2", vibration_edges=9)
    stocked.close(104, place="cab-2")
    stocked.quiet(108)
    assert stocked.last("box_closed")["sentence"] == (
        "nobody named opened cab-2 at 06:13, no package moved"
    )
    assert stocked.rules() == ["opening_without_badge"]


def _whole_life(story: "Story") -> None:
    story.stocked()
    story.visit(100, story.GLY, 5840, 4000)
    story.open(150, place="cab-2")
    story.close(155, place="cab-2")
    story.visit(200, story.GLY, 4000, 320)
    facts: dict[str, Json] = {"package": story.GLY, "by": story.ANA}
    story.tell("rinse_declared", 250, **facts, rinses=3, punctured=1, witness=story.BOB)
    story.tag_in(299, story.BADGE_ANA)
    story.open(300)
    story.weight(301, -320)
    story.tag_out(303.2, story.GLY)
    story.close(304)
    story.quiet(309)
    story.tell("exit_declared", 310, **facts, destination="centre")
    story.tag_in(320, story.GLY, place="gate")
    token = str(story.package()["token_id"])
    for seq, kind, word in (
        (1, 1, "final"),
        (4, 104, "final"),
        (5, 200, "final"),
        (6, 201, "seen"),
    ):
        for chain in ("private", "public"):
            record: dict[str, Json] = {"chain": chain, "token_id": token, "kind": kind, "seq": seq}
            story.tell(f"ledger_{word}", 400 + seq, **record, tx_hash=f"0x{chain}{seq}")


def test_life_of_a_package_from_delivery_to_points(story: "Story") -> None:
    """A8, A43, A45."""
    _whole_life(story)
    ours = [facts for facts in story.facts("handleProduct") if facts["package"] == story.GLY]
    assert [facts["action"] for facts in ours] == ["stored", "used", "used", "out"]
    assert story.rules() == ["opening_without_badge"]
    assert len(story.facts("package_emptied")) == len(story.facts("package_prepared")) == 1
    assert story.last("emptyPackageExit")["prepared"] == 1
    assert story.last("package_moved")["to"] == "gate"
    assert sum(int(str(facts["points"])) for facts in story.facts("points_earned")) == 6
    assert story.package()["state"] == 6


def test_fertilizer_is_watched_like_a_pesticide_by_its_master_data_alone(story: "Story") -> None:
    """A12: another costly product, which no prescription guards and no centre takes back."""
    story.farm()
    urea: dict[str, Json] = {"gtin": UREA, "name": "Urea 46-0-0", "packaging": "not_returnable"}
    story.tell("product_set", 0, **urea)
    story.deliver("URE-0001", "SN0099", 5840, gtin=UREA, tag=TAG)
    story.tag_in(2, story.BADGE_ANA)
    story.open(3)
    story.tag_in(4, TAG)
    story.weight(4.6, 5840)
    story.close(8)
    story.quiet(12.1)
    story.visit(100, TAG, 5840, 4000)
    used = story.last("handleProduct")
    assert (used["package"], used["action"], used["used_g"]) == ("URE-0001", "used", 1840)
    assert story.rules() == []


# --- what holds for every story ----------------------------------------------------------------


def _fold(record: list[Stored]) -> list[tuple[list[Event], list[object]]]:
    custody = fold.Custody()
    outcomes = [fold.step(custody, told) for told in record]
    return [(outcome.events, list(outcome.rows)) for outcome in outcomes]


def _readings(record: list[Stored]) -> list[Stored]:
    raw = [told for told in record if not told.origin.startswith("r/")]
    return [replace(told, seq=seq) for seq, told in enumerate(raw, start=1)]


def _badge(story: "Story", at_s: float) -> None:
    story.tag_in(at_s, story.BADGE_ANA)


ACTS: tuple[Act, ...] = (
    lambda story, at_s: story.open(at_s),
    lambda story, at_s: story.close(at_s),
    lambda story, at_s: story.open(at_s, place="cab-2"),
    lambda story, at_s: story.close(at_s, place="cab-2"),
    _badge,
    lambda story, at_s: story.tag_in(at_s, story.GLY),
    lambda story, at_s: story.tag_out(at_s, story.GLY),
    lambda story, at_s: story.tag_in(at_s, story.ATR),
    lambda story, at_s: story.tag_out(at_s, story.ATR),
    lambda story, at_s: story.tag_in(at_s, story.GLY, place="cab-2"),
    lambda story, at_s: story.tag_out(at_s, story.GLY, place="cab-2"),
    lambda story, at_s: story.tag_in(at_s, story.GLY, place="gate"),
    lambda story, at_s: story.weight(at_s, -5840),
    lambda story, at_s: story.weight(at_s, 5840),
    lambda story, at_s: story.weight(at_s, 320),
    lambda story, at_s: story.weight(at_s, 320, place="cab-2"),
    lambda story, at_s: story.tag_in(at_s, "04DEADBEEF0001"),
    lambda story, at_s: story.tell(
        "rinse_declared", at_s, package=story.GLY, rinses=3, punctured=1, by=story.ANA
    ),
    lambda story, at_s: story.tell(
        "exit_declared", at_s, package=story.GLY, destination="centre", by=story.ANA
    ),
    lambda story, at_s: story.quiet(at_s),
)
LEDGER = st.tuples(
    st.sampled_from(["private", "public"]),
    st.sampled_from([(1, "final"), (104, "final"), (200, "final"), (201, "seen")]),
    st.integers(1, 9),
)
MOMENTS = st.lists(
    st.tuples(st.one_of(st.integers(0, len(ACTS) - 1), LEDGER), st.integers(100, 15_000)),
    max_size=60,
)
Moment = tuple[int | tuple[str, tuple[int, str], int], int]


BOOKED = {"stock_moved", "package_opened", "stock_low", "stock_enough", "discrepancy_found"}


def _live(story: "Story", moments: list[Moment]) -> None:
    story.stocked()
    at_s = 30.0
    token = str(story.package()["token_id"])
    for what, after_ms in moments:
        at_s += after_ms / 1000
        if isinstance(what, int):
            ACTS[what](story, at_s)
        else:
            chain, (kind, word), seq = what
            facts: dict[str, Json] = {"chain": chain, "token_id": token, "kind": kind, "seq": seq}
            story.tell(f"ledger_{word}", at_s, **facts, tx_hash=f"0x{chain}{kind}{seq}")
    story.clock_ms = story.START_MS + round((at_s + 3600) * 1000)
    story.quiet(at_s + 3600)


@settings(max_examples=60, deadline=None)
@given(moments=MOMENTS)
def test_same_record_gives_the_same_outcomes(
    new_story: "type[Story]", moments: list[Moment]
) -> None:
    story = new_story()
    _live(story, moments)
    assert _fold(story.record) == _fold(story.record)


@settings(max_examples=60, deadline=None)
@given(moments=MOMENTS)
def test_fold_of_a_record_that_holds_its_outputs_adds_nothing(
    new_story: "type[Story]", moments: list[Moment]
) -> None:
    story = new_story()
    _live(story, moments)
    known = {told.origin: told.facts for told in story.record}
    custody = fold.Custody(zone=story.custody.zone)
    for told in story.record:
        for event in fold.step(custody, told).events:
            assert known[event.origin] == event.facts
    assert fold.due(custody, 2**52).events == []
    assert custody == story.custody


@settings(max_examples=60, deadline=None)
@given(moments=MOMENTS)
def test_outputs_that_come_back_late_or_never_change_nothing(
    new_story: "type[Story]", moments: list[Moment]
) -> None:
    # A batch of the daemon sees its own outputs only in a later batch.  Time is told here by
    # an event, so that the record alone decides.
    story = new_story()
    _live(story, [moment for moment in moments if moment[0] != len(ACTS) - 1])
    readings = _readings(story.record)
    first = [(e.origin, e.facts) for events, _ in _fold(readings) for e in events]
    drawn = {told.origin: told.facts for told in story.record if told.origin.startswith("r/")}
    assert {origin for origin, _ in first} <= drawn.keys()
    in_batches = fold.Custody()
    late: list[tuple[str, object]] = []
    for start in range(0, len(readings), 7):
        waiting: list[Event] = []
        for told in readings[start : start + 7]:
            waiting += fold.step(in_batches, told).events
        late += [(event.origin, event.facts) for event in waiting]
        for event in waiting:  # stored after the batch, told in the next one
            back = replace(readings[start], kind=str(event.kind), facts=event.facts)
            again = fold.step(in_batches, replace(back, happened_at_ms=0)).events
            assert {event.kind for event in again} <= BOOKED  # what is drawn from what was drawn
    assert late == first


@settings(max_examples=60, deadline=None)
@given(moments=MOMENTS)
def test_points_never_exceed_the_steps_that_both_ledgers_hold(
    new_story: "type[Story]", moments: list[Moment]
) -> None:
    story = new_story()
    _live(story, moments)
    held = {
        (told.text("chain"), told.kind, told.number("kind"))
        for told in story.record
        if told.kind.startswith("ledger_")
    }
    proofs = {
        "received": ("ledger_final", 1, 1),
        "prepared": ("ledger_final", 104, 2),
        "returned": ("ledger_seen", 201, 3),
    }
    earned = story.facts("points_earned")
    assert len({facts["step"] for facts in earned}) == len(earned)
    for facts in earned:
        kind, number, worth = proofs[str(facts["step"])]
        assert facts["points"] == worth
        assert {("private", kind, number), ("public", kind, number)} <= held


@settings(max_examples=60, deadline=None)
@given(moments=MOMENTS)
def test_package_is_in_exactly_one_place_or_with_one_holder(
    new_story: "type[Story]", moments: list[Moment]
) -> None:
    story = new_story()
    _live(story, moments)
    for name, package in story.custody.packages.packages.items():
        home = story.custody.sessions.homes[name]
        assert (home == "") == (package.holder != "")
        assert (package.out_since_at_ms != 0) == (package.holder != "")
        assert story.rows["package", name]["site"] == package.site
    assert len(story.facts("openBox")) == len(story.facts("box_closed"))


def test_opening_that_the_clock_ended_before_a_restart_stays_ended(stocked: "Story") -> None:
    stocked.open(100)
    stocked.weight(101, -5840)
    stocked.close(104)
    stocked.quiet(108)
    stocked.tag_out(107, stocked.GLY)  # told late: judged again, it belongs to the opening
    stocked.quiet(130)
    again = fold.Custody(zone=stocked.custody.zone)
    for told in stocked.record:
        fold.step(again, told)
    assert again == stocked.custody
    assert fold.due(again, 2**52).events == []


@pytest.mark.parametrize("kind", ["node_started", "board_hello", "prediction", "mail_sent"])
def test_other_events_lead_to_nothing(stocked: "Story", kind: str) -> None:
    before = len(stocked.record)
    stocked.tell(kind, 50, board="cab01", place="cab-1", package=stocked.GLY)
    assert len(stocked.record) == before + 1
