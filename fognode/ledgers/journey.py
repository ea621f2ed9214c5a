"""What each step of a package's life owes to the chains, partners and authorities; pure.

Which steps an event calls for says steps.py.  Each becomes a sendToBlockchain with the twelve
fields, and with it rows in the outboxes, kept in one transaction.

The private chain gets every step.  The public one gets none of a visit, and 102 and 103 only
together with PREPARED or OFFER: held back, a step goes public under its own number with the same
data hash as on the private chain.  ``Token.next_seq`` only plans; the chain decides, and
ledgers/outbox.py renumbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from fognode.config import Config
from fognode.events import Event, Json, Kind, Outcome, Row, RowValues, Stored, derived
from fognode.hashing import canonical_bytes, event_id, salted_hash, sha256
from fognode.ledgers.consortium import document
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
    local_time,
    register_arguments,
    twelve_fields,
)
from fognode.ledgers.steps import CORRECTED, FIELD, REPORT, RETURNED, Owed, Token, steps_for

RULE_V = 2
PRIVATE, PUBLIC = "private", "public"
FIRST_RECORD = 1000
HELD_BACK = (IN_USE, EMPTY)  # on the public chain: only together with PREPARED or OFFER
MOVES = frozenset({Kind.HANDLE_PRODUCT, Kind.PACKAGE_MOVED})
TOLD_AUTHORITY = (BIRTH, PREPARED, BAGGED, OFFER, ACCEPTED, WITHDRAW)


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


@dataclass(slots=True)
class State:
    """All packages by token id; built again from event 1 at each start."""

    tokens: dict[str, Token] = field(default_factory=dict)
    of_package: dict[str, str] = field(default_factory=dict)  # package -> token id
    batches: dict[str, dict[str, None]] = field(default_factory=dict)  # batch -> its token ids


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
    is_new = told.kind == Kind.NEW_PRODUCT_ENTRY and _token_id(state, told) not in state.tokens
    if is_new:
        _enter(state, told)
    number = 0
    for token in _tokens(state, told):
        for owed in steps_for(None if is_new else token, told):
            number += 1
            # Each step gets a salt of its own, or two could share a data hash.
            own = salted_hash(salt, str(number))[:16]
            outcome.add(_owe(token, told, plan, (number, owed, own)))
        _follow(state, token, told)
    return outcome


def _tokens(state: State, told: Stored) -> list[Token]:
    """Return the tokens that an event is about; a receipt is about all of its batch."""
    if told.kind == Kind.RECEIPT_MATCHED:
        return [state.tokens[name] for name in state.batches.get(told.text("batch"), ())]
    token = state.tokens.get(_token_id(state, told))
    return [token] if token is not None else []


def _token_id(state: State, told: Stored) -> str:
    return told.text("token_id") or state.of_package.get(told.text("package"), "")


def _enter(state: State, told: Stored) -> None:
    token_id = told.text("token_id")
    state.tokens[token_id] = Token(label=told, site=told.text("site"))
    state.of_package[told.text("package")] = token_id


def _follow(state: State, token: Token, told: Stored) -> None:
    token_id = token.label.text("token_id")
    if told.kind == Kind.EMPTY_PACKAGE_EXIT:
        token.batch = told.text("batch") or told.text("package")
        token.centre = told.text("destination")
        state.batches.setdefault(token.batch, {})[token_id] = None
    elif told.kind == Kind.PACKAGE_RESTATED and told.number("state") < RETURNED and token.batch:
        state.batches[token.batch].pop(token_id, None)
        token.batch, token.is_received = "", False
    elif told.kind == Kind.NEW_PRODUCT_ENTRY:
        token.label = told  # a correction of the delivery tells it anew
    elif told.kind in MOVES and told.happened_at_ms >= token.sited_at_ms:
        away, place = told.text("action") == "out", told.text("to") or told.text("cabinet")
        token.site, token.sited_at_ms = FIELD if away else place, told.happened_at_ms


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
        token.is_theirs = token.is_theirs or told.number("kind") == ACCEPTED


def _owe(token: Token, told: Stored, plan: Plan, numbered: tuple[int, Step, bytes]) -> Outcome:
    """Return the sendToBlockchain of one step, and its rows in every outbox."""
    number, owed, salt = numbered
    token.life = max(token.life, owed.kind if owed.method == "advance" else 0)
    token.is_received = token.is_received or owed.method == REPORT
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
        args=register_arguments(token.label, salt) if owed.method == "register" else {},
    )
    outcome = Outcome(events=[event])
    chains = plan.chains if owed.method != REPORT else {}
    for chain, parties in chains.items():
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
    chains = [name for name in plan.chains if public or name != PUBLIC]
    corrects = told.text("corrects") if owed.kind == CORRECTED else ""
    named: dict[str, Json] = {"corrects": corrects} if corrects else {}
    return {
        **named,
        "package": token.label.text("package"),
        "token_id": token.label.text("token_id"),
        "method": owed.method,
        "kind": owed.kind,
        "cause": told.event_id,
        "data_hash": hash_fields(fields, salt.hex()),
        "salt": salt.hex(),
        "fields": {**fields},
        "chains": [*(chains if owed.method != REPORT else ())],
    }


def hash_fields(fields: Mapping[str, str], salt: str) -> str:
    """Return what goes on chain of the twelve fields, as 64 hex digits.

    SHA-256 of the canonical JSON of the fields and the ``salt`` (32 hex digits): without
    the salt the short fields could be guessed.
    """
    return sha256(canonical_bytes({**fields, "salt": salt})).hex()


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
