"""A package that no scale saw empty: a person declares it, and it stays marked as declared.

Where there is no scale, or it is broken, an empty could not go back at all.  So the stage is
reached by word; what a scale would have shown is not: a rigid package earns step 2 only once it
was weighed (custody/points.py), and a scale that says there is content is not overruled.
"""

from fognode.custody.booking import Known
from fognode.custody.draws import draw, name_of, refuse
from fognode.custody.evidence import Wrong
from fognode.custody.packages import Package, Stage
from fognode.custody.ways import State
from fognode.events import Json, Kind, Outcome, Stored

OPEN = frozenset({Stage.SEALED, Stage.IN_USE})  # without a reader nobody sees it being opened


def declare(state: State, told: Stored, known: Known, root: str = "") -> Outcome:
    """Take in an empty_declared, and tell that the package is empty.

    Args:
        state: The ways back.
        told: The declaration; or what a correction makes of it.
        known: Packages and people.
        root: The event_id of the declaration that was corrected, if one was.
    """
    package = known.packages.packages.get(told.text("package"))
    if package is None:
        return refuse(told, "no such package", told.text("package"))
    if package.state not in OPEN:
        reason = "only a package that is not empty yet can be declared empty"
        return refuse(told, reason, Stage(package.state).name)
    if wrong := find_wrong(told, package, known):
        return refuse(told, *wrong)
    way = state.of(package)
    facts: dict[str, Json] = {
        "package": package.package,
        "source": "declared",
        "tare_g": package.tare_g,
        "person": told.text("by"),
        "token_id": package.token_id,
    }
    facts |= {name: told.facts[name] for name in ("gross_g", "witness") if name in told.facts}
    event = draw(Kind.PACKAGE_EMPTIED, told, facts)
    way.emptied_by, way.emptied, way.emptied_from = (
        root or told.event_id,
        name_of(event),
        int(package.state),
    )
    package.state, package.said_empty = Stage.EMPTY, True
    return Outcome(events=[event], rows=[package.row(told.seq)])


def find_wrong(told: Stored, package: Package, known: Known) -> Wrong | None:
    """Return why an empty_declared does not hold for a package, whatever its stage."""
    witness, empty_g = told.text("witness"), package.empty_g
    knows_tare = package.tare_g > 0  # else no weight says anything of what is inside
    if witness and (witness not in known.people.names or witness == told.text("by")):
        return "the witness must be a known person and another one than by", witness
    off_g = told.number("gross_g", package.tare_g) - package.tare_g
    if knows_tare and abs(off_g) > empty_g - package.tare_g:
        what = "it is not empty" if off_g > 0 else "that is another one, or weighed wrongly"
        return f"its container weighs {package.tare_g} g: {what}", f"{told.number('gross_g')} g"
    seen_full = knows_tare and package.weighed and package.gross_g > empty_g
    if seen_full and "gross_g" not in told.facts:
        reason = "the scale says it is not empty: put it there empty, or say gross_g of another"
        return reason, f"{package.gross_g} g"
    return None
