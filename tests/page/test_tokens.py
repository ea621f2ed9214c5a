"""Who may read the lists from another machine (requirement A56)."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.page.conftest import TOKEN, Farm

AWAY = {"REMOTE_ADDR": "192.168.1.20"}
ERP = "of-the-erp"


@pytest.fixture
def guarded(farm: Farm, tmp_path: Path) -> Farm:
    (tmp_path / "erp-token").write_text(f"{ERP}\n")
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
    for path in ("requests", "photos", "invoices"):
        answer = client.post(f"/api/v1/{path}", headers={"Authorization": f"Bearer {ERP}"})
        assert answer.status_code == 401


def test_without_a_credential_no_other_machine_reads(farm: Farm) -> None:
    client = farm.app().test_client()
    assert client.get("/api/v1/stock", environ_overrides=AWAY).status_code == 401
    for path in ("/healthz", "/api/v1/openapi.json"):
        assert client.get(path, environ_overrides=AWAY).status_code == 200
