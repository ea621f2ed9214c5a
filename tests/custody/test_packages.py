from typing import TYPE_CHECKING

import pytest

from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story

# keccak256(abi.encode("AGRO/1", 7891234567895, "SN00000000")): worked out with ethers, as in
# the facts on ledgers.
TOKEN = "1150560442cb093ff6f848884d8a0b75661fcdb78a62553051751a4509179586"


def test_delivery_becomes_an_entry_and_a_package(story: "Story") -> None:
    story.farm()
    story.deliver("GLY-1", "SN00000000", 5000, tag="04ffeedd")
    entry = story.last("newProductEntry")
    assert entry["token_id"] == TOKEN
    assert (entry["packaging"], entry["tag"], entry["by"]) == ("rigid", "04FFEEDD", story.ANA)
    assert story.package("GLY-1") == {
        "package": "GLY-1",
        "gtin": "7891234567895",
        "serial": "SN00000000",
        "lot": "L2406B",
        "expires_on": "2028-06-30",
        "invoice": "NF-000123",
        "tag": "04FFEEDD",
        "packaging": "rigid",
        "source": "dealer-1",
        "site": "cab-1",
        "gross_g": 5000,
        "tare_g": 310,
        "state": 1,
        "holder": "",
        "out_since_at_ms": 0,
        "received_at_ms": story.START_MS,
        "token_id": TOKEN,
        "as_of_seq": next(t.seq for t in story.record[::-1] if t.kind == "delivery_declared"),
    }


@pytest.mark.parametrize(
    ("wrong", "value"),
    [
        ({"gtin": "7891234567890"}, "7891234567890"),  # check digit
        ({"gtin": "96385074"}, "0000096385074"),  # not declared as a product
        ({"package": "GLY-0042"}, "GLY-0042"),
        ({"package": ""}, ""),
        ({"serial": "SN0042"}, "SN0042"),
        ({"serial": ""}, ""),
        ({"tag": "04A1B2C3D4E5F6"}, "04A1B2C3D4E5F6"),
        ({"tag": "B0A1C2D3"}, "B0A1C2D3"),  # Ana's badge
        ({"tag": "04A1B2"}, "04A1B2"),
        ({"expires_on": "2027-02-29"}, "2027-02-29"),
        ({"expires_on": "20270228"}, "20270228"),
        ({"gross_g": 310}, "310"),
        ({"tare_g": 0}, "0"),
        ({"site": ""}, ""),
        ({"lot": "L" * 41}, "L" * 41),
    ],
)
def test_wrong_delivery_is_refused_and_changes_nothing(
    story: "Story", wrong: dict[str, Json], value: str
) -> None:
    story.farm()
    story.deliver("GLY-1", "SN1", 5000, **({"tag": "04FFEEDD"} | wrong))
    refusal = story.last("rejected")
    assert (refusal["what"], refusal["value"]) == ("delivery_declared", value)
    if refusal["reason"] == "serial is in use already":
        assert value == "SN0042"
    assert len(story.facts("newProductEntry")) == 2
    assert story.custody.packages.packages.keys() == {"GLY-0042", "ATR-0007"}
    story.deliver("GLY-1", "SN1", 5000, tag="04FFEEDD")  # the right one still goes in
    assert len(story.facts("newProductEntry")) == 3


def test_tag_at_another_place_moves_the_package_and_never_twice(stocked: "Story") -> None:
    # Table 4 of the paper, package movement: two zones in order.
    stocked.tag_in(100, stocked.GLY, place="gate")
    stocked.tag_in(101, stocked.GLY, place="gate")
    stocked.tag_in(102, stocked.GLY, place="field")
    steps = [(facts["from"], facts["to"]) for facts in stocked.facts("package_moved")]
    assert steps == [("cab-1", "gate"), ("gate", "field")]
    assert stocked.package()["site"] == "field"
    assert stocked.last("package_moved")["permitted"] == 1


def test_place_where_no_package_may_be_is_said(stocked: "Story") -> None:
    stocked.custody.packages.barred = frozenset({"road"})
    stocked.tag_in(100, stocked.GLY, place="road")
    assert stocked.last("package_moved")["permitted"] == 0
