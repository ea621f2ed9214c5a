"""The custody session of one package: from the opening it left in to the one it came back in.

Known by the event_id of the handleProduct that took it out (or that took it and brought it back
in one opening).  A package that comes back into another cabinet was transferred, not lost; one
that leaves the farm is gone for good.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo

from fognode.custody import amounts, packages, people
from fognode.custody.draws import discrepancy, draw
from fognode.custody.packages import Stage
from fognode.custody.sentences import Visit, sentence
from fognode.events import Json, Kind, Outcome, Row, RowValues, Stored

DUE_HOUR = 18  # the end of the working day, by the farm's clock
NO_USE = -1  # used_g that is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Outing:
    """One package out of its cabinet; replaced, never changed."""

    session: str
    package: str
    person: str
    authorised_by: str
    out_cabinet: str
    out_opening: str
    out_at_ms: int
    weight_g: int  # what it left with; -1 = not weighed
    due_at_ms: int
    sure_permille: int
    present: str = ""  # who was there when it was taken, and could not authorise it
    bringer: str = ""
    in_cabinet: str = ""
    in_opening: str = ""
    in_at_ms: int = 0
    used_g: int = NO_USE
    u_g: int = 0
    declared_g: int = 0
    state: str = "out"  # out, back, gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What somebody said that a package lost while it was out."""

    at_ms: int
    grams: int
    is_use: bool  # else it was spilt


@dataclass(slots=True)
class State:
    """Packages that are out, what was declared of them meanwhile, and what is overdue."""

    due_hour: int = DUE_HOUR
    out: dict[str, Outing] = field(default_factory=dict)  # package -> its outing
    parted: dict[str, Outing] = field(default_factory=dict)  # package -> that it left from
    declared: dict[str, list[Declared]] = field(default_factory=dict)  # by package
    weighed_at_ms: dict[str, int] = field(default_factory=dict)  # package -> last seen weighed
    overdue: dict[str, Stored] = field(default_factory=dict)  # session -> the hour that told it


def due_at(out_at_ms: int, hour: int, zone: tzinfo) -> int:
    """Return the end of the working day a package was taken on, or of the next one."""
    local = datetime.fromtimestamp(out_at_ms / 1000, UTC).astimezone(zone)
    due = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    if due <= local:
        due = (due.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
    return int(due.timestamp() * 1000)


def declared_g(state: State, outing: Outing) -> int:
    """Return the grams declared as used or lost while a package was out."""
    return sum(one.grams for one in _declared(state, outing))


def is_use_told(state: State, outing: Outing) -> bool:
    """Tell whether a use was declared while a package was out, and not a spill alone."""
    return any(one.is_use for one in _declared(state, outing))


def _declared(state: State, outing: Outing) -> list[Declared]:
    told, until_ms = state.declared.get(outing.package, ()), outing.in_at_ms or 2**53
    return [one for one in told if outing.out_at_ms <= one.at_ms <= until_ms]


def sure_of(outing: Outing, permille: int) -> Outing:
    """Return an outing as sure as the less sure of its two openings."""
    known = outing.sure_permille or permille
    return replace(outing, sure_permille=min(known, permille))


def row(outing: Outing, zone: tzinfo, named: people.State, as_of_seq: int) -> Row:
    """Return the row of table ``custody``."""
    values: RowValues = {
        "session": outing.session,
        "package": outing.package,
        "person": outing.person,
        "authorised_by": outing.authorised_by,
        "out_cabinet": outing.out_cabinet,
        "out_opening": outing.out_opening,
        "out_at_ms": outing.out_at_ms,
        "in_cabinet": outing.in_cabinet,
        "in_opening": outing.in_opening,
        "in_at_ms": outing.in_at_ms,
        "used_g": outing.used_g,
        "u_g": outing.u_g,
        "declared_g": outing.declared_g,
        "state": outing.state,
        "sentence": sentence([visit(outing, named)], "", zone, outing.sure_permille),
        "sure_permille": outing.sure_permille,
        "as_of_seq": as_of_seq,
    }
    return Row(table="custody", values=values)


def visit(outing: Outing, named: people.State) -> Visit:
    """Return what the sentence tells of an outing."""
    return Visit(
        package=outing.package,
        action="out" if outing.state == "out" else "back",
        taker=named.alias(outing.person),
        bringer=named.alias(outing.bringer),
        taken_at_ms=outing.out_at_ms,
        brought_at_ms=outing.in_at_ms,
        weight_g=outing.weight_g,
        used_g=outing.used_g,
        authoriser=named.alias(outing.authorised_by) if outing.authorised_by else "",
        present=named.alias(outing.present) if outing.present else "",
        cabinet=outing.in_cabinet if outing.in_cabinet != outing.out_cabinet else "",
        gone=outing.state == "gone",
    )


KINDS = frozenset(
    {
        Kind.EMPTY_PACKAGE_EXIT,
        Kind.HOUR_BEGAN,
        Kind.PACKAGE_RESTATED,
        Kind.SPILL_DECLARED,
        Kind.STOCK_MOVED,
        Kind.USE_DECLARED,
    }
)
PARTINGS = frozenset({"defective", "dispose"})  # movements of what leaves with its content


def step(
    state: State, told: Stored, known: packages.State, named: people.State, zone: tzinfo
) -> Outcome:
    """Take in what is declared of a package that is out, its leaving the farm, or an hour."""
    if told.kind == Kind.HOUR_BEGAN:
        return _remind(state, told, named, zone)
    package = told.text("package")
    if told.kind in {Kind.USE_DECLARED, Kind.SPILL_DECLARED}:
        grams = _grams(told, known) if package in state.out else 0
        if grams > 0:
            is_use = told.kind == Kind.USE_DECLARED
            one = Declared(at_ms=told.happened_at_ms, grams=grams, is_use=is_use)
            state.declared.setdefault(package, []).append(one)
    parts = told.kind == Kind.STOCK_MOVED and told.text("movement") in PARTINGS
    if (parts and told.number("delta_g") > 0) or _is_no_exit(told):
        return _take_back(state, told, known, named, zone)
    if (parts or told.kind == Kind.EMPTY_PACKAGE_EXIT) and package in state.out:
        outing = state.parted[package] = state.out.pop(package)
        gone = replace(outing, state="gone", in_at_ms=told.happened_at_ms)
        return Outcome(rows=[row(gone, zone, named, told.seq)])
    return Outcome()


def _is_no_exit(told: Stored) -> bool:
    """Tell whether a correction says that an empty did not leave."""
    if told.kind != Kind.PACKAGE_RESTATED:
        return False
    return told.number("was") == Stage.RETURNED > told.number("state")


def _take_back(
    state: State, told: Stored, known: packages.State, named: people.State, zone: tzinfo
) -> Outcome:
    """Let a package be out as before: that it left, in whatever way, was corrected."""
    outing = state.parted.pop(told.text("package"), None)
    package = known.packages.get(told.text("package"))
    if outing is None or package is None:
        return Outcome()
    state.out[package.package] = outing
    package.holder, package.out_since_at_ms = outing.person, outing.out_at_ms
    return Outcome(rows=[row(outing, zone, named, told.seq), package.row(told.seq)])


def _grams(told: Stored, known: packages.State) -> int:
    if "used_ml" not in told.facts:
        return told.number("used_g") or told.number("lost_g")
    package = known.packages.get(told.text("package"))
    product = known.products.products.get(package.gtin) if package else None
    density = product.density_g_per_l if product else 0
    return amounts.grams(told.number("used_ml"), density) or 0


def _remind(state: State, told: Stored, named: people.State, zone: tzinfo) -> Outcome:
    """Tell of each package once that was not brought back by the end of the working day."""
    outcome = Outcome()
    for package in sorted(state.out):
        outing = state.out[package]
        if told.happened_at_ms < outing.due_at_ms or outing.session in state.overdue:
            continue
        state.overdue[outing.session] = told
        text = sentence([visit(outing, named)], "", zone)
        facts: dict[str, Json] = {
            "opening": outing.out_opening,
            "rule": "overdue",
            "place": outing.out_cabinet,
            "person": outing.person,
            "package": package,
            "session": outing.session,
            "text": f"{text}: not back by the end of the working day"[:300],
        }
        # A number of its own: other parts draw from the same hour.
        number = 200_001 + len(outcome.events)
        event = draw(Kind.DISCREPANCY_FOUND, told, facts, number=number)
        outcome.add(Outcome(events=[event], rows=[discrepancy(event, told.seq)]))
    return outcome
