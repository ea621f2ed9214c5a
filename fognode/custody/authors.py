"""Who a declaration is of: a known person, or the command line of the node itself.

``by`` names the person, wherever a declaration comes from; an unknown or erased one is refused
here, before any other rule sees it.  Master data may come without ``by``: it is then of whoever
holds the control token of the node.  While nobody is known at all the first person may be
declared by anybody.  Source: requirement A79.
"""

from fognode.custody.draws import refuse
from fognode.custody.people import State
from fognode.events import REQUESTS, Kind, Outcome, Stored

KINDS = REQUESTS | {Kind.INVOICE_READ}  # a photo may be a camera's


def step(state: State, told: Stored) -> Outcome | None:
    """Return the refusal of a declaration by nobody known; None when its author holds."""
    is_first = told.kind == Kind.PERSON_SET and not state.aliases
    if told.kind not in KINDS or is_first:
        return None
    by = told.text("by")
    if by and by not in state.names:
        return refuse(told, "by names no known person", by)
    said = told.facts.get("facts")
    if told.kind != Kind.CORRECTION_DECLARED or not isinstance(said, dict):
        return None
    # Who declared it first may have been erased since.
    first = str(said.get("by", ""))
    if first and first not in state.aliases:
        return refuse(told, "by of what is corrected names no known person", first)
    return None
