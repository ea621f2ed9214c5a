"""The way back: empty, rinsed and pierced (or bagged), left the farm, received.

    rigid            emptied -> rinse_declared -> prepared, route rinsed
    flexible         emptied -> seal_declared  -> prepared, route bagged
                     what no scale saw empty: custody/emptying.py
    not_returnable   disposal_declared; no way back, no points

A step that neither a photo nor a second person shows is accepted all the same; it only earns
no points (points.py).  Source: Decree 4.074/2002, art. 53; ABNT NBR 13968.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fognode.custody import batches, emptying, evidence
from fognode.custody.batches import Batch
from fognode.custody.booking import Known
from fognode.custody.draws import draw, name_of, refuse
from fognode.custody.evidence import Wrong
from fognode.custody.judged import Judged
from fognode.custody.packages import Package, Stage
from fognode.custody.ways import State
from fognode.events import Event, Json, Kind, Outcome, Stored

RINSES = 3  # Source: ABNT NBR 13968, triple rinsing; rigid packages only
SEEN_ACCEPTED = 201  # ledger kind: the party the package was offered to took it
ROUTES = {  # declaration: packaging, route
    Kind.RINSE_DECLARED: ("rigid", "rinsed"),
    Kind.SEAL_DECLARED: ("flexible", "bagged"),
}
INSTEAD = {
    "rigid": "a rigid package is rinsed and pierced: declare rinse_declared",
    "flexible": "a flexible package is not rinsed but sealed in a bag: declare seal_declared",
    "not_returnable": "this packaging does not go back: declare disposal_declared",
}


def empty(package: Package, judged: Judged, number: int) -> Event | None:
    """Return package_emptied once an opened package weighs what it weighs without content.

    A sealed one that weighs so little does so for another reason.
    """
    off_g = abs(package.gross_g - package.tare_g)
    near = package.tare_g > 0 and off_g <= package.empty_g - package.tare_g
    if package.state != Stage.IN_USE or not near:
        return None
    package.state = Stage.EMPTY
    facts: dict[str, Json] = {
        "package": package.package,
        "gross_g": package.gross_g,
        "tare_g": package.tare_g,
        "person": judged.who,
        "token_id": package.token_id,
    }
    opening = judged.opening
    kind, at_ms = Kind.PACKAGE_EMPTIED, opening.closed_at_ms
    return draw(kind, opening.cause, facts, number=number, at_ms=at_ms)


def step(state: State, told: Stored, known: Known) -> Outcome:
    """Take in an event of KINDS: what people declare, and what the centre wrote on a ledger."""
    if told.kind in REQUESTS and told.text("by") not in known.people.names:
        return refuse(told, "by names no known person", told.text("by"))
    return RULES[told.kind](state, told, known)


# --- prepared -----------------------------------------------------------------------------


def prepare(state: State, told: Stored, known: Known, root: str = "") -> Outcome:
    """Take in a rinse or a seal, and tell that the package is prepared.

    Args:
        state: The ways back.
        told: The declaration; or what a correction makes of it.
        known: Packages and people.
        root: The event_id of the declaration that was corrected, if one was.
    """
    root = root or told.event_id
    package = known.packages.packages.get(told.text("package"))
    if package is None:
        return refuse(told, "no such package", told.text("package"))
    way = state.of(package)
    # What was withdrawn may stand again, also when the package has left meanwhile.
    again = way.root == root and not way.route and package.state >= Stage.EMPTY
    if package.state != Stage.EMPTY and not again:
        reason = "only a package that weighed empty or was declared so can be prepared"
        return refuse(told, reason, Stage(package.state).name)
    if wrong := find_wrong(state, told, package, (known, root)):
        return refuse(told, *wrong)
    accept(state, told, package, root)
    package.state = max(package.state, Stage.PREPARED)
    facts: dict[str, Json] = {
        "package": package.package,
        "route": way.route,
        "packaging": package.packaging,
        "by": told.text("by"),
        "token_id": package.token_id,
    }
    asked = ("rinses", "punctured", "bag", "segregated", "photo", "witness")
    facts |= {name: told.facts[name] for name in asked if name in told.facts}
    facts |= {"shown": way.shown} if way.shown else {}
    event = draw(Kind.PACKAGE_PREPARED, told, facts)
    return Outcome(events=[event], rows=[package.row(told.seq), way.row(told.seq)])


def find_wrong(
    state: State, told: Stored, package: Package, about: tuple[Known, str]
) -> Wrong | None:
    """Return why a rinse or a seal does not prepare a package, whatever its stage."""
    known, root = about
    packaging = ROUTES[Kind(told.kind)][0]
    if package.packaging != packaging:
        return INSTEAD.get(package.packaging, INSTEAD["rigid"]), package.packaging
    if not package.said_empty and package.gross_g > package.empty_g:
        reason = f"the package is not empty: its container weighs {package.tare_g} g"
        return reason, f"{package.gross_g} g"
    rinses, punctured = told.number("rinses"), told.number("punctured")
    if packaging == "rigid" and (rinses < RINSES or punctured != 1):
        reason = f"a rigid package is rinsed {RINSES} times and pierced"
        return reason, f"rinses {rinses}, punctured {punctured}"
    if packaging == "flexible" and (not told.text("bag") or told.number("segregated") != 1):
        reason = "a flexible package is sealed in a bag and kept apart"
        return reason, f"bag {told.text('bag')}, segregated {told.number('segregated')}"
    return evidence.wrong(state.evidence, told, root, known.people.names)


def accept(state: State, told: Stored, package: Package, root: str) -> None:
    """Note how a package was prepared, and what shows it."""
    way = state.of(package)
    package.prepared = True
    evidence.release(state.evidence, root)
    way.root, way.route = root, ROUTES[Kind(told.kind)][1]
    way.shown = evidence.spend(state.evidence, told, root)
    way.photo, way.prepared_at_ms = told.text("photo"), told.happened_at_ms


# --- left ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How a package leaves: by which declaration, and as which of its packages."""

    root: str
    batch: Batch
    number: int = 1


def leave(state: State, told: Stored, known: Known, root: str = "") -> Outcome:
    """Take in the exit of one package; without a batch it is one of its own.

    Source: APTM paper, section 4.2, function emptyPackageExit.
    """
    package = known.packages.packages.get(told.text("package"))
    if package is None:
        return refuse(told, "no such package", told.text("package"))
    if wrong := cannot_leave(package):
        return refuse(told, *wrong)
    name = told.text("batch") or package.package
    batch = state.batches.batches.get(name) or Batch(
        batch=name, destination=told.text("destination")
    )
    if batch.receipt:
        return refuse(told, "the centre has received this batch already; name another", name)
    if batch.destination != told.text("destination"):
        return refuse(told, f"batch {name} goes to {batch.destination}", told.text("destination"))
    return let_go(state, told, known, (package, Exit(root=root or told.event_id, batch=batch)))


LEAVING = frozenset({Stage.EMPTY, Stage.PREPARED})


def cannot_leave(package: Package) -> Wrong | None:
    """Return why the centre is not offered a package; None when it may be."""
    if package.packaging == "not_returnable":
        return INSTEAD[package.packaging], package.packaging
    is_leaving = package.state in LEAVING
    return None if is_leaving else ("only an empty package leaves", Stage(package.state).name)


def leave_together(state: State, told: Stored, known: Known, root: str = "") -> Outcome:
    """Take in a batch: all its packages leave, or none does."""
    names, name = named(told), told.text("batch")
    there = state.batches.batches.get(name)
    if there is not None and (there.packages or there.receipt):
        return refuse(told, "there is such a batch already; name it anew", name)
    if not names or len(set(names)) < len(names):
        return refuse(told, "a batch names each of its packages once", ", ".join(names))
    for one in names:
        package = known.packages.packages.get(one)
        if package is None:
            return refuse(told, "no such package", one)
        if wrong := cannot_leave(package):
            return refuse(told, wrong[0], f"{one} {wrong[1]}")
    destination, carrier = told.text("destination"), told.text("carrier")
    batch = Batch(batch=name, destination=destination, carrier=carrier, root=root or told.event_id)
    outcome = Outcome()
    for number, one in enumerate(names, start=1):
        way = Exit(root=batch.root, batch=batch, number=number)
        outcome.add(let_go(state, told, known, (known.packages.packages[one], way)))
    return outcome


def named(told: Stored) -> list[str]:
    """Return the packages a batch_declared names."""
    packages = told.facts.get("packages")
    return [str(name) for name in packages] if isinstance(packages, list) else []


def let_go(state: State, told: Stored, known: Known, leaving: tuple[Package, Exit]) -> Outcome:
    """Tell that an empty package left the farm."""
    package, left = leaving
    way, batch = state.of(package), left.batch
    facts: dict[str, Json] = {
        "package": package.package,
        "destination": batch.destination,
        "prepared": int(package.prepared),
        "by": told.text("by"),
        "token_id": package.token_id,
    }
    facts |= {"batch": batch.batch} if batch.batch != package.package else {}
    event = draw(Kind.EMPTY_PACKAGE_EXIT, told, facts, number=left.number)
    way.left_from, package.state = package.state, Stage.RETURNED
    package.holder, package.out_since_at_ms = "", 0  # custody passes on; the farm has it no more
    package.left_at_ms = told.happened_at_ms
    way.left_by, way.exit, way.batch = left.root, name_of(event), batch.batch
    way.left_at_ms = told.happened_at_ms
    batch.packages[package.package] = way.route
    batches.join(state.batches, known, told, batch)
    rows = [package.row(told.seq), way.row(told.seq), batch.row(told.seq)]
    return Outcome(events=[event], rows=rows)


# --- received -----------------------------------------------------------------------------


def _receive(state: State, told: Stored, known: Known) -> Outcome:
    package = known.packages.packages.get(known.packages.tokens.get(told.text("token_id"), ""))
    if package is None or told.number("kind") != SEEN_ACCEPTED:
        return Outcome()
    if package.state != Stage.RETURNED or not state.of(package).exit:
        return Outcome()
    package.state = Stage.RECEIVED
    # An empty keeps its tag until the centre's receipt.
    if known.packages.tags.get(package.tag) == package.package:
        del known.packages.tags[package.tag]
    return Outcome(rows=[package.row(told.seq)])


def _take_receipt(state: State, told: Stored, known: Known) -> Outcome:
    photo = told.text("photo")
    if photo and photo not in state.evidence.photos:
        return refuse(told, "no such photo was kept before", photo)
    return batches.receive(state.batches, told, known, told.event_id)


def _keep_photo(state: State, told: Stored, _known: Known) -> Outcome:
    evidence.keep(state.evidence, told)
    return Outcome()


def _begin_hour(state: State, told: Stored, known: Known) -> Outcome:
    return batches.begin_hour(state.batches, told, known)


RULES: dict[str, Callable[[State, Stored, Known], Outcome]] = {
    Kind.EMPTY_DECLARED: emptying.declare,
    Kind.RINSE_DECLARED: prepare,
    Kind.SEAL_DECLARED: prepare,
    Kind.EXIT_DECLARED: leave,
    Kind.BATCH_DECLARED: leave_together,
    Kind.RECEIPT_DECLARED: _take_receipt,
    Kind.PHOTO_KEPT: _keep_photo,
    Kind.LEDGER_SEEN: _receive,
    Kind.HOUR_BEGAN: _begin_hour,
}
KINDS = frozenset(RULES)
REQUESTS = frozenset(
    {
        Kind.EMPTY_DECLARED,
        Kind.RINSE_DECLARED,
        Kind.SEAL_DECLARED,
        Kind.EXIT_DECLARED,
        Kind.BATCH_DECLARED,
        Kind.RECEIPT_DECLARED,
    }
)
