"""What people may declare, and the check of every value before it becomes an event; pure.

The table ``DECLARATIONS`` is also what openapi.json says.  Whether a declaration agrees with
the farm (a check digit, a tag in use, a package that is not empty) is custody's question.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from fognode.events import CORRECTABLE, REQUESTS, Json, Kind, Stored

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A fact that is text: printable, on one line, as long as its column allows."""

    most: int  # characters
    like: str = ""  # a pattern for the whole text
    example: str = ""
    optional: bool = False

    def check(self, name: str, value: object) -> Json:
        """Return the text in normal form C.

        Raises:
            ValueError: It is no text, empty, too long, or not like the pattern.
        """
        if type(value) is not str:
            raise ValueError(f"{name} = {_cut(value)} must be text, like {self.example!r}")
        text = unicodedata.normalize("NFC", value)
        if not text.strip() or not text.isprintable():
            raise ValueError(f"{name} = {_cut(value)} must be printable text on one line")
        if len(text) > self.most:
            raise ValueError(f"{name} has {len(text)} characters; write at most {self.most}")
        if self.like and not re.fullmatch(self.like, text):
            raise ValueError(f"{name} = {text!r} must look like {self.example!r}")
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A fact that is a whole number, bounds included."""

    least: int
    most: int
    optional: bool = False

    def check(self, name: str, value: object) -> Json:
        """Return the number.

        Raises:
            ValueError: It is no whole number or out of bounds.
        """
        # type() and not isinstance(): true would pass as the number 1.
        if type(value) is not int or not self.least <= value <= self.most:
            wanted = f"a whole number from {self.least} to {self.most}"
            raise ValueError(f"{name} = {_cut(value)} must be {wanted}")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A fact that is an object of facts; of which kind's is checked later (check_corrected)."""

    optional: bool = False

    def check(self, name: str, value: object) -> Json:
        """Return the object as it is.

        Raises:
            ValueError: It is no object.
        """
        if type(value) is not dict:
            raise ValueError(f"{name} = {_cut(value)} must be an object of facts")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """A fact that is a list of texts, each as ``each`` asks; one text with commas is cut there."""

    each: Text
    most: int
    optional: bool = False

    def check(self, name: str, value: object) -> Json:
        """Return the list.

        Raises:
            ValueError: It is no list, empty, too long, or one of its texts is not as asked.
        """
        items = [item.strip() for item in value.split(",")] if isinstance(value, str) else value
        if type(items) is not list or not 0 < len(items) <= self.most:
            raise ValueError(f"{name} = {_cut(value)} must be a list of 1 to {self.most} texts")
        return [self.each.check(name, item) for item in items]


Field = Text | Number | Facts | Texts
PACKAGE = Text(most=60, example="GLY-0042")
PERSON = Text(most=40, example="3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77")
GTIN = Text(most=14, like=r"[0-9]{8}|[0-9]{12,14}", example="07891234567895")
TAG = Text(
    most=20,
    like=r"([0-9A-Fa-f]{2}){4}|([0-9A-Fa-f]{2}){7}|([0-9A-Fa-f]{2}){10}",
    example="04A1B2C3",
)
GRAMS = Number(least=1, most=2_000_000)
EVENT_ID = Text(most=32, like=r"[0-9a-f]{32}", example="13c61f0b4dbac55b1e26b7445599f1ed")
REASON = Text(most=200, example="counted wrongly")
BATCH = Text(most=60, example="2026-11-centre")
PHOTO = Text(most=64, like=r"[0-9a-f]{64}", example="6e340b9cffb37a98" * 4)
YES_NO = Number(least=0, most=1, optional=True)
PLACE = Text(most=40, example="cab-1")
DAY = Text(most=10, like=r"[0-9]{4}-[0-9]{2}-[0-9]{2}", example="2027-12-31")
MOMENT = Text(  # without an offset: by the farm's clock
    most=25,
    like=r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?",
    example="2026-03-02T06:00",
)
STOCKTAKE = Text(most=60, example="2026-11")

DECLARATIONS: dict[str, dict[str, Field]] = {
    Kind.PRODUCT_SET: {
        "gtin": GTIN,
        "name": Text(most=120, example="Glyphosate 480"),
        "packaging": Text(most=20, like=r"rigid|flexible|not_returnable", example="rigid"),
        "density_g_per_l": Number(least=1, most=30_000, optional=True),
        "registration": Text(most=60, example="MAPA 01234", optional=True),
        "active": Text(most=120, example="glyphosate 480 g/l", optional=True),
        "hazard_class": Number(least=0, most=5, optional=True),  # GHS acute toxicity, 1 worst
        "hazards": Text(most=200, example="H301 H330", optional=True),
        "first_aid": Text(most=600, example="Rinse skin with water for 15 min", optional=True),
        "guarded": YES_NO,
        "content_g": Number(least=1, most=2_000_000, optional=True),
        "content_ml": Number(least=1, most=2_000_000, optional=True),
        "tare_g": Number(least=1, most=2_000_000, optional=True),
        "warn_level_g": Number(least=1, most=2_000_000_000, optional=True),
        "lead_days": Number(least=1, most=1000, optional=True),
        "opened_life_days": Number(least=1, most=10_000, optional=True),
        "needs_witness": YES_NO,
        "cost_cents": Number(least=0, most=10**12, optional=True),
        "by": replace(PERSON, optional=True),
    },
    Kind.CROP_RULE_SET: {
        "gtin": GTIN,
        "crop": Text(most=60, example="soja"),
        "phi_days": Number(least=0, most=1000),
        "rei_hours": Number(least=0, most=10_000),
        "max_dose_ml_per_ha": Number(least=1, most=1_000_000, optional=True),
        "source": Text(most=200, example="label of 2026-01"),
        "valid_from": DAY,
    },
    Kind.SUPPLIER_SET: {
        "supplier": Text(most=40, example="agrosul"),
        "name": Text(most=120, example="AgroSul Ltda"),
        "cnpj": Text(
            most=18,
            like=r"[0-9A-Za-z]{12}[0-9]{2}|"
            r"[0-9A-Za-z]{2}\.[0-9A-Za-z]{3}\.[0-9A-Za-z]{3}/[0-9A-Za-z]{4}-[0-9]{2}",
            example="11.222.333/0001-81",
            optional=True,
        ),
        "on_chain": YES_NO,
    },
    Kind.USE_DECLARED: {
        "package": PACKAGE,
        "used_g": replace(GRAMS, optional=True),
        "used_ml": Number(least=1, most=2_000_000, optional=True),
        "crop": Text(most=60, example="soja", optional=True),
        "field": Text(most=60, example="north", optional=True),
        "area_m2": Number(least=1, most=10**11, optional=True),
        "prescription": Text(most=60, example="REC-77", optional=True),
        "ended_at": Text(
            most=25,
            like=r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?"
            r"(Z|[+-][0-9]{2}:[0-9]{2})",
            example="2026-03-02T09:30-03:00",
            optional=True,
        ),
        "by": PERSON,
    },
    Kind.SPILL_DECLARED: {"package": PACKAGE, "lost_g": GRAMS, "text": REASON, "by": PERSON},
    Kind.DISPOSAL_DECLARED: {
        "package": PACKAGE,
        "how": Text(most=120, example="licensed incinerator"),
        "document": Text(most=60, example="MTR-77", optional=True),
        "by": PERSON,
    },
    Kind.DEFECTIVE_DECLARED: {
        "package": PACKAGE,
        "supplier": Text(most=40, example="agrosul"),
        "reason": REASON,
        "by": PERSON,
    },
    Kind.PACKAGE_TARED: {
        "package": PACKAGE,
        "tare_g": GRAMS,
        "with_lid": Number(least=0, most=1),
        "by": PERSON,
    },
    Kind.SCALE_CHECKED: {
        "cabinet": PLACE,
        "known_g": GRAMS,
        "read_g": Number(least=0, most=2_000_000),
        "by": PERSON,
    },
    Kind.STOCKTAKE_OPENED: {"stocktake": STOCKTAKE, "cabinet": PLACE, "by": PERSON},
    Kind.STOCK_COUNTED: {
        "package": PACKAGE,
        "stocktake": replace(STOCKTAKE, optional=True),  # without one it counts at once
        "gross_g": replace(GRAMS, optional=True),
        "present": YES_NO,
        "expires_on": replace(DAY, optional=True),  # read from the label while counting
        "reason": REASON,
        "by": PERSON,
    },
    Kind.STOCKTAKE_CLOSED: {"stocktake": STOCKTAKE, "by": PERSON},
    Kind.PERSON_SET: {
        "person": PERSON,
        "alias": Text(most=60, example="Heron"),
        "badge": replace(TAG, optional=True),  # absent: they keep the one they have
        "role": Text(most=20, like=r"owner|operator|inspector", example="operator", optional=True),
        "licence_until": replace(DAY, optional=True),
        "least_class": Number(least=1, most=5, optional=True),  # hazard classes from this one on
        "cabinets": Text(most=200, example="cab-1,cab-2", optional=True),  # absent: all
        "may_authorise": YES_NO,
        # These four are stored sealed: docs/personal.md.
        "licence": Text(most=40, example="CREA-MT 12345", optional=True),
        "name": Text(most=120, example="Ana Souza", optional=True),
        "cpf": Text(
            most=14,
            like=r"[0-9]{11}|[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}",
            example="123.456.789-09",
            optional=True,
        ),
        "phone": Text(
            most=20, like=r"\+?[0-9][0-9 ()-]{6,18}", example="+55 66 99999-0000", optional=True
        ),
    },
    Kind.BADGE_REVOKED: {"badge": TAG, "reason": REASON, "by": PERSON},
    Kind.ORDER_GIVEN: {
        "order": Text(most=40, example="spray-north-7"),
        "person": PERSON,
        "package": replace(PACKAGE, optional=True),
        "gtin": replace(GTIN, optional=True),
        "cabinet": replace(PLACE, optional=True),
        "from": MOMENT,
        "until": MOMENT,
        "by": PERSON,
    },
    Kind.TAG_BOUND: {"package": PACKAGE, "tag": TAG, "reason": REASON, "by": PERSON},
    Kind.TAG_UNBOUND: {"package": PACKAGE, "tag": TAG, "reason": REASON, "by": PERSON},
    Kind.PRESCRIPTION_SET: {
        "prescription": Text(most=30, example="REC-77"),
        "professional": Text(most=60, example="CREA-MT 12345"),  # who prescribed; no name
        "gtin": GTIN,
        "crop": Text(most=60, example="soja"),
        "area_m2": Number(least=1, most=10**11),
        "dose_ml_per_ha": Number(least=1, most=1_000_000, optional=True),
        "total_ml": Number(least=1, most=10**12, optional=True),
        "total_g": Number(least=1, most=10**12, optional=True),
        "phi_days": Number(least=0, most=1000, optional=True),
        "valid_until": replace(DAY, optional=True),
        "invoice": Text(most=60, example="NF-1234", optional=True),
        "by": PERSON,
    },
    Kind.PERSON_ERASED: {
        "person": PERSON,
        "reason": REASON,
    },
    Kind.DELIVERY_DECLARED: {
        "package": PACKAGE,
        "gtin": GTIN,
        "serial": Text(most=40, example="S0042"),
        "lot": Text(most=40, example="L7"),
        "expires_on": Text(most=10, like=r"[0-9]{4}-[0-9]{2}-[0-9]{2}", example="2027-12-31"),
        "invoice": Text(most=60, example="NF-1234"),
        "tag": TAG,
        "gross_g": GRAMS,
        "tare_g": GRAMS,
        "source": Text(most=120, example="AgroSul"),
        "site": Text(most=40, example="cabinet-1"),
        "by": PERSON,
    },
    Kind.DELIVERY_CLOSED: {
        "invoice": Text(most=60, example="NF-1234"),
        "by": PERSON,
    },
    Kind.RINSE_DECLARED: {
        "package": PACKAGE,
        "rinses": Number(least=0, most=20),
        "punctured": Number(least=0, most=1),
        "photo": replace(PHOTO, optional=True),
        "witness": replace(PERSON, optional=True),
        "by": PERSON,
    },
    Kind.SEAL_DECLARED: {
        "package": PACKAGE,
        "bag": Text(most=40, example="BAG-7"),
        "segregated": Number(least=0, most=1),
        "photo": replace(PHOTO, optional=True),
        "witness": replace(PERSON, optional=True),
        "by": PERSON,
    },
    Kind.EXIT_DECLARED: {
        "package": PACKAGE,
        "destination": Text(most=120, example="centre"),
        "batch": replace(BATCH, optional=True),
        "by": PERSON,
    },
    Kind.DISCREPANCY_EXPLAINED: {
        "discrepancy": EVENT_ID,
        "reason": Text(
            most=40,
            like="weighing_error|spill|authorised_use|theft|stock_error|sensor_fault|other",
            example="weighing_error",
        ),
        "text": Text(most=300, example="somebody leant on the scale"),
        "by": PERSON,
    },
    Kind.OPENING_REVIEWED: {
        "opening": EVENT_ID,
        "verdict": Text(most=20, like="fine|misuse|emergency", example="fine"),
        "text": Text(most=300, example="Ana fetched it for the fire drill"),
        "by": PERSON,
    },
    Kind.BATCH_DECLARED: {
        "batch": BATCH,
        "destination": Text(most=120, example="centre"),
        "packages": Texts(each=PACKAGE, most=500),
        "carrier": Text(most=120, example="Rapid Ltda", optional=True),
        "by": PERSON,
    },
    Kind.RECEIPT_DECLARED: {
        "receipt": Text(most=40, example="R-2026-118"),
        "centre": Text(most=120, example="centre"),
        "received_on": DAY,
        "batch": BATCH,
        "washed": Number(least=0, most=100_000),
        "unwashed": Number(least=0, most=100_000),
        "photo": replace(PHOTO, optional=True),
        "by": PERSON,
    },
    Kind.ANCHOR_ASKED: {},  # sign and anchor now; fognode pack asks it
    Kind.CORRECTION_DECLARED: {
        "corrects": Text(most=32, like=r"[0-9a-f]{32}", example="13c61f0b4dbac55b1e26b7445599f1ed"),
        "reason": REASON,
        "by": PERSON,
        "facts": Facts(optional=True),
        "withdraw": Number(least=1, most=1, optional=True),
    },
    Kind.HOLD_SET: {"about": Text(most=64, example="GLY-0042"), "reason": REASON, "by": PERSON},
    Kind.HOLD_LIFTED: {"about": Text(most=64, example="GLY-0042"), "reason": REASON, "by": PERSON},
    Kind.PHOTO_ERASED: {"photo": PHOTO, "why": REASON},
    Kind.PHOTO_VIEWED: {"photo": PHOTO, "who": Text(most=40, example="pack")},
}
# What comes with a picture (POST /api/v1/photos).
PHOTO_FACTS: dict[str, Field] = {
    "about": Text(most=60, example="GLY-0042"),  # a package, or the event_id of an openBox
    "by": PERSON,
    "purpose": Text(
        most=20, like=r"rinse|puncture|seal|delivery|opening|damage|other", example="rinse"
    ),
    "taken_at_ms": Number(least=946_684_800_000, most=4_102_444_800_000, optional=True),
}
TABLES = DECLARATIONS | {Kind.PHOTO_KEPT: PHOTO_FACTS}  # what a correction's facts must be


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A request whose every value has been checked."""

    request_id: str  # UUID4, lower case
    kind: str
    facts: dict[str, Json]


def check_request(asked: object) -> Declaration:
    """Return the declaration that a parsed JSON body asks for.

    Raises:
        ValueError: A key or value is missing, unknown or out of bounds.
    """
    if type(asked) is not dict or asked.keys() != {"id", "kind", "facts"}:
        raise ValueError('the body must be an object with exactly "id", "kind" and "facts"')
    request_id, kind, facts = asked["id"], asked["kind"], asked["facts"]
    if type(request_id) is not str or not UUID4.fullmatch(request_id.lower()):
        raise ValueError(f"id = {_cut(request_id)} must be a fresh UUID of version 4")
    if type(kind) is not str or kind not in REQUESTS:
        known = ", ".join(sorted(REQUESTS))
        raise ValueError(f"kind = {_cut(kind)} cannot be declared; known: {known}")
    if type(facts) is not dict:
        raise ValueError(f"facts = {_cut(facts)} must be an object")
    checked = _check_facts(DECLARATIONS[kind], facts)
    if kind == Kind.CORRECTION_DECLARED and ("facts" in checked) == ("withdraw" in checked):
        raise ValueError("a correction says either facts, all of them, or withdraw = 1")
    return Declaration(request_id=request_id.lower(), kind=kind, facts=checked)


def check_photo(asked: Mapping[str, str]) -> Declaration:
    """Return what is declared with a picture; ``asked`` are the parameters of its address.

    Raises:
        ValueError: A parameter is missing, unknown or out of bounds.
    """
    facts: dict[str, object] = {name: value for name, value in asked.items() if name != "id"}
    taken = asked.get("taken_at_ms", "")
    if taken.isascii() and taken.isdigit() and len(taken) <= 16:
        facts["taken_at_ms"] = int(taken)
    request_id = asked.get("id", "").lower()
    if not UUID4.fullmatch(request_id):
        raise ValueError(f"id = {_cut(request_id)} must be a fresh UUID of version 4")
    checked = _check_facts(PHOTO_FACTS, facts)
    return Declaration(request_id=request_id, kind=Kind.PHOTO_KEPT, facts=checked)


def check_corrected(asked: Declaration, corrected: Stored, told: Stored) -> Declaration:
    """Return a correction whose facts are those of what it corrects.

    Args:
        asked: The correction.
        corrected: The event it names.
        told: That event too; or, when it is itself a correction, what it corrects in the end.

    Raises:
        ValueError: It is nothing that can be corrected, or the facts are not of its kind.
    """
    if told.kind not in CORRECTABLE:
        known = ", ".join(sorted(CORRECTABLE))
        raise ValueError(f"event {corrected.seq} is {told.kind}; correctable are {known}")
    if "facts" not in asked.facts:
        return asked
    try:
        facts = asked.facts["facts"]
        checked = _check_facts(TABLES[told.kind], facts if isinstance(facts, dict) else {})
    except ValueError as error:
        raise ValueError(f"facts of a {told.kind}: {error}") from error
    return replace(asked, facts={**asked.facts, "facts": checked})


def _check_facts(table: Mapping[str, Field], facts: Mapping[str, object]) -> dict[str, Json]:
    if unknown := sorted(facts.keys() - table.keys()):
        raise ValueError(f"unknown facts {_cut(unknown)}; known: {', '.join(sorted(table))}")
    needed = {name for name, field in table.items() if not field.optional}
    if missing := sorted(needed - facts.keys()):
        raise ValueError(f"missing facts: {', '.join(missing)}")
    checked = {name: table[name].check(name, value) for name, value in facts.items()}
    _check_whole(checked)
    return checked


def _check_whole(facts: Mapping[str, Json]) -> None:
    if "expires_on" in facts:
        try:
            year = date.fromisoformat(str(facts["expires_on"])).year
        except ValueError:
            year = 0
        if not 2000 <= year <= 2099:  # a GS1 label has two digits for it
            day = facts["expires_on"]
            raise ValueError(f"expires_on = {day!r} is not a day of the calendar, 2000 to 2099")
    gross_g, tare_g = facts.get("gross_g"), facts.get("tare_g")
    if isinstance(gross_g, int) and isinstance(tare_g, int) and gross_g <= tare_g:
        raise ValueError(f"gross_g = {gross_g} is not above tare_g = {tare_g}; weigh again")


def _cut(value: object) -> str:
    # The message goes back to the caller: enough to find the value, not all 64 KiB of it.
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
