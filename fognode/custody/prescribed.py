"""One prescription: its limit, what was bought and used by it, and the verdict.

    limit = total, or dose x area         in millilitres, or grams where the total is in grams
    beyond      amount - u > limit
    at_limit    the limit lies inside amount +- u
    within      amount + u < limit
    incomplete  there is no limit, or the density that makes millilitres of grams is unknown

Source: Decree 4.074/2002, art. 66; Law 14.785/2023; u as in JCGM 100:2008, 5.1.2.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fognode.custody import amounts, draws, products
from fognode.custody.booking import Known
from fognode.custody.draws import draw
from fognode.events import Json, Kind, Outcome, Row, RowValues, Stored

HECTARE_M2 = 10_000
PARTS = ("bought", "used")


@dataclass(slots=True, kw_only=True)
class Prescription:
    """One prescription, and what was bought and used by it; amounts in ``unit``."""

    prescription: str
    professional: str
    gtin: str
    crop: str
    area_m2: int
    dose_ml_per_ha: int  # 0 = none named
    phi_days: int  # -1 = unknown
    valid_until: str  # ISO day, "" = no end known
    invoice: str
    unit: str  # ml or g
    limit: int  # 0 = nothing to compare with
    amounts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PARTS, 0))
    variances: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PARTS, 0))
    verdicts: dict[str, str] = field(default_factory=dict)
    blind: bool = False  # an amount could not be compared: no density

    def u(self, part: str) -> int:
        """Return the uncertainty of what was bought or used."""
        return amounts.root(max(self.variances[part], 0))

    def row(self, as_of_seq: int) -> Row:
        """Return the row of table ``prescription``."""
        values: RowValues = {
            "prescription": self.prescription,
            "professional": self.professional,
            "gtin": self.gtin,
            "crop": self.crop,
            "area_m2": self.area_m2,
            "dose_ml_per_ha": self.dose_ml_per_ha,
            "phi_days": self.phi_days,
            "valid_until": self.valid_until,
            "invoice": self.invoice,
            "unit": self.unit,
            "limit_amount": self.limit,
            "bought_amount": self.amounts["bought"],
            "used_amount": self.amounts["used"],
            "u_amount": self.u("used"),
            "bought_verdict": self.verdicts.get("bought", ""),
            "used_verdict": self.verdicts.get("used", ""),
            "as_of_seq": as_of_seq,
        }
        return Row(table="prescription", values=values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a use was for, as declared."""

    prescription: str = ""
    crop: str = ""
    area_m2: int = 0


@dataclass(slots=True, kw_only=True)
class Use:
    """The last use of a package, grams; what it counts for."""

    prescription: str
    amount_g: int
    u_g: int
    planned: bool


@dataclass(slots=True, kw_only=True)
class Bought:
    """A package on the farm: by which prescription, and its last use."""

    package: str
    gtin: str
    invoice: str
    named: str  # the prescription its delivery named
    content_g: int
    u_g: int
    prescription: str = ""  # that it counts for
    plan: Plan | None = None  # of the use that is to come
    use: Use | None = None  # the last one
    missed: bool = False  # told already that there is no prescription for it


@dataclass(slots=True)
class State:
    """Prescriptions by number, and packages."""

    prescriptions: dict[str, Prescription] = field(default_factory=dict)
    of_gtin: dict[str, list[str]] = field(default_factory=dict)
    packages: dict[str, Bought] = field(default_factory=dict)
    unmatched: dict[str, None] = field(default_factory=dict)  # packages without one
    invoices: dict[str, list[str]] = field(default_factory=dict)  # invoice -> prescriptions
    asked: dict[str, str] = field(default_factory=dict)  # event_id -> number it is about


@dataclass(slots=True, kw_only=True)
class Sheet:
    """What one stored event says of prescriptions."""

    told: Stored
    known: Known
    outcome: Outcome = field(default_factory=Outcome)
    numbers: Counter[str] = field(default_factory=Counter)

    @property
    def day(self) -> str:
        """The farm's day on which it happened, ISO."""
        at_s = self.told.happened_at_ms // 1000
        return datetime.fromtimestamp(at_s, UTC).astimezone(self.known.zone).date().isoformat()

    def millilitres(self, gtin: str, grams: int) -> int | None:
        """Return grams of a product as millilitres; None when its density is unknown."""
        product = products.find(self.known.packages.products, gtin)
        density = product.density_g_per_l if product else 0
        volume = amounts.millilitres(abs(grams), density)
        return volume if volume is None or grams >= 0 else -volume

    def say(self, facts: dict[str, Json]) -> None:
        """Tell of a verdict."""
        kind = Kind.PRESCRIPTION_JUDGED
        self.numbers[kind] += 1
        self.outcome.events.append(draw(kind, self.told, facts, number=self.numbers[kind]))

    def find(self, rule: str, text: str, package: str, prescription: str = "") -> None:
        """Tell of a discrepancy, as that of who used it."""
        told, facts = self.told, {"text": text[:300], "place": self.told.text("place")}
        about = {"package": package, "prescription": prescription}
        about["person"] = told.text("person") or told.text("by")
        self.numbers[rule] += 1
        named: dict[str, Json] = {key: value for key, value in about.items() if value}
        self.outcome.add(draws.find(told, rule, {**facts, **named}, number=self.numbers[rule]))


def verdict(limit: int, amount: int, u: int) -> tuple[str, int]:
    """Return within, at_limit or beyond, and by how much beyond; all in one unit.

    Only what surely is beyond is: 25.6 l +- 0.1 l of 24.0 l are beyond by 1.6 l.
    """
    if amount - u > limit:
        return "beyond", amount - limit
    return ("within" if amount + u < limit else "at_limit"), 0


def add(sheet: Sheet, made: Prescription, part: str, grams: tuple[int, int]) -> None:
    """Add an amount and its uncertainty, both in grams; a negative amount takes back."""
    amount, u = grams
    if made.unit == "ml":
        volume = sheet.millilitres(made.gtin, amount)
        if volume is None:
            made.blind = True
            return
        amount, u = volume, sheet.millilitres(made.gtin, u) or 0
    made.amounts[part] += amount
    made.variances[part] += u * u if amount >= 0 else -u * u


def judge(sheet: Sheet, made: Prescription, part: str, package: str = "") -> None:
    """Tell of a verdict that is another one than before, and show the prescription."""
    amount, u, unit = made.amounts[part], made.u(part), made.unit
    before, over = made.verdicts.get(part, ""), 0
    now = before
    if not made.limit or made.blind:
        now = "incomplete"
    elif amount or before:
        now, over = verdict(made.limit, amount, u)
    if now != before:
        made.verdicts[part] = now
        facts: dict[str, Json] = {
            "prescription": made.prescription,
            "about": part,
            "verdict": now,
            "gtin": made.gtin,
            f"{part}_{unit}": amount,
            f"limit_{unit}": made.limit,
            f"u_{unit}": u,
        }
        facts |= {f"over_{unit}": over} if over else {}
        sheet.say(facts | ({"package": package} if package else {}))
    if now != before and over:
        permille = (2000 * over + made.limit) // (2 * made.limit)
        text = (
            f"prescription {made.prescription}: {part} {_amount(amount, unit)}"
            f" +- {_amount(u, unit)} of {_amount(made.limit, unit)}:"
            f" beyond by {_amount(over, unit)} ({permille // 10}.{permille % 10} %)"
        )
        sheet.find("prescription_beyond", text, package, made.prescription)
    sheet.outcome.rows.append(made.row(sheet.told.seq))


def _amount(amount: int, unit: str) -> str:
    """Return millilitres as litres and grams as kilograms: 25.6 l, 0.015 kg."""
    whole, part = divmod(amount, 1000)
    decimals = f"{part:03d}".rstrip("0") or "0"
    return f"{whole}.{decimals} {'l' if unit == 'ml' else 'kg'}"


def asks(product: products.Product | None) -> bool:
    """Tell whether a product is an agrochemical: sold and used on prescription only."""
    return product is not None and product.guarded == 1


def tell_none(sheet: Sheet, bought: Bought, part: str) -> None:
    """Tell that a package is bought or used with no prescription on file."""
    about = {"package": bought.package, "gtin": bought.gtin}
    sheet.say({"prescription": "", "about": part, "verdict": "none_on_file", **about})
