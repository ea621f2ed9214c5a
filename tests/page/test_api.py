import hashlib
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fognode.errors import ConfigError, RefusedError
from fognode.events import REQUESTS, Json
from tests.page.conftest import HERON, NOW_MS, TOKEN, TX, Farm, package_row

ID = "3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77"
EXIT = {"package": "GLY-0042", "destination": "centre", "by": HERON}
BODY: dict[str, Any] = {"id": ID, "kind": "exit_declared", "facts": EXIT}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
LISTS = ("events", "packages", "alerts", "ledgers", "points", "stock", "invoices")


def post(client: FlaskClient, body: object, **headers: str) -> TestResponse:
    return client.post("/api/v1/requests", json=body, headers=BEARER | headers)


def test_events_come_in_order_with_the_hash_of_their_bytes(full: Farm) -> None:
    answer = full.app().test_client().get("/api/v1/events?after=1&limit=2").json
    assert answer is not None
    assert [event["seq"] for event in answer["events"]] == [2, 3]
    assert answer["next"] == 3
    entry = answer["events"][0]
    body = full.reader.events(1, 1)[0].body
    assert entry["leaf_hash"] == hashlib.sha256(b"\x00" + body).hexdigest()
    assert entry["kind"] == "newProductEntry"
    assert entry["happened_at_ms"] == NOW_MS - 580_000
    assert entry["facts"]["gross_g"] == 5840


def test_nothing_new_keeps_the_place(client: FlaskClient) -> None:
    assert client.get("/api/v1/events?after=8").json == {"events": [], "next": 8}


@pytest.mark.parametrize("name", LISTS)
def test_every_list_answers_on_an_empty_store(farm: Farm, name: str) -> None:
    answer = farm.app().test_client().get(f"/api/v1/{name}").json
    assert answer is not None
    assert (answer[name], answer["next"]) == ([], 0)


def test_rows_carry_their_hash_as_hex(client: FlaskClient) -> None:
    answer = client.get("/api/v1/packages?limit=500").json
    assert answer is not None
    assert {row["package"] for row in answer["packages"]} == {
        "GLY-0042",
        "GLY-0043",
        "ATR-0007",
        "ATR-0008",
    }
    assert all(re.fullmatch("[0-9a-f]{64}", row["hash"]) for row in answer["packages"])


def test_list_never_cuts_through_one_event(farm: Farm) -> None:
    rows = [package_row(f"P{n}", seq=7, tag=f"0000000{n}") for n in range(3)]
    farm.tell("node_started", 1, {}, package_row("A", seq=3), *rows, package_row("Z", seq=9))
    client = farm.app().test_client()
    first = client.get("/api/v1/packages?after=3&limit=2").json
    assert first is not None
    assert sorted(row["package"] for row in first["packages"]) == ["P0", "P1", "P2"]
    assert first["next"] == 7
    second = client.get("/api/v1/packages?after=7&limit=2").json
    assert second is not None
    assert [row["package"] for row in second["packages"]] == ["Z"]


def test_ledgers_tell_steps_guards_and_chains(client: FlaskClient) -> None:
    answer = client.get("/api/v1/ledgers").json
    assert answer is not None
    assert {row["tx_hash"] for row in answer["ledgers"] if row["state"] == "FINAL"} == {TX}
    assert [guard["chain"] for guard in answer["guards"]] == ["private"]
    assert [chain["behind"] for chain in answer["chains"]] == [0, 2]


def test_sensors_are_the_boards_as_heard(client: FlaskClient) -> None:
    answer = client.get("/api/v1/sensors").json
    assert answer is not None
    assert answer["now_ms"] == NOW_MS
    board = answer["sensors"][0]
    assert (board["board"], board["heard_s"], board["counters"]["frames"]) == ("cab01", 4, 812)
    assert board["sensors"][0]["last_value"] == 5840


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("after=-1", "after = '-1' must be a whole number from 0"),
        ("after=1_0", "after = '1_0'"),
        ("after=%2B1", "after = '+1'"),
        ("after=%D9%A7", "after = '\u0667'"),
        ("after=" + "9" * 5000, "after = '9999"),
        ("limit=0", "limit = '0' must be a whole number from 1 to 500"),
        ("limit=501", "limit = '501'"),
        ("limit=", "limit = ''"),
        ("before=3", "unknown parameters 'before'; known: after, limit"),
    ],
)
def test_bad_parameter_is_named(client: FlaskClient, query: str, said: str) -> None:
    for name in LISTS:
        answer = client.get(f"/api/v1/{name}?{query}")
        assert answer.status_code == 400
        assert said in answer.json["error"]  # type: ignore[index]
        assert len(answer.data) < 400


def test_sensors_refuse_parameters_they_would_ignore(client: FlaskClient) -> None:
    answer = client.get("/api/v1/sensors?after=3")
    assert answer.status_code == 400
    assert "'after'" in answer.text


def test_request_is_kept_and_answers_with_its_seq(full: Farm) -> None:
    client = full.app().test_client()
    answer = post(client, BODY)
    assert (answer.status_code, answer.json) == (200, {"seq": 9})
    assert full.asked == [("exit_declared", EXIT, ID)]
    kept = full.reader.newest(1)[0]
    assert (kept.kind, kept.origin, kept.facts) == ("exit_declared", f"q/{ID}", EXIT)


def test_same_request_twice_has_one_seq(full: Farm) -> None:
    client = full.app().test_client()
    assert [post(client, BODY).json, post(client, BODY).json] == [{"seq": 9}, {"seq": 9}]
    assert full.reader.head()[0] == 9


@pytest.mark.parametrize(
    "header", ["", TOKEN, "Bearer ", "Bearer wrong", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "é"]
)
def test_without_the_token_nothing_is_taken(full: Farm, header: str) -> None:
    answer = (
        full.app()
        .test_client()
        .post("/api/v1/requests", json=BODY, headers={"Authorization": header})
    )
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "control.token" in answer.json["error"]  # type: ignore[index]
    assert full.asked == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "the body is not JSON"),
        (b"{", "the body is not JSON"),
        (b"\xff", "the body is not JSON"),
        (b"[" * 60_000, "the body is not JSON"),
        (b'"text"', "must be an object"),
        (b'{"id": NaN, "kind": "exit_declared", "facts": {}}', "id = nan must be"),
    ],
)
def test_body_that_is_no_request_is_named(full: Farm, body: bytes, said: str) -> None:
    answer = (
        full.app()
        .test_client()
        .post("/api/v1/requests", data=body, headers=BEARER, content_type="application/json")
    )
    assert answer.status_code == 400
    assert said in answer.json["error"]  # type: ignore[index]
    assert full.asked == []


def test_wrong_fact_is_named_with_its_cure(client: FlaskClient) -> None:
    answer = post(client, BODY | {"facts": EXIT | {"destination": ""}})
    assert answer.status_code == 400
    assert answer.json == {"error": "destination = '' must be printable text on one line"}


def test_form_post_of_another_site_is_refused(full: Farm) -> None:
    answer = full.app().test_client().post("/api/v1/requests", data={"id": ID}, headers=BEARER)
    assert answer.status_code == 400
    assert "send application/json" in answer.json["error"]  # type: ignore[index]


def test_body_over_64_kib_is_refused(full: Farm) -> None:
    answer = post(full.app().test_client(), BODY | {"facts": {"package": "x" * 65_536}})
    assert answer.status_code == 413
    assert full.asked == []


def test_request_while_the_store_is_away_may_be_sent_again(full: Farm) -> None:
    client = full.app().test_client()
    full.is_away = True
    answer = post(client, BODY)
    assert answer.status_code == 503
    assert answer.json == {"error": "the store is away; send it again later"}
    full.is_away = False
    assert post(client, BODY).status_code == 200


@pytest.mark.parametrize("error", [ConfigError, RefusedError])
def test_request_that_the_vault_refuses_is_400_with_its_words(
    full: Farm, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise error("names need the credential vault-master")

    monkeypatch.setattr(Farm, "request", refuse)
    answer = post(full.app().test_client(), BODY)
    assert answer.status_code == 400
    assert answer.json == {"error": "names need the credential vault-master"}


def test_health_tells_that_the_record_can_be_used(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json is not None
    assert (answer.json["ok"], answer.json["store"], answer.json["head"]) == (1, "ok", 8)
    assert answer.json["boards"] == {"cab01": "heard", "gate1": "heard"}
    assert answer.json["chains"] == {"private": "OK", "public": "OK"}


def test_health_is_503_while_the_store_is_away(full: Farm) -> None:
    full.lose_store()
    answer = full.app().test_client().get("/healthz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert (answer.json["ok"], answer.json["store"]) == (0, "away")
    assert answer.json["store_since_ms"] == NOW_MS - 60_000


def test_description_names_every_route_and_kind(full: Farm) -> None:
    """A16."""
    app = full.app()
    told = app.test_client().get("/api/v1/openapi.json").json
    assert told is not None
    routes = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")}
    assert set(told["paths"]) == routes - {"/api/v1/openapi.json"} | {"/healthz"}
    schema = told["paths"]["/api/v1/requests"]["post"]["requestBody"]["content"]
    kinds = [
        one["properties"]["kind"]["const"] for one in schema["application/json"]["schema"]["oneOf"]
    ]
    assert sorted(kinds) == sorted(REQUESTS)
    limit = told["paths"]["/api/v1/events"]["get"]["parameters"][1]["schema"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 500, 100)


# --- photos ------------------------------------------------------------------------------

JPEG = b"\xff\xd8\xff\xe0 an empty can"
ABOUT = f"id={ID}&about=GLY-0042&by={HERON}&purpose=rinse"


def send(client: FlaskClient, content: bytes, query: str = ABOUT) -> TestResponse:
    return client.post(f"/api/v1/photos?{query}", data=content, headers=BEARER)


def test_photo_is_kept_and_answers_with_its_id(full: Farm) -> None:
    client = full.app().test_client()
    first = send(client, JPEG, f"{ABOUT}&taken_at_ms={NOW_MS}")
    assert first.status_code == 201
    told = full.reader.newest(1)[0]
    assert first.json == {"photo": told.text("photo"), "seq": told.seq}
    assert told.kind == "photo_kept"
    assert told.number("taken_at_ms") == NOW_MS
    again = send(client, JPEG, ABOUT.replace("4c55", "4c56"))
    assert (again.status_code, again.json) == (200, first.json)
    assert full.reader.newest(1)[0].seq == told.seq


@pytest.mark.parametrize(
    ("query", "content", "said"),
    [
        (ABOUT, b"", "the picture has 0 bytes"),
        (ABOUT, b"GIF89a", "send a JPEG, PNG or WebP picture"),
        (ABOUT.replace(ID, "7"), JPEG, "id = '7' must be a fresh UUID"),
        (ABOUT.replace("rinse", "fun"), JPEG, "purpose = 'fun' must look like 'rinse'"),
        (ABOUT.replace("&by=", "&bye="), JPEG, "unknown facts ['bye']"),
        (f"id={ID}&about=p&purpose=rinse", JPEG, "missing facts: by"),
        (ABOUT + "&taken_at_ms=1e3", JPEG, "taken_at_ms = '1e3' must be a whole number"),
        (ABOUT + "&taken_at_ms=7", JPEG, "taken_at_ms = 7 must be a whole number from"),
    ],
)
def test_bad_photo_is_refused_by_name(full: Farm, query: str, content: bytes, said: str) -> None:
    answer = send(full.app().test_client(), content, query)
    assert answer.status_code == 400
    assert said in answer.json["error"]  # type: ignore[index]
    assert not (full.config.folder / "photos").exists()


def test_photo_needs_the_token_and_a_store(full: Farm) -> None:
    answer = full.app().test_client().post(f"/api/v1/photos?{ABOUT}", data=JPEG)
    assert answer.status_code == 401
    full.lose_store()
    assert send(full.app().test_client(), JPEG).status_code == 503


def test_photo_may_be_longer_than_a_declaration_but_not_without_end(full: Farm) -> None:
    client = full.app().test_client()
    assert send(client, JPEG + bytes(100_000)).status_code == 201
    long = JPEG + bytes(8 * 1024 * 1024)
    assert send(client, long, ABOUT.replace("4c55", "4c56")).status_code == 413
    assert post(client, BODY | {"kind": "x" * 70_000}).status_code == 413


# --- corrections -------------------------------------------------------------------------

RINSED: dict[str, Json] = {"package": "GLY-0042", "rinses": 2, "punctured": 1, "by": HERON}
FIXED: dict[str, Json] = {**RINSED, "rinses": 3}


def correct(client: FlaskClient, number: int, corrects: str, **said: object) -> TestResponse:
    facts = {"corrects": corrects, "reason": "counted wrongly", "by": HERON, **said}
    request_id = f"3f2b8f3e-7d9a-4c55-9d0e-{number:012x}"
    return post(client, {"id": request_id, "kind": "correction_declared", "facts": facts})


@pytest.fixture
def rinsed(full: Farm) -> str:
    """The event_id of a declaration that will be corrected."""
    full.tell("rinse_declared", 9, dict(RINSED))
    return full.reader.newest(1)[0].event_id


def test_correction_is_kept_with_all_facts_and_may_be_sent_twice(full: Farm, rinsed: str) -> None:
    client = full.app().test_client()
    assert correct(client, 1, rinsed, facts=FIXED).json == {"seq": 10}
    assert correct(client, 1, rinsed, facts=FIXED).json == {"seq": 10}
    standing = full.reader.corrected([rinsed])[rinsed]
    assert (standing.by.seq, standing.facts, standing.withdrawn) == (10, FIXED, False)


def test_correction_is_itself_corrected_and_never_passed_over(full: Farm, rinsed: str) -> None:
    client = full.app().test_client()
    assert correct(client, 1, rinsed, facts=FIXED).status_code == 200
    first = full.reader.newest(1)[0].event_id
    said = correct(client, 2, rinsed, withdraw=1).json
    wanted = f"event 9 is already corrected by event 10: correct {first} instead"
    assert said == {"error": wanted}
    assert correct(client, 3, first, facts=RINSED).status_code == 200
    assert full.reader.corrected([rinsed])[rinsed].facts == RINSED
    second = full.reader.newest(1)[0].event_id
    assert correct(client, 4, second, withdraw=1).status_code == 200
    assert full.reader.corrected([rinsed])[rinsed].facts == FIXED


@pytest.mark.parametrize(
    ("corrects", "said", "why"),
    [
        ("00" * 16, {"withdraw": 1}, "the record has no such event"),
        ("event 9", {"withdraw": 1}, "corrects = 'event 9' must look like"),
        ("openBox", {"withdraw": 1}, "event 3 is openBox; correctable are batch_declared"),
        ("person_set", {"withdraw": 1}, "event 1 is person_set; correctable are"),
        ("rinsed", {}, "either facts, all of them, or withdraw = 1"),
        ("rinsed", {"withdraw": 1, "facts": FIXED}, "either facts, all of them, or withdraw"),
        ("rinsed", {"withdraw": 0}, "withdraw = 0 must be a whole number from 1 to 1"),
        ("rinsed", {"facts": []}, "facts = [] must be an object of facts"),
        ("rinsed", {"facts": {"rinses": 3}}, "facts of a rinse_declared: missing facts: by"),
        ("rinsed", {"facts": FIXED | {"rinses": 99}}, "rinses = 99 must be a whole number"),
        ("rinsed", {"facts": FIXED | {"colour": "red"}}, "unknown facts ['colour']"),
    ],
)
def test_correction_of_nothing_or_to_nonsense_is_refused(
    full: Farm, rinsed: str, corrects: str, said: dict[str, object], why: str
) -> None:
    ids = {told.kind: told.event_id for told in full.reader.events()}
    answer = correct(
        full.app().test_client(), 1, (ids | {"rinsed": rinsed}).get(corrects, corrects), **said
    )
    assert answer.status_code == 400
    assert why in answer.json["error"]  # type: ignore[index]
    assert full.reader.corrected(ids.values()) == {}
