"""The safety sheet as text; a name that is HTML stays a name."""

import re
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from fognode.events import RowValues
from fognode.page.sheet import SCRIPT, STYLE, Contents, render_sheet, render_text
from fognode.store.reader import Reader
from tests.page.conftest import NOW_MS, Farm

GTIN = "07891234567895"


def held(**changed: Any) -> RowValues:
    row: dict[str, Any] = {
        "package": "GLY-1",
        "gtin": GTIN,
        "place": "cab1",
        "state": "stored",
        "net_g": 5850,
        "counted_only": 0,
    }
    return row | changed


TOLD = Contents(
    farm="Boa Vista",
    poison_centre="0800 722 6001",
    cabinets={"cab1": "Main cabinet", "cab2": "Spare"},
    stock=[held(), held(package="GLY-2", net_g=1170)],
    products={
        GTIN: {
            "name": "Glyphosate 480",
            "active": "glyphosate",
            "density_g_per_l": 1170,
            "hazard_class": 4,
            "hazards": "H302",
            "first_aid": "Rinse skin with water",
        }
    },
)


def sheet(**changed: Any) -> str:
    return render_sheet(replace(TOLD, **changed), NOW_MS, UTC)


def test_it_tells_what_is_inside_how_much_its_hazards_and_whom_to_call() -> None:
    told = sheet()
    for words in (
        "As of 2026-09-21 14:13",
        "Poison centre: 0800 722 6001",
        "Glyphosate 480 (glyphosate)",
        "7.02 kg (about 6.0 l) in 2 packages",
        "4 - harmful",
        "H302",
        "Rinse skin with water",
    ):
        assert words in told
    assert re.search("<h2>Spare</h2>\n<p>Nothing", told)


def test_without_a_number_there_is_a_place_to_write_it() -> None:
    assert "write the number here" in sheet(poison_centre="")


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", '"><img src=x onerror=a>', "a&b"])
def test_names_that_are_html_are_shown_as_they_are_written(evil: str) -> None:
    product: RowValues = dict.fromkeys(("name", "active", "hazards", "first_aid"), evil)
    told = sheet(
        farm=evil,
        poison_centre=evil,
        cabinets={"cab1": evil},
        products={GTIN: product},
        stock=[held(), held(place=evil), held(gtin=evil)],
    )
    assert evil not in told
    assert told.count("<script>") == 1
    assert told.count("<img") == 0


def test_what_is_out_is_told_and_what_has_left_the_farm_is_not() -> None:
    told = sheet(
        stock=[
            held(place="", state="out", net_g=1000),
            held(place="", state="gone", net_g=3000),
            held(counted_only=1, net_g=0),
        ]
    )
    assert "In somebody&#x27;s hands" in told
    assert "1.00 kg (about 0.8 l) in 1 package<" in told
    assert "1 package, not weighed" in told
    assert "3.00 kg" not in told


def test_a_product_that_nobody_described_says_so() -> None:
    told = sheet(products={})
    assert f"unknown product {GTIN}" in told
    assert told.count("told: read the label") == 3


def test_it_is_served_from_the_file_with_the_database_away(
    full: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = full.app().test_client()
    assert client.get("/safety").status_code == 404
    (full.config.folder / "safety.html").write_text(sheet())
    full.lose_store()

    def fail(_reader: Reader) -> None:
        raise AssertionError("the sheet asked for a connection")

    monkeypatch.setattr(Reader, "hold", fail)
    answer = full.app().test_client().get("/safety", environ_overrides={"REMOTE_ADDR": "10.0.0.7"})
    assert (answer.status_code, answer.mimetype, answer.text) == (200, "text/html", sheet())
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_every_page_links_it_and_only_its_own_script_may_run(full: Farm) -> None:
    client = full.app().test_client()
    for path in ("/", "/packages", "/alerts", "/none"):
        assert 'href="/safety"' in client.get(path).text
    assert f"<script>{SCRIPT}</script>" in sheet()
    assert f"<style>{STYLE}</style>" in sheet()


def test_text_says_the_same_for_a_mail_and_names_nobody() -> None:
    stock = [held(), held(package="GLY-2", place="", state="out", net_g=1170, holder="Heron")]
    told = replace(TOLD, stock=stock)
    assert render_text(told, NOW_MS, UTC).splitlines() == [
        "SAFETY SHEET - Boa Vista - as of 2026-09-21 14:13",
        "Poison centre: 0800 722 6001",
        "",
        "MAIN CABINET",
        "- Glyphosate 480 (glyphosate)",
        "  How much: 5.85 kg (about 5.0 l) in 1 package",
        "  Toxicity class: 4 - harmful",
        "  Hazards: H302",
        "  First aid: Rinse skin with water",
        "",
        "SPARE",
        "Nothing that the record knows of.",
        "",
        "IN SOMEBODY'S HANDS",
        "- Glyphosate 480 (glyphosate)",
        "  How much: 1.17 kg (about 1.0 l) in 1 package",
        "  Toxicity class: 4 - harmful",
        "  Hazards: H302",
        "  First aid: Rinse skin with water",
        "",
        "The page that goes with this mail says the same and can be printed.",
    ]
    assert "<img" not in render_sheet(told, NOW_MS, UTC)
    assert "Heron" not in render_sheet(told, NOW_MS, UTC)
