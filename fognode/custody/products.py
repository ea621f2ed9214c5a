"""What is bought and from whom: products, their intervals per crop, suppliers.

Each declaration replaces the earlier one of the same GTIN or supplier whole: a fact that is
left out is unknown from then on.  A rule of a crop stands beside the earlier ones; which of
them counts is a question of the day.
"""

import re
from dataclasses import asdict, dataclass, field
from datetime import date

from fognode.custody.draws import refuse
from fognode.custody.spans import spans_of
from fognode.errors import CodeError
from fognode.events import Kind, Outcome, Row, RowValues, Stored
from fognode.gs1.keys import normal_gtin

PACKAGINGS = ("rigid", "flexible", "not_returnable")
WORST_CLASS, LEAST_CLASS = 1, 5  # GHS acute toxicity; 0 = none named
CNPJ = re.compile(r"[0-9A-Z]{12}[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What a GTIN stands for; numbers are 0 and texts "" where nothing was said."""

    gtin: str
    name: str
    registration: str
    packaging: str  # one of PACKAGINGS
    density_g_per_l: int  # 0 = unknown
    active: str = ""
    hazard_class: int = 0  # GHS acute toxicity 1 (worst) to 5
    hazards: str = ""  # H-codes
    first_aid: str = ""
    guarded: int = 0  # 1 = needs special guarding (requirement A107)
    content_g: int = 0
    content_ml: int = 0
    tare_g: int = 0  # with its lid
    warn_level_g: int = 0  # 0 = no level
    lead_days: int = 0
    opened_life_days: int = 0  # 0 = opening does not shorten its life
    needs_witness: int = 0
    cost_cents: int = 0  # of one package
    hours: str = ""  # spans in which it may be handled; "" = at any time


@dataclass(frozen=True, slots=True, kw_only=True)
class CropRule:
    """The intervals of a product on a crop, as somebody read them from a label."""

    gtin: str
    crop: str
    valid_from: str  # ISO day
    phi_days: int  # from the end of application to harvest
    rei_hours: int  # from the end of application to re-entry
    max_dose_ml_per_ha: int  # 0 = none named
    source: str


@dataclass(slots=True)
class State:
    """All master data, by GTIN and by the supplier's id."""

    products: dict[str, Product] = field(default_factory=dict)
    rules: dict[tuple[str, str], list[CropRule]] = field(default_factory=dict)
    suppliers: dict[str, str] = field(default_factory=dict)  # id -> name


KINDS = frozenset({Kind.PRODUCT_SET, Kind.CROP_RULE_SET, Kind.SUPPLIER_SET})


def step(state: State, told: Stored) -> Outcome:
    """Take in a product, a rule of a crop, or a supplier."""
    if told.kind == Kind.PRODUCT_SET:
        return _set_product(state, told)
    if told.kind == Kind.CROP_RULE_SET:
        return _set_rule(state, told)
    if told.kind == Kind.SUPPLIER_SET:
        return _set_supplier(state, told)
    return Outcome()


def find(state: State, gtin: str) -> Product | None:
    """Return the product of a GTIN in any of its spellings, or None."""
    product = state.products.get(gtin)
    if product is not None:
        return product
    try:
        return state.products.get(normal_gtin(gtin))
    except CodeError:
        return None


def crop_rule(state: State, gtin: str, crop: str, on: str) -> CropRule | None:
    """Return the newest rule that was valid on an ISO day; None = unknown, which is not none."""
    rules = state.rules.get((gtin, crop.strip().casefold()), ())
    valid = [rule for rule in rules if rule.valid_from <= on]
    return max(valid, key=lambda rule: rule.valid_from, default=None)


def _set_product(state: State, told: Stored) -> Outcome:
    try:
        gtin = normal_gtin(told.text("gtin"))
    except CodeError as error:
        return refuse(told, str(error), told.text("gtin"))
    if wrong := _wrong_product(told):
        return refuse(told, *wrong)
    product = _product(told, gtin)
    state.products[gtin] = product
    values: RowValues = asdict(product) | {"as_of_seq": told.seq}
    return Outcome(rows=[Row(table="product", values=values)])


NUMBERS = (
    "density_g_per_l",
    "content_g",
    "content_ml",
    "tare_g",
    "warn_level_g",
    "lead_days",
    "opened_life_days",
    "cost_cents",
)


def _wrong_product(told: Stored) -> tuple[str, str] | None:
    """Return why a product is refused, and the value it is refused for."""
    if told.text("packaging") not in PACKAGINGS:
        reason = "packaging is neither rigid nor flexible nor not_returnable"
        return reason, told.text("packaging")
    if not 0 <= told.number("hazard_class") <= LEAST_CLASS:
        reason = f"hazard_class is {WORST_CLASS} (worst) to {LEAST_CLASS}, or 0 for none"
        return reason, told.text("hazard_class")
    if told.number("content_g") and told.number("content_ml"):
        reason = "say content_g or content_ml, not both; the density gives the other"
        return reason, told.text("content_ml")
    if wrong := _wrong_hours(told.text("hours")):
        return wrong, told.text("hours")
    below = next((name for name in NUMBERS if told.number(name) < 0), "")
    return (f"{below} is below zero", told.text(below)) if below else None


def _wrong_hours(text: str) -> str:
    try:
        spans_of(text)
    except ValueError as error:
        return str(error)
    return "hours has more than 60 characters" if len(text) > 60 else ""


def _product(told: Stored, gtin: str) -> Product:
    return Product(
        gtin=gtin,
        name=told.text("name")[:120],
        registration=told.text("registration")[:60],
        packaging=told.text("packaging"),
        active=told.text("active")[:120],
        hazard_class=told.number("hazard_class"),
        hazards=told.text("hazards")[:200],
        first_aid=told.text("first_aid")[:600],
        guarded=int(told.number("guarded") == 1),
        needs_witness=int(told.number("needs_witness") == 1),
        hours=told.text("hours"),
        **{name: told.number(name) for name in NUMBERS},
    )


def _set_rule(state: State, told: Stored) -> Outcome:
    product = find(state, told.text("gtin"))
    if product is None:
        return refuse(told, "no product with this GTIN; declare it first", told.text("gtin"))
    crop, valid_from = told.text("crop").strip(), told.text("valid_from")
    for fact, wrong in (
        ("crop", not 0 < len(crop) <= 60),
        ("source", not 0 < len(told.text("source")) <= 200),  # who says so, for a harvest's sake
        ("valid_from", not is_day(valid_from)),
        ("phi_days", told.number("phi_days", -1) < 0),
        ("rei_hours", told.number("rei_hours", -1) < 0),
        ("max_dose_ml_per_ha", told.number("max_dose_ml_per_ha") < 0),
    ):
        if wrong:
            return refuse(told, f"{fact} is missing or not as it must be", told.text(fact))
    rule = CropRule(
        gtin=product.gtin,
        crop=crop,
        valid_from=valid_from,
        phi_days=told.number("phi_days"),
        rei_hours=told.number("rei_hours"),
        max_dose_ml_per_ha=told.number("max_dose_ml_per_ha"),
        source=told.text("source"),
    )
    kept = state.rules.get((rule.gtin, crop.casefold()), [])
    others = [other for other in kept if other.valid_from != valid_from]
    state.rules[rule.gtin, crop.casefold()] = [*others, rule]
    key: RowValues = {"rule": f"{rule.gtin}/{crop.casefold()}/{valid_from}"}
    return Outcome(
        rows=[Row(table="crop_rule", values=key | asdict(rule) | {"as_of_seq": told.seq})]
    )


def is_day(text: str) -> bool:
    """Tell whether a text is an ISO day of the calendar."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _set_supplier(state: State, told: Stored) -> Outcome:
    supplier, name = told.text("supplier"), told.text("name")
    cnpj = re.sub(r"[./-]", "", told.text("cnpj")).upper()
    if not 0 < len(supplier) <= 40:
        return refuse(told, "supplier is not an id of 1 to 40 characters", supplier)
    if not 0 < len(name) <= 120:
        return refuse(told, "name is not 1 to 120 characters", name)
    if cnpj and not is_cnpj(cnpj):
        return refuse(told, "cnpj has a wrong form or wrong check digits", told.text("cnpj"))
    state.suppliers[supplier] = name
    values: RowValues = {
        "supplier": supplier,
        "name": name,
        "cnpj": cnpj,
        "on_chain": int(told.number("on_chain") == 1),
        "as_of_seq": told.seq,
    }
    return Outcome(rows=[Row(table="supplier", values=values)])


def is_cnpj(cnpj: str) -> bool:
    """Tell whether 14 characters are a CNPJ, letters being legal in the first twelve.

    Source: Receita Federal, Instrução Normativa RFB 2.229/2024: module 11 over the ASCII code
    less 48, weights 2 to 9 from the right.
    """
    if not CNPJ.fullmatch(cnpj):
        return False
    return cnpj[12:] == (first := _cnpj_digit(cnpj[:12])) + _cnpj_digit(cnpj[:12] + first)


def _cnpj_digit(body: str) -> str:
    weighed = ((ord(mark) - 48) * (2 + place % 8) for place, mark in enumerate(reversed(body)))
    rest = sum(weighed) % 11
    return "0" if rest < 2 else str(11 - rest)
