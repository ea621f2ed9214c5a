from typing import Any

from flask.testing import FlaskClient

from fognode.page.declarations import DECLARATIONS


def told(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/v1/openapi.json").json
    assert isinstance(answer, dict)
    return answer


def test_every_kind_and_fact_is_described_from_the_table_that_checks_it(
    client: FlaskClient,
) -> None:
    post = told(client)["paths"]["/api/v1/requests"]["post"]
    kinds = post["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    assert {kind["properties"]["kind"]["const"] for kind in kinds} == set(DECLARATIONS)
    for kind in kinds:
        table = DECLARATIONS[kind["properties"]["kind"]["const"]]
        facts = kind["properties"]["facts"]
        assert set(facts["properties"]) == set(table)
        assert set(facts["required"]) == {n for n, one in table.items() if not one.optional}


def test_statement_says_its_parameters(client: FlaskClient) -> None:
    get = told(client)["paths"]["/api/v1/statement"]["get"]
    assert [one["name"] for one in get["parameters"]] == ["supplier", "since", "until", "format"]
    assert get["parameters"][3]["schema"]["enum"] == ["csv", "json"]
