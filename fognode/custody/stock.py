"""Stock by measured weight: every movement of content, from the delivery to the last gram.

Told the stored events of the other parts (an entry, a handling, an exit) and what people
declare; never where an unfinished opening has got to, so that a second run books the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from fognode.custody import amends, amounts, outlook, recounts, stocktake, uses
from fognode.custody.booking import Draft, Known, Move, book, set_uncertainty
from fognode.custody.containers import GONE, Container, Total
from fognode.custody.containers import State as Containers
from fognode.custody.draws import refuse
from fognode.custody.products import Product
from fognode.custody.shelf_life import effective_expiry
from fognode.custody.stocktake import Counts
from fognode.custody.weighings import check_scale, weigh
from fognode.events import Kind, Outcome, Stored

# A label's content may be this much off.  Source: OIML R 87, tolerable deficiency from 1 kg on.
LABEL_U_PERMILLE = 15


@dataclass(slots=True)
class State:
    """All stock, and the stocktakes under way."""

    containers: Containers = field(default_factory=Containers)
    counts: Counts = field(default_factory=Counts)


def step(state: State, told: Stored, known: Known) -> Outcome:
    """Take in a stored event of KINDS: those that say something of content."""
    reaction = REACTIONS.get(told.kind)
    draft = Draft(told=told, known=known)
    if told.kind in REQUESTS and told.text("by") not in known.people.aliases:
        return refuse(told, "by names no known person", told.text("by"))
    if reaction is not None:
        reaction(state.containers, draft)
    else:
        refusal = _ask(state, draft)
        if refusal is not None:
            return refusal
    for gtin in {container.gtin: None for container in draft.touched.values()}:
        received = told.kind == Kind.NEW_PRODUCT_ENTRY
        outlook.check_level(draft, state.containers.totals[gtin], received=received)
    return draft.finish(state.containers)


COUNTING = frozenset({Kind.STOCKTAKE_OPENED, Kind.STOCK_COUNTED, Kind.STOCKTAKE_CLOSED})
ABOUT_ONE = frozenset(uses.DECLARATIONS)
REQUESTS = COUNTING | ABOUT_ONE | {Kind.SCALE_CHECKED}


def _ask(state: State, draft: Draft) -> Outcome | None:
    if draft.told.kind == Kind.CORRECTION_DECLARED:
        named = draft.told.text("corrects")
        if named in state.counts.waiting or named in state.counts.applied:
            return recounts.correct(state.counts, state.containers, draft)
        return amends.correct(state.containers, draft)
    if draft.told.kind in COUNTING:
        return stocktake.step(state.counts, state.containers, draft)
    if draft.told.kind in ABOUT_ONE:
        return uses.declare(state.containers, draft)
    return check_scale(state.containers, draft)


# --- in -----------------------------------------------------------------------------------


def _receive(state: Containers, draft: Draft) -> None:
    told = draft.told
    product = draft.product(told.text("gtin"))
    tare_g = told.number("tare_g") or (product.tare_g if product else 0)
    content_g, measured = _content(told, product, tare_g)
    label_u_g = max(amounts.WEIGHT_U_G, content_g * LABEL_U_PERMILLE // 1000)
    u_g = amounts.WEIGHT_U_G if measured else label_u_g
    container = state.containers.get(told.text("package"))
    if container is None:
        container = _enter(state, draft, tare_g)
        set_uncertainty(state, container, u_g)
    else:  # the same delivery, told anew
        container.label_expiry, container.tare_g = told.text("expires_on"), tare_g
    container.counted_only = amounts.is_countable_only(content_g)
    delta_g = content_g - container.sums_g["receive"]
    received = Move(movement="receive", delta_g=delta_g, u_g=u_g, measured=measured)
    book(state, draft, container, received)


def _enter(state: Containers, draft: Draft, tare_g: int) -> Container:
    told = draft.told
    container = Container(
        package=told.text("package"),
        gtin=told.text("gtin"),
        label_expiry=told.text("expires_on"),
        tare_g=tare_g,
        tare_with_lid=told.number("tare_with_lid", 1),
        place=told.text("site"),
        received_at_ms=told.happened_at_ms,
        expires_on=effective_expiry(told.text("expires_on"), None, 0),
        told_gross_g=told.number("gross_g"),
    )
    total = state.totals.setdefault(container.gtin, Total(gtin=container.gtin))
    total.first_day = total.first_day or draft.day.toordinal()
    total.held[container.package] = state.containers[container.package] = container
    return container


def _content(told: Stored, product: Product | None, tare_g: int) -> tuple[int, bool]:
    """Return what came in a package, and whether that was weighed or read from the label."""
    if told.number("gross_g") and tare_g:
        return amounts.net_g(told.number("gross_g"), tare_g), True
    if told.number("content_g"):
        return told.number("content_g"), False
    if product is None:
        return 0, False
    by_volume_g = amounts.grams(product.content_ml, product.density_g_per_l)
    return product.content_g or by_volume_g or 0, False


# --- taken, used, returned ----------------------------------------------------------------


def _handle(state: Containers, draft: Draft) -> None:
    told = draft.told
    container = state.containers.get(told.text("package"))
    if container is None or container.state in GONE:
        return
    draft.touched[container.package] = container
    net_g, anew = container.net_g, told.text("corrects")
    newest = amends.undo(state, draft, container, anew) if anew else True
    # Cabinets end their openings in any order: an older one says nothing of where it is now.
    if not newest or told.happened_at_ms < container.placed_at_ms:
        amends.restate(state, draft, container, net_g)
        return
    if told.text("action") == "withdrawn":
        return
    container.stand(told.event_id)
    container.placed_at_ms = told.happened_at_ms
    stocktake.reappear(state, draft, container)
    action, gross_g = told.text("action"), told.number("gross_g")
    if action in {"out", "used"}:
        _take(state, draft, container)
    if action != "out":
        # One that was taken and returned in one opening says what it weighed when taken; on its
        # return it was weighed if that changed the gross weight on record.
        weighed = "weight_g" in told.facts
        weighed = weighed or (action == "used" and gross_g != container.told_gross_g)
        _bring(state, draft, container, gross_g if weighed else 0)
    container.told_gross_g = gross_g


def _take(state: Containers, draft: Draft, container: Container) -> None:
    outlook.advise(state, draft, container)
    if "weight_g" in draft.told.facts:
        weigh(state, draft, container, draft.told.number("weight_g"), "correction")
    container.state, container.place = "out", ""
    container.measured_g, container.declared_g, container.differs = -1, 0, None
    book(state, draft, container, Move(movement="take"))


def _bring(state: Containers, draft: Draft, container: Container, gross_g: int) -> None:
    """Book what a package lost outside, and that it is back; gross_g 0 = it was not weighed."""
    cabinet, was_at = draft.told.text("cabinet"), container.place
    # One that turned up elsewhere first was out all the same: its opening says so.
    was_out = container.state == "out" or draft.told.text("action") == "back"
    container.place, container.state = cabinet, "stored"
    if gross_g:
        before_g = container.net_g
        lighter = was_out and gross_g < container.gross_g
        weigh(state, draft, container, gross_g, "use" if lighter else "correction")
        if was_out and container.tare_g and not container.counted_only:
            container.measured_g = max(0, before_g - container.net_g)
            container.measured_u_g = draft.told.number("u_g") or container.measured_u_g
    if was_out:
        book(state, draft, container, Move(movement="return"))
        uses.settle(state, draft, container)
    elif was_at != cabinet:
        book(state, draft, container, Move(movement="transfer"))


def _move(state: Containers, draft: Draft) -> None:
    container = state.containers.get(draft.told.text("package"))
    if container is None or container.state in GONE:
        return
    if draft.told.happened_at_ms < container.placed_at_ms:
        return
    stocktake.reappear(state, draft, container)
    container.place, container.placed_at_ms = draft.told.text("to"), draft.told.happened_at_ms
    book(state, draft, container, Move(movement="transfer"))


def _empty(state: Containers, draft: Draft) -> None:
    container = state.containers.get(draft.told.text("package"))
    if container is None or container.state in GONE:
        return
    if draft.told.text("source") == "declared" and container.net_g > 0:
        uses.draw_rest(state, draft, container)
    container.empty = draft.told.number("withdrawn") == 0
    draft.touched[container.package] = container


def _explain(state: Containers, draft: Draft) -> None:
    # What goes further below zero after that is a new discrepancy.
    package = state.below.pop(draft.told.text("discrepancy"), "")
    if package:
        state.containers[package].below = ""


REACTIONS: dict[str, Callable[[Containers, Draft], None]] = {
    Kind.NEW_PRODUCT_ENTRY: _receive,
    Kind.HANDLE_PRODUCT: _handle,
    Kind.PACKAGE_MOVED: _move,
    Kind.PACKAGE_EMPTIED: _empty,
    Kind.EMPTY_PACKAGE_EXIT: uses.exit_empty,
    Kind.PACKAGE_RESTATED: amends.follow,
    Kind.HOUR_BEGAN: outlook.begin_hour,
    Kind.DISCREPANCY_CLOSED: _explain,
}
KINDS = REQUESTS | frozenset(REACTIONS) | {Kind.CORRECTION_DECLARED}
