from fognode.custody.cases import BOX_SLOT, Case, Wanted, say
from fognode.custody.draws import draw, name_of
from fognode.events import Kind, Row, Stored

CAUSE = Stored(
    seq=7,
    event_id="ab" * 16,
    kind="light_open",
    origin="b/cab01/1/7",
    happened_at_ms=1000,
    recorded_at_ms=1001,
    facts={},
    body=b"",
)
FOUND = (str(Kind.DISCREPANCY_FOUND), "left_open/", "0")


def _case() -> Case:
    return Case(cause=CAUSE, opening="0f" * 16)


def _closed(delta_g: int) -> Wanted:
    return Wanted(slot=BOX_SLOT, facts={"opening": "0f" * 16, "delta_g": delta_g}, at_ms=2000)


def _left_open(text: str) -> Wanted:
    return Wanted(slot=FOUND, facts={"rule": "left_open", "text": text}, at_ms=2000)


def test_what_holds_is_said_once() -> None:
    case = _case()
    first = say(case, [_left_open("a"), _closed(-5)])
    assert [event.kind for event in first] == ["discrepancy_found", "box_closed"]
    assert all("corrects" not in event.facts for event in first)
    assert say(case, [_left_open("a"), _closed(-5)]) == []


def test_what_changed_is_said_again_and_names_what_it_corrects() -> None:
    case = _case()
    first = say(case, [_closed(-5)])[0]
    second = say(case, [_closed(-6)])[0]
    third = say(case, [_closed(-7)])[0]
    assert second.origin == f"r/box_closed/{'ab' * 16}/2"
    assert second.facts["corrects"] == name_of(first)
    assert third.facts["corrects"] == name_of(second)


def test_what_no_longer_holds_is_taken_back_and_the_closing_told_again() -> None:
    case = _case()
    found = say(case, [_left_open("a"), _closed(-5)])[0]
    back, closed = say(case, [_closed(-5)])
    assert (back.kind, back.facts["discrepancy"]) == ("discrepancy_closed", name_of(found))
    assert closed.facts["corrects"]
    again = say(case, [_left_open("b"), _closed(-5)])[0]
    assert again.facts["corrects"] == name_of(found)
    assert case.said[FOUND].name == name_of(found)


def test_name_of_a_slot_is_known_before_it_is_said() -> None:
    case, slot = _case(), (str(Kind.HANDLE_PRODUCT), "GLY-0042", "0")
    name = case.name_of(slot)
    assert name == case.name_of(slot) == name_of(draw(Kind.HANDLE_PRODUCT, CAUSE, {}))
    other = Wanted(slot=(slot[0], "ATR-0007", "0"), facts={}, at_ms=1500)
    events = say(case, [other, Wanted(slot=slot, facts={}, at_ms=1500), _closed(0)])
    assert name_of(events[1]) == name


def test_row_that_says_the_same_is_shown_once() -> None:
    case = _case()
    row = Row(table="opening", values={"opening": "0f", "verdict": "normal", "as_of_seq": 7})
    later = Row(table="opening", values={"opening": "0f", "verdict": "normal", "as_of_seq": 9})
    assert (case.show([row]), case.show([later])) == ([row], [])
