"""How custody words what it draws from an event: derived events, refusals, discrepancies."""

from collections.abc import Mapping

from fognode import hashing
from fognode.events import Event, Json, Kind, Outcome, Row, Stored, derived

RULE_V = 1  # version of the custody rules, in every event they draw


def draw(
    kind: Kind, cause: Stored, facts: Mapping[str, Json], *, number: int = 1, at_ms: int = 0
) -> Event:
    """Return the ``number``-th event of a kind that ``cause`` leads to.

    ``at_ms`` is when it happened by the readings; 0 = when ``cause`` did.
    """
    return Event(
        kind=kind,
        origin=derived(kind, cause, number),
        happened_at_ms=at_ms or cause.happened_at_ms,
        facts=dict(facts),
        rule_v=RULE_V,
    )


def name_of(event: Event) -> str:
    """Return the event_id, 32 hex digits, the event will be stored under."""
    return hashing.event_id(event.origin).hex()


def refuse(told: Stored, reason: str, value: str) -> Outcome:
    """Say that a request was understood and not accepted; nothing else changes."""
    facts: dict[str, Json] = {"what": told.kind, "reason": reason, "value": value[:120]}
    return Outcome(events=[draw(Kind.REJECTED, told, facts)])


def discrepancy(event: Event, as_of_seq: int) -> Row:
    """Return the row that keeps a discrepancy_found open until a person explains it."""
    facts = event.facts
    return Row(
        table="discrepancy",
        values={
            "discrepancy": name_of(event),
            "opening": str(facts["opening"]),
            "rule": str(facts["rule"]),
            "text": str(facts["text"]),
            "state": "open",
            "found_at_ms": event.happened_at_ms,
            "as_of_seq": as_of_seq,
        },
    )
