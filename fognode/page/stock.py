"""/stock: what there is of each product, what to take first, and what will not be used in time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from flask import g, render_template

from fognode.custody.amounts import grams_text, litres_text
from fognode.custody.outlook import RATE_DAYS
from fognode.custody.shelf_life import Leftover, Lot, is_expired, order, unused
from fognode.events import RowValues
from fognode.page.live import Desk
from fognode.page.queries import EMPTY_STATES, NOT_BACK, people, place_names
from fognode.store.reader import Reader

MOST = 2000  # packages that are not gone; the page says so when there are more
MOVES = 3000  # newest movements that the rate of use is taken from
FOUND = 100  # open discrepancies
WAITING = 200  # empties
IN_ONE = 500  # names in one question to the database
HELD = ("stored", "out", "missing")
FULL_STATES = (1, 2)  # sealed, in use
DAY_MS = 86_400_000
EPOCH_DAY = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One package with something in it."""

    row: RowValues
    amount: str  # with its uncertainty
    expires_on: str  # effective; "" = unknown
    days: int | None  # until then; None = unknown
    advice: str  # "" = none
    leftover: str  # what will still be there when it expires, "" = nothing, or unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product, and its packages in the order in which they should be taken."""

    gtin: str
    name: str
    amount: str
    warn_level_g: int  # 0 = none
    is_low: bool
    rate_g: int  # used a day, 0 = no use on record
    held: tuple[Held, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One empty on the farm."""

    row: RowValues
    due_on: str  # "" = there is no deadline
    days: int | None


def stock(desk: Desk) -> str:
    """Show every product: its measured content, its packages, advice, and what waits to go."""
    reader, today = desk.reader, farm_day(desk)
    found = in_states(reader, FULL_STATES, MOST)
    rows = stock_of(reader, [str(row["package"]) for row in found])
    products = {str(row["gtin"]): row for row in reader.rows("product", limit=MOST)}
    return render_template(
        "stock.html",
        products=products_now(reader, rows, found, products, today),
        empties=empties(reader, today),
        discrepancies=reader.rows("discrepancy", {"state": "open"}, "-found_at_ms", FOUND),
        is_cut=len(found) >= MOST,
        rate_days=RATE_DAYS,
        names=place_names(desk),
        people=people(reader),
    )


def in_states(reader: Reader, states: Iterable[int], most: int) -> list[RowValues]:
    """Return packages by their state, each state by its index.

    Raises:
        StoreError: The database is away.
    """
    return [
        row
        for state in states
        for row in reader.rows("package", {"state": state}, "out_since_at_ms", most)
    ]


def stock_of(reader: Reader, names: Sequence[str]) -> list[RowValues]:
    """Return what is held of these packages.

    Raises:
        StoreError: The database is away.
    """
    some = [tuple(names[start : start + IN_ONE]) for start in range(0, len(names), IN_ONE)]
    rows = [row for part in some for row in reader.rows("stock", {"package": part}, limit=IN_ONE)]
    return [row for row in rows if row["state"] in HELD]


def farm_day(desk: Desk) -> date:
    """Return today on the farm."""
    now: int = g.live.now_ms
    return datetime.fromtimestamp(now / 1000, UTC).astimezone(desk.config.zone).date()


def products_now(
    reader: Reader,
    rows: Sequence[RowValues],
    packages: Iterable[RowValues],
    products: Mapping[str, RowValues],
    today: date,
) -> list[Product]:
    """Return the products that are in stock, low ones first, then by name.

    Raises:
        StoreError: The database is away.
    """
    received = {str(row["package"]): _whole(row["received_at_ms"]) for row in packages}
    totals = {str(row["gtin"]): row for row in reader.rows("stock_total", limit=MOST)}
    rates = rates_of(reader.rows("movement", None, "-as_of_seq", MOVES), today)
    by_product: dict[str, list[RowValues]] = {g: [] for g, row in totals.items() if row["low"]}
    for row in rows:
        by_product.setdefault(str(row["gtin"]), []).append(row)
    found = []
    for gtin, some in by_product.items():
        about, total = products.get(gtin, {}), totals.get(gtin, {})
        density, rate_g = _whole(about.get("density_g_per_l")), rates.get(gtin, 0)
        one = Product(
            gtin=gtin,
            name=str(about.get("name") or f"Unknown product {gtin}"),
            amount=amount(_whole(total.get("net_g")), _whole(total.get("u_g")), density),
            warn_level_g=_whole(total.get("warn_level_g")),
            is_low=bool(total.get("low")),
            rate_g=rate_g,
            held=held_now(some, received, density, rate_g, today),
        )
        found.append(one)
    return sorted(found, key=lambda one: (not one.is_low, one.name, one.gtin))


def held_now(
    rows: Sequence[RowValues],
    received: Mapping[str, int],
    density_g_per_l: int,
    rate_g: int,
    today: date,
) -> tuple[Held, ...]:
    """Return the packages of one product in the order of taking, each with its advice."""
    by_name = {str(row["package"]): row for row in rows}
    lots = order(_lot(row, received) for row in rows)
    left = {one.package: one for one in unused(_usable(lots, by_name, today), rate_g, today)}
    takable = [lot for lot in _usable(lots, by_name, today) if _is_here(by_name[lot.package])]
    return tuple(
        Held(
            row=by_name[lot.package],
            amount=_amount_of(by_name[lot.package], density_g_per_l),
            expires_on=str(lot.expires_on or ""),
            days=(lot.expires_on - today).days if lot.expires_on else None,
            advice=advice_on(lot, takable),
            leftover=_leftover(left.get(lot.package)),
        )
        for lot in lots
    )


def advice_on(lot: Lot, takable: Sequence[Lot]) -> str:
    """Return why this is the one to take first; "" for every other one."""
    if len(takable) < 2 or takable[0].package != lot.package:
        return "the only one to take" if takable and takable[0].package == lot.package else ""
    other = takable[1]
    if lot.expires_on != other.expires_on:
        return f"take it first: it expires first, on {lot.expires_on}"
    if lot.opened != other.opened:
        return "take it first: it is open already"
    return "take it first: it came first"


def rates_of(movements: Sequence[RowValues], today: date) -> dict[str, int]:
    """Return the use of each product in grams a day, over at most the last 90 days.

    ``movements`` are the newest ones; when they do not reach back that far, or the product came
    later, the days since then count.  No use on record gives no rate.
    """
    since_ms = _midnight_ms(today - timedelta(days=RATE_DAYS))
    recent = [row for row in movements if _whole(row["at_ms"]) >= since_ms]
    is_cut = len(movements) == MOVES
    used: dict[str, int] = {}
    oldest: dict[str, int] = {}
    for row in movements:
        gtin, at_ms = str(row["gtin"]), _whole(row["at_ms"])
        oldest[gtin] = min(at_ms, oldest.get(gtin, at_ms))
    for row in recent:
        if row["what"] == "use":
            used[str(row["gtin"])] = used.get(str(row["gtin"]), 0) - _whole(row["delta_g"])
    all_ms = min((_whole(row["at_ms"]) for row in movements), default=0)
    now_ms = _midnight_ms(today)
    return {
        gtin: max(0, used_g) // _days(all_ms if is_cut else oldest[gtin], now_ms)
        for gtin, used_g in used.items()
    }


def _days(since_ms: int, now_ms: int) -> int:
    return min(RATE_DAYS, max(1, now_ms // DAY_MS - since_ms // DAY_MS))


def _midnight_ms(day: date) -> int:
    return (day.toordinal() - EPOCH_DAY) * DAY_MS


def empties(reader: Reader, today: date) -> list[Waiting]:
    """Return the empties on the farm that go back, those that are due first before the others.

    Raises:
        StoreError: The database is away.
    """
    found = in_states(reader, EMPTY_STATES, WAITING)
    rows = [row for row in found if row["packaging"] != NOT_BACK]
    names = tuple(str(row["package"]) for row in rows)
    due = {
        str(row["package"]): str(row["due_on"])
        for row in (reader.rows("deadline", {"package": names}, limit=len(names)) if names else [])
    }
    waiting = [_waiting(row, due.get(str(row["package"]), ""), today) for row in rows]
    return sorted(waiting, key=lambda one: (one.due_on or "9", str(one.row["package"])))


def _waiting(row: RowValues, due_on: str, today: date) -> Waiting:
    days = (date.fromisoformat(due_on) - today).days if due_on else None
    return Waiting(row=row, due_on=due_on, days=days)


def amount(net_g: int, u_g: int, density_g_per_l: int) -> str:
    """Return a content by weight and, when the density is known, by volume."""
    told = grams_text(net_g, u_g)
    volume = litres_text(net_g, density_g_per_l, u_g)
    words = f"{told} · {volume}" if density_g_per_l else f"{told}, volume unknown"
    return words.replace("+-", "±")


def _amount_of(row: RowValues, density_g_per_l: int) -> str:
    if row["counted_only"]:
        return "too little to weigh: it is counted"
    return amount(_whole(row["net_g"]), _whole(row["u_g"]), density_g_per_l)


def _lot(row: RowValues, received: Mapping[str, int]) -> Lot:
    day = str(row["effective_expiry"])
    return Lot(
        package=str(row["package"]),
        net_g=max(0, _whole(row["net_g"])),
        expires_on=date.fromisoformat(day) if day else None,
        opened=bool(row["opened_on"]),
        received_at_ms=received.get(str(row["package"]), 0),
    )


def _usable(lots: Iterable[Lot], rows: Mapping[str, RowValues], today: date) -> list[Lot]:
    return [
        lot
        for lot in lots
        if rows[lot.package]["state"] != "missing"
        and lot.net_g > 0
        and not is_expired(lot.expires_on, today)
    ]


def _is_here(row: RowValues) -> bool:
    return row["state"] == "stored"


def _leftover(found: Leftover | None) -> str:
    return f"{grams_text(found.leftover_g, 0).partition(' +-')[0]}" if found else ""


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
