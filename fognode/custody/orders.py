"""Orders: who may do what when, said beforehand by somebody who may authorise.

An order covers a person and a span of time, and as much as it names: a package, a product, a
place, or several of these, which must then all fit.  It counts only from when it was given on:
an order that is made up afterwards covers nothing.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo

from fognode.custody.draws import refuse
from fognode.errors import CodeError
from fognode.events import Outcome, Row, RowValues, Stored
from fognode.gs1.keys import normal_gtin

LONGEST_MS = 400 * 86_400_000  # a season and then some; longer is a right, not an order


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order; "" = it does not matter which."""

    order: str
    person: str
    package: str
    gtin: str
    place: str
    from_ms: int
    until_ms: int
    given_at_ms: int
    by: str
    root: str = ""  # event_id of the order_given, also when a correction words it

    def covers(self, wish: "Wish") -> bool:
        """Tell whether it allows a package at a place at a time."""
        if not max(self.from_ms, self.given_at_ms) <= wish.at_ms < self.until_ms:
            return False
        asked = ((self.package, wish.package), (self.gtin, wish.gtin), (self.place, wish.place))
        return all(named in ("", found) for named, found in asked)

    def row(self, as_of_seq: int) -> Row:
        """Return the row of table ``work_order``."""
        values: RowValues = {
            "work_order": self.order,
            "person": self.person,
            "package": self.package,
            "gtin": self.gtin,
            "place": self.place,
            "from_at_ms": self.from_ms,
            "until_at_ms": self.until_ms,
            "ordered_by": self.by,
            "given_at_ms": self.given_at_ms,
            "as_of_seq": as_of_seq,
        }
        return Row(table="work_order", values=values)


@dataclass(slots=True)
class State:
    """The orders of each person, newest last, and the ids of all there ever were."""

    orders: set[str] = field(default_factory=set)
    of: dict[str, list[Order]] = field(default_factory=dict)  # person -> orders


def give(state: State, told: Stored, zone: tzinfo, root: str = "") -> Outcome:
    """Take in an order, or say why not; that its people may, was looked at before.

    ``root`` is the event_id of the order_given that a correction words anew: the order it gave
    ends now, and its id may be used again.
    """
    name, before = told.text("order"), _of(state, root)
    if not 0 < len(name) <= 40 or (name in state.orders and name not in before):
        return refuse(told, "order is not a fresh id of 1 to 40 characters", name)
    span = _moment(told.text("from"), zone), _moment(told.text("until"), zone)
    if not span[0] or not span[0] < span[1] <= span[0] + LONGEST_MS:
        reason = "from and until are no times like 2026-03-02T06:00, one after the other"
        return refuse(told, reason, f"{told.text('from')} {told.text('until')}")
    return _keep(state, told, span, root)


def _of(state: State, root: str) -> dict[str, Order]:
    """Return the orders, by id, that an order_given or its corrections gave."""
    orders = (order for orders in state.of.values() for order in orders)
    return {order.order: order for order in orders if root and order.root == root}


def end(state: State, told: Stored, root: str) -> Outcome | None:
    """Let what an order_given gave end now: what was done by it was allowed; None = nothing."""
    before, outcome = _of(state, root), Outcome()
    for order in before.values():
        if order.until_ms <= told.happened_at_ms:
            continue
        over = replace(order, until_ms=told.happened_at_ms)
        kept = state.of[order.person]
        state.of[order.person] = [over if one is order else one for one in kept]
        outcome.rows.append(over.row(told.seq))
    return outcome if before else None


def _keep(state: State, told: Stored, span: tuple[int, int], root: str) -> Outcome:
    package, place, gtin = told.text("package"), told.text("cabinet"), ""
    if told.text("gtin"):
        try:
            gtin = normal_gtin(told.text("gtin"))
        except CodeError as error:
            return refuse(told, str(error), told.text("gtin"))
    if not (package or place or gtin):
        return refuse(told, "an order names a package, a gtin or a cabinet", "")
    order = Order(
        order=told.text("order"),
        person=told.text("person"),
        package=package[:60],
        gtin=gtin,
        place=place[:40],
        from_ms=span[0],
        until_ms=span[1],
        given_at_ms=told.happened_at_ms,
        by=told.text("by"),
        root=root or told.event_id,
    )
    ended = end(state, told, root) or Outcome()
    state.orders.add(order.order)
    oldest_ms = told.happened_at_ms - LONGEST_MS  # readings never come that late
    kept = [other for other in state.of.get(order.person, ()) if other.until_ms > oldest_ms]
    state.of[order.person] = [*kept, order]
    return Outcome(rows=[*ended.rows, order.row(told.seq)])


def _moment(text: str, zone: tzinfo) -> int:
    """Return a time of the farm's clock, or of the offset it names, in ms; 0 = it is none."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        return 0
    local = told if told.tzinfo else told.replace(tzinfo=zone)
    return int(local.astimezone(UTC).timestamp()) * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody does that an order may allow."""

    package: str
    gtin: str
    place: str
    at_ms: int


def find(state: State, person: str, wish: Wish) -> Order | None:
    """Return the newest order of a person that allows it; "" = of anybody."""
    lists = state.of.values() if not person else (state.of.get(person, []),)
    allowing = (order for orders in lists for order in reversed(orders) if order.covers(wish))
    return next(allowing, None)
