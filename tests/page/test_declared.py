import re
from typing import Any

import pytest

from fognode.events import CORRECTABLE, REQUESTS, Kind
from fognode.page.declarations import DECLARATIONS, PHOTO_FACTS, TABLES
from fognode.page.declared import check_photo, check_request

ID = "3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77"
DELIVERY: dict[str, Any] = {
    "package": "GLY-0042",
    "gtin": "07891234567895",
    "serial": "S1",
    "lot": "L7",
    "expires_on": "2027-12-31",
    "invoice": "NF-1234",
    "tag": "04A1B2C3",
    "gross_g": 5840,
    "tare_g": 310,
    "source": "AgroSul",
    "site": "cab1",
    "by": ID,
}


def request(kind: str = "delivery_declared", **changed: Any) -> dict[str, Any]:
    return {"id": ID, "kind": kind, "facts": DELIVERY | changed}


def test_every_request_kind_has_its_table() -> None:
    assert set(DECLARATIONS) == set(REQUESTS)


def test_whole_delivery_is_taken_as_it_is() -> None:
    asked = check_request(request())
    assert (asked.request_id, asked.kind, asked.facts) == (ID, "delivery_declared", DELIVERY)


def test_optional_facts_may_be_absent() -> None:
    facts = {"gtin": "78912348", "name": "Óleo", "packaging": "rigid"}
    assert check_request({"id": ID.upper(), "kind": "product_set", "facts": facts}).request_id == ID


def test_text_is_kept_in_one_spelling() -> None:
    asked = check_request(request(source="Sa\u0303o Paulo"))
    assert asked.facts["source"] == "S\u00e3o Paulo"


@pytest.mark.parametrize(
    ("fact", "value", "said"),
    [
        ("package", "", "package = ''"),
        ("package", "x" * 61, "package has 61 characters; write at most 60"),
        ("package", 42, "package = 42 must be text"),
        ("package", "a\nb", "must be printable text on one line"),
        ("package", "\ud800", "must be printable text on one line"),
        ("gtin", "789", "gtin = '789' must look like '07891234567895'"),
        ("gtin", "\u0667" * 8, "must look like"),
        ("expires_on", "2027-02-30", "expires_on = '2027-02-30' is not a day of the calendar"),
        ("expires_on", "31/12/2027", "must look like '2027-12-31'"),
        ("tag", "04A1B2", "tag = '04A1B2' must look like '04A1B2C3'"),
        ("gross_g", "5840", "gross_g = '5840' must be a whole number from 1 to 2000000"),
        ("gross_g", True, "gross_g = True must be a whole number"),
        ("gross_g", 5840.5, "gross_g = 5840.5 must be a whole number"),
        ("gross_g", float("nan"), "gross_g = nan must be a whole number"),
        ("gross_g", 10**400, "must be a whole number from 1 to 2000000"),
        ("gross_g", 310, "gross_g = 310 is not above tare_g = 310"),
        ("colour", "red", "unknown facts ['colour']"),
    ],
)
def test_wrong_value_is_named_with_its_cure(fact: str, value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        check_request(request(**{fact: value}))
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("missing", sorted(DELIVERY.keys() - {"gross_g", "tare_g"}))
def test_missing_fact_is_named(missing: str) -> None:
    facts = {name: value for name, value in DELIVERY.items() if name != missing}
    with pytest.raises(ValueError, match=f"missing facts: {missing}"):
        check_request({"id": ID, "kind": "delivery_declared", "facts": facts})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([], "must be an object with exactly"),
        ({"id": ID, "kind": "exit_declared"}, "must be an object with exactly"),
        (request() | {"id": "7"}, "id = '7' must be a fresh UUID of version 4"),
        (request() | {"id": ID.replace("-4c", "-1c")}, "must be a fresh UUID of version 4"),
        (
            request("openBox"),
            "kind = 'openBox' cannot be declared; known: anchor_asked, badge_revoked",
        ),
        (request() | {"kind": ["exit_declared"]}, "cannot be declared"),
        (request() | {"facts": []}, "facts = [] must be an object"),
    ],
)
def test_wrong_envelope_is_named(body: object, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        check_request(body)


PERSON = {"person": ID, "alias": "Heron", "badge": "04A1B2C3"}


@pytest.mark.parametrize(
    "personal",
    [
        {},
        {"name": "Ana S\u00e3o Jo\u00e3o"},
        {"cpf": "12345678909", "phone": "66 99999-0000"},
        {"cpf": "123.456.789-09", "phone": "+55 (66) 99999-0000"},
    ],
)
def test_person_may_be_declared_with_what_will_be_sealed(personal: dict[str, str]) -> None:
    asked = check_request({"id": ID, "kind": "person_set", "facts": PERSON | personal})
    assert asked.facts == PERSON | personal


@pytest.mark.parametrize(
    "wrong",
    [
        {"cpf": "1234567890"},
        {"cpf": "123.456.78909"},
        {"phone": "call me"},
        {"name": ""},
        {"sealed": "00" * 60},  # only the vault makes it
    ],
)
def test_wrong_personal_value_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        check_request({"id": ID, "kind": "person_set", "facts": PERSON | wrong})


def test_erasing_needs_a_reason() -> None:
    facts = {"person": ID, "reason": "left the farm"}
    assert check_request({"id": ID, "kind": "person_erased", "facts": facts}).facts == facts
    with pytest.raises(ValueError, match="missing facts: reason"):
        check_request({"id": ID, "kind": "person_erased", "facts": {"person": ID}})


def test_examples_in_the_table_pass_their_own_checks() -> None:
    for table in DECLARATIONS.values():
        for name, field in table.items():
            if hasattr(field, "example"):
                assert field.check(name, field.example) == field.example


def test_fields_of_a_photo_pass_their_own_checks_and_a_declaration_has_no_picture() -> None:
    asked = {
        name: field.example for name, field in PHOTO_FACTS.items() if hasattr(field, "example")
    }
    checked = check_photo({"id": ID.upper(), **asked})
    assert (checked.request_id, checked.kind, checked.facts) == (ID, "photo_kept", asked)
    with pytest.raises(ValueError, match="cannot be declared"):
        check_request({"id": ID, "kind": "photo_kept", "facts": asked})


def test_everything_that_can_be_corrected_has_a_table_of_facts() -> None:
    assert set(TABLES) >= CORRECTABLE
    assert Kind.CORRECTION_DECLARED not in CORRECTABLE  # what it corrects in the end is asked


def test_a_batch_names_its_packages_as_a_list_or_with_commas() -> None:
    batch = {"batch": "B-1", "destination": "centre", "by": "ana"}
    for packages in (["P 1", "P 2"], "P 1, P 2"):
        body = {"id": ID, "kind": "batch_declared", "facts": {**batch, "packages": packages}}
        assert check_request(body).facts["packages"] == ["P 1", "P 2"]
    for wrong in ([], "", [7], ["P", ""], {"P": 1}, ["P"] * 501):
        body = {"id": ID, "kind": "batch_declared", "facts": {**batch, "packages": wrong}}
        with pytest.raises(ValueError, match="packages"):
            check_request(body)
