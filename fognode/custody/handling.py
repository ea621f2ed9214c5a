"""What an opening meant: who took, returned, used or stored which package, and what is odd."""

from collections.abc import Iterator
from dataclasses import replace

from fognode.custody import contents, gross, outings
from fognode.custody.balances import TOLERANCE_G, Balance, Change, Weight, unclear, weigh
from fognode.custody.containers import DIFFERENCE_U_G
from fognode.custody.judged import Judged
from fognode.custody.openings import Opening
from fognode.custody.outings import Outing
from fognode.custody.packages import UNWEIGHED, Package, Stage
from fognode.custody.sentences import Visit
from fognode.events import Json, Kind

Step = tuple[Change, int]  # a tag change and its grams, or UNWEIGHED


def judge(judged: Judged) -> Balance:
    """Tell what an opening meant, as far as packages go; packages and homes move on.

    Built from stored readings only, so that a second run tells the same.
    """
    opening = judged.opening
    changes, weights = changed(opening), weighed(opening)
    balance = weigh(changes, weights)
    if _is_crossed(judged, changes, balance):
        balance = unclear(changes, weights)
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
        changes.append(
            Change(at_ms=heard.at_ms, package=package, out=out, tag=heard.told.text("tag"))
        )
    return changes if weighed(opening) else _standing(changes)


def _standing(changes: list[Change]) -> list[Change]:
    """Drop what stood all the while: one tag of it went and another came, and no weight moved."""
    mine: dict[str, list[Change]] = {}
    for one in changes:
        mine.setdefault(one.package, []).append(one)
    return [one for one in changes if not _is_retagged(mine[one.package])]


def _is_retagged(told: list[Change]) -> bool:
    return [one.out for one in told] == [True, False] and told[0].tag != told[1].tag


def _is_crossed(judged: Judged, changes: list[Change], balance: Balance) -> bool:
    """Tell whether the weights of packages that left fit the record only in another order."""
    books, known = judged.books, judged.books.packages.packages
    left = [(one, balance.weights_g[n]) for n, one in enumerate(changes) if n in balance.weights_g]
    left = [(one, grams) for one, grams in left if one.out]
    if len({one.package for one, _ in left}) < max(2, len(left)):
        return False  # one alone, or one that left twice

    def fits(one: Change, grams: int) -> bool:
        return not gross.off_g(books, known[one.package], grams, one.at_ms)

    if all(fits(one, grams) for one, grams in left):
        return False
    by_record = sorted(
        (one for one, _ in left),
        key=lambda one: gross.expected_g(books, known[one.package], one.at_ms),
    )
    by_weight = sorted(grams for _, grams in left)
    return all(fits(one, grams) for one, grams in zip(by_record, by_weight, strict=True))


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
    knew_tare = package.tare_g > 0
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
    facts |= {"tare_g": package.tare_g} if package.tare_g and not knew_tare else {}
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
        present=named.alias(outing.present) if outing and outing.present else "",
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
        gross.compare(judged, package, weight_g, change.at_ms)
        gross.note(judged, package, weight_g, change.at_ms)
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
        present=judged.present,
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
        package.bringer = ""
        books.outings.out[package.package] = outing
        return outing
    # Another cabinet has it already: its opening was over before this one.
    home = books.sessions.homes.get(package.package, "")
    at_ms = books.sessions.placed_at_ms[package.package]
    return replace(outing, bringer=package.bringer, in_cabinet=home, in_at_ms=at_ms, state="back")


def _put(judged: Judged, package: Package, brought: Step) -> int:
    """Put a package back in; return the grams used, UNWEIGHED when not known."""
    (change, weight_g), books = brought, judged.books
    cabinet, out_g = judged.opening.cabinet, package.lifted_g
    if books.sessions.place(package.package, cabinet, change.at_ms):
        package.holder, package.out_since_at_ms, package.bringer = "", 0, judged.who
        books.outings.out.pop(package.package, None)
    package.lifted_g = UNWEIGHED
    if 0 < package.left_at_ms < change.at_ms:
        text = f"{package.package} left the farm by the books and was put into {cabinet} again"
        judged.find("gone_package_back", text, package.package)
    if weight_g < 0:
        return UNWEIGHED
    if package.state == Stage.SEALED:
        gross.compare(judged, package, weight_g, change.at_ms)
    elif weight_g < package.tare_g - contents.slack_g(package.tare_u_g):
        text = f"{package.package} weighs {weight_g} g, less than its container ({package.tare_g})"
        judged.find("weight_differs", text, package.package, delta_g=weight_g - package.tare_g)
    gross.note(judged, package, weight_g, change.at_ms)
    judged.weighed.append(package)
    if out_g < 0:
        return UNWEIGHED
    if weight_g - out_g > TOLERANCE_G:
        text = f"{package.package} left with {out_g} g and came back with {weight_g} g"
        amount = {"delta_g": weight_g - out_g, "u_g": DIFFERENCE_U_G}
        judged.find("returned_heavier", text, package.package, **amount)
        return UNWEIGHED
    return max(0, out_g - weight_g)


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
