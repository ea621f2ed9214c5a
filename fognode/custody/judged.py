"""An opening while it is being judged: what is known, and what is found and said of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo

from fognode.custody import discrepancies, losses, outings, packages, people, sessions
from fognode.custody.cases import Case, Wanted
from fognode.custody.openings import Opening
from fognode.custody.outings import Outing
from fognode.custody.packages import Package
from fognode.custody.people import NOBODY
from fognode.custody.sentences import Visit
from fognode.events import Json, Kind, Row

# Who allowed a person to take a package: (place, person, package, at_ms) -> person or "".
Authoriser = Callable[[str, str, str, int], str]


def nobody(_place: str, _person: str, _package: str, _at_ms: int) -> str:
    """Name no one: there are no orders."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What is known of packages, people and places, and the zone of the texts."""

    packages: packages.State
    people: people.State
    sessions: sessions.State
    outings: outings.State
    losses: losses.State
    discrepancies: discrepancies.State
    zone: tzinfo
    ordered: Authoriser = nobody


@dataclass(slots=True, kw_only=True)
class Judged:
    """An opening being judged; ``weighed`` are the packages that went back in, with a weight."""

    books: Books
    opening: Opening
    case: Case
    person: str  # "" = nobody named
    authorised_by: str = ""  # by a second badge, of one who may
    present: str = ""  # who showed a second badge and may not authorise
    wanted: list[Wanted] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)  # of what was found
    rows: list[Row] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    weighed: list[Package] = field(default_factory=list)
    declared_g: int = 0
    vanished_g: int = 0  # small differences that no rule of their own tells
    weighings: int = 0
    ended: list[Outing] = field(default_factory=list)  # outings that began or ended here

    @property
    def who(self) -> str:
        """The person, or that nobody was named."""
        return self.person or NOBODY

    def say(self, kind: Kind, key: str, facts: dict[str, Json], at_ms: int = 0) -> None:
        """Let an event of a kind be told; ``key`` tells it from others of its kind here."""
        nth = sum(want.slot[:2] == (kind, key) for want in self.wanted)
        wanted = Wanted(
            slot=(str(kind), key, str(nth)), facts=facts, at_ms=at_ms or self.opening.closed_at_ms
        )
        self.wanted.append(wanted)

    def find(self, rule: str, text: str, package: str = "", **amounts_g: int) -> None:
        """Add a discrepancy; ``amounts_g`` are further facts like delta_g and u_g."""
        facts: dict[str, Json] = {
            "opening": self.case.opening,
            "rule": rule,
            "place": self.opening.cabinet,
            "person": self.who,
            "text": text[:300],
            **amounts_g,
        }
        if package:
            facts["package"] = package
        self.rules.append(rule)
        self.say(Kind.DISCREPANCY_FOUND, f"{rule}/{package}", facts)
