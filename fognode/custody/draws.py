"""How custody words what it draws from an event: derived events, refusals, discrepancies."""

from collections.abc import Mapping

from fognode import hashing
from fognode.events import Event, Json, Kind, Outcome, Row, Stored, derived

RULE_V = 3  # version of the custody rules, in every event they draw


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


def find(told: Stored, rule: str, facts: Mapping[str, Json], *, number: int = 1) -> Outcome:
    """Return the ``number``-th discrepancy of a rule that a stored event shows, and its row.

    Its origin names the rule and not the kind: other parts of custody find other things in the
    same event, and none may take another's number.
    """
    event = Event(
        kind=Kind.DISCREPANCY_FOUND,
        origin=derived(rule, told, number),
        happened_at_ms=told.happened_at_ms,
        facts={"opening": "", "rule": rule, "place": "", **facts},
        rule_v=RULE_V,
    )
    return Outcome(events=[event], rows=[discrepancy(event, told.seq)])


def withdraw(told: Stored, found: Event, text: str, *, number: int = 1) -> Event:
    """Take back a discrepancy that a stored event explains; its row follows from that."""
    about = {key: value for key, value in found.facts.items() if key in ABOUT and value}
    rule = str(found.facts["rule"])
    said: dict[str, Json] = {
        "discrepancy": name_of(found),
        "reason": "withdrawn",
        "text": text[:300],
    }
    return Event(
        kind=Kind.DISCREPANCY_CLOSED,
        origin=derived(f"{rule}_over", told, number),
        happened_at_ms=told.happened_at_ms,
        facts=about | said,
        rule_v=RULE_V,
    )


ABOUT = ("opening", "rule", "place", "package", "tag")


def discrepancy(event: Event, as_of_seq: int) -> Row:
    """Return the row that keeps a discrepancy_found open until a person explains it."""
    facts = event.facts
    return Row(
        table="discrepancy",
        values={
            "discrepancy": name_of(event),
            "opening": _text(facts, "opening", 32),
            "rule": _text(facts, "rule", 40),
            "text": _text(facts, "text", 300),
            "state": "open",
            "found_at_ms": event.happened_at_ms,
            "package": _text(facts, "package", 60),
            "person": _text(facts, "person", 40),
            "delta_g": _number(facts, "delta_g"),
            "u_g": _number(facts, "u_g"),
            "closed_by": "",
            "reason": "",
            "explanation": "",
            "closed_at_ms": 0,
            "escalated_at_ms": 0,
            "as_of_seq": as_of_seq,
        },
    )


def _text(facts: Mapping[str, Json], fact: str, most: int) -> str:
    return str(facts.get(fact, ""))[:most]


def _number(facts: Mapping[str, Json], fact: str) -> int:
    value = facts.get(fact, 0)
    return value if isinstance(value, int) else 0
