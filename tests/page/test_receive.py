"""/receive: a package is confirmed by one press only when nothing of it has to be told (A82)."""

import re
from html import unescape

import pytest

from fognode.custody import packages, products
from fognode.page.receive import expected
from tests.page.conftest import EGRET, OWN, Farm, row
from tests.page.scanned import GTIN, LABEL, LOT_ONLY, expect, label, ready, scan, sense
from tests.page.test_declare import enter


@pytest.fixture
def ready_farm(farm: Farm) -> Farm:
    ready(farm)
    return farm


FORM = "/declare/delivery_declared"


def put(farm: Farm, serial: str = "SN0042", tag: str = "04AABBCC", ago_s: int = 30) -> str:
    """Scan a package, hold its tag there and put it on the scale."""
    event = scan(farm, label(serial), ago_s=ago_s)
    sense(farm, "tag_in", ago_s - 2, {"tag": tag})
    sense(farm, "weight_put", ago_s - 4, {"weight_g": 6150})
    return event


def form_of(page: str) -> dict[str, str]:
    form = page.partition('action="/declare/delivery_declared"')[2].partition("</form>")[0]
    told = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in told}


def test_one_press_is_the_delivery_that_the_form_would_declare(ready_farm: Farm) -> None:
    expect(ready_farm)
    event = put(ready_farm)
    client = enter(ready_farm, "Egret")
    page = client.get("/receive").text
    assert "<dd>6150 g</dd>" in page
    assert "<dd>Main cabinet</dd>" in page
    told = form_of(page)
    answer = client.post("/declare/delivery_declared", data=told, headers=OWN)
    assert answer.status_code == 303
    again = client.post("/declare/delivery_declared", data=told, headers=OWN)
    assert again.location == answer.location
    ((kind, facts, _),) = ready_farm.asked
    assert (kind, facts) == (
        "delivery_declared",
        {
            "package": "56789-SN0042",
            "gtin": GTIN,
            "serial": "SN0042",
            "lot": "L2406B",
            "expires_on": "2028-06-30",
            "invoice": "NF-9",
            "tag": "04AABBCC",
            "gross_g": 6150,
            "tare_g": 310,
            "source": "AgroSul Ltda",
            "site": "cab1",
            "scan": event,
            "by": EGRET,
        },
    )
    page = client.get(answer.location).text
    assert '<a class="button" href="/receive">Receive the next</a>' in page
    assert "Confirm this package" not in client.get("/receive").text


def test_custody_takes_what_one_press_declared(ready_farm: Farm) -> None:
    expect(ready_farm)
    put(ready_farm)
    client = enter(ready_farm)
    told = form_of(client.get("/receive").text)
    assert client.post("/declare/delivery_declared", data=told, headers=OWN).status_code == 303
    (declared,) = ready_farm.reader.newest(1, ["delivery_declared"])
    state = packages.State()
    product = {"gtin": GTIN, "name": "Glyphosate 480", "packaging": "rigid"}
    ready_farm.tell("product_set", 90, dict(product))
    products.step(state.products, ready_farm.reader.newest(1, ["product_set"])[0])
    outcome = packages.step(state, declared, badges=())
    assert [event.kind for event in outcome.events] == ["newProductEntry"]
    assert outcome.events[0].facts["serial"] == "SN0042"


def test_what_no_sensor_told_is_asked_for_and_never_made_up(ready_farm: Farm) -> None:
    expect(ready_farm)
    scan(ready_farm, LABEL)
    page = enter(ready_farm).get("/receive").text
    assert "Confirm this package" not in page
    assert "Still to tell: Tag." in page
    assert "Fill the form" in page


def test_package_that_nobody_weighed_is_confirmed_by_its_label(ready_farm: Farm) -> None:
    expect(ready_farm)
    scan(ready_farm, LABEL, ago_s=30)
    sense(ready_farm, "tag_in", 28, {"tag": "04AABBCC"})
    client = enter(ready_farm)
    page = client.get("/receive").text
    assert "<dd>5.85 kg by its label; nobody weighed it</dd>" in page
    assert "Confirm this package, not weighed</button>" in page
    assert client.post(FORM, data=form_of(page), headers=OWN).status_code == 303
    ((_, facts, _),) = ready_farm.asked
    assert "gross_g" not in facts
    assert facts["tare_g"] == 310


def test_weight_is_asked_for_where_the_label_says_no_content(farm: Farm) -> None:
    ready(farm, content_ml=0)
    expect(farm)
    scan(farm, LABEL, ago_s=30)
    sense(farm, "tag_in", 28, {"tag": "04AABBCC"})
    page = enter(farm).get("/receive").text
    assert "Still to tell: Weight now." in page
    assert "Confirm this package" not in page


def test_label_without_a_serial_is_never_confirmed_by_one_press(ready_farm: Farm) -> None:
    expect(ready_farm)
    scan(ready_farm, LOT_ONLY, ago_s=30)
    sense(ready_farm, "tag_in", 28, {"tag": "04AABBCC"})
    sense(ready_farm, "weight_put", 26, {"weight_g": 6150})
    page = enter(ready_farm).get("/receive").text
    assert "Still to tell: Package, Serial number." in page
    assert "Confirm this package" not in page


def test_expired_package_is_looked_at_in_the_form(ready_farm: Farm) -> None:
    expect(ready_farm, lot="")
    scan(ready_farm, label("SN1", day="260920"), ago_s=30)
    sense(ready_farm, "tag_in", 28, {"tag": "04AABBCC"})
    sense(ready_farm, "weight_put", 26, {"weight_g": 6150})
    page = enter(ready_farm).get("/receive").text
    assert "It is expired: look at it in the form." in page
    assert "Confirm this package" not in page


def test_each_of_two_packages_has_its_own_weight_and_press(ready_farm: Farm) -> None:
    expect(ready_farm)
    put(ready_farm, "SN0042", "04AABBCC", ago_s=60)
    put(ready_farm, "SN0043", "04AABBDD", ago_s=30)
    page = enter(ready_farm).get("/receive").text
    assert page.count("Confirm this package") == 2
    assert form_of(page)["serial"] == "SN0043"
    assert form_of(page)["tag"] == "04AABBDD"


def test_invoices_say_how_many_of_each_line_are_confirmed(ready_farm: Farm) -> None:
    expect(ready_farm, place=1, confirmed=1)
    expect(ready_farm, place=2, lot="L8", confirmed=2)
    expect(ready_farm, place=3, lot="L9", confirmed=3)
    expect(ready_farm, place=4, lot="", wanted=0, quantity="20.5", unit="L", name="<b>Oil</b>")
    ready_farm.tell("delivery_closed", 80, {}, row("invoice", invoice="NF-1", state="closed"))
    page = enter(ready_farm).get("/receive").text
    for words in ("1 of 2 confirmed", "all 2 confirmed", "3 confirmed, 2 invoiced"):
        assert words in page
    assert "of 20.5 L, which tells no count of packages" in page
    assert "&lt;b&gt;Oil&lt;/b&gt;" in page
    assert 'href="/declare/delivery_closed?invoice=NF-9"' in page
    assert "NF-1<" not in page


def test_lines_stand_with_their_invoice(ready_farm: Farm) -> None:
    assert expected(ready_farm.reader) == []
    expect(ready_farm, "NF-9")
    expect(ready_farm, "NF-10")
    told = {head["invoice"]: [one["expected"] for one in lines]
            for head, lines in expected(ready_farm.reader)}  # fmt: skip
    assert told == {"NF-9": ["NF-9/1"], "NF-10": ["NF-10/1"]}


def test_page_is_for_who_may_declare_a_delivery(ready_farm: Farm) -> None:
    answer = ready_farm.app().test_client().get("/receive")
    assert answer.status_code == 303
    assert answer.location == "/sign-in?next=/receive"
    assert enter(ready_farm, "Ibis").get("/receive").status_code == 403


def test_press_from_another_site_or_session_is_refused(ready_farm: Farm) -> None:
    expect(ready_farm)
    put(ready_farm)
    client = enter(ready_farm)
    told = form_of(client.get("/receive").text)
    path = "/declare/delivery_declared"
    assert client.post(path, data=told, headers={"Origin": "http://evil"}).status_code == 403
    assert client.post(path, data=told | {"csrf": "x"}, headers=OWN).status_code == 403
    assert ready_farm.asked == []


def test_product_that_nobody_declared_and_hostile_text_get_no_press(ready_farm: Farm) -> None:
    scan(ready_farm, b"]d20109521234543213172711001021\x1d21<b>x")
    page = enter(ready_farm).get("/receive").text
    assert 'href="/declare/product_set?gtin=9521234543213"' in page
    assert "serial &lt;b&gt;x" in page
    assert "Confirm this package" not in page
