"""What a weight says of a package's content, and how far the scale itself is to be trusted."""

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
    if not container.tare_g:
        _learn_tare(draft, container, gross_g)
        return
    delta_g = gross_g - container.gross_g
    u_g = draft.told.number("u_g") if what == "use" else 0
    book(state, draft, container, Move(movement=what, delta_g=delta_g, u_g=u_g or DIFFERENCE_U_G))
    set_uncertainty(state, container, amounts.WEIGHT_U_G)
    place = draft.told.text("cabinet") or container.place
    state.weighed.setdefault(place, set()).add(container.package)
    container.doubted = place in state.wrong_scales


def _learn_tare(draft: Draft, container: Container, gross_g: int) -> None:
    # Full by its label and never opened: what it weighs beyond that is the package itself.
    if container.opened_on is None and gross_g > container.net_g > 0:
        container.tare_g = gross_g - container.net_g
        draft.touched[container.package] = container


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
