"""What people may declare: each kind and its facts.  openapi.json and the forms say the same."""

from dataclasses import replace

from fognode.events import Kind
from fognode.page.fields import (
    BADGE,
    BATCH,
    BOARD,
    COUNTS,
    DAY,
    EVENT_ID,
    GRAMS,
    GTIN,
    MOMENT,
    PACKAGE,
    PERSON,
    PHOTO,
    PLACE,
    REASON,
    SENSOR,
    SPANS,
    STOCKTAKE,
    TAG,
    YES_NO,
    Facts,
    Field,
    Number,
    Text,
    Texts,
)

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
        "hours": replace(SPANS, optional=True),  # absent: at any time
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
        "by": replace(PERSON, optional=True),
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
        "by": replace(PERSON, optional=True),
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
    Kind.SCALE_CALIBRATED: {  # counts without and with it; fognode board calibrate tells it
        "board": BOARD,
        "sensor": SENSOR,
        "known_g": GRAMS,
        "counts_before": COUNTS,
        "counts_after": COUNTS,
        "counts_per_kg": Number(least=100, most=10_000_000),
        "by": PERSON,
    },
    Kind.SCALE_TARED: {"board": BOARD, "sensor": SENSOR, "counts": COUNTS, "by": PERSON},
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
        "badge": replace(BADGE, optional=True),  # absent: they keep the one they have
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
        "by": replace(PERSON, optional=True),
    },
    Kind.BADGE_REVOKED: {"badge": BADGE, "reason": REASON, "by": PERSON},
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
        "by": replace(PERSON, optional=True),
    },
    Kind.DELIVERY_DECLARED: {
        "package": PACKAGE,
        "gtin": GTIN,
        "serial": Text(most=40, example="S0042"),
        "lot": Text(most=40, example="L7"),
        "expires_on": Text(most=10, like=r"[0-9]{4}-[0-9]{2}-[0-9]{2}", example="2027-12-31"),
        "invoice": Text(most=60, example="NF-1234"),
        "tag": TAG,
        "gross_g": replace(GRAMS, optional=True),  # absent: nobody weighed it, the label holds
        "tare_g": replace(GRAMS, optional=True),  # absent: that of its product
        "source": Text(most=120, example="AgroSul"),
        "site": Text(most=40, example="cabinet-1"),
        "prescription": Text(most=30, example="REC-77", optional=True),  # absent: its invoice's
        "scan": replace(EVENT_ID, optional=True),  # the code_scan that it was read from
        "by": PERSON,
    },
    Kind.DELIVERY_CLOSED: {
        "invoice": Text(most=60, example="NF-1234"),
        "by": PERSON,
    },
    Kind.EMPTY_DECLARED: {  # what no scale saw empty
        "package": PACKAGE,
        "gross_g": replace(GRAMS, optional=True),  # by another scale, read by a person
        "witness": replace(PERSON, optional=True),
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
    Kind.LEDGER_RESUMED: {  # try again what failed; fognode ledger resume asks it
        "package": PACKAGE,
        "chain": Text(most=20, example="private"),
        "reason": REASON,
        "by": PERSON,
    },
    Kind.BOARD_ENROLLED: {  # it has its key; fognode board enroll tells it
        "board": BOARD,
        "address": Text(most=18, like=r"[0-9.]{7,15}/[0-9]{1,2}", example="192.168.7.20/24"),
        "by": PERSON,
    },
    Kind.BOARD_RETIRED: {"board": BOARD, "reason": REASON, "by": PERSON},
    Kind.CORRECTION_DECLARED: {
        "corrects": Text(most=32, like=r"[0-9a-f]{32}", example="13c61f0b4dbac55b1e26b7445599f1ed"),
        "reason": REASON,
        "by": PERSON,
        "facts": Facts(optional=True),
        "withdraw": Number(least=1, most=1, optional=True),
    },
    Kind.DISCLOSURE_DECLARED: {
        "to": Text(most=120, example="INDEA Mato Grosso"),
        "what": Text(most=120, example="evidence pack with SHA-256 6e340b9c"),
        "from": DAY,
        "until": DAY,
        "by": PERSON,
    },
    Kind.HOLD_SET: {"about": Text(most=64, example="GLY-0042"), "reason": REASON, "by": PERSON},
    Kind.HOLD_LIFTED: {"about": Text(most=64, example="GLY-0042"), "reason": REASON, "by": PERSON},
    Kind.PHOTO_ERASED: {"photo": PHOTO, "why": REASON, "by": replace(PERSON, optional=True)},
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
