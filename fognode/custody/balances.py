"""Which weight step belongs to which tag: only where nothing has to be guessed.

A cabinet has one scale and one reader.  A weight step and a tag change tell of the same
package when exactly one package changed, or when there are as many steps as changes of each
direction and all are far enough apart for their order to mean something.  Otherwise the
weights stay nobody's, and a discrepancy asks a person.

Source: requirement of a closing balance: weight and tags after = before + in - out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

# Three times the 20 g a settled reading may be off (HX711 with a 50 kg bar): below it a
# difference is not told from noise.
TOLERANCE_G = 60
# The board reports a removal 2.0 to 2.5 s late, a settled weight 0.3 to 1 s late: two of a
# kind closer than that spread may have swapped places.
APART_MS = 700


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A package's tag came (or went, ``out``) in an opening."""

    at_ms: int
    package: str
    out: bool
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """The settled weight of the cabinet rose, or fell when negative."""

    at_ms: int
    weight_g: int


@dataclass(slots=True)
class Balance:
    """Grams for each change, by its place in the list, and what did not fit."""

    weights_g: dict[int, int] = field(default_factory=dict)  # always positive
    rule: str = ""  # "" = it fits
    text: str = ""


def weigh(changes: Sequence[Change], weights: Sequence[Weight]) -> Balance:
    """Give each tag change its weight, or say why not; both lists in order of time."""
    if not changes:
        return _untagged(weights)
    if not weights:
        names = ", ".join(sorted({change.package for change in changes}))
        return Balance(rule="tag_without_weight", text=f"tag of {names} changed, no weight did")
    paired = _pair(changes, weights)
    if paired is None and len({change.package for change in changes}) == 1:
        paired = _sum(changes, weights)
    if paired is None:
        return unclear(changes, weights)
    return Balance(weights_g=paired)


def unclear(changes: Sequence[Change], weights: Sequence[Weight]) -> Balance:
    """Return that nobody can tell which weight is whose."""
    text = f"{len(changes)} tag changes, {len(weights)} weight steps: which is which?"
    return Balance(rule="weights_unclear", text=text)


def _untagged(weights: Sequence[Weight]) -> Balance:
    net_g = sum(weight.weight_g for weight in weights)
    if abs(net_g) <= TOLERANCE_G:
        return Balance()  # nothing, or lifted and put down again before the reader noticed
    return Balance(rule="weight_without_tag", text=f"weight changed by {net_g} g, no tag did")


def _pair(changes: Sequence[Change], weights: Sequence[Weight]) -> dict[int, int] | None:
    paired: dict[int, int] = {}
    for out in (True, False):
        places = [place for place, change in enumerate(changes) if change.out == out]
        steps = [weight for weight in weights if (weight.weight_g < 0) == out]
        if len(places) != len(steps):
            return None
        if not _apart([changes[place].at_ms for place in places]):
            return None
        if not _apart([step.at_ms for step in steps]):
            return None
        paired |= {place: abs(step.weight_g) for place, step in zip(places, steps, strict=True)}
    return paired


def _apart(times_ms: Sequence[int]) -> bool:
    return all(b - a >= APART_MS for a, b in pairwise(times_ms))


def _sum(changes: Sequence[Change], weights: Sequence[Weight]) -> dict[int, int] | None:
    """Several steps of the scale for one package: set down in two goes, or leant on."""
    taken_g = -sum(w.weight_g for w in weights if w.weight_g < 0)
    put_g = sum(w.weight_g for w in weights if w.weight_g > 0)
    if len(changes) == 1:
        gone_g = taken_g - put_g if changes[0].out else put_g - taken_g
        return {0: gone_g} if gone_g > 0 else None
    if [change.out for change in changes] == [True, False] and taken_g and put_g:
        return {0: taken_g, 1: put_g}
    return None
