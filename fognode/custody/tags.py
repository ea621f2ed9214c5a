"""Which tag is on which package: at most one live binding for a tag, and one for a package.

A new tag is an unbinding and a binding.  Where a tag was, and whether that can be:
custody/traces.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from fognode.custody import packages
from fognode.custody.balances import TOLERANCE_G, Balance, Change, Weight
from fognode.custody.booking import Known
from fognode.custody.draws import refuse
from fognode.custody.packages import TAG
from fognode.events import Json, Kind, Outcome, Row, RowValues, Stored

# A reader tells of a tag that went up to 2.5 s late, a scale of a weight up to 1 s.
AWAY_MS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A tag on a package; ``row`` is of table ``tag_binding``."""

    tag: str
    package: str
    by: str
    reason: str
    since: Stored
    until_ms: int = 0  # 0 = still
    unbound_by: str = ""
    unbound_reason: str = ""

    def row(self, as_of_seq: int) -> Row:
        """Return its row."""
        values: RowValues = {
            "binding": self.since.event_id,
            "tag": self.tag,
            "package": self.package,
            "from_at_ms": self.since.happened_at_ms,
            "to_at_ms": self.until_ms,
            "bound_by": self.by[:40],
            "reason": self.reason[:200],
            "unbound_by": self.unbound_by[:40],
            "unbound_reason": self.unbound_reason[:200],
            "as_of_seq": as_of_seq,
        }
        return Row(table="tag_binding", values=values)


@dataclass(slots=True)
class State:
    """Live bindings by tag, and what may be corrected of them."""

    bindings: dict[str, Binding] = field(default_factory=dict)
    asked: dict[str, Stored] = field(default_factory=dict)  # event_id -> bound or unbound by it
    taken_back: dict[str, Stored] = field(default_factory=dict)  # event_id -> what it took back


def step(state: State, told: Stored, known: Known) -> Outcome:
    """Take in a delivery, a binding or an unbinding; see ``KINDS``."""
    if told.kind == Kind.CORRECTION_DECLARED:
        return _correct(state, told, known)
    act = ACTS.get(told.kind)
    return act(state, told, known) if act else Outcome()


def _enter(state: State, told: Stored, _known: Known) -> Outcome:
    tag = told.text("tag").upper()
    if not tag:
        return Outcome()
    entry = Binding(
        tag=tag,
        package=told.text("package"),
        by=told.text("by"),
        reason="delivered",
        since=told,
    )
    state.bindings[tag] = entry
    return Outcome(rows=[entry.row(told.seq)])


def _bind(state: State, told: Stored, known: Known) -> Outcome:
    tag, by = told.text("tag").upper(), told.text("by")
    package = known.packages.packages.get(told.text("package"))
    if package is None:
        return refuse(told, "no such package", told.text("package"))
    if not TAG.fullmatch(tag):
        return refuse(told, "tag is no UID of 4, 7 or 10 bytes and no EPC of 12, in hex", tag)
    if tag in known.packages.tags or tag in known.people.badges or tag in known.people.revoked:
        return refuse(told, "tag is in use already: unbind it first, or take another one", tag)
    if package.tag:
        return refuse(told, "the package has a tag: unbind that first", package.tag)
    if by not in known.people.aliases:
        return refuse(told, "by names no known person", by)
    state.asked[told.event_id] = told
    packages.bind(known.packages, package, tag)
    bound = Binding(tag=tag, package=package.package, by=by, reason=told.text("reason"), since=told)
    state.bindings[tag] = bound
    return Outcome(rows=[bound.row(told.seq), package.row(told.seq)])


def _unbind(state: State, told: Stored, known: Known) -> Outcome:
    tag, by = told.text("tag").upper(), told.text("by")
    package = known.packages.packages.get(told.text("package"))
    if package is None or package.tag != tag or not tag:
        return refuse(told, "this tag is not on this package", tag)
    if by not in known.people.aliases:
        return refuse(told, "by names no known person", by)
    state.asked[told.event_id] = told
    packages.bind(known.packages, package, "")
    rows = [package.row(told.seq)]
    bound = state.bindings.pop(tag, None)
    if bound is not None:
        ended = replace(
            bound,
            until_ms=told.happened_at_ms,
            unbound_by=by,
            unbound_reason=told.text("reason"),
        )
        rows.insert(0, ended.row(told.seq))
    return Outcome(rows=rows)


def _correct(state: State, told: Stored, known: Known) -> Outcome:
    """Undo a binding or an unbinding, and let there be what it should have been instead.

    Only the newest thing that was done with a tag can be undone; readings in between keep the
    package they were told of.
    """
    named, facts = told.text("corrects"), told.facts.get("facts")
    if told.text("by") not in known.people.aliases:
        return Outcome()  # told elsewhere
    if named in state.taken_back:
        asked = state.taken_back[named]
        holds = facts if isinstance(facts, dict) else asked.facts
        return ACTS[asked.kind](state, replace(told, kind=asked.kind, facts=holds), known)
    if named not in state.asked:
        return Outcome()  # none of the tags'
    asked = state.asked[named]
    undone = ACTS[UNDOES[asked.kind]](state, _opposite(asked, told), known)
    if undone.events:
        return undone
    if not isinstance(facts, dict):
        state.taken_back[told.event_id] = asked
        return undone
    said = ACTS[asked.kind](state, replace(told, kind=asked.kind, facts=facts), known)
    if said.events:  # refused: what stood stands
        again = ACTS[asked.kind](state, replace(asked, seq=told.seq), known)
        said.rows += again.rows
    return Outcome(events=said.events, rows=undone.rows + said.rows)


def _opposite(asked: Stored, told: Stored) -> Stored:
    """Return the declaration that takes another one back."""
    facts: dict[str, Json] = {name: asked.facts[name] for name in ("package", "tag")}
    facts |= {"by": told.text("by"), "reason": told.text("reason")}
    return replace(told, kind=str(UNDOES[asked.kind]), facts=facts)


UNDOES: dict[str, Kind] = {
    Kind.TAG_BOUND: Kind.TAG_UNBOUND,
    Kind.TAG_UNBOUND: Kind.TAG_BOUND,
}
ACTS: dict[str, Callable[[State, Stored, Known], Outcome]] = {
    Kind.NEW_PRODUCT_ENTRY: _enter,
    Kind.TAG_BOUND: _bind,
    Kind.TAG_UNBOUND: _unbind,
}
KINDS = frozenset({*ACTS, Kind.CORRECTION_DECLARED})


def pinned(
    balance: Balance, changes: Sequence[Change], net_g: int, inside: Mapping[str, int]
) -> tuple[str, str]:
    """Return the rule of a balance that does not fit, named after one package if only one can be.

    Args:
        balance: What does not fit.
        changes: Tags that came or went.
        net_g: What the scale says, lost = negative.
        inside: Packages whose tags are there, with the gross weight on record, grams.

    Returns:
        The rule, and the package it is about or "".
    """
    moved = {change.package for change in changes}
    if balance.rule == "tag_without_weight" and len(moved) == len(changes) == 1:
        rule = "package_without_tag" if changes[0].out else "tag_without_package"
        return rule, changes[0].package
    if balance.rule == "weight_without_tag" and net_g < 0:
        near = [name for name, gross_g in inside.items() if abs(gross_g + net_g) <= TOLERANCE_G]
        if len(near) == 1:
            return "tag_without_package", near[0]
    return balance.rule, ""


def left_behind(weights: Sequence[Weight], inside: Mapping[str, int]) -> str:
    """Return the package whose weight was away while its tag stayed, and was then made up for.

    To be asked where no tag changed and the weights add up to nothing: lifted for so long, a
    package would have taken its tag along.  "" = none, or more than one it may have been.
    """
    for fell, rose in pairwise(weights):
        away_ms = rose.at_ms - fell.at_ms
        if fell.weight_g < 0 < rose.weight_g and away_ms >= AWAY_MS:
            lost_g = -fell.weight_g
            near = [n for n, gross_g in inside.items() if abs(gross_g - lost_g) <= TOLERANCE_G]
            if len(near) == 1:
                return near[0]
    return ""
