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

Defective goods get a record and no offer: no supplier's account on a chain is configured.

A held back step goes public under its own number with the same data hash as on the private
chain.  ``Token.next_seq`` only plans; the chain decides, and ledgers/outbox.py renumbers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from fognode.config import Config
from fognode.events import Event, Json, Kind, Outcome, Row, RowValues, Stored, derived
from fognode.hashing import canonical_bytes, event_id, salted_hash, sha256
from fognode.ledgers.consortium import document
from fognode.ledgers.fields import (
    BAGGED,
    BIRTH,
    EMPTY,
    IN_USE,
    OFFER,
    PREPARED,
    WITHDRAW,
    Step,
    local_time,
    twelve_fields,
)

RULE_V = 1
PRIVATE, PUBLIC = "private", "public"
SEALED, FIRST_RECORD = 101, 1000
HELD_BACK = (IN_USE, EMPTY)  # on the public chain: only together with PREPARED or OFFER
TOLD_AUTHORITY = (BIRTH, PREPARED, OFFER, WITHDRAW)
RECORDS = {"out": 1001, "back": 1002, "used": 1003, "stored": 1004}
PARTED = {"defective": 1005, "dispose": 1006}  # movement -> record
CORRECTED = 1009
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
FIELD = "field"  # where a package is that left its cabinet


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Our accounts' addresses on one chain."""

    farm: str  # holds the tokens
    centre: str  # takes the empties


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the journey knows of the configuration."""

    farm: str
    zone: ZoneInfo
    chains: Mapping[str, Parties]
    partners: tuple[str, ...] = ()
    regulators: tuple[str, ...] = ()


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
    life: int = SEALED  # kind of the last step of its life that was asked for
    held: list[Owed] = field(default_factory=list)  # owed to the public chain, not yet sent
    next_seq: dict[str, int] = field(default_factory=dict)  # chain -> number of its next row
    previous: dict[str, str] = field(default_factory=dict)  # chain -> id of its last row


@dataclass(slots=True)
class State:
    """All packages by token id; built again from event 1 at each start."""

    tokens: dict[str, Token] = field(default_factory=dict)
    of_package: dict[str, str] = field(default_factory=dict)  # package -> token id


def plan_of(config: Config) -> Plan:
    """Return what the journey must know of the configuration."""
    return Plan(
        farm=config.farm.id,
        zone=config.zone,
        chains={c.name: Parties(farm=c.farm, centre=c.centre) for c in config.chains},
        partners=tuple(p.id for p in config.partners),
        regulators=tuple(r.id for r in config.regulators),
    )


def step(state: State, told: Stored, plan: Plan, salt: bytes) -> Outcome:
    """Fold one stored event; return the steps owed because of it.

    ``salt`` is 16 random bytes drawn for this call.  The salts in use are those of the stored
    sendToBlockchain events, so folding again with other salts ends in the same state.
    """
    _recall(state, told)
    outcome = Outcome()
    steps = steps_for(state, told)
    if told.kind == Kind.NEW_PRODUCT_ENTRY and steps:
        _enter(state, told)
    token = state.tokens.get(_token_id(state, told))
    if token is None:
        return outcome
    for number, owed in enumerate(steps, start=1):
        # Each step gets a salt of its own, or two could share a data hash.
        own = salted_hash(salt, str(number))[:16]
        outcome.add(_owe(token, told, plan, (number, owed, own)))
    _follow(token, told)
    return outcome


def steps_for(state: State, told: Stored) -> list[Step]:
    """Return the steps that ``told`` calls for, in their order; changes nothing."""
    rule = _RULES.get(told.kind)
    if rule is None:
        return []
    token = state.tokens.get(_token_id(state, told))
    if (token is None) != (told.kind == Kind.NEW_PRODUCT_ENTRY):
        return []  # born twice, or never
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
    action, person = told.text("action"), told.text("person")
    if action not in RECORDS:
        return []
    cabinet = told.text("cabinet") or token.site
    source, destination = {
        "out": (cabinet, FIELD),
        "back": (FIELD, cabinet),
        "used": (cabinet, cabinet),
        "stored": (token.site, cabinet),
    }[action]
    weight = f", {told.number('weight_g')} g" if "weight_g" in told.facts else ""
    record = Step(
        method="record",
        kind=RECORDS[action],
        source=source,
        destination=destination,
        moved_by=person,
        observation=f"{action}{weight}",
    )
    opened = _lives(token, IN_USE, person) if action in {"out", "used"} else []
    return [*opened, record]


def _emptied(token: Token, told: Stored) -> list[Step]:
    return _lives(token, EMPTY, told.text("person"))


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
    undone, note = told.number("delta_g") > 0, told.text("reason")
    return [
        Step(
            method="record",
            kind=CORRECTED if undone else kind,
            source=token.site,
            destination=token.site,
            moved_by=told.text("by"),
            observation=f"corrected: not {movement}" if undone else f"{movement}: {note}"[:255],
        )
    ]


def _restated(token: Token, told: Stored) -> list[Step]:
    was, state = told.number("was"), told.number("state")
    kind, method = CORRECTED, "record"
    if was == RETURNED and state < RETURNED:
        kind, method = WITHDRAW, "withdrawOffer"
    return [
        Step(
            method=method,
            kind=kind,
            source=token.site,
            destination=token.site,
            moved_by=told.text("by"),
            observation=f"corrected: was {STAGES[was]}, is {STAGES[state]}",
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


def _token_id(state: State, told: Stored) -> str:
    return told.text("token_id") or state.of_package.get(told.text("package"), "")


def _enter(state: State, told: Stored) -> None:
    token_id = told.text("token_id")
    state.tokens[token_id] = Token(label=told, site=told.text("site"))
    state.of_package[told.text("package")] = token_id


def _follow(token: Token, told: Stored) -> None:
    if told.kind == Kind.HANDLE_PRODUCT:
        token.site = FIELD if told.text("action") == "out" else told.text("cabinet")
    elif told.kind == Kind.PACKAGE_MOVED:
        token.site = told.text("to")
    elif told.kind == Kind.NEW_PRODUCT_ENTRY:
        token.label = told  # a correction of the delivery tells it anew


def _recall(state: State, told: Stored) -> None:
    token = state.tokens.get(told.text("token_id"))
    if token is None:
        return
    if told.kind == Kind.SEND_TO_BLOCKCHAIN:
        # What was stored holds, whatever salt a fold from event 1 was given.
        token.held = [
            replace(o, data_hash=told.text("data_hash")) if o.event_id == told.event_id else o
            for o in token.held
        ]
    elif told.kind == Kind.LEDGER_SEEN:
        chain = told.text("chain")
        token.next_seq[chain] = max(token.next_seq.get(chain, 1), told.number("seq") + 1)


def _owe(token: Token, told: Stored, plan: Plan, numbered: tuple[int, Step, bytes]) -> Outcome:
    """Return the sendToBlockchain of one step, and its rows in every outbox."""
    number, owed, salt = numbered
    token.life = max(token.life, owed.kind if owed.method == "advance" else 0)
    facts = _facts(token, told, plan, (owed, salt))
    event = Event(
        kind=Kind.SEND_TO_BLOCKCHAIN,
        origin=derived("journey", told, number),
        happened_at_ms=told.happened_at_ms,
        facts=facts,
        rule_v=RULE_V,
    )
    sealed = Owed(
        event_id=event_id(event.origin).hex(),
        method=owed.method,
        kind=owed.kind,
        data_hash=str(facts["data_hash"]),
        args=_arguments(token, owed, salt),
    )
    outcome = Outcome(events=[event])
    for chain, parties in plan.chains.items():
        for due in _due(token, sealed, chain):
            outcome.rows.append(_chain_row(token, told, due, (chain, parties)))
    outcome.rows += _paper_rows(told, plan, sealed, facts)
    return outcome


def _due(token: Token, sealed: Owed, chain: str) -> list[Owed]:
    """Return what goes to ``chain`` now that ``sealed`` is owed."""
    if chain != PUBLIC:
        return [sealed]
    if sealed.kind > FIRST_RECORD:
        return []
    if sealed.kind in HELD_BACK:
        token.held.append(sealed)
        return []
    due, token.held = [*token.held, sealed], []
    return due


def _facts(token: Token, told: Stored, plan: Plan, salted: tuple[Step, bytes]) -> dict[str, Json]:
    owed, salt = salted
    fields = twelve_fields(
        owed, token.label, token.site, local_time(told.happened_at_ms, plan.zone)
    )
    public = owed.kind < FIRST_RECORD
    return {
        "package": token.label.text("package"),
        "token_id": token.label.text("token_id"),
        "method": owed.method,
        "kind": owed.kind,
        "cause": told.event_id,
        "data_hash": hash_fields(fields, salt.hex()),
        "salt": salt.hex(),
        "fields": {**fields},
        "chains": [name for name in plan.chains if public or name != PUBLIC],
    }


def hash_fields(fields: Mapping[str, str], salt: str) -> str:
    """Return what goes on chain of the twelve fields, as 64 hex digits.

    SHA-256 of the canonical JSON of the fields and the ``salt`` (32 hex digits): without
    the salt the short fields could be guessed.
    """
    return sha256(canonical_bytes({**fields, "salt": salt})).hex()


def _arguments(token: Token, owed: Step, salt: bytes) -> dict[str, Json]:
    if owed.method != "register":
        return {}
    label = token.label
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


def _chain_row(token: Token, told: Stored, owed: Owed, on: tuple[str, Parties]) -> Row:
    chain, parties = on
    to = {"register": parties.farm, "offer": parties.centre}.get(owed.method)
    args = {**owed.args, "to": to} if to else dict(owed.args)
    seq = token.next_seq.get(chain, 1)
    values: RowValues = {
        "id": f"{chain}/{owed.event_id}",
        "chain": chain,
        "event_id": owed.event_id,
        "package": token.label.text("package"),
        "token_id": token.label.text("token_id"),
        "seq": seq,
        "method": owed.method,
        "kind": owed.kind,
        "args_json": canonical_bytes(args).decode(),
        "data_hash": owed.data_hash,
        "depends_on": token.previous.get(chain, ""),
        "state": "QUEUED",
        "nonce": -1,
        "created_at_ms": told.recorded_at_ms,
        "updated_at_ms": told.recorded_at_ms,
        "as_of_seq": told.seq,
    }
    values |= dict.fromkeys(_TEXTS_BY_LANE, "") | dict.fromkeys(_NUMBERS_BY_LANE, 0)
    token.next_seq[chain], token.previous[chain] = seq + 1, str(values["id"])
    return Row(table="chain_outbox", values=values)


_TEXTS_BY_LANE = ("sender", "block_hash", "tx_hash", "error_code", "error_text")
_NUMBERS_BY_LANE = ("gas_limit", "tries", "next_try_at_ms", "block_number", "last_push_at_ms")


def _paper_rows(told: Stored, plan: Plan, sealed: Owed, facts: Mapping[str, Json]) -> list[Row]:
    """Return the JSON owed to each partner and the XML owed to each authority."""
    waiting: RowValues = {
        "event_id": sealed.event_id,
        "state": "owed",
        "tries": 0,
        "next_try_at_ms": 0,
        "last_error": "",
        "as_of_seq": told.seq,
    }
    text = document(plan.farm, sealed.event_id, facts)
    rows = [
        Row(
            table="partner_outbox",
            values={**waiting, "id": f"{p}/{sealed.event_id}", "partner": p, "document": text},
        )
        for p in plan.partners
    ]
    if sealed.kind in TOLD_AUTHORITY:
        rows += [
            Row(
                table="gov_outbox",
                values={
                    **waiting,
                    "id": f"{r}/{sealed.event_id}",
                    "regulator": r,
                    "mov_id": "",
                    "protocol": "",
                },
            )
            for r in plan.regulators
        ]
    return rows
