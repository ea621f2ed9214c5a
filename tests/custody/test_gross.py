"""One package's weight against the one on record; of a label: test_contents.py."""

from typing import TYPE_CHECKING

import pytest

from fognode.events import Json
from tests.custody.visits import carry_out, put_in

if TYPE_CHECKING:
    from tests.custody.conftest import Story


@pytest.mark.parametrize(
    ("days", "taken_g", "differs"),
    [
        (0, 5780, False),  # 60 g are noise
        (0, 5779, True),
        (1, 5665, False),  # and 2 % of 5,840 g is what a scale may drift in a day
        (1, 5663, True),
        (9, 5663, True),  # no more in nine
    ],
)
def test_weight_is_compared_as_far_as_a_scale_may_drift(
    stocked: "Story", days: int, taken_g: int, differs: bool
) -> None:
    at_s = 100 + days * 86_400
    stocked.open(at_s)
    stocked.tag_in(at_s + 1, stocked.BADGE_ANA)
    stocked.weight(at_s + 2, -taken_g)
    stocked.tag_out(at_s + 4, stocked.GLY)
    stocked.close(at_s + 6)
    stocked.quiet(at_s + 20)
    assert ("weight_differs" in stocked.rules()) == differs


def test_package_declared_empty_that_weighs_more_is_not(stocked: "Story") -> None:
    stocked.tell("empty_declared", 50, package=stocked.GLY, gross_g=320, by=stocked.ANA)
    stocked.visit(100, stocked.GLY, 5840, 5840)
    assert "GLY-0042 was declared empty and weighs 5840 g" in [
        facts["text"] for facts in stocked.facts("discrepancy_found")
    ]


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("spill_declared", {"lost_g": 500, "text": "the cap was open"}),
        ("use_declared", {"used_g": 500}),
        ("stock_counted", {"gross_g": 5340, "reason": "other scale"}),
    ],
)
def test_what_is_declared_or_counted_of_a_package_is_expected_of_the_scale(
    stocked: "Story", kind: str, facts: dict[str, Json]
) -> None:
    stocked.tell(kind, 50, package=stocked.GLY, by=stocked.ANA, **facts)
    carry_out(stocked, 100, 5340)
    assert stocked.rules() == []
    assert stocked.rows["stock", stocked.GLY]["net_g"] == 5030


def test_spill_explains_no_more_than_itself_and_only_until_the_next_weight(
    stocked: "Story",
) -> None:
    about: dict[str, Json] = {"package": stocked.GLY, "by": stocked.ANA}
    stocked.tell("spill_declared", 50, **about, lost_g=500, text="the cap was open")
    carry_out(stocked, 100, 5000)
    [found] = stocked.facts("discrepancy_found")
    assert found["text"] == "GLY-0042 weighs 5000 g, 5340 g is on record"
    put_in(stocked, 200, 5000)
    carry_out(stocked, 300, 5000)
    assert stocked.rules() == ["weight_differs"]


@pytest.mark.parametrize(("now", "weight_g"), [({"withdraw": 1}, 5840), ({"lost_g": 300}, 5540)])
def test_spill_that_is_corrected_is_expected_as_it_reads_now(
    stocked: "Story", now: dict[str, Json], weight_g: int
) -> None:
    about: dict[str, Json] = {"package": stocked.GLY, "by": stocked.ANA, "text": "the cap was open"}
    stocked.tell("spill_declared", 50, **about, lost_g=500)
    told = stocked.record_of("spill_declared").event_id
    says: dict[str, Json] = now if "withdraw" in now else {"facts": {**about, **now}}
    corrected: dict[str, Json] = {"corrects": told, "reason": "typed wrongly", "by": stocked.BOB}
    stocked.tell("correction_declared", 60, **corrected, **says)
    carry_out(stocked, 100, weight_g)
    assert stocked.rules() == []


def test_spill_corrected_after_a_weighing_was_part_of_that(stocked: "Story") -> None:
    about: dict[str, Json] = {"package": stocked.GLY, "by": stocked.ANA, "text": "the cap was open"}
    stocked.tell("spill_declared", 50, **about, lost_g=500)
    told = stocked.record_of("spill_declared").event_id
    carry_out(stocked, 100, 5340)
    put_in(stocked, 200, 5340)
    says: dict[str, Json] = {"facts": {**about, "lost_g": 480}, "reason": "r", "by": stocked.BOB}
    stocked.tell("correction_declared", 250, corrects=told, **says)
    carry_out(stocked, 300, 5340)
    assert stocked.rules() == []


def test_use_declared_while_out_is_expected_where_nothing_weighed_it_back(
    stocked: "Story",
) -> None:
    carry_out(stocked, 100, 5840)
    stocked.tell("use_declared", 150, package=stocked.GLY, used_g=1000, by=stocked.ANA)
    put_in(stocked, 200)
    found = stocked.rules()
    carry_out(stocked, 300, 4840)
    assert stocked.rules() == found


def test_spill_is_not_expected_of_a_weight_before_it(stocked: "Story") -> None:
    about: dict[str, Json] = {"package": stocked.GLY, "by": stocked.ANA}
    stocked.open(100)
    stocked.tag_in(101, stocked.BADGE_ANA)
    stocked.weight(102, -5840)
    stocked.tag_out(104, stocked.GLY)
    stocked.tell("spill_declared", 105, **about, lost_g=500, text="fell over")
    stocked.close(106)
    stocked.quiet(120)
    assert stocked.rules() == []


def test_package_declared_empty_is_expected_to_weigh_its_tare(stocked: "Story") -> None:
    stocked.tell("empty_declared", 50, package=stocked.GLY, gross_g=310, by=stocked.ANA)
    carry_out(stocked, 100, 310)
    assert stocked.rules() == []
