"""Points of the reverse chain: for steps both ledgers hold, once per package and step.

A step counts while its evidence stands.  When a correction takes the evidence away, a negative
entry names the first; when it stands again, a new one is written.  Nothing is ever changed, so
a total is a sum, and what a clock says plays no part: the order of the record decides.

Source: APTM paper, table 3, read as point values.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from fognode.custody import packages, ways
from fognode.custody.draws import draw
from fognode.custody.packages import Package, Stage
from fognode.events import Json, Kind, Outcome, Row, RowValues, Stored

Step = Literal["received", "prepared", "returned"]
POINTS: dict[Step, int] = {"received": 1, "prepared": 2, "returned": 3}
CHAINS = ("private", "public")
# Kinds of ledger record: contracts/src/PackageToken.sol.
REGISTERED, RINSED, BAGGED, OFFERED, ACCEPTED = 1, 104, 114, 200, 201
WORDS = {
    REGISTERED: "received",
    ACCEPTED: "received",
    RINSED: "prepared",
    BAGGED: "prepared",
    OFFERED: "offered",
}
LEDGERS = frozenset({Kind.LEDGER_FINAL, Kind.LEDGER_SEEN})
ABOUT_ONE = frozenset({Kind.PACKAGE_PREPARED, Kind.PACKAGE_RESTATED})
KINDS = LEDGERS | ABOUT_ONE | {Kind.RECEIPT_MATCHED}
Found = tuple[int, str]  # number of the record on its token, transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """An entry that stands."""

    entry: str
    private_tx: str
    public_tx: str


@dataclass(slots=True)
class State:
    """Records seen on the ledgers, and the steps that are paid."""

    records: dict[tuple[str, str, str], Found] = field(default_factory=dict)
    paid: dict[tuple[str, Step], Paid] = field(default_factory=dict)  # (token_id, step)
    times: Counter[tuple[str, Step]] = field(default_factory=Counter)  # it was ever paid


@dataclass(slots=True, kw_only=True)
class Account:
    """What one stored event does to the points."""

    state: State
    told: Stored
    ways: ways.State
    outcome: Outcome = field(default_factory=Outcome)
    numbers: Counter[str] = field(default_factory=Counter)


def step(state: State, told: Stored, known: packages.State, way: ways.State) -> Outcome:
    """Take in an event of KINDS; award what it completes, reverse what it undoes."""
    account = Account(state=state, told=told, ways=way)
    for package in _about(state, told, known, way):
        for which in POINTS:
            _settle(account, package, which)
    return account.outcome


def _about(state: State, told: Stored, known: packages.State, way: ways.State) -> list[Package]:
    """Return the packages whose points an event may change."""
    if told.kind == Kind.RECEIPT_MATCHED:
        batch = way.batches.batches.get(told.text("batch"))
        names = list(batch.packages) if batch else []
    elif told.kind in ABOUT_ONE:
        names = [told.text("package")]
    else:
        word = _word(told)
        names = [known.tokens.get(told.text("token_id"), "")]
        if not word or told.text("chain") not in CHAINS:
            return []
        # The newest stands: an offer may be withdrawn and made again.
        record = (told.number("seq"), told.text("tx_hash"))
        state.records[told.text("token_id"), told.text("chain"), word] = record
    return [known.packages[name] for name in names if name in known.packages]


def _word(told: Stored) -> str:
    kind = told.number("kind")
    if told.kind == Kind.LEDGER_SEEN:
        return "taken over" if kind == ACCEPTED else ""
    return WORDS.get(kind, "")


def _settle(account: Account, package: Package, which: Step) -> None:
    """Bring the entries of one step in line with what holds now."""
    state, key = account.state, (package.token_id, which)
    stands = _stands(account, package, which)
    paid = state.paid.get(key)
    if paid is not None and not stands:
        _reverse(account, package, which, state.paid.pop(key))
    elif paid is None and stands:
        found = [_proof(state, package, chain, which) for chain in CHAINS]
        if all(found):
            award(account, package, which, found)


def _stands(account: Account, package: Package, which: Step) -> bool:
    """Say whether the farm's own evidence of a step holds, whatever the ledgers say."""
    way = account.ways.ways.get(package.package)
    if package.packaging == "not_returnable":
        return False  # it never was in the reverse chain
    if which == "received":
        return package.state != Stage.NONE
    if way is None:
        return False
    if which == "prepared":
        # Triple rinsing is shown by the weight of what is left, too; a bag holds what it holds.
        return bool(way.route and way.shown) and not (way.route == "rinsed" and package.said_empty)
    return bool(way.exit) and package.state >= Stage.RETURNED and _is_counted(account, way)


def _is_counted(account: Account, way: ways.Way) -> bool:
    """Say whether a batch's receipt has room for this package: never more than were received."""
    batch = account.ways.batches.batches.get(way.batch)
    if batch is None or not batch.receipt:
        return True  # the ledger's word alone; a receipt may still come
    tokens = account.state.paid
    counted = [one for one in batch.packages if _paid_return(account, one) in tokens]
    if way.package in counted:
        return counted.index(way.package) < batch.received
    return len(counted) < batch.received


def _paid_return(account: Account, package: str) -> tuple[str, Step]:
    return account.ways.ways[package].token_id, "returned"


def award(account: Account, package: Package, which: Step, found: list[str]) -> None:
    """Write the entry of a step; ``found`` are its transactions on both chains."""
    state, key = account.state, (package.token_id, which)
    state.times[key] += 1
    again = f"/{state.times[key]}" if state.times[key] > 1 else ""
    paid = Paid(entry=f"{package.package}/{which}{again}", private_tx=found[0], public_tx=found[1])
    state.paid[key] = paid
    facts: dict[str, Json] = {
        "package": package.package,
        "step": which,
        "points": POINTS[which],
        "private_tx": found[0],
        "public_tx": found[1],
        "token_id": package.token_id,
    }
    facts |= {"entry": paid.entry} if again else {}
    _write(account, Kind.POINTS_EARNED, facts, paid)


def _reverse(account: Account, package: Package, which: Step, paid: Paid) -> None:
    entry = f"{paid.entry}/reversed"
    facts: dict[str, Json] = {
        "package": package.package,
        "step": which,
        "points": -POINTS[which],
        "entry": entry,
        "reverses": paid.entry,
        "cause": account.told.event_id,
        "private_tx": paid.private_tx,
        "public_tx": paid.public_tx,
        "token_id": package.token_id,
    }
    reversed_ = Paid(entry=entry, private_tx=paid.private_tx, public_tx=paid.public_tx)
    _write(account, Kind.POINTS_REVERSED, facts, reversed_)


def _write(account: Account, kind: Kind, facts: dict[str, Json], paid: Paid) -> None:
    told = account.told
    account.numbers[kind] += 1
    account.outcome.events.append(draw(kind, told, facts, number=account.numbers[kind]))
    values: RowValues = {
        "entry": paid.entry,
        "package": str(facts["package"]),
        "step": str(facts["step"]),
        "points": int(str(facts["points"])),
        "private_tx": paid.private_tx,
        "public_tx": paid.public_tx,
        "earned_at_ms": told.happened_at_ms,
        "as_of_seq": told.seq,
    }
    account.outcome.rows.append(Row(table="points", values=values))


def _proof(state: State, package: Package, chain: str, which: Step) -> str:
    """Return the transaction that proves a step on a chain, "" when there is none yet."""
    if which != "returned":
        return state.records.get((package.token_id, chain, which), (0, ""))[1]
    offered = state.records.get((package.token_id, chain, "offered"), (0, ""))
    taken = state.records.get((package.token_id, chain, "taken over"), (0, ""))
    # Only what was taken over after our own offer is a return; events may come in any order.
    return taken[1] if offered[1] and taken[0] > offered[0] else ""
