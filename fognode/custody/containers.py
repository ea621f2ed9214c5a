"""What is in each package, and in all packages of a product together, in grams.

net after = net before + delta          of every movement, in the order of the record
gross     = net + tare                  what the scale should show
"""

from bisect import bisect_left, insort
from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from fognode.custody import amounts
from fognode.custody.shelf_life import Lot
from fognode.events import Row, RowValues

DIFFERENCE_U_G = amounts.uncertainty(amounts.WEIGHT_U_G, amounts.WEIGHT_U_G)  # of two weighings
# Order of taking: effective expiry, opened ones first, then as received.
Key = tuple[date, bool, int, str]
Subject = dict[str, str]  # what a discrepancy and its alert are known by
NOT_TOLD = 10_000  # days
Sessions = tuple[tuple[int, int], ...]  # when each was over, and grams used by weight
GONE = frozenset({"disposed", "defective", "exited", "withdrawn"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a container stood before the last thing that was told of it."""

    cause: str  # event_id of that
    state: str
    place: str
    placed_at_ms: int
    stage: int  # of the package; 0 = not told
    u_g: int
    measured_g: int
    declared_g: int
    earlier: Sessions
    told_gross_g: int
    tare_g: int
    tare_u_g: int
    weighed: bool


@dataclass(slots=True, kw_only=True)
class Container:
    """What is in one package, and what was done with it since it came."""

    package: str
    gtin: str
    label_expiry: str  # ISO day, "" unknown
    tare_g: int  # 0 = unknown
    tare_u_g: int = 0  # of a tare that was learnt from a full package
    tare_with_lid: int = 1
    weighed: bool = True  # somebody weighed it; False = its content is declared
    net_g: int = 0
    u_g: int = 0  # of net_g
    place: str = ""  # cabinet or site, of a missing one the last; "" = in somebody's hands, or gone
    placed_at_ms: int = 0  # when it was seen to be there, or taken
    state: str = "stored"  # stored, out, missing, or one of GONE
    received_at_ms: int = 0
    opened_on: date | None = None
    opened_by: str = ""  # event_id of its first use
    expires_on: date | None = None  # effective
    empty: bool = False
    counted_only: bool = False
    doubted: bool = False  # weighed on a scale that has failed its check since
    told_gross_g: int = 0  # as last told by an opening; to see whether it was weighed
    # the session under way, or the last one
    measured_g: int = -1  # used by weight; -1 = not known
    measured_u_g: int = DIFFERENCE_U_G
    declared_g: int = 0
    earlier: Sessions = ()  # measured ones before it that nobody declared anything of
    differs: Subject | None = None  # the discrepancy between these two
    missing_g: int = 0  # written off by a count that did not find it
    missed: Subject | None = None  # the discrepancy of that
    missed_at_ms: int = 0
    # sums for the end of its life
    sums_g: Counter[str] = field(default_factory=Counter)
    variance_g2: int = 0  # of all measured movements together
    below: str = ""  # the discrepancy, not closed yet, of a net below zero
    told_days: int = NOT_TOLD  # the nearest warning of its expiry that was given
    told_expired: bool = False
    told_leftover: bool = False
    # to be told anew: what each cause booked and found, and how it stood before the last one
    done: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    found: dict[str, list[Subject]] = field(default_factory=dict)
    told_at_ms: dict[str, int] = field(default_factory=dict)  # handlings by event_id; 0 = withdrawn
    before: Standing | None = None
    in_line: Key | None = None  # as it stands in its product's order of taking

    @property
    def gross_g(self) -> int:
        """What a scale should show."""
        return self.net_g + self.tare_g

    @property
    def here(self) -> bool:
        """It is in its place and there is something to take from it."""
        return self.state == "stored" and self.net_g > 0 and not self.empty

    @property
    def key(self) -> Key:
        """Where it belongs in the order of taking."""
        expires_on = self.expires_on or date.max
        return (expires_on, self.opened_on is None, self.received_at_ms, self.package)

    def stand(self, cause: str, stage: int = 0) -> None:
        """Note how it stands, before ``cause`` changes that."""
        self.before = Standing(
            cause=cause,
            state=self.state,
            place=self.place,
            placed_at_ms=self.placed_at_ms,
            stage=stage,
            u_g=self.u_g,
            measured_g=self.measured_g,
            declared_g=self.declared_g,
            earlier=self.earlier,
            told_gross_g=self.told_gross_g,
            tare_g=self.tare_g,
            tare_u_g=self.tare_u_g,
            weighed=self.weighed,
        )

    def used_by(self, cause: str) -> int:
        """Return the grams a stored event booked as used."""
        return -sum(delta_g for what, delta_g in self.done.get(cause, ()) if what == "use")

    def lot(self) -> Lot:
        """Return it as the advice sees it."""
        return Lot(
            package=self.package,
            net_g=self.net_g,
            expires_on=self.expires_on,
            opened=self.opened_on is not None,
            received_at_ms=self.received_at_ms,
        )

    def row(self, as_of_seq: int) -> Row:
        """Return its row of table ``stock``."""
        values: RowValues = {
            "package": self.package,
            "gtin": self.gtin,
            "place": self.place,
            "state": "empty" if self.empty and self.state == "stored" else self.state,
            "gross_g": self.gross_g,
            "tare_g": self.tare_g,
            "tare_with_lid": self.tare_with_lid,
            "net_g": self.net_g,
            "u_g": self.u_g,
            "opened_on": self.opened_on.isoformat() if self.opened_on else "",
            "effective_expiry": self.expires_on.isoformat() if self.expires_on else "",
            "counted_only": int(self.counted_only),
            "doubted": int(self.doubted),
            "weighed": int(self.weighed),
            "as_of_seq": as_of_seq,
        }
        return Row(table="stock", values=values)


@dataclass(slots=True, kw_only=True)
class Total:
    """All of one product on the farm, in places and in hands."""

    gtin: str
    held: dict[str, Container] = field(default_factory=dict)  # not gone
    net_g: int = 0
    variance_g2: int = 0
    warn_level_g: int = 0
    value_cents: int = 0  # of what is left, at the price of a full package; 0 = unknown
    low: bool = False
    first_day: int = 0  # ordinal of the day it was first received
    used_g: dict[int, int] = field(default_factory=dict)  # ordinal of the day -> grams
    line: list[Key] = field(default_factory=list)  # what can be taken, in the order of taking

    def line_up(self, container: Container) -> None:
        """Give a container that changed its place in the order of taking, or take it out."""
        key = container.key if container.here else None
        if key == container.in_line:
            return
        if container.in_line is not None:
            del self.line[bisect_left(self.line, container.in_line)]
        if key is not None:
            insort(self.line, key)
        container.in_line = key

    def row(self, as_of_seq: int) -> Row:
        """Return its row of table ``stock_total``."""
        values: RowValues = {
            "gtin": self.gtin,
            "net_g": self.net_g,
            "u_g": amounts.root(self.variance_g2),
            "packages": len(self.held),
            "warn_level_g": self.warn_level_g,
            "low": int(self.low),
            "value_cents": self.value_cents,
            "as_of_seq": as_of_seq,
        }
        return Row(table="stock_total", values=values)


@dataclass(slots=True)
class State:
    """All containers that ever were, and the totals by GTIN."""

    containers: dict[str, Container] = field(default_factory=dict)
    totals: dict[str, Total] = field(default_factory=dict)
    today: str = ""  # ISO day, by the last hour_began
    weighed: dict[str, set[str]] = field(default_factory=dict)  # place -> since its last check
    wrong_scales: set[str] = field(default_factory=set)
    asked: dict[str, tuple[str, str]] = field(default_factory=dict)  # event_id -> kind, package
    below: dict[str, str] = field(default_factory=dict)  # discrepancy of a net below zero -> whose
