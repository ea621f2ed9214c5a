"""The statement for a supplier or the state (requirements A95, A96, A126, A127)."""

from fognode.custody.statements import statement
from fognode.events import RowValues


def entry(package: str, step: str, points: int, at_ms: int) -> RowValues:
    return {
        "entry": f"{package}/{step}",
        "package": package,
        "step": step,
        "points": points,
        "private_tx": f"0xa{at_ms}",
        "public_tx": f"0xb{at_ms}",
        "earned_at_ms": at_ms,
    }


ENTRIES = [
    entry("B", "received", 1, 30),
    entry("A", "prepared", 2, 20),
    entry("A", "received", 1, 10),
    entry("A", "prepared/reversed", -2, 40),
]
PACKAGES: dict[str, RowValues] = {
    "A": {"package": "A", "gtin": "07891234567895", "source": "AgroSul"},
    "B": {"package": "B", "gtin": "00000096385074", "source": "Other"},
}


def test_each_line_has_both_transactions_and_the_sum_is_the_sum() -> None:
    told = statement(ENTRIES, PACKAGES)
    assert [(line.entry, line.points) for line in told.lines] == [
        ("A/received", 1),
        ("A/prepared", 2),
        ("B/received", 1),
        ("A/prepared/reversed", -2),
    ]
    assert (told.lines[0].private_tx, told.lines[0].public_tx) == ("0xa10", "0xb10")
    assert told.lines[0].gtin == "07891234567895"
    assert told.points == 2


def test_a_supplier_sees_its_own_products_only() -> None:
    told = statement(ENTRIES, PACKAGES, "AgroSul")
    assert {line.package for line in told.lines} == {"A"}
    assert told.points == 1
    assert statement(ENTRIES, PACKAGES, "nobody").lines == ()
