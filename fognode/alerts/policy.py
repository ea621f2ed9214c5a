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
from fognode.custody.spans import second_of, within
from fognode.events import Event, Json, Kind, Outcome, Row, RowValues, Stored, derived

RULE_V = 1
# A cause that nothing resolves (a gap, a refused document) and that comes back after half a
# day is news again.  Source: repeat of a warning, 12 h.
FORGET_MS = 12 * 3_600_000
PROTOCOL = 1  # of the line, docs/protocol.md
# Single refused frames happen on any long line; ten a minute are a fault or an attack.
SHEET_HOUR = "06"  # of the farm's day
REJECTED_MANY, REJECTED_MS = 10, 60_000
CRITICAL_DISCREPANCIES = frozenset(
    {
        "weight_without_badge",
        "opening_without_badge",
        "tag_without_package",
        "badge_revoked_used",
        "badge_two_places",
        "tag_two_places",
        "doubled_serial",
        "outside_hours",
    }
)
# Shown and kept, and named in the evidence pack; mailed to nobody.
QUIET_DISCREPANCIES = frozenset({"gap", "too_late"})


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A reason to alert, not yet compared with what fires already."""

    rule: str
    severity: str  # critical, warning; info is shown and kept, and mailed to nobody
    place: str
    subject: str  # package, board, opening, peer: what makes it this cause and no other
    text: str

    @property
    def fingerprint(self) -> str:
        """The cause, in at most the 120 characters of its column."""
        return f"{self.rule}/{self.place}/{self.subject}"[:120]


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
        return _rejected(state, told)
    if told.kind.endswith("_fault"):
        return _fault(told)
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


# --- reasons to alert ----------------------------------------------------------------------


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


def _rejected(state: State, told: Stored) -> Alarm | None:
    board = told.text("board")
    if "board" not in told.facts:
        return None  # a person's request: they were answered
    if told.text("what") != "bad_frames":  # those are counted on the line already
        newest = state.rejected_at_ms.setdefault(board, deque(maxlen=REJECTED_MANY))
        newest.append(told.happened_at_ms)
        if len(newest) < REJECTED_MANY or newest[-1] - newest[0] > REJECTED_MS:
            return None
    text = f"Much of what board {board or told.text('value')} says is refused: "
    return _warn("board_rejected", told, board, text + told.text("reason"))


def _fault(told: Stored) -> Alarm | None:
    if told.number("code") == 0:
        return None  # the sensor works again
    board, sensor = told.text("board"), told.text("sensor")
    text = f"Sensor {sensor} of board {board} reports fault {told.number('code')}."
    return _warn("sensor_fault", told, f"{board}:{sensor}", text)


DOUBTS = {
    "dead": "tells nothing any more, though its board speaks",
    "stuck": "has read exactly {value} for longer than a real one can",
    "impossible": "read {value}, which cannot be",
    "drift": "went from {reference} to {value} counts without anything taken or put",
}


def _doubted(told: Stored) -> Alarm:
    board, sensor, what = told.text("board"), told.text("sensor"), told.text("what")
    words = DOUBTS.get(what, what).format(
        value=told.number("value"), reference=told.number("reference")
    )
    return _warn(told.kind, told, _subject(told), f"Sensor {sensor} of board {board} {words}.")


def _subject(told: Stored) -> str:
    return f"{told.text('board')}:{told.text('sensor')}:{told.text('what')}"


def _warn(rule: str, told: Stored, subject: str, text: str) -> Alarm:
    return Alarm(
        rule=rule, severity="warning", place=told.text("place"), subject=subject, text=text[:300]
    )


def _board(words: str) -> Callable[[Stored], Alarm]:
    def alarm(told: Stored) -> Alarm:
        board = told.text("board")
        return _warn(told.kind, told, board, f"Board {board} {words}.")

    return alarm


def _unknown(told: Stored) -> Alarm:
    board, protocol = told.text("board"), told.number("protocol", PROTOCOL)
    if protocol != PROTOCOL:
        text = f"Board {board} speaks protocol {protocol}, not {PROTOCOL}: flash its firmware."
    else:
        text = f"Board {board} is not in the configuration."
    return _warn(told.kind, told, board, text)


FORGED = {
    "bad_mac": "does not have the key of board {board}, or altered what it said",
    "replayed": "says again what board {board} said before",
}
TURNED_AWAY = {
    "unknown_board": "calls itself {claimed}, which may not speak by Ethernet",
    "not_enrolled": "is board {board}, which is retired",
    "contradicts": "is several boards at once, or speaks another protocol",
    "noise": "says what no board says",
    "too_many": "connects too often",
}


def _turned_away(told: Stored) -> Alarm:
    what, board, peer = told.text("what"), told.text("board"), told.text("peer")
    words = FORGED.get(what) or TURNED_AWAY.get(what, what)
    count = told.number("count")
    said = words.format(board=board, claimed=told.text("claimed")[:8])
    return Alarm(
        rule="board_forged" if what in FORGED else told.kind,
        severity="critical" if what in FORGED else "warning",
        place=told.text("place"),
        subject=board or what,
        text=f"Whoever connects from {peer} {said}: refused, {count} times."[:300],
    )


def _discrepancy(told: Stored) -> Alarm:
    rule = told.text("rule")
    severity = "critical" if _is_critical(told) else "warning"
    return Alarm(
        rule=rule,
        severity="info" if rule in QUIET_DISCREPANCIES else severity,
        place=told.text("place"),
        subject=_about(told),
        text=told.text("text")[:300],
    )


def _about(told: Stored) -> str:
    """Return the subject of a discrepancy's alert."""
    # A tag that is nobody's stays the same cause however often it is read.
    thing = told.text("package") or told.text("batch")
    return told.text("tag") or f"{told.text('opening')[:16]}:{thing}"


def _escalated(told: Stored) -> Alarm:
    return Alarm(
        rule=told.kind,
        severity="critical",
        place=told.text("place"),
        subject=told.text("discrepancy"),
        text=told.text("text")[:300],
    )


def _is_critical(told: Stored) -> bool:
    """Tell whether a discrepancy is one that no model ever mutes."""
    rule = told.text("rule")
    lost = rule == "weight_without_tag" and told.number("delta_g") < 0
    return lost or rule in CRITICAL_DISCREPANCIES


def _moved(told: Stored) -> Alarm | None:
    if told.number("permitted", 1):
        return None
    package, place = told.text("package"), told.text("to")
    text = f"Package {package} was seen at {place}, where it must not be."
    return Alarm(rule="package_moved", severity="critical", place=place, subject=package, text=text)


def _stock_low(told: Stored) -> Alarm:
    name, lead = told.text("name") or told.text("gtin"), told.number("lead_days")
    order = f" A delivery takes {lead} days." if lead else ""
    text = f"{name}: {told.number('net_g')} g left, less than {told.number('warn_level_g')} g."
    return _warn(told.kind, told, told.text("gtin"), text + order)


def _expiring(told: Stored) -> Alarm:
    package, days, day = told.text("package"), told.number("days"), told.text("expires_on")
    left_g = told.number("leftover_g")
    if not left_g:
        when = "today" if days == 0 else f"in {days} days, on {day}"
        return _warn(told.kind, told, package, f"{package} ({told.text('name')}) expires {when}.")
    rate = told.number("rate_g_per_day")
    text = f"{package} expires on {day}; at {rate} g a day {left_g} g of it will be left."
    place = told.text("place")
    return Alarm(rule="stock_leftover", severity="info", place=place, subject=package, text=text)


def _expired(told: Stored) -> Alarm:
    package = told.text("package")
    text = f"{package} ({told.text('name')}) expired on {told.text('expires_on')}"
    return _warn(told.kind, told, package, f"{text}: only its return or disposal may follow.")


def _return_due(told: Stored) -> Alarm:
    package, day, days = told.text("package"), told.text("due_on"), told.number("days")
    text = f"{package} has to be back at a collection centre by {day}: {max(days, 0)} days left."
    if "extended_to" in told.facts:
        text = f"{package} holds product in date: it has to be back by {told.text('extended_to')}."
    return _warn(told.kind, told, package, text)


def _return_overdue(told: Stored) -> Alarm:
    package = told.text("package")
    text = f"{package} should have been back at a collection centre by {told.text('due_on')}."
    return Alarm(rule=told.kind, severity="critical", place="", subject=package, text=text)


def _verify(told: Stored) -> Alarm:
    text = f"The record is damaged: {told.number('findings_count')} findings. {told.text('first')}"
    return Alarm(
        rule="verify_failed", severity="critical", place="", subject="record", text=text[:300]
    )


def _unreadable(told: Stored) -> Alarm:
    text = f"Event {told.seq} of the record cannot be read any more: run fognode verify."
    return Alarm(
        rule="verify_failed", severity="critical", place="", subject=str(told.seq), text=text
    )


def _part_off(told: Stored) -> Alarm:
    part = told.text("part")
    text = f"The part {part} is switched off for ten minutes: {told.text('reason')}"
    return _warn(told.kind, told, part, text)


def _store_was_away(told: Stored) -> Alarm:
    minutes = max(told.number("away_s") // 60, 1)
    text = f"The database was away for {minutes} min; {told.number('spooled')} events waited."
    return _warn(told.kind, told, "store", text)


def _disk_low(told: Stored) -> Alarm:
    text = f"The disk is nearly full: {told.number('free_mb')} MB are free."
    return _warn(told.kind, told, "disk", text)


def _tail_cut(told: Stored) -> Alarm:
    file, whole = told.text("file"), told.number("records_after")
    where = f"{told.number('bytes')} bytes after {told.number('records_before')} whole records"
    if not whole:
        text = f"A write that was broken off, as by a power cut, was taken back: {where} of {file}."
        return Alarm(rule=told.kind, severity="info", place="", subject="spool", text=text)
    text = (
        f"The spool was damaged: {where} of {file} were set aside, {whole} whole ones among them"
        f" ({told.text('kept_in')}). What neither the database nor a board has is missing in the"
        " record."
    )
    return Alarm(rule="spool_damaged", severity="critical", place="", subject=file, text=text[:300])


def _evidence_late(told: Stored) -> Alarm:
    what, chain = told.text("what"), told.text("chain")
    begun = {
        "anchor": f"Events have been waiting for an anchor on the {chain} chain for",
        "backup": "The newest backup is older than",
        "verify": "The last verification is older than",
        "spool": "Events have been waiting in the spool for",
    }.get(what, f"{what} is late by")
    text = f"{begun} {_span(told.number('age_s'))}: {told.text('reason')}"
    return _warn(f"{what}_late", told, chain or what, text)


def _span(seconds: int) -> str:
    return f"{seconds // 3600} h" if seconds >= 7200 else f"{seconds // 60} min"


def _restored(told: Stored) -> Alarm:
    kept, size = told.number("kept_size"), told.number("old_size")
    lost = f"events {kept + 1} to {size} are lost" if size > kept else "nothing signed is lost"
    text = f"The record was restored, {lost}; {told.text('by')} accepted it: {told.text('reason')}"
    return Alarm(
        rule=told.kind, severity="critical", place="", subject=told.text("log"), text=text[:300]
    )


def _rotated(told: Stored) -> Alarm:
    new, by = told.text("new_key_id"), told.text("by") or "somebody with the box's secrets"
    text = f"Key {new} signs the record from event {told.seq} on: {by} changed it."
    return _warn(told.kind, told, new, f"{text} {told.text('reason')}".strip())


def _ledger_failed(told: Stored) -> Alarm:
    chain, package = told.text("chain"), told.text("package")
    what = f"Step {told.number('kind')} of {package}" if package else "An anchor of the record"
    text = f"{what} failed on the {chain} ledger: "
    return _warn(told.kind, told, f"{chain}:{package}", text + told.text("error"))


def _ledger_held(told: Stored) -> Alarm:
    chain = told.text("chain")
    text = f"Nothing is sent to the {chain} ledger: {told.text('reason')}"
    return _warn(told.kind, told, chain, text)


def _refused(told: Stored) -> Alarm:
    peer = told.text("peer")
    return _warn(told.kind, told, peer, f"{peer} refused a document: {told.text('reason')}")


def _not_pictured(told: Stored) -> Alarm:
    camera, cabinet = told.text("camera"), told.text("cabinet")
    text = f"Camera {camera} has no picture of an opening of {cabinet}: {told.text('reason')}"
    return _warn(told.kind, told, camera, text)


RULES: dict[str, Callable[[Stored], Alarm | None]] = {
    Kind.DISCREPANCY_FOUND: _discrepancy,
    Kind.DISCREPANCY_ESCALATED: _escalated,
    Kind.PACKAGE_MOVED: _moved,
    Kind.BOARD_SILENT: _board("is silent"),
    Kind.BOARD_LOST: _board("lost events: its memory was full"),
    Kind.BOARD_GAP: _board("left out events"),
    Kind.BOARD_UNKNOWN: _unknown,
    Kind.BOARD_CONTRADICTS: _board("contradicts what it said before"),
    Kind.BOARD_REFUSED: _turned_away,
    Kind.SENSOR_DOUBTED: _doubted,
    Kind.PHOTO_MISSED: _not_pictured,
    Kind.STOCK_LOW: _stock_low,
    Kind.STOCK_EXPIRING: _expiring,
    Kind.STOCK_EXPIRED: _expired,
    Kind.RETURN_DUE: _return_due,
    Kind.RETURN_OVERDUE: _return_overdue,
    Kind.VERIFY_FAILED: _verify,
    Kind.UNREADABLE: _unreadable,
    Kind.PART_OFF: _part_off,
    Kind.STORE_WAS_AWAY: _store_was_away,
    Kind.DISK_LOW: _disk_low,
    Kind.SPOOL_TAIL_CUT: _tail_cut,
    Kind.EVIDENCE_LATE: _evidence_late,
    Kind.RECORD_RESTORED: _restored,
    Kind.KEY_ROTATED: _rotated,
    Kind.LEDGER_FAILED: _ledger_failed,
    Kind.LEDGER_HELD: _ledger_held,
    Kind.DOCUMENT_REFUSED: _refused,
}


# --- the end of an alert -------------------------------------------------------------------


EVERY = "*"  # whatever the alert is about
# Over, once the record as it is now was verified.
EXPIRY = (Kind.STOCK_EXPIRING, Kind.STOCK_EXPIRED, "stock_leftover")
VERIFIED_AWAY = ("spool_tail_cut", "spool_damaged", Kind.RECORD_RESTORED, Kind.KEY_ROTATED)


def _resolve(state: State, told: Stored) -> Outcome:
    ended = _ends(told)
    if not ended:
        return Outcome()
    over = [
        cause
        for cause, firing in state.firing.items()
        if {(firing.alarm.rule, firing.alarm.subject), (firing.alarm.rule, EVERY)} & ended
    ]
    return Outcome(rows=[state.firing.pop(cause).row("resolved", told.seq) for cause in over])


def _ends(told: Stored) -> set[tuple[str, str]]:
    """Return rule and subject of the alerts that an event ends."""
    if told.kind.endswith("_fault"):
        return _mended(told)
    depends = DEPENDS.get(told.kind)
    if depends is not None:
        return depends(told)
    ended = ENDS.get(told.kind)
    if ended is not None:
        return {(ended[0], ended[1](told))}
    return {(rule, about(told)) for rule, about in SEVERAL.get(told.kind, ())}


def _mended(told: Stored) -> set[tuple[str, str]]:
    works = told.number("code") == 0
    return {("sensor_fault", f"{told.text('board')}:{told.text('sensor')}")} if works else set()


def _permitted(told: Stored) -> set[tuple[str, str]]:
    return {("package_moved", told.text("package"))} if told.number("permitted", 1) else set()


def _explained(told: Stored) -> set[tuple[str, str]]:
    escalated = (str(Kind.DISCREPANCY_ESCALATED), told.text("discrepancy"))
    return {(told.text("rule"), _about(told)), escalated}


def _used_up(told: Stored) -> set[tuple[str, str]]:
    gone = told.number("net_g") <= 0  # nothing of it is left to expire
    return {(rule, told.text("package")) for rule in EXPIRY} if gone else set()


def _back(told: Stored) -> set[tuple[str, str]]:
    return {(f"{told.text('what')}_late", told.text("chain") or told.text("what"))}


DEPENDS: dict[str, Callable[[Stored], set[tuple[str, str]]]] = {
    Kind.PACKAGE_MOVED: _permitted,
    Kind.DISCREPANCY_CLOSED: _explained,
    Kind.STOCK_MOVED: _used_up,
    Kind.EVIDENCE_BACK: _back,
}


def _package(told: Stored) -> str:
    return told.text("package")


RETURN_ENDS: list[tuple[str, Callable[[Stored], str]]] = [
    (Kind.RETURN_DUE, _package),
    (Kind.RETURN_OVERDUE, _package),
]
SEVERAL: dict[str, list[tuple[str, Callable[[Stored], str]]]] = {
    Kind.EMPTY_PACKAGE_EXIT: RETURN_ENDS,  # it left
    Kind.NEW_PRODUCT_ENTRY: RETURN_ENDS,  # told anew, its day is another one
    Kind.CHECKPOINT_ANCHORED: [  # it covers one that was refused
        (Kind.LEDGER_HELD, lambda told: told.text("chain")),
        (Kind.LEDGER_FAILED, lambda told: f"{told.text('chain')}:"),
    ],
    # The watch starts anew, and tells again of what still is so.
    Kind.NODE_STARTED: [(Kind.SENSOR_DOUBTED, lambda _: EVERY)],
    Kind.VERIFY_PASSED: [
        ("verify_failed", lambda _: "record"),
        *((rule, lambda _: EVERY) for rule in VERIFIED_AWAY),
    ],
}


ENDS: dict[str, tuple[str, Callable[[Stored], str]]] = {
    Kind.BOARD_HELLO: (Kind.BOARD_UNKNOWN, lambda told: told.text("board")),
    Kind.BOX_CLOSED: ("out_of_hours", lambda told: told.text("cabinet")),
    Kind.BOARD_HEARD: ("board_silent", lambda told: told.text("board")),
    Kind.PHOTO_KEPT: (Kind.PHOTO_MISSED, lambda told: told.text("by")),  # by a camera
    Kind.SENSOR_TRUSTED: (Kind.SENSOR_DOUBTED, _subject),
    Kind.DISK_ENOUGH: ("disk_low", lambda _: "disk"),
    Kind.STOCK_ENOUGH: ("stock_low", lambda told: told.text("gtin")),
    Kind.LEDGER_FINAL: ("ledger_held", lambda told: told.text("chain")),
    Kind.LEDGER_RESUMED: (
        "ledger_failed",
        lambda told: f"{told.text('chain')}:{told.text('package')}",
    ),
    Kind.DOCUMENT_ACCEPTED: ("document_refused", lambda told: told.text("peer")),
}
# All kinds that begin or end anything, but for faults, whose kinds have many names.
HEEDED = frozenset(
    {
        *RULES,
        *DEPENDS,
        *SEVERAL,
        *ENDS,
        Kind.OPEN_BOX,
        Kind.REJECTED,
        Kind.DAILY_DIGEST,
        Kind.HOUR_BEGAN,
    }
)
