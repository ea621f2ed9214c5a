"""Packages that left by the books and still stand in a cabinet: nothing saw them go.

An exit, a disposal or a return to the dealer is a person's word.  A day later the cabinet the
package was last seen in must have lost it; else the word is a discrepancy, told once.  What was
put in again after it left is found at once: gone_package_back, custody/handling.py.
"""

from dataclasses import dataclass, field

from fognode.custody import draws, packages, sessions
from fognode.custody.packages import Stage
from fognode.events import Json, Kind, Outcome, Stored

RULE = "exit_not_seen"
CARRIED_MS = 24 * 3_600_000  # so long it may take until what was declared is done
LEAVING = frozenset({Kind.EMPTY_PACKAGE_EXIT, Kind.DISPOSAL_DECLARED, Kind.DEFECTIVE_DECLARED})
KINDS = LEAVING | {Kind.HOUR_BEGAN}


@dataclass(slots=True)
class State:
    """What left by the books, and when; until somebody looked."""

    left: dict[str, int] = field(default_factory=dict)


def step(state: State, told: Stored, known: packages.State, seen: sessions.State) -> Outcome:
    """Note what leaves; look a day later whether it went."""
    if told.kind in LEAVING:
        state.left[told.text("package")] = told.happened_at_ms
        return Outcome()
    over_ms, outcome = told.happened_at_ms - CARRIED_MS, Outcome()
    for name in [name for name, at_ms in state.left.items() if at_ms <= over_ms]:
        at_ms, package = state.left.pop(name), known.packages.get(name)
        place = seen.homes.get(name, "")
        is_gone = package is not None and package.state >= Stage.RETURNED
        if not (is_gone and place) or seen.placed_at_ms[name] > at_ms:
            continue
        text = f"{name} left the farm by the books a day ago; nothing saw it leave {place}"
        facts: dict[str, Json] = {"package": name, "place": place, "text": text[:300]}
        outcome.add(draws.find(told, RULE, facts, number=len(outcome.events) + 1))
    return outcome
