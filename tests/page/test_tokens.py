"""Who may read the lists from another machine (requirement A56)."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.page.conftest import HERON, TOKEN, Farm

AWAY = {"REMOTE_ADDR": "192.168.1.20"}
ERP, WRITER = "of-the-erp", "of-the-erp-that-writes"
WRITES = {"Authorization": f"Bearer {WRITER}"}
SUPPLIER = {"supplier": "agrosul", "name": "AgroSul Ltda", "by": HERON}
ID = "3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77"


@pytest.fixture
def guarded(farm: Farm, tmp_path: Path) -> Farm:
    (tmp_path / "erp-token").write_text(f"{ERP}\n")
    (tmp_path / "erp-writer").write_text(f"{WRITER}\n")
    farm.config = replace(farm.config, credentials=tmp_path)
    return farm


@pytest.mark.parametrize(
    ("offered", "status"),
    [
        (f"Bearer {ERP}", 200),
        (f"Bearer {TOKEN}", 200),
        ("Bearer x", 401),
        ("", 401),
        ("Bearer ", 401),
    ],
)
def test_from_another_machine_a_list_takes_a_token(
    guarded: Farm, offered: str, status: int
) -> None:
    client = guarded.app().test_client()
    for path in ("events", "stock", "ledgers", "sensors"):
        asked = client.get(
            f"/api/v1/{path}", headers={"Authorization": offered}, environ_overrides=AWAY
        )
        assert asked.status_code == status


def test_on_the_node_itself_none_is_needed_but_through_a_proxy_it_is(guarded: Farm) -> None:
    client = guarded.app().test_client()
    assert client.get("/api/v1/stock").status_code == 200
    passed_on = {"X-Forwarded-For": "10.0.0.9"}
    assert client.get("/api/v1/stock", headers=passed_on).status_code == 401


def test_the_reader_s_token_writes_nothing(guarded: Farm) -> None:
    client = guarded.app().test_client()
    for path in ("requests", "photos", "invoices", "register?by=x"):
        answer = client.post(f"/api/v1/{path}", headers={"Authorization": f"Bearer {ERP}"})
        assert answer.status_code == 401


def test_the_writer_s_token_writes_master_data_from_another_machine(guarded: Farm) -> None:
    client, body = guarded.app().test_client(), {"id": ID, "kind": "supplier_set"}
    answer = client.post(
        "/api/v1/requests",
        json=body | {"facts": SUPPLIER},
        headers=WRITES,
        environ_overrides=AWAY,
    )
    assert (answer.status_code, answer.json) == (200, {"seq": 1})
    ((kind, facts, _),) = guarded.asked
    assert (kind, facts["by"]) == ("supplier_set", HERON)
    nobodys = {"supplier": "agronorte", "name": "AgroNorte"}
    answer = client.post("/api/v1/requests", json=body | {"facts": nobodys}, headers=WRITES)
    assert (answer.status_code, "say whose word" in answer.text) == (400, True)


def test_the_writer_s_token_writes_nothing_else_and_reads_nothing(guarded: Farm) -> None:
    client = guarded.app().test_client()
    exit_facts = {"package": "GLY-0042", "destination": "centre", "by": HERON}
    left = {"id": ID, "kind": "exit_declared", "facts": exit_facts}
    answer = client.post("/api/v1/requests", json=left, headers=WRITES)
    assert (answer.status_code, "not exit_declared" in answer.text) == (403, True)
    person = "kind,person,alias\nperson_set,boss-9,Boss\n"
    answer = client.post(f"/api/v1/register?by={HERON}", data=person, headers=WRITES)
    assert (answer.status_code, "not person_set" in answer.text) == (403, True)
    for path in ("photos", "invoices"):
        assert client.post(f"/api/v1/{path}", headers=WRITES).status_code == 401
    stock = client.get("/api/v1/stock", headers=WRITES, environ_overrides=AWAY)
    assert stock.status_code == 401
    assert (guarded.asked, guarded.reader.events(0)) == ([], [])


def test_without_a_credential_no_other_machine_reads(farm: Farm) -> None:
    client = farm.app().test_client()
    assert client.get("/api/v1/stock", environ_overrides=AWAY).status_code == 401
    for path in ("/healthz", "/api/v1/openapi.json"):
        assert client.get(path, environ_overrides=AWAY).status_code == 200
