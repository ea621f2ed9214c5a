"""Counting: what is really there, by scan or by weight, without being shown what should be.

A difference is an adjust movement with its reason and the name of who counted; nothing is
overwritten.  Outside a stocktake anybody may count one package: it is adjusted at once.
"""

from dataclasses import dataclass, field

from fognode.custody.booking import Draft, Move, book
from fognode.custody.containers import DIFFERENCE_U_G, GONE, NOT_TOLD, Container, State
from fognode.custody.draws import refuse
from fognode.custody.products import is_day
from fognode.custody.shelf_life import effective_expiry
from fognode.custody.weighings import follow
from fognode.events import Kind, Outcome, Row, RowValues, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One package as somebody found it."""

    gross_g: int  # -1 = seen, not weighed
    present: bool
    reason: str
    by: str
    expires_on: str = ""  # as read from the label while counting; "" = not looked at
    told: str = ""  # event_id of the stock_counted; "" = nobody found it


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A count that adjusted the stock."""

    package: str
    cause: str  # event_id that its movements hang on: its own, or of the stocktake's closing
    expires_on: str  # the label's, before


@dataclass(slots=True, kw_only=True)
class Stocktake:
    """One count of a place, from its opening to its closing."""

    stocktake: str
    cabinet: str
    by: str
    opened_at_ms: int
    expected: tuple[str, ...]  # packages; hidden from who counts until it is closed
    counts: dict[str, Count] = field(default_factory=dict)


@dataclass(slots=True)
class Counts:
    """The stocktakes under way; the ids of those that are over are never used again."""

    under_way: dict[str, Stocktake] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)
    waiting: dict[str, str] = field(default_factory=dict)  # stock_counted -> stocktake, not closed
    applied: dict[str, Applied] = field(default_factory=dict)  # stock_counted -> what it did


def step(counts: Counts, state: State, draft: Draft) -> Outcome | None:
    """Take in the opening, a count or the closing; return the refusal, or None."""
    if draft.told.kind == Kind.STOCKTAKE_OPENED:
        return _open(counts, state, draft)
    if draft.told.kind == Kind.STOCK_COUNTED:
        return _count(counts, state, draft)
    return _close(counts, state, draft)


def _open(counts: Counts, state: State, draft: Draft) -> Outcome | None:
    told = draft.told
    name, cabinet = told.text("stocktake"), told.text("cabinet")
    if not 0 < len(name) <= 60 or name in counts.under_way or name in counts.over:
        return refuse(told, "stocktake is not a new id of 1 to 60 characters", name)
    if not 0 < len(cabinet) <= 40:
        return refuse(told, "cabinet is missing", cabinet)
    if any(other.cabinet == cabinet for other in counts.under_way.values()):
        return refuse(told, "a stocktake of this place is under way: close it first", cabinet)
    found = [c for c in state.containers.values() if c.place == cabinet and c.state == "stored"]
    counts.under_way[name] = Stocktake(
        stocktake=name,
        cabinet=cabinet,
        by=told.text("by"),
        opened_at_ms=told.happened_at_ms,
        expected=tuple(container.package for container in found),
    )
    draft.outcome.rows.append(_row(counts.under_way[name], told.seq))
    return None


def _count(counts: Counts, state: State, draft: Draft) -> Outcome | None:
    told = draft.told
    container = state.containers.get(told.text("package"))
    if container is None:
        return refuse(told, "no such package in stock", told.text("package"))
    wrong = find_wrong(counts, container, told)
    if wrong:
        return refuse(told, wrong, container.package)
    found = read(told, told.event_id)
    under_way = counts.under_way.get(told.text("stocktake"))
    if under_way is not None:
        under_way.counts[container.package] = found  # the last count of a package holds
        counts.waiting[told.event_id] = under_way.stocktake
    else:
        apply(counts, state, draft, (container, found))
    return None


def apply(
    counts: Counts, state: State, draft: Draft, counted: tuple[Container, Count], cabinet: str = ""
) -> None:
    """Adjust the stock by a count; ``cabinet`` is where a stocktake found it."""
    container, found = counted
    cause, label = draft.told.event_id, container.label_expiry
    container.stand(cause)
    if cabinet and found.present and container.place != cabinet:
        _found(draft, container, cabinet)
    _adjust(state, draft, container, found)
    if found.told:
        applied = Applied(package=container.package, cause=cause, expires_on=label)
        counts.applied[found.told] = applied


def read(told: Stored, event_id: str) -> Count:
    """Return what a stock_counted says."""
    return Count(
        gross_g=told.number("gross_g", -1),
        present="gross_g" in told.facts or told.number("present") == 1,
        reason=told.text("reason"),
        by=told.text("by"),
        expires_on=told.text("expires_on"),
        told=event_id,
    )


def find_wrong(counts: Counts, container: Container, told: Stored) -> str:
    """Return why a count is refused, "" for nothing."""
    if container.state in GONE:
        return f"the package left the stock: {container.state}"
    if told.text("stocktake") and told.text("stocktake") not in counts.under_way:
        return f"no stocktake {told.text('stocktake')[:60]} is open"
    if "gross_g" not in told.facts and "present" not in told.facts:
        return "say gross_g, or present = 1 or 0"
    if "gross_g" in told.facts and (told.number("gross_g") <= 0 or container.tare_g == 0):
        return "no net without a weight and a tare: declare package_tared"
    if told.text("expires_on") and not is_day(told.text("expires_on")):
        return "expires_on is no day of the calendar"
    return "" if told.text("reason") else "reason is missing"


def _close(counts: Counts, state: State, draft: Draft) -> Outcome | None:
    told = draft.told
    taken = counts.under_way.pop(told.text("stocktake"), None)
    if taken is None:
        return refuse(told, "no such stocktake is open", told.text("stocktake"))
    counts.over.add(taken.stocktake)
    counts.waiting = {one: name for one, name in counts.waiting.items() if name != taken.stocktake}
    before = len(draft.outcome.events)
    for package, found in taken.counts.items():
        container = state.containers[package]
        if container.state in GONE:
            continue  # it left between its count and the closing
        apply(counts, state, draft, (container, found), taken.cabinet)
    for package in taken.expected:
        container = state.containers[package]
        still = container.place == taken.cabinet and container.state == "stored"
        if package not in taken.counts and still:
            reason = f"not found in stocktake {taken.stocktake}"
            _adjust(
                state,
                draft,
                container,
                Count(gross_g=-1, present=False, reason=reason, by=told.text("by")),
            )
    changes = draft.outcome.events[before:]
    draft.outcome.rows.append(_row(taken, told.seq, told, changes=len(changes)))
    return None


def _found(draft: Draft, container: Container, cabinet: str) -> None:
    """Say that a package stands where it was not expected; from now on that is its place."""
    was = container.place or container.state
    text = f"{container.package} was counted in {cabinet}, it was expected elsewhere: {was}"
    container.place, container.placed_at_ms = cabinet, draft.told.happened_at_ms
    draft.find("found_in_count", container, text, {"expected": was})
    if container.state == "out":
        container.state = "stored"


def _adjust(state: State, draft: Draft, container: Container, found: Count) -> None:
    draft.touched[container.package] = container
    if not found.present:
        _miss(state, draft, container, found)
        return
    reappear(state, draft, container)
    if found.gross_g >= 0:
        adjust = Move(movement="adjust", u_g=DIFFERENCE_U_G, by=found.by, reason=found.reason)
        follow(state, draft, container, (found.gross_g, adjust))
    if found.expires_on:
        relabel(draft, container, found.expires_on)


def relabel(draft: Draft, container: Container, expires_on: str) -> None:
    """Let the label's day be another one, for the stock and for the package."""
    product = draft.product(container.gtin)
    life_days = product.opened_life_days if product else 0
    container.label_expiry = expires_on
    container.expires_on = effective_expiry(expires_on, container.opened_on, life_days)
    container.told_days, container.told_expired = NOT_TOLD, False
    package = draft.known.packages.packages.get(container.package)
    if package is not None:
        package.expires_on = expires_on
        draft.outcome.rows.append(package.row(draft.told.seq))


def _miss(state: State, draft: Draft, container: Container, found: Count) -> None:
    if container.state == "missing":
        return
    text = f"{container.package} with {container.net_g} g was not there: {found.reason}"
    draft.find("missing_in_count", container, text, {"missing_g": container.net_g})
    container.missed = container.found[draft.told.event_id][-1]
    container.missed_at_ms = draft.told.happened_at_ms
    container.missing_g, container.state = container.net_g, "missing"
    gone = Move(
        movement="adjust",
        delta_g=-container.net_g,
        measured=False,
        by=found.by,
        reason=found.reason,
    )
    book(state, draft, container, gone)


def reappear(state: State, draft: Draft, container: Container) -> None:
    """Take a package that was missing into the stock again, with what was written off."""
    if container.state != "missing":
        return
    container.state = "stored" if container.place else "out"
    back_g, container.missing_g = container.missing_g, 0
    back = Move(movement="adjust", delta_g=back_g, measured=False, reason="turned up again")
    book(state, draft, container, back)
    if container.missed is not None and _was_gone(draft.told, container):
        draft.withdraw(container.missed, "it had left before it was counted, as was told late")
    container.missed = None


def _was_gone(told: Stored, container: Container) -> bool:
    """Tell whether a package had been taken, or carried elsewhere, before it was missed."""
    elsewhere = told.text("cabinet") not in {"", container.place}
    left = told.text("action") == "out" or elsewhere
    return told.happened_at_ms < container.missed_at_ms and left


def _row(taken: Stocktake, as_of_seq: int, closed: Stored | None = None, changes: int = 0) -> Row:
    values: RowValues = {
        "stocktake": taken.stocktake,
        "cabinet": taken.cabinet,
        "person": taken.by,
        "opened_at_ms": taken.opened_at_ms,
        "closed_at_ms": closed.happened_at_ms if closed else 0,
        "expected": len(taken.expected),
        "counted": len(taken.counts),
        "differences": changes,
        "as_of_seq": as_of_seq,
    }
    return Row(table="stocktake", values=values)
