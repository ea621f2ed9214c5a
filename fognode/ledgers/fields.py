"""The paper's twelve fields of one step; pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from fognode.events import Json, Stored
from fognode.hashing import salted_hash

# Kinds of contracts/src/IPackageToken.sol.
BIRTH, IN_USE, EMPTY, PREPARED, BAGGED = 1, 102, 103, 104, 114
OFFER, ACCEPTED, WITHDRAW = 200, 201, 202
# These travel without an invoice.
EMPTIES = frozenset({EMPTY, PREPARED, BAGGED, OFFER, ACCEPTED, WITHDRAW})
NOBODY = "nobody named"
UNKNOWN = "unknown"

# Source: APTM paper, section 4.5 (requirements A72 to A83), in the paper's spelling.
FIELDS = (
    "EAN13",
    "GS1_128",
    "RFID",
    "Storage_Site",
    "Source",
    "Destination",
    "Timestamp",
    "MovedBy",
    "AuthorizedBy",
    "Observation",
    "ExpirationDate",
    "InvoiceNumber",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One write owed to the ledgers."""

    method: str  # of the contract
    kind: int
    source: str
    destination: str
    moved_by: str
    observation: str
    authorised_by: str = ""  # another person than moved_by; "" = nobody named


def twelve_fields(owed: Step, label: Stored, site: str, local: str) -> dict[str, str]:
    """Return the twelve fields of one step, all text, "" where one does not apply.

    Args:
        owed: The step.
        label: The newProductEntry, with what the package's label says.
        site: Where the package is.
        local: When it happened, as ``local_time`` writes it.
    """
    gtin = label.text("gtin")
    needs_invoice = owed.kind not in EMPTIES
    return {
        "EAN13": gtin[1:] if len(gtin) == 14 and gtin[0] == "0" else gtin,
        "GS1_128": gs1_text(label),
        "RFID": label.text("tag"),
        "Storage_Site": site or UNKNOWN,
        "Source": owed.source or UNKNOWN,
        "Destination": owed.destination or UNKNOWN,
        "Timestamp": local,
        "MovedBy": owed.moved_by or NOBODY,
        "AuthorizedBy": owed.authorised_by or NOBODY,
        "Observation": owed.observation,
        "ExpirationDate": label.text("expires_on"),
        "InvoiceNumber": label.text("invoice") if needs_invoice else "",
    }


def register_arguments(label: Stored, salt: bytes) -> dict[str, Json]:
    """Return what the contract is told of a package at its birth, but to whom it belongs.

    Args:
        label: The newProductEntry.
        salt: Of the step; the invoice's number alone could be guessed.
    """
    return {
        "gtin": label.text("gtin"),
        "serial": label.text("serial"),
        "expires_s": _midnight_s(label.text("expires_on")),
        "invoice_hash": salted_hash(salt, label.text("invoice")).hex(),
    }


def _midnight_s(day: str) -> int:
    try:
        found = date.fromisoformat(day)
    except ValueError:
        return 0  # the contract's "the label does not tell"
    # The contract has no time before 1970; such a label tells nothing.
    return max(0, int(datetime(found.year, found.month, found.day, tzinfo=UTC).timestamp()))


def gs1_text(label: Stored) -> str:
    """Return a label's element string in its bracketed form.

    Source: GS1 General Specifications, "human readable interpretation"; a bracket inside a
    value is escaped.
    """
    expires_on = label.text("expires_on")
    parts = {
        "01": label.text("gtin").zfill(14),
        "17": expires_on[2:].replace("-", ""),
        "10": label.text("lot"),
        "21": label.text("serial"),
    }
    return "".join(f"({ai})" + text.replace("(", r"\(") for ai, text in parts.items() if text)


def local_time(at_ms: int, zone: ZoneInfo) -> str:
    """Return a time as ISO 8601 text with the farm's offset, to the second."""
    return datetime.fromtimestamp(at_ms // 1000, zone).isoformat(timespec="seconds")
