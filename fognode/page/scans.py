"""What code readers scanned lately, and which known package a scan means; nothing is written.

A scan books nothing.  It is offered on a form, where a person sees what it fills and sends it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fognode.errors import CodeError
from fognode.events import Kind, RowValues, Stored
from fognode.gs1.elements import parse_bracketed
from fognode.gs1.keys import normal_gtin
from fognode.page.declarations import DECLARATIONS
from fognode.store.reader import Reader

KIND = "code_scan"
SPAN_MS = 900_000  # how long a scan is offered
LOOKED_AT = 60  # newest scans
REFUSED_AT = 200  # newest refusals in which that of a delivery is searched
# GS1 General Specifications, 3.9: information that a company gives its own meaning.
OWN = frozenset(str(ai) for ai in range(91, 100))
DELIVERY = DECLARATIONS[Kind.DELIVERY_DECLARED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One scan; "" where the label does not tell, or tells what no form would take."""

    event: str  # its event_id
    code: str  # as the reader sent it, percent-encoded
    at_ms: int
    until_ms: int  # when something else was scanned at the same place; else now
    place: str
    gtin: str
    serial: str
    lot: str
    expires_on: str
    own: str  # an id of the farm's own, on a label (91) to (99)


def recent(reader: Reader, now_ms: int) -> list[Scan]:
    """Return the scans of the last 15 minutes, newest first, a label with a serial once.

    Raises:
        StoreError: The database is away.
    """
    scans: list[Scan] = []
    newest = reader.newest(LOOKED_AT, [KIND])  # of the record: a board may tell late
    for told in sorted(newest, key=lambda one: one.happened_at_ms, reverse=True):
        one = scan_of(told, _next_ms(told, scans) or now_ms)
        is_again = one.serial and any(one.code == other.code for other in scans)
        if now_ms - one.at_ms <= SPAN_MS and not is_again:
            scans.append(one)
    return scans


def _next_ms(told: Stored, newer: Iterable[Scan]) -> int:
    """Return when the next scan of something else came at this place, 0 for not yet."""
    here = [one.at_ms for one in newer if one.place == told.text("place")]
    return min((at_ms for at_ms in here if at_ms >= told.happened_at_ms), default=0)


def scan_of(told: Stored, until_ms: int) -> Scan:
    """Return a scan as its event tells it."""
    return Scan(
        event=told.event_id,
        code=told.text("scan"),
        at_ms=told.happened_at_ms,
        until_ms=until_ms,
        place=told.text("place"),
        gtin=_fit("gtin", told),
        serial=_fit("serial", told),
        lot=_fit("lot", told),
        expires_on=_fit("expires_on", told),
        own=_own(told.text("elements")),
    )


def _fit(fact: str, told: Stored) -> str:
    """Return a fact of a scan, "" when the form would refuse it."""
    try:
        return str(DELIVERY[fact].check(fact, told.text(fact)))
    except ValueError:
        return ""


def _own(elements: str) -> str:
    try:
        found = parse_bracketed(elements)
    except CodeError:
        return ""
    return next((value for ai, value in found if ai in OWN), "")


def known_packages(reader: Reader, scans: Sequence[Scan]) -> dict[str, RowValues]:
    """Return, by event, the package that a scan means: by GTIN and serial, or by the own label.

    Raises:
        StoreError: The database is away.
    """
    serials = tuple(sorted({one.serial for one in scans if one.gtin and one.serial}))
    names = tuple(sorted({one.own for one in scans if one.own}))
    rows = reader.rows("package", {"serial": serials}) if serials else []
    named = reader.rows("package", {"package": names}) if names else []
    by_label = {(row["gtin"], row["serial"]): row for row in rows if row["state"]}
    by_name = {row["package"]: row for row in named if row["state"]}
    found = {}
    for one in scans:
        row = by_label.get((one.gtin, one.serial)) or (by_name.get(one.own) if one.own else None)
        if row is not None:
            found[one.event] = row
    return found


def unused(reader: Reader, scans: Sequence[Scan]) -> list[Scan]:
    """Return the scans of a product that no delivery has used, in their order.

    A delivery that custody refused has used none.

    Raises:
        StoreError: The database is away.
    """
    refused = [one.origin for one in reader.newest(REFUSED_AT, [Kind.REJECTED])]
    refused = [origin for origin in refused if origin.startswith("r/")]
    told = [
        one
        for one in reader.newest(LOOKED_AT, [Kind.DELIVERY_DECLARED])
        if not any(one.event_id in origin for origin in refused)
    ]
    events = {one.text("scan") for one in told}
    known = known_packages(reader, scans)
    serials = {(_normal(one.text("gtin")), one.text("serial")) for one in told}
    return [
        one
        for one in scans
        if one.gtin
        and one.event not in events
        and (one.gtin, one.serial) not in serials
        and one.event not in known
    ]


def _normal(gtin: str) -> str:
    try:
        return normal_gtin(gtin)
    except CodeError:
        return gtin
