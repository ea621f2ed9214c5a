"""Scans stand on the forms as links that fill them in, without scripts (A72, A73)."""

import re
from html import unescape

import pytest

from fognode.events import Json
from tests.page.conftest import HERON, Farm, package_row
from tests.page.scanned import GTIN, LABEL, deliver, expect, label, ready, scan, sense
from tests.page.test_declare import enter, send, value_of

FORM = "/declare/delivery_declared"


@pytest.fixture
def ready_farm(farm: Farm) -> Farm:
    ready(farm)
    return farm


def links(page: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'href="([^"]*)">Fill the form', page)]


def words(page: str) -> list[str]:
    told = re.findall(r"<li>(Scanned .*?)\n", page)
    return [unescape(re.sub(r"<[^>]*>", "", one)) for one in told]


def test_form_offers_the_scan_in_words_and_is_filled_by_one_press(ready_farm: Farm) -> None:
    expect(ready_farm)
    event = scan(ready_farm, LABEL)
    client = enter(ready_farm)
    page = client.get(FORM).text
    assert words(page) == [
        "Scanned 20 s ago at Main cabinet: Glyphosate 480, lot L2406B, serial SN0042, "
        "good until 2028-06-30"
    ]
    assert links(page) == [f"{FORM}?scan={event}"]
    assert "<script" not in page
    page = client.get(links(page)[0]).text
    told = ("gtin", "serial", "lot", "expires_on", "invoice", "source", "package", "tare_g", "site")
    assert [value_of(page, name) for name in told] == [
        GTIN, "SN0042", "L2406B", "2028-06-30", "NF-9", "AgroSul Ltda", "56789-SN0042", "310",
        "cab1",
    ]  # fmt: skip
    assert value_of(page, "gross_g") == ""
    assert f'<option value="{event}" selected>' in page
    assert "Filled in below." in page


def test_form_that_was_filled_by_a_scan_is_a_delivery_that_names_it(ready_farm: Farm) -> None:
    event = scan(ready_farm, LABEL)
    client = enter(ready_farm)
    page = client.get(f"{FORM}?scan={event}").text
    names = ("gtin", "serial", "lot", "expires_on", "package", "tare_g", "site")
    told = {name: value_of(page, name) for name in names}
    told |= {"scan": event, "invoice": "NF-9", "source": "A", "tag": "04AABBCC", "gross_g": "6150"}
    assert send(client, "delivery_declared", **told).status_code == 303
    facts: dict[str, Json] = dict(told)
    assert ready_farm.asked[0][1] == facts | {"tare_g": 310, "gross_g": 6150, "by": HERON}
    assert links(client.get(FORM).text) == []


def test_what_is_in_the_address_goes_before_the_scan(ready_farm: Farm) -> None:
    event = scan(ready_farm, LABEL)
    page = enter(ready_farm).get(f"{FORM}?scan={event}&package=MINE-1").text
    assert value_of(page, "package") == "MINE-1"
    assert value_of(page, "serial") == "SN0042"


def test_two_scanners_are_told_apart_by_their_place(ready_farm: Farm) -> None:
    scan(ready_farm, LABEL, ago_s=50)
    scan(ready_farm, label("SN0043"), ago_s=20, place="gate", board="scan2")
    told = words(enter(ready_farm).get(FORM).text)
    assert [one.partition(",")[0] for one in told] == [
        "Scanned 20 s ago at Gate: Glyphosate 480",
        "Scanned 50 s ago at Main cabinet: Glyphosate 480",
    ]


def test_used_and_old_scans_are_not_offered(ready_farm: Farm) -> None:
    deliver(ready_farm, scan=scan(ready_farm, LABEL))
    scan(ready_farm, label("SN0043"), ago_s=1000)
    page = enter(ready_farm).get(FORM).text
    assert links(page) == []
    assert "No scan of the last 15 minutes fits this form." in page


def test_expired_package_is_offered_and_said_to_be_expired(ready_farm: Farm) -> None:
    scan(ready_farm, label("SN0001", day="260920"), ago_s=20)
    scan(ready_farm, label("SN0002", day="260921"), ago_s=30)  # its last day is today
    expired, good = words(enter(ready_farm).get(FORM).text)
    assert "good until 2026-09-20" in expired
    assert expired.endswith("expired")
    assert good.endswith("good until 2026-09-21")


def test_product_that_nobody_declared_leads_to_its_form(ready_farm: Farm) -> None:
    scan(ready_farm, b"]d20109521234543213172711001021\x1d21SN1")
    page = enter(ready_farm).get(FORM).text
    assert links(page) == []
    assert 'href="/declare/product_set?gtin=9521234543213"' in page
    assert "GTIN 9521234543213" in page


def test_hostile_label_is_text_and_nothing_else(ready_farm: Farm) -> None:
    lot = "<b>&\"'%22</b>"
    event = scan(ready_farm, label("<i>'\">&x", lot=lot))
    client = enter(ready_farm)
    page = client.get(FORM).text
    assert "<i>" not in page
    assert lot not in page
    assert f"lot {lot}, serial <i>'\">&x" in unescape(page)
    filled = client.get(links(page)[0]).text
    assert value_of(filled, "lot") == lot
    assert value_of(filled, "serial") == "<i>'\">&x"
    assert value_of(filled, "package") == ""
    assert f'value="{event}"' in filled


def test_control_characters_reach_no_form(ready_farm: Farm) -> None:
    facts: dict[str, Json] = {"scan": "]d2%00", "elements": "", "gtin": GTIN}
    facts |= {"serial": "SN\x00\x1b[31m", "lot": "L\n7"}
    event = sense(ready_farm, "code_scan", 20, facts)
    client = enter(ready_farm)
    for path in (FORM, f"{FORM}?scan={event}"):
        page = client.get(path).text
        assert not set(page) & {"\x00", "\x1b"}
        assert "L\n7" not in page
    assert words(page) == ["Scanned 20 s ago at Main cabinet: Glyphosate 480"]


@pytest.mark.parametrize("asked", ["<script>", "0" * 32, "a" * 500, "%00", ""])
def test_address_that_names_no_scan_fills_nothing(ready_farm: Farm, asked: str) -> None:
    answer = enter(ready_farm).get(FORM, query_string={"scan": asked})
    assert answer.status_code == 200
    assert "<script>" not in answer.text
    assert value_of(answer.text, "gtin") == ""


def test_scan_of_a_known_package_fills_the_forms_about_packages(ready_farm: Farm) -> None:
    known = package_row("GLY/0042&x", gtin=GTIN, serial="SN0042")
    ready_farm.tell("newProductEntry", 70, {}, known, package_row("OWN-7", gtin=GTIN))
    scan(ready_farm, LABEL, ago_s=30)
    scan(ready_farm, b"]C191OWN-7", ago_s=20)
    scan(ready_farm, label("SN-NEW"), ago_s=10)  # of no package here
    client = enter(ready_farm)
    for kind in ("use_declared", "rinse_declared", "exit_declared", "stock_counted"):
        page = client.get(f"/declare/{kind}").text
        assert words(page) == [
            "Scanned 20 s ago at Main cabinet: OWN-7, Glyphosate 480",
            "Scanned 30 s ago at Main cabinet: GLY/0042&x, Glyphosate 480",
        ]
        filled = [value_of(client.get(link).text, "package") for link in links(page)]
        assert filled == ["OWN-7", "GLY/0042&x"]
    assert client.get(FORM).text.count("Fill the form") == 1


def test_what_the_address_said_stays_and_foreign_keys_do_not(ready_farm: Farm) -> None:
    ready_farm.tell("newProductEntry", 70, {}, package_row("OWN-7"))
    scan(ready_farm, b"]C191OWN-7")
    page = enter(ready_farm).get("/declare/use_declared?crop=soja&_scheme=javascript&kind=x").text
    assert links(page) == ["/declare/use_declared?crop=soja&package=OWN-7"]


def test_form_without_a_package_and_farm_without_a_reader_say_nothing(ready_farm: Farm) -> None:
    client = enter(ready_farm)
    assert "Look again" not in client.get(FORM).text
    scan(ready_farm, LABEL)
    assert "Look again" in client.get(FORM).text
    assert "Look again" not in client.get("/declare/supplier_set").text


def test_what_was_refused_is_not_overwritten_by_an_offer(ready_farm: Farm) -> None:
    scan(ready_farm, LABEL)
    answer = send(enter(ready_farm), "delivery_declared", gtin="x")
    assert answer.status_code == 400
    assert links(answer.text) == []


def test_scan_is_no_field_where_nobody_scans(ready_farm: Farm) -> None:
    client = enter(ready_farm)
    assert 'name="scan"' not in client.get(FORM).text
    scan(ready_farm, LABEL, ago_s=5000)
    assert 'name="scan"' in client.get(FORM).text


def test_scan_that_was_typed_wrongly_is_refused(ready_farm: Farm) -> None:
    answer = send(enter(ready_farm), "delivery_declared", scan="SN0042")
    assert answer.status_code == 400
    assert "Must look like &#39;13c61f0b4dbac55b1e26b7445599f1ed&#39;" in answer.text
