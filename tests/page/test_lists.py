"""The lists of the derived tables, as JSON and as CSV (requirement A56)."""

import csv
import io

import pytest

from fognode.page.lists import TABLES, to_csv
from fognode.store.derived import DERIVED
from tests.page.conftest import Farm, row

INNER = {  # what the node keeps for itself
    "cursor",
    "board",
    "mail_outbox",
    "chain_guard",
    "partner_outbox",
    "gov_outbox",
}


def test_every_table_that_is_not_the_node_s_own_has_a_list() -> None:
    assert set(TABLES.values()) | {"chain_outbox"} | INNER == {table.name for table in DERIVED}


def test_a_list_comes_a_piece_at_a_time(farm: Farm) -> None:
    rows = [row("stock", package=f"P{n}", net_g=n, as_of_seq=n) for n in (1, 2, 3)]
    farm.tell("node_started", 1, {}, *rows)
    client = farm.app().test_client()
    first = client.get("/api/v1/stock?limit=2").json
    assert first is not None
    assert ([one["package"] for one in first["stock"]], first["next"]) == (["P1", "P2"], 2)
    rest = client.get("/api/v1/stock?after=2&limit=2").json
    assert rest is not None
    assert ([one["net_g"] for one in rest["stock"]], rest["next"]) == ([3], 3)


@pytest.mark.parametrize("name", TABLES)
def test_every_list_is_a_table_of_a_spreadsheet_too(farm: Farm, name: str) -> None:
    answer = farm.app().test_client().get(f"/api/v1/{name}?format=csv")
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "text/csv", b"")
    assert answer.headers["Fognode-Next"] == "0"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}.csv"'


def test_the_table_is_read_back_as_it_was_told(farm: Farm) -> None:
    told = row("supplier", supplier="s", name='Agro, "Sul"\u00e7', cnpj="-7", as_of_seq=4)
    farm.tell("node_started", 1, {}, told)
    answer = farm.app().test_client().get("/api/v1/suppliers?format=csv")
    assert answer.data.count(b"\r\n") == 2
    (back,) = csv.DictReader(io.StringIO(answer.data.decode("utf-8"), newline=""))
    assert (back["name"], back["cnpj"]) == ('Agro, "Sul"\u00e7', "'-7")
    assert answer.headers["Fognode-Next"] == "4"


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(begin: str) -> None:
    (_, (text, number)) = csv.reader(
        io.StringIO(to_csv([{"text": f"{begin}1+1", "number": -7}]), newline="")
    )
    assert (text, number) == (f"'{begin}1+1", "-7")


def test_another_format_is_refused(farm: Farm) -> None:
    answer = farm.app().test_client().get("/api/v1/stock?format=xlsx")
    assert answer.status_code == 400
    assert answer.json == {"error": "format = 'xlsx' must be json or csv"}
