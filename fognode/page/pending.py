"""What is still missing until a step earns its points; pure.

A step counts when its evidence stands and both ledgers hold it (custody/points.py).  Said here is
which of these is not there yet, from the rows as they stand.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fognode.config import CHAIN_NAMES
from fognode.custody.points import BAGGED, OFFERED, POINTS, REGISTERED, RINSED, Step
from fognode.events import RowValues

# Records of one's own that a step needs on each chain; contracts/src/PackageToken.sol.
RECORDS: dict[Step, tuple[int, ...]] = {
    "received": (REGISTERED,),
    "prepared": (RINSED, BAGGED),
    "returned": (OFFERED,),
}
STATES = {
    "QUEUED": "waits to be sent",
    "SIGNED": "is signed, not sent yet",
    "SENT": "is sent, not in a block yet",
    "MINED": "is in a block, not final yet",
    "FAILED": "has failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One step that was made and does not count yet."""

    package: str
    step: Step
    points: int
    missing: tuple[str, ...]


def pending_of(
    packages: Iterable[RowValues],
    ways: Mapping[str, RowValues],
    earned: Mapping[tuple[str, str], int],
    steps: Sequence[RowValues],
    loads: Mapping[str, RowValues],
) -> list[Pending]:
    """Return the steps that were made and have no points yet, in the order of the packages.

    Args:
        packages: Rows of table ``package``.
        ways: Rows of table ``way_back`` by package.
        earned: Points that stand, by package and step.
        steps: Rows of table ``chain_outbox`` of these packages.
        loads: Rows of table ``batch`` by load.
    """
    owed: dict[tuple[str, str, int], str] = {}
    for row in steps:
        owed[str(row["package"]), str(row["chain"]), _whole(row["kind"])] = str(row["state"])
    found = []
    for row in packages:
        name = str(row["package"])
        for step in _made(row, ways.get(name, {})):
            if earned.get((name, step), 0) <= 0:
                missing = _missing(name, step, ways.get(name, {}), owed)
                if step == "returned":
                    missing.append(_of_the_centre(ways[name], ways, earned, loads))
                found.append(
                    Pending(package=name, step=step, points=POINTS[step], missing=tuple(missing))
                )
    return found


def _made(row: RowValues, way: RowValues) -> list[Step]:
    """Return the steps a package has made by what the farm itself recorded."""
    if row.get("packaging") == "not_returnable":
        return []  # no points are asked or shown of it
    made: list[Step] = ["received"] if _whole(row["state"]) else []
    if way.get("route"):
        made.append("prepared")
    if way.get("left_at_ms"):
        made.append("returned")
    return made


def _missing(
    name: str,
    step: Step,
    way: RowValues,
    owed: Mapping[tuple[str, str, int], str],
) -> list[str]:
    missing = []
    if step == "prepared" and not way.get("shown"):
        missing.append("a photo or a witness of it")
    for chain in CHAIN_NAMES:
        states = [owed[name, chain, kind] for kind in RECORDS[step] if (name, chain, kind) in owed]
        if "FINAL" not in states:
            told = STATES.get(states[-1], states[-1]) if states else "is not asked for yet"
            missing.append(f"{chain} chain: the record {told}")
    return missing


def _of_the_centre(
    way: RowValues,
    ways: Mapping[str, RowValues],
    earned: Mapping[tuple[str, str], int],
    loads: Mapping[str, RowValues],
) -> str:
    """Return what a return still needs of the centre: a receipt only limits what its load earns."""
    load = loads.get(str(way["batch"]), {})
    units = _whole(load.get("washed")) + _whole(load.get("unwashed"))
    counted = sum(
        other["batch"] == way["batch"] and earned.get((name, "returned"), 0) > 0
        for name, other in ways.items()
    )
    if load.get("receipt") and counted >= units:
        told = f"{load['receipt']!s} says {units}, and so many are counted"
        return f"a receipt with room for it: {told}"
    return "the centre's own acceptance on both chains"


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
