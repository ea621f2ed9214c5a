"""What the days bring to the stock: expiry, what will not be used in time, low levels.

Once a day, at the first ``hour_began`` of it, every package in stock is looked at; no other
event looks at more than the packages of one product.
"""

from datetime import date, timedelta

from fognode.custody import contents
from fognode.custody.booking import Draft
from fognode.custody.containers import Container, State, Total
from fognode.custody.products import Product
from fognode.custody.shelf_life import is_expired, unused
from fognode.events import Json, Kind

WARNED_DAYS = (0, 7, 30)  # before the last day
RATE_DAYS = 90  # use is looked at so far back


def advise(state: State, draft: Draft, container: Container) -> None:
    """Say which package should have gone first, and that an expired one must not be used."""
    today = draft.day
    if is_expired(container.expires_on, today):
        text = f"{container.package} was taken, it expired on {container.expires_on}"
        text += ": only its return or disposal may follow"
        facts: dict[str, Json] = {"expires_on": str(container.expires_on)}
        draft.find("expired_taken", container, text, facts)
        return
    line = state.totals[container.gtin].line
    first = next((key for key in line if not is_expired(key[0], today)), None)
    mine = container.key
    # Of the same age and both opened, or both not: that one came in first is no reason to ask.
    if first is None or not container.here or mine[:2] <= first[:2]:
        return
    reason = f"it expires on {first[0]}" if first[0] != mine[0] else "it is open already"
    text = f"{container.package} was taken, {first[3]} should go first: {reason}"
    draft.find("not_first_expiring", container, text, {"advised": first[3]})


def check_level(draft: Draft, total: Total, *, received: bool = False) -> None:
    """Tell when a product sinks below its warning level, and when it is above again.

    A delivery never tells of a low level: the next of its packages may follow at once.
    """
    product = draft.product(total.gtin)
    total.warn_level_g = product.warn_level_g if product else 0
    total.value_cents = _value(total, product)
    # Without a level nothing is low, also where more went out than came in.
    low = total.warn_level_g > 0 and total.net_g < total.warn_level_g
    if low == total.low or (low and received):
        return
    total.low = low
    facts: dict[str, Json] = {
        "gtin": total.gtin,
        "net_g": total.net_g,
        "warn_level_g": total.warn_level_g,
    }
    facts |= {"name": product.name} if product else {}
    if low and product and product.lead_days:
        facts["lead_days"] = product.lead_days
    draft.draw(Kind.STOCK_LOW if low else Kind.STOCK_ENOUGH, facts)


def _value(total: Total, product: Product | None) -> int:
    if product is None:
        return 0
    full_g = contents.label_g(product)
    return max(0, total.net_g) * product.cost_cents // full_g if full_g else 0


def begin_hour(state: State, draft: Draft) -> None:
    """Look at all that is in stock when a new day began."""
    day = draft.told.text("hour")[:10]
    if day <= state.today:
        return
    state.today = day
    today = date.fromisoformat(day)
    for total in state.totals.values():
        was_low = total.low
        check_level(draft, total)
        held = [c for c in total.held.values() if c.net_g > 0 and not c.empty]
        for container in held:
            _warn(draft, container, today)
        _tell_unused(draft, total, [c for c in held if c.state != "missing"], today)
        if total.low != was_low:
            draft.outcome.rows.append(total.row(draft.told.seq))


def _about(draft: Draft, container: Container, expires_on: date) -> dict[str, Json]:
    product = draft.product(container.gtin)
    return {
        "package": container.package,
        "gtin": container.gtin,
        "name": product.name if product else "",
        "place": container.place,
        "expires_on": expires_on.isoformat(),
        "net_g": container.net_g,
    }


def _warn(draft: Draft, container: Container, today: date) -> None:
    if container.expires_on is None:
        return
    facts = _about(draft, container, container.expires_on)
    days = (container.expires_on - today).days
    if days < 0 and not container.told_expired:
        container.told_expired = True
        draft.draw(Kind.STOCK_EXPIRED, facts)
    level = next((level for level in WARNED_DAYS if 0 <= days <= level), None)
    if level is not None and level < container.told_days:
        container.told_days = level
        draft.draw(Kind.STOCK_EXPIRING, facts | {"days": days})


def rate_g_per_day(total: Total, today: date) -> int:
    """Return the use of a product a day, over the last 90 days or since it first came.

    0 = no use on record: then there is no figure.
    """
    since = (today - timedelta(days=RATE_DAYS)).toordinal()
    total.used_g = {day: used_g for day, used_g in total.used_g.items() if day >= since}
    days = min(RATE_DAYS, max(1, today.toordinal() - total.first_day))
    return max(0, sum(total.used_g.values())) // days


def _tell_unused(draft: Draft, total: Total, held: list[Container], today: date) -> None:
    rate = rate_g_per_day(total, today)
    lots = [c.lot() for c in held if not is_expired(c.expires_on, today)]
    left = {told.package: told for told in unused(lots, rate, today)}
    for container in held:
        found = left.get(container.package)
        if found is not None and not container.told_leftover:
            facts = _about(draft, container, found.expires_on)
            facts["days"] = (found.expires_on - today).days
            facts["leftover_g"], facts["rate_g_per_day"] = found.leftover_g, rate
            draft.draw(Kind.STOCK_EXPIRING, facts)
        # Told again only after a time in which all of it would have been used.
        container.told_leftover = found is not None
