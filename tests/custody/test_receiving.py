"""Invoices against what was scanned (requirements A72, A76, A82, A83)."""

from typing import Any

import pytest

from fognode.custody import receiving
from fognode.events import Event, Json

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
        self._done = self._told = 0
        self.refused: list[Any] = []

    def tell(self, kind: str, /, **facts: Json) -> None:
        self.story.tell(kind, 0, **facts)
        self._follow()

    def read_as(self, file: str, kind: str, **facts: Json) -> None:
        """Let an event be read from a file, as boards/invoice.py words its origin."""
        self._told += 1
        origin = f"i/{file}/{self._told}"
        at_ms = self.story.START_MS
        self.story.keep([Event(kind=kind, origin=origin, happened_at_ms=at_ms, facts=facts)])
        self._follow()

    def _follow(self) -> None:
        while self._done < len(self.story.record):
            told = self.story.record[self._done]
            self._done += 1
            outcome = receiving.step(self.state, told)
            for row in outcome.rows:
                self.rows[row.table, str(next(iter(row.values.values())))] = row.values
            self.refused += [e.facts["value"] for e in outcome.events if e.kind == "rejected"]
            found = [e for e in outcome.events if e.kind == "discrepancy_found"]
            self.rules += [str(event.facts["rule"]) for event in found]
            self.texts += [str(event.facts["text"]) for event in found]
            assert len({event.origin for event in outcome.events}) == len(outcome.events)

    def read(
        self, *lines: dict[str, Json], invoice: str = INVOICE, file: str = "ab", **other: Json
    ) -> None:
        head: dict[str, Json] = {"invoice": invoice, "sha256": file, "supplier": "AgroSul"}
        head |= {"issued_on": "2026-03-01", "prescriptions": ["R-77"], "lines": len(lines)}
        self.read_as(file, "invoice_read", **(head | other))
        for place, line in enumerate(lines, start=1):
            facts: dict[str, Json] = {"invoice": invoice, "place": place, **line}
            self.read_as(file, "delivery_expected", **facts)

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
    assert store.state.issued_on(INVOICE, "") == "2026-03-01"


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


def test_the_same_invoice_in_another_file_changes_nothing(store: Yard) -> None:
    store.read(two(store.story.GTIN))
    rows = dict(store.rows)
    store.read(two(store.story.GTIN), file="cd", supplier="AGROSUL ")
    assert (store.rows, store.refused) == (rows, [])


@pytest.mark.parametrize(
    "other", [{"lot": "L9"}, {"expires_on": "2027-01-31"}, {"quantity": "3"}, {"unit": "L"}]
)
def test_an_invoice_worded_anew_is_refused_once(store: Yard, other: dict[str, Json]) -> None:
    store.read(two(store.story.GTIN), two(store.story.GTIN))
    rows = dict(store.rows)
    store.read(*[two(store.story.GTIN) | other] * 2, file="cd")
    assert (store.rows, store.refused) == (rows, [f"{INVOICE} of AgroSul"])


def test_another_day_or_another_number_of_lines_is_refused_too(store: Yard) -> None:
    store.read(two(store.story.GTIN))
    store.read(two(store.story.GTIN), file="cd", issued_on="2026-03-02")
    store.read(two(store.story.GTIN), two(store.story.GTIN), file="ef")
    assert store.refused == [f"{INVOICE} of AgroSul"] * 2
    assert len(store.state.invoices[INVOICE].lines) == 1


def test_two_suppliers_may_use_one_number(store: Yard) -> None:
    line = two(store.story.GTIN)
    store.read(line, invoice="1234")
    store.read(line | {"lot": "L9"}, line, invoice="1234", file="cd", supplier="Outra Ltda")
    second = "1234 (Outra Ltda)"
    lots = {name: [line.lot for line in one.lines] for name, one in store.state.invoices.items()}
    assert lots == {"1234": ["L7"], second: ["L9", "L7"]}
    store.come("A", invoice="1234", source="outra ltda", lot="L9")
    store.come("B", invoice="1234", source="AgroSul")
    store.come("C", invoice=second, source="a neighbour")
    confirmed = [store.rows["expected", key]["confirmed"] for key in ("1234/1", f"{second}/1")]
    assert (confirmed, store.rules) == ([1, 1], [])
    assert store.rows["expected", f"{second}/2"]["confirmed"] == 1


def test_which_of_two_invoices_of_a_number_is_never_guessed(store: Yard) -> None:
    store.read(two(store.story.GTIN), invoice="1234")
    store.read(two(store.story.GTIN), invoice="1234", file="cd", supplier="Outra Ltda")
    store.come("A", invoice="1234", source="Third Ltda")
    assert store.rules == ["not_on_invoice"]
    assert store.state.issued_on("1234", "Third Ltda") == ""


def test_a_name_that_two_long_numbers_would_share_is_refused(store: Yard) -> None:
    for file, supplier in (("ab", "AgroSul"), ("cd", "Outra"), ("ef", "Third")):
        line = two(store.story.GTIN)
        store.read(line, invoice="7" * 60, file=file, supplier=supplier)
    assert store.refused == ["7" * 60] * 2
    assert len(store.state.invoices) == 1


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
