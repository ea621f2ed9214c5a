"""What people declare of content: used, spilt, disposed of, returned as defective, tared.

A use that was weighed is not drawn twice: the declaration stands beside it, and beyond the
uncertainty of the weights both figures are a discrepancy.
"""

from collections.abc import Callable

from fognode.custody import amounts, outlook
from fognode.custody.booking import Draft, Move, book, leave, open_once, set_uncertainty
from fognode.custody.containers import DIFFERENCE_U_G, GONE, Container, State
from fognode.custody.draws import refuse
from fognode.custody.packages import Stage
from fognode.custody.shelf_life import is_expired
from fognode.events import Kind, Outcome

# People round what they declare, and a weight may be off: told apart beyond twice the
# uncertainty.  Source: JCGM 100:2008, 6.2.2 (expanded uncertainty).
COVERAGE = 2
# A day's uses may be declared in its evening: sessions so long ago are declared no more.
EVENING_MS = 24 * 3_600_000


def declare(state: State, draft: Draft) -> Outcome | None:
    """Take in a declaration about one package; return the refusal, or None."""
    told = draft.told
    container = state.containers.get(told.text("package"))
    if container is None:
        return refuse(told, "no such package in stock", told.text("package"))
    if container.state in GONE:
        return refuse(told, f"the package left the stock: {container.state}", container.package)
    draft.touched[container.package] = container
    package, before = draft.known.packages.packages.get(container.package), container.before
    container.stand(told.event_id, int(package.state) if package else 0)
    refusal = DECLARATIONS[Kind(told.kind)](state, draft, container)
    if refusal is None:
        if package is not None and told.kind in {Kind.USE_DECLARED, Kind.SPILL_DECLARED}:
            package.tapped = True
        state.asked[told.event_id] = (told.kind, container.package)
    else:
        container.before = before
    return refusal


# --- use ----------------------------------------------------------------------------------


def _use(state: State, draft: Draft, container: Container) -> Outcome | None:
    told = draft.told
    if ("used_g" in told.facts) == ("used_ml" in told.facts):
        return refuse(told, "say used_g or used_ml, one of them", told.text("used_g"))
    used_g: int | None = told.number("used_g")
    if "used_ml" in told.facts:
        product = draft.product(container.gtin)
        density = product.density_g_per_l if product else 0
        used_g = amounts.grams(told.number("used_ml"), density)
        if used_g is None:
            reason = "the density of the product is unknown: declare used_g, or the density first"
            return refuse(told, reason, container.gtin)
    if not used_g or used_g < 0:
        return refuse(told, "a use is more than nothing", str(used_g))
    container.declared_g += used_g
    if container.state == "out":
        return None  # compared, or drawn, when it is back
    if container.measured_g >= 0:
        _compare(draft, container)
        return None
    if is_expired(container.expires_on, draft.day):
        outlook.advise(state, draft, container)
    _draw_declared(state, draft, container)
    return None


def begin(draft: Draft, container: Container) -> None:
    """Begin a session; the one before waits a day for what people declare of it in the evening."""
    told_ms = draft.told.happened_at_ms
    left_g = container.measured_g
    if container.declared_g:  # that was compared; the rest of what was used may still be declared
        used_g = sum(grams for _, grams in container.earlier) + max(0, container.measured_g)
        left_g = 0 if container.differs else used_g - container.declared_g
        container.earlier = ()
    if left_g > COVERAGE * container.measured_u_g:
        ended_ms = container.before.placed_at_ms if container.before else told_ms
        container.earlier += ((ended_ms, left_g),)
    since_ms = told_ms - EVENING_MS
    container.earlier = tuple(one for one in container.earlier if one[0] >= since_ms)
    container.measured_g, container.declared_g, container.differs = -1, 0, None


def settle(state: State, draft: Draft, container: Container) -> None:
    """End a session of one package that is back in its place.

    What was declared while it was out is drawn where nothing was weighed; where it was, the
    judgement of the opening has compared the two (custody/handling.py).
    """
    if container.measured_g > DIFFERENCE_U_G:
        open_once(draft, container)
    elif container.measured_g < 0 and container.declared_g:
        _draw_declared(state, draft, container)


def _draw_declared(state: State, draft: Draft, container: Container) -> None:
    used_g, container.declared_g = container.declared_g, 0
    move = Move(movement="use", delta_g=-used_g, measured=False, reason="declared, not weighed")
    book(state, draft, container, move)
    open_once(draft, container)


def draw_rest(state: State, draft: Draft, container: Container) -> None:
    """Book what is left of a package that a person declares empty as used, by their word."""
    container.stand(draft.told.event_id)
    container.declared_g = 0
    rest = Move(
        movement="use",
        delta_g=-container.net_g,
        measured=False,
        reason="declared empty, not weighed",
    )
    book(state, draft, container, rest)
    open_once(draft, container)


def _compare(draft: Draft, container: Container) -> None:
    declared_g, since_ms = container.declared_g, draft.told.happened_at_ms - EVENING_MS
    earlier = [used_g for ended_ms, used_g in container.earlier if ended_ms >= since_ms]
    sums = _sums([*earlier, container.measured_g], container.measured_u_g)
    if container.differs is not None:
        draft.withdraw(container.differs, "more was declared of that session")
        container.differs = None
    if any(abs(sum_g - declared_g) <= COVERAGE * sum_u_g for sum_g, sum_u_g in sums):
        return
    measured_g, u_g = sums[0]
    times = f" in {len(earlier) + 1} sessions" if earlier else ""
    text = (
        f"{container.package}: {measured_g} g +- {u_g} g used by weight{times},"
        f" {declared_g} g declared"
    )
    facts = {"measured_g": measured_g, "declared_g": declared_g, "u_g": u_g}
    draft.find("use_differs", container, text, {**facts})
    container.differs = container.found[draft.told.event_id][-1]


def _sums(measured_g: list[int], u_g: int) -> list[tuple[int, int]]:
    """Return what a declaration may be about, and how unsure that is: all of them first.

    People declare a day's uses one by one, from the first or from the last on, or all at once.
    """
    many = range(len(measured_g), 0, -1)
    newest = [measured_g[-n:] for n in many]
    oldest = [measured_g[:n] for n in many]
    return [(sum(some), amounts.uncertainty(*[u_g] * len(some))) for some in (*newest, *oldest)]


# --- loss and parting ---------------------------------------------------------------------


def _spill(state: State, draft: Draft, container: Container) -> Outcome | None:
    told, lost_g = draft.told, draft.told.number("lost_g")
    if lost_g <= 0:
        return refuse(told, "a spill is more than nothing", told.text("lost_g"))
    if container.state != "out" and container.measured_g >= lost_g:
        # Declared afterwards: the scale has it among what that session used.
        container.measured_g -= lost_g
        reason = "was not used but spilt"
        back = Move(movement="use", delta_g=lost_g, measured=False, reason=reason)
        book(state, draft, container, back)
    reason = told.text("text")
    lost = Move(movement="spill", delta_g=-lost_g, measured=False, reason=reason)
    book(state, draft, container, lost)
    return None


PARTINGS = {  # kind: movement, state in stock, stage of the package, fact that says where to
    Kind.DISPOSAL_DECLARED: ("dispose", "disposed", Stage.DESTROYED, "how"),
    Kind.DEFECTIVE_DECLARED: ("defective", "defective", Stage.RETURNED, "supplier"),
}


def _part_with(state: State, draft: Draft, container: Container) -> Outcome | None:
    """Let a package leave with what is in it; an expired one may, and that is its only way."""
    told = draft.told
    movement, gone, stage, fact = PARTINGS[Kind(told.kind)]
    if not told.text(fact):
        return refuse(told, f"{fact} is missing", "")
    reason = "; ".join(filter(None, (told.text(fact), told.text("reason"), told.text("document"))))
    delta_g = -container.net_g
    book(
        state,
        draft,
        container,
        Move(movement=movement, delta_g=delta_g, u_g=container.u_g, measured=False, reason=reason),
    )
    leave(state, draft, container, gone)
    package = draft.known.packages.packages.get(container.package)
    if package is not None:
        package.state, package.holder, package.out_since_at_ms = stage, "", 0
        package.left_at_ms = told.happened_at_ms
        draft.outcome.rows.append(package.row(told.seq))
    return None


def exit_empty(state: State, draft: Draft) -> None:
    """Book the residue of an empty that left the farm."""
    container = state.containers.get(draft.told.text("package"))
    if container is None or container.state in GONE:
        return
    container.stand(draft.told.event_id)
    residue = Move(movement="exit", delta_g=-container.net_g, u_g=container.u_g)
    book(state, draft, container, residue)
    leave(state, draft, container, "exited")


def _tare(state: State, draft: Draft, container: Container) -> Outcome | None:
    told, tare_g = draft.told, draft.told.number("tare_g")
    most_g = container.gross_g if container.tare_g else tare_g  # else only the content is known
    if not 0 < tare_g <= most_g:
        reason = f"a tare is above zero and not above the gross weight, {container.gross_g} g"
        return refuse(told, reason, told.text("tare_g"))
    delta_g = container.tare_g - tare_g if container.weighed else 0  # a label's content stays
    container.tare_g, container.tare_with_lid = tare_g, int(told.number("with_lid", 1) == 1)
    container.tare_u_g = 0
    tared = Move(movement="correction", delta_g=delta_g, u_g=DIFFERENCE_U_G, reason="tared")
    book(state, draft, container, tared)
    # Nothing was lost: what was received is another figure than was thought.
    container.sums_g["correction"] -= delta_g
    container.sums_g["receive"] += delta_g
    if container.weighed:
        set_uncertainty(state, container, amounts.WEIGHT_U_G)
    package = draft.known.packages.packages.get(container.package)
    if package is not None:
        package.gross_g += tare_g - package.tare_g if package.declared else 0
        package.tare_g, package.tare_u_g = tare_g, 0
        draft.outcome.rows.append(package.row(told.seq))
    return None


DECLARATIONS: dict[Kind, Callable[[State, Draft, Container], Outcome | None]] = {
    Kind.USE_DECLARED: _use,
    Kind.SPILL_DECLARED: _spill,
    Kind.DISPOSAL_DECLARED: _part_with,
    Kind.DEFECTIVE_DECLARED: _part_with,
    Kind.PACKAGE_TARED: _tare,
}
