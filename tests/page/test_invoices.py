"""An invoice file at the door of the API: all of it or nothing (requirements A72, A82, A83)."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fognode.boards.spreadsheet import MAX_BYTES
from fognode.custody import receiving
from fognode.page.invoices import INVOICE_LIMIT
from tests.page.conftest import HERON, TOKEN, Farm

BEARER = {"Authorization": f"Bearer {TOKEN}"}
HEADER = "invoice;issued_on;supplier;gtin;name;lot;expires_on;quantity;unit"
ROW = "NF-1;2026-03-02;AgroSul;7891234567895;Glyphosate;L7;2028-06-30;10.50;L"
BOMB = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><nfeProc>&b;</nfeProc>'


def table(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows]).encode()


def send(client: FlaskClient, content: bytes, query: str = f"by={HERON}") -> TestResponse:
    return client.post(f"/api/v1/invoices?{query}", data=content, headers=BEARER)


def test_a_file_becomes_what_is_expected_and_answers_with_its_lines(full: Farm) -> None:
    answer = send(full.app().test_client(), table(ROW, ROW.replace("L7", "L8")))
    assert answer.status_code == 201
    assert answer.json is not None
    assert (answer.json["is_new"], answer.json["seq"]) == (1, 9)
    (invoice,) = answer.json["invoices"]
    assert (invoice["invoice"], invoice["supplier"]) == ("NF-1", "AgroSul")
    assert [line["lot"] for line in invoice["lines"]] == ["L7", "L8"]
    assert invoice["lines"][0] == {
        "line": 2,
        "gtin": "7891234567895",
        "name": "Glyphosate",
        "lot": "L7",
        "expires_on": "2028-06-30",
        "quantity": "10.5",
        "unit": "L",
    }
    kept = full.reader.events(8)
    assert [one.kind for one in kept] == ["invoice_read", *["delivery_expected"] * 2]
    assert kept[0].text("by") == HERON


def test_the_same_file_again_changes_nothing(full: Farm) -> None:
    client = full.app().test_client()
    first, again = send(client, table(ROW)), send(client, table(ROW))
    assert (again.status_code, again.json["is_new"]) == (200, 0)  # type: ignore[index]
    assert again.json["seq"] == first.json["seq"]  # type: ignore[index]
    assert full.reader.head()[0] == 10


def follow(farm: Farm) -> None:
    """Let custody make the rows of what is on file, as the daemon lets it."""
    state = receiving.State()
    for told in farm.reader.events(0, 500):
        farm.writer.keep([], receiving.step(state, told).rows)


def test_a_number_on_file_with_other_content_is_refused_and_named(full: Farm) -> None:
    client = full.app().test_client()
    send(client, table(ROW))
    follow(full)
    head = full.reader.head()[0]
    answer = send(client, table(ROW.replace("L7", "L8")))
    assert answer.status_code == 422
    said = "nothing was imported; invoice NF-1 of AgroSul is on file with other content"
    assert said in answer.json["error"]  # type: ignore[index]
    assert full.reader.head()[0] == head
    assert send(client, table(ROW.replace("AgroSul", "Outra"))).status_code == 201
    follow(full)
    assert send(client, table(ROW + "\n")).status_code == 201  # the same, saved anew
    told = full.reader.rows("invoice", {"invoice": "NF-1 (Outra)"})
    assert [row["supplier"] for row in told] == ["Outra"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "lacks the columns"),
        (BOMB, "DTD or entities"),
        (b"<html></html>", "no NF-e"),
        (table(ROW, ROW.replace("7895", "7890")), "line 3: GTIN 7891234567890 ends in 0"),
        (table(ROW.replace("AgroSul", "=cmd|'/C calc'!A0")), "line 2: supplier"),
        (table(ROW).replace(b"AgroSul", b"Agro\xe7ul"), "line 2 holds a byte that is no UTF-8"),
        (table(ROW, ROW.replace("10.50", "-1"), ROW.replace("2028-06", "2028-13")), "; line 4"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_with_its_lines(
    full: Farm, content: bytes, said: str
) -> None:
    answer = send(full.app().test_client(), content)
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["error"].startswith("nothing was imported; ")
    assert said in answer.json["error"]
    assert full.reader.head()[0] == 8


def test_names_with_html_come_back_as_text(full: Farm) -> None:
    answer = send(full.app().test_client(), table(ROW.replace("Glyphosate", "<b>Gly</b>")))
    assert answer.mimetype == "application/json"
    assert answer.json["invoices"][0]["lines"][0]["name"] == "<b>Gly</b>"  # type: ignore[index]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "by = '' must be"),
        ("by=nobody", "by = 'nobody' names no known person"),
        ("by=" + "x" * 41, "by"),
        (f"by={HERON}&id=7", "unknown parameters ['id']; known: by"),
    ],
)
def test_somebody_known_hands_it_in(full: Farm, query: str, said: str) -> None:
    answer = send(full.app().test_client(), table(ROW), query)
    assert answer.status_code == 400
    assert said in answer.json["error"]  # type: ignore[index]
    assert full.reader.head()[0] == 8


def test_without_the_token_nothing_is_read(full: Farm) -> None:
    answer = full.app().test_client().post(f"/api/v1/invoices?by={HERON}", data=table(ROW))
    assert answer.status_code == 401
    assert full.reader.head()[0] == 8


def test_five_megabytes_are_refused(full: Farm) -> None:
    assert send(full.app().test_client(), b"<" * 5_000_000).status_code == 413
    assert INVOICE_LIMIT == MAX_BYTES


def test_while_the_store_is_away_it_may_be_sent_again(full: Farm) -> None:
    client = full.app().test_client()
    full.is_away = True
    assert send(client, table(ROW)).status_code == 503
    full.is_away = False
    assert send(client, table(ROW)).status_code == 201
