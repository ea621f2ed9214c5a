"""When an empty has to be back: the clock of the invoice, its reminders, and what is overdue.

Due is the same day one year after the invoice (29 February: the 28th).  A package that still
holds product which is in date may wait until six months after its expiry.  Reminders come 90,
30 and 7 days before and on the day itself, once each, and the day after it is overdue; after
days without the node only the nearest one is told.

Source: Decree 4.074/2002, art. 53 (one year from purchase); inpEV (leftover product).
Whether the decree stands under Law 14.785/2023 nobody here verified.
"""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

from fognode.custody import packages, receiving
from fognode.custody.draws import draw
from fognode.custody.packages import Package, Stage
from fognode.custody.shelf_life import year_later
from fognode.events import Event, Json, Kind, Outcome, Row, RowValues, Stored

REMIND_DAYS = (90, 30, 7, 0, -1)  # the day after, it is overdue
LEFTOVER_MONTHS = 6


@dataclass(slots=True)
class State:
    """What will be told on which day; one thread's."""

    zone: tzinfo = UTC
    years: int = 1  # from the invoice to the return
    day: date = date.min  # the last that was looked at
    due_on: dict[str, date] = field(default_factory=dict)  # package -> its day
    reminders: dict[date, list[tuple[str, int]]] = field(default_factory=dict)  # (package, days)


def step(state: State, told: Stored, known: packages.State, bought: receiving.State) -> Outcome:
    """Start a clock at a new package, and tell what a new day brings."""
    if told.kind in ABOUT_ONE:
        package = known.packages.get(told.text("package"))
        if package is None or package.packaging == "not_returnable":
            return Outcome()
        if told.kind == Kind.NEW_PRODUCT_ENTRY:
            start(state, package, told, bought)
        else:
            _restate(state, package, told)
        return Outcome(rows=[_row(state, package.package, told.seq)])
    if told.kind != Kind.HOUR_BEGAN:
        return Outcome()
    today = date.fromisoformat(told.text("hour")[:10])
    if today <= state.day:
        return Outcome()
    nearest = _collect(state, today)
    state.day = today
    outcome = Outcome()
    for number, name in enumerate(sorted(nearest), start=1):
        package = known.packages.get(name)
        if package is not None and package.state < Stage.RETURNED:
            outcome.events.append(_remind(state, told, package, today, number))
            outcome.rows.append(_row(state, name, told.seq))
    return outcome


ABOUT_ONE = frozenset({Kind.NEW_PRODUCT_ENTRY, Kind.PACKAGE_RESTATED})
KINDS = ABOUT_ONE | {Kind.HOUR_BEGAN}


def _row(state: State, package: str, as_of_seq: int) -> Row:
    due_on = state.due_on.get(package)
    values: RowValues = {
        "package": package,
        "due_on": due_on.isoformat() if due_on else "",
        "as_of_seq": as_of_seq,
    }
    return Row(table="deadline", values=values)


def _restate(state: State, package: Package, told: Stored) -> None:
    """Let a clock go on that ran while the package was thought to have left, or end it."""
    due_on = state.due_on.get(package.package)
    if package.state == Stage.NONE:
        state.due_on.pop(package.package, None)
    elif due_on is not None and told.number("was") >= Stage.RETURNED > package.state:
        _schedule(state, package.package, due_on)


def start(state: State, package: Package, told: Stored, bought: receiving.State) -> date:
    """Set the clock of a package by its invoice, or by its arrival where no file told it."""
    issued = bought.issued_on(package.invoice, package.source)
    arrived = datetime.fromtimestamp(told.happened_at_ms // 1000, UTC).astimezone(state.zone)
    begin = date.fromisoformat(issued) if issued else arrived.date()
    if told.text("corrects") and not issued and package.package in state.due_on:
        return state.due_on[package.package]  # it arrived when it arrived
    return _schedule(state, package.package, year_later(begin, state.years))


def _schedule(state: State, package: str, due_on: date) -> date:
    state.due_on[package] = due_on
    for days in REMIND_DAYS:
        state.reminders.setdefault(due_on - timedelta(days=days), []).append((package, days))
    return due_on


def _collect(state: State, today: date) -> set[str]:
    """Take off the schedule what is due until today; return the packages to speak of."""
    over = [day for day in state.reminders if day <= today]
    return {
        package
        for day in over
        for package, days in state.reminders.pop(day)
        # A clock that was set anew has left reminders of the old one behind.
        if state.due_on.get(package) == day + timedelta(days=days)
    }


def _remind(state: State, told: Stored, package: Package, today: date, number: int) -> Event:
    due_on = state.due_on[package.package]
    days = (due_on - today).days
    facts: dict[str, Json] = {
        "package": package.package,
        "due_on": due_on.isoformat(),
        "days": days,
        "token_id": package.token_id,
    }
    later = _leftover(package, due_on) if days <= 0 else None
    if later is not None and later >= today:
        facts["extended_to"] = _schedule(state, package.package, later).isoformat()
    is_over = days < 0 and (later is None or later < today)
    kind = Kind.RETURN_OVERDUE if is_over else Kind.RETURN_DUE
    return draw(kind, told, facts, number=number)


def _leftover(package: Package, due_on: date) -> date | None:
    """Return until when a package with product in date may stay; None when it may not."""
    if package.state > Stage.IN_USE or not package.expires_on:
        return None
    expires_on = date.fromisoformat(package.expires_on)
    months = expires_on.month - 1 + LEFTOVER_MONTHS
    year, month = expires_on.year + months // 12, months % 12 + 1
    later = date(year, month, min(expires_on.day, monthrange(year, month)[1]))
    return later if later > due_on else None
