from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from fognode.errors import StoreError
from fognode.events import Json
from fognode.page.choices import choices_for
from fognode.page.declarations import DECLARATIONS
from fognode.page.forms import Choices
from fognode.page.live import Desk
from tests.page.conftest import EGRET, HERON, NOW_MS, Farm, known_people, opening_row, row


@pytest.fixture
def manned(full: Farm) -> Farm:
    known_people(full)
    return full


def offered(farm: Farm, kind: str) -> Choices:
    desk = Desk(
        config=farm.config,
        reader=farm.reader,
        live=lambda: farm.live,
        request_event=farm.request,
        keep_events=farm.keep_all,
        photos=farm.photos(),
        pins=farm.pins(),
        mono_s=lambda: 0.0,
        token="t",
    )
    return choices_for(desk, kind, DECLARATIONS[kind])


def test_people_and_cabinets_are_chosen_and_nobody_who_was_erased(manned: Farm) -> None:
    manned.tell("person_erased", 70, {}, row("person", person="p4", alias="erased person"))
    people = dict(offered(manned, "rinse_declared").only["witness"])
    assert people[HERON] == "Heron"
    assert people[EGRET] == "Egret"
    assert "p4" not in people
    assert offered(manned, "scale_checked").only["cabinet"] == [("cab1", "Main cabinet")]


def test_packages_are_offered_with_product_and_state_and_may_be_typed(manned: Farm) -> None:
    choices = offered(manned, "use_declared")
    assert dict(choices.known["package"])["GLY-0043"] == "Glyphosate 480 SL, empty"
    assert "package" not in choices.only
    assert "package" not in offered(manned, "delivery_declared").known  # it is a new one


def test_places_suppliers_and_products_are_known_by_name(manned: Farm) -> None:
    supplier = row("supplier", supplier="agrosul", name="AgroSul Ltda")
    manned.tell("supplier_set", 71, {}, supplier)
    manned.tell("invoice_read", 71, {}, row("invoice", invoice="NF-9", supplier="Outra"))
    offer = offered(manned, "delivery_declared")
    known = offer.known
    assert dict(offer.only["site"]) == {"cab1": "Main cabinet", "gate": "Gate"}
    assert offer.only["source"] == [("AgroSul Ltda", "AgroSul Ltda"), ("Outra", "Outra")]
    assert dict(known["gtin"])["07891234567895"] == "Glyphosate 480 SL"
    assert offered(manned, "defective_declared").known["supplier"] == [("agrosul", "AgroSul Ltda")]


def test_open_discrepancies_and_newest_openings_are_chosen(manned: Farm) -> None:
    told = offered(manned, "discrepancy_explained").only["discrepancy"]
    assert told == [("0" * 32, "GLY-0042 came back 120 g heavier than it left.")]
    for number in range(2, 40):
        manned.tell("box_closed", 100 + number, {}, opening_row(number, ""))
    openings = offered(manned, "opening_reviewed").only["opening"]
    assert len(openings) == 30
    assert openings[0] == (f"{39:032x}", "Main cabinet, 2026-09-21 14:37")


def test_photos_are_offered_by_what_they_show(manned: Farm) -> None:
    facts: dict[str, Json] = {"photo": "ab" * 32, "about": "GLY-0043", "purpose": "rinse"}
    manned.tell("photo_kept", 72, facts)
    assert offered(manned, "rinse_declared").known["photo"] == [
        ("ab" * 32, "GLY-0043, rinse, 2026-09-21 14:15")
    ]


def test_person_that_is_said_anew_is_known_and_not_chosen(manned: Farm) -> None:
    choices = offered(manned, "person_set")
    assert "person" not in choices.only
    assert (HERON, "Heron") in choices.known["person"]
    assert "badge" not in choices.known


def test_each_value_is_offered_once(manned: Farm) -> None:
    rows = [row("batch", batch=f"B-{n}", destination="centre", left_at_ms=NOW_MS) for n in (1, 2)]
    manned.tell("batch_declared", 73, {}, *rows)
    assert offered(manned, "exit_declared").known["destination"] == [("centre", "centre")]


def test_store_that_is_away_is_said(manned: Farm) -> None:
    manned.lose_store()
    with pytest.raises(StoreError):
        offered(manned, "use_declared")


def test_cabinet_without_configuration_can_be_typed(manned: Farm, client: FlaskClient) -> None:
    assert client.get("/").status_code == 200
    manned.config = replace(manned.config, cabinets=())
    assert "cabinet" not in offered(manned, "scale_checked").only
