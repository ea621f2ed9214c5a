"""Which stored events are worth an alert, whom it is owed to, and when it is over; pure.

An alert has one fingerprint per cause: rule/place/subject.  While it fires, the same cause
only counts; once it is resolved, the next one alerts again.  A discrepancy is a cause of its
own in each opening and fires until a person explains it.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from fognode import hashing
from fognode.alerts import board_alarms, custody_alarms, endings, record_alarms
from fognode.alerts.alarms import Alarm
from fognode.custody.spans import second_of, within
from fognode.events import Event, Json, Kind, Outcome, Row, RowValues, Stored, derived

RULE_V = 2
# A cause that nothing resolves (a gap, a refused document) and that comes back after half a
# day is news again.  Source: repeat of a warning, 12 h.
FORGET_MS = 12 * 3_600_000
SHEET_HOUR = "06"  # of the farm's day


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the configuration says about alerts."""

    farm: str  # [farm] id, in Message-IDs
    zone: tzinfo = UTC
    # Cabinet -> spans of local time, in seconds of the day; one that ends before it starts
    # wraps midnight.  A cabinet that is not named here has no hours to be outside of.
    hours: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    managers: tuple[str, ...] = ()  # "0", "1" ...: their places in the configuration
    sheet: tuple[str, ...] = ()  # those of them who get the safety sheet


@dataclass(slots=True, kw_only=True)
class Firing:
    """An alert that is not over."""

    alarm: Alarm
    alert: str  # event_id of its sensorAlert
    first_at_ms: int
    last_at_ms: int
    occurrences: int = 1

    def row(self, state: str, as_of_seq: int) -> Row:
        """Return the row of table ``alert``."""
        values: RowValues = {
            "alert": self.alert,
            "rule": self.alarm.rule,
            "fingerprint": self.alarm.fingerprint,
            "severity": self.alarm.severity,
            "place": self.alarm.place,
            "text": self.alarm.text,
            "state": state,
            "occurrences": self.occurrences,
            "first_at_ms": self.first_at_ms,
            "last_at_ms": self.last_at_ms,
            "as_of_seq": as_of_seq,
        }
        return Row(table="alert", values=values)


@dataclass(slots=True)
class State:
    """What fires, by fingerprint, and when boards' events were refused lately."""

    firing: dict[str, Firing] = field(default_factory=dict)
    rejected_at_ms: dict[str, deque[int]] = field(default_factory=dict)  # board -> newest
    sheet_day: str = ""  # the last day whose safety sheet was owed


def step(state: State, told: Stored, rules: Rules) -> Outcome:
    """Resolve what a stored event ends, then alert if it is a reason to."""
    if told.kind not in HEEDED and not told.kind.endswith("_fault"):
        return Outcome()
    outcome = _resolve(state, told)
    if told.kind == Kind.DAILY_DIGEST:  # no alert: a missing one is what tells
        mails = [_mail(told.event_id, manager, told, rules.farm) for manager in rules.managers]
        outcome.rows += mails
    if told.kind == Kind.HOUR_BEGAN:
        outcome.rows += _sheet(state, told, rules)
    alarm = decide(state, told, rules)
    if alarm is None:
        return outcome
    firing = state.firing.get(alarm.fingerprint)
    if firing is not None and told.happened_at_ms - firing.last_at_ms < FORGET_MS:
        firing.occurrences += 1
        firing.last_at_ms = max(firing.last_at_ms, told.happened_at_ms)
        outcome.rows.append(firing.row("firing", told.seq))
        return outcome
    if firing is not None:
        outcome.rows.append(firing.row("resolved", told.seq))
    outcome.add(_fire(state, told, rules, alarm))
    return outcome


def decide(state: State, told: Stored, rules: Rules) -> Alarm | None:
    """Return why a stored event is worth an alert, or None.

    Counts refused board events in ``state``; everything else hangs on the event alone.
    """
    if told.kind == Kind.OPEN_BOX:
        return _out_of_hours(told, rules)
    if told.kind == Kind.REJECTED:
        return board_alarms.rejected(state.rejected_at_ms, told)
    if told.kind.endswith("_fault"):
        return board_alarms.fault(told)
    rule = RULES.get(told.kind)
    return rule(told) if rule else None


def _fire(state: State, told: Stored, rules: Rules, alarm: Alarm) -> Outcome:
    facts: dict[str, Json] = {
        "rule": alarm.rule,
        "severity": alarm.severity,
        "place": alarm.place,
        "text": alarm.text,
        "cause": told.event_id,
        "fingerprint": alarm.fingerprint,
    }
    event = Event(
        kind=Kind.SENSOR_ALERT,
        origin=derived(Kind.SENSOR_ALERT, told),
        happened_at_ms=told.happened_at_ms,
        facts=facts,
        rule_v=RULE_V,
    )
    alert = hashing.event_id(event.origin).hex()
    firing = Firing(
        alarm=alarm,
        alert=alert,
        first_at_ms=told.happened_at_ms,
        last_at_ms=told.happened_at_ms,
    )
    state.firing[alarm.fingerprint] = firing
    managers = rules.managers if alarm.severity != "info" else ()
    mails = [_mail(alert, manager, told, rules.farm) for manager in managers]
    return Outcome(events=[event], rows=[firing.row("firing", told.seq), *mails])


def _sheet(state: State, told: Stored, rules: Rules) -> list[Row]:
    """Owe the day's safety sheet with the first hour from 06:00 on that the node sees.

    Source: FAO Guide on Pesticide Storage (V8966E): a stock record kept apart from the store.
    """
    day, _, hour = told.text("hour").partition("T")
    if hour < SHEET_HOUR or day <= state.sheet_day:
        return []
    state.sheet_day = day
    return [_mail(told.event_id, manager, told, rules.farm) for manager in rules.sheet]


def _mail(alert: str, manager: str, told: Stored, farm: str) -> Row:
    return Row(
        table="mail_outbox",
        values={
            "id": f"{alert}/{manager}",
            "event_id": alert,
            "person": manager,
            "channel": "mail",
            "message_id": f"<{alert}.{manager}@{farm}.fognode>",
            "due_at_ms": told.recorded_at_ms,  # now, by the only clock a fold is told
            "tries": 0,
            "state": "owed",
            "next_try_at_ms": told.recorded_at_ms,
            "last_error": "",
            "as_of_seq": told.seq,
        },
    )


def _out_of_hours(told: Stored, rules: Rules) -> Alarm | None:
    cabinet = told.text("cabinet")
    spans = rules.hours.get(cabinet)
    local = datetime.fromtimestamp(told.happened_at_ms // 1000, UTC).astimezone(rules.zone)
    second = second_of(told.happened_at_ms, rules.zone)
    if spans is None or any(within(second, span) for span in spans):
        return None
    text = f"Cabinet {cabinet} was opened at {local:%H:%M}, outside its hours."
    return Alarm(
        rule="out_of_hours", severity="critical", place=cabinet, subject=cabinet, text=text
    )


def _resolve(state: State, told: Stored) -> Outcome:
    ended = endings.ends(told)
    if not ended:
        return Outcome()
    over = [
        cause
        for cause, firing in state.firing.items()
        if {(firing.alarm.rule, firing.alarm.subject), (firing.alarm.rule, endings.EVERY)} & ended
    ]
    return Outcome(rows=[state.firing.pop(cause).row("resolved", told.seq) for cause in over])


RULES: dict[str, Callable[[Stored], Alarm | None]] = {
    **board_alarms.RULES,
    **custody_alarms.RULES,
    **record_alarms.RULES,
}
# All kinds that begin or end anything, but for faults, whose kinds have many names.
HEEDED = endings.KINDS | {
    *RULES,
    Kind.OPEN_BOX,
    Kind.REJECTED,
    Kind.DAILY_DIGEST,
    Kind.HOUR_BEGAN,
}
