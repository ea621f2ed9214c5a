"""The way back: empty, rinsed and pierced (or bagged), left the farm, received."""

from fognode.custody import packages, people
from fognode.custody.balances import TOLERANCE_G
from fognode.custody.draws import draw, refuse
from fognode.custody.handling import Judged
from fognode.custody.packages import Package, Stage
from fognode.events import Event, Json, Kind, Outcome, Stored

RINSES = 3  # Source: ABNT NBR 13968, triple rinsing; rigid packages only
SEEN_ACCEPTED = 201  # ledger kind: the party the package was offered to took it


def empty(package: Package, judged: Judged, number: int) -> Event | None:
    """Return package_emptied once an opened package weighs what it weighs without content.

    A sealed one that weighs so little does so for another reason.
    """
    near = abs(package.gross_g - package.tare_g) <= TOLERANCE_G
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


def step(known: packages.State, told: Stored, named: people.State) -> Outcome:
    """Take in a declared rinse, a declared exit, or the collection centre's receipt."""
    if told.kind == Kind.LEDGER_SEEN:
        return _receive(known, told)
    if told.kind not in {Kind.RINSE_DECLARED, Kind.EXIT_DECLARED}:
        return Outcome()
    package = known.packages.get(told.text("package"))
    if package is None:
        return refuse(told, "no such package", told.text("package"))
    if told.text("by") not in named.aliases:
        return refuse(told, "by names no known person", told.text("by"))
    if told.kind == Kind.RINSE_DECLARED:
        return _prepare(package, told)
    return _leave(package, told)


def _prepare(package: Package, told: Stored) -> Outcome:
    if package.state != Stage.EMPTY:
        reason = "only a package that weighed empty can be prepared"
        return refuse(told, reason, Stage(package.state).name)
    rinses, punctured = told.number("rinses"), told.number("punctured")
    if package.packaging == "rigid" and (rinses < RINSES or punctured != 1):
        reason = f"a rigid package is rinsed {RINSES} times and pierced"
        return refuse(told, reason, f"rinses {rinses}, punctured {punctured}")
    package.state, package.prepared = Stage.PREPARED, True
    facts: dict[str, Json] = {
        "package": package.package,
        "rinses": rinses,
        "punctured": punctured,
        "packaging": package.packaging,
        "by": told.text("by"),
        "token_id": package.token_id,
    }
    event = draw(Kind.PACKAGE_PREPARED, told, facts)
    return Outcome(events=[event], rows=[package.row(told.seq)])


def _leave(package: Package, told: Stored) -> Outcome:
    """Tell that an empty package left the farm.

    Source: APTM paper, section 4.2, function emptyPackageExit.
    """
    if package.state not in {Stage.EMPTY, Stage.PREPARED}:
        return refuse(told, "only an empty package leaves", Stage(package.state).name)
    package.state = Stage.RETURNED
    package.holder, package.out_since_at_ms = "", 0  # custody passes on; the farm has it no more
    facts: dict[str, Json] = {
        "package": package.package,
        "destination": told.text("destination"),
        "prepared": int(package.prepared),
        "by": told.text("by"),
        "token_id": package.token_id,
    }
    event = draw(Kind.EMPTY_PACKAGE_EXIT, told, facts)
    return Outcome(events=[event], rows=[package.row(told.seq)])


def _receive(known: packages.State, told: Stored) -> Outcome:
    package = known.packages.get(known.tokens.get(told.text("token_id"), ""))
    if package is None or told.number("kind") != SEEN_ACCEPTED:
        return Outcome()
    if package.state != Stage.RETURNED:
        return Outcome()
    package.state = Stage.RECEIVED
    known.tags.pop(package.tag, None)  # an empty keeps its tag until the centre's receipt
    return Outcome(rows=[package.row(told.seq)])
