"""The words of the forms: what each kind is called, and how each fact is asked for.

Bounds, patterns and examples are those of page/declarations.py; here are only words, so a kind
that is added there has a form at once, with the names of its facts as labels.
"""

from dataclasses import dataclass

from fognode.events import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One form: its title, and what it is for in a sentence."""

    title: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How one fact is asked for."""

    label: str
    hint: str = ""
    unit: str = ""


PRODUCTS, DELIVERIES = "Products and people", "Deliveries"
USE, RETURNS = "Use and stock", "Empties and returns"
ORDERS, CORRECTIONS = "Orders and prescriptions", "Corrections"
SUBJECTS: dict[str, dict[str, Sheet]] = {
    USE: {
        Kind.USE_DECLARED: Sheet(title="Product used", line="How much was sprayed, and where."),
        Kind.SPILL_DECLARED: Sheet(title="Spill", line="Product was lost by accident."),
        Kind.STOCKTAKE_OPENED: Sheet(title="Begin a stocktake", line="Count one cabinet."),
        Kind.STOCK_COUNTED: Sheet(title="Count a package", line="By weight, or there or not."),
        Kind.STOCKTAKE_CLOSED: Sheet(
            title="End a stocktake", line="What was not counted is then missing."
        ),
        Kind.PACKAGE_TARED: Sheet(
            title="Weight of an empty package", line="As it was weighed without its content."
        ),
        Kind.SCALE_CHECKED: Sheet(
            title="Scale checked", line="A known weight was put on a cabinet's scale."
        ),
        Kind.DISCREPANCY_EXPLAINED: Sheet(
            title="Explain a discrepancy",
            line="What weights, tags and people do not agree on. Not by the person it is about.",
        ),
        Kind.OPENING_REVIEWED: Sheet(
            title="Review an opening", line="Not by the person who opened the cabinet."
        ),
    },
    DELIVERIES: {
        Kind.DELIVERY_DECLARED: Sheet(
            title="Package received", line="A new package gets its tag and its place."
        ),
        Kind.DELIVERY_CLOSED: Sheet(
            title="Delivery complete", line="What the invoice promised and did not come is named."
        ),
        Kind.DEFECTIVE_DECLARED: Sheet(
            title="Defective package", line="It goes back to its supplier."
        ),
        Kind.TAG_BOUND: Sheet(title="Tag on a package", line="A new or another tag was put on."),
        Kind.TAG_UNBOUND: Sheet(title="Tag off a package", line="Its tag was taken off."),
    },
    RETURNS: {
        Kind.EMPTY_DECLARED: Sheet(title="Package is empty", line="When no scale saw it."),
        Kind.RINSE_DECLARED: Sheet(
            title="Rinsed and punctured", line="A rigid package was rinsed three times."
        ),
        Kind.SEAL_DECLARED: Sheet(
            title="Sealed in a bag", line="A package that cannot be rinsed is kept apart."
        ),
        Kind.EXIT_DECLARED: Sheet(title="Empty left the farm", line="One package on its own."),
        Kind.BATCH_DECLARED: Sheet(
            title="Load of empties left the farm", line="Several packages together."
        ),
        Kind.RECEIPT_DECLARED: Sheet(
            title="Receipt of the centre", line="What the centre counted and signed."
        ),
        Kind.DISPOSAL_DECLARED: Sheet(
            title="Disposed of", line="Product or package that nobody takes back."
        ),
    },
    ORDERS: {
        Kind.ORDER_GIVEN: Sheet(title="Order", line="Somebody may take something, for a time."),
        Kind.PRESCRIPTION_SET: Sheet(
            title="Prescription", line="What a professional prescribed, for which crop."
        ),
        Kind.CROP_RULE_SET: Sheet(
            title="Intervals of a crop", line="Typed from the label: harvest and re-entry."
        ),
    },
    PRODUCTS: {
        Kind.PRODUCT_SET: Sheet(title="Product", line="A new one, or one said anew."),
        Kind.SUPPLIER_SET: Sheet(title="Supplier", line="Where packages come from."),
        Kind.PERSON_SET: Sheet(
            title="Person", line="A new one, or one said anew: role, badge and rights."
        ),
        Kind.BADGE_REVOKED: Sheet(title="Badge lost", line="It counts for nobody any more."),
        Kind.PERSON_ERASED: Sheet(
            title="Forget a person", line="Name, CPF and phone can never be read again."
        ),
    },
    CORRECTIONS: {
        Kind.CORRECTION_DECLARED: Sheet(
            title="Correction", line="Something was told wrongly. The first stays, struck through."
        ),
        Kind.DISCLOSURE_DECLARED: Sheet(
            title="Record shown to somebody", line="Whom it was shown to, and which part of it."
        ),
        Kind.HOLD_SET: Sheet(title="Hold", line="What is under it is not erased."),
        Kind.HOLD_LIFTED: Sheet(title="Lift a hold", line="It may be erased again."),
        Kind.PHOTO_ERASED: Sheet(title="Erase a photo", line="It can never be looked at again."),
    },
}
# Not declared by a form: looking at a picture tells the first, fognode pack asks for the second,
# fognode ledger resume for the third, which says what can be resumed, fognode board for the rest,
# with the board on a cable.
WITHOUT_FORM = frozenset(
    {
        Kind.PHOTO_VIEWED,
        Kind.ANCHOR_ASKED,
        Kind.LEDGER_RESUMED,
        Kind.BOARD_ENROLLED,
        Kind.BOARD_RETIRED,
        Kind.SCALE_CALIBRATED,
        Kind.SCALE_TARED,
    }
)
SHEETS = {kind: sheet for sheets in SUBJECTS.values() for kind, sheet in sheets.items()}

WORDS: dict[str, Asked] = {
    "about": Asked(label="What is held", hint="Id of a person, package, photo or event"),
    "active": Asked(label="Active ingredient"),
    "alias": Asked(label="Pseudonym", hint="What the pages call them; not their name"),
    "area_m2": Asked(label="Area", unit="m²", hint="1 ha is 10000 m²"),
    "badge": Asked(label="Badge", hint="Digits and letters A to F, as a reader shows them"),
    "bag": Asked(label="Bag", hint="The number on it"),
    "batch": Asked(label="Load", hint="A name of yours for it"),
    "cabinet": Asked(label="Cabinet"),
    "cabinets": Asked(label="Cabinets they may open", hint="With commas; nothing = all"),
    "carrier": Asked(label="Carrier"),
    "centre": Asked(label="Centre", hint="Who received it"),
    "cnpj": Asked(label="CNPJ"),
    "content_g": Asked(label="Content of a full package", unit="g", hint="This or millilitres"),
    "content_ml": Asked(label="Content of a full package", unit="ml", hint="This or grams"),
    "corrects": Asked(label="Event that was wrong", hint="Its id of 32 digits and letters"),
    "cost_cents": Asked(label="Price of a package", unit="cents"),
    "cpf": Asked(label="CPF", hint="Stored sealed"),
    "crop": Asked(label="Crop"),
    "density_g_per_l": Asked(label="Density", unit="g/l", hint="From the label; water is 1000"),
    "destination": Asked(label="Where to"),
    "discrepancy": Asked(label="Discrepancy"),
    "document": Asked(label="Document", hint="Its number"),
    "dose_ml_per_ha": Asked(label="Dose", unit="ml/ha"),
    "ended_at": Asked(label="Ended", hint="On the farm's clock"),
    "expires_on": Asked(label="Expires on", hint="As the label says"),
    "field": Asked(label="Field"),
    "first_aid": Asked(label="First aid", hint="From the label; it stands on the safety sheet"),
    "from": Asked(label="From", hint="On the farm's clock"),
    "gross_g": Asked(label="Weight now", unit="g", hint="Package and content together"),
    "gtin": Asked(label="Product", hint="The number under its bar code"),
    "guarded": Asked(label="Kept under special guard"),
    "hazard_class": Asked(
        label="Toxicity class", hint="GHS: 1 is the worst, 5 the mildest, 0 none"
    ),
    "hazards": Asked(label="Hazards", hint="H codes of the label"),
    "hours": Asked(label="Hours of use", hint="Spans in which it may be handled; nothing = any"),
    "how": Asked(label="How"),
    "invoice": Asked(label="Invoice", hint="Its number or key"),
    "known_g": Asked(label="Known weight", unit="g"),
    "lead_days": Asked(label="Days until a delivery comes", unit="days"),
    "least_class": Asked(label="May handle classes from", hint="1 = all"),
    "licence": Asked(label="Licence", hint="Its number; stored sealed"),
    "licence_until": Asked(label="Licence valid until"),
    "lost_g": Asked(label="Lost", unit="g"),
    "lot": Asked(label="Lot"),
    "max_dose_ml_per_ha": Asked(label="Largest dose", unit="ml/ha"),
    "may_authorise": Asked(label="May authorise others"),
    "name": Asked(label="Name"),
    "needs_witness": Asked(label="A second person has to be there"),
    "on_chain": Asked(label="Is on the chains itself"),
    "opened_life_days": Asked(label="Days it keeps once opened", unit="days"),
    "opening": Asked(label="Opening"),
    "order": Asked(label="Order", hint="A name of yours for it"),
    "package": Asked(label="Package", hint="Its id, or scan it"),
    "packages": Asked(label="Packages", hint="With commas between them"),
    "packaging": Asked(label="Packaging", hint="Flexible ones are not rinsed"),
    "person": Asked(label="Person"),
    "phi_days": Asked(label="Days until harvest", unit="days", hint="From the label"),
    "phone": Asked(label="Phone", hint="Stored sealed"),
    "photo": Asked(label="Photo", hint="One that is kept already"),
    "prescription": Asked(label="Prescription", hint="Its number"),
    "present": Asked(label="Is it there?", hint="When it is not weighed"),
    "professional": Asked(label="Professional", hint="Number of who prescribed; no name"),
    "punctured": Asked(label="Punctured"),
    "purpose": Asked(label="What the photo is for"),
    "read_g": Asked(label="What the scale showed", unit="g"),
    "reason": Asked(label="Reason"),
    "receipt": Asked(label="Number of the receipt"),
    "received_on": Asked(label="Received on"),
    "registration": Asked(label="Registration number"),
    "rei_hours": Asked(label="Hours until somebody may go in", unit="h", hint="From the label"),
    "rinses": Asked(label="Rinses", unit="times"),
    "role": Asked(label="Role", hint="Inspectors read and print only"),
    "scan": Asked(label="From which scan"),
    "segregated": Asked(label="Kept apart"),
    "serial": Asked(label="Serial number"),
    "site": Asked(label="Where it is kept"),
    "source": Asked(label="Source", hint="Who delivered it"),
    "stocktake": Asked(label="Stocktake", hint="A name of yours for it"),
    "supplier": Asked(label="Supplier", hint="A short name of yours"),
    "tag": Asked(label="Tag", hint="Digits and letters A to F, as a reader shows them"),
    "taken_at_ms": Asked(label="Taken at", unit="ms since 1970"),
    "tare_g": Asked(label="Weight when empty", unit="g", hint="With its lid, if it has one"),
    "text": Asked(label="What happened"),
    "to": Asked(label="Whom"),
    "total_g": Asked(label="In all", unit="g", hint="This or millilitres"),
    "total_ml": Asked(label="In all", unit="ml", hint="This or grams"),
    "until": Asked(label="Until", hint="On the farm's clock"),
    "unwashed": Asked(label="Not washed", unit="packages", hint="Bags count as not washed"),
    "used_g": Asked(label="Used, by weight", unit="g", hint="This or millilitres"),
    "used_ml": Asked(label="Used, by volume", unit="ml", hint="This or grams"),
    "valid_from": Asked(label="Valid from"),
    "valid_until": Asked(label="Valid until"),
    "verdict": Asked(label="Verdict"),
    "warn_level_g": Asked(label="Warn below", unit="g", hint="Of all packages together"),
    "washed": Asked(label="Washed", unit="packages"),
    "what": Asked(label="What"),
    "why": Asked(label="Why"),
    "with_lid": Asked(label="Weighed with its lid"),
    "withdraw": Asked(label="It did not happen at all", hint="Then leave the rest as it is"),
    "witness": Asked(label="Witness", hint="Somebody else than you; a witness or a photo"),
}
# Where a fact means something else in one kind than in the others.
WORDS_OF: dict[tuple[str, str], Asked] = {
    (Kind.DELIVERY_DECLARED, "package"): Asked(
        label="Package", hint="A new id of yours, as on its sticker"
    ),
    (Kind.DELIVERY_DECLARED, "gross_g"): Asked(
        label="Weight now", unit="g", hint="Package and content; nothing = nobody weighed it"
    ),
    (Kind.DELIVERY_DECLARED, "tare_g"): Asked(
        label="Weight when empty", unit="g", hint="With its lid; nothing = that of its product"
    ),
    (Kind.PERSON_SET, "person"): Asked(label="Id", hint="Leave it as it is"),
    (Kind.PERSON_SET, "name"): Asked(label="Name", hint="Stored sealed"),
    (Kind.SUPPLIER_SET, "name"): Asked(label="Full name"),
    (Kind.CROP_RULE_SET, "source"): Asked(label="Source", hint="Which label, of when"),
    (Kind.RECEIPT_DECLARED, "batch"): Asked(
        label="Load", hint="Of a package that left alone: its id"
    ),
    (Kind.DISCLOSURE_DECLARED, "from"): Asked(label="From the day"),
    (Kind.DISCLOSURE_DECLARED, "until"): Asked(label="Until the day"),
    (Kind.PRODUCT_SET, "gtin"): Asked(label="Number under the bar code"),
}
CHOICE_WORDS = {
    "rigid": "rigid, can be rinsed",
    "flexible": "flexible or not to be rinsed",
    "not_returnable": "not returnable",
}


def asked(kind: str, fact: str) -> Asked:
    """Return how a fact of a kind is asked for."""
    known = WORDS_OF.get((kind, fact)) or WORDS.get(fact)
    return known or Asked(label=fact.replace("_", " ").capitalize())


def choice_words(value: str) -> str:
    """Return one of a few fixed values in words."""
    return CHOICE_WORDS.get(value, value.replace("_", " "))
