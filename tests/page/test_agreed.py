"""Places that are declared are set up, and who delivers is known (requirements A75, A76)."""

from uuid import uuid4

import pytest

from fognode.events import Json
from fognode.page.agreed import check_agreed, wrong_place
from fognode.page.declared import Declaration
from tests.page.conftest import HERON, TOKEN, Farm, row

KNOWN = "is not configured; known are cab1"


def asked(kind: str, **facts: Json) -> Declaration:
    return Declaration(request_id=str(uuid4()), kind=kind, facts={**facts, "by": HERON})


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("delivery_declared", {"site": "Main cabinet"}),
        ("stocktake_opened", {"cabinet": "nowhere"}),
        ("stocktake_opened", {"cabinet": "gate"}),  # a place and no cabinet
        ("order_given", {"cabinet": "cab1 "}),
    ],
)
def test_a_place_by_another_name_is_refused_with_those_there_are(
    full: Farm, kind: str, facts: dict[str, Json]
) -> None:
    with pytest.raises(ValueError, match=KNOWN):
        check_agreed(full.config, full.reader, asked(kind, **facts))


def test_a_place_that_is_set_up_is_taken(full: Farm) -> None:
    for facts in ({"site": "gate"}, {"site": "cab1"}, {"cabinet": "cab1"}, {}):
        assert wrong_place(full.config, facts) == ""


def test_a_source_is_a_dealer_or_a_place_once_any_dealer_is_known(full: Farm) -> None:
    def check(source: str) -> None:
        check_agreed(full.config, full.reader, asked("delivery_declared", source=source))

    check("whoever")
    full.tell("supplier_set", 71, {}, row("supplier", supplier="agrosul", name="AgroSul Ltda"))
    full.tell("invoice_read", 71, {}, row("invoice", invoice="NF-9", supplier="Outra"))
    for source in ("AgroSul Ltda", "agrosul ltda ", "AgroSul", "Outra", "gate"):
        check(source)
    with pytest.raises(ValueError, match=r"known are AgroSul Ltda, Outra$"):
        check("whoever")


def test_the_api_refuses_it_and_keeps_nothing(full: Farm) -> None:
    head = full.reader.head()[0]
    body = {
        "id": str(uuid4()),
        "kind": "stocktake_opened",
        "facts": {"stocktake": "s", "cabinet": "nowhere", "by": HERON},
    }
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = full.app().test_client().post("/api/v1/requests", json=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json["error"] == f"cabinet = 'nowhere' {KNOWN}"  # type: ignore[index]
    assert full.reader.head()[0] == head
