from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fognode.custody.outings import due_at
from fognode.events import Json, RowValues

if TYPE_CHECKING:
    from tests.custody.conftest import Story

NOON_MS = 1_772_452_800_000  # date -u -d 2026-03-02T12:00 +%s000
HOUR_MS = 3_600_000


def _custody(story: "Story") -> list[RowValues]:
    return [values for (table, _), values in story.rows.items() if table == "custody"]


def _take(story: "Story") -> None:
    story.tag_in(96, story.BADGE_BOB)
    story.tag_in(98, story.BADGE_ANA)
    story.open(100)
    story.weight(101, -5840)
    story.tag_out(103, story.GLY)
    story.close(104)
    story.quiet(109)


def test_session_starts_in_one_opening_and_ends_in_another(stocked: "Story") -> None:
    bob: dict[str, Json] = {"person": stocked.BOB, "alias": "bob-2", "badge": stocked.BADGE_BOB}
    stocked.tell("person_set", 90, **bob, may_authorise=1)
    _take(stocked)
    taken = next(t.event_id for t in stocked.record if t.facts.get("action") == "out")
    [row] = _custody(stocked)
    assert (row["session"], row["state"], row["authorised_by"]) == (taken, "out", stocked.BOB)
    assert row["sentence"] == "ana-7 took GLY-0042 at 06:13, 5.84 kg, authorised by bob-2"
    stocked.tag_in(5278, stocked.BADGE_ANA)
    stocked.open(5280)
    stocked.tag_in(5282, stocked.GLY)
    stocked.weight(5283, 4000)
    stocked.close(5285)
    stocked.quiet(5290)
    [row] = _custody(stocked)
    assert (row["state"], row["used_g"], row["u_g"]) == ("back", 1840, 28)
    assert row["sentence"] == (
        "ana-7 took GLY-0042 at 06:13, 1.84 kg used, returned 07:40, authorised by bob-2"
    )
    assert stocked.last("handleProduct")["session"] == taken
    assert stocked.rules() == []


def test_second_badge_of_one_who_may_not_authorise_is_present(stocked: "Story") -> None:
    _take(stocked)
    [row] = _custody(stocked)
    assert row["authorised_by"] == ""
    assert row["sentence"] == "ana-7 took GLY-0042 at 06:13, 5.84 kg, bob-2 present"
    assert "authorised_by" not in stocked.last("handleProduct")
    closed = stocked.last("box_closed")
    assert (closed["present"], "authorised_by" in closed) == (stocked.BOB, False)
    assert stocked.rules() == []


def test_badge_of_more_than_two_minutes_away_authorises_nothing(stocked: "Story") -> None:
    stocked.tag_in(60, stocked.BADGE_BOB)
    stocked.tag_in(175, stocked.BADGE_ANA)
    stocked.open(181)
    stocked.weight(182, -5840)
    stocked.tag_out(184, stocked.GLY)
    stocked.close(185)
    stocked.quiet(190)
    [row] = _custody(stocked)
    assert (row["person"], row["authorised_by"]) == (stocked.ANA, "")


def test_back_in_another_cabinet_is_a_transfer_and_no_loss(stocked: "Story") -> None:
    _take(stocked)
    stocked.tag_in(299, stocked.BADGE_ANA, place="cab-2")
    stocked.open(300, place="cab-2")
    stocked.tag_in(302, stocked.GLY, place="cab-2")
    stocked.weight(303, 5840, place="cab-2")
    stocked.close(305, place="cab-2")
    stocked.quiet(310)
    [row] = _custody(stocked)
    assert (row["out_cabinet"], row["in_cabinet"], row["used_g"]) == ("cab-1", "cab-2", 0)
    assert "returned to cab-2 06:17" in str(row["sentence"])
    assert stocked.rules() == []


def test_declared_use_beside_the_measured_one(stocked: "Story") -> None:
    _take(stocked)
    declared = {"package": stocked.GLY, "by": stocked.ANA}
    stocked.tell("use_declared", 1000, used_g=1500, **declared)
    stocked.tag_in(1998, stocked.BADGE_ANA)
    stocked.open(2000)
    stocked.tag_in(2002, stocked.GLY)
    stocked.weight(2003, 4000)
    stocked.close(2005)
    stocked.quiet(2010)
    [row] = _custody(stocked)
    assert (row["used_g"], row["declared_g"]) == (1840, 1500)
    assert stocked.last("box_closed")["declared_g"] == 1500
    assert "use_differs" in stocked.rules()


def test_package_still_out_at_the_end_of_the_working_day_is_overdue_once(stocked: "Story") -> None:
    _take(stocked)  # 06:13; due 18:00
    for hour in (17, 18, 19):
        at_s = (hour - 6) * 3600 - 720  # the story starts at 06:12
        stocked.tell("hour_began", at_s, hour=f"2026-03-02T{hour}")
    found = [f for f in stocked.facts("discrepancy_found") if f["rule"] == "overdue"]
    assert [(f["package"], f["person"]) for f in found] == [(stocked.GLY, stocked.ANA)]


def test_working_day_ends_at_six_or_the_day_after() -> None:
    assert due_at(NOON_MS, 18, UTC) == NOON_MS + 6 * HOUR_MS
    assert due_at(NOON_MS + 6 * HOUR_MS, 18, UTC) == NOON_MS + 30 * HOUR_MS
    assert due_at(NOON_MS, 18, ZoneInfo("America/Sao_Paulo")) == NOON_MS + 9 * HOUR_MS


def test_package_disposed_of_while_it_is_out_is_gone_and_never_overdue(stocked: "Story") -> None:
    _take(stocked)
    facts: dict[str, Json] = {"package": stocked.GLY, "by": stocked.ANA}
    stocked.tell("disposal_declared", 200, how="incinerator", **facts)
    [row] = _custody(stocked)
    assert (row["state"], stocked.package()["holder"]) == ("gone", "")
    stocked.tell("hour_began", 48_000, hour="2026-03-02T19")
    assert stocked.rules() == []


def test_disposal_that_is_withdrawn_leaves_the_package_in_its_hands(stocked: "Story") -> None:
    _take(stocked)
    facts: dict[str, Json] = {"package": stocked.GLY, "by": stocked.ANA}
    stocked.tell("disposal_declared", 200, how="incinerator", **facts)
    told = stocked.record_of("disposal_declared").event_id
    facts = {"corrects": told, "withdraw": 1, "reason": "another one", "by": stocked.ANA}
    stocked.tell("correction_declared", 300, **facts)
    [row] = _custody(stocked)
    assert (row["state"], stocked.package()["holder"]) == ("out", stocked.ANA)
    stocked.tell("hour_began", 48_000, hour="2026-03-02T19")
    assert stocked.rules() == ["overdue"]


def _back(story: "Story", at_s: float, gross_g: int) -> None:
    story.tag_in(at_s - 2, story.BADGE_ANA)
    story.open(at_s)
    story.tag_in(at_s + 2, story.GLY)
    story.weight(at_s + 3, gross_g)
    story.close(at_s + 5)
    story.quiet(at_s + 10)


def test_spill_alone_says_nothing_of_what_was_used_besides(stocked: "Story") -> None:
    _take(stocked)
    spilt = {"package": stocked.GLY, "text": "fell", "by": stocked.ANA}
    stocked.tell("spill_declared", 1000, lost_g=500, **spilt)
    _back(stocked, 2000, 4000)
    [row] = _custody(stocked)
    assert (row["used_g"], row["declared_g"]) == (1840, 500)
    assert stocked.rules() == []


def test_spill_of_more_than_the_scale_misses_differs(stocked: "Story") -> None:
    _take(stocked)
    spilt = {"package": stocked.GLY, "text": "fell", "by": stocked.ANA}
    stocked.tell("spill_declared", 1000, lost_g=2500, **spilt)
    _back(stocked, 2000, 4000)
    assert stocked.rules() == ["use_differs"]


def test_package_carried_out_after_its_disposal_was_declared_is_gone(stocked: "Story") -> None:
    facts: dict[str, Json] = {"package": stocked.GLY, "by": stocked.ANA}
    stocked.tell("disposal_declared", 50, how="incinerator", **facts)
    told = stocked.record_of("disposal_declared").event_id
    _take(stocked)
    [row] = _custody(stocked)
    assert (row["state"], stocked.package()["holder"]) == ("gone", "")
    assert "it left the farm 06:13" in str(row["sentence"])
    assert stocked.last("box_closed")["out"] == [stocked.GLY]
    stocked.tell("hour_began", 48_000, hour="2026-03-02T19")
    assert stocked.rules() == []
    facts = {"corrects": told, "withdraw": 1, "reason": "another one", "by": stocked.ANA}
    stocked.tell("correction_declared", 48_100, **facts)
    [row] = _custody(stocked)
    assert (row["state"], stocked.package()["holder"]) == ("out", stocked.ANA)
    assert "left" not in str(row["sentence"])


def test_exit_that_is_withdrawn_leaves_the_empty_in_its_hands(stocked: "Story") -> None:
    stocked.visit(20, stocked.GLY, 5840, 310)
    stocked.tag_in(98, stocked.BADGE_ANA)
    stocked.open(100)
    stocked.weight(101, -310)
    stocked.tag_out(103, stocked.GLY)
    stocked.close(104)
    stocked.quiet(109)
    about: dict[str, Json] = {"package": stocked.GLY, "by": stocked.ANA}
    stocked.tell("exit_declared", 200, destination="centre", **about)
    told = stocked.record_of("exit_declared").event_id
    assert _custody(stocked)[-1]["state"] == "gone"
    facts: dict[str, Json] = {"corrects": told, "withdraw": 1, "reason": "no lorry"}
    stocked.tell("correction_declared", 300, **facts, by=stocked.ANA)
    assert _custody(stocked)[-1]["state"] == "out"
    assert stocked.package()["holder"] == stocked.ANA
    _back(stocked, 400, 310)
    assert _custody(stocked)[-1]["state"] == "back"
