from typing import TYPE_CHECKING

import pytest

from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story


def _emptied(story: "Story", empty_g: int = 320) -> None:
    story.visit(100, story.GLY, 5840, empty_g)


def _rinse(
    story: "Story",
    rinses: int = 3,
    punctured: int = 1,
    by: str = "",
    at_s: float = 200,
    evidence: dict[str, Json] | None = None,
) -> None:
    facts: dict[str, Json] = {"package": story.GLY, "rinses": rinses, "punctured": punctured}
    facts |= {"by": by or story.ANA, **(evidence or {})}
    story.tell("rinse_declared", at_s, **facts)


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
            "route": "rinsed",
            "rinses": 3,
            "punctured": 1,
            "packaging": "rigid",
            "by": stocked.ANA,
            "token_id": stocked.package()["token_id"],
        }
    ]
    assert stocked.refusals() == ["PREPARED"]
    assert stocked.package()["state"] == 4


PHOTO = "6e" * 32


def _photo(story: "Story", at_s: float = 190, **facts: Json) -> None:
    base: dict[str, Json] = {"photo": PHOTO, "mark": "m1", "about": story.GLY}
    story.tell("photo_kept", at_s, **(base | {"purpose": "rinse", "by": story.ANA} | facts))


def test_a_photo_or_a_second_person_shows_a_rinse(new_story: "type[Story]") -> None:
    cases: tuple[tuple[dict[str, Json], str], ...] = (
        ({"photo": PHOTO}, "photo"),
        ({"witness": new_story.BOB}, "witness"),
        ({"photo": PHOTO, "witness": new_story.BOB}, "photo and witness"),
        ({}, ""),
    )
    for evidence, shown in cases:
        story = new_story()
        story.stocked()
        _emptied(story)
        _photo(story)
        _rinse(story, evidence=evidence)
        assert story.rows["way_back", story.GLY]["shown"] == shown
        assert story.last("package_prepared").get("shown", "") == shown
        assert story.package()["state"] == 4  # without evidence too: it is only worth no points


@pytest.mark.parametrize(
    ("evidence", "value"),
    [
        ({"witness": "7d0c4c1e-6f0a-4a53-9f55-0d3f8f2b7a10"}, "7d0c4c1e-"),  # Ana herself
        ({"witness": "eve"}, "eve"),
        ({"photo": "77" * 32}, "77" * 32),  # never kept
        ({"photo": PHOTO}, "ATR-0007"),  # of another package
    ],
)
def test_evidence_that_does_not_hold_is_refused(
    stocked: "Story", evidence: dict[str, Json], value: str
) -> None:
    _emptied(stocked)
    _photo(stocked, about=stocked.ATR)
    _rinse(stocked, evidence=evidence)
    assert str(stocked.refusals()[0]).startswith(value)
    assert stocked.package()["state"] == 3


def test_a_photo_kept_afterwards_or_for_something_else_shows_no_rinse(stocked: "Story") -> None:
    _emptied(stocked)
    _rinse(stocked, evidence={"photo": PHOTO})
    _photo(stocked, purpose="damage")
    _rinse(stocked, evidence={"photo": PHOTO})
    assert stocked.refusals() == [PHOTO, "damage"]


def test_one_picture_shows_one_step_whatever_it_is_kept_as(stocked: "Story") -> None:
    _emptied(stocked)
    stocked.visit(120, stocked.ATR, 3000, 315)
    _photo(stocked)
    _photo(stocked, photo="77" * 32, about=stocked.ATR)  # the same bytes, sealed again
    _rinse(stocked, evidence={"photo": PHOTO})
    facts: dict[str, Json] = {"package": stocked.ATR, "rinses": 3, "punctured": 1}
    stocked.tell("rinse_declared", 210, **facts, photo="77" * 32, by=stocked.ANA)
    assert stocked.refusals() == ["77" * 32]


def test_a_rinse_before_the_last_use_is_refused(stocked: "Story") -> None:
    _emptied(stocked)
    stocked.visit(150, stocked.GLY, 320, 900)  # something was filled in again
    _rinse(stocked)
    assert stocked.refusals() == ["900 g"]


def _bag(story: "Story") -> None:
    story.farm()
    story.tell("product_set", 0, gtin="96385074", name="Bag", packaging="flexible")
    story.deliver("BAG-1", "B1", 1000, gtin="96385074", tag="04FFEEDD", tare_g=200)
    bag = story.custody.packages.packages["BAG-1"]
    bag.state, bag.gross_g = 3, 210


def test_a_bag_is_sealed_and_kept_apart_and_not_rinsed(story: "Story") -> None:
    _bag(story)
    facts: dict[str, Json] = {"package": "BAG-1", "by": story.ANA}
    story.tell("rinse_declared", 1, **facts, rinses=3, punctured=1)
    story.tell("seal_declared", 2, **facts, bag="B-7", segregated=0)
    assert story.refusals() == ["flexible", "bag B-7, segregated 0"]
    story.tell("seal_declared", 3, **facts, bag="B-7", segregated=1, witness=story.BOB)
    prepared = story.last("package_prepared")
    assert (prepared["route"], prepared["bag"]) == ("bagged", "B-7")
    assert story.rows["way_back", "BAG-1"]["route"] == "bagged"


def test_a_rigid_one_cannot_be_bagged_and_what_does_not_go_back_is_neither(
    stocked: "Story",
) -> None:
    _emptied(stocked)
    facts: dict[str, Json] = {"package": stocked.GLY, "by": stocked.ANA}
    stocked.tell("seal_declared", 200, **facts, bag="B-7", segregated=1)
    assert stocked.refusals() == ["rigid"]
    stocked.custody.packages.packages[stocked.GLY].packaging = "not_returnable"
    _rinse(stocked)
    assert "disposal_declared" in str(stocked.last("rejected")["reason"])


def test_what_does_not_go_back_is_not_offered_to_the_centre(stocked: "Story") -> None:
    _emptied(stocked)
    stocked.custody.packages.packages[stocked.GLY].packaging = "not_returnable"
    _leave(stocked)
    batch: dict[str, Json] = {"batch": "B-1", "destination": "centre", "by": stocked.ANA}
    stocked.tell("batch_declared", 310, **batch, packages=[stocked.GLY])
    assert stocked.refusals() == ["not_returnable", f"{stocked.GLY} not_returnable"]
    assert "disposal_declared" in str(stocked.last("rejected")["reason"])
    assert stocked.facts("emptyPackageExit") == []


def test_an_erased_person_neither_declares_nor_witnesses(stocked: "Story") -> None:
    _emptied(stocked)
    stocked.tell("person_erased", 150, person=stocked.BOB, reason="left", by=stocked.ANA)
    rinse: dict[str, Json] = {"package": stocked.GLY, "rinses": 3, "punctured": 1}
    stocked.tell("rinse_declared", 200, **rinse, witness=stocked.ANA, by=stocked.BOB)
    stocked.tell("rinse_declared", 210, **rinse, witness=stocked.BOB, by=stocked.ANA)
    assert stocked.refusals() == [stocked.BOB, stocked.BOB]
    assert stocked.package()["state"] == 3


def test_only_an_empty_package_leaves(stocked: "Story") -> None:
    _leave(stocked, at_s=30)
    assert stocked.refusals() == ["SEALED"]
    _emptied(stocked)
    _leave(stocked)
    _leave(stocked)
    assert stocked.refusals() == ["SEALED", "RETURNED"]
    assert [facts["prepared"] for facts in stocked.facts("emptyPackageExit")] == [0]
    assert stocked.package()["state"] == 5


def test_empty_that_left_and_is_put_in_again_is_found(stocked: "Story") -> None:
    _emptied(stocked)
    _leave(stocked)
    for at_s, put in ((700, False), (800, True)):
        stocked.open(at_s)
        stocked.tag_in(at_s + 1, stocked.BADGE_ANA)
        stocked.weight(at_s + 2, 320 if put else -320)
        (stocked.tag_in if put else stocked.tag_out)(at_s + 3, stocked.GLY)
        stocked.close(at_s + 6)
        stocked.quiet(at_s + 20)
        assert ("gone_package_back" in stocked.rules()) == put


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
