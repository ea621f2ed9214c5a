"""Which correction of an event stands; pure.

No event is ever changed.  A ``correction_declared`` names the one it corrects (``corrects``)
and says what that should have said (``facts``, all of them) or that it does not count
(``withdraw``).  A correction can be corrected in turn: with facts it then says those, withdrawn
it says nothing any more.  Of several corrections of one event the last that counts stands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fognode.events import Json, Kind, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What counts instead of an event that was corrected."""

    by: Stored  # the correction_declared that says it
    facts: Mapping[str, Json]  # all facts, as they should have been; none when withdrawn
    withdrawn: bool


def standings(told: Iterable[Stored]) -> dict[str, Standing]:
    """Return what counts instead, by the event_id of each event that does not count as told.

    Args:
        told: Every correction of the record, in any order; other kinds are passed over.
    """
    found: dict[str, Standing] = {}
    corrections = [event for event in told if event.kind == Kind.CORRECTION_DECLARED]
    # Newest first: when one is reached, all that was later said about it is known.
    for event in sorted(corrections, key=lambda one: one.seq, reverse=True):
        says = found.get(event.event_id) or _said(event)
        if says.by is event or not says.withdrawn:
            found.setdefault(event.text("corrects"), says)
    return found


def _said(event: Stored) -> Standing:
    facts = event.facts.get("facts", {})
    return Standing(
        by=event,
        facts=facts if isinstance(facts, dict) else {},
        withdrawn="withdraw" in event.facts,
    )
