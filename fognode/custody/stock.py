"""Stock by measured weight: every movement of content, from the delivery to the last gram.

Told the stored events of the other parts (an entry, a handling, an exit) and what people
declare; never where an unfinished opening has got to, so that a second run books the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from fognode.custody import amends, amounts, contents, outlook, recounts, stocktake, uses
from fognode.custody.booking import Draft, Known, Move, book, set_uncertainty
from fognode.custody.containers import GONE, Container, Total
from fognode.custody.containers import State as Containers
from fognode.custody.draws import refuse
from fognode.custody.products import Product
from fognode.custody.shelf_life import effective_expiry
from fognode.custody.stocktake import Counts
from fognode.custody.weighings import check_scale, weigh
from fognode.events import Kind, Outcome, Stored


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
    u_g = amounts.WEIGHT_U_G if measured else contents.label_u_g(content_g)
    container = state.containers.get(told.text("package"))
    if container is None:
        container = _enter(state, draft, (tare_g, content_g, measured))
        set_uncertainty(state, container, u_g)
    else:  # the same delivery, told anew
        _tell_anew(state, draft, container, (tare_g, measured))
    container.counted_only = amounts.is_countable_only(content_g)
    delta_g = content_g - container.sums_g["receive"]
    if container.weighed and not measured:
        delta_g = 0  # what its label says counts no more
    received = Move(movement="receive", delta_g=delta_g, u_g=u_g, measured=measured)
    book(state, draft, container, received)


def _tell_anew(
    state: Containers, draft: Draft, container: Container, said: tuple[int, bool]
) -> None:
    tare_g, measured = said
    if tare_g:
        container.tare_g, container.tare_u_g = tare_g, 0
    if measured and not container.weighed:
        container.weighed = True
        set_uncertainty(state, container, amounts.WEIGHT_U_G)
    if container.label_expiry != draft.told.text("expires_on"):
        stocktake.relabel(draft, container, draft.told.text("expires_on"))


def _enter(state: Containers, draft: Draft, came: tuple[int, int, bool]) -> Container:
    """Enter a package with its tare, its content, and whether that was weighed."""
    told, (tare_g, content_g, measured) = draft.told, came
    container = Container(
        package=told.text("package"),
        gtin=told.text("gtin"),
        label_expiry=told.text("expires_on"),
        tare_g=tare_g,
        tare_with_lid=told.number("tare_with_lid", 1),
        place=told.text("site"),
        received_at_ms=told.happened_at_ms,
        expires_on=effective_expiry(told.text("expires_on"), None, 0),
        told_gross_g=told.number("gross_g") or content_g + tare_g,
        weighed=measured,
    )
    total = state.totals.setdefault(container.gtin, Total(gtin=container.gtin))
    total.first_day = total.first_day or draft.day.toordinal()
    total.held[container.package] = state.containers[container.package] = container
    return container


def _content(told: Stored, product: Product | None, tare_g: int) -> tuple[int, bool]:
    """Return what came in a package, and whether that was weighed or read from the label."""
    if told.number("gross_g") and tare_g:
        return amounts.net_g(told.number("gross_g"), tare_g), True
    return told.number("content_g") or contents.label_g(product), False


# --- taken, used, returned ----------------------------------------------------------------


def _handle(state: Containers, draft: Draft) -> None:
    told = draft.told
    container = state.containers.get(told.text("package"))
    if container is None or container.state in GONE:
        return
    draft.touched[container.package] = container
    net_g, anew = container.net_g, told.text("corrects")
    # What was withdrawn and holds after all booked nothing that could be taken back.
    was_ms, at_ms = container.told_at_ms.get(anew, -1), told.happened_at_ms
    newest = not anew or was_ms == 0 or amends.undo(state, draft, container, anew)
    gone = told.text("action") == "withdrawn"
    container.told_at_ms[told.event_id] = 0 if gone else at_ms
    # Cabinets end their openings in any order: an older one says nothing of where it is now.
    # Told anew it is the newest all the same when its opening turned out to be a later one.
    stays = gone or was_ms == at_ms == container.placed_at_ms
    if at_ms < container.placed_at_ms or (stays and not newest):
        amends.restate(state, draft, container, net_g)
        return
    if gone:
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
    uses.begin(draft, container)
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
        elif was_out and "used_g" in draft.told.facts and not container.counted_only:
            _use_by_difference(state, draft, container)
    if was_out:
        book(state, draft, container, Move(movement="return"))
        uses.settle(state, draft, container)
    elif was_at != cabinet:
        book(state, draft, container, Move(movement="transfer"))


def _use_by_difference(state: Containers, draft: Draft, container: Container) -> None:
    """Book a use that two weighings show though nobody knows the tare, nor so the content."""
    used_g, u_g = draft.told.number("used_g"), draft.told.number("u_g")
    book(state, draft, container, Move(movement="use", delta_g=-used_g, u_g=u_g))
    container.measured_g, container.measured_u_g = used_g, u_g


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
