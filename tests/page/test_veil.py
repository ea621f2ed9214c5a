"""Badges are for who is signed in or has a token; pages elsewhere for who is signed in."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from fognode.page.live import Line, Sensor
from fognode.page.veil import HIDDEN, Veiled
from tests.page.conftest import (
    HERON,
    OWN,
    PIN,
    TOKEN,
    Farm,
    alert_row,
    known_people,
    package_row,
    row,
)

ANA, OLD, STRANGER, ON_PACKAGE = "B0A1C2D3", "04FFEE0211AA22", "B0A1C2D9", "04A1B2C3"
SECRETS = (ANA, OLD, STRANGER)
AWAY = {"REMOTE_ADDR": "192.168.1.20"}
ERP = "of-the-erp"
PAGES = ("/record", "/record?kind=tag_in", "/alerts", "/sensors", "/stock", "/", "/declare")
LISTS = ("events", "people", "badges", "alerts", "discrepancies", "sensors", "packages")


@pytest.fixture
def badged(full: Farm, tmp_path: Path) -> Farm:
    """A farm with a badge, one that was revoked, and a tag that nobody knows."""
    known_people(full)
    (tmp_path / "erp-token").write_text(f"{ERP}\n")
    full.config = replace(full.config, credentials=tmp_path)
    full.tell(
        "person_set",
        60,
        {"person": "p9", "alias": "Ana", "badge": ANA.lower()},
        row("person", person="p9", alias="Ana", badge=ANA, as_of_seq=60),
        row("badge", held="1", badge=ANA, person="p9", as_of_seq=60),
        row("badge", held="2", badge=OLD, person="p9", reason="lost", as_of_seq=60),
    )
    for number, tag in enumerate((*SECRETS, ON_PACKAGE)):
        full.tell("tag_in", 61 + number, {"tag": tag, "place": "cab1", "board": "cab01"})
    words = f"tag {STRANGER} in cab1 belongs to no package and no person"
    spoken: dict[str, Any] = {
        "discrepancy": "ab" * 16,
        "rule": "unknown_tag",
        "text": words,
        "state": "open",
        "as_of_seq": 66,
    }
    alarm = alert_row(66, fingerprint=f"unknown_tag/cab1/{STRANGER}", text=words)
    full.tell(
        "discrepancy_found",
        66,
        {"tag": STRANGER, "text": words},
        row("discrepancy", **spoken),
        alarm,
    )
    full.tell("rejected", 67, {"reason": "the badge is in use", "value": OLD})
    revoked = f"revoked badge {OLD} of Ana was shown in cab1"
    full.tell("sensorAlert", 68, {"text": revoked}, alert_row(68, text=revoked))
    nested = {"corrects": "ab" * 16, "reason": "typo", "facts": {"alias": "Ana", "badge": ANA}}
    full.tell("correction_declared", 69, nested)  # type: ignore[arg-type]  # plain JSON
    full.tell("delivery_declared", 70, {"package": "P-1", "tag": ANA, "serial": "20270630"})
    full.tell("tag_bound", 71, {"package": "P-2", "tag": ON_PACKAGE, "reason": "new tag"})
    reader = Sensor(name="T1", type="tag", last_value=ANA, heard_s=2)
    full.live = replace(full.live, lines=(Line(board="cab01", heard_s=2, sensors=(reader,)),))
    return full


def read(client: FlaskClient, **more: str) -> dict[str, str]:
    paths = [*PAGES, *(f"/live?path={path}" for path in PAGES[:4])]
    paths += [f"/api/v1/{name}" for name in LISTS]
    paths += [f"/api/v1/{name}?format=csv" for name in ("people", "badges", "alerts")]
    found = {path: client.get(path, headers=more) for path in paths}
    assert {answer.status_code for answer in found.values()} == {200}
    return {path: answer.text.upper() for path, answer in found.items()}


def test_no_page_and_no_list_shows_a_badge_to_whoever_is_not_signed_in(badged: Farm) -> None:
    told = read(badged.app().test_client())
    assert [(path, uid) for path, text in told.items() for uid in SECRETS if uid in text] == []
    for path in ("/record?kind=tag_in", "/sensors", "/api/v1/people", "/api/v1/badges"):
        assert HIDDEN.upper() in told[path]
    assert "TAG HIDDEN IN CAB1 BELONGS TO NO PACKAGE" in told["/alerts"]
    # What is no badge stays: a package's tag, and numbers that look like one.
    assert ON_PACKAGE in told["/api/v1/packages"]
    assert ON_PACKAGE in told["/api/v1/events"]
    assert "20270630" in told["/api/v1/events"]


def test_who_is_signed_in_or_has_a_token_reads_them(badged: Farm) -> None:
    client = badged.app().test_client()
    for token in (TOKEN, ERP):
        lists = read(client, Authorization=f"Bearer {token}")
        assert ANA in lists["/api/v1/people"]
        assert OLD in lists["/api/v1/badges"]
    assert ANA not in read(client, Authorization="Bearer wrong")["/api/v1/events"]
    client.post("/sign-in", data={"name": "Ibis", "pin": PIN}, headers=OWN)
    told = read(client)
    assert all(uid in told["/record?kind=tag_in"] for uid in SECRETS)
    assert ANA in told["/sensors"]


def test_form_that_comes_back_to_who_is_not_signed_in_offers_no_badge(badged: Farm) -> None:
    client = badged.app().test_client()
    wrong = {"as": "Heron", "pin": "000000", "badge": "", "reason": "lost"}
    page = client.post("/declare/badge_revoked", data=wrong, headers=OWN)
    assert page.status_code == 401
    assert ANA not in page.text


def test_while_the_store_is_away_no_tag_is_shown(badged: Farm) -> None:
    badged.lose_store()
    page = badged.app().test_client().get("/sensors")
    assert page.status_code == 503
    assert ANA not in page.text


def test_another_machine_is_asked_to_sign_in_and_still_gets_the_safety_sheet(badged: Farm) -> None:
    (badged.config.folder / "safety.html").write_text("<p>first aid</p>")
    client = badged.app().test_client()
    for path in ("/", "/record?kind=openBox", "/packages/GLY-0042", "/statement", "/alerts"):
        answer = client.get(path, environ_overrides=AWAY)
        assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/sign-in")
    assert client.get("/live?path=/record", environ_overrides=AWAY).status_code == 401
    for path in ("/safety", "/sign-in", "/declare", "/healthz"):
        assert client.get(path, environ_overrides=AWAY).status_code == 200
    form = {"name": "Ibis", "pin": PIN, "next": "/record?kind=openBox"}
    entered = client.post("/sign-in", data=form, headers=OWN, environ_overrides=AWAY)
    assert entered.location == "/record?kind=openBox"
    for path in ("/", "/record", "/live?path=/record"):
        assert client.get(path, environ_overrides=AWAY).status_code == 200


def test_from_another_machine_turning_pages_keeps_a_session_and_polling_does_not(
    badged: Farm,
) -> None:
    client = badged.app().test_client()
    form = {"name": "Ibis", "pin": PIN}
    client.post("/sign-in", data=form, headers=OWN, environ_overrides=AWAY)
    for _ in range(3):
        badged.mono_s += 600
        assert client.get("/stock", environ_overrides=AWAY).status_code == 200
    for _ in range(2):
        badged.mono_s += 600
        status = client.get("/live?path=/stock", environ_overrides=AWAY).status_code
    assert status == 401


def test_what_is_hidden_is_asked_anew_at_each_call(badged: Farm) -> None:
    sees = False
    veiled = Veiled(badged.reader, lambda: sees)
    person = veiled.rows("person", {"person": "p9"})[0]
    assert (person["badge"], person["hash"]) == (HIDDEN, b"")
    assert veiled.rows("person", {"person": HERON})[0]["badge"] == ""
    sees = True
    assert veiled.rows("person", {"person": "p9"})[0]["badge"] == ANA
    assert veiled.rows("package")[0] == badged.reader.rows("package")[0]
    assert package_row("x").values["tag"] == ON_PACKAGE
