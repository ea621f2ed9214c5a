"""A package is received by its label where nobody weighed it, and measured later (A41, A113)."""

from typing import TYPE_CHECKING

import pytest

from fognode.custody import contents
from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story

NEW, TAG = "NEW-1", "04AABBCCDD0011"


def _product(story: "Story", **facts: Json) -> None:
    told: dict[str, Json] = {"gtin": story.GTIN, "name": "Gly", "packaging": "rigid"}
    story.tell("product_set", 20, **(told | facts))


def _declare(story: "Story", at_s: float = 30, **weights: Json) -> None:
    facts = dict(story.record_of("delivery_declared").facts)
    facts = {name: value for name, value in facts.items() if name not in {"gross_g", "tare_g"}}
    facts |= {"package": NEW, "serial": "SN-NEW", "tag": TAG, **weights}
    story.tell("delivery_declared", at_s, **facts)


def _store(story: "Story", at_s: float, gross_g: int) -> None:
    story.open(at_s)
    story.tag_in(at_s + 1, story.BADGE_ANA)
    story.tag_in(at_s + 2, TAG)
    story.weight(at_s + 2.6, gross_g)
    story.close(at_s + 5)
    story.quiet(at_s + 10)


def _use(story: "Story", at_s: float, out_g: int, back_g: int) -> None:
    story.TAGS[NEW] = TAG
    story.visit(at_s, NEW, out_g, back_g)


def _stock(story: "Story", *columns: str) -> tuple[object, ...]:
    return tuple(story.rows["stock", NEW][name] for name in columns)


def test_without_a_scale_the_content_is_the_label_s_and_as_sure(stocked: "Story") -> None:
    _product(stocked, content_ml=5000, density_g_per_l=1000)
    _declare(stocked)
    entry = stocked.last("newProductEntry")
    assert entry["content_g"] == 5000
    assert not {"gross_g", "tare_g"} & entry.keys()
    row = stocked.package(NEW)
    assert (row["gross_g"], row["tare_g"], row["state"]) == (0, 0, 1)
    assert _stock(stocked, "net_g", "u_g", "weighed") == (5000, 75, 0)
    moved = stocked.last("stock_moved")
    assert (moved["source"], moved["delta_g"], moved["u_g"]) == ("declared", 5000, 75)


def test_declared_stock_is_used_and_emptied_by_word_alone(stocked: "Story") -> None:
    _product(stocked, content_g=5000)
    _declare(stocked)
    stocked.tell("use_declared", 40, package=NEW, used_g=3000, by=stocked.ANA)
    assert _stock(stocked, "net_g", "u_g", "weighed") == (2000, 75, 0)
    stocked.tell("empty_declared", 50, package=NEW, by=stocked.ANA)
    assert _stock(stocked, "net_g", "state") == (0, "empty")
    assert stocked.package(NEW)["state"] == 3
    facts: dict[str, Json] = {"package": NEW, "rinses": 3, "punctured": 1}
    stocked.tell("rinse_declared", 60, **facts, by=stocked.ANA, witness=stocked.BOB)
    stocked.tell("exit_declared", 70, package=NEW, destination="centre", by=stocked.ANA)
    assert stocked.package(NEW)["state"] == 5
    assert stocked.rules() == []


def test_first_weight_measures_what_the_label_said(stocked: "Story") -> None:
    _product(stocked, content_g=5000, tare_g=310)
    _declare(stocked)
    assert _stock(stocked, "net_g", "gross_g", "u_g", "weighed") == (5000, 5310, 75, 0)
    _store(stocked, 100, 5250)  # 60 g less: labels are that unsure
    assert _stock(stocked, "net_g", "u_g", "weighed") == (4940, 20, 1)
    assert stocked.package(NEW)["gross_g"] == 5250
    _use(stocked, 200, 5250, 330)
    assert stocked.package(NEW)["state"] == 3  # near its tare
    facts: dict[str, Json] = {"package": NEW, "rinses": 3, "punctured": 1}
    stocked.tell("rinse_declared", 260, **facts, by=stocked.ANA, witness=stocked.BOB)
    stocked.tell("exit_declared", 270, package=NEW, destination="centre", by=stocked.ANA)
    assert stocked.rules() == []  # nothing is missing at the end: the label was off


@pytest.mark.parametrize(
    ("product", "gross_g", "text"),
    [
        ({"tare_g": 310}, 4900, "NEW-1 weighs 4900 g, 5310 g by its label"),
        ({}, 4000, "NEW-1 weighs 4000 g, 5000 g by its label"),  # less than its content
    ],
)
def test_package_that_comes_with_less_than_its_label_says_is_found(
    stocked: "Story", product: dict[str, Json], gross_g: int, text: str
) -> None:
    _product(stocked, content_g=5000, **product)
    _declare(stocked)
    _store(stocked, 100, gross_g)
    found = stocked.last("discrepancy_found")
    assert (found["rule"], found["text"], found["u_g"]) == ("weight_differs", text, 78)


def test_tare_that_nobody_told_is_learnt_and_is_as_unsure_as_the_label(stocked: "Story") -> None:
    _product(stocked, content_g=5000)
    _declare(stocked)
    _store(stocked, 100, 5300)
    assert stocked.last("handleProduct")["tare_g"] == 300
    assert stocked.package(NEW)["tare_g"] == 300
    assert _stock(stocked, "tare_g", "net_g", "u_g", "weighed") == (300, 5000, 78, 1)
    _use(stocked, 200, 5300, 3300)
    assert "tare_g" not in stocked.last("handleProduct")
    assert _stock(stocked, "net_g") == (3000,)
    _use(stocked, 300, 3300, 420)  # the empty weighs 420: 120 g off is within 60 + 75
    assert stocked.package(NEW)["state"] == 3
    assert stocked.rules() == []


def test_weight_after_a_declared_use_teaches_no_tare_but_its_differences_count(
    stocked: "Story",
) -> None:
    _product(stocked, content_g=5000)
    _declare(stocked)
    stocked.tell("use_declared", 40, package=NEW, used_g=1000, by=stocked.ANA)
    _store(stocked, 100, 4300)
    assert _stock(stocked, "tare_g", "net_g", "weighed") == (0, 4000, 0)
    _use(stocked, 200, 4300, 3800)
    assert _stock(stocked, "tare_g", "net_g", "weighed") == (0, 3500, 0)
    moved = [facts for facts in stocked.facts("stock_moved") if facts["package"] == NEW]
    used = [facts for facts in moved if facts["movement"] == "use"]
    assert [(facts["delta_g"], facts["source"], facts["u_g"]) for facts in used] == [
        (-1000, "declared", 0),
        (-500, "measured", 28),
    ]
    stocked.tell("package_tared", 300, package=NEW, tare_g=310, with_lid=1, by=stocked.ANA)
    assert _stock(stocked, "tare_g", "net_g", "weighed") == (310, 3500, 0)
    _use(stocked, 400, 3800, 3300)
    assert _stock(stocked, "net_g", "u_g", "weighed") == (2990, 20, 1)
    assert stocked.rules() == []


@pytest.mark.parametrize(
    ("product", "weights", "value"),
    [
        ({}, {}, "7891234567895"),  # nothing says how much is in it
        ({"content_ml": 5000}, {}, "7891234567895"),  # nor do litres without a density
        ({"content_g": 5000}, {"gross_g": 5300}, ""),  # no tare, neither told nor the product's
        ({"content_g": 5000}, {"gross_g": 300, "tare_g": 310}, "300"),
        ({"content_g": 5000, "tare_g": 310}, {"gross_g": 300}, "300"),
        ({"content_g": 5000}, {"gross_g": 5300, "tare_g": -5}, "-5"),
    ],
)
def test_delivery_that_says_too_little_of_its_content_is_refused(
    stocked: "Story", product: dict[str, Json], weights: dict[str, Json], value: str
) -> None:
    _product(stocked, **product)
    _declare(stocked, 30, **weights)
    assert stocked.refusals() == [value]
    assert NEW not in stocked.custody.packages.packages


def test_tare_of_the_product_makes_a_weight_enough(stocked: "Story") -> None:
    _product(stocked, tare_g=310)
    _declare(stocked, gross_g=5310)
    assert stocked.package(NEW)["tare_g"] == 310
    assert _stock(stocked, "net_g", "u_g", "weighed") == (5000, 20, 1)


def test_weight_is_told_later_by_a_correction_and_is_not_taken_back(stocked: "Story") -> None:
    _product(stocked, content_g=5000)
    _declare(stocked)
    told = stocked.record_of("delivery_declared")
    about: dict[str, Json] = {"corrects": told.event_id, "reason": "weighed", "by": stocked.BOB}
    weighed: dict[str, Json] = {**told.facts, "gross_g": 5200, "tare_g": 310}
    stocked.tell("correction_declared", 50, **about, facts=weighed)
    row = stocked.package(NEW)
    assert (row["gross_g"], row["tare_g"]) == (5200, 310)
    assert _stock(stocked, "net_g", "u_g", "weighed") == (4890, 20, 1)
    assert "content_g" not in stocked.last("newProductEntry")
    stocked.tell("correction_declared", 60, **about, facts={**told.facts})
    assert stocked.refusals() == ["5200"]
    assert _stock(stocked, "net_g", "weighed") == (4890, 1)


def test_another_lot_changes_nothing_of_what_was_weighed_since(stocked: "Story") -> None:
    _product(stocked, content_g=5000, tare_g=310)
    _declare(stocked)
    told = stocked.record_of("delivery_declared")
    _store(stocked, 100, 5250)
    about: dict[str, Json] = {"corrects": told.event_id, "reason": "misread", "by": stocked.BOB}
    facts: dict[str, Json] = {**told.facts, "lot": "L9", "expires_on": "2027-01-31"}
    stocked.tell("correction_declared", 200, **about, facts=facts)
    assert stocked.package(NEW)["lot"] == "L9"
    assert stocked.package(NEW)["gross_g"] == 5250
    assert _stock(stocked, "net_g", "weighed") == (4940, 1)
    assert _stock(stocked, "effective_expiry") == ("2027-01-31",)


def test_first_weight_that_is_told_anew_is_the_first_again(stocked: "Story") -> None:
    """A tag that was told late makes two packages of one weight: nobody knows whose it is."""
    _product(stocked, content_g=5000, tare_g=310)
    _declare(stocked)
    _store(stocked, 100, 5250)
    late: dict[str, Json] = {"board": "cab01", "place": "cab-1", "sensor": "C1"}
    stocked.tell("tag_out", 103.5, **late, tag=stocked.TAGS[stocked.ATR])
    stocked.quiet(400)
    assert _stock(stocked, "net_g", "u_g", "weighed") == (5000, 75, 0)
    stocked.tell("weight_take", 103.6, board="cab01", place="cab-1", sensor="W1", weight_g=-3000)
    stocked.quiet(800)
    assert _stock(stocked, "net_g", "u_g", "weighed") == (4940, 20, 1)
    stocked.tell("disposal_declared", 900, package=NEW, how="burnt", by=stocked.ANA)
    assert "balance_at_end" not in stocked.rules()


def test_label_is_as_unsure_as_a_scale_at_least() -> None:
    assert [contents.label_u_g(grams) for grams in (0, 1000, 5000, 20_000)] == [20, 20, 75, 300]
    assert contents.label_g(None) == 0
