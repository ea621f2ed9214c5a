"""The statement of points: each entry with its transactions, for a supplier or the state; pure.

A supplier is shown what it delivered itself and nothing else (requirement A127); the state is
shown all of it (A126).  It names no person.  It promises nothing (A96).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fognode.events import RowValues


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entry: what it is for, and where anybody can check it."""

    entry: str
    package: str
    gtin: str
    step: str
    points: int  # below zero: the entry takes back an earlier one
    private_tx: str
    public_tx: str
    earned_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """All lines, and their sum."""

    supplier: str  # "" = of all products
    lines: tuple[Line, ...]

    @property
    def points(self) -> int:
        """The sum of the lines."""
        return sum(line.points for line in self.lines)


def statement(
    entries: Iterable[RowValues], packages: Mapping[str, RowValues], supplier: str = ""
) -> Statement:
    """Return the statement in the order the entries were earned.

    Args:
        entries: Rows of table ``points``.
        packages: Rows of table ``package`` by package.
        supplier: Only what this source delivered; "" for the state, all of it.
    """
    lines = []
    for entry in entries:
        package = packages.get(str(entry["package"]), {})
        if supplier and package.get("source") != supplier:
            continue
        lines.append(
            Line(
                entry=str(entry["entry"]),
                package=str(entry["package"]),
                gtin=str(package.get("gtin", "")),
                step=str(entry["step"]),
                points=int(str(entry["points"])),
                private_tx=str(entry["private_tx"]),
                public_tx=str(entry["public_tx"]),
                earned_at_ms=int(str(entry["earned_at_ms"])),
            )
        )
    lines.sort(key=lambda line: (line.earned_at_ms, line.entry))
    return Statement(supplier=supplier, lines=tuple(lines))
