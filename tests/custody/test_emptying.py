"""Packages that no scale saw empty (facts of custody, section 9: marked as declared)."""

from typing import TYPE_CHECKING

import pytest

from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story


def _unweighed(story: "Story") -> "Story":
    """GLY-0042 in a cabinet without a scale, taken out and put back by its tag alone."""
    story.farm()
    story.open(1)
    story.tag_in(2, story.BADGE_ANA)
    story.tag_in(3, story.GLY)
    story.close(8)
    story.quiet(12.1)
    story.open(100)
    story.tag_in(101, story.BADGE_ANA)
    story.tag_out(104, story.GLY)
    story.tag_in(106, story.GLY)
    story.close(109)
    story.quiet(113.5)
    return story


def _declare(story: "Story", at_s: float = 150, /, **facts: Json) -> None:
    base: dict[str, Json] = {"package": story.GLY, "by": story.ANA}
    story.tell("empty_declared", at_s, **(base | facts))


def _correct(story: "Story", at_s: float, **said: Json) -> None:
    named = story.record_of("empty_declared").event_id
    story.tell("correction_declared", at_s, corrects=named, reason="slip", by=story.ANA, **said)


def test_package_that_was_never_weighed_is_empty_by_word_and_marked_so(story: "Story") -> None:
    _unweighed(story)
    assert story.package()["state"] == 2
    _declare(story, witness=story.BOB)
    assert story.package()["state"] == 3
    assert story.last("package_emptied") == {
        "package": "GLY-0042",
        "source": "declared",
        "tare_g": 310,
        "person": story.ANA,
        "witness": story.BOB,
        "token_id": story.package()["token_id"],
    }
    assert story.rows["stock", story.GLY]["net_g"] == 0
    assert story.rows["stock", story.GLY]["state"] == "empty"
    moved = story.last("stock_moved")
    assert (moved["movement"], moved["delta_g"]) == ("use", -5530)
    assert (moved["source"], moved["reason"]) == ("declared", "declared empty, not weighed")


def test_it_can_be_rinsed_and_leave(story: "Story") -> None:
    _declare(_unweighed(story))
    story.tell(
        "rinse_declared", 200, package=story.GLY, rinses=3, punctured=1, by=story.ANA,
        witness=story.BOB,
    )  # fmt: skip
    assert story.last("package_prepared")["route"] == "rinsed"
    story.tell("exit_declared", 300, package=story.GLY, destination="centre", by=story.ANA)
    assert story.package()["state"] == 5
    assert story.rows["stock", story.GLY]["state"] == "exited"
    assert "balance_at_end" not in story.rules()


def test_scale_that_says_there_is_content_is_not_overruled_by_a_word(stocked: "Story") -> None:
    stocked.visit(100, stocked.GLY, 5840, 4000)
    _declare(stocked)
    assert stocked.refusals() == ["4000 g"]
    assert stocked.package()["state"] == 2
    _declare(stocked, gross_g=371)
    assert stocked.refusals()[1:] == ["371 g"]
    _declare(stocked, gross_g=370)  # on another scale: tare 310 g + 60 g
    assert stocked.package()["state"] == 3
    assert stocked.last("package_emptied")["gross_g"] == 370


@pytest.mark.parametrize(
    ("facts", "value"),
    [
        ({"package": "none"}, "none"),
        ({"by": "p9"}, "p9"),
        ({"witness": "p9"}, "p9"),
        ({"witness": "7d0c4c1e-6f0a-4a53-9f55-0d3f8f2b7a10"}, None),
    ],
)
def test_known_people_declare_it_of_a_known_package(
    story: "Story", facts: dict[str, Json], value: str | None
) -> None:
    _declare(_unweighed(story), **facts)
    assert story.refusals() == [value or story.ANA]
    assert story.package()["state"] == 2


@pytest.mark.parametrize(("gross_g", "refused"), [(5, 1), (249, 1), (250, 0), (370, 0), (371, 1)])
def test_a_weight_of_another_scale_is_the_tare_within_60_g(
    story: "Story", gross_g: int, refused: int
) -> None:
    story.farm()
    about: dict[str, Json] = {"package": story.GLY, "gross_g": gross_g, "by": story.ANA}
    story.tell("empty_declared", 1, **about)
    assert story.refusals() == [f"{gross_g} g"] * refused


def test_it_is_declared_once(story: "Story") -> None:
    _declare(_unweighed(story))
    _declare(story, 160)
    assert story.refusals() == ["EMPTY"]


def test_later_weight_with_content_contradicts_the_word(story: "Story") -> None:
    _declare(_unweighed(story))
    story.visit(200, story.GLY, 2000, 2000)
    story.quiet(230)
    found = story.last("discrepancy_found")
    assert (found["rule"], found["delta_g"]) == ("weight_differs", 1690)
    assert found["text"] == "GLY-0042 was declared empty and weighs 2000 g"
    story.tell("rinse_declared", 240, package=story.GLY, rinses=3, punctured=1, by=story.ANA)
    assert story.refusals() == ["2000 g"]


def test_without_a_tare_no_weight_contradicts_the_word(stocked: "Story") -> None:
    stocked.visit(100, stocked.GLY, 5840, 4000)
    stocked.custody.packages.packages[stocked.GLY].tare_g = 0  # nobody knows it
    _declare(stocked)
    assert stocked.package()["state"] == 3
    stocked.visit(200, stocked.GLY, 4000, 4000)
    stocked.quiet(230)
    assert "weight_differs" not in stocked.rules()
    stocked.tell("rinse_declared", 240, package=stocked.GLY, rinses=3, punctured=1, by=stocked.ANA)
    assert stocked.package()["state"] == 4
    assert stocked.refusals() == []


def test_word_that_is_withdrawn_gives_back_stage_and_stock(story: "Story") -> None:
    _declare(_unweighed(story))
    _correct(story, 160, withdraw=1)
    assert story.package()["state"] == 2
    stock = story.rows["stock", story.GLY]
    assert (stock["net_g"], stock["state"]) == (5530, "stored")
    restated = story.last("package_restated")
    assert (restated["was"], restated["state"]) == (3, 2)
    _declare(story, 170)
    assert story.package()["state"] == 3


def test_word_that_is_corrected_names_the_other_package(story: "Story") -> None:
    _declare(_unweighed(story))
    _correct(story, 160, facts={"package": story.ATR, "by": story.ANA})
    assert story.package(story.GLY)["state"] == 2
    assert story.package(story.ATR)["state"] == 3  # nobody ever saw it opened


def test_what_followed_from_the_word_is_corrected_first(story: "Story") -> None:
    _declare(_unweighed(story))
    story.tell("rinse_declared", 200, package=story.GLY, rinses=3, punctured=1, by=story.ANA)
    _correct(story, 210, withdraw=1)
    assert story.refusals() == ["PREPARED"]


def _ledgers(story: "Story") -> None:
    """Let both ledgers hold the rinse."""
    token = str(story.package()["token_id"])
    for at_s, chain in ((400, "private"), (410, "public")):
        facts: dict[str, Json] = {"chain": chain, "token_id": token, "kind": 104, "seq": 5}
        story.tell("ledger_final", at_s, **facts, tx_hash="0x1")


def test_rinse_earns_its_points_only_where_a_scale_saw_it_empty(
    story: "Story", stocked_other: "Story"
) -> None:
    rinse: dict[str, Json] = {"package": story.GLY, "rinses": 3, "punctured": 1}
    rinse |= {"by": story.ANA, "witness": story.BOB}
    _declare(_unweighed(story))
    story.tell("rinse_declared", 200, **rinse)
    _ledgers(story)
    assert story.facts("points_earned") == []
    stocked_other.visit(100, story.GLY, 5840, 320)
    stocked_other.tell("rinse_declared", 200, **rinse)
    _ledgers(stocked_other)
    assert [facts["step"] for facts in stocked_other.facts("points_earned")] == ["prepared"]


@pytest.fixture
def stocked_other(new_story: type["Story"]) -> "Story":
    other = new_story()
    other.stocked()
    return other
