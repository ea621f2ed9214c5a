from typing import TYPE_CHECKING

import pytest

from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story


def _emptied(story: "Story", empty_g: int = 320) -> None:
    story.visit(100, story.GLY, 5840, empty_g)


def _rinse(
    story: "Story", rinses: int = 3, punctured: int = 1, by: str = "", at_s: float = 200
) -> None:
    facts: dict[str, Json] = {"package": story.GLY, "rinses": rinses, "punctured": punctured}
    story.tell("rinse_declared", at_s, **facts, by=by or story.ANA)


def _leave(story: "Story", at_s: float = 300) -> None:
    story.tell("exit_declared", at_s, package=story.GLY, destination="centre", by=story.ANA)


def _receipt(story: "Story", at_s: float = 400) -> None:
    token = story.package()["token_id"]
    assert isinstance(token, str)
    facts: dict[str, Json] = {"chain": "private", "token_id": token, "kind": 201, "seq": 9}
    story.tell("ledger_seen", at_s, **facts, tx_hash="0x1")


@pytest.mark.parametrize(("gross_g", "state"), [(250, 3), (370, 3), (371, 2), (249, 2)])
def test_package_is_empty_within_the_scales_error_of_its_tare(
    stocked: "Story", gross_g: int, state: int
) -> None:
    _emptied(stocked, gross_g)
    assert stocked.package()["state"] == state
    assert len(stocked.facts("package_emptied")) == (state == 3)


def test_emptied_says_what_it_weighs_and_who_returned_it(stocked: "Story") -> None:
    _emptied(stocked)
    assert stocked.last("package_emptied") == {
        "package": "GLY-0042",
        "gross_g": 320,
        "tare_g": 310,
        "person": stocked.ANA,
        "token_id": stocked.package()["token_id"],
    }
    stocked.visit(150, stocked.GLY, 320, 315)
    assert len(stocked.facts("package_emptied")) == 1


def test_sealed_package_that_weighs_nothing_is_not_empty(story: "Story") -> None:
    story.farm()
    story.open(1)
    story.tag_in(2, story.GLY)
    story.weight(3, 320)
    story.close(4)
    story.quiet(9)
    assert story.package()["state"] == 1
    assert "weight_differs" in story.rules()


def test_rinse_is_refused_before_the_package_is_empty(stocked: "Story") -> None:
    _rinse(stocked, at_s=30)
    assert stocked.refusals() == ["SEALED"]
    stocked.visit(100, stocked.GLY, 5840, 4000)
    _rinse(stocked)
    assert stocked.refusals() == ["SEALED", "IN_USE"]
    assert stocked.facts("package_prepared") == []


@pytest.mark.parametrize(("rinses", "punctured"), [(2, 1), (3, 0), (0, 0)])
def test_half_a_rinse_of_a_rigid_package_is_refused(
    stocked: "Story", rinses: int, punctured: int
) -> None:
    _emptied(stocked)
    _rinse(stocked, rinses, punctured)
    assert stocked.refusals() == [f"rinses {rinses}, punctured {punctured}"]
    assert stocked.package()["state"] == 3


def test_rinse_by_nobody_known_is_refused(stocked: "Story") -> None:
    _emptied(stocked)
    _rinse(stocked, by="eve")
    assert stocked.refusals() == ["eve"]


def test_rinse_prepares_an_empty_package_once(stocked: "Story") -> None:
    _emptied(stocked)
    _rinse(stocked)
    _rinse(stocked)
    assert stocked.facts("package_prepared") == [
        {
            "package": "GLY-0042",
            "rinses": 3,
            "punctured": 1,
            "packaging": "rigid",
            "by": stocked.ANA,
            "token_id": stocked.package()["token_id"],
        }
    ]
    assert stocked.refusals() == ["PREPARED"]
    assert stocked.package()["state"] == 4


def test_flexible_package_is_not_asked_to_be_rinsed(story: "Story") -> None:
    story.farm()
    story.tell("product_set", 0, gtin="96385074", name="Bag", packaging="flexible")
    story.deliver("BAG-1", "B1", 1000, gtin="96385074", tag="04FFEEDD", tare_g=200)
    bag = story.custody.packages.packages["BAG-1"]
    bag.state = 3
    story.tell("rinse_declared", 1, package="BAG-1", rinses=0, punctured=0, by=story.ANA)
    assert story.last("package_prepared")["packaging"] == "flexible"


def test_only_an_empty_package_leaves(stocked: "Story") -> None:
    _leave(stocked, at_s=30)
    assert stocked.refusals() == ["SEALED"]
    _emptied(stocked)
    _leave(stocked)
    _leave(stocked)
    assert stocked.refusals() == ["SEALED", "RETURNED"]
    assert [facts["prepared"] for facts in stocked.facts("emptyPackageExit")] == [0]
    assert stocked.package()["state"] == 5


def test_unknown_package_is_refused(stocked: "Story") -> None:
    stocked.tell("exit_declared", 1, package="X", destination="centre", by=stocked.ANA)
    assert stocked.refusals() == ["X"]


def test_centres_receipt_ends_the_journey_and_frees_the_tag(stocked: "Story") -> None:
    _receipt(stocked, at_s=30)
    assert stocked.package()["state"] == 1  # somebody's word before it even left
    _emptied(stocked)
    _rinse(stocked)
    _leave(stocked)
    assert stocked.last("emptyPackageExit")["prepared"] == 1
    _receipt(stocked)
    assert stocked.package()["state"] == 6
    stocked.deliver("GLY-2", "SN2", 5000, tag=stocked.TAGS[stocked.GLY])
    assert stocked.last("newProductEntry")["package"] == "GLY-2"
