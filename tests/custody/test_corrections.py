"""Corrections of deliveries, products and photos; of the way back: test_restated.py."""

from typing import TYPE_CHECKING

import pytest

from fognode.custody import fold
from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story

PHOTO = "6e" * 32


def correct(story: "Story", event_id: str, /, **facts: Json) -> None:
    about: dict[str, Json] = {"corrects": event_id, "reason": "told wrongly"}
    story.tell("correction_declared", 600, **(about | {"by": story.BOB} | facts))


def delivery(story: "Story") -> tuple[str, dict[str, Json]]:
    told = next(one for one in story.record if one.kind == "delivery_declared")
    return told.event_id, dict(told.facts)


def test_a_corrected_delivery_changes_the_package_its_entry_and_the_stock(story: "Story") -> None:
    story.farm()
    event_id, facts = delivery(story)
    correct(story, event_id, facts={**facts, "lot": "L9", "gross_g": 6000, "tare_g": 300})
    row = story.package()
    assert (row["lot"], row["gross_g"], row["tare_g"]) == ("L9", 6000, 300)
    entry = story.last("newProductEntry")
    assert (entry["lot"], entry["corrects"]) == ("L9", event_id)
    assert story.rows["stock", story.GLY]["net_g"] == 5700
    assert [f["package"] for f in story.facts("newProductEntry")].count(story.GLY) == 2
    assert story.last("package_restated")["state"] == 1


def test_a_weight_measured_since_is_not_overwritten(stocked: "Story") -> None:
    stocked.visit(100, stocked.GLY, 5840, 4000)
    event_id, facts = delivery(stocked)
    correct(stocked, event_id, facts={**facts, "gross_g": 6000})
    assert stocked.package()["gross_g"] == 4000


@pytest.mark.parametrize(
    ("name", "value"), [("serial", "SN9"), ("gtin", "96385074"), ("package", "X"), ("tag", "04AA")]
)
def test_what_the_token_stands_for_cannot_be_corrected(
    story: "Story", name: str, value: str
) -> None:
    story.farm()
    event_id, facts = delivery(story)
    correct(story, event_id, facts={**facts, name: value})
    assert story.refusals() == [value]
    assert story.package()["state"] == 1


def test_a_withdrawn_delivery_takes_its_stock_and_its_tag_with_it(story: "Story") -> None:
    story.farm()
    before_g = int(
        str(story.rows["stock_total", str(story.rows["stock", story.GLY]["gtin"])]["net_g"])
    )
    event_id, _ = delivery(story)
    correct(story, event_id, withdraw=1)
    assert story.package()["state"] == 0
    assert story.rows["stock", story.GLY]["net_g"] == 0
    total = story.rows["stock_total", str(story.rows["stock", story.GLY]["gtin"])]
    assert int(str(total["net_g"])) == before_g - 5530
    assert total["packages"] == 1
    story.deliver("GLY-2", "SN2", 5000, tag=story.TAGS[story.GLY])
    assert story.last("newProductEntry")["package"] == "GLY-2"
    correct(story, event_id, withdraw=1)
    assert len(story.refusals()) == 1


def test_a_used_package_cannot_have_never_come(stocked: "Story") -> None:
    stocked.visit(100, stocked.GLY, 5840, 4000)
    correct(stocked, delivery(stocked)[0], withdraw=1)
    assert stocked.refusals() == ["IN_USE"]
    assert stocked.package()["state"] == 2


def test_a_refused_delivery_becomes_one_by_its_correction(story: "Story") -> None:
    story.farm()
    story.deliver("GLY-3", "SN3", 5000, gtin="7891234567890", tag="04AABBCC")
    assert story.refusals() == ["7891234567890"]
    told = story.record_of("delivery_declared")
    correct(story, told.event_id, facts={**told.facts, "gtin": story.GTIN})
    assert story.package("GLY-3")["state"] == 1


def test_a_corrected_product_is_simply_the_product(story: "Story") -> None:
    story.farm()
    told = story.record_of("product_set")
    correct(story, told.event_id, facts={**told.facts, "name": "Glyphosate 360"})
    names = [values["name"] for (table, _), values in story.rows.items() if table == "product"]
    assert names == ["Glyphosate 360"]
    correct(story, story.record_of("correction_declared").event_id, withdraw=1)
    names = [values["name"] for (table, _), values in story.rows.items() if table == "product"]
    assert names == ["Glyphosate 480"]
    correct(story, told.event_id, withdraw=1)
    assert len(story.refusals()) == 1


def test_a_photo_that_showed_another_package_shows_the_rinse_no_more(stocked: "Story") -> None:
    stocked.visit(100, stocked.GLY, 5840, 320)
    photo: dict[str, Json] = {"photo": PHOTO, "mark": "m", "by": stocked.ANA}
    stocked.tell("photo_kept", 190, **photo, about=stocked.GLY, purpose="rinse")
    rinse: dict[str, Json] = {"package": stocked.GLY, "rinses": 3, "punctured": 1}
    stocked.tell("rinse_declared", 200, **rinse, photo=PHOTO, by=stocked.ANA)
    kept = stocked.record_of("photo_kept")
    mended: dict[str, Json] = {"about": stocked.ATR, "purpose": "rinse", "by": stocked.ANA}
    correct(stocked, kept.event_id, facts=mended)
    assert stocked.rows["way_back", stocked.GLY]["shown"] == ""
    assert stocked.package()["state"] == 4
    assert stocked.last("package_restated")["shown"] == ""


@pytest.mark.parametrize(("named", "by"), [("00" * 16, "bob"), ("", "eve")])
def test_nobody_unknown_corrects_and_nothing_unknown_is_corrected(
    story: "Story", named: str, by: str
) -> None:
    story.farm()
    event_id, facts = delivery(story)
    who = story.BOB if by == "bob" else by
    correct(story, named or event_id, facts={**facts, "lot": "L9"}, by=who)
    assert story.refusals() == [named or "eve"]
    assert story.package()["lot"] == "L2406B"


def test_a_correction_of_the_stocks_own_is_left_to_the_stock(stocked: "Story") -> None:
    facts: dict[str, Json] = {"package": stocked.GLY, "by": stocked.ANA}
    stocked.tell("spill_declared", 50, **facts, lost_g=500, text="fell")
    net_g = stocked.rows["stock", stocked.GLY]["net_g"]
    told = stocked.record_of("spill_declared")
    correct(stocked, told.event_id, facts={**facts, "lost_g": 50, "text": "fell"})
    assert stocked.rows["stock", stocked.GLY]["net_g"] == int(str(net_g)) + 450
    assert stocked.refusals() == []


def test_a_second_run_of_corrected_things_draws_nothing_new(stocked: "Story") -> None:
    """Orders, tags, counts and words, each corrected, folded from event 1 again."""
    by: dict[str, Json] = {"by": stocked.ANA, "reason": "slip"}
    package: dict[str, Json] = {"package": stocked.GLY}
    told: list[tuple[str, dict[str, Json]]] = [
        ("stock_counted", {**package, **by, "gross_g": 5000}),
        ("tag_unbound", {**package, **by, "tag": stocked.TAGS[stocked.GLY]}),
        ("empty_declared", {**package, "by": stocked.ANA, "gross_g": 320}),
    ]
    for number, (kind, facts) in enumerate(told):
        stocked.tell(kind, 100 + 10 * number, **facts)
        named = stocked.record_of(kind).event_id
        stocked.tell("correction_declared", 105 + 10 * number, corrects=named, withdraw=1, **by)
    assert stocked.refusals() == []
    assert stocked.package()["tag"] == stocked.TAGS[stocked.GLY]
    assert stocked.package()["state"] == 1
    assert stocked.rows["stock", stocked.GLY]["net_g"] == 5530
    again = fold.Custody(zone=stocked.custody.zone)
    drawn = [event for told in stocked.record for event in fold.step(again, told).events]
    known = {one.origin: dict(one.facts) for one in stocked.record}
    assert all(known[event.origin] == dict(event.facts) for event in drawn)
