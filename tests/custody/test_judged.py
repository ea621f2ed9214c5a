from typing import TYPE_CHECKING

from fognode.custody import handling, journal
from fognode.custody.fold import Custody, _desk
from fognode.custody.judged import Judged, nobody
from fognode.events import Kind

if TYPE_CHECKING:
    from tests.custody.conftest import Story


def _judged(custody: Custody) -> Judged:
    opening = custody.sessions.cabinets["cab-1"].opening
    assert opening is not None
    desk = _desk(custody)
    case = journal.State().case(opening)
    return Judged(books=desk.books, opening=opening, case=case, person="")


def test_each_thing_said_of_a_package_has_a_place_of_its_own(stocked: "Story") -> None:
    stocked.open(100)
    judged = _judged(stocked.custody)
    judged.say(Kind.HANDLE_PRODUCT, "GLY", {})
    judged.say(Kind.HANDLE_PRODUCT, "GLY", {}, at_ms=7)
    judged.say(Kind.HANDLE_PRODUCT, "ATR", {})
    slots = [want.slot for want in judged.wanted]
    assert slots == [
        ("handleProduct", "GLY", "0"),
        ("handleProduct", "GLY", "1"),
        ("handleProduct", "ATR", "0"),
    ]
    closed_ms = judged.opening.closed_at_ms
    assert [want.at_ms for want in judged.wanted] == [closed_ms, 7, closed_ms]


def test_finding_names_the_opening_and_that_nobody_was_there(stocked: "Story") -> None:
    stocked.open(100)
    judged = _judged(stocked.custody)
    judged.find("left_open", "x" * 400, delta_g=-5)
    (want,) = judged.wanted
    assert judged.rules == ["left_open"]
    assert want.facts == {
        "opening": judged.case.opening,
        "rule": "left_open",
        "place": "cab-1",
        "person": judged.who,
        "text": "x" * 300,
        "delta_g": -5,
    }
    assert judged.who != ""
    assert nobody("cab-1", "p", "GLY", 0) == ""
    assert handling.changed(judged.opening) == []
