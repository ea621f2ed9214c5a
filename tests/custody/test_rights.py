from typing import TYPE_CHECKING

import pytest

from fognode.custody import rights
from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story

BOSS, BADGE_BOSS = "9a0b1c2d-0000-4000-8000-00000000b055", "B0A1C2D5"


def _people(story: "Story", **ana: Json) -> None:
    """Give Ana her rights, and let the boss authorise."""
    story.tell("person_set", 50, person=story.ANA, alias="ana-7", **ana)
    boss: dict[str, Json] = {"alias": "boss-1", "badge": BADGE_BOSS, "may_authorise": 1}
    story.tell("person_set", 50, person=BOSS, **boss)


def _product(story: "Story", **facts: Json) -> None:
    story.tell("product_set", 51, gtin=story.GTIN, name="Gly", packaging="rigid", **facts)


def _closed(story: "Story") -> "Story":
    """Let what custody drew at 113.5 s be stored and judged."""
    story.quiet(130)
    return story


def test_person_with_all_rights_is_told_of_in_nothing(stocked: "Story") -> None:
    _people(stocked, licence_until="2026-03-02", least_class=3, cabinets="cab-1")
    _product(stocked, hazard_class=3)
    stocked.visit(100, stocked.GLY, 5840, 4000)
    assert _closed(stocked).rules() == []


def test_cabinet_that_is_not_hers(stocked: "Story") -> None:
    _people(stocked, cabinets="cab-2")
    stocked.visit(100, stocked.GLY, 5840, 4000)
    assert _closed(stocked).rules() == ["not_entitled"]
    found = stocked.last("discrepancy_found")
    assert found["text"] == "ana-7 may not open cab-1"
    assert (found["person"], found["place"]) == (stocked.ANA, "cab-1")
    assert found["opening"] == stocked.last("box_closed")["opening"]


def test_product_class_that_is_not_hers_names_the_package(stocked: "Story") -> None:
    _people(stocked, least_class=4)
    _product(stocked, hazard_class=3)
    stocked.visit(100, stocked.GLY, 5840, 4000)
    assert _closed(stocked).rules() == ["not_entitled"]
    found = stocked.last("discrepancy_found")
    assert found["text"] == "ana-7 may handle hazard class 4 and milder only, not GLY-0042"
    assert found["package"] == stocked.GLY


def test_licence_ends_at_the_end_of_its_last_day_on_the_farm(stocked: "Story") -> None:
    _people(stocked, licence_until="2026-03-01")
    stocked.open(100)
    stocked.tag_in(101, stocked.BADGE_ANA)
    stocked.close(104)
    stocked.quiet(109)
    assert stocked.rules() == []  # she looked; a licence is for handling
    stocked.visit(200, stocked.GLY, 5840, 4000)
    stocked.quiet(230)
    assert stocked.rules() == ["licence_expired"]
    text = "the licence of ana-7 ended on 2026-03-01; taken: GLY-0042"
    assert stocked.last("discrepancy_found")["text"] == text


@pytest.mark.parametrize("product", [{"needs_witness": 1}, {"hazard_class": 2}])
def test_second_badge_authorises_what_needs_a_witness(
    stocked: "Story", product: dict[str, Json]
) -> None:
    # Requirement A80: AuthorizedBy differs from MovedBy where a witness is required.
    _people(stocked)
    _product(stocked, **product)
    stocked.tag_in(99, BADGE_BOSS)
    stocked.tag_in(99.5, stocked.BADGE_ANA)
    stocked.visit(100, stocked.GLY, 5840, 4000)
    assert _closed(stocked).rules() == []
    handled = stocked.last("handleProduct")
    assert (handled["person"], handled["authorised_by"]) == (stocked.ANA, BOSS)


@pytest.mark.parametrize(
    ("other", "tail"),
    [("", ""), ("B0A1C2D4", "; bob-2 may not")],  # nobody; Bob, who may not authorise
)
def test_nobody_who_may_authorise_is_a_discrepancy_and_no_locked_door(
    stocked: "Story", other: str, tail: str
) -> None:
    _people(stocked)
    _product(stocked, hazard_class=1)
    if other:
        stocked.tag_in(99, other)
        stocked.tag_in(99.5, stocked.BADGE_ANA)
    stocked.visit(100, stocked.GLY, 5840, 4000)
    assert _closed(stocked).rules() == ["no_witness"]
    text = "ana-7 took GLY-0042, which a second person must authorise: nobody did"
    assert stocked.last("discrepancy_found")["text"] == text + tail


def _order(story: "Story", **facts: Json) -> None:
    base: dict[str, Json] = {
        "order": "o1",
        "person": story.ANA,
        "gtin": story.GTIN,
        "from": "2026-03-02T06:00",
        "until": "2026-03-02T08:00",
        "by": BOSS,
    }
    story.tell("order_given", 60, **(base | facts))


def test_earlier_order_authorises_and_is_told(stocked: "Story") -> None:
    _people(stocked)
    _product(stocked, hazard_class=1)
    _order(stocked)
    stocked.visit(100, stocked.GLY, 5840, 4000)
    assert _closed(stocked).rules() == []
    assert stocked.last("handleProduct")["authorised_by"] == BOSS
    known = stocked.custody.packages
    at_ms = stocked.START_MS + 100_000
    assert rights.authoriser(known, "cab-1", stocked.ANA, stocked.GLY, at_ms) == BOSS
    assert rights.authoriser(known, "cab-1", stocked.BOB, stocked.GLY, at_ms) == ""
    assert rights.authoriser(known, "cab-1", "", stocked.GLY, at_ms) == ""


@pytest.mark.parametrize(
    ("wrong", "value"),
    [({"person": "p9"}, "p9"), ({"by": "p9"}, "p9"), ({"person": BOSS}, BOSS)],
)
def test_order_comes_from_another_person_who_may_authorise(
    stocked: "Story", wrong: dict[str, Json], value: str
) -> None:
    _people(stocked)
    _order(stocked, **wrong)
    assert stocked.refusals() == [value]


def test_order_of_one_who_may_not_authorise_is_refused(stocked: "Story") -> None:
    _people(stocked)
    _order(stocked, by=stocked.BOB)
    assert stocked.refusals() == [stocked.BOB]


def test_opening_nobody_is_named_for_has_its_own_rule(stocked: "Story") -> None:
    _people(stocked, cabinets="cab-2")
    _product(stocked, hazard_class=1)
    stocked.open(100)
    stocked.weight(101, -5840)
    stocked.tag_out(103, stocked.GLY)
    stocked.close(104)
    assert _closed(stocked).rules() == ["weight_without_badge"]


def test_badge_told_late_withdraws_or_finds_what_holds_now(stocked: "Story") -> None:
    """The boss's badge was read by another board whose line was cut."""
    _people(stocked)
    _product(stocked, hazard_class=1)
    stocked.tag_in(99.5, stocked.BADGE_ANA)
    stocked.visit(100, stocked.GLY, 5840, 4000)
    assert _closed(stocked).rules() == ["no_witness"]
    stocked.tag_in(99, BADGE_BOSS)
    stocked.tell("board_heard", 140, board="x", place="elsewhere")
    stocked.quiet(180)
    assert stocked.last("box_closed")["authorised_by"] == BOSS
    closed = stocked.last("discrepancy_closed")
    assert (closed["rule"], closed["reason"]) == ("no_witness", "withdrawn")
    assert stocked.rules().count("no_witness") == 1


def test_product_taken_outside_its_hours_is_told_whoever_took_it(stocked: "Story") -> None:
    # Facts of custody, section 2: "outside hours" is a hard alarm.  GLY-0042 leaves at 06:13.
    _product(stocked, hours="07:00-11:00, 15:00-18:00")
    stocked.visit(100, stocked.GLY, 5840, 4000)
    assert _closed(stocked).rules() == ["outside_hours"]
    found = stocked.last("discrepancy_found")
    assert found["text"] == "GLY-0042 taken at 06:13: Gly is for 07:00-11:00, 15:00-18:00"
    assert (found["package"], found["person"]) == (stocked.GLY, stocked.ANA)


def test_product_taken_in_its_hours_by_nobody_named_has_one_rule_only(stocked: "Story") -> None:
    _product(stocked, hours="22:00-06:30")
    stocked.open(100)
    stocked.weight(101, -5840)
    stocked.tag_out(103, stocked.GLY)
    stocked.close(104)
    assert _closed(stocked).rules() == ["weight_without_badge"]
    _product(stocked, hours="22:00-06:00")
    stocked.open(200)
    stocked.weight(201, -3000)
    stocked.tag_out(203, stocked.ATR)
    stocked.close(204)
    stocked.quiet(230)
    assert stocked.rules()[1:] == ["weight_without_badge", "outside_hours"]


def _correct_order(story: "Story", at_s: float, **said: Json) -> None:
    named = story.record_of("order_given").event_id
    about: dict[str, Json] = {"corrects": named, "reason": "slip", "by": story.BOB}
    story.tell("correction_declared", at_s, **about, **said)


def test_corrected_order_covers_what_it_says_from_then_on(stocked: "Story") -> None:
    _people(stocked)
    _product(stocked, hazard_class=1)
    _order(stocked, package=stocked.ATR)
    facts = dict(stocked.record_of("order_given").facts) | {"package": stocked.GLY}
    _correct_order(stocked, 70, facts=facts)
    stocked.visit(100, stocked.GLY, 5840, 4000)
    assert _closed(stocked).rules() == []
    assert stocked.rows["work_order", "o1"]["package"] == stocked.GLY
    assert stocked.refusals() == []


def test_withdrawn_order_covers_what_was_done_before_and_nothing_after(stocked: "Story") -> None:
    _people(stocked)
    _product(stocked, hazard_class=1)
    _order(stocked)
    stocked.visit(100, stocked.GLY, 5840, 4000)
    assert _closed(stocked).rules() == []
    _correct_order(stocked, 140, withdraw=1)
    assert stocked.rows["work_order", "o1"]["until_at_ms"] == stocked.START_MS + 140_000
    stocked.visit(200, stocked.GLY, 4000, 3000)
    stocked.quiet(230)
    assert stocked.rules() == ["no_witness"]


def test_wrong_correction_of_an_order_leaves_it_as_it_is(stocked: "Story") -> None:
    _people(stocked)
    _product(stocked, hazard_class=1)
    _order(stocked)
    facts = dict(stocked.record_of("order_given").facts) | {"until": "2026-03-01T06:00"}
    _correct_order(stocked, 70, facts=facts)
    assert stocked.refusals() == ["2026-03-02T06:00 2026-03-01T06:00"]
    stocked.visit(100, stocked.GLY, 5840, 4000)
    assert _closed(stocked).rules() == []


def test_order_that_was_refused_becomes_one_by_its_correction(stocked: "Story") -> None:
    _people(stocked)
    _product(stocked, hazard_class=1)
    _order(stocked, person="p9")
    _correct_order(stocked, 65, withdraw=1)
    assert stocked.refusals() == ["p9", stocked.record_of("order_given").event_id]
    facts = dict(stocked.record_of("order_given").facts) | {"person": stocked.ANA}
    named = stocked.record_of("correction_declared").event_id
    about: dict[str, Json] = {"corrects": named, "reason": "slip", "by": stocked.BOB}
    stocked.tell("correction_declared", 70, **about, facts=facts)
    stocked.visit(100, stocked.GLY, 5840, 4000)
    assert _closed(stocked).rules() == []
