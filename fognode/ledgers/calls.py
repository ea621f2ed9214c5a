"""What goes to a chain and what comes back, as plain values; knows no web3."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fognode.errors import AwayError, RefusedError
from fognode.events import Json

# Gas limits: 1.5 times what the dearest call was measured to burn, so that no node has to
# estimate while the step before is pending.
GAS = {
    "register": 240_000,
    "record": 65_000,
    "advance": 80_000,
    "offer": 125_000,
    "withdrawOffer": 70_000,
    "anchor": 115_000,
}
GAS_RESERVE = max(GAS.values())  # a lane whose account cannot pay this is held


class Answer(StrEnum):
    """What a node says to a signed transaction."""

    TAKEN = "taken"
    KNOWN = "known"  # it has these very bytes already
    NONCE_LOW = "nonce_low"  # mined before, or the nonce went to another transaction
    FEE_LOW = "fee_low"  # below the block's base fee
    UNDERPRICED = "underpriced"  # not enough more than the attempt it would replace
    NO_FUNDS = "no_funds"


# Texts of anvil 1.7 (met) and of geth (read in its source), in lower case.
ANSWERS = {
    "already known": Answer.KNOWN,
    "already imported": Answer.KNOWN,
    "nonce too low": Answer.NONCE_LOW,
    "max fee per gas less than block base fee": Answer.FEE_LOW,
    "replacement transaction underpriced": Answer.UNDERPRICED,
    "transaction underpriced": Answer.FEE_LOW,
    "insufficient funds": Answer.NO_FUNDS,
}
NEVER = (
    "intrinsic gas too low",
    "invalid chain id",
    "exceeds block gas limit",
    "gas limit too high",
    "invalid sender",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One write to the contract, without nonce and fees."""

    method: str
    token_id: str  # 64 hex digits
    seq: int
    kind: int
    data_hash: str  # 64 hex digits
    args: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """What we offer per gas, in wei."""

    max_fee: int
    tip: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A transaction that can be sent again and again and counts once."""

    raw: str  # 0x and hex
    tx_hash: str
    fees: Fees


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFacts:
    """Which chain answers, and how far it is."""

    chain_id: int
    genesis_hash: str
    code_hash: str  # keccak of the code at our contract's address, 64 hex digits
    head_number: int
    head_hash: str
    base_fee: int  # wei; 0 on a chain without fees
    balance: int  # wei, of the box's account


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One write on a package, as the contract logged it."""

    token_id: str
    seq: int
    kind: int
    state: int
    actor: str
    data_hash: str
    head: str
    tx_hash: str
    block_number: int
    block_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchored:
    """One checkpoint of a log, as the contract logged it."""

    log_id: str
    number: int
    size: int
    root: str
    head: str
    actor: str
    tx_hash: str
    block_number: int
    block_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a mined transaction."""

    tx_hash: str
    ok: bool
    block_number: int
    block_hash: str
    gas_used: int
    gas_price: int  # wei that each cost
    records: tuple[Record, ...]
    anchors: tuple[Anchored, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What the contract knows of a package."""

    gtin: int
    seq: int
    state: int
    hold: bool
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revert:
    """Why the contract would refuse a call."""

    name: str  # of the contract's error; "" when it gave none
    text: str


def arguments(call: Call) -> list[Any]:
    """Return a call's arguments in the contract's order."""
    data_hash = bytes.fromhex(call.data_hash)
    if call.method == "register":
        return [
            call.args["to"],
            int(str(call.args["gtin"])),
            call.args["serial"],
            call.args["expires_s"],
            bytes.fromhex(str(call.args["invoice_hash"])),
            data_hash,
        ]
    if call.method == "anchor":
        # The row's number counts, not the planned one: the chain may be further.
        return [call.args["farm"], call.args["log"], call.seq, data_hash, call.args["size"]]
    if call.method == "withdrawOffer":
        return [int(call.token_id, 16), call.seq, data_hash]
    third = call.args["to"] if call.method == "offer" else call.kind
    return [int(call.token_id, 16), call.seq, third, data_hash]


def read_answer(text: str) -> Answer:
    """Return what a node's error text means for the transaction it was given.

    Raises:
        RefusedError: These bytes will never be taken.
        AwayError: A text that is not known; the bytes stay owed.
    """
    lower = text.lower()
    for words, answer in ANSWERS.items():
        if words in lower:
            return answer
    if any(words in lower for words in NEVER):
        raise RefusedError(text[:300])
    raise AwayError(f"the node says {text[:300]}")


def bumped(old: Fees, base_fee: int) -> Fees:
    """Return fees that replace ``old``: both raised by an eighth, and enough for now.

    Source: go-ethereum, core/txpool: a replacement needs 10 % more in both fields.
    """
    tip = _eighth_more(old.tip)
    return Fees(max_fee=max(_eighth_more(old.max_fee), 2 * base_fee + tip), tip=tip)


def _eighth_more(wei: int) -> int:
    return wei + -(-wei // 8)
