"""What there is, what to take first, what will not be used in time (A72 to A79)."""

import re
from datetime import date
from html import unescape

import pytest

from fognode.custody.shelf_life import Lot
from fognode.events import Row, RowValues, Scalar
from fognode.page import stock
from fognode.page.stock import advice_on, amount, empties, products_now, rates_of
from tests.page.conftest import NOW_MS, Farm, package_row, row

TODAY = date(2026, 9, 21)  # of NOW_MS
DAY_MS = 86_400_000
GTIN = "07891234567895"


def stock_row(package: str, net_g: int, expiry: str = "", **changed: Scalar) -> Row:
    rest: dict[str, Scalar] = {
        "package": package,
        "gtin": GTIN,
        "place": "cab1",
        "state": "stored",
        "gross_g": net_g + 310,
        "tare_g": 310,
        "tare_with_lid": 1,
        "net_g": net_g,
        "u_g": 20,
        "weighed": 1,
        "effective_expiry": expiry,
        "as_of_seq": 1,
    }
    return row("stock", **rest | changed)


def stored(farm: Farm, number: int, *rows: Row) -> None:
    """Keep rows, and a package in use for each of table stock."""
    names = [str(one.values["package"]) for one in rows if one.table == "stock"]
    packages = [
        package_row(name, 2, tag=f"{number:04}{n:04}", received_at_ms=n)
        for n, name in enumerate(names)
        if not farm.reader.rows("package", {"package": name})
    ]
    farm.tell("stock_moved", number, {}, *rows, *packages)


def total_row(net_g: int, **changed: Scalar) -> Row:
    told: dict[str, Scalar] = {"gtin": GTIN, "net_g": net_g, "u_g": 28}
    return row("stock_total", **told | changed)


def used_row(number: int, used_g: int, days_ago: int, what: str = "use") -> Row:
    return row(
        "movement",
        movement=f"{number:032x}",
        gtin=GTIN,
        what=what,
        delta_g=-used_g,
        at_ms=NOW_MS - days_ago * DAY_MS,
        as_of_seq=number,
    )


def seen(farm: Farm, path: str = "/stock") -> str:
    page = farm.app().test_client().get(path)
    assert page.status_code == 200
    text = re.sub(r"<(style|script|title).*?</\1>|<[^>]+>", " ", page.text, flags=re.DOTALL)
    return re.sub(r"\s+([,.:;])", r"\1", " ".join(unescape(text).split()))


def test_content_is_told_by_weight_and_volume_with_its_uncertainty() -> None:
    # Custody facts, section 5: 5,530 g are 4,726 ml are 1.249 US gal at 1,170 g/l.
    assert amount(5530, 20, 1170) == "5.53 kg ± 20 g · 4.73 l (1.249 US gal) ± 17 ml"
    assert amount(5530, 20, 0) == "5.53 kg ± 20 g, volume unknown"


def test_page_shows_each_product_with_its_packages_in_the_order_of_taking(full: Farm) -> None:
    stored(
        full,
        60,
        stock_row("GLY-0044", 5530, "2027-12-31"),
        stock_row("GLY-0042", 3690, "2026-10-05", opened_on="2026-03-02"),
        total_row(9220),
    )
    words = seen(full)
    assert "Glyphosate 480 SL 9.22 kg ± 28 g · 7.88 l (2.082 US gal) ± 24 ml" in words
    assert "in 2 packages; no use on record" in words
    assert words.index("GLY-0042") < words.index("GLY-0044")
    assert "take it first: it expires first, on 2026-10-05" in words
    assert words.count("take it first") == 1
    assert "2026-10-05 ▲ in 14 days" in words
    assert "2027-12-31 in 466 days" in words


def test_states_of_a_package_are_told_in_words(full: Farm) -> None:
    stored(
        full,
        61,
        stock_row("A", 1000, "2026-09-01"),
        stock_row("B", 1000, state="missing"),
        stock_row("C", 1000, state="out", place=""),
        stock_row("D", 40, counted_only=1),
        stock_row("E", 1000, doubted=1, tare_with_lid=0),
        stock_row("F", 0, state="exited"),
        total_row(4040, low=1, warn_level_g=5000),
    )
    words = seen(full)
    assert "low: below 5.00 kg" in words
    assert "expired 20 days ago" in words
    assert "missing last at Main cabinet" in words
    assert "taken out" in words
    assert "too little to weigh: it is counted" in words
    assert "scale in doubt tare without lid" in words
    assert "in 5 packages" in words  # what has left is not in stock


def test_content_that_nobody_weighed_is_said_to_be_declared(full: Farm) -> None:
    stored(full, 61, stock_row("A", 5000, u_g=75, tare_g=0, weighed=0), stock_row("B", 5000))
    words = seen(full)
    assert "5.00 kg ± 75 g · 4.27 l (1.129 US gal) ± 64 ml" in words
    assert words.count("declared, never weighed") == 1
    assert "Content 5.00 kg, declared, never weighed" in seen(full, "/packages/A")
    assert "Content 5.00 kg Expires" in seen(full, "/packages")
    assert "Content 5.00 kg, declared, never weighed Expires" in seen(full, "/packages")


def test_low_product_stands_first_also_when_nothing_of_it_is_left(full: Farm) -> None:
    stored(
        full,
        62,
        stock_row("A", 1000, gtin="1"),
        row("product", gtin="1", name="Atrazine"),
        row("stock_total", gtin="1", net_g=1000),
        total_row(0, low=1, warn_level_g=5000),
    )
    words = seen(full)
    assert words.index("Glyphosate 480 SL") < words.index("Atrazine")
    assert "No package of it is left." in words


def test_worked_example_leaves_one_kilogram_of_each_lot(full: Farm) -> None:
    # Custody facts, section 6: 100 g a day; A 3,000 g for 20 days, B 2,000 g for 30 days.
    stored(
        full,
        63,
        stock_row("A", 3000, "2026-10-11"),
        stock_row("B", 2000, "2026-10-21"),
        total_row(5000),
        used_row(1, 4500, 5),
        used_row(2, 4500, 80),
        used_row(3, 9000, 200),
    )
    words = seen(full)
    assert "100 g a day used, over 90 days at the most" in words
    assert words.count("1.00 kg will expire before it can be used") == 2


def test_no_use_on_record_gives_no_figure(full: Farm) -> None:
    stored(full, 64, stock_row("A", 3000, "2026-10-11"), total_row(3000))
    assert "will expire" not in seen(full)


def moves(*told: tuple[int, int, str]) -> list[RowValues]:
    return [used_row(n, used_g, days, what).values for n, (used_g, days, what) in enumerate(told)]


@pytest.mark.parametrize(
    ("told", "rate_g"),
    [
        ([(9000, 1, "use"), (0, 400, "receive")], 100),
        ([(1000, 1, "use"), (-5000, 10, "receive")], 100),  # it came ten days ago
        ([(1000, 1, "use"), (300, 2, "spill")], 500),  # a spill is no use
        ([(1000, 1, "use"), (-1000, 1, "use")], 0),  # corrected
        ([(9000, 91, "use")], None),
    ],
)
def test_rate_is_the_use_of_ninety_days_or_of_those_since_it_came(
    told: list[tuple[int, int, str]], rate_g: int | None
) -> None:
    assert rates_of(moves(*told), TODAY).get(GTIN) == rate_g


def test_rate_of_a_busy_farm_is_of_the_days_that_were_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock, "MOVES", 2)
    other = used_row(9, 0, 10).values | {"gtin": "1"}
    assert rates_of([*moves((1000, 1, "use")), other], TODAY)[GTIN] == 100


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (("2026-10-01", False, 5), ("2026-10-02", True, 1), "it expires first, on 2026-10-01"),
        (("2026-10-01", True, 5), ("2026-10-01", False, 1), "it is open already"),
        (("2026-10-01", False, 1), ("2026-10-01", False, 5), "it came first"),
    ],
)
def test_advice_gives_its_reason(
    one: tuple[str, bool, int], other: tuple[str, bool, int], why: str
) -> None:
    first, second = (
        Lot(
            package=name,
            net_g=1,
            expires_on=date.fromisoformat(told[0]),
            opened=told[1],
            received_at_ms=told[2],
        )
        for name, told in (("A", one), ("B", other))
    )
    assert advice_on(first, [first, second]) == f"take it first: {why}"
    assert advice_on(second, [first, second]) == ""
    assert advice_on(first, [first]) == "the only one to take"


def test_advice_never_names_what_is_expired_missing_or_out(full: Farm) -> None:
    stored(
        full,
        65,
        stock_row("A", 1000, "2026-09-20"),
        stock_row("B", 1000, "2026-09-22", state="missing"),
        stock_row("C", 1000, "2026-09-23", state="out"),
        stock_row("D", 1000, "2026-09-21"),  # today is its last day
        stock_row("E", 1000, "2026-12-01"),
    )
    (product,) = products_now(full.reader, full.reader.rows("stock"), [], {}, TODAY)
    assert {one.row["package"]: bool(one.advice) for one in product.held} == {
        "A": False,
        "D": True,
        "B": False,
        "C": False,
        "E": False,
    }
    assert product.name == f"Unknown product {GTIN}"


def test_what_no_centre_takes_back_does_not_wait_to_go_there(full: Farm) -> None:
    full.tell("package_emptied", 67, {}, package_row("N-1", 3, tag="", packaging="not_returnable"))
    assert [one.row["package"] for one in empties(full.reader, TODAY)] == ["GLY-0043"]


def test_empties_stand_by_their_deadline(full: Farm) -> None:
    rows = [package_row(f"E-{n}", 3, tag=f"0{n}") for n in range(1, 5)]
    due = {"E-1": "2026-10-01", "E-2": "2026-09-11", "E-3": "2027-03-02"}
    rows += [row("deadline", package=name, due_on=day) for name, day in due.items()]
    full.tell("return_due", 66, {}, *rows)
    found = [(str(one.row["package"]), one.days) for one in empties(full.reader, TODAY)]
    assert found == [("E-2", -10), ("E-1", 10), ("E-3", 162), ("E-4", None), ("GLY-0043", None)]
    words = seen(full)
    assert "10 days too late" in words
    assert "10 days left" in words
    assert "has to be back by 2026-10-01" in words
    assert "no deadline" in words


def test_empty_farm_says_how_to_begin(farm: Farm) -> None:
    words = seen(farm)
    assert "Nothing is in stock." in words
    assert "No empty is on the farm." in words
    assert "Weights, tags and people agree." in words


def test_tables_are_at_hand_as_csv(full: Farm) -> None:
    client = full.app().test_client()
    for link in re.findall(r'href="(/api/[^"]+csv)"', client.get("/stock").text):
        assert client.get(link).mimetype == "text/csv"


def test_names_of_products_and_packages_are_escaped(full: Farm) -> None:
    hostile = "<script>alert(1)</script>"
    product = row("product", gtin="1", name=hostile)
    stored(full, 67, product, stock_row(hostile, 9, gtin="1"))
    page = full.app().test_client().get("/stock").text
    assert hostile not in page
    assert "&lt;script&gt;" in page
