"""What is owed to whom, until the mail server has taken it.

At least once: a mail whose fate is unclear goes again under the same Message-ID.  Each try
is a row of the log ``mail_attempt``; the end is an event, ``mail_sent`` or ``mail_failed``.
"""

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from fognode.alerts.letters import Office, sheet_words, words
from fognode.alerts.mail import BrokenError, Letter
from fognode.errors import PeerError, RefusedError, UnclearError
from fognode.events import Event, Json, Kind, Outcome, Row, RowValues, Scalar, Stored

log = logging.getLogger(__name__)

MOST_A_PASS = 50
FIRST_WAIT_MS, LONGEST_WAIT_MS = 30_000, 1_800_000
BROKEN_WAIT_MS = 600_000  # a wrong password does not get better by trying
JITTER_PERMILLE = 200

Commit = Callable[[Sequence[Event], Sequence[Row]], list[int]]


class Source(Protocol):
    """What the outbox needs of the store's reader."""

    def rows(
        self,
        table: str,
        where: Mapping[str, Scalar] | None = None,
        order: str = "",
        limit: int = 500,
    ) -> list[RowValues]:
        """Return rows of a table."""

    def event(self, event_id: str) -> Stored | None:
        """Return one event."""


class Carrier(Protocol):
    """What the outbox needs of a connection."""

    @property
    def is_lost(self) -> bool:
        """Whether it can carry no further mail."""

    def send(self, letter: Letter) -> None:
        """Hand over one mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One due row and the alert it is about."""

    row: RowValues
    alert: Stored | None

    @property
    def rank(self) -> tuple[bool, int]:
        """Newest critical first."""
        is_critical = self.alert is not None and self.alert.text("severity") == "critical"
        return not is_critical, -_number(self.row, "due_at_ms")


def any_jitter() -> int:
    """Return -200 to 200 permille, so that boxes do not all come back at once."""
    return secrets.randbelow(2 * JITTER_PERMILLE + 1) - JITTER_PERMILLE


class Postman:
    """Sends what is due.  Owned by the mail thread; ``status`` may be read by any."""

    def __init__(
        self,
        source: Source,
        commit: Commit,
        connect: Callable[[], AbstractContextManager[Carrier]],
        office: Office,
        jitter: Callable[[], int] = any_jitter,
    ) -> None:
        self._source = source
        self._commit = commit
        self._connect = connect
        self._office = office
        self._jitter = jitter
        self._unrecorded: dict[str, Outcome] = {}  # done, but the store did not keep it yet
        self._state, self._reason = "ok", ""

    def status(self) -> dict[str, Json]:
        """Return state (ok, away, broken) and the reason, for the page."""
        return {"state": self._state, "reason": self._reason}

    def pass_once(self, now_ms: int) -> int:
        """Try every mail that is due, over one connection; return how many went out.

        Raises:
            StoreError: The database is away; what was done is recorded in a later pass,
                and not sent again before.
        """
        self._record_again()
        due = self._due(now_ms)
        if not due:
            return 0
        try:
            with self._connect() as carrier:
                self._be("ok", "")
                return self._carry(carrier, due, now_ms)
        except PeerError as error:
            self._notice(error)
            for owed in due:
                self._record(owed, error, now_ms)
            return 0

    def _be(self, state: str, reason: str) -> None:
        """Take note how the server is; say it once when that changed."""
        if state != self._state:
            level = logging.INFO if state == "ok" else logging.WARNING
            log.log(level, "event=mail_%s reason=%s", "back" if state == "ok" else state, reason)
        self._state, self._reason = state, reason

    def _due(self, now_ms: int) -> list[Owed]:
        rows = self._source.rows("mail_outbox", {"state": "owed"}, order="-due_at_ms")
        due = [
            Owed(row=row, alert=self._source.event(_text(row, "event_id")))
            for row in rows
            if _number(row, "next_try_at_ms") <= now_ms
        ]
        return sorted(due, key=lambda owed: owed.rank)[:MOST_A_PASS]

    def _carry(self, carrier: Carrier, due: list[Owed], now_ms: int) -> int:
        sent = 0
        for owed in due:
            error = self._send(carrier, owed, now_ms)
            self._notice(error)
            self._record(owed, error, now_ms)
            sent += error is None
            if carrier.is_lost:
                break  # the rest is still due and gets a new connection in the next pass
        return sent

    def _send(self, carrier: Carrier, owed: Owed, now_ms: int) -> PeerError | None:
        try:
            carrier.send(self._letter(owed, now_ms))
        except PeerError as error:
            return error
        return None

    def _letter(self, owed: Owed, now_ms: int) -> Letter:
        person = _text(owed.row, "person")
        address = self._office.addresses.get(person)
        if address is None or owed.alert is None:
            raise RefusedError(f"manager {person} or the alert is not known any more")
        if owed.alert.kind == Kind.HOUR_BEGAN:
            subject, text, page = sheet_words(owed.alert, self._office, now_ms)
        else:
            (subject, text), page = words(owed.alert, self._office, self._signed()), ""
        return Letter(
            message_id=_text(owed.row, "message_id"),
            recipient=address,
            subject=subject,
            text=text,
            written_at_ms=now_ms,
            sheet=page,
        )

    def _signed(self) -> str:
        for row in self._source.rows("checkpoint", order="-size", limit=1):
            size, root = _number(row, "size"), row["root"]
            named = root.hex() if isinstance(root, bytes) else ""
            return f"{size} events, root {named}"
        return ""

    def _notice(self, error: PeerError | None) -> None:
        if isinstance(error, BrokenError):
            self._be("broken", str(error))
        elif isinstance(error, RefusedError):
            self._reason = str(error)  # this mail only
        elif error is not None:
            self._be("away", str(error))

    # --- the record ----------------------------------------------------------------------

    def _record(self, owed: Owed, error: PeerError | None, now_ms: int) -> None:
        outbox_id = _text(owed.row, "id")
        outcome = self._outcome(owed, error, now_ms)
        self._unrecorded[outbox_id] = outcome
        self._commit(outcome.events, outcome.rows)
        del self._unrecorded[outbox_id]

    def _record_again(self) -> None:
        for outbox_id, outcome in list(self._unrecorded.items()):
            # The COMMIT that failed may have succeeded: ask before doing it twice.
            (row,) = self._source.rows("mail_outbox", {"id": outbox_id}, limit=1) or [{}]
            if _number(row, "tries") < _number(outcome.rows[0].values, "tries"):
                self._commit(outcome.events, outcome.rows)
            del self._unrecorded[outbox_id]

    def _outcome(self, owed: Owed, error: PeerError | None, now_ms: int) -> Outcome:
        tries = _number(owed.row, "tries") + 1
        is_final = isinstance(error, RefusedError) and not isinstance(error, BrokenError)
        reason = str(error)[:300] if error else ""
        row = {name: value for name, value in owed.row.items() if name != "hash"}
        row |= {
            "tries": tries,
            "state": "failed" if is_final else "owed" if error else "sent",
            "next_try_at_ms": now_ms + self._wait_ms(tries, error),
            "last_error": reason,
        }
        attempt: RowValues = {
            "outbox_id": _text(owed.row, "id"),
            "attempt": tries,
            "outcome": _outcome_word(error),
            "detail": reason,
            "at_ms": now_ms,
        }
        events = [_end(owed, error, now_ms)] if is_final or error is None else []
        return Outcome(
            events=events,
            rows=[Row(table="mail_outbox", values=row), Row(table="mail_attempt", values=attempt)],
        )

    def _wait_ms(self, tries: int, error: PeerError | None) -> int:
        if error is None:
            return 0
        wait_ms = min(FIRST_WAIT_MS << min(tries - 1, 10), LONGEST_WAIT_MS)
        if isinstance(error, BrokenError):
            wait_ms = BROKEN_WAIT_MS
        return wait_ms * (1000 + self._jitter()) // 1000


def _end(owed: Owed, error: PeerError | None, now_ms: int) -> Event:
    event_id, person = _text(owed.row, "event_id"), _text(owed.row, "person")
    facts: dict[str, Json] = {
        "alert": event_id,
        "manager": person,
        "message_id": _text(owed.row, "message_id"),
    }
    origin = f"s/{event_id}/{person}"
    if error is None:
        return Event(kind=Kind.MAIL_SENT, origin=origin, happened_at_ms=now_ms, facts=facts)
    return Event(
        kind=Kind.MAIL_FAILED,
        origin=f"{origin}/failed",
        happened_at_ms=now_ms,
        facts={**facts, "reason": str(error)[:300]},
    )


def _outcome_word(error: PeerError | None) -> str:
    if error is None:
        return "sent"
    if isinstance(error, UnclearError):
        return "unclear"
    is_final = isinstance(error, RefusedError) and not isinstance(error, BrokenError)
    return "refused" if is_final else "later"


def _text(row: RowValues, column: str) -> str:
    return str(row.get(column, ""))


def _number(row: RowValues, column: str) -> int:
    value = row.get(column, 0)
    return value if isinstance(value, int) else 0
