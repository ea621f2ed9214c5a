"""Invoices against what was scanned (requirements A72, A76, A82, A83)."""

from typing import Any

import pytest

from fognode.custody import receiving
from fognode.events import Json

INVOICE = "51260912345678000195550010000012341000012346"
OTHER = "7891234567888"


@pytest.fixture
def store(new_story: type[Any]) -> Any:
    """Return a story whose events go through receiving as well."""
    return Yard(new_story())


class Yard:
    """The farm's yard: files are read, packages come."""

    def __init__(self, story: Any) -> None:
        self.story, self.state = story, receiving.State()
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}
        self.rules: list[str] = []
        self.texts: list[str] = []
        self._done = 0

    def tell(self, kind: str, /, **facts: Json) -> None:
        self.story.tell(kind, 0, **facts)
        while self._done < len(self.story.record):
            told = self.story.record[self._done]
            self._done += 1
            outcome = receiving.step(self.state, told)
            for row in outcome.rows:
                self.rows[row.table, str(next(iter(row.values.values())))] = row.values
            found = [e for e in outcome.events if e.kind == "discrepancy_found"]
            self.rules += [str(event.facts["rule"]) for event in found]
            self.texts += [str(event.facts["text"]) for event in found]
            assert len({event.origin for event in outcome.events}) == len(outcome.events)

    def read(self, *lines: dict[str, Json], invoice: str = INVOICE) -> None:
        head: dict[str, Json] = {"invoice": invoice, "sha256": "ab" * 32, "supplier": "AgroSul"}
        self.tell("invoice_read", **head, issued_on="2026-03-01", prescriptions=["R-77"])
        for place, line in enumerate(lines, start=1):
            self.tell("delivery_expected", **{"invoice": invoice, "place": place, **line})

    def come(self, package: str, /, **other: Json) -> None:
        facts: dict[str, Json] = {"package": package, "gtin": self.story.GTIN, "lot": "L7"}
        facts |= {"expires_on": "2028-06-30", "invoice": INVOICE}
        self.tell("newProductEntry", **(facts | other))


def two(gtin: str, **other: Json) -> dict[str, Json]:
    return {"gtin": gtin, "name": "Gly", "lot": "L7", "quantity": "2", "unit": "UN", **other}


def test_what_was_invoiced_came(store: Yard) -> None:
    store.read(two(store.story.GTIN))
    store.come("A")
    store.come("B")
    store.tell("delivery_closed", invoice=INVOICE, by="x")
    assert store.rules == []
    assert store.rows["expected", f"{INVOICE}/1"]["confirmed"] == 2
    assert store.rows["invoice", INVOICE]["state"] == "closed"
    assert store.state.issued_on(INVOICE) == "2026-03-01"


def test_short(store: Yard) -> None:
    store.read(two(store.story.GTIN))
    store.come("A")
    store.tell("delivery_closed", invoice=INVOICE, by="x")
    assert store.rules == ["delivery_short"]
    assert "1 packages of Gly came, 2 were invoiced" in store.texts[0]


def test_over(store: Yard) -> None:
    store.read(two(store.story.GTIN))
    for package in "ABC":
        store.come(package)
    assert store.rules == ["delivery_over"]


def test_a_product_that_is_not_on_the_invoice(store: Yard) -> None:
    store.read(two(OTHER))
    store.come("A")
    assert store.rules == ["not_on_invoice"]


def test_another_lot(store: Yard) -> None:
    store.read(two(store.story.GTIN))
    store.come("A", lot="L8")
    assert store.rules == ["other_lot"]
    assert store.texts == ["A is of lot L8, the invoice says L7"]


def test_expired_on_arrival_and_nothing_else(store: Yard) -> None:
    store.read(two(store.story.GTIN))
    store.come("A", expires_on="2026-03-01")
    assert store.rules == ["expired_on_arrival"]


def test_the_last_day_is_not_expired(store: Yard) -> None:
    store.come("A", expires_on="2026-03-02", invoice="")
    assert store.rules == []


def test_the_same_invoice_twice_changes_nothing(store: Yard) -> None:
    store.read(two(store.story.GTIN))
    store.come("A")
    rows = dict(store.rows)
    store.read(two(store.story.GTIN))
    assert store.rows == rows


def test_several_lots_of_a_line_are_told_apart(store: Yard) -> None:
    line = two(store.story.GTIN)
    store.read(line | {"quantity": "1"}, line | {"lot": "L8", "quantity": "1"})
    store.come("A", lot="L8")
    store.come("B", lot="L7")
    store.tell("delivery_closed", invoice=INVOICE, by="x")
    assert store.rules == []
    assert [store.rows["expected", f"{INVOICE}/{n}"]["confirmed"] for n in (1, 2)] == [1, 1]


def test_litres_are_not_divided_into_packages(store: Yard) -> None:
    store.read(two(store.story.GTIN, quantity="40", unit="L"))
    store.come("A")
    store.tell("delivery_closed", invoice=INVOICE, by="x")
    assert store.rules == []


def test_a_line_of_litres_of_which_nothing_came_is_short(store: Yard) -> None:
    store.read(two(store.story.GTIN, quantity="40", unit="L"))
    store.tell("delivery_closed", invoice=INVOICE, by="x")
    assert store.rules == ["delivery_short"]
    assert "40 L were invoiced" in store.texts[0]


def test_an_unknown_or_closed_delivery_cannot_be_closed(store: Yard) -> None:
    told = store.story
    store.tell("delivery_closed", invoice="NF-9", by="x")
    store.read(two(store.story.GTIN))
    store.tell("delivery_closed", invoice=INVOICE, by="x")
    store.tell("delivery_closed", invoice=INVOICE, by="x")
    assert store.rules == ["delivery_short"]
    assert receiving.step(store.state, told.record[-2]).events[0].facts["reason"] == (
        "this delivery is closed already"
    )


def test_only_a_known_person_closes_a_delivery(new_story: type[Any]) -> None:
    story = new_story()
    story.farm()
    head: dict[str, Json] = {"invoice": INVOICE, "sha256": "ab" * 32, "supplier": "AgroSul"}
    story.tell("invoice_read", 0, **head, issued_on="2026-03-01", prescriptions=[])
    story.tell("delivery_closed", 1, invoice=INVOICE, by="eve")
    assert story.refusals() == ["eve"]
    story.tell("delivery_closed", 2, invoice=INVOICE, by=story.ANA)
    assert story.rows["invoice", INVOICE]["state"] == "closed"


def test_a_corrected_delivery_confirms_the_line_it_belongs_to(store: Yard) -> None:
    store.read({**two(store.story.GTIN), "quantity": "1"})
    store.come("A", lot="L9")
    assert store.rules == ["other_lot"]
    store.come("A", lot="L7", corrects="0" * 32)
    assert store.rows["expected", f"{INVOICE}/1"]["confirmed"] == 1
    assert store.rules == ["other_lot"]
