"""Scans as a form offers them: what was scanned, in words, and what one press fills in."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import g

from fognode.events import Kind
from fognode.page.declarations import DECLARATIONS
from fognode.page.live import Desk
from fognode.page.queries import place_names, products
from fognode.page.scans import KIND, SPAN_MS, Scan, known_packages, recent, unused
from fognode.page.stock import farm_day

MOST = 6  # offers on one form
MINUTES = SPAN_MS // 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One scan on a form."""

    scan: Scan
    place: str  # its name, "" = unknown
    words: str  # what was scanned
    until: str  # its last day, "" = the label does not tell, or it is known already
    age_s: int
    link: str  # the form, filled in
    is_known: bool = True  # there is such a product
    is_expired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What a form says of scans."""

    offers: tuple[Offer, ...] = ()
    has_reader: bool = False  # somebody scans on this farm
    minutes: int = MINUTES


def offered(desk: Desk, kind: str, asked: Mapping[str, str]) -> Offered:
    """Return the scans that a form of this kind can be filled from, newest first.

    ``asked`` is what its address fills in already; it stays.

    Raises:
        StoreError: The database is away.
    """
    if kind != Kind.DELIVERY_DECLARED and "package" not in DECLARATIONS[kind]:
        return Offered()
    is_new = kind == Kind.DELIVERY_DECLARED
    offers = arrivals(desk) if is_new else _known(desk, kind, asked)
    has_reader = bool(desk.config.scanners or desk.reader.newest(1, [KIND]))
    return Offered(offers=tuple(offers), has_reader=has_reader)


def arrivals(desk: Desk) -> list[Offer]:
    """Return the scans that no delivery has used.

    Raises:
        StoreError: The database is away.
    """
    now_ms: int = g.live.now_ms
    named, names, today = products(desk.reader), place_names(desk), farm_day(desk).isoformat()
    return [
        Offer(
            scan=one,
            place=names.get(one.place, one.place),
            words=_label(one, named.get(one.gtin, f"GTIN {one.gtin}")),
            until=one.expires_on,
            age_s=(now_ms - one.at_ms) // 1000,
            link=f"/declare/{Kind.DELIVERY_DECLARED}?{urlencode({'scan': one.event})}",
            is_known=one.gtin in named,
            is_expired=bool(one.expires_on) and one.expires_on < today,
        )
        for one in unused(desk.reader, recent(desk.reader, now_ms))[:MOST]
    ]


def _label(scan: Scan, product: str) -> str:
    told = (("lot", scan.lot), ("serial", scan.serial))
    return ", ".join([product, *(f"{word} {value}" for word, value in told if value)])


def _known(desk: Desk, kind: str, asked: Mapping[str, str]) -> list[Offer]:
    """Return the scans that mean a package of the farm, each package once."""
    kept = {fact: value for fact, value in asked.items() if fact in DECLARATIONS[kind]}
    now_ms: int = g.live.now_ms
    named, names = products(desk.reader), place_names(desk)
    offers: dict[str, Offer] = {}
    scans = recent(desk.reader, now_ms)
    known = known_packages(desk.reader, scans)
    for one in scans:
        row = known.get(one.event)
        package = str(row["package"]) if row else ""
        if row is None or package in offers:
            continue
        offers[package] = Offer(
            scan=one,
            place=names.get(one.place, one.place),
            words=f"{package}, {named.get(str(row['gtin']), row['gtin'])}",
            until="",
            age_s=(now_ms - one.at_ms) // 1000,
            link=f"/declare/{kind}?{urlencode({**kept, 'package': package})}",
        )
    return list(offers.values())[:MOST]
