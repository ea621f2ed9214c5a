"""Expiry, first expired first out, and what will expire unused (requirement P11, A82)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fognode.custody.shelf_life import (
    Leftover,
    Lot,
    effective_expiry,
    is_expired,
    order,
    unused,
    year_later,
)

TODAY = date(2026, 3, 2)


def lot(package: str, net_g: int, days: int | None, *, opened: bool = False, at: int = 0) -> Lot:
    expires_on = None if days is None else TODAY + timedelta(days=days)
    return Lot(
        package=package, net_g=net_g, expires_on=expires_on, opened=opened, received_at_ms=at
    )


def test_the_worked_example() -> None:
    told = unused([lot("A", 3000, 20), lot("B", 2000, 30)], 100, TODAY)
    assert told == [
        Leftover(package="A", leftover_g=1000, expires_on=TODAY + timedelta(days=20)),
        Leftover(package="B", leftover_g=1000, expires_on=TODAY + timedelta(days=30)),
    ]


def test_without_use_on_record_there_is_no_figure() -> None:
    assert unused([lot("A", 3000, 20)], 0, TODAY) == []


def test_opened_packages_expire_earlier() -> None:
    opened_on = date(2026, 3, 1)
    assert effective_expiry("2028-06-30", opened_on, 180) == date(2026, 8, 28)
    assert effective_expiry("2026-05-31", opened_on, 180) == date(2026, 5, 31)
    assert effective_expiry("2026-05-31", opened_on, 0) == date(2026, 5, 31)
    assert effective_expiry("", None, 180) is None


def test_the_last_day_is_still_good() -> None:
    assert not is_expired(TODAY, TODAY)
    assert is_expired(TODAY - timedelta(days=1), TODAY)
    assert not is_expired(None, TODAY)


def test_advice_is_expiry_then_opened_then_received() -> None:
    lots = [
        lot("late", 1, 90),
        lot("unknown", 1, None),
        lot("second", 1, 30, at=2),
        lot("first", 1, 30, at=1),
        lot("opened", 1, 30, opened=True, at=3),
    ]
    assert [one.package for one in order(lots)] == ["opened", "first", "second", "late", "unknown"]


@pytest.mark.parametrize(
    ("bought", "due"),
    [("2026-03-02", "2027-03-02"), ("2028-02-29", "2029-02-28"), ("2027-02-28", "2028-02-28")],
)
def test_a_year_later(bought: str, due: str) -> None:
    assert year_later(date.fromisoformat(bought)).isoformat() == due


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 60)), max_size=8),
    st.integers(1, 500),
)
def test_nothing_is_left_over_that_is_not_there(
    stock: list[tuple[int, int]], rate_g_per_day: int
) -> None:
    lots = [lot(str(n), net_g, days) for n, (net_g, days) in enumerate(stock)]
    left = {told.package: told.leftover_g for told in unused(lots, rate_g_per_day, TODAY)}
    assert all(0 < left_g <= lots[int(package)].net_g for package, left_g in left.items())
    used_g = sum(one.net_g for one in lots) - sum(left.values())
    assert used_g <= rate_g_per_day * max((days for _, days in stock), default=0)
