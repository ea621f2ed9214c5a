"""Whatever the order of arrival, the final picture is the same."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fognode.alerts import policy
from fognode.custody import fold
from fognode.events import Event, Json
from tests.custody.visits import tell_in_order

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


UNPROMISED = "not_first_expiring"  # advice on what stood there, as was known when it was told


def _stock(story: "Story") -> list[object]:
    """Return what is where and how much of it, by package and by product."""
    names = {"stock": "package state place net_g u_g", "stock_total": "gtin net_g u_g packages low"}
    shown: list[object] = [
        (table, *(values[name] for name in names[table].split()))
        for (table, _), values in story.rows.items()
        if table in names
    ]
    return sorted(shown, key=repr)


def _books(story: "Story") -> dict[str, list[object]]:
    """Return the sums of all movements, the first uses, what is open or alerts, and points."""
    moved: Counter[str] = Counter()
    books: dict[str, list[object]] = {"stock": _stock(story)}
    for (table, _), values in story.rows.items():
        if table == "movement":
            moved[str(values["package"])] += int(str(values["delta_g"]))
        if table == "stock":
            books.setdefault("opened", []).append((values["package"], values["opened_on"]))
        if table == "points":
            told = (values["package"], values["step"], values["points"])
            books.setdefault("points", []).append(told)
        if table == "discrepancy" and (values["state"], values["rule"]) != ("open", UNPROMISED):
            about = tuple(values[name] for name in ("rule", "package", "state", "delta_g"))
            if values["state"] != "withdrawn":
                books.setdefault("open", []).append(about)
    books["moved"] = [*moved.items()]
    alerts, rules = policy.State(), policy.Rules(farm="farm")
    for event in story.record:
        policy.step(alerts, event, rules)
    alarms = [firing.alarm for firing in alerts.firing.values()]
    books["alerts"] = [(a.rule, a.severity, a.place) for a in alarms if a.rule != UNPROMISED]
    return {name: sorted(found, key=repr) for name, found in books.items()}


def _told(new_story: "type[Story]", order: Sequence[Event], judge_after: set[int]) -> "Story":
    story = tell_in_order(new_story, order, judge_after)
    for package in (story.GLY, story.ATR):
        token = str(story.package(package)["token_id"])
        record: dict[str, Json] = {"token_id": token, "kind": 1, "seq": 1}
        for chain in ("private", "public"):
            story.tell("ledger_final", 31_000, chain=chain, tx_hash=f"0x{chain}", **record)
    return story


@st.composite
def _days(draw: st.DrawFn, story: "type[Story]") -> list[Event]:
    """Draw a day: one to five openings, each of one package that leaves, is used or comes."""
    at = {story.GLY: ("cab-1", 5840), story.ATR: ("cab-1", 3000)}
    boards = {"cab-1": ("cab01", "scl01"), "cab-2": ("cab02", "cab02")}
    readings: list[Reading] = []
    for nth in range(draw(st.integers(1, 5))):
        package, at_s = draw(st.sampled_from([story.GLY, story.ATR])), 100 + 100 * nth
        (home, gross_g), tag = at[package], _tag(story, package)
        after_g = max(320, gross_g - draw(st.integers(0, 6)) * 400)
        place = home or draw(st.sampled_from(["cab-1", "cab-2"]))
        back = not home or draw(st.booleans())
        door, scale = boards[place]
        badge = draw(st.sampled_from(["", story.BADGE_ANA, story.BADGE_BOB]))
        readings += [(door, "tag_in", at_s - 1, {"tag": badge})] if badge else []
        readings.append((door, "light_open", at_s, {"light_counts": 859}))
        if home:
            readings.append((scale, "weight_take", at_s + 1, _weight(-gross_g)))
            readings.append((door, "tag_out", at_s + 3, tag))
        if back:
            readings.append((door, "tag_in", at_s + 6, tag))
            readings.append((scale, "weight_put", at_s + 7, _weight(after_g)))
        readings.append((door, "light_close", at_s + 9, {"light_counts": 20}))
        at[package] = (place, after_g) if back else ("", gross_g)
    counts: Counter[str] = Counter(board for board, *_ in readings)
    left = counts.copy()
    events = []
    for reading in readings:
        left[reading[0]] -= 1
        events.append(_event(story, reading, counts[reading[0]] - left[reading[0]]))
    return events


def _interleaved(chosen: st.DataObject, day: list[Event]) -> list[Event]:
    """Draw an order in which each board still tells in order."""
    boards = [str(event.facts["board"]) for event in day]
    waiting = {board: [e for e in day if e.facts["board"] == board] for board in set(boards)}
    return [waiting[board].pop(0) for board in chosen.draw(st.permutations(boards))]


@settings(max_examples=60, deadline=None)
@given(chosen=st.data())
def test_any_day_told_in_any_interleaving_gives_the_same_books(
    new_story: "type[Story]", chosen: st.DataObject
) -> None:
    """Sessions, stock, movements, first uses, discrepancies, alerts and points."""
    day = chosen.draw(_days(new_story))
    order = _interleaved(chosen, day)
    again = chosen.draw(st.lists(st.sampled_from(day), max_size=4))
    judge_after = chosen.draw(st.sets(st.integers(0, len(order) + 4), max_size=4))
    told, plain = _told(new_story, [*order, *again], judge_after), _told(new_story, day, set())
    assert _picture(told) == _picture(plain)
    assert _books(told) == _books(plain)


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
        "ana-7 took GLY-0042 at 06:13, 1.84 kg used, returned to cab-2 06:17, bob-2 present",
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
    told, plain = _told(new_story, [*order, *again], judge_after), _told(new_story, day, set())
    assert _picture(told) == _picture(plain)
    assert _stock(told) == _stock(plain)


@settings(max_examples=30, deadline=None)
@given(chosen=st.data())
def test_boards_whose_lines_were_cut_give_the_same_picture(
    new_story: "type[Story]", chosen: st.DataObject
) -> None:
    """Each board tells in order, the boards in any interleaving; all is judged in between."""
    day = _day(new_story)
    order = _interleaved(chosen, day)
    judge_after = chosen.draw(st.sets(st.integers(0, len(day)), max_size=8))
    told, plain = _told(new_story, order, judge_after), _told(new_story, day, set())
    assert _picture(told) == _picture(plain)
    assert _books(told) == _books(plain)
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
