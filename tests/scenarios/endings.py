"""What holds at the end of every story, whatever happened in it."""

from collections import Counter

from fognode.daemon.rebuild import differences, fold_again
from fognode.events import Kind, RowValues
from fognode.store.reader import Reader
from fognode.store.verify import verify
from tests.scenarios.house import House

POINTS = {"received": 1, "prepared": 2, "returned": 3}
REGISTERED, RINSED, BAGGED, OFFERED, ACCEPTED = 1, 104, 114, 200, 201
BOTH = {"private", "public"}


def check_ending(house: House) -> None:
    """Fail unless record, derived tables, stock, points and places agree with each other."""
    assert verify(house.engine) == []
    assert differences(house.reader, fold_again(house.config, house.reader)) == []
    check_stock(house.reader)
    check_points(house.reader)
    check_places(house.reader)


def check_stock(reader: Reader) -> None:
    """A net is the sum of its movements, and below zero only with an open discrepancy."""
    moved = reader.tally("movement", by="package", of="delta_g")
    open_below = {
        row["package"]
        for row in _rows(reader, "discrepancy")
        if (row["rule"], row["state"]) == ("stock_below_zero", "open")
    }
    for row in _rows(reader, "stock"):
        assert row["net_g"] == moved.get(row["package"], 0), row
        assert _number(row, "net_g") >= 0 or row["package"] in open_below, row


def check_points(reader: Reader) -> None:
    """No package has more points than steps that both chains hold as final."""
    final: dict[tuple[str, str], set[str]] = {}
    for told in reader.events(limit=100_000, kinds=[Kind.LEDGER_FINAL, Kind.LEDGER_SEEN]):
        step = _step(told.number("kind"))
        final.setdefault((told.text("package"), step), set()).add(told.text("chain"))
    earned: Counter[tuple[str, str]] = Counter()
    for row in _rows(reader, "points"):
        earned[str(row["package"]), str(row["step"])] += _number(row, "points")
    for (package, step), points in earned.items():
        assert points in {0, POINTS[step]}, (package, step, points)
        assert not points or final.get((package, step)) == BOTH, (package, step)
        offered = final.get((package, "offered")) == BOTH
        assert not points or step != "returned" or offered, package


def _step(kind: int) -> str:
    if kind in {RINSED, BAGGED}:
        return "prepared"
    return {REGISTERED: "received", OFFERED: "offered", ACCEPTED: "returned"}.get(kind, "")


def check_places(reader: Reader) -> None:
    """Each package is in one place: a cabinet, somebody's hands, or gone."""
    out = Counter(row["package"] for row in _rows(reader, "custody") if row["state"] == "out")
    cabinets = {row["cabinet"] for row in _rows(reader, "opening")}
    stock = {row["package"]: row for row in _rows(reader, "stock")}
    for row in _rows(reader, "package"):
        package, held = row["package"], stock[row["package"]]
        assert out[package] <= 1, package
        # What never came back may have been written off by a count.
        away = {"out", "missing"} if out[package] else {held["state"]} - {"out"}
        assert held["state"] in away, (held, out[package])
        assert (row["holder"] != "") == bool(out[package]), (held, row["holder"])
        assert held["state"] != "out" or held["place"] not in cabinets, held


def _rows(reader: Reader, table: str) -> list[RowValues]:
    return reader.rows(table, limit=100_000)


def _number(row: RowValues, name: str) -> int:
    value = row[name]
    return value if isinstance(value, int) else 0
