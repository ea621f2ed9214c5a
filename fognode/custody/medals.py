"""Medals: a table of thresholds over what the rows say now; pure, and never stored.

A medal asks for a share of what was due to go back and a number of units, so many small
packages alone win nothing, and a correction takes a medal away by itself.

Source: APTM paper, section 4.5 (requirement A93); the thresholds are ours.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fognode.custody.packages import Stage
from fognode.events import RowValues


@dataclass(frozen=True, slots=True, kw_only=True)
class Medal:
    """What a farm must have reached."""

    name: str
    units: int  # returned and received, at least
    permille: int  # of the units due, at least
    points: int  # in all, at least


MEDALS = (
    Medal(name="first return", units=1, permille=0, points=4),
    Medal(name="bronze", units=10, permille=800, points=50),
    Medal(name="silver", units=50, permille=900, points=270),
    Medal(name="gold", units=200, permille=950, points=1140),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What stands now."""

    points: int
    returned: int  # units whose return both ledgers hold
    due: int  # units that are back, or should be by now
    medals: tuple[str, ...]

    @property
    def permille(self) -> int:
        """The share of the units due that is back; 0 when none was due."""
        return self.returned * 1000 // self.due if self.due else 0


def score(
    entries: Iterable[RowValues],
    packages: Iterable[RowValues],
    due_on: Mapping[str, str],
    today: str,
) -> Score:
    """Count points, returns and medals anew.

    Args:
        entries: Rows of table ``points``.
        packages: Rows of table ``package``.
        due_on: Package -> ISO day, of table ``deadline``.
        today: ISO day on the farm.
    """
    total, balance = 0, dict[str, int]()
    for entry in entries:
        points, package = _whole(entry["points"]), str(entry["package"])
        total += points
        if entry["step"] == "returned":
            balance[package] = balance.get(package, 0) + points
    back = {package for package, points in balance.items() if points > 0}
    due = set(back)
    for row in packages:
        name = str(row["package"])
        day = due_on.get(name, "")
        is_owed = Stage.NONE < _whole(row["state"]) < Stage.DESTROYED
        if is_owed and row["packaging"] != "not_returnable" and day and day <= today:
            due.add(name)
    plain = Score(points=total, returned=len(back), due=len(due), medals=())
    won = [medal.name for medal in MEDALS if _has_won(plain, medal)]
    return Score(points=total, returned=len(back), due=len(due), medals=tuple(won))


def _has_won(score: Score, medal: Medal) -> bool:
    enough = score.returned >= medal.units and score.points >= medal.points
    return enough and score.permille >= medal.permille


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
