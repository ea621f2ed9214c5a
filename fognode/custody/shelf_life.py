"""Which package to take first, what runs out of date before it is used up, what is expired.

Effective expiry is the earlier of the label's day and the day it was opened plus the life
after opening.  Advice: earliest effective expiry, then already opened, then first received.
"""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """What is left of one package."""

    package: str
    net_g: int
    expires_on: date | None  # effective; None = unknown
    opened: bool = False
    received_at_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """What of a package will still be there when it expires."""

    package: str
    leftover_g: int
    expires_on: date


def effective_expiry(label: str, opened_on: date | None, opened_life_days: int) -> date | None:
    """Return the day after which a package must not be used; None when nothing tells it.

    ``label`` is an ISO day or "", ``opened_life_days`` 0 when the product names none.
    """
    days = [date.fromisoformat(label)] if label else []
    if opened_on is not None and opened_life_days > 0:
        days.append(opened_on + timedelta(days=opened_life_days))
    return min(days, default=None)


def is_expired(expires_on: date | None, today: date) -> bool:
    """Tell whether a package is past its last day."""
    return expires_on is not None and today > expires_on


def order(lots: Iterable[Lot]) -> list[Lot]:
    """Return packages in the order in which they should be taken (first expired, first out)."""
    far = date.max
    return sorted(
        lots,
        key=lambda lot: (
            lot.expires_on or far,
            not lot.opened,
            lot.received_at_ms,
            lot.package,
        ),
    )


def unused(lots: Sequence[Lot], rate_g_per_day: int, today: date) -> list[Leftover]:
    """Return what will expire before it can be used at a steady rate, in order of taking.

    No use on record (rate 0) gives no figure: an empty list.  Source: a walk over the lots,
    usable_i = min(stock_i, r x max(0, days_i - day)), day += usable_i / r.
    """
    if rate_g_per_day <= 0:
        return []
    found = []
    spent_g = 0  # of the days from today, times the rate: whole numbers all the way
    for lot in order(lots):
        if lot.expires_on is None:
            spent_g += lot.net_g
            continue
        days = max(0, (lot.expires_on - today).days)
        usable_g = min(lot.net_g, max(0, rate_g_per_day * days - spent_g))
        spent_g += usable_g
        if lot.net_g > usable_g:
            found.append(
                Leftover(
                    package=lot.package,
                    leftover_g=lot.net_g - usable_g,
                    expires_on=lot.expires_on,
                )
            )
    return found


def year_later(day: date, years: int = 1) -> date:
    """Return the same day some years on; 29 February becomes the 28th."""
    last = calendar.monthrange(day.year + years, day.month)[1]
    return day.replace(year=day.year + years, day=min(day.day, last))
