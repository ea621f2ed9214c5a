"""One package's steps as the record tells them, beside what a chain holds of them; pure.

    equal          the chain holds this step, hash for hash, in the transaction that we know
    owed           it is not there yet
    held back      it goes public together with a later step
    failed         the contract refused it
    after a loss   its record is from before an accepted loss, under another salt
    lost           we know its transaction as mined; the chain does not
    elsewhere      it is there, but in another transaction than we know
    differs        it is there with another data hash or kind than the record says
    unowed         no outbox has it
    not asked      the node is away, or has not come so far yet

What stands on the chain besides: ``theirs`` (another party's, and the record knows of it),
``untold`` (another party's, and it does not), ``unknown`` (our own account's, and it does not),
``lost step`` (the same, from before an accepted loss).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fognode.events import Stored
from fognode.hashing import keccak
from fognode.ledgers.calls import Package, Record
from fognode.ledgers.former import AFTER_LOSS
from fognode.ledgers.journey import HELD_BACK, PUBLIC
from fognode.ledgers.rows import Due

OVER = ("MINED", "FINAL")
# Verdicts that are no difference.
AGREED = frozenset({"equal", "held back", "after a loss", "theirs", "lost step", "not asked"})
WORDS = {
    1: "birth",
    102: "in use",
    103: "empty",
    104: "prepared",
    107: "destroyed",
    114: "bagged",
    200: "offered",
    201: "accepted",
    202: "offer withdrawn",
    300: "hold",
    301: "hold lifted",
    1001: "taken out",
    1002: "brought back",
    1003: "used in place",
    1004: "put in",
    1005: "defective",
    1006: "disposed of",
    1009: "correction",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One step on one chain, or what another party wrote there."""

    chain: str
    verdict: str
    kind: int
    data_hash: str  # on the chain; where it holds nothing, as owed
    state: str = ""  # of our outbox; "" = not in it
    seq: int = 0  # on the chain; 0 = not there
    tx_hash: str = ""
    block_number: int = 0
    block_hash: str = ""
    actor: str = ""  # who wrote it; "" = nobody yet
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a chain's node told of one token."""

    records: Sequence[Record]  # oldest first
    package: Package | None  # asked for before the records
    head_number: int  # asked for before both


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the record knows of one token on one chain."""

    chain: str
    steps: Sequence[Stored]  # its sendToBlockchain, oldest first
    rows: Sequence[Due]
    seen: Collection[str]  # data hashes that ledger_seen told
    ours: Collection[str]  # addresses of our own accounts, in lower case
    lost_blocks: int = 0  # blocks up to this one were written before an accepted loss


def sides_of(known: Known, look: Look | None) -> dict[str, Side]:
    """Return each step's side on a chain by the event_id of the step."""
    rows = {row.event_id: row for row in known.rows}
    found = {one.event_id: _side(known, one, rows.get(one.event_id), look) for one in known.steps}
    return {event_id: side for event_id, side in found.items() if side is not None}


def _side(known: Known, step: Stored, row: Due | None, look: Look | None) -> Side | None:
    if row is None:
        chains = step.facts.get("chains")
        if not isinstance(chains, list) or known.chain not in chains:
            return None
        return _bare(known.chain, "held back" if _waits(known, step) else "unowed", step)
    there = [one for one in look.records if one.data_hash == row.data_hash] if look else []
    if not there:
        return _ours(row, _absent(row, look))
    return _beside(row, _present(step, row, there[0]), there[0])


def _waits(known: Known, step: Stored) -> bool:
    """Say whether a step is not public yet because nothing that takes it along came after it."""
    is_quiet = known.chain == PUBLIC and step.number("kind") in HELD_BACK
    return is_quiet and all(row.as_of_seq < step.seq for row in known.rows)


def _bare(chain: str, verdict: str, step: Stored) -> Side:
    kind, data_hash = step.number("kind"), step.text("data_hash")
    return Side(chain=chain, verdict=verdict, kind=kind, data_hash=data_hash)


def _absent(row: Due, look: Look | None) -> str:
    if look is None or row.block_number > look.head_number:
        return "not asked"
    if row.state in OVER:
        return "lost"
    return "failed" if row.state == "FAILED" else "owed"


def _present(step: Stored, row: Due, there: Record) -> str:
    if there.kind != step.number("kind"):
        return "differs"
    if row.data_hash != step.text("data_hash"):
        return "after a loss" if row.error_code == AFTER_LOSS else "differs"
    return "elsewhere" if row.state in OVER and row.tx_hash != there.tx_hash else "equal"


def _ours(row: Due, verdict: str) -> Side:
    return Side(
        chain=row.chain,
        verdict=verdict,
        kind=row.kind,
        data_hash=row.data_hash,
        state=row.state,
        tx_hash=row.tx_hash,
        error=row.error_text,
    )


def _beside(row: Due, verdict: str, there: Record) -> Side:
    return Side(
        chain=row.chain,
        verdict=verdict,
        kind=there.kind,
        data_hash=there.data_hash,
        state=row.state,
        seq=there.seq,
        tx_hash=there.tx_hash,
        block_number=there.block_number,
        block_hash=there.block_hash,
        actor=there.actor,
        error=row.error_text,
    )


def others_of(known: Known, look: Look) -> list[Side]:
    """Return what stands on the token besides our steps, oldest first."""
    ours = {row.data_hash for row in known.rows}
    return [
        Side(
            chain=known.chain,
            verdict=_whose(known, one),
            kind=one.kind,
            data_hash=one.data_hash,
            seq=one.seq,
            tx_hash=one.tx_hash,
            block_number=one.block_number,
            block_hash=one.block_hash,
            actor=one.actor,
        )
        for one in look.records
        if one.data_hash not in ours
    ]


def _whose(known: Known, one: Record) -> str:
    if one.data_hash in known.seen:
        return "theirs"
    if one.actor not in known.ours:
        return "untold"
    return "lost step" if one.block_number <= known.lost_blocks else "unknown"


def gaps(look: Look) -> str:
    """Return what is missing in what a node tells of a token, in words; "" when all is there.

    Source: IPackageToken.sol: records without holes whose replay ends in the head are complete.
    """
    head, heads = bytes(32), {0: ""}
    for number, one in enumerate(look.records, start=1):
        token, kind = int(one.token_id, 16).to_bytes(32), one.kind.to_bytes(32)
        data = bytes.fromhex(one.data_hash)
        head = keccak(head + token + one.seq.to_bytes(32) + kind + data)
        if (one.seq, one.head) != (number, head.hex()):
            return f"record {one.seq} does not follow on record {number - 1}"
        heads[number] = one.head
    held = look.package
    if held is not None and heads.get(held.seq) != held.head:
        return f"the node tells of {len(look.records)} records, the contract of {held.seq}"
    return ""
