"""What a weight says of a package's content, and how far the scale itself is to be trusted."""

from dataclasses import replace

from fognode.custody import amounts
from fognode.custody.booking import Draft, Move, book, set_uncertainty
from fognode.custody.containers import DIFFERENCE_U_G, Container, State
from fognode.custody.draws import refuse
from fognode.events import Json, Outcome

CHECKED_U_G = amounts.WEIGHT_U_G  # a scale further off than that from a known weight is wrong


def weigh(state: State, draft: Draft, container: Container, gross_g: int, what: str) -> None:
    """Let the net follow the scale; the difference is booked as ``what``: use or correction."""
    if container.counted_only:
        return
    learnt_g = draft.told.number("tare_g")  # by judging the opening, from a full package
    if not container.tare_g and learnt_g:
        container.tare_g, container.tare_u_g = learnt_g, container.u_g
    if not container.tare_g:
        return
    u_g = draft.told.number("u_g") if what == "use" else 0
    follow(state, draft, container, (gross_g, Move(movement=what, u_g=u_g or DIFFERENCE_U_G)))
    place = draft.told.text("cabinet") or container.place
    state.weighed.setdefault(place, set()).add(container.package)
    container.doubted = place in state.wrong_scales


def follow(state: State, draft: Draft, container: Container, seen: tuple[int, Move]) -> None:
    """Let the net follow a gross weight; the move says how the difference is booked.

    The first weight of what came by its label says what it came with: nothing was lost.
    """
    gross_g, move = seen
    move = replace(move, delta_g=gross_g - container.gross_g)
    book(state, draft, container, move if container.weighed else _first(container, move))
    container.weighed = True
    draft.touched[container.package] = container
    u_g = amounts.uncertainty(amounts.WEIGHT_U_G, container.tare_u_g)
    set_uncertainty(state, container, u_g)


def _first(container: Container, move: Move) -> Move:
    if move.movement == "use" or container.sums_g["use"] or container.sums_g["spill"]:
        u_g = container.measured_u_g = amounts.uncertainty(container.u_g, amounts.WEIGHT_U_G)
        return replace(move, u_g=u_g)
    reason = move.reason or "weighed for the first time"
    return replace(move, movement="receive", u_g=amounts.WEIGHT_U_G, reason=reason)


def check_scale(state: State, draft: Draft) -> Outcome | None:
    """Take in a known weight; a wrong reading makes all since the last good one doubtful.

    Returns:
        The refusal, or None.
    """
    told = draft.told
    place, known_g, read_g = told.text("cabinet"), told.number("known_g"), told.number("read_g", -1)
    if not place:
        return refuse(told, "cabinet is missing", place)
    if known_g <= 0 or read_g < 0:
        reason = "known_g must be above zero and read_g not below"
        return refuse(told, reason, f"{known_g}, {read_g}")
    since = state.weighed.setdefault(place, set())
    if abs(read_g - known_g) <= CHECKED_U_G:
        state.wrong_scales.discard(place)
        since.clear()
        return None
    state.wrong_scales.add(place)
    doubted = [state.containers[package] for package in sorted(since)]
    for container in doubted:
        container.doubted = True
        draft.touched[container.package] = container
    text = (
        f"the scale of {place} shows {read_g} g for {known_g} g:"
        f" {len(doubted)} packages weighed since the last good check are in doubt"
    )
    facts: dict[str, Json] = {"known_g": known_g, "read_g": read_g}
    facts["packages"] = [*(container.package for container in doubted[:100])]
    draft.find_at(place, "scale_wrong", text, facts)
    return None
