"""What a correction of a declaration leads to; the record of the first stays as it was.

    product_set                        the product as corrected
    delivery_declared                  the package, its entry told anew, its deadline
    rinse, seal, exit, batch, receipt  the way back: custody/restated.py
    photo_kept                         what the photo shows
    use, spill, disposal, defective,   the stock: custody/amends.py
    package_tared, stock_counted
    order_given                        the order, from now on: custody/rights.py
    tag_bound, tag_unbound             the binding: custody/tags.py
    prescription_set                   the limit and the verdicts: custody/prescriptions.py

A correction can be corrected in turn; what holds is the last word of the chain
(fognode/corrections.py).
"""

from dataclasses import dataclass, field, replace
from datetime import date

from fognode.corrections import standings
from fognode.custody import contents, evidence, packages, products, restated, rights, ways
from fognode.custody.booking import Known
from fognode.custody.draws import draw, refuse
from fognode.custody.packages import Package, Stage
from fognode.custody.products import Product
from fognode.custody.restated import Case
from fognode.events import CORRECTABLE, Event, Kind, Outcome, Stored

BY_STOCK = frozenset(
    {
        Kind.USE_DECLARED,
        Kind.SPILL_DECLARED,
        Kind.DISPOSAL_DECLARED,
        Kind.DEFECTIVE_DECLARED,
        Kind.PACKAGE_TARED,
        Kind.STOCK_COUNTED,
    }
)
BY_THEIR_OWN = BY_STOCK | {Kind.TAG_BOUND, Kind.TAG_UNBOUND, Kind.PRESCRIPTION_SET}
KINDS = CORRECTABLE | {Kind.CORRECTION_DECLARED, Kind.NEW_PRODUCT_ENTRY}
# What a package is.  Its token stands for it, so a correction cannot make another one of it.
FIXED = ("package", "gtin", "serial", "tag", "site")
CHANGED = ("lot", "expires_on", "invoice", "source", "prescription")
AMOUNTS = ("gross_g", "tare_g", "content_g")


@dataclass(slots=True)
class State:
    """Declarations that may be corrected, and what was said of each since."""

    told: dict[str, Stored] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)  # correction -> what it is about
    said: dict[str, list[Stored]] = field(default_factory=dict)  # declaration -> corrections
    entries: dict[str, Stored] = field(default_factory=dict)  # package -> its newest entry
    entered: dict[str, str] = field(default_factory=dict)  # package -> its delivery_declared


def step(state: State, told: Stored, known: Known, way: ways.State) -> Outcome:
    """Remember what may be corrected; follow a correction."""
    if told.kind == Kind.NEW_PRODUCT_ENTRY:
        state.entries[told.text("package")] = told
        return Outcome()
    if told.kind != Kind.CORRECTION_DECLARED:
        state.told[told.event_id] = told
        if told.kind == Kind.DELIVERY_DECLARED and told.text("package") in known.packages.packages:
            state.entered.setdefault(told.text("package"), told.event_id)
        return Outcome()
    if told.text("by") not in known.people.aliases:
        return refuse(told, "by names no known person", told.text("by"))
    named = told.text("corrects")
    name = state.roots.get(named, named)
    root = state.told.get(name)
    if root is None:
        return refuse(told, "there is no such event that can be corrected", named)
    state.roots[told.event_id] = name
    state.said.setdefault(name, []).append(told)
    if root.kind in BY_THEIR_OWN:
        return Outcome()  # the stock, the tags or the prescriptions follow it
    return _follow(state, _case(state, root, told, known), way)


def _case(state: State, root: Stored, told: Stored, known: Known) -> Case:
    stands = standings(state.said[root.event_id]).get(root.event_id)
    says: Stored | None = restated.corrected(root, told, dict(root.facts))
    if stands is not None:
        says = restated.corrected(root, told, dict(stands.facts))
    if stands is not None and stands.withdrawn:
        says = None
    return Case(root=root, says=says, told=told, known=known)


def _follow(state: State, case: Case, way: ways.State) -> Outcome:
    kind = case.root.kind
    if kind in restated.RULES:
        return restated.restate(way, case)
    if kind == Kind.PHOTO_KEPT:
        return _photo(way, case)
    if kind == Kind.DELIVERY_DECLARED:
        return _delivery(state, case)
    if kind == Kind.ORDER_GIVEN:
        return rights.correct(case.root, case.says, case.told, case.known)
    if case.says is None:
        return refuse(case.told, "a product stays: declare it anew instead", case.root.text("gtin"))
    return products.step(case.known.packages.products, case.says)


# --- a photo ------------------------------------------------------------------------------


def _photo(way: ways.State, case: Case) -> Outcome:
    """Let a photo show what it shows now; a step it was to show may lose that."""
    photo = case.root.text("photo")
    if case.says is None:
        way.evidence.photos.pop(photo, None)
    else:
        facts = {**case.root.facts, **case.says.facts}
        evidence.keep(way.evidence, replace(case.root, facts=facts))
    outcome = Outcome()
    for one in way.ways.values():  # a correction of a photo is rare
        if one.photo != photo or "photo" not in one.shown:
            continue
        kept = way.evidence.photos.get(photo)
        if kept is not None and kept.about == one.package:
            continue
        one.shown = one.shown.removeprefix("photo").removeprefix(" and ")
        one.photo = ""
        package = case.known.packages.packages[one.package]
        outcome.add(case.restate(package, package.state, shown=one.shown))
        outcome.rows.append(one.row(case.told.seq))
    return outcome


# --- a delivery ---------------------------------------------------------------------------


def _delivery(state: State, case: Case) -> Outcome:
    root, says = case.root, case.says
    package = case.known.packages.packages.get(root.text("package"))
    entered = state.entered.get(root.text("package"))
    if package is None or entered != root.event_id:
        if says is None:
            return refuse(case.told, "nothing came of it that could be withdrawn", root.event_id)
        return packages.step(case.known.packages, says, case.known.people.badges)
    if package.state == Stage.NONE:
        return refuse(case.told, "the delivery was withdrawn; declare a new one", package.package)
    entry = state.entries[package.package]
    if says is None:
        return _withdraw(case, package, entry)
    return _change(case, package, entry, says)


def _spellings(root: Stored, entry: Stored, name: str) -> set[str]:
    told = root.text(name)
    return {told, told.upper(), entry.text(name), entry.text(name).removeprefix("0")}


def _change(case: Case, package: Package, entry: Stored, says: Stored) -> Outcome:
    """Tell the entry anew: stock, deadline and invoice follow it."""
    for name in FIXED:
        if name in says.facts and says.text(name) not in _spellings(case.root, entry, name):
            reason = f"{name} cannot be corrected: withdraw the delivery and declare it anew"
            return refuse(case.told, reason, says.text(name))
    product = products.find(case.known.packages.products, package.gtin)
    wrong = contents.find_wrong(says, product) if product else None
    if "gross_g" in entry.facts and "gross_g" not in says.facts:
        wrong = "a weight can be corrected, and not taken back", entry.text("gross_g")
    if product is None or wrong is not None:
        return refuse(case.told, *(wrong or ("no such product", package.gtin)))
    facts = {name: value for name, value in entry.facts.items() if name not in AMOUNTS}
    facts |= {name: says.facts[name] for name in CHANGED if name in says.facts}
    facts |= contents.facts_of(says, product)
    try:
        date.fromisoformat(says.text("expires_on") or "2000-01-01")
    except ValueError:
        return refuse(case.told, "expires_on is no day", says.text("expires_on"))
    for name in ("lot", "expires_on", "invoice", "source"):
        setattr(package, name, str(facts.get(name, "")))
    _reweigh(package, says, product)
    facts |= {"corrects": case.root.event_id, "by": case.told.text("by")}
    event: Event = draw(Kind.NEW_PRODUCT_ENTRY, case.told, facts)
    outcome = case.restate(package, package.state)
    return Outcome(events=[event, *outcome.events], rows=outcome.rows)


def _reweigh(package: Package, says: Stored, product: Product) -> None:
    """Let a package weigh what its delivery says now, unless a scale has told since."""
    if tare_g := contents.tare_of(says, product):
        package.tare_g, package.tare_u_g = tare_g, 0
    if package.weighed:
        return
    package.declared = not says.number("gross_g")
    package.gross_g = says.number("gross_g") or contents.label_g(product) + package.tare_g


def _withdraw(case: Case, package: Package, entry: Stored) -> Outcome:
    """Let a package be one that never came; only while nobody has used it."""
    if package.state != Stage.SEALED or package.holder:
        reason = "only a package that was never used can be withdrawn"
        return refuse(case.told, reason, Stage(package.state).name)
    tags, was = case.known.packages.tags, package.state
    if tags.get(package.tag) == package.package:
        del tags[package.tag]
    package.state = Stage.NONE
    return case.restate(package, was, undoes=entry.event_id)
