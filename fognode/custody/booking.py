"""The stock ledger: one movement after the other, each an event and a row, none ever changed.

A container's net follows the scale: each weighing books what the scale found beside what
was known, as use, or as a correction that nobody asked for.  So scale and rounding errors do
not pile up in the balance; what the corrections add up to is named at the end of its life.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo

from fognode.custody import amounts, packages, people, products
from fognode.custody.containers import DIFFERENCE_U_G, Container, State, Subject
from fognode.custody.draws import RULE_V, discrepancy, draw, name_of
from fognode.custody.shelf_life import effective_expiry
from fognode.events import Event, Json, Kind, Outcome, Row, RowValues, Stored, derived

# An empty package may weigh this much less than its tare says: three times what a settled
# reading may be off, as for the balance of an opening.
NEAR_G = 3 * amounts.WEIGHT_U_G
TRAIL = frozenset(
    {"take", "return", "transfer", "dispose", "defective"}
)  # told though no content moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One movement to be booked; what it does to the net is ``delta_g``."""

    movement: str
    delta_g: int = 0
    u_g: int = 0  # of delta_g
    measured: bool = True  # by the scale or a reader; False = a person says so
    by: str = ""
    reason: str = ""
    undoes: bool = False  # it takes back another movement


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What else is known; only what stored events said, never where an opening has got to."""

    packages: packages.State
    people: people.State
    zone: tzinfo = UTC  # of the days


@dataclass(slots=True, kw_only=True)
class Draft:
    """What one stored event does to the stock; rows are drawn up once, at the end."""

    told: Stored
    known: Known
    outcome: Outcome = field(default_factory=Outcome)
    numbers: Counter[str] = field(default_factory=Counter)
    touched: dict[str, Container] = field(default_factory=dict)
    since_ms: int = 0  # when what it corrects was declared; 0 = it corrects nothing

    @property
    def day(self) -> date:
        """The farm's day on which it happened."""
        return self.day_of(self.told.happened_at_ms)

    def day_of(self, at_ms: int) -> date:
        """Return the farm's day of a moment."""
        return datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(self.known.zone).date()

    def product(self, gtin: str) -> products.Product | None:
        """Return what is known of a product."""
        return products.find(self.known.packages.products, gtin)

    def draw(self, kind: Kind, facts: dict[str, Json]) -> None:
        """Add an event."""
        self.numbers[kind] += 1
        self.outcome.events.append(draw(kind, self.told, facts, number=self.numbers[kind]))

    def find(self, rule: str, container: Container, text: str, facts: dict[str, Json]) -> str:
        """Add a discrepancy of one package; return its event_id."""
        found = self.find_at(container.place, rule, text, {"package": container.package, **facts})
        subject: Subject = {"discrepancy": found, "opening": self.told.text("opening")}
        subject |= {"rule": rule, "place": container.place, "package": container.package}
        container.found.setdefault(self.told.event_id, []).append(subject)
        return found

    def find_at(self, place: str, rule: str, text: str, facts: dict[str, Json]) -> str:
        """Add a discrepancy at a place; return its event_id.

        Its origin names the rule and not the kind: other parts of custody find other things
        in the same event, and none may take another's number.
        """
        self.numbers[rule] += 1
        person = self.told.text("person") or self.told.text("by")
        base: dict[str, Json] = {"person": person} if person else {}
        base["opening"], base["rule"] = self.told.text("opening"), rule
        base["place"], base["text"] = place, text[:300]
        event = Event(
            kind=Kind.DISCREPANCY_FOUND,
            origin=derived(rule, self.told, self.numbers[rule]),
            happened_at_ms=self.told.happened_at_ms,
            facts={**base, **facts},
            rule_v=RULE_V,
        )
        self.outcome.events.append(event)
        self.outcome.rows.append(discrepancy(event, self.told.seq))
        return name_of(event)

    def withdraw(self, found: Subject, text: str) -> None:
        """Take back a discrepancy that holds no more."""
        self.draw(Kind.DISCREPANCY_CLOSED, {**found, "reason": "withdrawn", "text": text})

    def finish(self, state: State) -> Outcome:
        """Add the rows of what was touched, each once."""
        totals = dict.fromkeys(container.gtin for container in self.touched.values())
        for container in self.touched.values():
            _look_below(state, self, container)
            state.totals[container.gtin].line_up(container)
            self.outcome.rows.append(container.row(self.told.seq))
        for gtin in totals:
            self.outcome.rows.append(state.totals[gtin].row(self.told.seq))
        return self.outcome


def book(state: State, draft: Draft, container: Container, move: Move) -> None:
    """Book one movement: the balance, the sums, the event and its row.

    Nothing is told where nothing moved, but for the trail of who has it.
    """
    delta_g = _floored(container, move)
    draft.touched[container.package] = container
    if not delta_g and move.movement not in TRAIL:
        return
    container.net_g += delta_g
    container.sums_g[move.movement] += delta_g
    total = state.totals[container.gtin]
    total.net_g += delta_g
    if move.measured and delta_g:
        container.variance_g2 += move.u_g * move.u_g
    if move.movement == "use":
        day = draft.day.toordinal()
        total.used_g[day] = total.used_g.get(day, 0) - delta_g
    if not move.undoes:
        container.done.setdefault(draft.told.event_id, []).append((move.movement, delta_g))
        _restate(draft, container, move, delta_g)
    _tell(draft, container, move, delta_g)


def _look_below(state: State, draft: Draft, container: Container) -> None:
    """Find a net below zero, once all that an event leads to is booked."""
    if container.net_g >= 0:
        container.below = ""
    elif not container.below:
        text = f"{container.package}: {-container.net_g} g more went out than were in it"
        facts: dict[str, Json] = {"net_g": container.net_g}
        container.below = draft.find("stock_below_zero", container, text, facts)
        state.below[container.below] = container.package


def _restate(draft: Draft, container: Container, move: Move, delta_g: int) -> None:
    """Let the scale expect what a person declared or counted; see custody/gross.py.

    What an opening leads to is left out: judging it again must not see its own outcome.
    """
    declared = move.movement in {"use", "spill"} and not move.measured
    counted = move.movement == "adjust" and move.measured
    if draft.told.kind == Kind.HANDLE_PRODUCT or not (declared or counted):
        return
    told = draft.known.packages.restated.setdefault(container.package, {})
    at_ms = draft.since_ms or draft.told.happened_at_ms
    since_ms, before_g = told.get(draft.told.event_id, (at_ms, 0))
    told[draft.told.event_id] = (since_ms, before_g + delta_g)


def _floored(container: Container, move: Move) -> int:
    """Keep a weighed net at zero where only the uncertainty of tare and scale is below it."""
    after_g = container.net_g + move.delta_g
    if move.measured and move.delta_g < 0 and -NEAR_G <= after_g < 0 <= container.net_g:
        return -container.net_g
    return move.delta_g


def _tell(draft: Draft, container: Container, move: Move, delta_g: int) -> None:
    source = "measured" if move.measured else "declared"
    facts: dict[str, Json] = {
        "package": container.package,
        "gtin": container.gtin,
        "movement": move.movement,
        "delta_g": delta_g,
        "net_g": container.net_g,
        "u_g": move.u_g,
        "source": source,
        "cause": draft.told.event_id,
    }
    by = move.by or draft.told.text("person") or draft.told.text("by")
    facts |= {"place": container.place} if container.place else {}
    facts |= {"by": by} if by else {}
    facts |= {"reason": move.reason[:200]} if move.reason else {}
    draft.draw(Kind.STOCK_MOVED, facts)
    event = draft.outcome.events[-1]
    values: RowValues = {
        "movement": name_of(event),
        "package": container.package,
        "gtin": container.gtin,
        "what": move.movement,
        "delta_g": delta_g,
        "net_g": container.net_g,
        "u_g": move.u_g,
        "source": source,
        "place": container.place,
        "person": by[:40],
        "reason": move.reason[:200],
        "cause": draft.told.event_id,
        "at_ms": draft.told.happened_at_ms,
        "as_of_seq": draft.told.seq,
    }
    draft.outcome.rows.append(Row(table="movement", values=values))


def set_uncertainty(state: State, container: Container, u_g: int) -> None:
    """Change how sure the net of a container is, and of its product with it."""
    total = state.totals[container.gtin]
    total.variance_g2 += u_g * u_g - container.u_g * container.u_g
    container.u_g = u_g


def open_once(draft: Draft, container: Container) -> None:
    """Note the first use of a package: from then on its life after opening counts.

    Told once; again only when an earlier use comes to light.
    """
    if container.opened_on is None or container.opened_on > draft.day:
        _open(draft, container, draft.day, draft.told.event_id)


def open_again(draft: Draft, container: Container) -> None:
    """Let the first use be the earliest one left, when the one that was told is taken back."""
    container.opened_on, container.opened_by = None, ""
    container.expires_on = effective_expiry(container.label_expiry, None, 0)
    left = [
        (at_ms, cause)
        for cause, at_ms in container.told_at_ms.items()
        if container.used_by(cause) > DIFFERENCE_U_G
    ]
    if left:
        at_ms, cause = min(left)
        _open(draft, container, draft.day_of(at_ms), cause)


def _open(draft: Draft, container: Container, day: date, cause: str) -> None:
    product = draft.product(container.gtin)
    life_days = product.opened_life_days if product else 0
    container.opened_on, container.opened_by = day, cause
    container.expires_on = effective_expiry(container.label_expiry, day, life_days)
    facts: dict[str, Json] = {
        "package": container.package,
        "gtin": container.gtin,
        "opened_on": container.opened_on.isoformat(),
    }
    if container.expires_on is not None:
        facts["effective_expiry"] = container.expires_on.isoformat()
    draft.touched[container.package] = container
    draft.draw(Kind.PACKAGE_OPENED, facts)


def leave(state: State, draft: Draft, container: Container, gone: str) -> None:
    """Take a package out of the stock for good, and say whether all of it is accounted for.

    received = used + spilt + disposed + returned + residue, within the uncertainty of all
    its weighings; what is missing from that is what only corrections and counts explain.
    """
    total = state.totals[container.gtin]
    total.held.pop(container.package, None)
    set_uncertainty(state, container, 0)
    draft.touched[container.package] = container
    missing_g = -(container.sums_g["correction"] + container.sums_g["adjust"])
    u_g = amounts.root(container.variance_g2)
    if abs(missing_g) > u_g:
        _end_unbalanced(draft, container, missing_g, u_g)
    container.state, container.place = gone, ""
    # Of what is gone only its going may be told anew.
    cause = draft.told.event_id
    container.done = {cause: container.done.get(cause, [])}
    container.found = {cause: container.found.get(cause, [])}


def _end_unbalanced(draft: Draft, container: Container, missing_g: int, u_g: int) -> None:
    sums = container.sums_g
    left_g = -(sums["exit"] + sums["dispose"] + sums["defective"])
    word = "are missing" if missing_g > 0 else "are too many"
    text = (
        f"{container.package}: received {sums['receive']} g, used {-sums['use']} g, spilt"
        f" {-sums['spill']} g, left with {left_g} g: {abs(missing_g)} g {word} (+- {u_g} g)"
    )
    facts: dict[str, Json] = {"missing_g": missing_g, "u_g": u_g}
    draft.find("balance_at_end", container, text, facts)
