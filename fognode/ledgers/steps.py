"""Which token steps an event calls for; pure.

    newProductEntry     register (1)                   both chains
    first out or used   advance in use (102)           private now, public held back
    handleProduct       record (1001 to 1004)          private only: nothing per visit goes public
    package_emptied     advance empty (103)            private now, public held back
    package_prepared    advance prepared (104, 114)    both; the public chain gets 102, 103 first
    emptyPackageExit    offer to the centre (200)      both
    stock_moved         record: defective, back to its supplier (1005), disposed of (1006)
                                                       private only
    package_restated    withdrawOffer (202) where it had left, else record of a correction (1009)
                                                       both; private only
    ledger_seen 201, or receipt_matched with none missing
                        report that the centre has it (201)
                                                       on paper only: the centre wrote its own
    handleProduct again record of a correction (1009)  private only

A record that is on a chain stays there.  When readings that came late tell a handleProduct anew
(``corrects``) or take it back, one record 1009 names the event that it corrects.  Once the
centre has taken a token over, only the centre writes on it: what is corrected then stands in
our record alone.

Defective goods get a record and no offer: no supplier's account on a chain is configured.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from fognode.events import Json, Kind, Stored
from fognode.ledgers.fields import (
    ACCEPTED,
    BAGGED,
    BIRTH,
    EMPTY,
    IN_USE,
    OFFER,
    PREPARED,
    WITHDRAW,
    Step,
)

SEALED = 101
RECORDS = {"out": 1001, "back": 1002, "used": 1003, "stored": 1004}
PARTED = {"defective": 1005, "dispose": 1006}  # movement -> record
CORRECTED = 1009
TAKEN_BACK = "withdrawn"  # action of a handleProduct that says the one it corrects never was
# A package's stages, the token's states (contracts/src/IPackageToken.sol).
STAGES = (
    "never received",
    "sealed",
    "in use",
    "empty",
    "prepared",
    "returned",
    "received",
    "destroyed",
)
RETURNED = 5
REPORT = "report"  # method of a step that no chain gets
FIELD = "field"  # where a package is that left its cabinet


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A step as the chains take it: named by its event, sealed by its data hash."""

    event_id: str  # of the sendToBlockchain
    method: str
    kind: int
    data_hash: str
    args: Mapping[str, Json] = field(default_factory=dict)


@dataclass(slots=True)
class Token:
    """One package on its way, as far as the ledgers are concerned."""

    label: Stored  # the newProductEntry
    site: str
    sited_at_ms: int = 0  # when that was seen; what is told late moves nothing
    batch: str = ""  # in which it left; "" = it is on the farm
    centre: str = ""  # where it was taken to
    is_received: bool = False  # that the centre has it was reported
    is_theirs: bool = False  # the centre took it over on a chain: nobody else may write on it
    life: int = SEALED  # kind of the last step of its life that was asked for
    held: list[Owed] = field(default_factory=list)  # owed to the public chain, not yet sent
    next_seq: dict[str, int] = field(default_factory=dict)  # chain -> number of its next row
    previous: dict[str, str] = field(default_factory=dict)  # chain -> id of its last row


def steps_for(token: Token | None, told: Stored) -> list[Step]:
    """Return the steps that ``told`` calls for, in their order; changes nothing.

    ``token`` is that of the package; None = it is not born yet.
    """
    rule = _RULES.get(told.kind)
    if rule is None:
        return []
    if (token is None) != (told.kind == Kind.NEW_PRODUCT_ENTRY):
        return []  # born twice, or never
    if token and token.is_theirs and told.kind not in {Kind.LEDGER_SEEN, Kind.RECEIPT_MATCHED}:
        return []  # the chain would refuse it
    return rule(token or Token(label=told, site=told.text("site")), told)


def _born(_token: Token, told: Stored) -> list[Step]:
    return [
        Step(
            method="register",
            kind=BIRTH,
            source=told.text("source"),
            destination=told.text("site"),
            moved_by=told.text("by"),
            observation="received and registered",
        )
    ]


def _handled(token: Token, told: Stored) -> list[Step]:
    action, person, corrects = told.text("action"), told.text("person"), told.text("corrects")
    if action == TAKEN_BACK:
        return [_correction(token, person, f"corrects {corrects}: it did not happen")]
    if action not in RECORDS:
        return []
    cabinet = told.text("cabinet") or token.site
    source, destination = {
        "out": (cabinet, FIELD),
        "back": (FIELD, cabinet),
        "used": (cabinet, cabinet),
        "stored": (token.site, cabinet),
    }[action]
    note = _deed(told)
    record = Step(
        method="record",
        kind=CORRECTED if corrects else RECORDS[action],
        source=source,
        destination=destination,
        moved_by=person,
        observation=f"corrects {corrects}: {note}" if corrects else note,
    )
    opened = _lives(token, IN_USE, person) if action in {"out", "used"} else []
    authorised_by = told.text("authorised_by")
    return [replace(one, authorised_by=authorised_by) for one in (*opened, record)]


def _deed(told: Stored) -> str:
    """Return what was done; the weight is that of a package when it was put, or lifted."""
    action = told.text("action")
    weight = f"{told.number('weight_g')} g" if "weight_g" in told.facts else ""
    if action != "used":
        return f"{action}, {weight}" if weight else action
    used = f", {told.number('used_g')} g" if "used_g" in told.facts else ""
    return f"used{used}" + (f"; lifted at {weight}" if weight else "")


def _correction(token: Token, person: str, note: str) -> Step:
    return Step(
        method="record",
        kind=CORRECTED,
        source=token.site,
        destination=token.site,
        moved_by=person,
        observation=note,
    )


def _emptied(token: Token, told: Stored) -> list[Step]:
    steps = _lives(token, EMPTY, told.text("person"))
    if steps and told.text("source") == "declared":  # no scale saw it
        steps[-1] = replace(steps[-1], observation="empty, as declared")
    return steps


def _prepared(token: Token, told: Stored) -> list[Step]:
    kind, note = PREPARED, f"rinsed {told.number('rinses')} times, punctured"
    route = told.text("route")
    if route == "bagged" or (not route and told.text("packaging") == "flexible"):
        kind, note = BAGGED, "sealed and kept apart"
    steps = _lives(token, PREPARED, told.text("by"))
    return [*steps[:-1], replace(steps[-1], kind=kind, observation=note)] if steps else []


def _leaving(token: Token, told: Stored) -> list[Step]:
    return [
        Step(
            method="offer",
            kind=OFFER,
            source=token.site,
            destination=told.text("destination"),
            moved_by=told.text("by"),
            observation="offered to the collection centre",
        )
    ]


def _parted(token: Token, told: Stored) -> list[Step]:
    """Tell that goods were defective or disposed of; taken back, that this was corrected."""
    movement = told.text("movement")
    kind = PARTED.get(movement)
    if kind is None:
        return []
    corrected = _correction(token, told.text("by"), f"corrected: not {movement}")
    if told.number("delta_g") > 0:
        return [corrected]
    note = f"{movement}: {told.text('reason')}"[:255]
    return [replace(corrected, kind=kind, observation=note)]


def _restated(token: Token, told: Stored) -> list[Step]:
    was, state = told.number("was"), told.number("state")
    note = f"corrected: was {STAGES[was]}, is {STAGES[state]}"
    restated = _correction(token, told.text("by"), note)
    if was == RETURNED and state < RETURNED:
        return [replace(restated, method="withdrawOffer", kind=WITHDRAW)]
    return [restated]


def _accepted(token: Token, told: Stored) -> list[Step]:
    if told.number("kind") != ACCEPTED:
        return []
    return _received(token, "accepted by the collection centre on the ledger")


def _matched(token: Token, told: Stored) -> list[Step]:
    """Report what a receipt says; one that is short does not say which are missing."""
    if told.number("missing"):
        return []
    return _received(token, f"received by the collection centre, receipt {told.text('receipt')}")


def _received(token: Token, note: str) -> list[Step]:
    if not token.batch or token.is_received:
        return []
    return [
        Step(
            method=REPORT,
            kind=ACCEPTED,
            source=token.site,
            destination=token.centre,
            moved_by="",
            observation=note,
        )
    ]


_RULES: dict[str, Callable[[Token, Stored], list[Step]]] = {
    Kind.NEW_PRODUCT_ENTRY: _born,
    Kind.HANDLE_PRODUCT: _handled,
    Kind.PACKAGE_EMPTIED: _emptied,
    Kind.PACKAGE_PREPARED: _prepared,
    Kind.EMPTY_PACKAGE_EXIT: _leaving,
    Kind.STOCK_MOVED: _parted,
    Kind.PACKAGE_RESTATED: _restated,
    Kind.LEDGER_SEEN: _accepted,
    Kind.RECEIPT_MATCHED: _matched,
}
_LIFE_WORDS = {IN_USE: "in use", EMPTY: "empty", PREPARED: "prepared"}


def _lives(token: Token, until: int, person: str) -> list[Step]:
    # The contract moves a life one state at a time: what was skipped is caught up.
    return [
        Step(
            method="advance",
            kind=kind,
            source=token.site,
            destination=token.site,
            moved_by=person,
            observation=_LIFE_WORDS[kind],
        )
        for kind in range(token.life + 1, until + 1)
    ]
