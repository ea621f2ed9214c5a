"""The way back of each package: how it was prepared, when it left, in which batch."""

from dataclasses import dataclass, field

from fognode.custody.batches import State as Batches
from fognode.custody.evidence import State as Evidence
from fognode.custody.packages import Package
from fognode.events import Row, RowValues


@dataclass(slots=True, kw_only=True)
class Way:
    """What one package has behind it of its way back."""

    package: str
    token_id: str
    emptied_by: str = ""  # event_id of the empty_declared; "" = a scale saw it, or it is not
    emptied: str = ""  # event_id of the package_emptied that came of it
    emptied_from: int = 0  # its stage before
    root: str = ""  # event_id of the declaration that prepared it, also once withdrawn
    route: str = ""  # rinsed, bagged; "" = not prepared
    shown: str = ""  # photo, witness, photo and witness; "" = nothing shows it
    photo: str = ""
    prepared_at_ms: int = 0
    left_by: str = ""  # event_id of the declaration by which it left
    exit: str = ""  # event_id of its emptyPackageExit; "" = it is on the farm
    left_from: int = 0  # its stage before it left
    left_at_ms: int = 0
    batch: str = ""

    def row(self, as_of_seq: int) -> Row:
        """Return its row of table ``way_back``."""
        values: RowValues = {
            "package": self.package,
            "route": self.route,
            "shown": self.shown,
            "photo": self.photo,
            "prepared_at_ms": self.prepared_at_ms,
            "left_at_ms": self.left_at_ms,
            "batch": self.batch,
            "as_of_seq": as_of_seq,
        }
        return Row(table="way_back", values=values)


@dataclass(slots=True)
class State:
    """All ways back, the evidence of them, and the batches that left."""

    ways: dict[str, Way] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=Evidence)
    batches: Batches = field(default_factory=Batches)

    def of(self, package: Package) -> Way:
        """Return the way of a package, begun now if there is none."""
        way = self.ways.get(package.package)
        if way is None:
            way = Way(package=package.package, token_id=package.token_id)
            self.ways[package.package] = way
        return way
