"""What an opening meant: who took, returned, used or stored which package, and what is odd."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import tzinfo

from fognode.custody import packages, people, sessions
from fognode.custody.balances import TOLERANCE_G, Balance, Change, Weight, weigh
from fognode.custody.draws import discrepancy, draw
from fognode.custody.packages import UNWEIGHED, Package, Stage
from fognode.custody.people import NOBODY
from fognode.custody.sentences import Visit, clock, sentence
from fognode.events import Event, Json, Kind, Outcome, Row

Step = tuple[Change, int]  # a tag change and its grams, or UNWEIGHED


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What is known of packages, people and places, and the zone of the texts."""

    packages: packages.State
    people: people.State
    sessions: sessions.State
    zone: tzinfo


@dataclass(slots=True, kw_only=True)
class Judged:
    """An opening being judged; ``weighed`` are the packages that went back in, with a weight."""

    books: Books
    opening: sessions.Opening
    person: str  # "" = nobody named
    handled: list[Event] = field(default_factory=list)
    found: list[Event] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    weighed: list[Package] = field(default_factory=list)

    @property
    def who(self) -> str:
        """The person, or that nobody was named."""
        return self.person or NOBODY

    def find(self, rule: str, text: str, package: str = "") -> None:
        """Add a discrepancy."""
        facts: dict[str, Json] = {
            "opening": self.opening.opening,
            "rule": rule,
            "place": self.opening.cabinet,
            "person": self.who,
            "text": text[:300],
        }
        if package:
            facts["package"] = package
        event = draw(
            Kind.DISCREPANCY_FOUND,
            self.opening.cause,
            facts,
            number=len(self.found) + 1,
            at_ms=self.opening.closed_at_ms,
        )
        self.found.append(event)
        self.rows.append(discrepancy(event, self.opening.last_seq))


def judge(books: Books, place: str) -> tuple[Outcome, Judged]:
    """End the opening of a cabinet and tell what it meant; packages and homes move on.

    Built from stored readings only, so that a second run tells the same.
    """
    cabinet = books.sessions.cabinets[place]
    opening, person = sessions.end(cabinet)
    judged = Judged(books=books, opening=opening, person=person)
    changes, weights = _changes(books, opening), _weights(opening)
    balance = weigh(changes, weights)
    for package, taken, brought in _visits(changes, balance):
        handle_product(judged, books.packages.packages[package], taken, brought)
    _check(judged, balance, weights)
    closed, row = _close(judged, weights)
    events = [*judged.handled, *judged.found, closed]  # an alert is raised before it may end
    return Outcome(events=events, rows=[*judged.rows, row]), judged


def _changes(books: Books, opening: sessions.Opening) -> list[Change]:
    """Return the tag readings that changed what is inside, in order of time."""
    inside, changes = set(opening.shelf), []
    for told in sorted(opening.moves, key=lambda told: (told.happened_at_ms, told.seq)):
        package = books.packages.tagged(told.text("tag"))
        out = told.kind == "tag_out"
        if package is None or (package.package in inside) != out:
            continue
        inside ^= {package.package}
        changes.append(Change(at_ms=told.happened_at_ms, package=package.package, out=out))
    return changes


def _weights(opening: sessions.Opening) -> list[Weight]:
    told = [move for move in opening.moves if move.kind.startswith("weight_")]
    told.sort(key=lambda move: (move.happened_at_ms, move.seq))
    return [Weight(at_ms=t.happened_at_ms, weight_g=t.number("weight_g")) for t in told]


def _visits(
    changes: list[Change], balance: Balance
) -> Iterator[tuple[str, Step | None, Step | None]]:
    """Yield (package, taken out, brought in); both = taken and returned in one opening."""
    steps = [(change, balance.weights_g.get(n, UNWEIGHED)) for n, change in enumerate(changes)]
    for package in dict.fromkeys(change.package for change in changes):
        taken: Step | None = None
        for step in (step for step in steps if step[0].package == package):
            if step[0].out:
                taken = step
            else:
                yield package, taken, step
                taken = None
        if taken is not None:
            yield package, taken, None


def handle_product(
    judged: Judged, package: Package, taken: Step | None, brought: Step | None
) -> None:
    """Tell what was done with one package: out, back, used (both in one opening) or stored.

    Source: APTM paper, section 4.4, function handleProduct.
    """
    visit = _visit(judged, package, taken, brought)
    judged.visits.append(visit)
    facts: dict[str, Json] = {
        "opening": judged.opening.opening,
        "cabinet": judged.opening.cabinet,
        "package": package.package,
        "action": visit.action,
        "person": judged.who,
        "gross_g": package.gross_g,
        "token_id": package.token_id,
    }
    facts |= {"weight_g": visit.weight_g} if visit.weight_g >= 0 else {}
    facts |= {"used_g": visit.used_g} if visit.used_g >= 0 else {}
    event = draw(
        Kind.HANDLE_PRODUCT,
        judged.opening.cause,
        facts,
        number=len(judged.handled) + 1,
        at_ms=visit.brought_at_ms or visit.taken_at_ms,
    )
    judged.handled.append(event)
    judged.rows.append(package.row(judged.opening.last_seq))


def _visit(judged: Judged, package: Package, taken: Step | None, brought: Step | None) -> Visit:
    taker, taken_at_ms, weight_g = package.holder, package.out_since_at_ms, UNWEIGHED
    brought_at_ms, used_g = 0, UNWEIGHED
    if taken is not None:
        taker, taken_at_ms, weight_g = judged.who, taken[0].at_ms, taken[1]
        _lift(judged, package, taken)
    if brought is not None:
        brought_at_ms = brought[0].at_ms
        weight_g = weight_g if taken is not None else brought[1]
        used_g = _put(judged, package, brought)
    alias = judged.books.people.alias
    return Visit(
        package=package.package,
        action=_action(taker, taken, brought),
        taker=alias(taker),
        bringer=alias(judged.who),
        taken_at_ms=taken_at_ms,
        brought_at_ms=brought_at_ms,
        weight_g=weight_g,
        used_g=used_g,
    )


def _action(taker: str, taken: Step | None, brought: Step | None) -> str:
    if brought is None:
        return "out"
    if taken is not None:
        return "used"
    return "back" if taker else "stored"


def _lift(judged: Judged, package: Package, taken: Step) -> None:
    change, weight_g = taken
    if weight_g >= 0:
        _compare(judged, package, weight_g)
        package.gross_g = weight_g
    package.lifted_g = weight_g
    if package.state == Stage.SEALED:
        package.state = Stage.IN_USE
    if judged.books.sessions.place(package.package, "", change.at_ms):
        package.holder, package.out_since_at_ms = judged.who, change.at_ms


def _put(judged: Judged, package: Package, brought: Step) -> int:
    """Put a package back in; return the grams used, UNWEIGHED when not known."""
    change, weight_g = brought
    cabinet, out_g = judged.opening.cabinet, package.lifted_g
    if judged.books.sessions.place(package.package, cabinet, change.at_ms):
        package.site, package.holder, package.out_since_at_ms = cabinet, "", 0
    package.lifted_g = UNWEIGHED
    if weight_g < 0:
        return UNWEIGHED
    if package.state == Stage.SEALED:
        _compare(judged, package, weight_g)
    package.gross_g = weight_g
    judged.weighed.append(package)
    if out_g < 0:
        return UNWEIGHED
    if weight_g - out_g > TOLERANCE_G:
        text = f"{package.package} left with {out_g} g and came back with {weight_g} g"
        judged.find("returned_heavier", text, package.package)
        return UNWEIGHED
    return max(0, out_g - weight_g)


def _compare(judged: Judged, package: Package, weight_g: int) -> None:
    if abs(weight_g - package.gross_g) > TOLERANCE_G:
        text = f"{package.package} weighs {weight_g} g, {package.gross_g} g is on record"
        judged.find("weight_differs", text, package.package)


def _check(judged: Judged, balance: Balance, weights: list[Weight]) -> None:
    cabinet = judged.opening.cabinet
    if balance.rule:
        judged.find(balance.rule, f"{cabinet}: {balance.text}")
    if judged.opening.dark:
        what = "weight" if weights else "tag"
        text = f"{cabinet}: {what} changed, the door was not seen to open"
        judged.find(f"{what}_without_opening", text)
    elif not judged.opening.shut:
        judged.find("left_open", f"{cabinet} was left open")
    if not judged.person:
        what = "weight" if weights else "opening"
        change = f", weight changed by {_net_g(weights)} g" if weights else ""
        judged.find(f"{what}_without_badge", f"{cabinet} opened without a badge{change}")


def _net_g(weights: list[Weight]) -> int:
    return sum(weight.weight_g for weight in weights)


def _close(judged: Judged, weights: list[Weight]) -> tuple[Event, Row]:
    opening, zone = judged.opening, judged.books.zone
    out = [v.package for v in judged.visits if v.action in {"out", "used"}]
    came = [v.package for v in judged.visits if v.action in {"back", "stored", "used"}]
    at_ms = opening.cause.happened_at_ms
    who = judged.books.people.alias(judged.who)
    opened = f"{who} opened {opening.cabinet} at {clock(at_ms, zone)}"
    text = sentence(judged.visits, opened, zone)
    # The scale and the tags fit each other; who it was and how the door went is not balance.
    odd = {str(event.facts["rule"]) for event in judged.found} - UNRELATED
    facts: dict[str, Json] = {
        "opening": opening.opening,
        "cabinet": opening.cabinet,
        "person": judged.who,
        "delta_g": _net_g(weights),
        "out": [*out],
        "in": [*came],
        "balanced": int(not odd),
        "sentence": text,
        "readings": {**opening.counts},
    }
    closed = draw(Kind.BOX_CLOSED, opening.cause, facts, at_ms=opening.closed_at_ms)
    row = Row(
        table="opening",
        values={
            "opening": opening.opening,
            "cabinet": opening.cabinet,
            "person": judged.who,
            "opened_at_ms": at_ms,
            "closed_at_ms": opening.closed_at_ms,
            "delta_g": _net_g(weights),
            "packages_out": ", ".join(out)[:300],
            "packages_in": ", ".join(came)[:300],
            "verdict": _verdict(judged, bool(odd)),
            "sentence": text,
            "as_of_seq": opening.last_seq,
        },
    )
    return closed, row


UNRELATED = frozenset(
    {
        "weight_without_badge",
        "opening_without_badge",
        "weight_without_opening",
        "tag_without_opening",
        "left_open",
    }
)


def _verdict(judged: Judged, odd: bool) -> str:
    if not judged.person:
        return "no_badge"
    if odd:
        return "unbalanced"
    stored = any(visit.action == "stored" for visit in judged.visits)
    return "restock" if stored else "normal"
