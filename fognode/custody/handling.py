"""What an opening meant: who took, returned, used or stored which package, and what is odd."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from fognode.custody import amounts, discrepancies, losses, outings, packages, people, sessions
from fognode.custody.balances import TOLERANCE_G, Balance, Change, Weight, weigh
from fognode.custody.cases import Case, Wanted
from fognode.custody.openings import Opening
from fognode.custody.outings import Outing
from fognode.custody.packages import UNWEIGHED, Package, Stage
from fognode.custody.people import NOBODY
from fognode.custody.sentences import Visit
from fognode.events import Json, Kind, Row

Step = tuple[Change, int]  # a tag change and its grams, or UNWEIGHED
DAY_MS = 86_400_000
DIFFERENCE_U_G = amounts.uncertainty(amounts.WEIGHT_U_G, amounts.WEIGHT_U_G)
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
    authorised_by: str = ""  # by a second badge
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


def judge(judged: Judged) -> Balance:
    """Tell what an opening meant, as far as packages go; packages and homes move on.

    Built from stored readings only, so that a second run tells the same.
    """
    opening = judged.opening
    changes, weights = changed(opening), weighed(opening)
    balance = weigh(changes, weights)
    for package, taken, brought in _visits(changes, balance):
        handle_product(judged, judged.books.packages.packages[package], taken, brought)
    if not changes and not balance.rule:
        judged.vanished_g += sum(weight.weight_g for weight in weights)
    judged.weighings += len(weights)
    return balance


def changed(opening: Opening) -> list[Change]:
    """Return the tag readings that changed what is inside, in order of time."""
    inside, changes = set(opening.shelf), []
    for heard in opening.moves:
        package, out = heard.package, heard.told.kind == "tag_out"
        if not package or (package in inside) != out:
            continue
        inside ^= {package}
        changes.append(Change(at_ms=heard.at_ms, package=package, out=out))
    return changes


def weighed(opening: Opening) -> list[Weight]:
    """Return the steps of the scale, in order of time."""
    told = [heard.told for heard in opening.moves if heard.told.kind.startswith("weight_")]
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
    nth = sum(want.slot[:2] == (Kind.HANDLE_PRODUCT, package.package) for want in judged.wanted)
    slot = (str(Kind.HANDLE_PRODUCT), package.package, str(nth))
    outing = judged.books.outings.out.pop(package.package, None) if taken is None else None
    if taken is not None:
        outing = _lift(judged, package, taken, judged.case.name_of(slot))
    used_g = UNWEIGHED
    if brought is not None:
        used_g = _put(judged, package, brought)
    action = _action(outing, taken, brought)
    if outing is not None:
        outing = _follow(judged, outing, brought, used_g)
    step = taken or brought
    weight_g = step[1] if step else UNWEIGHED
    facts: dict[str, Json] = {
        "opening": judged.case.opening,
        "cabinet": judged.opening.cabinet,
        "package": package.package,
        "action": action,
        "person": judged.who,
        "gross_g": package.gross_g,
        "token_id": package.token_id,
    }
    facts |= {"weight_g": weight_g} if weight_g >= 0 else {}
    facts |= {"used_g": used_g, "u_g": DIFFERENCE_U_G} if used_g >= 0 else {}
    facts |= {"session": outing.session} if outing else {}
    facts |= {"authorised_by": outing.authorised_by} if outing and outing.authorised_by else {}
    at_ms = (brought or taken or (Change(at_ms=0, package="", out=True), 0))[0].at_ms
    judged.say(Kind.HANDLE_PRODUCT, package.package, facts, at_ms)
    judged.visits.append(_visit(judged, package, outing, (action, at_ms, weight_g, used_g)))


def _visit(
    judged: Judged, package: Package, outing: Outing | None, told: tuple[str, int, int, int]
) -> Visit:
    action, at_ms, weight_g, used_g = told
    named = judged.books.people
    if outing is not None and action != "out":
        return replace(outings.visit(outing, named), action=action, used_g=used_g)
    gone = outing is not None and outing.state == "gone"
    return Visit(
        package=package.package,
        action=action,
        taker=named.alias(judged.who),
        bringer=named.alias(judged.who),
        taken_at_ms=at_ms if action == "out" else 0,
        brought_at_ms=at_ms if action != "out" or gone else 0,
        gone=gone,
        weight_g=weight_g,
        used_g=used_g,
        authoriser=named.alias(outing.authorised_by) if outing and outing.authorised_by else "",
    )


def _action(outing: Outing | None, taken: Step | None, brought: Step | None) -> str:
    if brought is None:
        return "out"
    if taken is not None:
        return "used"
    return "back" if outing else "stored"


def _lift(judged: Judged, package: Package, taken: Step, session: str) -> Outing:
    (change, weight_g), books = taken, judged.books
    if weight_g >= 0:
        _compare(judged, package, weight_g, change.at_ms)
        _note_weight(judged, package, weight_g, change.at_ms)
    package.lifted_g = weight_g
    if package.state == Stage.SEALED:
        package.state = Stage.IN_USE
    cabinet = judged.opening.cabinet
    ordered = books.ordered(cabinet, judged.person, package.package, change.at_ms)
    outing = Outing(
        session=session,
        package=package.package,
        person=judged.who,
        authorised_by=judged.authorised_by or ordered,
        out_cabinet=cabinet,
        out_opening=judged.case.opening,
        out_at_ms=change.at_ms,
        weight_g=weight_g,
        due_at_ms=outings.due_at(change.at_ms, books.outings.due_hour, books.zone),
        sure_permille=0,  # set when all of the opening is known
    )
    if books.sessions.place(package.package, "", change.at_ms):
        if package.state >= Stage.RETURNED:  # it was declared to leave, and now it does
            return replace(outing, in_at_ms=change.at_ms, state="gone")
        package.holder, package.out_since_at_ms = judged.who, change.at_ms
        books.outings.out[package.package] = outing
        return outing
    # Another cabinet has it already: its opening was over before this one.
    home = books.sessions.homes.get(package.package, "")
    at_ms = books.sessions.placed_at_ms[package.package]
    return replace(outing, in_cabinet=home, in_at_ms=at_ms, state="back")


def _put(judged: Judged, package: Package, brought: Step) -> int:
    """Put a package back in; return the grams used, UNWEIGHED when not known."""
    (change, weight_g), books = brought, judged.books
    cabinet, out_g = judged.opening.cabinet, package.lifted_g
    if books.sessions.place(package.package, cabinet, change.at_ms):
        package.holder, package.out_since_at_ms = "", 0
        books.outings.out.pop(package.package, None)
    package.lifted_g = UNWEIGHED
    if weight_g < 0:
        return UNWEIGHED
    if package.state == Stage.SEALED:
        _compare(judged, package, weight_g, change.at_ms)
    elif weight_g < package.tare_g - TOLERANCE_G:
        text = f"{package.package} weighs {weight_g} g, less than its container ({package.tare_g})"
        judged.find("weight_differs", text, package.package, delta_g=weight_g - package.tare_g)
    _note_weight(judged, package, weight_g, change.at_ms)
    judged.weighed.append(package)
    if out_g < 0:
        return UNWEIGHED
    if weight_g - out_g > TOLERANCE_G:
        text = f"{package.package} left with {out_g} g and came back with {weight_g} g"
        amount = {"delta_g": weight_g - out_g, "u_g": DIFFERENCE_U_G}
        judged.find("returned_heavier", text, package.package, **amount)
        return UNWEIGHED
    return max(0, out_g - weight_g)


def _note_weight(judged: Judged, package: Package, weight_g: int, at_ms: int) -> None:
    knows_tare = package.tare_g > 0
    if package.said_empty and knows_tare and weight_g > package.tare_g + TOLERANCE_G:
        text = f"{package.package} was declared empty and weighs {weight_g} g"
        over_g = weight_g - package.tare_g
        judged.find("weight_differs", text, package.package, delta_g=over_g, u_g=DIFFERENCE_U_G)
    package.gross_g, package.weighed = weight_g, True
    package.said_empty = package.said_empty and not knows_tare
    judged.books.outings.weighed_at_ms[package.package] = at_ms


def _compare(judged: Judged, package: Package, weight_g: int, at_ms: int) -> None:
    """Compare a weight with the one on record: a scale may drift 2 % of it in a day."""
    weighed_at_ms = judged.books.outings.weighed_at_ms.get(package.package, at_ms)
    span_ms = min(max(at_ms - weighed_at_ms, 0), DAY_MS)
    drift_g = package.gross_g * losses.DRIFT_PERMILLE * span_ms // (1000 * DAY_MS)
    off_g = weight_g - package.gross_g
    if abs(off_g) <= TOLERANCE_G + drift_g:
        return
    text = f"{package.package} weighs {weight_g} g, {package.gross_g} g is on record"
    judged.find("weight_differs", text, package.package, delta_g=off_g, u_g=DIFFERENCE_U_G)


def _follow(judged: Judged, outing: Outing, brought: Step | None, used_g: int) -> Outing:
    """Let an outing begin or end here."""
    books = judged.books
    if brought is not None:
        outing = replace(
            outing,
            bringer=judged.who,
            in_cabinet=judged.opening.cabinet,
            in_opening=judged.case.opening,
            in_at_ms=brought[0].at_ms,
            used_g=used_g,
            u_g=DIFFERENCE_U_G if used_g >= 0 else 0,
            state="back",
        )
        outing = replace(outing, declared_g=outings.declared_g(books.outings, outing))
        judged.declared_g += outing.declared_g
        _compare_declared(judged, outing)
    judged.ended.append(outing)
    return outing


def _compare_declared(judged: Judged, outing: Outing) -> None:
    off_g = outing.used_g - outing.declared_g
    if outing.used_g < 0 or not outing.declared_g or abs(off_g) <= 2 * DIFFERENCE_U_G:
        return
    if off_g > 0 and not outings.is_use_told(judged.books.outings, outing):
        return  # a spill alone says nothing of what was used besides
    text = (
        f"{outing.package} lost {outing.used_g} g by the scale, {outing.declared_g} g were declared"
    )
    judged.find("use_differs", text, outing.package, delta_g=off_g, u_g=DIFFERENCE_U_G)
