"""A count that is corrected: what it adjusted is taken back, then what it should have said.

In a stocktake that is under way another count simply takes its place.  What was found missing
and has turned up since has settled itself: nothing of that count is left to correct.
"""

from dataclasses import replace

from fognode.custody import amends, stocktake
from fognode.custody.booking import Draft
from fognode.custody.containers import GONE, Container, State
from fognode.custody.draws import refuse
from fognode.custody.stocktake import Applied, Counts
from fognode.events import Kind, Outcome, Stored


def correct(counts: Counts, state: State, draft: Draft) -> Outcome | None:
    """Follow the correction of a stock_counted; return the refusal, or None."""
    told, named = draft.told, draft.told.text("corrects")
    if told.text("by") not in draft.known.people.aliases:
        return None  # told elsewhere
    facts = told.facts.get("facts")
    says = (
        replace(told, kind=str(Kind.STOCK_COUNTED), facts=facts)
        if isinstance(facts, dict)
        else None
    )
    if named in counts.waiting:
        return _replace(counts, state, draft, says)
    applied = counts.applied.get(named)
    return None if applied is None else _again(counts, state, draft, (applied, says))


def _replace(counts: Counts, state: State, draft: Draft, says: Stored | None) -> Outcome | None:
    """Let the other count stand, or none, until the stocktake is closed."""
    named = draft.told.text("corrects")
    taken = counts.under_way[counts.waiting[named]]
    if says is not None:
        container = state.containers.get(says.text("package"))
        if wrong := _wrong(counts, container, says):
            return refuse(draft.told, wrong, says.text("package"))
    taken.counts = {one: found for one, found in taken.counts.items() if found.told != named}
    if says is not None:
        taken.counts[says.text("package")] = stocktake.read(says, says.event_id)
        counts.waiting[says.event_id] = taken.stocktake
    return None


def _again(
    counts: Counts, state: State, draft: Draft, found: tuple[Applied, Stored | None]
) -> Outcome | None:
    applied, says = found
    container = state.containers[applied.package]
    named = draft.told.text("corrects")
    if container.state in GONE:
        return refuse(draft.told, f"the package left the stock: {container.state}", named)
    was_missing = any(one["rule"] == MISSING for one in container.found.get(applied.cause, ()))
    if was_missing and container.state != "missing":
        reason = "the package has turned up since: count it again"
        return refuse(draft.told, reason, container.package)
    counted = state.containers.get(says.text("package")) if says is not None else None
    if says is not None and (wrong := _wrong(counts, counted, says)):
        return refuse(draft.told, wrong, says.text("package"))
    del counts.applied[named]
    _take_back(state, draft, container, applied)
    if says is not None and counted is not None:
        draft.told = says
        stocktake.apply(counts, state, draft, (counted, stocktake.read(says, says.event_id)))
    return None


MISSING = "missing_in_count"


def _take_back(state: State, draft: Draft, container: Container, applied: Applied) -> None:
    amends.undo(state, draft, container, applied.cause)
    if container.state == "missing":  # more was told of it since
        container.state = "stored" if container.place else "out"
    container.missing_g = 0
    if container.label_expiry != applied.expires_on:
        stocktake.relabel(draft, container, applied.expires_on)


def _wrong(counts: Counts, container: Container | None, says: Stored) -> str:
    if container is None:
        return "no such package in stock"
    # Whether its stocktake is still open is no matter of the correction.
    bare = {name: value for name, value in says.facts.items() if name != "stocktake"}
    return stocktake.find_wrong(counts, container, replace(says, facts=bare))
