"""Checkpoints of the record on both chains: when one is owed, and what the chains hold.

    wanted       the record grew since the last anchor       event anchor_owed
    step         folds that event                            a row of chain_outbox per chain
    outbox.py    sends the row, like a step of a package     event checkpoint_anchored
    objections   compares what a chain holds with the record

Both chains get the same log, size and root.  ``number`` in a row is a plan, as ``seq`` is in a
package's: the lane takes the chain's own next one.  What is under the last anchor cannot be
changed, cut or moved without contradicting the chain; what came after it still can.
"""

from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fognode.events import Event, Json, Kind, Outcome, Row, RowValues, Stored
from fognode.hashing import canonical_bytes, keccak, log_id
from fognode.ledgers.calls import Anchored
from fognode.ledgers.journey import Parties, Plan
from fognode.ledgers.rows import Due, ledger_event
from fognode.store.checkpoint import Checkpoint
from fognode.store.reader import Reader

METHOD = "anchor"
# No reason for another anchor.
OWN = frozenset({Kind.ANCHOR_ASKED, Kind.ANCHOR_OWED, Kind.CHECKPOINT_ANCHORED})
LOOKED_AT = 100  # events after the last anchor that are searched for a reason
TEXTS_BY_LANE = ("package", "sender", "block_hash", "tx_hash", "error_code", "error_text")
NUMBERS_BY_LANE = (
    "kind",
    "gas_limit",
    "tries",
    "next_try_at_ms",
    "block_number",
    "last_push_at_ms",
)


@dataclass(slots=True)
class Log:
    """How far a log is on its way to one chain."""

    number: int = 0  # of the newest row, as planned or as the chain had it
    size: int = 0
    previous: str = ""  # id of the newest row


@dataclass(slots=True)
class State:
    """All logs by chain and name; built again from event 1 at each start."""

    logs: dict[tuple[str, str], Log] = field(default_factory=dict)


def newest_checkpoint(reader: Reader) -> Checkpoint | None:
    """Return the last checkpoint that was signed; None before the first.

    Raises:
        StoreError: The database is away.
    """
    rows = reader.rows("checkpoint", order="-size", limit=1)
    if not rows:
        return None
    log, size, root = str(rows[0]["note"]).split("\n", 3)[:3]
    return Checkpoint(log=log, size=int(size), root=b64decode(root))


def wanted(reader: Reader, now_ms: int) -> Event | None:
    """Return the event that asks for an anchor of the newest checkpoint; None when none is owed.

    Called as often as anchors are wanted.  Commit it alone: ``step`` adds the rows.  The same
    checkpoint is the same event, so asking twice is harmless.  While the last verification
    failed nothing is anchored: a wrong record is not to be confirmed.

    Raises:
        StoreError: The database is away.
    """
    checkpoint = newest_checkpoint(reader)
    if checkpoint is None:
        return None
    verdicts = reader.newest(1, [Kind.VERIFY_PASSED, Kind.VERIFY_FAILED])
    if verdicts and verdicts[0].kind == Kind.VERIFY_FAILED:
        return None
    asked = reader.newest(1, [Kind.ANCHOR_OWED])
    size = asked[0].number("size") if asked else 0
    newer = [one for one in reader.events(size, LOOKED_AT) if one.seq <= checkpoint.size]
    if all(one.kind in OWN for one in newer) and len(newer) < LOOKED_AT:
        return None
    root = checkpoint.root.hex()
    facts: dict[str, Json] = {"log": checkpoint.log, "size": checkpoint.size, "root": root}
    return Event(
        kind=Kind.ANCHOR_OWED,
        origin=f"n/anchor/{checkpoint.size}-{root}",
        happened_at_ms=now_ms,
        facts=facts,
    )


def step(state: State, told: Stored, plan: Plan) -> Outcome:
    """Fold one stored event; return the rows that an anchor_owed calls for."""
    outcome = Outcome()
    if told.kind == Kind.ANCHOR_OWED:
        for chain, parties in plan.chains.items():
            log = state.logs.setdefault((chain, told.text("log")), Log())
            if told.number("size") > log.size:  # no chain takes a smaller one
                outcome.rows.append(_row(log, told, (chain, parties)))
    elif told.kind == Kind.CHECKPOINT_ANCHORED:
        log = state.logs.setdefault((told.text("chain"), told.text("log")), Log())
        log.number = max(log.number, told.number("number"))
    return outcome


def _row(log: Log, told: Stored, on: tuple[str, Parties]) -> Row:
    chain, parties = on
    root, name, size = told.text("root"), told.text("log"), told.number("size")
    number = log.number + 1
    args: dict[str, Json] = {"farm": parties.farm, "log": name, "size": size, "root": root}
    values: RowValues = {
        "id": f"{chain}/{told.event_id}",
        "chain": chain,
        "event_id": told.event_id,
        "token_id": log_id(parties.farm, name).hex(),
        "seq": number,
        "method": METHOD,
        "args_json": canonical_bytes(args | {"number": number}).decode(),
        "data_hash": root,
        "depends_on": log.previous,
        "state": "QUEUED",
        "nonce": -1,
        "created_at_ms": told.recorded_at_ms,
        "updated_at_ms": told.recorded_at_ms,
        "as_of_seq": told.seq,
    }
    values |= dict.fromkeys(TEXTS_BY_LANE, "") | dict.fromkeys(NUMBERS_BY_LANE, 0)
    log.number, log.size, log.previous = number, size, str(values["id"])
    return Row(table="chain_outbox", values=values)


def fits(due: Due, found: Anchored) -> bool:
    """Return whether what a chain holds is what this row owes, under whatever number."""
    owed = (due.token_id, due.call().args.get("size"), due.data_hash)
    return owed == (found.log_id, found.size, found.root)


def final_event(due: Due, now_ms: int) -> Event:
    """Return the event that tells where a checkpoint stands for good."""
    args = due.call().args
    facts: dict[str, Json] = {
        "chain": due.chain,
        "log": args["log"],
        "number": due.seq,
        "size": args["size"],
        "root": due.data_hash,
        "tx_hash": due.tx_hash,
        "block_number": due.block_number,
        "block_hash": due.block_hash,
        "cause": due.event_id,
    }
    return ledger_event(Kind.CHECKPOINT_ANCHORED, f"{due.tx_hash}/final", facts, now_ms)


def objections(
    found: Sequence[Anchored],
    last: tuple[int, int, str],
    root_at: Callable[[int], bytes | None],
) -> list[str]:
    """Return what is wrong with the checkpoints of a log on a chain, in words.

    Args:
        found: All that the node tells, oldest first.
        last: Number, size and head of the last one, as the contract holds them.
        root_at: Root of our record at a size; None when it never had so many events.
    """
    wrong, head, number = [], bytes(32), 0
    for one in found:
        number += 1
        # Source: IPackageToken.sol, "anchor": the chain of a log.
        told = one.number.to_bytes(32) + bytes.fromhex(one.root) + one.size.to_bytes(32)
        head = keccak(head + told)
        if (one.number, one.head) != (number, head.hex()):
            wrong.append(f"anchor {one.number} does not follow on anchor {number - 1}")
            head, number = bytes.fromhex(one.head), one.number
        wrong += _differs(one, root_at(one.size))
    told_last = (number, found[-1].size if found else 0, head.hex())
    if told_last != last:
        wrong.append(f"the node tells of {number} anchors, the contract of {last[0]}")
    return wrong


def _differs(one: Anchored, root: bytes | None) -> list[str]:
    if root is None:
        return [f"anchor {one.number} holds {one.size} events: the record lost its end"]
    if root.hex() != one.root:
        return [f"anchor {one.number} fixed {one.size} events that were changed since"]
    return []
