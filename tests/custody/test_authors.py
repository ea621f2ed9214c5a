"""Who a declaration is of (requirement A79)."""

from typing import TYPE_CHECKING

import pytest

from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story

STRANGER = "nobody-known"


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("product_set", {"gtin": "7891234567888", "name": "X", "packaging": "rigid"}),
        ("supplier_set", {"supplier": "s", "name": "S"}),
        ("person_set", {"person": "xx", "alias": "X", "role": "owner", "may_authorise": 1}),
        ("delivery_declared", {"package": "P", "serial": "S9", "tag": "04FFEEDD"}),
        ("invoice_read", {"invoice": "NF-1", "sha256": "ab", "supplier": "AgroSul"}),
    ],
)
def test_what_nobody_known_declares_changes_nothing(
    story: "Story", kind: str, facts: dict[str, Json]
) -> None:
    story.farm()
    rows = dict(story.rows)
    base: dict[str, Json] = {"gtin": story.GTIN, "lot": "L7", "expires_on": "2028-06-30"}
    base |= {"site": "cab-1", "gross_g": 5840, "tare_g": 310, "invoice": "NF-1", "source": "d"}
    told = {**(base if kind == "delivery_declared" else {}), **facts}
    story.tell(kind, 1, **told, by=STRANGER)
    assert story.refusals() == [STRANGER]
    assert {key: row for key, row in story.rows.items() if key[0] != "rejected"} == rows
    assert not story.custody.receiving.invoices


def test_the_first_person_may_be_declared_by_anybody_and_no_second(story: "Story") -> None:
    story.tell("person_set", 0, person="p1", alias="ana-7", by="p1")
    story.tell("person_set", 1, person="p2", alias="bob-2", by="p2")
    story.tell("person_set", 2, person="p3", alias="eve-1", by="p1")
    assert story.refusals() == ["p2"]
    assert list(story.custody.people.aliases) == ["p1", "p3"]


def test_master_data_without_by_is_the_command_lines(story: "Story") -> None:
    story.farm()
    story.tell("product_set", 1, gtin="7891234567888", name="X", packaging="rigid")
    assert story.refusals() == []


def test_who_was_erased_declares_nothing_and_what_they_declared_can_be_corrected(
    story: "Story",
) -> None:
    story.farm()
    story.deliver("P", "S9", 3000, tag="04FFEEDD", by=story.BOB)
    story.tell("person_erased", 1, person=story.BOB, reason="left", by=story.ANA)
    story.deliver("P2", "S10", 3000, tag="04FFEEDE", by=story.BOB)
    assert story.refusals() == [story.BOB]
    told = next(one for one in story.record if one.facts.get("package") == "P")
    about: dict[str, Json] = {"corrects": told.event_id, "reason": "misread", "by": story.ANA}
    story.tell("correction_declared", 2, **about, facts={**told.facts, "lot": "L9"})
    assert story.package("P")["lot"] == "L9"


def test_a_correction_does_not_bring_a_stranger_in(stocked: "Story") -> None:
    # Else a rinse would be shown by the one who declared it.
    stocked.visit(100, stocked.GLY, 5840, 320)
    rinse: dict[str, Json] = {"package": stocked.GLY, "rinses": 3, "punctured": 1}
    stocked.tell("rinse_declared", 200, **rinse, by=stocked.ANA)
    told = stocked.record_of("rinse_declared")
    facts: dict[str, Json] = {**rinse, "by": STRANGER, "witness": stocked.ANA}
    about: dict[str, Json] = {"corrects": told.event_id, "reason": "misread", "by": stocked.ANA}
    stocked.tell("correction_declared", 210, **about, facts=facts)
    assert stocked.refusals() == [STRANGER]
    assert stocked.rows["way_back", stocked.GLY]["shown"] == ""
