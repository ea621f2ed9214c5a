"""Points of the reverse chain: for steps both ledgers hold, once per package and step.

Source: APTM paper, table 3, read as point values.
"""

from dataclasses import dataclass, field
from typing import Literal

from fognode.custody import packages
from fognode.custody.draws import draw
from fognode.custody.packages import Package, Stage
from fognode.events import Json, Kind, Outcome, Row, Stored

Step = Literal["received", "prepared", "returned"]
POINTS: dict[Step, int] = {"received": 1, "prepared": 2, "returned": 3}
CHAINS = ("private", "public")
# Kinds of ledger record: contracts/src/PackageToken.sol.
REGISTERED, RINSED, BAGGED, OFFERED, ACCEPTED = 1, 104, 114, 200, 201
Found = tuple[int, str]  # number of the record on its token, transaction


@dataclass(slots=True)
class State:
    """Records seen on the ledgers, and the steps that were paid."""

    records: dict[tuple[str, str, str], Found] = field(default_factory=dict)
    paid: set[tuple[str, Step]] = field(default_factory=set)  # (token_id, step)


def step(state: State, told: Stored, known: packages.State) -> Outcome:
    """Take in a ledger record, and award what it completes."""
    word = _word(told)
    package = known.packages.get(known.tokens.get(told.text("token_id"), ""))
    if not word or package is None or told.text("chain") not in CHAINS:
        return Outcome()
    # The newest stands: an offer may be withdrawn and made again.
    record = (told.number("seq"), told.text("tx_hash"))
    state.records[package.token_id, told.text("chain"), word] = record
    outcome = Outcome()
    for which in POINTS:
        outcome.add(award(state, told, package, which))
    return outcome


def _word(told: Stored) -> str:
    kind = told.number("kind")
    if told.kind == Kind.LEDGER_SEEN:
        return "taken over" if kind == ACCEPTED else ""
    if told.kind != Kind.LEDGER_FINAL:
        return ""
    words = {REGISTERED: "received", ACCEPTED: "received", RINSED: "prepared", BAGGED: "prepared"}
    return words.get(kind, "offered" if kind == OFFERED else "")


def award(state: State, told: Stored, package: Package, which: Step) -> Outcome:
    """Award the points of one step, if both ledgers hold it and it was not paid before."""
    found = [_proof(state, package, chain, which) for chain in CHAINS]
    if (package.token_id, which) in state.paid or not all(found):
        return Outcome()
    state.paid.add((package.token_id, which))
    facts: dict[str, Json] = {
        "package": package.package,
        "step": which,
        "points": POINTS[which],
        "private_tx": found[0],
        "public_tx": found[1],
        "token_id": package.token_id,
    }
    event = draw(Kind.POINTS_EARNED, told, facts, number=[*POINTS].index(which) + 1)
    row = Row(
        table="points",
        values={
            "entry": f"{package.package}/{which}",
            "package": package.package,
            "step": which,
            "points": POINTS[which],
            "private_tx": found[0],
            "public_tx": found[1],
            "earned_at_ms": told.happened_at_ms,
            "as_of_seq": told.seq,
        },
    )
    return Outcome(events=[event], rows=[row])


def _proof(state: State, package: Package, chain: str, which: Step) -> str:
    """Return the transaction that proves a step on a chain, "" when there is none yet."""
    if which == "received":
        return state.records.get((package.token_id, chain, "received"), (0, ""))[1]
    if which == "prepared":
        found = state.records.get((package.token_id, chain, "prepared"), (0, ""))
        return found[1] if package.prepared else ""
    offered = state.records.get((package.token_id, chain, "offered"), (0, ""))
    taken = state.records.get((package.token_id, chain, "taken over"), (0, ""))
    # Only what was taken over after our own offer is a return; events may come in any order.
    came_after = offered[1] and taken[0] > offered[0]
    return taken[1] if came_after and package.state >= Stage.RETURNED else ""
