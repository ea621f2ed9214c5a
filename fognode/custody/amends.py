"""What is told anew of the stock: what it booked first is taken back by movements of its own.

An opening is told again when readings of it come late (``corrects``), a declaration when a
person corrects it.  The movements that stood stay; each is followed by its opposite, then by
what holds now, so the balance is a sum all the same.
"""

from dataclasses import replace

from fognode.custody import uses
from fognode.custody.booking import Draft, Move, book, leave, open_again, open_once, set_uncertainty
from fognode.custody.containers import DIFFERENCE_U_G, GONE, Container, Standing, State
from fognode.custody.packages import Stage
from fognode.events import Outcome


def undo(state: State, draft: Draft, container: Container, cause: str) -> bool:
    """Take back what a stored event booked and found.

    Returns:
        Whether nothing was told of the package since: then it stands as before that event.
    """
    for movement, delta_g in container.done.pop(cause, ()):
        reason = f"told anew, took back {cause}"
        back = Move(movement=movement, delta_g=-delta_g, measured=False, reason=reason, undoes=True)
        if delta_g:
            book(state, draft, container, back)
    restated = draft.known.packages.restated.get(container.package, {})
    draft.since_ms = restated.pop(cause, (0, 0))[0]
    for found in container.found.pop(cause, ()):
        if state.below.pop(found["discrepancy"], ""):
            container.below = ""
        draft.withdraw(found, "what it was found in was told anew")
    if container.opened_by == cause:
        open_again(draft, container)
    draft.touched[container.package] = container
    if container.before is None or container.before.cause != cause:
        return False
    _stand_as(state, draft, container, container.before)
    return True


def _stand_as(state: State, draft: Draft, container: Container, before: Standing) -> None:
    if container.state in GONE and before.state not in GONE:
        state.totals[container.gtin].held[container.package] = container
        package = draft.known.packages.packages.get(container.package)
        if package is not None and before.stage:
            package.state, package.left_at_ms = before.stage, 0
            draft.outcome.rows.append(package.row(draft.told.seq))
    container.state, container.place = before.state, before.place
    container.placed_at_ms = before.placed_at_ms
    container.measured_g, container.declared_g = before.measured_g, before.declared_g
    container.earlier = before.earlier
    container.told_gross_g, container.weighed = before.told_gross_g, before.weighed
    container.tare_g, container.tare_u_g = before.tare_g, before.tare_u_g
    container.before = None
    set_uncertainty(state, container, before.u_g)


def restate(state: State, draft: Draft, container: Container, net_g: int) -> None:
    """Book the use of an opening that is told after later ones; place and net are theirs."""
    used_g = draft.told.number("used_g")
    delta_g = net_g + used_g - container.net_g  # first, lest the net sink below zero meanwhile
    settled = Move(movement="correction", delta_g=delta_g, reason="weighed since")
    book(state, draft, container, settled)
    book(state, draft, container, Move(movement="use", delta_g=-used_g))
    if used_g > DIFFERENCE_U_G:
        open_once(draft, container)


def follow(state: State, draft: Draft) -> None:
    """Take back the exit or the delivery of a package that a correction took back."""
    undoes = draft.told.text("undoes")
    container = state.containers.get(draft.told.text("package"))
    if container is None or not undoes:
        return
    if not undo(state, draft, container, undoes) and not draft.told.number("state"):
        leave(state, draft, container, "withdrawn")
    if 0 < draft.told.number("state") < Stage.EMPTY:
        container.empty = False


def correct(state: State, draft: Draft) -> Outcome | None:
    """Follow the correction of a declaration about one package; return the refusal, or None."""
    told = draft.told
    kind, package = state.asked.get(told.text("corrects"), ("", ""))
    if not kind or told.text("by") not in draft.known.people.aliases:
        return None  # none of the stock's; who may correct is told elsewhere
    undo(state, draft, state.containers[package], told.text("corrects"))
    facts = told.facts.get("facts")
    if not isinstance(facts, dict):
        return None
    draft.told = replace(told, kind=kind, facts=facts)
    return uses.declare(state, draft)
