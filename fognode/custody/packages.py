"""Which packages there are, which tag each carries, and where each was last seen."""

import re
from collections.abc import Callable, Container
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import IntEnum

from fognode import hashing
from fognode.custody.draws import draw, refuse
from fognode.errors import CodeError
from fognode.events import Json, Kind, Outcome, Row, Stored
from fognode.gs1.keys import normal_gtin

# ISO/IEC 14443-3, 6.5.4: a UID has 4, 7 or 10 bytes.
UID = re.compile(r"(?:[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})")
PACKAGINGS = ("rigid", "flexible")
UNWEIGHED = -1


class Stage(IntEnum):
    """Stage of a package's life; the numbers are the token's states.

    Source: contracts/src/PackageToken.sol.
    """

    SEALED = 1
    IN_USE = 2
    EMPTY = 3
    PREPARED = 4
    RETURNED = 5
    RECEIVED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What a GTIN stands for."""

    gtin: str
    name: str
    registration: str
    packaging: str  # one of PACKAGINGS
    density_g_per_l: int  # 0 = unknown


@dataclass(slots=True, kw_only=True)
class Package:
    """One package as it stands now; all but the last two fields are columns of its row."""

    package: str
    gtin: str
    serial: str
    lot: str
    expires_on: str
    invoice: str
    tag: str
    packaging: str
    source: str
    site: str  # the one place where it was last seen
    gross_g: int
    tare_g: int
    state: int = Stage.SEALED
    holder: str = ""  # who has it out; "" = nobody, it is in its place
    out_since_at_ms: int = 0
    received_at_ms: int = 0
    token_id: str = ""
    lifted_g: int = UNWEIGHED  # what it weighed when it was last taken out
    prepared: bool = False  # rinsed and pierced, or bagged, by a named person

    def row(self, as_of_seq: int) -> Row:
        """Return the row of table ``package`` that shows this package."""
        values = asdict(self) | {"state": int(self.state), "as_of_seq": as_of_seq}
        del values["lifted_g"], values["prepared"]
        return Row(table="package", values=values)


@dataclass(slots=True)
class State:
    """Products, packages, and the live bindings of tags."""

    products: dict[str, Product] = field(default_factory=dict)
    packages: dict[str, Package] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)  # UID -> package, live bindings only
    tokens: dict[str, str] = field(default_factory=dict)  # token_id -> package
    barred: frozenset[str] = frozenset()  # places where no package may be

    def tagged(self, tag: str) -> Package | None:
        """Return the package that carries a tag now."""
        return self.packages.get(self.tags.get(tag, ""))


def step(state: State, told: Stored, badges: Container[str]) -> Outcome:
    """Take in a product, a delivery, or a tag seen somewhere; ``badges`` are people's UIDs."""
    if told.kind == Kind.PRODUCT_SET:
        return _set_product(state, told)
    if told.kind == Kind.DELIVERY_DECLARED:
        return _enter(state, told, badges)
    if told.kind == "tag_in":
        return _follow(state, told)
    return Outcome()


def _set_product(state: State, told: Stored) -> Outcome:
    try:
        gtin = normal_gtin(told.text("gtin"))
    except CodeError as error:
        return refuse(told, str(error), told.text("gtin"))
    if told.text("packaging") not in PACKAGINGS:
        return refuse(told, "packaging is neither rigid nor flexible", told.text("packaging"))
    product = Product(
        gtin=gtin,
        name=told.text("name")[:120],
        registration=told.text("registration")[:60],
        packaging=told.text("packaging"),
        density_g_per_l=told.number("density_g_per_l"),
    )
    state.products[gtin] = product
    values = asdict(product) | {"as_of_seq": told.seq}
    return Outcome(rows=[Row(table="product", values=values)])


def _enter(state: State, told: Stored, badges: Container[str]) -> Outcome:
    """Enter a delivered package, or say why not.

    Source: APTM paper, section 4.2, function newProductEntry.
    """
    try:
        gtin = normal_gtin(told.text("gtin"))
    except CodeError as error:
        return refuse(told, str(error), told.text("gtin"))
    for fact, wrong in CHECKS:
        if wrong(told):
            return refuse(told, f"{fact} is missing or not as it must be", told.text(fact))
    product = state.products.get(gtin)
    if product is None:
        return refuse(told, "no product with this GTIN; declare it first", gtin)
    package = _package(told, product)
    if twice := _doubled(state, package, badges):
        return refuse(told, f"{twice} is in use already", str(getattr(package, twice)))
    state.packages[package.package] = package
    state.tags[package.tag] = package.package
    state.tokens[package.token_id] = package.package
    entry = draw(Kind.NEW_PRODUCT_ENTRY, told, _entry_facts(package, told.text("by")))
    return Outcome(events=[entry], rows=[package.row(told.seq)])


def _no_date(told: Stored) -> bool:
    text = told.text("expires_on")
    try:
        return date.fromisoformat(text).isoformat() != text
    except ValueError:
        return True


def _longer(fact: str, most: int) -> Callable[[Stored], bool]:
    return lambda told: not 0 < len(told.text(fact)) <= most


# Lengths are those of the columns of table package.
CHECKS: tuple[tuple[str, Callable[[Stored], bool]], ...] = (
    ("package", _longer("package", 60)),
    ("serial", _longer("serial", 40)),  # never invented: a token stands for GTIN + serial
    ("site", _longer("site", 40)),
    ("lot", lambda told: len(told.text("lot")) > 40),
    ("invoice", lambda told: len(told.text("invoice")) > 60),
    ("source", lambda told: len(told.text("source")) > 120),
    ("expires_on", _no_date),
    ("tag", lambda told: not UID.fullmatch(told.text("tag").upper())),
    ("tare_g", lambda told: told.number("tare_g") <= 0),
    ("gross_g", lambda told: told.number("gross_g") <= told.number("tare_g")),
)


def _package(told: Stored, product: Product) -> Package:
    return Package(
        package=told.text("package"),
        gtin=product.gtin,
        serial=told.text("serial"),
        lot=told.text("lot"),
        expires_on=told.text("expires_on"),
        invoice=told.text("invoice"),
        tag=told.text("tag").upper(),
        packaging=product.packaging,
        source=told.text("source"),
        site=told.text("site"),
        gross_g=told.number("gross_g"),
        tare_g=told.number("tare_g"),
        received_at_ms=told.happened_at_ms,
        token_id=hashing.token_id(product.gtin, told.text("serial")).hex(),
    )


def _doubled(state: State, package: Package, badges: Container[str]) -> str:
    if package.package in state.packages:
        return "package"
    if package.tag in state.tags or package.tag in badges:
        return "tag"
    return "serial" if package.token_id in state.tokens else ""


def _entry_facts(package: Package, by: str) -> dict[str, Json]:
    names = (
        "package gtin serial lot expires_on invoice tag packaging source site gross_g tare_g "
        "token_id"
    )
    facts: dict[str, Json] = {name: getattr(package, name) for name in names.split()}
    return facts | {"by": by}


def _follow(state: State, told: Stored) -> Outcome:
    """Tell that a package turned up at another place than the one it was last seen at.

    Source: APTM paper, table 4, scenario of package movement.
    """
    package, place = state.tagged(told.text("tag")), told.text("place")
    if package is None or place in {"", package.site}:
        return Outcome()
    facts: dict[str, Json] = {
        "package": package.package,
        "tag": package.tag,
        "from": package.site,
        "to": place,
        "permitted": int(place not in state.barred),
        "token_id": package.token_id,
    }
    package.site = place
    return Outcome(events=[draw(Kind.PACKAGE_MOVED, told, facts)], rows=[package.row(told.seq)])
