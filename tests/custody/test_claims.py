"""A tag that was read before its package was declared (A41, A115)."""

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from fognode.custody import fold
from fognode.events import Event, Json
from tests.custody.visits import tell_in_order

if TYPE_CHECKING:
    from tests.custody.conftest import Story

NEW, TAG = "NEW-1", "04AABBCCDD0011"
HOUR_S = 3600


def _declare(story: "Story", at_s: float, /, **other: Json) -> None:
    facts = dict(story.record_of("delivery_declared").facts)
    facts |= {"package": NEW, "serial": "SN-NEW", "tag": TAG, "gross_g": 5000}
    story.tell("delivery_declared", at_s, **(facts | other))


def _store(story: "Story", at_s: float, place: str = "cab-1") -> None:
    """Ana puts a package of 5,000 g in that nobody has declared."""
    story.open(at_s, place)
    story.tag_in(at_s + 1, story.BADGE_ANA, place)
    story.tag_in(at_s + 2, TAG, place)
    story.weight(at_s + 2.6, 5000, place)
    story.close(at_s + 5, place)
    story.quiet(at_s + 10)


def _states(story: "Story") -> list[tuple[object, object]]:
    rows = [values for (table, _), values in story.rows.items() if table == "discrepancy"]
    return [(values["rule"], values["state"]) for values in rows]


def test_stored_before_it_was_declared_it_is_stored_all_the_same(stocked: "Story") -> None:
    _store(stocked, 100)
    assert _states(stocked) == [("unknown_tag", "open"), ("weight_without_tag", "open")]
    _declare(stocked, 300)
    stocked.quiet(310)
    assert _states(stocked) == [("unknown_tag", "withdrawn"), ("weight_without_tag", "withdrawn")]
    closed = {str(facts["rule"]): facts for facts in stocked.facts("discrepancy_closed")}
    assert closed["unknown_tag"]["text"] == "it is the tag of NEW-1, as was declared since"
    assert closed["unknown_tag"]["tag"] == TAG
    assert closed["weight_without_tag"]["text"] == "what was told later explains it"
    why = [v["explanation"] for (table, _), v in stocked.rows.items() if table == "discrepancy"]
    assert why == [closed[rule]["text"] for rule in ("unknown_tag", "weight_without_tag")]
    handled = stocked.last("handleProduct")
    assert (handled["package"], handled["action"], handled["weight_g"]) == (NEW, "stored", 5000)
    assert stocked.last("box_closed")["sentence"] == "ana-7 stored NEW-1 at 06:13, 5.00 kg"
    assert stocked.custody.sessions.homes[NEW] == "cab-1"
    assert stocked.rows["stock", NEW]["net_g"] == 4690


def test_declared_while_the_door_is_open_it_is_of_that_opening(stocked: "Story") -> None:
    stocked.open(100)
    stocked.tag_in(101, stocked.BADGE_ANA)
    stocked.tag_in(102, TAG)
    _declare(stocked, 103)
    stocked.weight(104, 5000)
    stocked.close(106)
    stocked.quiet(120)
    assert _states(stocked) == [("unknown_tag", "withdrawn")]
    assert stocked.last("box_closed")["sentence"] == "ana-7 stored NEW-1 at 06:13, 5.00 kg"
    assert len(stocked.facts("openBox")) == 2  # of the story's begin, and this


def test_tag_that_was_only_held_to_the_reader_says_nothing_of_a_place(stocked: "Story") -> None:
    stocked.open(100)
    stocked.tag_in(101, stocked.BADGE_ANA)
    stocked.tag_in(102, TAG)
    stocked.tag_out(104, TAG)
    _declare(stocked, 110)
    stocked.tag_in(112, TAG)
    stocked.weight(112.6, 5000)
    stocked.close(115)
    stocked.quiet(130)
    assert _states(stocked) == [("unknown_tag", "withdrawn")]
    assert stocked.last("box_closed")["sentence"] == "ana-7 stored NEW-1 at 06:13, 5.00 kg"


def test_package_is_where_its_tag_is_and_not_where_it_was_said_to_go(stocked: "Story") -> None:
    _store(stocked, 100, "cab-2")
    _declare(stocked, 300, site="cab-1")
    stocked.quiet(310)
    assert stocked.package(NEW)["site"] == "cab-2"
    moved = stocked.last("package_moved")
    assert (moved["from"], moved["to"], moved["permitted"]) == ("cab-1", "cab-2", 1)
    stock = stocked.rows["stock", NEW]
    assert (stock["place"], stock["state"], stock["net_g"]) == ("cab-2", "stored", 4690)


def test_tag_seen_at_the_gate_on_its_way_in_is_known_and_moves_nothing(stocked: "Story") -> None:
    stocked.custody.packages.barred = frozenset({"gate"})
    stocked.tag_in(100, TAG, place="gate")
    _declare(stocked, 300)
    assert _states(stocked) == [("unknown_tag", "withdrawn")]
    assert stocked.package(NEW)["site"] == "cab-1"
    assert stocked.facts("package_moved") == []


def test_what_is_longer_ago_than_two_days_a_person_has_to_explain(stocked: "Story") -> None:
    stocked.tag_in(100, TAG)
    stocked.tag_in(100 + 24 * HOUR_S, TAG)
    _declare(stocked, 101 + 48 * HOUR_S)
    assert _states(stocked) == [("unknown_tag", "open"), ("unknown_tag", "withdrawn")]


def test_reason_that_a_person_gave_stands(stocked: "Story") -> None:
    stocked.tag_in(100, TAG)
    found = stocked.record_of("discrepancy_found").event_id
    about: dict[str, Json] = {"discrepancy": found, "reason": "other", "text": "to be declared"}
    stocked.tell("discrepancy_explained", 200, **about, by=stocked.BOB)
    _declare(stocked, 300)
    assert _states(stocked) == [("unknown_tag", "closed")]


def test_another_tag_or_a_refused_delivery_closes_nothing(stocked: "Story") -> None:
    stocked.tag_in(100, TAG)
    _declare(stocked, 200, tag="04FFEEDD")
    _declare(stocked, 210, serial="SN0042", package="NEW-2")  # the serial of GLY-0042
    assert ("unknown_tag", "open") in _states(stocked)
    assert stocked.facts("discrepancy_closed") == []
    told = stocked.record_of("delivery_declared")
    facts: dict[str, Json] = {**told.facts, "serial": "SN-2"}
    correction: dict[str, Json] = {"corrects": told.event_id, "reason": "misread"}
    stocked.tell("correction_declared", 220, **correction, by=stocked.BOB, facts=facts)
    assert _states(stocked)[0] == ("unknown_tag", "withdrawn")


def test_tag_that_is_put_on_a_package_later_is_known_too(stocked: "Story") -> None:
    stocked.tag_in(100, TAG, place="gate")
    known = stocked.TAGS[stocked.GLY]
    about: dict[str, Json] = {"package": stocked.GLY, "reason": "torn off", "by": stocked.BOB}
    stocked.tell("tag_unbound", 110, **about, tag=known)
    stocked.tell("tag_bound", 120, **about, tag=TAG)
    assert _states(stocked) == [("unknown_tag", "withdrawn")]
    assert stocked.package()["site"] == "cab-1"


def test_readings_of_a_package_that_had_the_tag_before_stay_its_own(stocked: "Story") -> None:
    stocked.open(100)
    stocked.tag_in(101, stocked.BADGE_ANA)
    stocked.weight(102, -5840)
    stocked.tag_out(104, stocked.GLY)
    stocked.tag_in(106, stocked.GLY)
    stocked.weight(107, 5840)
    stocked.close(109)
    stocked.quiet(120)
    about: dict[str, Json] = {"package": stocked.GLY, "reason": "torn off", "by": stocked.BOB}
    stocked.tell("tag_unbound", 130, **about, tag=stocked.TAGS[stocked.GLY])
    before = len(stocked.facts("handleProduct"))
    _declare(stocked, 200, tag=stocked.TAGS[stocked.GLY])
    stocked.quiet(300)
    assert len(stocked.facts("handleProduct")) == before
    assert NEW not in stocked.custody.sessions.homes
    assert stocked.custody.sessions.homes[stocked.GLY] == "cab-1"


def test_revoked_badge_is_never_explained_by_a_delivery(stocked: "Story") -> None:
    facts: dict[str, Json] = {"badge": stocked.BADGE_BOB, "reason": "lost", "by": stocked.ANA}
    stocked.tell("badge_revoked", 90, **facts)
    stocked.tag_in(100, stocked.BADGE_BOB)
    _declare(stocked, 200, tag=stocked.BADGE_BOB)
    assert _states(stocked) == [("badge_revoked_used", "open")]


# --- whatever comes late -----------------------------------------------------------------------


def _day(story: "Story") -> list[Event]:
    """A package held to the reader, stored, declared while nobody is there, and used."""
    story.stocked()
    before = len(story.record)
    story.open(100)
    story.tag_in(101, story.BADGE_ANA)
    story.tag_in(102, TAG)
    story.tag_out(104, TAG)
    story.tag_in(108, TAG)
    story.weight(109, 5000)
    story.close(112)
    _declare(story, 200)
    story.open(300)
    story.tag_in(301, story.BADGE_ANA)
    story.weight(302, -5000)
    story.tag_out(304, TAG)
    story.tag_in(306, TAG)
    story.weight(307, 4000)
    story.close(309)
    told = [one for one in story.record[before:] if one.origin.startswith("b/")]
    return [
        Event(kind=t.kind, origin=t.origin, happened_at_ms=t.happened_at_ms, facts=t.facts)
        for t in told
    ]


TOLD = frozenset({"opening", "custody", "stock", "package", "discrepancy"})


def _picture(story: "Story", tables: frozenset[str] = TOLD) -> object:
    hidden = {"as_of_seq", "opening", "out_opening", "in_opening", "session", "discrepancy"}
    return sorted(
        (table, sorted((k, v) for k, v in values.items() if k not in hidden))
        for (table, _), values in story.rows.items()
        if table in tables and "withdrawn" not in {values.get("state"), values.get("verdict")}
    )


def test_day_in_order_leaves_nothing_open(new_story: "type[Story]") -> None:
    story = tell_in_order(new_story, _day(new_story()), set())
    assert {state for _, state in _states(story)} == {"withdrawn"}
    said = [v["sentence"] for (table, _), v in story.rows.items() if table == "opening"]
    assert said[1:] == [
        "ana-7 stored NEW-1 at 06:13, 5.00 kg",
        "ana-7 took NEW-1 at 06:17, 1.00 kg used, returned 06:17",
    ]
    assert story.rows["stock", NEW]["net_g"] == 3690


def test_whenever_the_declaration_is_told_the_picture_is_the_same(
    new_story: "type[Story]",
) -> None:
    """The line is cut and all comes late, or the form is filled in between any two readings."""
    day = _day(new_story())
    wanted = _picture(tell_in_order(new_story, day, set()))
    (declared,) = (event for event in day if event.kind == "delivery_declared")
    rest = [event for event in day if event is not declared]
    for place in range(len(rest) + 1):
        order = [*rest[:place], declared, *rest[place:]]
        for judge_after in ({place}, {place - 1, place + 1}, {3, 7, 10}):
            assert _picture(tell_in_order(new_story, order, judge_after)) == wanted, (
                place,
                judge_after,
            )


@settings(max_examples=20, deadline=None)
@given(chosen=st.data())
def test_any_order_of_readings_and_declaration_gives_the_same(
    new_story: "type[Story]", chosen: st.DataObject
) -> None:
    day = _day(new_story())
    order = chosen.draw(st.permutations(day))
    judge_after = chosen.draw(st.sets(st.integers(0, len(day)), max_size=4))
    told = tell_in_order(new_story, list(order), judge_after)
    tables = frozenset({"opening", "custody", "package"})  # what stock finds hangs on the order
    assert _picture(told, tables) == _picture(tell_in_order(new_story, day, set()), tables)
    again = fold.Custody(zone=told.custody.zone)
    known = {event.origin: event.facts for event in told.record}
    for event in told.record:
        for drawn in fold.step(again, event).events:
            assert known[drawn.origin] == drawn.facts
    assert fold.due(again, 2**52).events == []
