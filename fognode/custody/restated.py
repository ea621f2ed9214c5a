"""What a correction makes of the way back: a rinse, a seal, an exit, a batch, a receipt.

A state goes back by a correction only, and says so: package_restated carries what it was, what
it is, and why; the private chain keeps it (ledgers/journey.py).  What the centre has accepted
cannot be withdrawn by the farm.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from fognode.custody import batches, emptying, evidence, returns
from fognode.custody.batches import Batch
from fognode.custody.booking import Known
from fognode.custody.draws import draw, refuse
from fognode.custody.packages import Package, Stage
from fognode.custody.ways import State, Way
from fognode.events import Json, Kind, Outcome, Stored


@dataclass(slots=True, kw_only=True)
class Case:
    """One correction at work."""

    root: Stored  # the declaration that is corrected, or in the end stands corrected
    says: Stored | None  # the same with the facts that hold now; None = withdrawn
    told: Stored  # the correction_declared
    known: Known
    told_of: int = 0  # package_restated so far

    def restate(self, package: Package, was: int, **more: Json) -> Outcome:
        """Tell that a package stands differently; ``more`` are further facts."""
        self.told_of += 1
        facts: dict[str, Json] = {
            "package": package.package,
            "was": int(was),
            "state": int(package.state),
            "prepared": int(package.prepared),
            "corrects": self.root.event_id,
            "reason": self.told.text("reason")[:200],
            "by": self.told.text("by"),
            "token_id": package.token_id,
            **more,
        }
        event = draw(Kind.PACKAGE_RESTATED, self.told, facts, number=self.told_of)
        return Outcome(events=[event], rows=[package.row(self.told.seq)])


def restate(state: State, case: Case) -> Outcome:
    """Bring the way back in line with what a declaration says now."""
    return RULES[case.root.kind](state, case)


def reopen(outcome: Outcome, state: State, way: Way, told: Stored) -> None:
    """Compare the receipt of a package's batch anew."""
    batch = state.batches.batches.get(way.batch)
    if batch is not None and way.exit:
        batch.packages[way.package] = way.route
        outcome.add(batches.match_again(batch, told))


# --- empty --------------------------------------------------------------------------------


def _emptied(state: State, case: Case) -> Outcome:
    root, says, known = case.root, case.says, case.known
    package = known.packages.packages.get(root.text("package"))
    way = state.of(package) if package else None
    if package is None or way is None or way.emptied_by != root.event_id:
        if says is None:
            return refuse(case.told, "nothing came of it that could be withdrawn", root.event_id)
        return emptying.declare(state, says, known, root.event_id)
    if package.state != Stage.EMPTY:
        reason = "it was prepared since, or has left: correct that first"
        return refuse(case.told, reason, Stage(package.state).name)
    was, package.state, package.said_empty = package.state, way.emptied_from, False
    undoes, way.emptied, way.emptied_by = way.emptied, "", ""
    outcome = case.restate(package, was, undoes=undoes)
    if says is not None:
        outcome.add(emptying.declare(state, says, known, root.event_id))
    return outcome


# --- prepared -----------------------------------------------------------------------------


def _prepared(state: State, case: Case) -> Outcome:
    root, says, known = case.root, case.says, case.known
    package = known.packages.packages.get(root.text("package"))
    way = state.of(package) if package else None
    holds = way is not None and way.root == root.event_id and way.route
    if package is None or way is None or not holds:
        # It was refused, or withdrawn: what it says now is new.
        if says is None:
            return refuse(case.told, "nothing came of it that could be withdrawn", root.event_id)
        return returns.prepare(state, says, known, root.event_id)
    if says is None or says.text("package") != package.package:
        outcome = _unprepare(state, case, package, way)
        if says is not None:
            outcome.add(returns.prepare(state, says, known, root.event_id))
        return outcome
    if wrong := returns.find_wrong(state, says, package, (known, root.event_id)):
        outcome = refuse(case.told, *wrong)
        outcome.add(_unprepare(state, case, package, way))
        return outcome
    returns.accept(state, says, package, root.event_id)
    outcome = case.restate(package, package.state, shown=way.shown)
    outcome.rows.append(way.row(case.told.seq))
    return outcome


def _unprepare(state: State, case: Case, package: Package, way: Way) -> Outcome:
    was = package.state
    evidence.release(state.evidence, case.root.event_id)
    way.route = way.shown = way.photo = ""
    way.prepared_at_ms, package.prepared = 0, False
    if package.state == Stage.PREPARED:
        package.state = Stage.EMPTY
    if way.left_from == Stage.PREPARED:
        way.left_from = Stage.EMPTY
    outcome = case.restate(package, was)
    outcome.rows.append(way.row(case.told.seq))
    reopen(outcome, state, way, case.told)
    return outcome


# --- left ---------------------------------------------------------------------------------


def _left(state: State, case: Case) -> Outcome:
    root, says = case.root, case.says
    package = case.known.packages.packages.get(root.text("package"))
    way = state.of(package) if package else None
    if package is None or way is None or way.left_by != root.event_id:
        if says is None:
            return refuse(case.told, "nothing came of it that could be withdrawn", root.event_id)
        return returns.leave(state, says, case.known, root.event_id)
    if package.state != Stage.RETURNED:
        stage = Stage(package.state).name
        return refuse(case.told, "the centre has the package: its exit stands", stage)
    batch = state.batches.batches[way.batch]
    outcome = _bring_back(state, case, package, way)
    outcome.add(batches.match_again(batch, case.told))
    if says is not None:
        outcome.add(returns.leave(state, says, case.known, root.event_id))
    return outcome


def _bring_back(state: State, case: Case, package: Package, way: Way) -> Outcome:
    was, undoes = package.state, way.exit
    package.state, package.left_at_ms = way.left_from, 0
    batch = state.batches.batches[way.batch]
    del batch.packages[package.package]
    if not batch.packages and not batch.receipt:
        batch.left_at_ms = 0
        del state.batches.batches[batch.batch]
    way.left_by = way.exit = way.batch = ""
    way.left_from = way.left_at_ms = 0
    outcome = case.restate(package, was, undoes=undoes)
    outcome.rows.append(way.row(case.told.seq))
    return outcome


def _left_together(state: State, case: Case) -> Outcome:
    root, says, known = case.root, case.says, case.known
    batch = state.batches.batches.get(root.text("batch"))
    if batch is None or batch.root != root.event_id:
        if says is None:
            return refuse(case.told, "nothing came of it that could be withdrawn", root.event_id)
        return returns.leave_together(state, says, known, root.event_id)
    if says is not None and says.text("batch") != batch.batch:
        reason = "a batch keeps its name: withdraw it and declare another"
        return refuse(case.told, reason, says.text("batch"))
    stay = returns.named(says) if says is not None else []
    gone = [name for name in batch.packages if name not in stay]
    come = [name for name in stay if name not in batch.packages]
    stages = {name: known.packages.packages[name].state for name in gone}
    for name, stage in stages.items():
        if stage != Stage.RETURNED:
            return refuse(case.told, "the centre has the package: its exit stands", name)
    for name in come:
        package = known.packages.packages.get(name)
        wrong = returns.cannot_leave(package) if package else ("no such package", "")
        if wrong is not None:
            return refuse(case.told, wrong[0], name)
    return _change_batch(state, case, batch, (gone, come))


def _change_batch(
    state: State, case: Case, batch: Batch, change: tuple[list[str], list[str]]
) -> Outcome:
    gone, come = change
    outcome, all_packages = Outcome(), case.known.packages.packages
    if case.says is not None:
        batch.destination = case.says.text("destination")
        batch.carrier = case.says.text("carrier")
    for number, name in enumerate(come, start=1):
        leaving = returns.Exit(root=case.root.event_id, batch=batch, number=number)
        says = case.says or case.told
        outcome.add(returns.let_go(state, says, case.known, (all_packages[name], leaving)))
    for name in gone:
        package = all_packages[name]
        outcome.add(_bring_back(state, case, package, state.of(package)))
    outcome.add(batches.match_again(batch, case.told))
    return outcome


# --- received -----------------------------------------------------------------------------


def _received(state: State, case: Case) -> Outcome:
    root, says = case.root, case.says
    outcome = Outcome()
    batch = state.batches.batches.get(root.text("batch"))
    if batch is not None and batch.receipt_root == root.event_id:
        outcome.add(batches.withdraw_receipt(state.batches, batch, case.told))
    elif says is None:
        return refuse(case.told, "nothing came of it that could be withdrawn", root.event_id)
    if says is not None:
        outcome.add(batches.receive(state.batches, says, case.known, root.event_id))
    return outcome


RULES: dict[str, Callable[[State, Case], Outcome]] = {
    Kind.EMPTY_DECLARED: _emptied,
    Kind.RINSE_DECLARED: _prepared,
    Kind.SEAL_DECLARED: _prepared,
    Kind.EXIT_DECLARED: _left,
    Kind.BATCH_DECLARED: _left_together,
    Kind.RECEIPT_DECLARED: _received,
}


def corrected(root: Stored, told: Stored, facts: dict[str, Json]) -> Stored:
    """Return a declaration as a correction words it: what it draws hangs on the correction."""
    return replace(told, kind=root.kind, facts=facts)
