"""Discrepancies stay open until a named person gives a reason; openings may be reviewed.

A discrepancy is known from its stored event, whoever drew it.  It is closed by a
discrepancy_explained of a known person who is not the one it is about, escalates once after
``ESCALATE_MS``, or is withdrawn when readings or declarations that came late explain it.
"""

from dataclasses import dataclass, field

from fognode.custody import people
from fognode.custody.draws import discrepancy, draw, refuse
from fognode.events import Event, Json, Kind, Outcome, Row, RowValues, Stored

REASONS = (
    "weighing_error",
    "spill",
    "authorised_use",
    "theft",
    "stock_error",
    "sensor_fault",
    "other",
)
VERDICTS = ("fine", "misuse", "emergency")
ESCALATE_MS = 24 * 3_600_000
SUBJECT = ("opening", "rule", "place", "package", "tag", "batch")  # what its alert is known by


@dataclass(slots=True)
class State:
    """All discrepancies by id, and those nobody has explained within the day yet."""

    known: dict[str, RowValues] = field(default_factory=dict)  # id -> its row
    subjects: dict[str, dict[str, Json]] = field(default_factory=dict)  # open ones only
    waiting: dict[str, int] = field(default_factory=dict)  # id -> when it was found
    first: dict[str, str] = field(default_factory=dict)  # event_id of a later telling -> id
    openers: dict[str, str] = field(default_factory=dict)  # opening -> person


KINDS = frozenset(
    {
        Kind.BOX_CLOSED,
        Kind.DISCREPANCY_CLOSED,
        Kind.DISCREPANCY_EXPLAINED,
        Kind.DISCREPANCY_FOUND,
        Kind.HOUR_BEGAN,
        Kind.OPENING_REVIEWED,
    }
)


def step(state: State, told: Stored, named: people.State) -> Outcome:
    """Take in a discrepancy, a reason, a review, or an hour that began."""
    if told.kind == Kind.DISCREPANCY_FOUND:
        return _learn(state, told)
    if told.kind == Kind.DISCREPANCY_CLOSED:
        return _withdraw(state, told)
    if told.kind == Kind.BOX_CLOSED:
        state.openers[told.text("opening")] = told.text("person")
    if told.kind == Kind.DISCREPANCY_EXPLAINED:
        return _explain(state, told, named)
    if told.kind == Kind.OPENING_REVIEWED:
        return _review(state, told, named)
    if told.kind == Kind.HOUR_BEGAN:
        return _escalate(state, told)
    return Outcome()


def _learn(state: State, told: Stored) -> Outcome:
    former = told.text("corrects")
    name = state.first.get(former, former) or told.event_id
    if former:
        state.first[told.event_id] = name
    event = Event(
        kind=told.kind,
        origin=told.origin,
        happened_at_ms=told.happened_at_ms,
        facts=told.facts,
    )
    values = discrepancy(event, told.seq).values | {"discrepancy": name}
    before = state.known.get(name)
    if before is not None and before["state"] == "closed":
        values |= {key: before[key] for key in ANSWER}  # a reason given still stands
    else:
        state.waiting[name] = told.happened_at_ms
    state.known[name] = values
    state.subjects[name] = {key: told.facts[key] for key in SUBJECT if key in told.facts}
    # Who drew it has shown it; told again, a row of its closing may have come between.
    return Outcome(rows=[Row(table="discrepancy", values=dict(values))] if former else [])


ANSWER = ("state", "closed_by", "reason", "explanation", "closed_at_ms", "escalated_at_ms")


def _withdraw(state: State, told: Stored) -> Outcome:
    """Show that a discrepancy does not hold any more, whichever part took it back."""
    name = told.text("discrepancy")
    values = state.known.get(name)
    if told.text("reason") != "withdrawn" or values is None:
        return Outcome()
    state.waiting.pop(name, None)
    if values["state"] == "open":
        values["explanation"] = told.text("text")[:300]
    values |= {"state": "withdrawn", "as_of_seq": told.seq}
    return Outcome(rows=[Row(table="discrepancy", values=dict(values))])


def answered(state: State, row: Row) -> Row:
    """Return a row told anew with the reason a person gave before, if one did."""
    before = state.known.get(str(row.values["discrepancy"]))
    if before is None or before["state"] != "closed":
        return row
    return Row(table=row.table, values=row.values | {key: before[key] for key in ANSWER})


def _explain(state: State, told: Stored, named: people.State) -> Outcome:
    """Close a discrepancy for a reason that somebody else than its person gives."""
    name, by, reason = told.text("discrepancy"), told.text("by"), told.text("reason")
    name = state.first.get(name, name)
    values = state.known.get(name)
    if values is None:
        return refuse(told, "there is no such discrepancy; copy its id from the page", name)
    if values["state"] != "open":
        return refuse(told, "the discrepancy is not open any more", str(values["state"]))
    if by not in named.aliases:
        return refuse(told, "by names no known person", by)
    if by == values["person"]:
        return refuse(told, "another person than the one it is about must give the reason", by)
    if reason not in REASONS:
        return refuse(told, f"reason is none of {', '.join(REASONS)}", reason)
    return _close(state, told, name)


def _close(state: State, told: Stored, name: str) -> Outcome:
    by, reason, text = told.text("by"), told.text("reason"), told.text("text")[:300]
    state.waiting.pop(name, None)
    state.known[name] |= {
        "state": "closed",
        "closed_by": by[:40],
        "reason": reason,
        "explanation": text,
        "closed_at_ms": told.happened_at_ms,
        "as_of_seq": told.seq,
    }
    facts: dict[str, Json] = {
        **state.subjects[name],
        "discrepancy": name,
        "reason": reason,
        "text": text,
        "by": by,
    }
    event = draw(Kind.DISCREPANCY_CLOSED, told, facts)
    row = Row(table="discrepancy", values=dict(state.known[name]))
    return Outcome(events=[event], rows=[row])


def _escalate(state: State, told: Stored) -> Outcome:
    outcome = Outcome()
    due = [n for n, at_ms in state.waiting.items() if told.happened_at_ms - at_ms >= ESCALATE_MS]
    for number, name in enumerate(due, start=1):
        del state.waiting[name]
        values = state.known[name]
        values |= {"escalated_at_ms": told.happened_at_ms, "as_of_seq": told.seq}
        hours = ESCALATE_MS // 3_600_000
        text = f"nobody gave a reason in {hours} h: {values['text']!s}"[:300]
        facts: dict[str, Json] = {**state.subjects[name], "discrepancy": name, "text": text}
        event = draw(Kind.DISCREPANCY_ESCALATED, told, facts, number=number)
        outcome.events.append(event)
        outcome.rows.append(Row(table="discrepancy", values=dict(values)))
    return outcome


def _review(state: State, told: Stored, named: people.State) -> Outcome:
    """Keep what another person says of an opening; it mutes no rule."""
    opening, by, verdict = told.text("opening"), told.text("by"), told.text("verdict")
    if opening not in state.openers:
        return refuse(told, "there is no such opening that is closed", opening)
    if by not in named.aliases:
        return refuse(told, "by names no known person", by)
    if by == state.openers[opening]:
        return refuse(told, "another person than the one who opened must review it", by)
    if verdict not in VERDICTS:
        return refuse(told, f"verdict is none of {', '.join(VERDICTS)}", verdict)
    values: RowValues = {
        "opening": opening[:32],
        "verdict": verdict,
        "text": told.text("text")[:300],
        "reviewed_by": by[:40],
        "reviewed_at_ms": told.happened_at_ms,
        "as_of_seq": told.seq,
    }
    return Outcome(rows=[Row(table="review", values=values)])
