"""The closing balance of an opening: what tags, scale and declarations say, and how sure it is.

    weight after = weight before + sum(in) - sum(out) +- u
    tags after   = tags before - out + in

Any difference is a discrepancy.
"""

from dataclasses import replace

from fognode.custody import gross, losses, outings
from fognode.custody.amounts import WEIGHT_U_G, uncertainty
from fognode.custody.balances import TOLERANCE_G, Balance, Change, Weight
from fognode.custody.handling import changed, weighed
from fognode.custody.judged import Judged
from fognode.custody.openings import Cabinet
from fognode.custody.sentences import clock, sentence, untouched
from fognode.custody.sureness import Evidence, permille
from fognode.custody.tags import left_behind, pinned
from fognode.events import Json, Kind, Row

# The scale and the tags fit each other; who it was and how the door went is not balance.
UNRELATED = frozenset(
    {
        "weight_without_badge",
        "opening_without_badge",
        "weight_without_opening",
        "tag_without_opening",
        "left_open",
        "gone_package_back",
        "gap",
        "slow_loss",
    }
)
NAMED_MOST = 8  # packages in a text


def check(judged: Judged, balance: Balance) -> None:
    """Find what is odd about an opening as a whole."""
    opening, cabinet = judged.opening, _cabinet(judged)
    weights, place, end_ms = weighed(opening), opening.cabinet, opening.closed_at_ms
    net_g = sum(weight.weight_g for weight in weights)
    if balance.rule and (balance.rule != "tag_without_weight" or cabinet.has("weight", end_ms)):
        text = f"{place}: {balance.text}{_candidates(judged, balance)}"
        rule, package = pinned(balance, changed(opening), net_g, _gross_inside(judged))
        judged.find(rule, text, package, delta_g=net_g, u_g=_u_g(weights))
    if not (balance.rule or changed(opening)) and cabinet.has("tag", end_ms):
        _check_decoy(judged, weights)
    if opening.dark and cabinet.has("light", end_ms):
        what = "weight" if weights else "tag"
        text = f"{place}: {what} changed, the door was not seen to open"
        judged.find(f"{what}_without_opening", text)
    elif not opening.dark and not opening.shut:
        judged.find("left_open", f"{place} was left open")
    if not judged.person and cabinet.has("tag", end_ms):
        what = "weight" if weights else "opening"
        change = f", weight changed by {net_g} g" if weights else ""
        judged.find(f"{what}_without_badge", f"{place} opened without a badge{change}")
    _check_gaps(judged)
    _check_losses(judged)


def _gross_inside(judged: Judged) -> dict[str, int]:
    """Return what each package weighs, by the record, whose tag is inside."""
    inside = sorted(judged.books.sessions.shelves.get(judged.opening.cabinet, ()))
    known = [judged.books.packages.packages[name] for name in inside]
    end_ms = judged.opening.closed_at_ms
    told = [one for one in known if one.tare_g or not one.declared]
    return {one.package: gross.expected_g(judged.books, one, end_ms) for one in told}


def _check_decoy(judged: Judged, weights: list[Weight]) -> None:
    """Find that something as heavy was put where a package had been, beside its tag."""
    if package := left_behind(weights, _gross_inside(judged)):
        text = f"{package} was lifted and its tag was not: something as heavy stands there now"
        judged.find("tag_without_package", text, package)


def _candidates(judged: Judged, balance: Balance) -> str:
    """Name the packages that may have lost the weight no tag tells of (decanting)."""
    if balance.rule != "weight_without_tag":
        return ""
    inside = sorted(judged.books.sessions.shelves.get(judged.opening.cabinet, ()))
    more = ", ..." if len(inside) > NAMED_MOST else ""
    return f"; inside: {', '.join(inside[:NAMED_MOST])}{more}" if inside else ""


def _check_gaps(judged: Judged) -> None:
    opening, zone = judged.opening, judged.books.zone
    if not opening.gaps:
        return
    first, last = opening.gaps[0].happened_at_ms, opening.gaps[-1].happened_at_ms
    who = opening.gaps[0].text("board") or "the node"
    text = (
        f"{opening.cabinet}: {who} was away, what happened is unknown from "
        f"{clock(first, zone)} to {clock(max(last, opening.closed_at_ms), zone)};"
        " count what is inside"
    )
    judged.find("gap", text)


def _check_losses(judged: Judged) -> None:
    place = judged.opening.cabinet
    if not judged.vanished_g and not judged.weighings:
        return
    state = judged.books.losses
    if lost_g := losses.judge(state, place, judged.vanished_g, judged.weighings):
        text = f"{place} lost {lost_g} g little by little; count what is inside"
        judged.find("slow_loss", text, delta_g=-lost_g)


def close(judged: Judged, balance: Balance) -> None:
    """Tell of the closing: the last of what is said of an opening, and its rows."""
    opening, zone = judged.opening, judged.books.zone
    weights, changes = weighed(opening), changed(opening)
    out = [v.package for v in judged.visits if v.action in {"out", "used"}]
    came = [v.package for v in judged.visits if v.action in {"back", "stored", "used"}]
    who = judged.books.people.alias(judged.who)
    opened = f"{who} opened {opening.cabinet} at {clock(opening.begun_at_ms, zone)}"
    sure = _sure(judged, balance, changes, weights)
    net_g = sum(weight.weight_g for weight in weights)
    opened = untouched(opened, net_g if abs(net_g) > TOLERANCE_G else 0)
    text = sentence(judged.visits, opened, zone, sure)
    odd = bool(set(judged.rules) - UNRELATED)
    facts: dict[str, Json] = {
        "opening": judged.case.opening,
        "cabinet": opening.cabinet,
        "person": judged.who,
        "delta_g": net_g,
        "u_g": _u_g(weights),
        "moved_g": _moved_g(balance, changes),
        "out": [*out],
        "in": [*came],
        "tags_before": len(opening.shelf),
        "tags_after": len(opening.shelf) + sum(-1 if one.out else 1 for one in changes),
        "balanced": int(not odd),
        "sure_permille": sure,
        "sentence": text,
        "readings": {**opening.counts},
    }
    facts |= {"authorised_by": judged.authorised_by} if judged.authorised_by else {}
    facts |= {"present": judged.present} if judged.present else {}
    facts |= {"declared_g": judged.declared_g} if judged.declared_g else {}
    facts |= {"gap": 1} if opening.gaps else {}
    judged.say(Kind.BOX_CLOSED, "", facts)
    judged.rows += [_row(judged, facts, odd), *_outing_rows(judged, sure)]


def _moved_g(balance: Balance, changes: list[Change]) -> int:
    """Return what the packages that moved account for, grams."""
    return sum(-g if changes[n].out else g for n, g in balance.weights_g.items())


def _u_g(weights: list[Weight]) -> int:
    return uncertainty(*[WEIGHT_U_G] * (len(weights) + 1)) if weights else 0


def _cabinet(judged: Judged) -> Cabinet:
    return judged.books.sessions.cabinets[judged.opening.cabinet]


def _sure(judged: Judged, balance: Balance, changes: list[Change], weights: list[Weight]) -> int:
    opening, cabinet, end_ms = judged.opening, _cabinet(judged), judged.opening.closed_at_ms
    net_g = sum(weight.weight_g for weight in weights)
    seen = Evidence(
        tags=bool(changes),
        weights=bool(weights) if changes else abs(net_g) > TOLERANCE_G,
        agree=not balance.rule,
        has_scale=cabinet.has("weight", end_ms),
        has_reader=cabinet.has("tag", end_ms),
        has_light=cabinet.has("light", end_ms),
        lit=not opening.dark,
        shut=opening.shut,
        named=bool(judged.person),
        gap=bool(opening.gaps),
        shaken_only=opening.counts.keys() <= {"vibration_shake", "distance_move"},
    )
    return permille(seen)


def _row(judged: Judged, facts: dict[str, Json], odd: bool) -> Row:
    opening = judged.opening
    return Row(
        table="opening",
        values={
            "opening": judged.case.opening,
            "cabinet": opening.cabinet,
            "person": judged.who,
            "opened_at_ms": opening.begun_at_ms,
            "closed_at_ms": opening.closed_at_ms,
            "delta_g": sum(weight.weight_g for weight in weighed(opening)),
            "packages_out": _joined(facts["out"]),
            "packages_in": _joined(facts["in"]),
            "verdict": _verdict(judged, odd),
            "sentence": str(facts["sentence"]),
            "authorised_by": judged.authorised_by[:40],
            "sure_permille": int(str(facts["sure_permille"])),
            "declared_g": judged.declared_g,
            "as_of_seq": opening.last_seq,
        },
    )


def _joined(names: Json) -> str:
    return ", ".join(str(name) for name in names)[:300] if isinstance(names, list) else ""


def _outing_rows(judged: Judged, sure: int) -> list[Row]:
    books, rows = judged.books, []
    for outing in judged.ended:
        known = outings.sure_of(outing, sure)
        if books.outings.out.get(outing.package) == outing:
            books.outings.out[outing.package] = known
        elif outing.state == "gone":  # should its leaving be taken back, it is out
            books.outings.parted[outing.package] = replace(known, in_at_ms=0, state="out")
        rows.append(outings.row(known, books.zone, books.people, judged.opening.last_seq))
    return rows


def _verdict(judged: Judged, odd: bool) -> str:
    if judged.opening.gaps:
        return "gap"
    if not judged.person:
        return "no_badge"
    if odd:
        return "unbalanced"
    stored = any(visit.action == "stored" for visit in judged.visits)
    return "restock" if stored else "normal"
