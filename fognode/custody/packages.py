"""Which packages there are, which tag each carries, and where each was last seen."""

import re
from collections.abc import Callable, Container
from dataclasses import dataclass, field, fields
from datetime import date
from enum import IntEnum

from fognode import hashing
from fognode.custody import contents, draws, orders, products
from fognode.custody.draws import draw, refuse
from fognode.custody.orders import State as Orders
from fognode.custody.products import Product
from fognode.custody.products import State as Products
from fognode.errors import CodeError
from fognode.events import Json, Kind, Outcome, Row, RowValues, Stored
from fognode.gs1.keys import normal_gtin

# ISO/IEC 14443-3, 6.5.4: a UID has 4, 7 or 10 bytes.
UID = re.compile(r"(?:[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})")
# A package may also carry a long-range tag: the 96-bit EPC of the GS1 Tag Data Standard.
TAG = re.compile(rf"{UID.pattern}|[0-9A-F]{{24}}")
UNWEIGHED = -1


class Stage(IntEnum):
    """Stage of a package's life; the numbers are the token's states.

    Source: contracts/src/PackageToken.sol.
    """

    NONE = 0  # its delivery was withdrawn: it never was here
    SEALED = 1
    IN_USE = 2
    EMPTY = 3
    PREPARED = 4
    RETURNED = 5
    RECEIVED = 6
    DESTROYED = 7


@dataclass(slots=True, kw_only=True)
class Package:
    """One package as it stands now; all but the fields in UNTOLD are columns of its row."""

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
    gross_g: int  # while ``declared``: of a full one, without its tare if nobody knows that
    tare_g: int  # 0 = unknown
    state: int = Stage.SEALED
    holder: str = ""  # who has it out; "" = nobody, it is in its place
    out_since_at_ms: int = 0
    received_at_ms: int = 0
    token_id: str = ""
    lifted_g: int = UNWEIGHED  # what it weighed when it was last taken out
    declared: bool = False  # nobody has weighed it yet: its content is its label's
    tare_u_g: int = 0  # of a tare that was learnt from a full package
    tapped: bool = False  # a use or a loss of it was declared
    weighed: bool = False  # a scale told its weight since it came
    said_empty: bool = False  # a person says so, and no scale did
    prepared: bool = False  # rinsed and pierced, or bagged, by a named person
    bringer: str = ""  # who put it where it stands; "" = nobody was seen to
    left_at_ms: int = 0  # when it was declared to leave for good; 0 = it did not

    @property
    def empty_g(self) -> int:
        """What it may weigh at most without content, grams."""
        return self.tare_g + contents.slack_g(self.tare_u_g)

    @property
    def full_by_label(self) -> bool:
        """As far as anybody knows all is in it that its label says, and nobody weighed it."""
        return self.declared and self.state == Stage.SEALED and not self.tapped

    def row(self, as_of_seq: int) -> Row:
        """Return the row of table ``package`` that shows this package."""
        # Not asdict, which copies deeply: half the time of a fold went into it.
        values: RowValues = {name: getattr(self, name) for name in COLUMNS}
        values["state"], values["as_of_seq"] = int(self.state), as_of_seq
        if self.declared:
            values["gross_g"] = 0  # nobody weighed it
        return Row(table="package", values=values)


UNTOLD = {
    "lifted_g",
    "declared",
    "tare_u_g",
    "tapped",
    "weighed",
    "said_empty",
    "prepared",
    "left_at_ms",
    "bringer",
}
COLUMNS = tuple(known.name for known in fields(Package) if known.name not in UNTOLD)


@dataclass(slots=True)
class State:
    """Products, packages, and the live bindings of tags."""

    products: Products = field(default_factory=Products)
    packages: dict[str, Package] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)  # UID -> package, live bindings only
    tokens: dict[str, str] = field(default_factory=dict)  # token_id -> package
    orders: Orders = field(default_factory=Orders)
    barred: frozenset[str] = frozenset()  # places where no package may be
    seen_at_ms: dict[str, int] = field(default_factory=dict)  # package -> newest tag_in of it
    # package -> what a person declared or counted of it -> since when, and grams more or less
    restated: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)

    def tagged(self, tag: str) -> Package | None:
        """Return the package that carries a tag now."""
        return self.packages.get(self.tags.get(tag, ""))


def bind(state: State, package: Package, tag: str) -> None:
    """Put a tag on a package, "" = take off the one it has; whether it may be asked before."""
    state.tags.pop(package.tag, None)
    package.tag = tag
    if tag:
        state.tags[tag] = package.package


KINDS = frozenset({Kind.DELIVERY_DECLARED, "tag_in"})


def step(state: State, told: Stored, badges: Container[str]) -> Outcome:
    """Take in a delivery, or a tag seen somewhere; ``badges`` are people's UIDs."""
    if told.kind == Kind.DELIVERY_DECLARED:
        return _enter(state, told, badges)
    if told.kind == "tag_in":
        return _follow(state, told)
    return Outcome()


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
    product = products.find(state.products, gtin)
    if product is None:
        return refuse(told, "no product with this GTIN; declare it first", gtin)
    if refusal := contents.find_wrong(told, product):
        return refuse(told, *refusal)
    package = _package(told, product)
    if twice := _doubled(state, package, badges):
        outcome = refuse(told, f"{twice} is in use already", str(getattr(package, twice)))
        if twice == "serial":
            outcome.add(_counterfeit(state, told, package))
        return outcome
    state.packages[package.package] = package
    state.tags[package.tag] = package.package
    state.tokens[package.token_id] = package.package
    facts = _entry_facts(package, told.text("by")) | contents.facts_of(told, product)
    facts |= {"prescription": told.facts["prescription"]} if "prescription" in told.facts else {}
    entry = draw(Kind.NEW_PRODUCT_ENTRY, told, facts)
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
    ("tag", lambda told: not TAG.fullmatch(told.text("tag").upper())),
)


def _package(told: Stored, product: Product) -> Package:
    tare_g = contents.tare_of(told, product)
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
        gross_g=told.number("gross_g") or contents.label_g(product) + tare_g,
        tare_g=tare_g,
        declared=not told.number("gross_g"),
        received_at_ms=told.happened_at_ms,
        token_id=hashing.token_id(product.gtin, told.text("serial")).hex(),
    )


def _doubled(state: State, package: Package, badges: Container[str]) -> str:
    if package.package in state.packages:
        return "package"
    if package.tag in state.tags or package.tag in badges:
        return "tag"
    return "serial" if package.token_id in state.tokens else ""


def _counterfeit(state: State, told: Stored, package: Package) -> Outcome:
    """Tell of a GTIN and serial that another package has: one of the two is not what it says."""
    first = state.tokens[package.token_id]
    text = f"{package.package}: GTIN {package.gtin} with serial {package.serial} is {first} already"
    facts: dict[str, Json] = {"place": package.site, "package": first, "text": text[:300]}
    return draws.find(told, "doubled_serial", facts)


def _entry_facts(package: Package, by: str) -> dict[str, Json]:
    names = "package gtin serial lot expires_on invoice tag packaging source site token_id"
    facts: dict[str, Json] = {name: getattr(package, name) for name in names.split()}
    return facts | {"by": by}


def _follow(state: State, told: Stored) -> Outcome:
    """Tell that a package turned up at another place than the one it was last seen at.

    Source: APTM paper, table 4, scenario of package movement.
    """
    package, place = state.tagged(told.text("tag")), told.text("place")
    if package is None or told.happened_at_ms < state.seen_at_ms.get(package.package, 0):
        return Outcome()  # told late: it was seen elsewhere since
    state.seen_at_ms[package.package] = told.happened_at_ms
    return move(state, package, told, (place, told.happened_at_ms))


def move(state: State, package: Package, told: Stored, seen: tuple[str, int]) -> Outcome:
    """Tell that a package was seen at a place, and when; nothing when it was there already."""
    place, at_ms = seen
    if place in {"", package.site}:
        return Outcome()
    facts: dict[str, Json] = {
        "package": package.package,
        "tag": package.tag,
        "from": package.site,
        "to": place,
        "permitted": 1,
        "token_id": package.token_id,
    }
    if place in state.barred and package.state < Stage.RETURNED:
        # What left as an empty may be anywhere; the rest needs an order (requirement A119).
        wish = orders.Wish(package=package.package, gtin=package.gtin, place=place, at_ms=at_ms)
        order = orders.find(state.orders, package.holder, wish)
        facts |= {"order": order.order} if order else {"permitted": 0}
    package.site = place
    moved = draw(Kind.PACKAGE_MOVED, told, facts, at_ms=at_ms)
    return Outcome(events=[moved], rows=[package.row(told.seq)])
