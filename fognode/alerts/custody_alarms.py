"""What custody and stock tell that is worth an alert; pure."""

from collections.abc import Callable

from fognode.alerts.alarms import Alarm, warn
from fognode.events import Kind, Stored

CRITICAL_DISCREPANCIES = frozenset(
    {
        "weight_without_badge",
        "opening_without_badge",
        "tag_without_package",
        "badge_revoked_used",
        "badge_two_places",
        "tag_two_places",
        "doubled_serial",
        "outside_hours",
        "gone_package_back",
    }
)
# Shown and kept, and named in the evidence pack; mailed to nobody.
QUIET_DISCREPANCIES = frozenset({"gap", "too_late"})


def _discrepancy(told: Stored) -> Alarm:
    rule = told.text("rule")
    severity = "critical" if _is_critical(told) else "warning"
    return Alarm(
        rule=rule,
        severity="info" if rule in QUIET_DISCREPANCIES else severity,
        place=told.text("place"),
        subject=about(told),
        text=told.text("text")[:300],
    )


def about(told: Stored) -> str:
    """Return the subject of a discrepancy's alert."""
    # A tag that is nobody's stays the same cause however often it is read.
    thing = told.text("package") or told.text("batch")
    return told.text("tag") or f"{told.text('opening')[:16]}:{thing}"


def _escalated(told: Stored) -> Alarm:
    return Alarm(
        rule=told.kind,
        severity="critical",
        place=told.text("place"),
        subject=told.text("discrepancy"),
        text=told.text("text")[:300],
    )


def _is_critical(told: Stored) -> bool:
    """Tell whether a discrepancy is one that no model ever mutes."""
    rule = told.text("rule")
    lost = rule == "weight_without_tag" and told.number("delta_g") < 0
    return lost or rule in CRITICAL_DISCREPANCIES


def _moved(told: Stored) -> Alarm | None:
    if told.number("permitted", 1):
        return None
    package, place = told.text("package"), told.text("to")
    text = f"Package {package} was seen at {place}, where it must not be."
    return Alarm(rule="package_moved", severity="critical", place=place, subject=package, text=text)


def _stock_low(told: Stored) -> Alarm:
    name, lead = told.text("name") or told.text("gtin"), told.number("lead_days")
    order = f" A delivery takes {lead} days." if lead else ""
    text = f"{name}: {told.number('net_g')} g left, less than {told.number('warn_level_g')} g."
    return warn(told.kind, told, told.text("gtin"), text + order)


def _expiring(told: Stored) -> Alarm:
    package, days, day = told.text("package"), told.number("days"), told.text("expires_on")
    left_g = told.number("leftover_g")
    if not left_g:
        when = "today" if days == 0 else f"in {days} days, on {day}"
        return warn(told.kind, told, package, f"{package} ({told.text('name')}) expires {when}.")
    rate = told.number("rate_g_per_day")
    text = f"{package} expires on {day}; at {rate} g a day {left_g} g of it will be left."
    place = told.text("place")
    return Alarm(rule="stock_leftover", severity="info", place=place, subject=package, text=text)


def _expired(told: Stored) -> Alarm:
    package = told.text("package")
    text = f"{package} ({told.text('name')}) expired on {told.text('expires_on')}"
    return warn(told.kind, told, package, f"{text}: only its return or disposal may follow.")


def _return_due(told: Stored) -> Alarm:
    package, day, days = told.text("package"), told.text("due_on"), told.number("days")
    text = f"{package} has to be back at a collection centre by {day}: {max(days, 0)} days left."
    if "extended_to" in told.facts:
        text = f"{package} holds product in date: it has to be back by {told.text('extended_to')}."
    return warn(told.kind, told, package, text)


def _return_overdue(told: Stored) -> Alarm:
    package = told.text("package")
    text = f"{package} should have been back at a collection centre by {told.text('due_on')}."
    return Alarm(rule=told.kind, severity="critical", place="", subject=package, text=text)


RULES: dict[str, Callable[[Stored], Alarm | None]] = {
    Kind.DISCREPANCY_FOUND: _discrepancy,
    Kind.DISCREPANCY_ESCALATED: _escalated,
    Kind.PACKAGE_MOVED: _moved,
    Kind.STOCK_LOW: _stock_low,
    Kind.STOCK_EXPIRING: _expiring,
    Kind.STOCK_EXPIRED: _expired,
    Kind.RETURN_DUE: _return_due,
    Kind.RETURN_OVERDUE: _return_overdue,
}
