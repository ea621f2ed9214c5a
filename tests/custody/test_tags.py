from typing import TYPE_CHECKING

import pytest

from fognode.custody.balances import Balance, Change, Weight
from fognode.custody.tags import left_behind, pinned
from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story

NEW = "04FFEEDDCCBBAA"


def _bindings(story: "Story", package: str) -> list[tuple[object, ...]]:
    rows = [row for (table, _), row in story.rows.items() if table == "tag_binding"]
    return [
        (row["tag"], row["reason"], row["unbound_reason"], bool(row["to_at_ms"]))
        for row in rows
        if row["package"] == package
    ]


def _ask(story: "Story", kind: str, at_s: float, tag: str, /, **facts: Json) -> None:
    base: dict[str, Json] = {"package": story.GLY, "reason": "torn", "by": story.BOB}
    story.tell(kind, at_s, tag=tag, **(base | facts))


def test_delivery_binds_its_tag(story: "Story") -> None:
    story.farm()
    assert _bindings(story, story.GLY) == [(story.TAGS[story.GLY], "delivered", "", False)]


def test_new_tag_is_an_unbinding_and_a_binding(stocked: "Story") -> None:
    old = stocked.TAGS[stocked.GLY]
    _ask(stocked, "tag_unbound", 100, old)
    assert stocked.package()["tag"] == ""
    _ask(stocked, "tag_bound", 101, NEW.lower(), reason="new tag")
    assert _bindings(stocked, stocked.GLY) == [
        (old, "delivered", "torn", True),
        (NEW, "new tag", "", False),
    ]
    assert stocked.package()["tag"] == NEW
    assert stocked.custody.packages.tags[NEW] == stocked.GLY
    assert old not in stocked.custody.packages.tags
    stocked.tag_in(110, NEW, place="gate")  # the package is where its new tag is
    assert stocked.package()["site"] == "gate"


@pytest.mark.parametrize(
    ("wrong", "value"),
    [
        ({"package": "GLY-9"}, "GLY-9"),
        ({"tag": "04FF"}, "04FF"),
        ({"tag": "04A1B2C3D4E5F7"}, "04A1B2C3D4E5F7"),  # on ATR-0007
        ({"tag": "B0A1C2D3"}, "B0A1C2D3"),  # Ana's badge
        ({"by": "p9"}, "p9"),
    ],
)
def test_wrong_binding_is_refused(stocked: "Story", wrong: dict[str, Json], value: str) -> None:
    """A74."""
    _ask(stocked, "tag_unbound", 100, stocked.TAGS[stocked.GLY])
    facts = {"package": stocked.GLY, "tag": NEW, "reason": "new tag", "by": stocked.BOB} | wrong
    stocked.tell("tag_bound", 101, **facts)
    assert stocked.refusals() == [value]
    assert stocked.package()["tag"] == ""


def test_package_has_one_tag_and_only_that_can_be_taken_off(stocked: "Story") -> None:
    _ask(stocked, "tag_bound", 100, NEW)
    _ask(stocked, "tag_unbound", 101, NEW)
    _ask(stocked, "tag_unbound", 102, stocked.TAGS[stocked.GLY], by="p9")
    assert stocked.refusals() == [stocked.TAGS[stocked.GLY], NEW, "p9"]
    assert stocked.package()["tag"] == stocked.TAGS[stocked.GLY]


def test_serial_that_another_package_has_is_refused_and_told_of(story: "Story") -> None:
    story.farm()
    story.deliver("GLY-1", "SN0042", 5000, tag=NEW)
    assert story.refusals() == ["SN0042"]
    found = story.last("discrepancy_found")
    assert (found["rule"], found["package"], found["place"]) == (
        "doubled_serial",
        "GLY-0042",
        "cab-1",
    )
    assert found["text"] == "GLY-1: GTIN 7891234567895 with serial SN0042 is GLY-0042 already"


# --- places where no package may be (requirement A119) ----------------------------------------

BOSS = "9a0b1c2d-0000-4000-8000-00000000b055"


def _order(story: "Story", **facts: Json) -> None:
    story.tell("person_set", 50, person=BOSS, alias="boss-1", may_authorise=1)
    times = {"from": "2026-03-02T06:00", "until": "2026-03-02T08:00"}
    story.tell("order_given", 51, order="o1", person=story.ANA, by=BOSS, **times, **facts)


@pytest.mark.parametrize(
    ("scope", "permitted"),
    [
        ({"package": "GLY-0042"}, 1),
        ({"cabinet": "road"}, 1),
        ({"package": "ATR-0007"}, 0),
        ({"package": "GLY-0042", "cabinet": "cab-2"}, 0),
    ],
)
def test_order_permits_a_package_where_none_may_be(
    stocked: "Story", scope: dict[str, Json], permitted: int
) -> None:
    stocked.custody.packages.barred = frozenset({"road"})
    _order(stocked, **scope)
    stocked.tag_in(100, stocked.GLY, place="road")
    moved = stocked.last("package_moved")
    assert moved["permitted"] == permitted
    assert moved.get("order", "") == ("o1" if permitted else "")


def test_order_of_another_person_than_who_has_it_out_permits_nothing(stocked: "Story") -> None:
    stocked.custody.packages.barred = frozenset({"road"})
    _order(stocked, package=stocked.GLY)
    stocked.tag_in(98, stocked.BADGE_BOB)
    stocked.open(100)
    stocked.weight(101, -5840)
    stocked.tag_out(103, stocked.GLY)
    stocked.close(104)
    stocked.quiet(110)
    stocked.tag_in(120, stocked.GLY, place="road")
    assert stocked.last("package_moved")["permitted"] == 0


# --- a tag that is not on its package -----------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "changes", "net_g", "pin"),
    [
        ("tag_without_weight", [("GLY", True)], 0, ("package_without_tag", "GLY")),
        ("tag_without_weight", [("GLY", False)], 0, ("tag_without_package", "GLY")),
        ("tag_without_weight", [("GLY", True), ("ATR", True)], 0, ("tag_without_weight", "")),
        ("weight_without_tag", [], -5_800, ("tag_without_package", "GLY")),
        ("weight_without_tag", [], -1_500, ("weight_without_tag", "")),  # decanting
        ("weight_without_tag", [], 5_840, ("weight_without_tag", "")),
        ("weight_without_tag", [], -3_030, ("weight_without_tag", "")),  # one of two
        ("weights_unclear", [("GLY", True)], 0, ("weights_unclear", "")),
    ],
)
def test_rule_names_the_package_where_only_one_can_be(
    rule: str, changes: list[tuple[str, bool]], net_g: int, pin: tuple[str, str]
) -> None:
    steps = [Change(at_ms=1, package=name, out=out) for name, out in changes]
    inside = {"GLY": 5_840, "ATR": 3_000, "MIX": 3_050}
    assert pinned(Balance(rule=rule), steps, net_g, inside) == pin


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ([(0, -5840), (4000, 5850)], "GLY-0042"),
        ([(0, -5840), (3900, 5840)], ""),  # the reader may not have noticed yet
        ([(0, -1000), (9000, 1000)], ""),  # no package weighs that
        ([(0, 5840), (9000, -5840)], ""),  # laid down and taken away again
        ([], ""),
    ],
)
def test_weight_that_was_away_without_its_tag_was_made_up_for(
    steps: list[tuple[int, int]], found: str
) -> None:
    weights = [Weight(at_ms=at_ms, weight_g=weight_g) for at_ms, weight_g in steps]
    assert left_behind(weights, {"GLY-0042": 5840, "ATR-0007": 3000}) == found


def test_weight_of_two_alike_names_neither() -> None:
    weights = [Weight(at_ms=0, weight_g=-3000), Weight(at_ms=9000, weight_g=3000)]
    assert left_behind(weights, {"ATR-0007": 3000, "ATR-0008": 3020}) == ""


def _correct(story: "Story", kind: str, at_s: float, **said: Json) -> None:
    about: dict[str, Json] = {"corrects": story.record_of(kind).event_id}
    about |= {"reason": "wrong package", "by": story.BOB}
    story.tell("correction_declared", at_s, **about, **said)


def test_tag_bound_to_the_wrong_package_goes_to_the_right_one(stocked: "Story") -> None:
    for package in (stocked.GLY, stocked.ATR):
        _ask(stocked, "tag_unbound", 100, stocked.TAGS[package], package=package)
    _ask(stocked, "tag_bound", 110, NEW)
    facts: dict[str, Json] = {
        "package": stocked.ATR,
        "tag": NEW,
        "reason": "new",
        "by": stocked.BOB,
    }
    _correct(stocked, "tag_bound", 120, facts=facts)
    assert (stocked.package(stocked.GLY)["tag"], stocked.package(stocked.ATR)["tag"]) == ("", NEW)
    assert stocked.custody.packages.tags == {NEW: stocked.ATR}
    assert stocked.refusals() == []
    _correct(stocked, "correction_declared", 130, withdraw=1)  # in turn: on neither of them
    assert stocked.custody.packages.tags == {}
    _correct(stocked, "correction_declared", 140, withdraw=1)  # and again as it was
    assert stocked.custody.packages.tags == {NEW: stocked.ATR}


def test_tag_that_was_never_taken_off_is_on_its_package_again(stocked: "Story") -> None:
    tag = stocked.TAGS[stocked.GLY]
    _ask(stocked, "tag_unbound", 100, tag)
    _correct(stocked, "tag_unbound", 110, withdraw=1)
    assert stocked.package()["tag"] == tag
    assert _bindings(stocked, stocked.GLY) == [
        (tag, "delivered", "torn", True),
        (tag, "wrong package", "", False),
    ]


def test_wrong_correction_of_a_binding_leaves_it_as_it_is(stocked: "Story") -> None:
    _ask(stocked, "tag_unbound", 100, stocked.TAGS[stocked.GLY])
    _ask(stocked, "tag_bound", 110, NEW)
    facts: dict[str, Json] = {"package": "none", "tag": NEW, "reason": "new", "by": stocked.BOB}
    _correct(stocked, "tag_bound", 120, facts=facts)
    assert stocked.refusals() == ["none"]
    assert stocked.package()["tag"] == NEW
    assert stocked.custody.packages.tags[NEW] == stocked.GLY


def test_only_the_newest_thing_done_with_a_tag_can_be_taken_back(stocked: "Story") -> None:
    old = stocked.TAGS[stocked.GLY]
    _ask(stocked, "tag_unbound", 100, old)
    _ask(stocked, "tag_bound", 110, NEW)
    _correct(stocked, "tag_unbound", 120, withdraw=1)
    assert stocked.refusals() == [NEW]  # the package has it now
    assert stocked.package()["tag"] == NEW
