from datetime import datetime

import pytest

from fognode import hashing
from fognode.events import Json, Outcome
from tests.alerts.watch import HOUR_MS, NOON_MS, ZONE, Watch, alert_of, rows_of


def test_alert_row_and_one_mail_per_manager_come_in_one_outcome(watch: Watch) -> None:
    outcome = watch.tell("openBox", 14 * HOUR_MS, cabinet="cab-1")  # 02:00 of the next day
    [event] = outcome.events
    alert = hashing.event_id(event.origin).hex()
    assert event.kind == "sensorAlert"
    assert event.facts == {
        "rule": "out_of_hours",
        "severity": "critical",
        "place": "cab-1",
        "text": "Cabinet cab-1 was opened at 02:00, outside its hours.",
        "cause": f"{1:032x}",
        "fingerprint": "out_of_hours/cab-1/cab-1",
    }
    at_ms = NOON_MS + 14 * HOUR_MS
    [row] = rows_of(outcome, "alert")
    assert row.values == {
        "alert": alert,
        "rule": "out_of_hours",
        "fingerprint": "out_of_hours/cab-1/cab-1",
        "severity": "critical",
        "place": "cab-1",
        "text": "Cabinet cab-1 was opened at 02:00, outside its hours.",
        "state": "firing",
        "occurrences": 1,
        "first_at_ms": at_ms,
        "last_at_ms": at_ms,
        "as_of_seq": 1,
    }
    mails = rows_of(outcome, "mail_outbox")
    assert [mail.values["id"] for mail in mails] == [f"{alert}/0", f"{alert}/1"]
    assert mails[1].values == {
        "id": f"{alert}/1",
        "event_id": alert,
        "person": "1",
        "channel": "mail",
        "message_id": f"<{alert}.1@boa-vista.fognode>",
        "due_at_ms": at_ms + 7,
        "tries": 0,
        "state": "owed",
        "next_try_at_ms": at_ms + 7,
        "last_error": "",
        "as_of_seq": 1,
    }


@pytest.mark.parametrize(
    ("cabinet", "local", "alerts"),
    [
        ("cab-1", (5, 59, 59), True),
        ("cab-1", (6, 0, 0), False),
        ("cab-1", (17, 59, 59), False),
        ("cab-1", (18, 0, 0), True),
        ("cab-2", (21, 59, 59), True),
        ("cab-2", (22, 0, 0), False),
        ("cab-2", (4, 59, 59), False),
        ("cab-2", (5, 0, 0), True),
        ("gate", (3, 0, 0), False),  # has no hours
    ],
)
def test_hours_are_local_and_may_wrap_midnight(
    watch: Watch, cabinet: str, local: tuple[int, int, int], alerts: bool
) -> None:
    """A117."""
    at = datetime(2026, 3, 3, *local, tzinfo=ZONE)
    after_ms = int(at.timestamp()) * 1000 - NOON_MS
    assert bool(watch.tell("openBox", after_ms, cabinet=cabinet).events) == alerts


def test_same_cause_counts_while_it_fires_and_mails_nobody_again(watch: Watch) -> None:
    """A44."""
    first = watch.tell("board_silent", board="cab01", place="cab-1", silent_s=20)
    again = watch.tell("board_silent", HOUR_MS, board="cab01", place="cab-1", silent_s=20)
    other = watch.tell("board_silent", HOUR_MS, board="cab02", place="cab-2", silent_s=20)
    assert alert_of(first) == ("board_silent", "warning", "board_silent/cab-1/cab01")
    assert again.events == []
    assert rows_of(again, "mail_outbox") == []
    [row] = again.rows
    assert row.values["alert"] == rows_of(first, "alert")[0].values["alert"]
    assert (row.values["occurrences"], row.values["last_at_ms"]) == (2, NOON_MS + HOUR_MS)
    assert len(other.events) == 1


@pytest.mark.parametrize(
    ("kind", "facts", "fingerprint"),
    [
        ("board_lost", {"board": "cab01", "place": "cab-1"}, "board_lost/cab-1/cab01"),
        ("board_gap", {"board": "cab01", "place": "cab-1"}, "board_gap/cab-1/cab01"),
        ("board_unknown", {"board": "eve", "place": ""}, "board_unknown//eve"),
        (
            "board_contradicts",
            {"board": "cab01", "place": "cab-1"},
            "board_contradicts/cab-1/cab01",
        ),
        (
            "ledger_failed",
            {"chain": "public", "package": "GLY-1", "kind": 1, "error": "reverted"},
            "ledger_failed//public:GLY-1",
        ),
        ("ledger_held", {"chain": "public", "reason": "other code"}, "ledger_held//public"),
        ("document_refused", {"peer": "mapa", "reason": "schema"}, "document_refused//mapa"),
    ],
)
def test_each_of_these_warns(
    watch: Watch, kind: str, facts: dict[str, Json], fingerprint: str
) -> None:
    """A30, A44."""
    assert alert_of(watch.tell(kind, **facts)) == (kind, "warning", fingerprint)


def test_cause_that_nothing_resolves_is_news_again_after_half_a_day(watch: Watch) -> None:
    watch.tell("board_gap", board="cab01", place="cab-1")
    assert watch.tell("board_gap", 11 * HOUR_MS, board="cab01", place="cab-1").events == []
    again = watch.tell("board_gap", 24 * HOUR_MS, board="cab01", place="cab-1")
    assert len(again.events) == 1
    assert [row.values["state"] for row in rows_of(again, "alert")] == ["resolved", "firing"]


def test_ordinary_events_alert_nobody(watch: Watch) -> None:
    for kind in ("light_open", "handleProduct", "board_hello", "newProductEntry", "sensorAlert"):
        assert watch.tell(kind, board="cab01", place="cab-1") == Outcome()


def test_the_daily_digest_is_mailed_to_every_manager_and_is_noalert_of(watch: Watch) -> None:
    outcome = watch.tell("daily_digest", 0, text="All of 2026-03-02: 7 events kept")
    assert outcome.events == []
    assert [row.values["person"] for row in rows_of(outcome, "mail_outbox")] == ["0", "1"]
    assert rows_of(outcome, "alert") == []


def test_safety_sheet_is_owed_once_a_day_to_who_asked_for_it(watch: Watch) -> None:
    """From 06:00 on; a node that was off owes it with the first hour it sees (facts 12)."""
    hours = ("03-02T00", "03-02T05", "03-02T06", "03-02T07", "03-03T00", "03-03T14", "03-03T15")
    owed = [watch.tell("hour_began", 0, hour=f"2026-{hour}") for hour in hours]
    assert [len(outcome.rows) for outcome in owed] == [0, 0, 1, 0, 0, 1, 0]
    assert all(outcome.events == [] for outcome in owed)
    values = owed[2].rows[0].values
    assert (values["person"], values["state"]) == ("1", "owed")
    assert values["message_id"] == f"<{3:032x}.1@boa-vista.fognode>"
