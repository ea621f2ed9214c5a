"""Whatever the order of arrival, the final picture is the same."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fognode.custody import fold
from fognode.events import Event, Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story

Reading = tuple[str, str, float, dict[str, Json]]  # board, kind, at_s, facts


def _event(story: "type[Story]", reading: Reading, count: int) -> Event:
    board, kind, at_s, facts = reading
    place = {"cab01": "cab-1", "scl01": "cab-1", "cab02": "cab-2"}[board]
    return Event(
        kind=kind,
        origin=f"b/{board}/7/{count}",
        happened_at_ms=story.START_MS + round(at_s * 1000),
        facts={"board": board, "place": place, **facts},
    )


def _tag(story: "type[Story]", tag: str) -> dict[str, Json]:
    return {"tag": story.TAGS.get(tag, tag)}


def _weight(weight_g: int) -> dict[str, Json]:
    return {"sensor": "W1", "weight_counts": weight_g * 40, "weight_g": weight_g}


def _day(story: "type[Story]") -> list[Event]:
    """Two boards on cab-1 (door and tags; scale), one on cab-2; five openings."""
    gly, atr = _tag(story, story.GLY), _tag(story, story.ATR)
    ana, bob = _tag(story, story.BADGE_ANA), _tag(story, story.BADGE_BOB)
    on: dict[str, Json] = {"light_counts": 859}
    off: dict[str, Json] = {"light_counts": 20}
    readings: list[Reading] = [
        # Ana takes GLY out of cab-1, Bob is with her
        ("cab01", "tag_in", 98, bob),
        ("cab01", "tag_in", 99, ana),
        ("cab01", "light_open", 100, on),
        ("scl01", "weight_take", 101.2, _weight(-5840)),
        ("cab01", "tag_out", 103, gly),
        ("cab01", "light_close", 104, off),
        # Bob takes ATR and brings it back lighter, in one opening
        ("cab01", "tag_in", 199, bob),
        ("cab01", "light_open", 200, on),
        ("scl01", "weight_take", 201, _weight(-3000)),
        ("cab01", "tag_out", 203, atr),
        ("cab01", "tag_in", 206, atr),
        ("scl01", "weight_put", 207, _weight(2500)),
        ("cab01", "light_close", 209, off),
        # GLY comes back, into cab-2
        ("cab02", "tag_in", 299, ana),
        ("cab02", "light_open", 300, on),
        ("cab02", "tag_in", 302, gly),
        ("cab02", "weight_put", 303, _weight(4000)),
        ("cab02", "light_close", 305, off),
        # somebody in the dark at cab-1: weight, no tag, no badge
        ("scl01", "weight_take", 400, _weight(-900)),
        # nobody named takes GLY from cab-2 and it comes back heavier
        ("cab02", "light_open", 500, on),
        ("cab02", "weight_take", 501, _weight(-4000)),
        ("cab02", "tag_out", 503, gly),
        ("cab02", "vibration_shake", 504, {"vibration_edges": 3}),
        ("cab02", "tag_in", 506, gly),
        ("cab02", "weight_put", 507, _weight(4500)),
        ("cab02", "light_close", 509, off),
    ]
    counts: dict[str, int] = {}
    events = []
    for reading in readings:
        counts[reading[0]] = counts.get(reading[0], 0) + 1
        events.append(_event(story, reading, counts[reading[0]]))
    return events


def _picture(story: "Story") -> dict[str, list[object]]:
    """Return the final rows without the ids, which hang on the reading that was told first."""
    rows = story.rows.items()
    opened = {
        key: (values["cabinet"], values["opened_at_ms"])
        for (table, key), values in rows
        if table == "opening"
    }
    hidden = {"as_of_seq", "opening", "session", "discrepancy", "out_opening", "in_opening"}
    said = (found for case in story.custody.journal.cases.values() for found in case.said.values())
    ours = {found.name for found in said}  # what stock finds hangs on when it was told
    picture: dict[str, list[object]] = {}
    for (table, key), values in rows:
        if table not in {"opening", "package", "custody", "discrepancy"}:
            continue
        if table == "discrepancy" and key not in ours:
            continue
        if "withdrawn" in {values.get("state"), values.get("verdict")}:
            continue
        links = [opened.get(str(values.get(name, ""))) for name in sorted(hidden)]
        shown = {name: value for name, value in values.items() if name not in hidden}
        picture.setdefault(table, []).append((sorted(shown.items()), links))
        assert values.get("closed_at_ms", 1) or table == "discrepancy", key
    return {table: sorted(found, key=repr) for table, found in picture.items()}


def _told(new_story: "type[Story]", order: Sequence[Event], judge_after: set[int]) -> "Story":
    story = new_story()
    story.stocked()
    for number, event in enumerate(order):
        story.keep([event])
        if number in judge_after:
            story.clock_ms = story.START_MS + (10_000 + 10 * number) * 1000
            story.quiet(10_000 + 10 * number)
    story.clock_ms = story.START_MS + 20_000_000
    story.quiet(20_000)
    story.quiet(30_000)
    return story


def test_day_in_order_is_what_happened(new_story: "type[Story]") -> None:
    story = _told(new_story, _day(new_story), set())
    assert story.rules() == [
        "weight_without_tag",
        "weight_without_opening",
        "weight_without_badge",
        "returned_heavier",
        "weight_without_badge",
    ]
    sessions = [v for (table, _), v in story.rows.items() if table == "custody"]
    assert [v["sentence"] for v in sessions] == [
        "ana-7 took GLY-0042 at 06:13, 1.84 kg used, returned to cab-2 06:17, authorised by bob-2",
        "bob-2 took ATR-0007 at 06:15, 0.50 kg used, returned 06:15",
        "nobody named took GLY-0042 at 06:20, returned 06:20",
    ]
    assert [v["state"] for v in sessions] == ["back"] * 3
    assert all(told.facts.get("corrects") is None for told in story.record)


@settings(max_examples=40, deadline=None)
@given(chosen=st.data())
def test_any_order_and_doubling_gives_the_same_picture(
    new_story: "type[Story]", chosen: st.DataObject
) -> None:
    day = _day(new_story)
    order = chosen.draw(st.permutations(day))
    again = chosen.draw(st.lists(st.sampled_from(day), max_size=6))
    judge_after = chosen.draw(st.sets(st.integers(0, len(day) + 6), max_size=5))
    told = _told(new_story, [*order, *again], judge_after)
    assert _picture(told) == _picture(_told(new_story, day, set()))


@settings(max_examples=30, deadline=None)
@given(chosen=st.data())
def test_boards_whose_lines_were_cut_give_the_same_picture(
    new_story: "type[Story]", chosen: st.DataObject
) -> None:
    """Each board tells in order, the boards in any interleaving; all is judged in between."""
    day = _day(new_story)
    boards = [str(event.facts["board"]) for event in day]
    waiting = {board: [e for e in day if e.facts["board"] == board] for board in set(boards)}
    order = [waiting[board].pop(0) for board in chosen.draw(st.permutations(boards))]
    judge_after = chosen.draw(st.sets(st.integers(0, len(day)), max_size=8))
    told = _told(new_story, order, judge_after)
    assert _picture(told) == _picture(_told(new_story, day, set()))
    again = fold.Custody(zone=told.custody.zone)
    known = {event.origin: event.facts for event in told.record}
    for event in told.record:
        for drawn in fold.step(again, event).events:
            assert known[drawn.origin] == drawn.facts
    assert fold.due(again, 2**52).events == []


@pytest.mark.parametrize("board", ["cab01", "scl01", "cab02"])
def test_board_that_tells_its_whole_day_last_corrects_what_was_said(
    new_story: "type[Story]", board: str
) -> None:
    day = _day(new_story)
    last = [event for event in day if event.facts["board"] == board]
    order = [event for event in day if event not in last] + last
    told = _told(new_story, order, {len(day) - len(last) - 1})
    assert _picture(told) == _picture(_told(new_story, day, set()))
    corrected = [facts for facts in told.facts("box_closed") if "corrects" in facts]
    ids = {event.event_id for event in told.record}
    assert {str(facts["corrects"]) for facts in corrected} <= ids
