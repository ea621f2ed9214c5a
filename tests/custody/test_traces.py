from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from fognode import hashing
from fognode.custody import booking, packages, people, traces
from fognode.events import Stored

if TYPE_CHECKING:
    from tests.custody.conftest import Story


def _later(story: "Story", at_s: float) -> None:
    """Let the record go on until a time."""
    story.tell("board_heard", at_s, board="x", place="elsewhere")


def _found(story: "Story") -> list[str]:
    """Return the rules of what was found of tags, withdrawn ones left out."""
    over = {facts["discrepancy"] for facts in story.facts("discrepancy_closed")}
    rules = {"tag_two_places", "badge_two_places", "impossible_travel"}
    return [
        str(told.facts["rule"])
        for told in story.record
        if told.kind == "discrepancy_found"
        and told.event_id not in over
        and told.facts["rule"] in rules
    ]


def test_tag_that_stays_where_it_was_and_is_read_elsewhere_is_a_copy(stocked: "Story") -> None:
    stocked.tag_in(100, stocked.GLY, place="gate")
    _later(stocked, 159)
    assert _found(stocked) == []  # its going may still be told
    _later(stocked, 160)
    _later(stocked, 300)
    assert _found(stocked) == ["tag_two_places"]
    found = stocked.last("discrepancy_found")
    assert (found["place"], found["from"], found["package"]) == ("gate", "cab-1", stocked.GLY)
    tag = stocked.TAGS[stocked.GLY]
    assert found["text"] == f"GLY-0042: tag {tag} was read in gate while it was still in cab-1"


def test_copy_is_told_by_the_clock_when_nothing_else_happens(stocked: "Story") -> None:
    stocked.tag_in(100, stocked.GLY, place="gate")
    stocked.quiet(159)
    assert _found(stocked) == []
    stocked.quiet(160)
    assert _found(stocked) == ["tag_two_places"]
    _later(stocked, 300)
    assert _found(stocked) == ["tag_two_places"]  # and once only


def test_going_that_is_told_late_explains_it(stocked: "Story") -> None:
    stocked.tag_in(100, stocked.GLY, place="gate")
    _later(stocked, 170)
    assert _found(stocked) == ["tag_two_places"]
    stocked.tag_out(90, stocked.GLY)
    assert _found(stocked) == []
    closed = stocked.last("discrepancy_closed")
    assert (closed["rule"], closed["reason"]) == ("tag_two_places", "withdrawn")


def test_going_long_after_it_was_read_elsewhere_is_a_copy_at_once(stocked: "Story") -> None:
    stocked.tag_in(100, stocked.GLY, place="gate")
    stocked.tag_out(120, stocked.GLY)
    assert _found(stocked) == ["tag_two_places"]


def test_reader_that_notices_the_going_late_is_no_copy(stocked: "Story") -> None:
    stocked.tag_in(100, stocked.GLY, place="cab-2")
    stocked.tag_out(102.5, stocked.GLY)
    _later(stocked, 300)
    assert _found(stocked) == []


def test_faster_than_the_way_takes_is_impossible(stocked: "Story") -> None:
    stocked.custody.traces.travel_ms = {"gate": 60_000}
    stocked.tag_out(100, stocked.GLY)
    stocked.tag_in(159, stocked.GLY, place="gate")
    assert _found(stocked) == ["impossible_travel"]
    text = str(stocked.last("discrepancy_found")["text"])
    assert text.endswith("was read in gate 59 s after it left cab-1")
    stocked.tag_out(160, stocked.GLY, place="gate")
    stocked.tag_in(220, stocked.GLY)
    assert _found(stocked) == ["impossible_travel"]  # back in time


def test_order_in_which_readings_are_told_changes_nothing(stocked: "Story") -> None:
    stocked.custody.traces.travel_ms = {"gate": 60_000}
    stocked.tag_in(159, stocked.GLY, place="gate")
    stocked.tag_out(100, stocked.GLY)
    assert _found(stocked) == ["impossible_travel"]
    stocked.tag_out(95, stocked.GLY, place="barn")  # never told to have come there
    stocked.tag_in(130, stocked.GLY, place="barn")  # next door to the cabinet
    assert _found(stocked) == []  # from there, then, and when it went may still be told
    _later(stocked, 300)
    assert _found(stocked) == ["tag_two_places"]


def test_board_that_was_away_makes_nothing_a_copy(stocked: "Story") -> None:
    stocked.tell("board_silent", 90, board="cab01", place="cab-1")
    stocked.tag_in(100, stocked.GLY, place="gate")
    _later(stocked, 300)
    assert _found(stocked) == []


def test_board_that_starts_anew_tells_again_of_what_is_there(stocked: "Story") -> None:
    stocked.tell("board_hello", 80, board="cab01", place="cab-1", boot=1)
    stocked.tell("board_hello", 90, board="cab01", place="cab-1", boot=2)
    stocked.tag_in(91, stocked.ATR)
    stocked.tag_in(100, stocked.GLY, place="gate")
    stocked.tag_in(101, stocked.ATR, place="gate")
    _later(stocked, 300)
    assert _found(stocked) == ["tag_two_places"]
    assert stocked.last("discrepancy_found")["package"] == stocked.ATR


def test_badge_shown_in_two_places_at_once_is_a_copy(stocked: "Story") -> None:
    stocked.custody.traces.travel_ms = {"gate": 60_000}
    stocked.tag_in(100, stocked.BADGE_ANA)
    stocked.tag_in(109, stocked.BADGE_ANA, place="gate")
    assert _found(stocked) == ["badge_two_places"]
    found = stocked.last("discrepancy_found")
    assert found["person"] == stocked.ANA
    assert str(found["text"]).startswith("the badge of ana-7: tag B0A1C2D3 was read in gate")
    assert str(found["text"]).endswith("; tags with 4-byte UIDs are easily copied")


def test_person_who_goes_from_cabinet_to_cabinet_is_one_person(stocked: "Story") -> None:
    stocked.custody.traces.travel_ms = {"gate": 60_000}
    for place, at_s in (("cab-1", 100), ("cab-2", 103), ("gate", 113), ("cab-1", 200)):
        stocked.tag_in(at_s, stocked.BADGE_ANA, place=place)
    _later(stocked, 400)
    assert _found(stocked) == []


TAG, PLACES = "04A1B2C3D4E5F6", ("cab-1", "cab-2", "gate")
Reading = tuple[int, str, bool]  # second, place, came


def _read(readings: list[Reading]) -> set[traces.Finding]:
    """Tell of readings in an order, wait, and return what stands."""
    state = traces.State(travel_ms={"gate": 20_000})
    known = booking.Known(packages=packages.State(tags={TAG: "GLY-1"}), people=people.State())
    recorded_ms = 0
    for seq, (second, place, came) in enumerate([*readings, (10_000, "", True)], start=1):
        recorded_ms = max(recorded_ms, second * 1000)
        told = Stored(
            seq=seq,
            event_id=hashing.event_id(f"q/{seq}").hex(),
            kind="tag_in" if came else "tag_out",
            origin=f"q/{seq}",
            happened_at_ms=second * 1000,
            recorded_at_ms=recorded_ms,
            facts={"tag": TAG, "place": place},
            body=b"",
        )
        origins = [event.origin for event in traces.step(state, told, known).events]
        assert len(set(origins)) == len(origins)
    return set(state.traces[TAG].found) if TAG in state.traces else set()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.sampled_from(PLACES)),
        max_size=10,
        unique_by=lambda r: r[0],
    ),
    st.data(),
)
def test_whatever_order_the_boards_are_heard_in_the_same_is_found(
    seen: list[tuple[int, str]], chosen: st.DataObject
) -> None:
    told: dict[str, list[Reading]] = {place: [] for place in PLACES}
    for second, place in sorted(seen):
        told[place].append((second, place, len(told[place]) % 2 == 0))
    in_order = sorted(reading for readings in told.values() for reading in readings)
    lines = chosen.draw(st.permutations([place for _, place, _ in in_order]))
    mixed = [told[place].pop(0) for place in lines]
    assert _read(mixed) == _read(in_order)


def test_trace_of_a_tag_is_short_and_what_was_found_long_ago_stands(stocked: "Story") -> None:
    stocked.tag_in(100, stocked.GLY, place="gate")
    stocked.tag_out(120, stocked.GLY)
    stocked.tag_out(121, stocked.GLY, place="gate")
    for turn in range(2 * traces.KEPT_STAYS):
        place = ("barn", "shed")[turn % 2]
        stocked.tag_in(200 + 20 * turn, stocked.GLY, place=place)
        stocked.tag_out(210 + 20 * turn, stocked.GLY, place=place)
    trace = stocked.custody.traces.traces[stocked.TAGS[stocked.GLY]]
    assert len(trace.stays) == traces.KEPT_STAYS
    assert trace.found == {}
    assert _found(stocked) == ["tag_two_places"]


def test_reader_that_was_away_may_have_missed_what_left_any_of_its_antennas(
    stocked: "Story",
) -> None:
    tag = stocked.TAGS[stocked.GLY]
    stocked.tag_out(90, stocked.GLY)
    stocked.tell("tag_in", 100, board="rfid1", place="gate", sensor="A1", tag=tag)
    stocked.tell("board_silent", 200, board="rfid1", place="")
    stocked.tell("tag_in", 300, board="rfid2", place="barn", sensor="A1", tag=tag)
    _later(stocked, 400)
    assert _found(stocked) == []


def test_package_seen_by_antenna_after_antenna_moves_and_one_place_is_forbidden(
    stocked: "Story",
) -> None:
    """A23, A106: seen, lost, seen elsewhere is a movement; A140: the fence is the places."""
    stocked.custody.packages.barred = frozenset({"road"})
    tag = stocked.TAGS[stocked.GLY]
    stocked.tag_out(90, stocked.GLY)
    for at_s, sensor, place in ((100, "A1", "shed"), (200, "A2", "gate"), (300, "A3", "road")):
        stocked.tell("tag_in", at_s, board="rfid1", place=place, sensor=sensor, tag=tag)
        stocked.tell("tag_out", at_s + 50, board="rfid1", place=place, sensor=sensor, tag=tag)
    moved = stocked.facts("package_moved")[-3:]
    assert [(one["from"], one["to"], one["permitted"]) for one in moved] == [
        ("cab-1", "shed", 1),
        ("shed", "gate", 1),
        ("gate", "road", 0),
    ]
    assert _found(stocked) == []
