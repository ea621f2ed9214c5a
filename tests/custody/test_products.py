"""Master data: products (A107, A108), rules of crops, suppliers (A120)."""

from typing import TYPE_CHECKING

import pytest

from fognode.custody import products
from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Shelf

GTIN = "7891234567895"


def test_an_old_declaration_still_folds_with_nothing_claimed(shelf: "Shelf") -> None:
    assert shelf.rows["product", GTIN] == {
        "gtin": GTIN,
        "name": "Gly",
        "registration": "",
        "packaging": "rigid",
        "density_g_per_l": 1170,
        "active": "",
        "hazard_class": 0,
        "hazards": "",
        "first_aid": "",
        "guarded": 0,
        "content_g": 0,
        "content_ml": 0,
        "tare_g": 0,
        "warn_level_g": 0,
        "lead_days": 0,
        "opened_life_days": 0,
        "needs_witness": 0,
        "cost_cents": 0,
        "hours": "",
        "as_of_seq": 1,
    }


def test_all_facts_of_a_product_are_kept_and_texts_fit_their_columns(shelf: "Shelf") -> None:
    shelf.product(
        packaging="not_returnable",
        active="glyphosate 480 g/l",
        hazard_class=2,
        hazards="H300 H330",
        first_aid="x" * 700,
        guarded=1,
        content_ml=5000,
        tare_g=310,
        warn_level_g=10_000,
        lead_days=14,
        opened_life_days=365,
        needs_witness=1,
        cost_cents=12_990,
        hours="06:00-11:00, 15:00-18:00",
    )
    row = shelf.rows["product", GTIN]
    assert (row["packaging"], row["hazard_class"], row["content_ml"]) == ("not_returnable", 2, 5000)
    assert (row["guarded"], row["needs_witness"], row["cost_cents"]) == (1, 1, 12_990)
    assert len(str(row["first_aid"])) == 600
    assert row["hours"] == "06:00-11:00, 15:00-18:00"
    assert products.find(shelf.known.packages.products, "07891234567895") is not None


@pytest.mark.parametrize(
    ("wrong", "value"),
    [
        ({"gtin": "7891234567890"}, "7891234567890"),
        ({"gtin": "123"}, "123"),
        ({"packaging": "glass"}, "glass"),
        ({"hazard_class": 6}, "6"),
        ({"content_g": 1, "content_ml": 1}, "1"),
        ({"warn_level_g": -1}, "-1"),
    ],
)
def test_a_wrong_product_is_refused_whole(
    shelf: "Shelf", wrong: dict[str, Json], value: str
) -> None:
    before = dict(shelf.known.packages.products.products)
    shelf.product(**wrong)
    assert [facts["value"] for facts in shelf.facts("rejected")] == [value]
    assert shelf.known.packages.products.products == before


def _rule(shelf: "Shelf", **facts: Json) -> None:
    base: dict[str, Json] = {"gtin": GTIN, "crop": "Soja", "phi_days": 7, "rei_hours": 24}
    base |= {"source": "label 2026-01", "valid_from": "2026-01-01"}
    shelf.tell("crop_rule_set", 0, **(base | facts))


def test_the_rule_of_a_crop_is_the_newest_valid_that_day_and_unknown_is_unknown(
    shelf: "Shelf",
) -> None:
    _rule(shelf)
    _rule(shelf, phi_days=14, valid_from="2026-06-01", max_dose_ml_per_ha=2000)
    known = shelf.known.packages.products
    first = products.crop_rule(known, GTIN, " soja ", "2026-05-31")
    second = products.crop_rule(known, GTIN, "SOJA", "2026-06-01")
    assert first is not None
    assert second is not None
    assert (first.phi_days, second.phi_days, second.max_dose_ml_per_ha) == (7, 14, 2000)
    assert products.crop_rule(known, GTIN, "soja", "2025-12-31") is None
    assert products.crop_rule(known, GTIN, "milho", "2026-06-01") is None
    assert shelf.rows["crop_rule", f"{GTIN}/soja/2026-06-01"]["source"] == "label 2026-01"


@pytest.mark.parametrize(
    "wrong",
    [
        {"gtin": "96385074"},
        {"crop": ""},
        {"source": ""},
        {"valid_from": "2026-02-30"},
        {"phi_days": -1},
        {"rei_hours": -1},
    ],
)
def test_a_rule_without_its_source_or_numbers_is_refused(
    shelf: "Shelf", wrong: dict[str, Json]
) -> None:
    _rule(shelf, **wrong)
    assert len(shelf.facts("rejected")) == 1
    assert not shelf.known.packages.products.rules


def test_a_regular_supplier_is_registered_with_its_cnpj(shelf: "Shelf") -> None:
    # 12.ABC.345/01DE-35: the tax office's own example of a CNPJ with letters.
    shelf.tell(
        "supplier_set", 0, supplier="agro", name="AgroSul", cnpj="12.abc.345/01DE-35", on_chain=1
    )
    row = shelf.rows["supplier", "agro"]
    assert (row["cnpj"], row["on_chain"]) == ("12ABC34501DE35", 1)


@pytest.mark.parametrize(
    ("cnpj", "right"),
    [("11222333000181", True), ("11222333000182", False), ("12ABC34501DE35", True), ("1", False)],
)
def test_check_digits_of_a_cnpj(cnpj: str, right: bool) -> None:
    assert products.is_cnpj(cnpj) is right


def test_a_supplier_with_a_wrong_cnpj_is_refused(shelf: "Shelf") -> None:
    shelf.tell("supplier_set", 0, supplier="agro", name="AgroSul", cnpj="11222333000182")
    shelf.tell("supplier_set", 0, supplier="", name="AgroSul")
    shelf.tell("supplier_set", 0, supplier="agro", name="")
    assert len(shelf.facts("rejected")) == 3
    assert not shelf.known.packages.products.suppliers
