"""What can happen on the farm: Event, its kinds, its origin, and the rows that go with it.

``origin`` names the happening and is its only identity; a happening told again is recognised
by it whatever its time stamps.  ASCII, at most 120 characters:

    b/BOARD/BOOT/COUNT   a board's event; both numbers widened by the fog (docs/protocol.md)
    r/RULE/EVENT_ID/N    N-th event, from 1, that a rule draws from the event that caused it
    i/SHA256/N           event N of an imported file
    q/UUID4              a request by page, API or command
    a/RUN/N              finding N of an analysis run
    s/EVENT_ID/PERSON    mail about an event delivered
    n/WORD/TEXT          the node itself: start, silence of a board, verification
    c/CHAIN/ID/STATE     ledger step final, failed or seen
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Json = str | int | list["Json"] | dict[str, "Json"]
Scalar = str | int | bytes | None
RowValues = dict[str, Scalar]


class Kind(StrEnum):
    """Kinds of events that fognode itself writes; boards add ``TYPE_WORD`` kinds of their own.

    Source of the first nine, in the paper's spelling: APTM paper, sections 4.2 and 4.4.
    """

    NEW_PRODUCT_ENTRY = "newProductEntry"
    OPEN_BOX = "openBox"
    HANDLE_PRODUCT = "handleProduct"
    SENSOR_ALERT = "sensorAlert"
    EMPTY_PACKAGE_EXIT = "emptyPackageExit"
    SEND_TO_BLOCKCHAIN = "sendToBlockchain"
    PREDICTION = "prediction"
    CORRELATION = "correlation"
    PATTERN_DETECTION = "patternDetection"

    # what a person declares: requests
    PRODUCT_SET = "product_set"
    PERSON_SET = "person_set"
    PERSON_ERASED = "person_erased"
    DELIVERY_DECLARED = "delivery_declared"
    DELIVERY_CLOSED = "delivery_closed"
    EMPTY_DECLARED = "empty_declared"
    RINSE_DECLARED = "rinse_declared"
    EXIT_DECLARED = "exit_declared"
    SEAL_DECLARED = "seal_declared"
    BATCH_DECLARED = "batch_declared"
    RECEIPT_DECLARED = "receipt_declared"
    DISCREPANCY_EXPLAINED = "discrepancy_explained"
    OPENING_REVIEWED = "opening_reviewed"
    CROP_RULE_SET = "crop_rule_set"
    SUPPLIER_SET = "supplier_set"
    BADGE_REVOKED = "badge_revoked"
    ORDER_GIVEN = "order_given"
    TAG_BOUND = "tag_bound"
    TAG_UNBOUND = "tag_unbound"
    PRESCRIPTION_SET = "prescription_set"
    USE_DECLARED = "use_declared"
    SPILL_DECLARED = "spill_declared"
    DISPOSAL_DECLARED = "disposal_declared"
    DEFECTIVE_DECLARED = "defective_declared"
    PACKAGE_TARED = "package_tared"
    SCALE_CHECKED = "scale_checked"
    SCALE_CALIBRATED = "scale_calibrated"
    SCALE_TARED = "scale_tared"
    STOCKTAKE_OPENED = "stocktake_opened"
    STOCK_COUNTED = "stock_counted"
    STOCKTAKE_CLOSED = "stocktake_closed"
    CORRECTION_DECLARED = "correction_declared"
    DISCLOSURE_DECLARED = "disclosure_declared"
    HOLD_SET = "hold_set"
    HOLD_LIFTED = "hold_lifted"
    PHOTO_ERASED = "photo_erased"
    PHOTO_VIEWED = "photo_viewed"
    ANCHOR_ASKED = "anchor_asked"
    LEDGER_RESUMED = "ledger_resumed"
    BOARD_ENROLLED = "board_enrolled"
    BOARD_RETIRED = "board_retired"
    PHOTO_KEPT = "photo_kept"  # comes with its picture, so by a way of its own
    PHOTO_MISSED = "photo_missed"

    # what an imported file says
    INVOICE_READ = "invoice_read"
    DELIVERY_EXPECTED = "delivery_expected"

    # what custody draws from readings
    BOX_CLOSED = "box_closed"
    PACKAGE_EMPTIED = "package_emptied"
    PACKAGE_PREPARED = "package_prepared"
    PACKAGE_MOVED = "package_moved"
    DISCREPANCY_FOUND = "discrepancy_found"
    POINTS_EARNED = "points_earned"
    POINTS_REVERSED = "points_reversed"
    PACKAGE_RESTATED = "package_restated"
    RECEIPT_MATCHED = "receipt_matched"
    RETURN_DUE = "return_due"
    RETURN_OVERDUE = "return_overdue"
    STOCK_MOVED = "stock_moved"
    PACKAGE_OPENED = "package_opened"
    STOCK_LOW = "stock_low"
    STOCK_ENOUGH = "stock_enough"
    STOCK_EXPIRING = "stock_expiring"
    STOCK_EXPIRED = "stock_expired"
    PRESCRIPTION_JUDGED = "prescription_judged"
    DISCREPANCY_CLOSED = "discrepancy_closed"
    DISCREPANCY_ESCALATED = "discrepancy_escalated"

    # boards and the node
    REJECTED = "rejected"
    BOARD_HELLO = "board_hello"
    BOARD_SILENT = "board_silent"
    BOARD_HEARD = "board_heard"
    BOARD_GAP = "board_gap"
    BOARD_LOST = "board_lost"
    BOARD_UNKNOWN = "board_unknown"
    BOARD_CONTRADICTS = "board_contradicts"
    BOARD_REFUSED = "board_refused"
    SENSOR_DOUBTED = "sensor_doubted"
    SENSOR_TRUSTED = "sensor_trusted"
    NODE_STARTED = "node_started"
    CLOCK_STEP = "clock_step"
    PART_OFF = "part_off"
    STORE_WAS_AWAY = "store_was_away"
    DISK_LOW = "disk_low"
    DISK_ENOUGH = "disk_enough"
    HOUR_BEGAN = "hour_began"
    SPOOL_TAIL_CUT = "spool_tail_cut"
    EVIDENCE_LATE = "evidence_late"
    EVIDENCE_BACK = "evidence_back"
    UNREADABLE = "unreadable"  # never stored: how a reader tells of a body it cannot read
    DAILY_DIGEST = "daily_digest"
    SAMPLES_SUMMED = "samples_summed"
    SAMPLES_DROPPED = "samples_dropped"
    SAMPLES_FORGOTTEN = "samples_forgotten"
    VERIFY_PASSED = "verify_passed"
    VERIFY_FAILED = "verify_failed"
    KEY_ROTATED = "key_rotated"
    RECORD_RESTORED = "record_restored"

    # peers
    MAIL_SENT = "mail_sent"
    MAIL_FAILED = "mail_failed"
    LEDGER_FINAL = "ledger_final"
    LEDGER_FAILED = "ledger_failed"
    LEDGER_SEEN = "ledger_seen"
    LEDGER_HELD = "ledger_held"
    DOCUMENT_ACCEPTED = "document_accepted"
    DOCUMENT_REFUSED = "document_refused"
    ANCHOR_OWED = "anchor_owed"
    CHECKPOINT_ANCHORED = "checkpoint_anchored"


REQUESTS = frozenset(
    {
        Kind.PRODUCT_SET,
        Kind.PERSON_SET,
        Kind.PERSON_ERASED,
        Kind.DELIVERY_DECLARED,
        Kind.DELIVERY_CLOSED,
        Kind.EMPTY_DECLARED,
        Kind.RINSE_DECLARED,
        Kind.EXIT_DECLARED,
        Kind.SEAL_DECLARED,
        Kind.BATCH_DECLARED,
        Kind.RECEIPT_DECLARED,
        Kind.DISCREPANCY_EXPLAINED,
        Kind.OPENING_REVIEWED,
        Kind.CROP_RULE_SET,
        Kind.SUPPLIER_SET,
        Kind.BADGE_REVOKED,
        Kind.ORDER_GIVEN,
        Kind.TAG_BOUND,
        Kind.TAG_UNBOUND,
        Kind.PRESCRIPTION_SET,
        Kind.USE_DECLARED,
        Kind.SPILL_DECLARED,
        Kind.DISPOSAL_DECLARED,
        Kind.DEFECTIVE_DECLARED,
        Kind.PACKAGE_TARED,
        Kind.SCALE_CHECKED,
        Kind.SCALE_CALIBRATED,
        Kind.SCALE_TARED,
        Kind.STOCKTAKE_OPENED,
        Kind.STOCK_COUNTED,
        Kind.STOCKTAKE_CLOSED,
        Kind.CORRECTION_DECLARED,
        Kind.DISCLOSURE_DECLARED,
        Kind.HOLD_SET,
        Kind.HOLD_LIFTED,
        Kind.PHOTO_ERASED,
        Kind.PHOTO_VIEWED,
        Kind.ANCHOR_ASKED,
        Kind.LEDGER_RESUMED,
        Kind.BOARD_ENROLLED,
        Kind.BOARD_RETIRED,
    }
)
# What may be corrected, besides a correction itself.  A person is declared again instead: the last
# one holds; what was erased stays so; holds have their own end.
CORRECTABLE = frozenset(
    {
        Kind.PRODUCT_SET,
        Kind.DELIVERY_DECLARED,
        Kind.EMPTY_DECLARED,
        Kind.RINSE_DECLARED,
        Kind.EXIT_DECLARED,
        Kind.SEAL_DECLARED,
        Kind.BATCH_DECLARED,
        Kind.RECEIPT_DECLARED,
        Kind.USE_DECLARED,
        Kind.SPILL_DECLARED,
        Kind.DISPOSAL_DECLARED,
        Kind.DEFECTIVE_DECLARED,
        Kind.PACKAGE_TARED,
        Kind.STOCK_COUNTED,
        Kind.ORDER_GIVEN,
        Kind.TAG_BOUND,
        Kind.TAG_UNBOUND,
        Kind.PRESCRIPTION_SET,
        Kind.PHOTO_KEPT,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened, before it is stored.

    ``origin`` names the happening: a retransmission carries the same one, a second
    identical happening never does.  Its grammar: module docstring.
    """

    kind: str  # a member of Kind, or TYPE_WORD of a board's sensor type
    origin: str
    happened_at_ms: int  # milliseconds since 1970-01-01 UTC, by the fog node's clock
    facts: Mapping[str, Json] = field(default_factory=dict)  # no float, bool or null
    board_ms: int | None = None  # the board's own clock, board events only
    rule_v: int | None = None  # version of the rule, derived events only


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One event as the store gives it back."""

    seq: int  # place in the record, from 1
    event_id: str  # 32 hex digits
    kind: str
    origin: str
    happened_at_ms: int
    recorded_at_ms: int
    facts: Mapping[str, Json]
    body: bytes  # the exact stored bytes, for hashing and for the curious

    def text(self, fact: str) -> str:
        """Return a fact as text, or "" when the event does not carry it."""
        value = self.facts.get(fact, "")
        return value if isinstance(value, str) else str(value)

    def number(self, fact: str, default: int = 0) -> int:
        """Return a fact as a whole number, or ``default`` when it is absent or no number."""
        value = self.facts.get(fact, default)
        return value if isinstance(value, int) else default


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row that belongs to events and is committed with them.

    In a log table it is inserted; in a derived table it replaces the row of the same
    primary key.  ``values`` holds every column but ``hash``, which the writer adds.
    """

    table: str  # a name in store/tables.py
    values: RowValues


@dataclass(slots=True)
class Outcome:
    """What one step of a fold asks to be written: events, and rows that go with them."""

    events: list[Event] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Append what another step asked for."""
        self.events += other.events
        self.rows += other.rows


def derived(rule: str, cause: Stored, number: int = 1) -> str:
    """Return the origin of the ``number``-th event that ``rule`` draws from ``cause``."""
    return f"r/{rule}/{cause.event_id}/{number}"
