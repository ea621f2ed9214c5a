from typing import TYPE_CHECKING

from fognode.events import Json, RowValues

if TYPE_CHECKING:
    from tests.custody.conftest import Story


def _taken(story: "Story") -> None:
    story.tag_in(98, story.BADGE_ANA)
    story.open(100)
    story.weight(101, -5840)
    story.tag_out(103, story.GLY)
    story.close(104)
    story.quiet(109)


def _count(story: "Story", at_s: float) -> str:
    """Count the package in cab-2; return the event_id of the count."""
    by: dict[str, Json] = {"stocktake": "march", "by": story.BOB}
    story.tell("stocktake_opened", at_s, cabinet="cab-2", **by)
    counted: dict[str, Json] = {"package": story.GLY, "present": 1, "reason": "seen"}
    story.tell("stock_counted", at_s + 1, **counted, **by)
    story.tell("stocktake_closed", at_s + 2, **by)
    return story.record_of("stock_counted").event_id


def _custody(story: "Story") -> RowValues:
    return [values for (table, _), values in story.rows.items() if table == "custody"][-1]


def test_package_that_is_out_stands_where_a_stocktake_finds_it(stocked: "Story") -> None:
    _taken(stocked)
    _count(stocked, 5280)
    row = _custody(stocked)
    assert (row["state"], row["in_cabinet"]) == ("back", "cab-2")
    assert row["sentence"] == (
        "ana-7 took GLY-0042 at 06:13, nobody named returned it to cab-2 07:40"
    )
    assert stocked.package()["holder"] == ""
    stocked.tell("hour_began", 48_000, hour="2026-03-02T19")
    assert stocked.rules() == ["found_in_count"]


def test_what_was_found_can_be_taken_from_there(stocked: "Story") -> None:
    _taken(stocked)
    _count(stocked, 5280)
    stocked.tag_in(5998, stocked.BADGE_ANA, place="cab-2")
    stocked.open(6000, place="cab-2")
    stocked.weight(6001, -5840, place="cab-2")
    stocked.tag_out(6003, stocked.GLY, place="cab-2")
    stocked.close(6004, place="cab-2")
    stocked.quiet(6009)
    assert (_custody(stocked)["state"], _custody(stocked)["out_cabinet"]) == ("out", "cab-2")
    assert stocked.rules() == ["found_in_count"]


def test_count_that_is_corrected_leaves_the_package_out(stocked: "Story") -> None:
    _taken(stocked)
    counted = _count(stocked, 5280)
    facts: dict[str, Json] = {"corrects": counted, "withdraw": 1, "reason": "another one"}
    stocked.tell("correction_declared", 5400, **facts, by=stocked.BOB)
    assert _custody(stocked)["state"] == "out"
    assert stocked.package()["holder"] == stocked.ANA
    stocked.tell("hour_began", 48_000, hour="2026-03-02T19")
    assert stocked.rules() == ["found_in_count", "overdue"]


def test_package_that_stood_elsewhere_moves_and_nobody_had_it(stocked: "Story") -> None:
    before = dict(stocked.package())
    _count(stocked, 5280)
    assert stocked.package()["holder"] == before["holder"] == ""
    assert [name for (name, _) in stocked.rows if name == "custody"] == []
    assert stocked.rules() == ["found_in_count"]
