"""What a scan fills in of the form "Package received", and where each value comes from.

Only what is known is filled in: what the label tells, the product, the one invoice that it fits,
and what the sensors of the scanner's cabinet measured after the scan and before the next one.
A weight is never worked out: the field stays empty where no scale saw the package.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fognode.custody.amounts import grams
from fognode.events import RowValues, Scalar, Stored
from fognode.page.live import Desk
from fognode.page.queries import first, place_names
from fognode.page.scans import KIND, Scan, recent, scan_of, unused
from fognode.page.wording import iso, weight
from fognode.store.reader import Reader

SENSED_AT = 100  # newest events of a sensor that are looked at
LINES, SAME = 200, 200  # invoice lines, packages of one product
PLAIN = re.compile(r"[A-Za-z0-9._-]{1,40}")  # a serial that may stand in a package's address
USED = "This package is received already, or waits to be looked at: nothing was filled in."
NUMBERED = re.compile(r"(.*?)([0-9]{1,9})")


@dataclass(slots=True)
class Filled:
    """What is filled in, by fact, and sentences that say from where."""

    values: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    label_g: int = 0  # content of a full one by its label; 0 = unknown


def filled(desk: Desk, event_id: str, now_ms: int) -> Filled:
    """Return what the scan of this event fills in; nothing when it is of no product, or used.

    Raises:
        StoreError: The database is away.
    """
    known = next((one for one in recent(desk.reader, now_ms) if one.event == event_id), None)
    if known is None:  # older than what is offered: no sensor is asked about it any more
        told = desk.reader.event(event_id)
        known = scan_of(told, 0) if told and told.kind == KIND else None
    if known is None or not known.gtin:
        return Filled()
    return fill(desk, known) if unused(desk.reader, [known]) else Filled(notes=[USED])


def fill(desk: Desk, scan: Scan) -> Filled:
    """Return what one scan fills in.

    Raises:
        StoreError: The database is away.
    """
    reader, names = desk.reader, place_names(desk)
    at = f" at {names.get(scan.place, scan.place)}" if scan.place else ""
    made = Filled(notes=[f"Filled from the scan of {_clock(desk, scan.at_ms)}{at}."])
    made.values = {"scan": scan.event, "gtin": scan.gtin, "serial": scan.serial, "lot": scan.lot}
    made.values["expires_on"] = scan.expires_on
    made.values["package"] = _name(reader, scan)
    product = first(reader.rows("product", {"gtin": scan.gtin}, limit=1))
    if product:
        _from_product(made, product)
    _from_invoice(reader, made, scan)
    if scan.place in {cabinet.id for cabinet in desk.config.cabinets}:
        made.values["site"] = scan.place
        _from_scale(desk, made, scan)
        _from_reader(desk, made, scan)
    made.values = {fact: text for fact, text in made.values.items() if text}
    return made


def _clock(desk: Desk, at_ms: int) -> str:
    return iso(at_ms, desk.config.zone)[11:19]


def _from_product(made: Filled, product: RowValues) -> None:
    tare_g, content_g = _whole(product["tare_g"]), _whole(product["content_g"])
    if not content_g and _whole(product["density_g_per_l"]):
        content_g = grams(_whole(product["content_ml"]), _whole(product["density_g_per_l"])) or 0
    made.label_g = content_g
    if tare_g:
        made.values["tare_g"] = str(tare_g)
    if tare_g and content_g:
        words = f"By its label a full one weighs {weight(content_g + tare_g)}"
        made.notes.append(f"{words}; its weight is what a scale shows.")


def _whole(value: Scalar) -> int:
    return value if isinstance(value, int) else 0


def _from_invoice(reader: Reader, made: Filled, scan: Scan) -> None:
    """Fill in the invoice when exactly one that is open expects this product and lot."""
    lines = [line for line in _waiting(reader, scan.gtin) if _is_of(line, scan.lot)]
    lines = [line for line in lines if line["lot"] == scan.lot] or lines
    names = {str(line["invoice"]) for line in lines}
    if len(names) > 1:
        made.notes.append(f"{len(names)} invoices expect it; choose one.")
    if len(names) != 1:
        return
    (name,) = names
    invoice = first(reader.rows("invoice", {"invoice": name}, limit=1)) or {}
    supplier = str(invoice.get("supplier", ""))
    # The number as it is printed: with the source it tells which one of several is meant.
    made.values |= {"invoice": name.removesuffix(f" ({supplier})"), "source": supplier}
    words = f"Invoice {name} expects it"
    if not scan.expires_on and scan.lot and lines[0]["lot"] == scan.lot:
        made.values["expires_on"] = str(lines[0]["expires_on"] or "")
        words += " and tells the last day of its lot, which its label does not"
    made.notes.append(f"{words}.")


def _waiting(reader: Reader, gtin: str) -> list[RowValues]:
    """Return the lines of open invoices on which a package of this product is still to come."""
    lines = reader.rows("expected", {"gtin": gtin}, "-as_of_seq", LINES)
    lines = [one for one in lines if not one["wanted"] or not _is_whole(one)]
    names = tuple(dict.fromkeys(one["invoice"] for one in lines))
    found = reader.rows("invoice", {"invoice": names, "state": "open"}) if names else []
    is_open = {row["invoice"] for row in found}
    return [one for one in lines if one["invoice"] in is_open]


def _is_whole(line: RowValues) -> bool:
    return _whole(line["confirmed"]) >= _whole(line["wanted"])


def _is_of(line: RowValues, lot: str) -> bool:
    return not lot or line["lot"] in {"", lot}


def _name(reader: Reader, scan: Scan) -> str:
    """Return an id that is free: end of the GTIN and serial, else the next of the farm's own."""
    plain = f"{scan.gtin[-6:-1]}-{scan.serial}" if PLAIN.fullmatch(scan.serial) else ""
    name = plain or _next_own(reader, scan.gtin)
    return "" if not name or reader.rows("package", {"package": name}, limit=1) else name


def _next_own(reader: Reader, gtin: str) -> str:
    rows = reader.rows("package", {"gtin": gtin}, "-received_at_ms", SAME)
    named = [NUMBERED.fullmatch(str(row["package"])) for row in rows]
    told = [(one[1], one[2]) for one in named if one]
    if not told:
        return ""
    prefix, digits = told[0]  # as the newest one is called
    newest = max(int(number) for before, number in told if before == prefix)
    return f"{prefix}{newest + 1:0{len(digits)}}"


def _from_scale(desk: Desk, made: Filled, scan: Scan) -> None:
    """Fill in the weight when one thing was put on the scale since, and nothing taken off."""
    told = _since(desk.reader, scan, ("weight_put", "weight_take"))
    if len(told) != 1 or told[0].kind != "weight_put":
        return
    weight_g = told[0].number("weight_g")
    if weight_g > int(made.values.get("tare_g", "0")):
        made.values["gross_g"] = str(weight_g)
        when = _clock(desk, told[0].happened_at_ms)
        made.notes.append(f"{weight(weight_g)} were put on the scale there at {when}.")


def _from_reader(desk: Desk, made: Filled, scan: Scan) -> None:
    """Fill in the tag when exactly one was seen there since that is on nothing and nobody."""
    told = _since(desk.reader, scan, ("tag_in",))
    seen = {one.text("tag"): one for one in told if is_free(desk.reader, one.text("tag"))}
    if len(seen) == 1:
        ((tag, one),) = seen.items()
        made.values["tag"] = tag
        made.notes.append(f"Tag {tag} was seen there at {_clock(desk, one.happened_at_ms)}.")


def is_free(reader: Reader, tag: str) -> bool:
    """Tell whether a tag is on no package and is nobody's badge.

    Raises:
        StoreError: The database is away.
    """
    asked: Sequence[tuple[str, Mapping[str, Scalar]]] = (
        ("package", {"tag": tag}),
        ("person", {"badge": tag}),
        ("badge", {"badge": tag}),
    )
    return bool(tag) and not any(reader.rows(table, where, limit=1) for table, where in asked)


def _since(reader: Reader, scan: Scan, kinds: Sequence[str]) -> list[Stored]:
    """Return what sensors of the scan's place told after it and before the next scan there."""
    return [
        one
        for one in reader.newest(SENSED_AT, kinds)
        if one.text("place") == scan.place and scan.at_ms <= one.happened_at_ms <= scan.until_ms
    ]
