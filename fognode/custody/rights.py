"""May this person open this cabinet and take this package?  fognode tells; it locks nothing.

Judged from what is stored of an opening, its handleProduct events and its box_closed, so an
opening that is told anew because readings came late is judged anew: what does not hold any more
is withdrawn.  Who opened a cabinet in an emergency is told of like anybody else: another person
reviews the opening and gives the reason.

Source: requirements A80 (second person), A107 (special guarding); NR 31.7 of Brazil's labour
ministry asks for trained people, the classes asked for a witness are this project's choice.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from fognode.custody import draws, orders, packages, products
from fognode.custody.booking import Known
from fognode.custody.draws import refuse
from fognode.custody.people import Person
from fognode.custody.spans import second_of, spans_of, within
from fognode.events import Event, Json, Kind, Outcome, Stored

WITNESS_CLASSES = frozenset({1, 2})  # GHS acute toxicity: fatal if swallowed, inhaled, on skin
KEPT_OPENINGS = 1_024  # custody/journal.py judges none again that is older
NAMED_MOST = 6  # packages in a text


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """A package that somebody took out; ``authorised_by`` as the opening tells it."""

    package: str
    gtin: str
    at_ms: int
    authorised_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a stored box_closed and the handleProduct events before it say."""

    cabinet: str
    person: str
    at_ms: int
    witness: str = ""  # whose second badge was shown, within 120 s
    taken: tuple[Taking, ...] = ()


@dataclass(slots=True, kw_only=True)
class Case:
    """One opening: what was taken in it, and what was found of it."""

    taken: dict[str, Taking] = field(default_factory=dict)  # event_id of the handleProduct
    found: dict[str, Event] = field(default_factory=dict)  # rule -> its discrepancy_found


@dataclass(slots=True)
class State:
    """The newest openings by id."""

    cases: dict[str, Case] = field(default_factory=dict)


KINDS = frozenset({Kind.ORDER_GIVEN, Kind.HANDLE_PRODUCT, Kind.BOX_CLOSED})


def step(state: State, told: Stored, known: Known) -> Outcome:
    """Take in an order, a package that was handled, or the closing of a cabinet."""
    if told.kind == Kind.ORDER_GIVEN:
        return _order(told, known)
    if told.kind == Kind.HANDLE_PRODUCT:
        _note(state, told, known)
    elif told.kind == Kind.BOX_CLOSED:
        return _close(state, told, known)
    return Outcome()


def correct(root: Stored, says: Stored | None, told: Stored, known: Known) -> Outcome:
    """Let an order be what its correction says, from now on; openings before keep their verdict.

    Args:
        root: The order_given.
        says: What it says now; None = withdrawn.
        told: The correction.
        known: Packages and people.
    """
    if says is not None:
        return _order(says, known, root.event_id)
    ended = orders.end(known.packages.orders, told, root.event_id)
    reason = "nothing came of it that could be withdrawn"
    return refuse(told, reason, root.event_id) if ended is None else ended


def _order(told: Stored, known: Known, root: str = "") -> Outcome:
    person, by = told.text("person"), told.text("by")
    if person not in known.people.aliases:
        return refuse(told, "person names no known person", person)
    if not known.people.may_authorise(by):
        return refuse(told, "by names nobody who may authorise", by)
    if by == person:
        return refuse(told, "an order is given by another person than the one it is for", by)
    return orders.give(known.packages.orders, told, known.zone, root)


def authoriser(known: packages.State, place: str, person: str, package: str, at_ms: int) -> str:
    """Return who ordered that a person may take a package at a place; "" = nobody."""
    about = known.packages.get(package)
    gtin = about.gtin if about else ""
    if not person:
        return ""
    wish = orders.Wish(package=package, gtin=gtin, place=place, at_ms=at_ms)
    order = orders.find(known.orders, person, wish)
    return order.by if order else ""


# --- one opening --------------------------------------------------------------------------


def _note(state: State, told: Stored, known: Known) -> None:
    case = _case(state, told.text("opening"))
    case.taken.pop(told.text("corrects"), None)
    if told.text("action") not in {"out", "used"}:
        return
    about = known.packages.packages.get(told.text("package"))
    case.taken[told.event_id] = Taking(
        package=told.text("package"),
        gtin=about.gtin if about else "",
        at_ms=told.happened_at_ms,
        authorised_by=told.text("authorised_by"),
    )


def _case(state: State, opening: str) -> Case:
    case = state.cases.get(opening)
    if case is None:
        case = state.cases[opening] = Case()
        if len(state.cases) > KEPT_OPENINGS:
            del state.cases[next(iter(state.cases))]
    return case


def _close(state: State, told: Stored, known: Known) -> Outcome:
    """Bring what was found of an opening in line with what is told of it now."""
    case, outcome = _case(state, told.text("opening")), Outcome()
    opened = Opened(
        cabinet=told.text("cabinet"),
        person=told.text("person"),
        at_ms=told.happened_at_ms,
        witness=told.text("authorised_by") or told.text("present"),
        taken=tuple(case.taken.values()),
    )
    wanted = {} if told.number("withdrawn") else judge(known, opened)
    for rule, event in list(case.found.items()):
        facts = wanted.get(rule)
        if facts is None or any(event.facts.get(key) != facts[key] for key in facts):
            text = "what is known of the opening now does not show it"
            outcome.events.append(draws.withdraw(told, case.found.pop(rule), text))
    for rule, facts in wanted.items():
        if rule in case.found:
            continue
        base: dict[str, Json] = {"opening": told.text("opening"), "place": opened.cabinet}
        found = draws.find(told, rule, {**base, "person": opened.person, **facts})
        case.found[rule] = found.events[0]
        outcome.add(found)
    return outcome


def judge(known: Known, opened: Opened) -> dict[str, dict[str, Json]]:
    """Return what is not in order with an opening: rule -> text, and package if only one.

    An opening nobody is named for has a rule of its own (custody/closing.py); the hours of a
    product count whoever took it.
    """
    found: dict[str, dict[str, Json]] = {}
    late = [taking for taking in opened.taken if _is_outside(known, taking)]
    if late:
        found["outside_hours"] = _found(_untimely(known, late), late)
    person = known.people.people.get(opened.person)
    if person is None:
        return found
    who = person.alias
    barred = [taking for taking in opened.taken if _is_too_toxic(known, person, taking)]
    if person.cabinets is not None and opened.cabinet not in person.cabinets:
        found["not_entitled"] = _found(f"{who} may not open {opened.cabinet}", barred)
    elif barred:
        text = f"{who} may handle hazard class {person.least_class} and milder only"
        found["not_entitled"] = _found(f"{text}, not {_names(barred)}", barred)
    if opened.taken and _is_over(known, person, opened.at_ms):
        text = f"the licence of {who} ended on {person.licence_until}"
        found["licence_expired"] = _found(f"{text}; taken: {_names(opened.taken)}", opened.taken)
    alone = [taking for taking in opened.taken if _is_alone(known, opened, taking)]
    if alone:
        shown = f"; {known.people.alias(opened.witness)} may not" if opened.witness else ""
        text = f"{who} took {_names(alone)}, which a second person must authorise: nobody did"
        found["no_witness"] = _found(text + shown, alone)
    return found


def _found(text: str, about: "list[Taking] | tuple[Taking, ...]") -> dict[str, Json]:
    names = list(dict.fromkeys(taking.package for taking in about))
    facts: dict[str, Json] = {"text": text[:300]}
    return facts | ({"package": names[0]} if len(names) == 1 else {})


def _names(about: "list[Taking] | tuple[Taking, ...]") -> str:
    names = list(dict.fromkeys(taking.package for taking in about))
    more = f" and {len(names) - NAMED_MOST} more" if len(names) > NAMED_MOST else ""
    return ", ".join(names[:NAMED_MOST]) + more


def _is_too_toxic(known: Known, person: Person, taking: Taking) -> bool:
    product = products.find(known.packages.products, taking.gtin)
    return product is not None and 0 < product.hazard_class < person.least_class


def _is_outside(known: Known, taking: Taking) -> bool:
    product = products.find(known.packages.products, taking.gtin)
    if product is None or not product.hours:
        return False
    second = second_of(taking.at_ms, known.zone)
    return not any(within(second, span) for span in spans_of(product.hours))


def _untimely(known: Known, late: list[Taking]) -> str:
    first = late[0]
    product = products.find(known.packages.products, first.gtin)
    at = datetime.fromtimestamp(first.at_ms // 1000, UTC).astimezone(known.zone)
    named = f"{product.name} is for {product.hours}" if product else ""
    return f"{_names(late)} taken at {at:%H:%M}: {named}"


def _is_over(known: Known, person: Person, at_ms: int) -> bool:
    day = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(known.zone).date().isoformat()
    return person.licence_until != "" and day > person.licence_until


def _is_alone(known: Known, opened: Opened, taking: Taking) -> bool:
    """Tell whether a package needs a second person and there was none."""
    product = products.find(known.packages.products, taking.gtin)
    if product is None or not (product.needs_witness or product.hazard_class in WITNESS_CLASSES):
        return False
    ordered = authoriser(
        known.packages, opened.cabinet, opened.person, taking.package, taking.at_ms
    )
    others = {opened.witness, taking.authorised_by, ordered} - {"", opened.person}
    return not any(known.people.may_authorise(other) for other in others)
