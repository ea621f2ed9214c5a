"""Which stored events end which alerts; pure.

A state that is overtaken ends its alert too: what has expired is about to expire no more, what is
overdue is not about to be due, and what left the farm is nothing to bring back.
"""

from collections.abc import Callable

from fognode.alerts.board_alarms import doubt_of
from fognode.alerts.custody_alarms import about
from fognode.custody.outings import PARTINGS
from fognode.events import Kind, Stored

EVERY = "*"  # whatever the alert is about
EXPIRING = (Kind.STOCK_EXPIRING, "stock_leftover")
EXPIRY = (*EXPIRING, Kind.STOCK_EXPIRED)
RETURN = (Kind.RETURN_DUE, Kind.RETURN_OVERDUE)
# Over, once the record as it is now was verified.
VERIFIED_AWAY = ("spool_tail_cut", "spool_damaged", Kind.RECORD_RESTORED, Kind.KEY_ROTATED)


def ends(told: Stored) -> set[tuple[str, str]]:
    """Return rule and subject of the alerts that an event ends."""
    if told.kind.endswith("_fault"):
        return _mended(told)
    depends = DEPENDS.get(told.kind)
    if depends is not None:
        return depends(told)
    ended = ENDS.get(told.kind)
    if ended is not None:
        return {(ended[0], ended[1](told))}
    return {(rule, subject(told)) for rule, subject in SEVERAL.get(told.kind, ())}


def _mended(told: Stored) -> set[tuple[str, str]]:
    works = told.number("code") == 0
    return {("sensor_fault", f"{told.text('board')}:{told.text('sensor')}")} if works else set()


def _permitted(told: Stored) -> set[tuple[str, str]]:
    return {("package_moved", told.text("package"))} if told.number("permitted", 1) else set()


def _explained(told: Stored) -> set[tuple[str, str]]:
    escalated = (str(Kind.DISCREPANCY_ESCALATED), told.text("discrepancy"))
    return {(told.text("rule"), about(told)), escalated}


def _used_up(told: Stored) -> set[tuple[str, str]]:
    over: tuple[str, ...] = EXPIRY if told.number("net_g") <= 0 else ()  # nothing left to expire
    if told.text("movement") in PARTINGS and told.number("delta_g") <= 0:
        over = (*over, *RETURN)  # nothing is left to bring back
    return {(rule, told.text("package")) for rule in over}


def _caught_up(told: Stored) -> set[tuple[str, str]]:
    return {(f"{told.text('what')}_late", told.text("chain") or told.text("what"))}


DEPENDS: dict[str, Callable[[Stored], set[tuple[str, str]]]] = {
    Kind.PACKAGE_MOVED: _permitted,
    Kind.DISCREPANCY_CLOSED: _explained,
    Kind.STOCK_MOVED: _used_up,
    Kind.EVIDENCE_BACK: _caught_up,
}


def _package(told: Stored) -> str:
    return told.text("package")


Ends = list[tuple[str, Callable[[Stored], str]]]


def _of_package(*rules: str) -> Ends:
    return [(rule, _package) for rule in rules]


SEVERAL: dict[str, Ends] = {
    Kind.EMPTY_PACKAGE_EXIT: _of_package(*RETURN),
    # Told anew, its days are others.
    Kind.NEW_PRODUCT_ENTRY: _of_package(*RETURN, *EXPIRY),
    Kind.RETURN_OVERDUE: _of_package(Kind.RETURN_DUE),
    Kind.STOCK_EXPIRED: _of_package(*EXPIRING),
    Kind.CHECKPOINT_ANCHORED: [  # it covers one that was refused
        (Kind.LEDGER_HELD, lambda told: told.text("chain")),
        (Kind.LEDGER_FAILED, lambda told: f"{told.text('chain')}:"),
    ],
    # The watch starts anew, and tells again of what still is so.
    Kind.NODE_STARTED: [(Kind.SENSOR_DOUBTED, lambda _: EVERY)],
    Kind.VERIFY_PASSED: [
        ("verify_failed", lambda _: "record"),
        *((rule, lambda _: EVERY) for rule in VERIFIED_AWAY),
    ],
}


ENDS: dict[str, tuple[str, Callable[[Stored], str]]] = {
    Kind.BOARD_HELLO: (Kind.BOARD_UNKNOWN, lambda told: told.text("board")),
    Kind.BOX_CLOSED: ("out_of_hours", lambda told: told.text("cabinet")),
    Kind.BOARD_HEARD: ("board_silent", lambda told: told.text("board")),
    Kind.PHOTO_KEPT: (Kind.PHOTO_MISSED, lambda told: told.text("by")),  # by a camera
    Kind.SENSOR_TRUSTED: (Kind.SENSOR_DOUBTED, doubt_of),
    Kind.DISK_ENOUGH: ("disk_low", lambda _: "disk"),
    Kind.STOCK_ENOUGH: ("stock_low", lambda told: told.text("gtin")),
    Kind.LEDGER_FINAL: ("ledger_held", lambda told: told.text("chain")),
    Kind.LEDGER_RESUMED: (
        "ledger_failed",
        lambda told: f"{told.text('chain')}:{told.text('package')}",
    ),
    Kind.DOCUMENT_ACCEPTED: ("document_refused", lambda told: told.text("peer")),
}
# All kinds that end anything, but for faults, whose kinds have many names.
KINDS = frozenset({*DEPENDS, *SEVERAL, *ENDS})
