"""Master data by CSV: all of a file or nothing; a list that was given out comes in again."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fognode.boards.spreadsheet import MAX_BYTES
from fognode.custody import fold
from fognode.hashing import sha256
from fognode.page.declarations import DECLARATIONS
from fognode.page.lists import TABLES
from fognode.page.register import MOST_ROWS, PERSONAL, WAYS
from fognode.store import personal
from fognode.store.tables import table_named
from tests.page.conftest import HERON, TOKEN, Farm, row, whole

BEARER = {"Authorization": f"Bearer {TOKEN}"}
GTIN = "7891234567895"
PRODUCTS = "gtin,name,packaging,hazard_class\n7891234567895,Glyphosate,rigid,4\n"
PERSON = "kind,person,alias,badge,name,cpf,phone\n"
HEADER = "package,gtin,serial,lot,expires_on,invoice,tag,gross_g,tare_g,source,site\n"
PACKAGE = f"GLY-9,{GTIN},S9,L7,2028-06-30,NF-1,04A1B2D9,5840,310,AgroSul,cab1\n"
HTML = "<script>alert(1)</script>"


def send(client: FlaskClient, content: str | bytes, name: str = "", by: str = HERON) -> Any:
    query = f"by={by}" + (f"&list={name}" if name else "")
    body = content.encode() if isinstance(content, str) else content
    answer: TestResponse = client.post(f"/api/v1/register?{query}", data=body, headers=BEARER)
    return answer


def know_product(farm: Farm) -> None:
    product = row("product", gtin=GTIN, name="Glyphosate", packaging="rigid", as_of_seq=8)
    farm.writer.keep([], [whole(product)])


def test_a_list_becomes_declarations_with_an_origin_of_the_file(full: Farm) -> None:
    answer = send(full.app().test_client(), PRODUCTS, "products")
    assert answer.status_code == 201
    assert answer.json == {"taken": {"product_set": 1}, "is_new": 1, "seq": 9}
    (kept,) = full.reader.events(8)
    assert kept.origin == f"i/{sha256(PRODUCTS.encode()).hex()}/0"
    assert kept.facts == {
        "gtin": "7891234567895",
        "name": "Glyphosate",
        "packaging": "rigid",
        "hazard_class": 4,
        "by": HERON,
    }


def test_the_same_file_again_changes_nothing(full: Farm) -> None:
    client = full.app().test_client()
    first, again = send(client, PRODUCTS, "products"), send(client, PRODUCTS, "products")
    assert (again.status_code, again.json["is_new"]) == (200, 0)
    assert again.json["seq"] == first.json["seq"]
    assert full.reader.head()[0] == 9


def test_rows_of_several_kinds_come_in_one_file_and_count_for_each_other(farm: Farm) -> None:
    text = f"""kind;gtin;name;packaging;person;alias;supplier
person_set;;;;{HERON};Heron;
product_set;{GTIN};Gly;rigid;;;
supplier_set;;AgroSul;;;;agrosul
"""
    answer = send(farm.app().test_client(), text)
    assert answer.status_code == 201, answer.json
    kinds = ["person_set", "product_set", "supplier_set"]
    assert [one.kind for one in farm.reader.events(0)] == kinds


def test_names_and_numbers_of_people_are_sealed_and_in_no_hash(farm: Farm) -> None:
    text = f"{PERSON}person_set,{HERON},Heron,04FFEE09,Ana Souza,12345678909,+55 66 99999-0000\n"
    client = farm.app().test_client()
    assert send(client, text).status_code == 201
    (kept,) = farm.reader.events(0)
    assert kept.facts.keys() == {"person", "alias", "badge", "sealed", "by"}
    assert sha256(text.encode()).hex() not in kept.origin
    opened = farm.photos().open_vault().open(HERON, kept.text("sealed"))
    assert opened == {"name": "Ana Souza", "cpf": "12345678909", "phone": "+55 66 99999-0000"}
    assert send(client, text).status_code == 200  # known again, under the vault's own mark
    assert farm.reader.head()[0] == 1


def test_packages_at_the_start_are_deliveries_of_who_hands_the_file_in(full: Farm) -> None:
    know_product(full)
    answer = send(full.app().test_client(), HEADER + PACKAGE, "packages")
    assert answer.status_code == 201, answer.json
    (kept,) = full.reader.events(8)
    assert (kept.kind, kept.text("by")) == ("delivery_declared", HERON)
    assert (kept.facts["gross_g"], kept.facts["tag"]) == (5840, "04A1B2D9")


@pytest.mark.parametrize(("content_g", "status"), [(5000, 201), (0, 422)])
def test_package_that_nobody_weighed_comes_in_by_its_label(
    full: Farm, content_g: int, status: int
) -> None:
    product = row("product", gtin=GTIN, name="Gly", packaging="rigid", content_g=content_g)
    full.writer.keep([], [whole(product)])
    listed = HEADER + PACKAGE.replace(",5840,310,", ",0,310,")  # as the list shows it
    answer = send(full.app().test_client(), listed, "packages")
    assert answer.status_code == status, answer.json
    if status == 201:
        (kept,) = full.reader.events(8)
        assert "gross_g" not in kept.facts
        assert kept.facts["tare_g"] == 310
    else:
        assert "line 2" in str(answer.json)
        assert "nobody weighed it" in str(answer.json)


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "products", "line 1 lacks the columns gtin, name, packaging"),
        (PRODUCTS, "", "line 1 lacks the column kind"),
        ("gtin,name,packaging,colour\n", "products", "line 1 has unknown columns ['colour']"),
        (PRODUCTS.replace("7895", "7890"), "products", "line 2: GTIN 7891234567890 ends in 0"),
        (PRODUCTS + "123,x,rigid,9\n", "products", "line 3: gtin = '123' must look like"),
        (PRODUCTS.replace(",4", ",four"), "products", "hazard_class = 'four' must be a whole"),
        (PRODUCTS.replace("Glyphosate", "=cmd|'/C'!A0"), "products", "begins like a formula"),
        (PRODUCTS.replace("Glyphosate", "Gl\udcff").encode("utf-8", "replace"), "people", "line 1"),
        (PRODUCTS.encode().replace(b"Gly", b"Gl\xff"), "products", "line 2 holds a byte that is"),
        ("kind,person\nperson_erased,p\n", "", "line 2: kind = 'person_erased' is none of"),
        ("kind,gtin,alias\nproduct_set,1,x\n", "", "line 2: alias = 'x' is no fact of product_set"),
        (HEADER + PACKAGE + PACKAGE, "packages", "line 3: package is in use already: GLY-9"),
        (HEADER + PACKAGE.replace(GTIN, "96385074"), "packages", "line 2: no product with this"),
        (HEADER + PACKAGE.replace("5840", "300"), "packages", "gross_g = 300 is not above tare_g"),
        ("supplier,name,cnpj\ns,S,11222333000180\n", "suppliers", "wrong check digits"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_with_its_lines(
    full: Farm, content: str | bytes, name: str, said: str
) -> None:
    know_product(full)
    answer = send(full.app().test_client(), content, name)
    assert answer.status_code == 422
    assert answer.json["error"].startswith("nothing was imported; ")
    assert said in answer.json["error"]
    assert full.reader.head()[0] == 8


def test_one_wrong_row_of_many_lets_none_in(full: Farm) -> None:
    know_product(full)
    rows = "".join(
        f"G-{n},{GTIN},S{n},L7,2028-06-30,NF-1,04A1{n:04X},900,310,A,cab1\n" for n in range(40)
    )
    wrong = rows.replace("G-39,", "G-38,")
    answer = send(full.app().test_client(), HEADER + wrong, "packages")
    assert answer.json["error"] == "nothing was imported; line 41: package is in use already: G-38"
    assert full.reader.head()[0] == 8
    assert send(full.app().test_client(), HEADER + rows, "packages").status_code == 201


def test_html_in_a_name_stays_text(full: Farm) -> None:
    client = full.app().test_client()
    assert send(client, PRODUCTS.replace("Glyphosate", HTML), "products").status_code == 201
    assert full.reader.events(8)[0].text("name") == HTML
    assert HTML not in client.get("/").get_data(as_text=True)


def test_size_and_number_of_rows_are_bounded(full: Farm) -> None:
    client = full.app().test_client()
    assert send(client, b"x" * 5_000_000, "products").status_code == 413
    row = "7891234567895,Gly,rigid,4\n"
    answer = send(client, "gtin,name,packaging,hazard_class\n" + row * (MOST_ROWS + 1), "products")
    assert f"line {MOST_ROWS + 2}: a file has at most {MOST_ROWS} rows" in answer.json["error"]
    assert MAX_BYTES == 1_048_576


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("", 400, "by = '' must be"),
        ("by=p&list=sheep", 400, "list = 'sheep' is none of crop_rules, orders"),
        ("by=p&as=7", 400, "unknown parameters ['as']; known: by, list"),
        ("by=nobody&list=products", 422, "by = 'nobody': names no known person"),
    ],
)
def test_somebody_known_hands_it_in(full: Farm, query: str, status: int, said: str) -> None:
    client = full.app().test_client()
    answer = client.post(f"/api/v1/register?{query}", data=PRODUCTS.encode(), headers=BEARER)
    assert answer.status_code == status
    assert said in answer.json["error"]  # type: ignore[index]
    assert full.reader.head()[0] == 8


def test_without_the_token_nothing_is_read(full: Farm) -> None:
    answer = full.app().test_client().post("/api/v1/register?by=p", data=PRODUCTS.encode())
    assert answer.status_code == 401


def test_while_the_store_is_away_it_may_be_sent_again(full: Farm) -> None:
    client = full.app().test_client()
    full.is_away = True
    assert send(client, PRODUCTS, "products").status_code == 503
    full.is_away = False
    assert send(client, PRODUCTS, "products").status_code == 201


# --- CSV both ways ------------------------------------------------------------------------

FIRST = {  # what one farm has; the lists that come of it go to another farm
    "people": "person,alias,badge,role,least_class,may_authorise\n"
    f"{HERON},Heron,04FFEE01,owner,2,1\n",
    "suppliers": "supplier,name,cnpj\nagrosul,AgroSul Ltda,11.222.333/0001-81\n",
    "products": "gtin,name,packaging,density_g_per_l,content_ml,hours,needs_witness\n"
    f"{GTIN},'=Gly,rigid,1170,5000,06:00-18:00,1\n",
    "crop_rules": "gtin,crop,phi_days,rei_hours,source,valid_from\n"
    f"{GTIN},soja,0,24,label,2026-01-01\n",
    "prescriptions": "prescription,professional,gtin,crop,area_m2,total_ml,phi_days\n"
    f"REC-77,CREA 1,{GTIN},soja,120000,24000,\nREC-78,CREA 1,{GTIN},soja,5000,,7\n",
    "packages": HEADER + PACKAGE,
}
ORDER = ("people", "suppliers", "products", "crop_rules", "prescriptions", "packages")


def bring(farm: Farm, files: dict[str, str]) -> None:
    """Send the files one after the other; custody makes the rows, as the daemon lets it."""
    client, custody, after = farm.app().test_client(), fold.Custody(zone=farm.config.zone), 0
    for name in ORDER:
        answer = send(client, files[name], name)
        assert answer.status_code == 201, (name, answer.json)
        while told := farm.reader.events(after, 1):
            after = told[0].seq
            assert told[0].kind != "rejected", told[0].facts
            outcome = fold.step(custody, told[0])
            for event in outcome.events:
                farm.keep(event)
            farm.writer.keep([], outcome.rows)


def lists_of(farm: Farm) -> dict[str, str]:
    client = farm.app().test_client()
    return {
        name: client.get(f"/api/v1/{name}?format=csv", headers=BEARER).get_data(as_text=True)
        for name in ORDER
    }


def without_seq(text: str) -> Sequence[dict[str, str]]:
    rows = list(csv.DictReader(io.StringIO(text)))
    changing = {"as_of_seq", "hash", "received_at_ms"}
    return [{k: v for k, v in row.items() if k not in changing} for row in rows]


def test_lists_that_were_given_out_make_the_same_lists_on_another_farm(
    farm: Farm, other_farm: Farm
) -> None:
    bring(farm, FIRST)
    given = lists_of(farm)
    assert "'=Gly" in given["products"]
    bring(other_farm, given)
    again = lists_of(other_farm)
    for name in ORDER:
        assert without_seq(again[name]) == without_seq(given[name]), name
        assert without_seq(again[name]), name


@pytest.mark.parametrize("name", [name for name in sorted(WAYS) if name != "orders"])
def test_every_column_of_a_list_is_a_fact_or_passed_over(name: str) -> None:
    columns = {str(column.name) for column in table_named(TABLES[name]).columns}
    facts = DECLARATIONS[WAYS[name].kind].keys()
    assert columns - facts == WAYS[name].shown & columns
    assert columns <= facts | WAYS[name].shown


def test_what_is_sealed_is_what_the_vault_seals() -> None:
    assert set(personal.PERSONAL) == PERSONAL
