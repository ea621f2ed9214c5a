"""Numbers and events in the farmer's words; pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fognode.events import Json, Kind, Stored

EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")

# Custody facts, section 9: the token's states.
STATES = {
    1: "sealed",
    2: "in use",
    3: "empty",
    4: "prepared",
    5: "on its way back",
    6: "received",
    7: "destroyed",
}
# Kinds of ledger records; contracts/src.
STEPS = {
    0: "record anchored",
    1: "registered",
    102: "in use",
    103: "emptied",
    104: "prepared",
    114: "sealed and kept apart",
    200: "offered to the centre",
    201: "accepted by the centre",
    202: "offer taken back",
    1001: "taken out",
    1002: "put back",
    1003: "used",
    1004: "stored",
    1005: "defective: back to its supplier",
    1006: "disposed of",
    1009: "corrected",
}
RULES = {
    "out_of_hours": "Opened outside working hours",
    "outside_hours": "Product taken outside its hours",
    "weight_without_badge": "Weight changed, nobody named",
    "opening_without_badge": "Opened, nobody named",
    "board_silent": "A board is silent",
    "sensor_doubted": "A sensor is in doubt",
    "photo_missed": "No photo of an opening",
    "verify_failed": "The record does not verify",
    "returned_heavier": "Came back heavier than it left",
    "expired_on_arrival": "Expired before it arrived",
    "stock_below_zero": "More went out than was in it",
    "anchor_late": "The record waits for an anchor",
    "backup_late": "No backup lately",
    "verify_late": "Not verified lately",
    "spool_late": "Events wait for the database",
    "spool_tail_cut": "A broken write was taken back",
    "spool_damaged": "The spool was damaged",
}
TITLES: dict[str, str] = {
    Kind.NEW_PRODUCT_ENTRY: "Package received",
    Kind.OPEN_BOX: "Cabinet opened",
    Kind.BOX_CLOSED: "Cabinet closed",
    Kind.HANDLE_PRODUCT: "Package handled",
    Kind.SENSOR_ALERT: "Alert",
    Kind.EMPTY_PACKAGE_EXIT: "Empty package left",
    Kind.SEND_TO_BLOCKCHAIN: "Step owed to the chains",
    Kind.PACKAGE_EMPTIED: "Package emptied",
    Kind.PACKAGE_PREPARED: "Rinsed and prepared",
    Kind.PACKAGE_MOVED: "Package moved",
    Kind.PACKAGE_RESTATED: "Package corrected",
    Kind.STOCK_MOVED: "Stock changed",
    Kind.DISCREPANCY_CLOSED: "Discrepancy closed",
    Kind.POINTS_REVERSED: "Points taken back",
    Kind.DISCREPANCY_FOUND: "Discrepancy",
    Kind.POINTS_EARNED: "Points earned",
    Kind.LEDGER_FINAL: "Final on a chain",
    Kind.LEDGER_SEEN: "Seen on a chain",
    Kind.LEDGER_FAILED: "Step failed on a chain",
    Kind.EVIDENCE_LATE: "Evidence falls behind",
    Kind.EVIDENCE_BACK: "Evidence has caught up",
    Kind.ANCHOR_ASKED: "Anchor asked for",
    Kind.LEDGER_RESUMED: "Step asked for again",
    Kind.BOARD_ENROLLED: "Board enrolled",
    Kind.BOARD_RETIRED: "Board retired",
    Kind.BOARD_REFUSED: "Board refused",
    Kind.SCALE_CALIBRATED: "Scale calibrated",
    Kind.SCALE_TARED: "Scale tared",
    Kind.SENSOR_DOUBTED: "Sensor in doubt",
    Kind.SENSOR_TRUSTED: "Sensor trusted again",
    Kind.PATTERN_DETECTION: "Pattern",
    Kind.CORRELATION: "Correlation",
    Kind.PREDICTION: "Prediction",
    Kind.CORRECTION_DECLARED: "Correction",
    Kind.HOLD_SET: "Hold: nothing is erased",
    Kind.PHOTO_VIEWED: "Photo looked at",
}
DETAILS = (
    "package",
    "cabinet",
    "board",
    "place",
    "action",
    "chain",
    "step",
    "points",
    "rule",
    "what",
    "file",
    "about",
    "purpose",
    "who",
    "reason",
    "why",
    "value",
    "weight_g",
    "delta_g",
    "distance_mm",
    "light_counts",
    "tag",
    "rinses",
    "alias",
    "destination",
    "text",
    "sentence",
)


def age(seconds: int | None) -> str:
    """Return how long ago in one number and one unit; None is never."""
    if seconds is None:
        return "never"
    for limit, size, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{max(seconds, 0) // size} {unit}"
    return f"{seconds // 86_400} days"


def moment(at_ms: int, now_ms: int, zone: ZoneInfo) -> str:
    """Return a time on the farm's clock; the day stands before it unless it is today."""
    if at_ms <= 0:
        return "never"
    local = _local(at_ms, zone)
    clock = f"{local:%H:%M:%S}"
    today = _local(now_ms, zone)
    if local.date() == today.date():
        return clock
    day = f"{local.day} {local:%b}"
    return f"{day} {clock}" if local.year == today.year else f"{day} {local.year} {clock}"


def iso(at_ms: int, zone: ZoneInfo) -> str:
    """Return a time as ISO 8601 with the farm's offset."""
    return _local(at_ms, zone).isoformat(timespec="milliseconds")


def _local(at_ms: int, zone: ZoneInfo) -> datetime:
    return (EPOCH + timedelta(milliseconds=at_ms)).astimezone(zone)


def weight(weight_g: int) -> str:
    """Return grams as the farmer weighs: "840 g", "1.84 kg", "12.5 kg"."""
    sign, size = ("-" if weight_g < 0 else ""), abs(weight_g)
    if size < 1000:
        return f"{sign}{size} g"
    whole, rest = divmod(size, 1000)
    return f"{sign}{whole}.{rest // 10:02} kg"


def short(text: str) -> str:
    """Return the two ends of a long hash, which is what people compare."""
    return text if len(text) <= 16 else f"{text[:8]}…{text[-6:]}"


def opened(words: str) -> str:
    """Return words with a capital at their beginning; all else stays as it is."""
    return words[:1].upper() + words[1:]


def title(kind: str) -> str:
    """Return a kind of event in words."""
    return TITLES.get(kind, opened(kind.replace("_", " ")))


def rule_words(rule: str) -> str:
    """Return the rule of an alert or discrepancy in words."""
    return RULES.get(rule, opened(rule.replace("_", " ")))


def person_words(person: str, people: Mapping[str, str]) -> str:
    """Return the pseudonym of a person; "" and "nobody named" stay what they are."""
    return people.get(person, person) or "nobody named"


def details(told: Stored) -> str:
    """Return the facts of an event that a person wants in one line."""
    if told.kind != Kind.CORRECTION_DECLARED:
        return _in_line(told.facts)
    facts = told.facts.get("facts")
    says = f"should say: {_in_line(facts)}" if isinstance(facts, dict) else "does not count"
    return f"{short(told.text('corrects'))} {says} ({told.text('reason')})"


def _in_line(facts: Mapping[str, Json]) -> str:
    return " · ".join(_detail(name, facts[name]) for name in DETAILS if facts.get(name, "") != "")


def _detail(name: str, value: Json) -> str:
    if name.endswith("_g") and isinstance(value, int):
        return weight(value)
    for ending in ("_mm", "_counts"):
        if name.endswith(ending):
            return f"{value} {ending[1:]}"
    if name == "rinses":
        return f"{value} rinses"
    if name == "points":
        return f"{value:+d} points" if isinstance(value, int) else f"{value} points"
    return str(value)
