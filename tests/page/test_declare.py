"""Forms declare what the API does, by who is signed in (A56: every change has its author)."""

import re
from html import unescape
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fognode.errors import RefusedError
from fognode.events import CORRECTABLE, Json
from fognode.page.declarations import DECLARATIONS
from fognode.page.fields import Number, Text, Texts
from fognode.page.questions import SHEETS, SUBJECTS
from fognode.page.roles import OPERATORS
from tests.page.conftest import EGRET, HERON, OWN, PIN, TOKEN, Farm, known_people, row

ID = "3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77"
HOSTILE = "<script>alert(1)</script>\"'><img src=x>{{7*7}}"


@pytest.fixture
def manned(full: Farm) -> Farm:
    known_people(full)
    return full


def enter(farm: Farm, name: str = "Heron") -> FlaskClient:
    client = farm.app().test_client()
    answer = client.post("/sign-in", data={"name": name, "pin": PIN}, headers=OWN)
    assert answer.status_code == 303
    return client


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return unescape(found[1])


def value_of(page: str, name: str) -> str:
    found = re.search(rf'<input id="[^"]*" name="{re.escape(name)}" value="([^"]*)"', page)
    if found is None:
        chosen = page.partition(f'name="{name}"')[2].partition("</select>")[0]
        found = re.search(r'<option value="([^"]*)" selected>', chosen)
    assert found, name
    return unescape(found[1])


def send(client: FlaskClient, kind: str, **told: str) -> TestResponse:
    path = f"/declare/{kind}"
    asked = f"?corrects={told['corrects']}" if "corrects" in told else ""
    page = client.get(path + asked).text
    own = {"id": hidden(page, "id"), "csrf": hidden(page, "csrf")}
    return client.post(path, data=own | told, headers=OWN)


def example(kind: str) -> dict[str, str]:
    """Return a whole form of a kind, as somebody would fill it in."""
    told = {}
    for name, one in DECLARATIONS[kind].items():
        if isinstance(one, Text):
            told[name] = one.example
        elif isinstance(one, Number):
            told[name] = str(one.least if one.most == 1 else max(one.least, 7 % (one.most + 1)))
        elif isinstance(one, Texts):
            told[name] = "GLY-0042, ATR-0007"
    told.pop("by", None)
    told |= dict.fromkeys(told.keys() & {"site", "cabinet"}, "cab1")
    if "tare_g" in told and "gross_g" in told:
        told["gross_g"] = "5840"
    return told


FORMS = [kind for kind in SHEETS if kind != "correction_declared"]


def test_each_form_posts_an_event_equal_to_the_one_of_the_api(manned: Farm) -> None:
    client = enter(manned)
    for kind in FORMS:
        check_equal(manned, client, kind)


def check_equal(manned: Farm, client: FlaskClient, kind: str) -> None:
    told = example(kind)
    manned.asked.clear()
    answer = send(client, kind, **told)
    assert answer.status_code == 303, answer.text
    (by_form,) = manned.asked
    facts = dict(by_form[1])
    if "by" in DECLARATIONS[kind]:
        assert facts["by"] == HERON
    body = {"id": str(uuid4()), "kind": kind, "facts": facts}
    posted = client.post(
        "/api/v1/requests", json=body, headers={"Authorization": f"Bearer {TOKEN}"}
    )
    assert posted.status_code == 200, posted.text
    assert manned.asked[1][:2] == by_form[:2]
    assert {name for name in facts if name != "by"} == set(told)
    assert UUID(by_form[2]).version == 4


def test_list_names_every_form_in_plain_words(manned: Farm) -> None:
    page = manned.app().test_client().get("/declare").text
    assert all(f'<h2 id="s{n}">{subject}</h2>' in page for n, subject in enumerate(SUBJECTS, 1))
    assert set(re.findall(r'href="/declare/(\w+)"', page)) == set(SHEETS)


def test_each_role_is_offered_and_given_what_is_its_own(manned: Farm) -> None:
    for name, kinds in (("Heron", set(SHEETS)), ("Egret", set(OPERATORS)), ("Ibis", set())):
        client = enter(manned, name)
        page = client.get("/declare").text
        assert set(re.findall(r'href="/declare/(\w+)"', page)) == kinds
        for kind in ("product_set", "use_declared"):
            wanted = 200 if kind in kinds else 403
            assert client.get(f"/declare/{kind}").status_code == wanted
    assert "Ibis is inspector: this is for an owner or an operator" in (
        client.get("/declare/use_declared").text
    )


def test_role_is_asked_when_a_form_comes_whatever_page_it_came_from(manned: Farm) -> None:
    client = enter(manned, "Egret")
    csrf = hidden(client.get("/declare/use_declared").text, "csrf")
    told = {"id": ID, "csrf": csrf, **example("product_set")}
    assert client.post("/declare/product_set", data=told, headers=OWN).status_code == 403
    assert manned.asked == []


def test_by_is_who_is_signed_in_and_cannot_be_typed(manned: Farm) -> None:
    client = enter(manned, "Egret")
    assert 'name="by"' not in client.get("/declare/use_declared?by=x").text
    send(client, "use_declared", package="GLY-0042", used_g="5", by=HERON)
    assert manned.asked[0][1] == {"package": "GLY-0042", "used_g": 5, "by": EGRET}


def test_form_asks_who_you_are_and_comes_back_as_it_was_asked_for(manned: Farm) -> None:
    client = manned.app().test_client()
    answer = client.get("/declare/use_declared?package=GLY-0042")
    assert answer.status_code == 303
    assert answer.location == "/sign-in?next=/declare/use_declared?package%3DGLY-0042"
    page = client.get(answer.location).text
    told = {"name": "Heron", "pin": PIN, "next": hidden(page, "next")}
    entered = client.post("/sign-in", data=told, headers=OWN)
    assert value_of(client.get(entered.location).text, "package") == "GLY-0042"


def test_package_page_leads_to_prefilled_forms(manned: Farm) -> None:
    client = enter(manned)
    for package, kinds in (
        ("GLY-0042", ["use_declared", "spill_declared", "stock_counted", "empty_declared"]),
        ("GLY-0043", ["rinse_declared", "exit_declared"]),
        ("ATR-0008", []),
    ):
        page = client.get(f"/packages/{package}").text
        links = re.findall(rf'href="/declare/(\w+)\?package={package}"', page)
        assert links == kinds
        for kind in kinds:
            filled = client.get(f"/declare/{kind}?package={package}").text
            assert value_of(filled, "package") == package


def test_discrepancy_is_explained_from_where_it_is_shown(manned: Farm) -> None:
    client = enter(manned, "Egret")
    for path in ("/alerts", "/stock"):
        (link,) = re.findall(r'href="(/declare/discrepancy_explained[^"]+)"', client.get(path).text)
        page = client.get(link).text
        assert f'<option value="{"0" * 32}" selected>GLY-0042 came back 120 g heavier' in page


def test_refusal_keeps_what_was_written_and_stands_beside_its_field(manned: Farm) -> None:
    client = enter(manned)
    answer = send(client, "use_declared", package="GLY-0042", used_g="lots", crop=HOSTILE)
    assert answer.status_code == 400
    assert manned.asked == []
    assert value_of(answer.text, "package") == "GLY-0042"
    assert value_of(answer.text, "used_g") == "lots"
    assert value_of(answer.text, "crop") == HOSTILE
    beside = answer.text[: answer.text.index('name="used_g"')].rpartition("<div")[2]
    assert "Must be a whole number from 1 to 2000000" in beside
    assert 'aria-describedby="f-used_g-e f-used_g-h" aria-invalid="true"' in answer.text
    assert 'role="alert"' in answer.text


def test_error_about_two_fields_is_in_words(manned: Farm) -> None:
    told = example("delivery_declared") | {"gross_g": "300", "tare_g": "310"}
    answer = send(enter(manned), "delivery_declared", **told)
    assert answer.status_code == 400
    assert "Weight now = 300 is not above Weight when empty = 310; weigh again" in answer.text


def test_double_click_is_one_event_with_one_answer(manned: Farm) -> None:
    client = enter(manned)
    page = client.get("/declare/use_declared").text
    told = {
        "id": hidden(page, "id"),
        "csrf": hidden(page, "csrf"),
        "package": "GLY-0042",
        "used_g": "5",
    }
    answers = [client.post("/declare/use_declared", data=told, headers=OWN) for _ in range(2)]
    assert answers[0].location == answers[1].location
    assert len(manned.asked) == 1
    other = client.post("/declare/use_declared", data=told | {"used_g": "6"}, headers=OWN)
    assert other.status_code == 409
    assert "This form was sent before, with other values, as event" in other.text
    assert value_of(other.text, "used_g") == "6"
    assert hidden(other.text, "id") != told["id"]
    assert len(manned.asked) == 1


@pytest.mark.parametrize("request_id", ["", "7", ID.replace("-4c", "-1c"), HOSTILE])
def test_id_that_no_form_made_is_refused(manned: Farm, request_id: str) -> None:
    client = enter(manned)
    csrf = hidden(client.get("/declare/use_declared").text, "csrf")
    told = {"id": request_id, "csrf": csrf, "package": "GLY-0042", "used_g": "5"}
    answer = client.post("/declare/use_declared", data=told, headers=OWN)
    assert answer.status_code == 400
    assert "must be a fresh UUID" in answer.text
    assert manned.asked == []


@pytest.mark.parametrize(
    ("csrf", "headers", "said"),
    [
        ("", OWN, "not of your session"),
        ("0" * 64, OWN, "not of your session"),
        (None, {"Origin": "https://evil.example"}, "not sent from this page"),
        (None, {}, "not sent from this page"),
    ],
)
def test_form_that_is_not_our_own_is_refused(
    manned: Farm, csrf: str | None, headers: dict[str, str], said: str
) -> None:
    client = enter(manned)
    page = client.get("/declare/use_declared").text
    own = hidden(page, "csrf") if csrf is None else csrf
    told = {"id": ID, "csrf": own, "package": "GLY-0042", "used_g": "5"}
    answer = client.post("/declare/use_declared", data=told, headers=headers)
    assert answer.status_code == 403
    assert said in answer.text
    assert manned.asked == []


def test_token_of_one_session_does_not_open_another(manned: Farm) -> None:
    app = manned.app()
    tokens = []
    for name in ("Heron", "Egret"):
        client = app.test_client()
        client.post("/sign-in", data={"name": name, "pin": PIN}, headers=OWN)
        tokens.append(hidden(client.get("/declare/use_declared").text, "csrf"))
    told = {"id": ID, "csrf": tokens[0], "package": "GLY-0042", "used_g": "5"}
    assert client.post("/declare/use_declared", data=told, headers=OWN).status_code == 403


def test_form_outlives_the_session_and_asks_for_the_pin_in_place(manned: Farm) -> None:
    client = enter(manned)
    page = client.get("/declare/use_declared").text
    manned.mono_s += 1000
    told = {
        "id": hidden(page, "id"),
        "csrf": hidden(page, "csrf"),
        "package": "GLY-0042",
        "used_g": "5",
    }
    answer = client.post("/declare/use_declared", data=told, headers=OWN)
    assert answer.status_code == 401
    assert "You are signed out. Sign in below; what you wrote is kept." in answer.text
    assert value_of(answer.text, "used_g") == "5"
    wrong = client.post(
        "/declare/use_declared", data=told | {"as": "Heron", "pin": "204618"}, headers=OWN
    )
    assert wrong.status_code == 401
    assert "204618" not in wrong.text
    assert manned.asked == []
    right = client.post(
        "/declare/use_declared", data=told | {"as": "Egret", "pin": PIN}, headers=OWN
    )
    assert right.status_code == 303
    assert manned.asked[0][1]["by"] == EGRET
    assert manned.asked[0][2] == told["id"]
    assert "as Egret" in client.get("/").text


def test_store_that_is_away_leaves_the_form_as_it_was(manned: Farm) -> None:
    client = enter(manned)
    page = client.get("/declare/use_declared").text
    own = {"id": hidden(page, "id"), "csrf": hidden(page, "csrf")}
    manned.is_away = True
    told = own | {"package": "GLY-0042", "used_g": "5"}
    answer = client.post("/declare/use_declared", data=told, headers=OWN)
    assert answer.status_code == 503
    assert "nothing was recorded" in answer.text
    assert value_of(answer.text, "used_g") == "5"
    assert hidden(answer.text, "id") == own["id"]
    manned.is_away = False
    assert client.post("/declare/use_declared", data=told, headers=OWN).status_code == 303


def test_refusal_of_the_vault_is_shown(manned: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise RefusedError("person/p7 was erased: use a new id")

    monkeypatch.setattr(Farm, "request", refuse)
    answer = send(enter(manned), "person_set", person="p7", alias="Kite")
    assert answer.status_code == 400
    assert "person/p7 was erased: use a new id" in answer.text
    assert value_of(answer.text, "alias") == "Kite"


def test_hostile_names_are_shown_as_they_are_written(manned: Farm) -> None:
    supplier = row("supplier", supplier="x", name=HOSTILE, cnpj="")
    product = row("product", gtin="07890000000017", name=HOSTILE)
    manned.tell("supplier_set", 70, {}, supplier, product)
    client = enter(manned)
    path = "/declare/delivery_declared"
    for page in (
        client.get(path, query_string={"lot": HOSTILE, "package": HOSTILE}).text,
        send(client, "delivery_declared", lot=HOSTILE).text,
    ):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert value_of(page, "lot") == HOSTILE
        assert "{{7*7}}" in unescape(page)


def test_new_person_has_an_id_and_a_known_one_begins_with_what_stands(manned: Farm) -> None:
    client = enter(manned)
    page = client.get("/declare/person_set").text
    assert UUID(value_of(page, "person")).version == 4
    assert f'<option value="{EGRET}">Egret</option>' in page
    again = client.get(f"/declare/person_set?person={EGRET}").text
    assert value_of(again, "person") == EGRET
    assert value_of(again, "alias") == "Egret"
    assert '<option value="operator" selected>' in again


def test_product_that_is_said_anew_begins_with_what_stands(manned: Farm) -> None:
    page = enter(manned).get("/declare/product_set?gtin=07891234567895").text
    assert value_of(page, "name") == "Glyphosate 480 SL"
    assert value_of(page, "density_g_per_l") == "1170"
    assert value_of(page, "tare_g") == ""


def test_form_needs_no_script_and_is_not_reloaded_under_the_hands(manned: Farm) -> None:
    page = enter(manned).get("/declare/use_declared").text
    assert "<script" not in page
    assert 'http-equiv="refresh"' not in page
    assert page.count("<label") >= page.count('<input id="') + page.count("<select")


@pytest.mark.parametrize("kind", ["openBox", "photo_viewed", "anchor_asked", "nope"])
def test_what_has_no_form_is_not_found(manned: Farm, kind: str) -> None:
    client = enter(manned)
    assert client.get(f"/declare/{kind}").status_code == 404
    assert client.post(f"/declare/{kind}", headers=OWN).status_code == 404


# --- corrections ---------------------------------------------------------------------------


RINSE: dict[str, Json] = {"package": "GLY-0043", "rinses": 2, "punctured": 1, "by": EGRET}


def declared(farm: Farm) -> str:
    seq = farm.request("rinse_declared", RINSE, ID)
    farm.asked.clear()
    return farm.reader.events(seq - 1, 1)[0].event_id


def test_correction_begins_with_what_was_said_and_says_all_of_it(manned: Farm) -> None:
    event_id, client = declared(manned), enter(manned)
    assert f'href="/declare/correction_declared?corrects={event_id}"' in client.get("/record").text
    page = client.get(f"/declare/correction_declared?corrects={event_id}").text
    assert value_of(page, "facts.package") == "GLY-0043"
    assert value_of(page, "facts.rinses") == "2"
    said = re.sub(r"<[^>]+>", " ", page.partition("said:")[2].partition("</dl>")[0]).split()
    assert " ".join(said) == "Package GLY-0043 Punctured yes Rinses 2 times"
    told = {"facts.package": "GLY-0043", "facts.rinses": "3", "facts.punctured": "1"}
    answer = send(
        client, "correction_declared", corrects=event_id, reason="counted wrongly", **told
    )
    assert answer.status_code == 303, answer.text
    assert manned.asked[0][1] == {
        "corrects": event_id,
        "reason": "counted wrongly",
        "by": HERON,
        "facts": RINSE | {"rinses": 3},  # by whom it was done stays
    }


def test_what_did_not_happen_is_withdrawn(manned: Farm) -> None:
    event_id = declared(manned)
    told = {"facts.package": "GLY-0043", "facts.rinses": "2", "withdraw": "1"}
    send(enter(manned), "correction_declared", corrects=event_id, reason="other can", **told)
    assert manned.asked[0][1] == {
        "corrects": event_id,
        "reason": "other can",
        "by": HERON,
        "withdraw": 1,
    }


def test_wrong_fact_of_a_correction_is_marked_inside(manned: Farm) -> None:
    event_id = declared(manned)
    told = {"facts.package": "GLY-0043", "facts.rinses": "many", "facts.punctured": "1"}
    answer = send(enter(manned), "correction_declared", corrects=event_id, reason="x", **told)
    assert answer.status_code == 400
    assert value_of(answer.text, "facts.rinses") == "many"
    beside = answer.text[: answer.text.index('name="facts.rinses"')].rpartition("<div")[2]
    assert "Must be a whole number from 0 to 20" in beside


def test_event_is_corrected_once_and_then_its_correction(manned: Farm) -> None:
    event_id, client = declared(manned), enter(manned)
    told = {"facts.package": "GLY-0043", "facts.rinses": "3", "facts.punctured": "1"}
    assert (
        send(client, "correction_declared", corrects=event_id, reason="x", **told).status_code
        == 303
    )
    again = send(client, "correction_declared", corrects=event_id, reason="y", **told)
    assert again.status_code == 400
    (second,) = re.findall(r"correct ([0-9a-f]{32}) instead", again.text)
    page = client.get(f"/declare/correction_declared?corrects={second}").text
    assert value_of(page, "facts.rinses") == "3"


@pytest.mark.parametrize("named", ["", "0" * 32, "x", HOSTILE])
def test_correction_of_nothing_asks_for_the_event(manned: Farm, named: str) -> None:
    page = enter(manned).get("/declare/correction_declared", query_string={"corrects": named}).text
    assert 'method="get" action="/declare/correction_declared"' in page
    assert "<script>alert" not in page


def test_everything_that_can_be_corrected_is_offered_in_the_record(manned: Farm) -> None:
    declared(manned)
    page = enter(manned).get("/record").text
    kinds = {one.kind for one in manned.reader.events() if one.kind in CORRECTABLE}
    assert page.count("Correct it") == len(kinds) == 1
