from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from fognode import hashing
from fognode.alerts import policy
from fognode.events import Json, Outcome, Row, Stored

ZONE = ZoneInfo("America/Sao_Paulo")  # three hours behind UTC
RULES = policy.Rules(
    farm="boa-vista",
    zone=ZONE,
    hours={"cab-1": ((6 * 3600, 18 * 3600),), "cab-2": ((22 * 3600, 5 * 3600),)},
    managers=("0", "1"),
    sheet=("1",),
)
NOON_MS = int(datetime(2026, 3, 2, 15, tzinfo=UTC).timestamp()) * 1000
HOUR_MS = 3_600_000


class Watch:
    """The policy's state, told one event after the other."""

    def __init__(self) -> None:
        self.state = policy.State()
        self.seq = 0

    def tell(self, kind: str, after_ms: int = 0, /, **facts: Json) -> Outcome:
        self.seq += 1
        at_ms = NOON_MS + after_ms
        told = Stored(
            seq=self.seq,
            event_id=f"{self.seq:032x}",
            kind=kind,
            origin=f"n/{self.seq}",
            happened_at_ms=at_ms,
            recorded_at_ms=at_ms + 7,
            facts=facts,
            body=b"",
        )
        return policy.step(self.state, told, RULES)


@pytest.fixture
def watch() -> Watch:
    return Watch()


def _rows(outcome: Outcome, table: str) -> list[Row]:
    return [row for row in outcome.rows if row.table == table]


def _alert(outcome: Outcome) -> tuple[object, object, object]:
    [event] = outcome.events
    return event.facts["rule"], event.facts["severity"], event.facts["fingerprint"]


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
    [row] = _rows(outcome, "alert")
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
    mails = _rows(outcome, "mail_outbox")
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
    at = datetime(2026, 3, 3, *local, tzinfo=ZONE)
    after_ms = int(at.timestamp()) * 1000 - NOON_MS
    assert bool(watch.tell("openBox", after_ms, cabinet=cabinet).events) == alerts


def test_same_cause_counts_while_it_fires_and_mails_nobody_again(watch: Watch) -> None:
    first = watch.tell("board_silent", board="cab01", place="cab-1", silent_s=20)
    again = watch.tell("board_silent", HOUR_MS, board="cab01", place="cab-1", silent_s=20)
    other = watch.tell("board_silent", HOUR_MS, board="cab02", place="cab-2", silent_s=20)
    assert _alert(first) == ("board_silent", "warning", "board_silent/cab-1/cab01")
    assert again.events == []
    assert _rows(again, "mail_outbox") == []
    [row] = again.rows
    assert row.values["alert"] == _rows(first, "alert")[0].values["alert"]
    assert (row.values["occurrences"], row.values["last_at_ms"]) == (2, NOON_MS + HOUR_MS)
    assert len(other.events) == 1


def test_board_heard_again_resolves_its_silence_and_the_next_one_alerts(watch: Watch) -> None:
    watch.tell("board_silent", board="cab01", place="cab-1")
    assert watch.tell("board_heard", 1, board="cab02", place="cab-2").rows == []
    [row] = watch.tell("board_heard", 2, board="cab01", place="cab-1").rows
    assert (row.values["state"], row.values["as_of_seq"]) == ("resolved", 3)
    assert len(watch.tell("board_silent", 3, board="cab01", place="cab-1").events) == 1


def test_closing_resolves_the_opening_out_of_hours_so_the_next_one_alerts(watch: Watch) -> None:
    night = 14 * HOUR_MS
    watch.tell("openBox", night, cabinet="cab-1")
    assert watch.tell("openBox", night + 1, cabinet="cab-1").events == []
    [row] = watch.tell("box_closed", night + 2, cabinet="cab-1").rows
    assert (row.values["state"], row.values["occurrences"]) == ("resolved", 2)
    assert len(watch.tell("openBox", night + 3, cabinet="cab-1").events) == 1


@pytest.mark.parametrize(
    ("rule", "severity"),
    [
        ("weight_without_badge", "critical"),
        ("opening_without_badge", "critical"),
        ("returned_heavier", "warning"),
        ("tag_without_weight", "warning"),
        ("tag_without_package", "critical"),
        ("tag_two_places", "critical"),
        ("badge_revoked_used", "critical"),
        ("outside_hours", "critical"),
        ("impossible_travel", "warning"),
        ("no_witness", "warning"),
        ("prescription_beyond", "warning"),
    ],
)
def test_every_discrepancy_alerts_in_each_opening_and_closing_does_not_mute_it(
    watch: Watch, rule: str, severity: str
) -> None:
    first = watch.tell("discrepancy_found", rule=rule, opening="a" * 32, place="cab-1", text="x")
    assert _alert(first)[:2] == (rule, severity)
    assert watch.tell("box_closed", 1, cabinet="cab-1").rows == []
    second = watch.tell("discrepancy_found", rule=rule, opening="b" * 32, place="cab-1", text="x")
    assert len(second.events) == 1


@pytest.mark.parametrize(("delta_g", "severity"), [(-1500, "critical"), (1500, "warning")])
def test_weight_that_went_without_a_tag_is_critical(
    watch: Watch, delta_g: int, severity: str
) -> None:
    facts: dict[str, Json] = {"rule": "weight_without_tag", "place": "cab-1", "delta_g": delta_g}
    told = watch.tell("discrepancy_found", opening="a" * 32, text="x", **facts)
    assert _alert(told)[:2] == ("weight_without_tag", severity)


def test_strangers_tag_is_one_cause_however_often_it_is_read(watch: Watch) -> None:
    facts: dict[str, Json] = {"rule": "unknown_tag", "tag": "04DEADBEEF0001", "place": "gate"}
    assert len(watch.tell("discrepancy_found", opening="", text="x", **facts).events) == 1
    assert watch.tell("discrepancy_found", 1, opening="", text="x", **facts).events == []


def test_package_where_it_must_not_be_alerts_until_it_is_back(watch: Watch) -> None:
    assert watch.tell("package_moved", package="GLY-1", to="gate", permitted=1).events == []
    moved = watch.tell("package_moved", package="GLY-1", to="road", permitted=0)
    assert _alert(moved) == ("package_moved", "critical", "package_moved/road/GLY-1")
    [row] = watch.tell("package_moved", package="GLY-1", to="cab-1", permitted=1).rows
    assert row.values["state"] == "resolved"


def test_sensor_fault_fires_until_the_board_says_it_works_again(watch: Watch) -> None:
    where: dict[str, Json] = {"board": "cab01", "place": "cab-1", "sensor": "D1"}
    fault = watch.tell("distance_fault", code=-2, **where)
    assert _alert(fault) == ("sensor_fault", "warning", "sensor_fault/cab-1/cab01:D1")
    [row] = watch.tell("distance_fault", code=0, **where).rows
    assert row.values["state"] == "resolved"
    assert watch.state.firing == {}


def test_damaged_record_is_critical_until_it_verifies(watch: Watch) -> None:
    damaged = watch.tell("verify_failed", findings_count=2, first="event 7: hash differs")
    assert _alert(damaged) == ("verify_failed", "critical", "verify_failed//record")
    assert damaged.events[0].facts["text"] == (
        "The record is damaged: 2 findings. event 7: hash differs"
    )
    [row] = watch.tell("verify_passed", findings_count=0).rows
    assert row.values["state"] == "resolved"


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
    assert _alert(watch.tell(kind, **facts)) == (kind, "warning", fingerprint)


@pytest.mark.parametrize(
    ("held", "free"),
    [
        (("ledger_held", {"chain": "public"}), ("ledger_final", {"chain": "public"})),
        (("document_refused", {"peer": "m"}), ("document_accepted", {"peer": "m"})),
        (
            ("ledger_failed", {"chain": "public", "package": "GLY-1", "kind": 200}),
            ("ledger_resumed", {"chain": "public", "package": "GLY-1"}),
        ),
        (("ledger_failed", {"chain": "public"}), ("checkpoint_anchored", {"chain": "public"})),
    ],
)
def test_peer_that_takes_something_again_resolves(
    watch: Watch, held: tuple[str, dict[str, Json]], free: tuple[str, dict[str, Json]]
) -> None:
    watch.tell(held[0], **held[1])
    [row] = watch.tell(free[0], **free[1]).rows
    assert row.values["state"] == "resolved"


def test_ten_refused_board_events_in_a_minute_warn_and_fewer_do_not(watch: Watch) -> None:
    facts: dict[str, Json] = {"board": "cab01", "place": "cab-1", "what": "board_event"}
    slow = [watch.tell("rejected", n * 7_000, reason="x", **facts).events for n in range(12)]
    assert slow == [[]] * 12
    fast = [watch.tell("rejected", HOUR_MS + n, reason="x", **facts).events for n in range(10)]
    assert [len(events) for events in fast] == [0] * 9 + [1]


def test_noise_counted_on_the_line_warns_at_once(watch: Watch) -> None:
    noise = watch.tell("rejected", what="bad_frames", board="", place="", value="ttyUSB0")
    assert _alert(noise)[0] == "board_rejected"


def test_refused_request_of_a_person_is_no_alert(watch: Watch) -> None:
    for _ in range(20):
        assert watch.tell("rejected", what="rinse_declared", reason="x", value="y").events == []


def test_cause_that_nothing_resolves_is_news_again_after_half_a_day(watch: Watch) -> None:
    watch.tell("board_gap", board="cab01", place="cab-1")
    assert watch.tell("board_gap", 11 * HOUR_MS, board="cab01", place="cab-1").events == []
    again = watch.tell("board_gap", 24 * HOUR_MS, board="cab01", place="cab-1")
    assert len(again.events) == 1
    assert [row.values["state"] for row in _rows(again, "alert")] == ["resolved", "firing"]


def test_texts_and_fingerprints_fit_their_columns(watch: Watch) -> None:
    facts: dict[str, Json] = {"chain": "public", "package": "P" * 200, "error": "E" * 5000}
    [row] = _rows(watch.tell("ledger_failed", **facts), "alert")
    assert len(str(row.values["text"])) == 300
    assert len(str(row.values["fingerprint"])) == 120


def test_ordinary_events_alert_nobody(watch: Watch) -> None:
    for kind in ("light_open", "handleProduct", "board_hello", "newProductEntry", "sensorAlert"):
        assert watch.tell(kind, board="cab01", place="cab-1") == Outcome()


def test_the_daily_digest_is_mailed_to_every_manager_and_is_no_alert(watch: Watch) -> None:
    outcome = watch.tell("daily_digest", 0, text="All of 2026-03-02: 7 events kept")
    assert outcome.events == []
    assert [row.values["person"] for row in _rows(outcome, "mail_outbox")] == ["0", "1"]
    assert _rows(outcome, "alert") == []


def test_safety_sheet_is_owed_once_a_day_to_who_asked_for_it(watch: Watch) -> None:
    """From 06:00 on; a node that was off owes it with the first hour it sees (facts 12)."""
    hours = ("03-02T00", "03-02T05", "03-02T06", "03-02T07", "03-03T00", "03-03T14", "03-03T15")
    owed = [watch.tell("hour_began", 0, hour=f"2026-{hour}") for hour in hours]
    assert [len(outcome.rows) for outcome in owed] == [0, 0, 1, 0, 0, 1, 0]
    assert all(outcome.events == [] for outcome in owed)
    values = owed[2].rows[0].values
    assert (values["person"], values["state"]) == ("1", "owed")
    assert values["message_id"] == f"<{3:032x}.1@boa-vista.fognode>"


CUT: dict[str, Json] = {
    "file": "000000000000.spool",
    "bytes": 40,
    "records_before": 3,
    "kept_in": "000000000000-3-700.cut.told",
}


def test_a_write_broken_off_by_a_power_cut_is_shown_and_mailed_to_nobody(watch: Watch) -> None:
    outcome = watch.tell("spool_tail_cut", records_after=0, **CUT)
    assert _alert(outcome) == ("spool_tail_cut", "info", "spool_tail_cut//spool")
    assert outcome.events[0].facts["text"] == (
        "A write that was broken off, as by a power cut, was taken back:"
        " 40 bytes after 3 whole records of 000000000000.spool."
    )
    assert [row.table for row in outcome.rows] == ["alert"]
    [row] = watch.tell("verify_passed", findings_count=0).rows
    assert row.values["state"] == "resolved"


def test_damage_with_whole_records_behind_it_is_critical_for_each_file(watch: Watch) -> None:
    outcome = watch.tell("spool_tail_cut", records_after=2, **CUT)
    assert _alert(outcome) == ("spool_damaged", "critical", "spool_damaged//000000000000.spool")
    text = str(outcome.events[0].facts["text"])
    assert text == (
        "The spool was damaged: 40 bytes after 3 whole records of 000000000000.spool were set"
        " aside, 2 whole ones among them (000000000000-3-700.cut.told). What neither the database"
        " nor a board has is missing in the record."
    )
    assert len(_rows(outcome, "mail_outbox")) == 2
    other = {**CUT, "file": "000000000900.spool"}
    assert len(watch.tell("spool_tail_cut", 1, records_after=1, **other).events) == 1
    rows = watch.tell("verify_passed", 2, findings_count=0).rows
    assert [row.values["state"] for row in rows] == ["resolved"] * 2


@pytest.mark.parametrize(
    ("facts", "fingerprint", "text"),
    [
        (
            {"what": "anchor", "chain": "public", "age_s": 10_801, "reason": "chain AWAY no route"},
            "anchor_late//public",
            "Events have been waiting for an anchor on the public chain for 3 h:"
            " chain AWAY no route",
        ),
        (
            {"what": "backup", "age_s": 97_200, "reason": "failed: disk full"},
            "backup_late//backup",
            "The newest backup is older than 27 h: failed: disk full",
        ),
        (
            {"what": "verify", "age_s": 97_200, "reason": "it did not run"},
            "verify_late//verify",
            "The last verification is older than 27 h: it did not run",
        ),
        (
            {"what": "spool", "age_s": 660, "reason": "the database takes nothing"},
            "spool_late//spool",
            "Events have been waiting in the spool for 11 min: the database takes nothing",
        ),
    ],
)
def test_evidence_that_falls_behind_warns_once_until_it_has_caught_up(
    watch: Watch, facts: dict[str, Json], fingerprint: str, text: str
) -> None:
    late = watch.tell("evidence_late", **facts)
    assert _alert(late) == (fingerprint.split("/", maxsplit=1)[0], "warning", fingerprint)
    assert late.events[0].facts["text"] == text
    assert late.events[0].rule_v == 1
    assert watch.tell("evidence_late", 1, **facts).events == []
    assert watch.tell("evidence_back", 2, what="other").rows == []
    chain: dict[str, Json] = {name: facts[name] for name in ("what", "chain") if name in facts}
    [row] = watch.tell("evidence_back", 3, **chain).rows
    assert row.values["state"] == "resolved"
    assert len(watch.tell("evidence_late", 4, **facts).events) == 1


def test_camera_without_a_picture_is_told_until_it_keeps_one(watch: Watch) -> None:
    facts: dict[str, Json] = {"camera": "cam-1", "cabinet": "cab-1", "reason": "timed out"}
    outcome = watch.tell("photo_missed", **facts, place="cab-1")
    assert _alert(outcome) == ("photo_missed", "warning", "photo_missed/cab-1/cam-1")
    assert watch.tell("photo_kept", 1, by="cam-2").rows == []
    [row] = watch.tell("photo_kept", 2, by="cam-1").rows
    assert row.values["state"] == "resolved"


def test_a_disk_with_room_again_resolves(watch: Watch) -> None:
    assert _alert(watch.tell("disk_low", free_mb=480))[2] == "disk_low//disk"
    [row] = watch.tell("disk_enough", 1, free_mb=600).rows
    assert row.values["state"] == "resolved"


def test_loss_that_somebody_accepted_is_told_to_every_manager_until_the_record_verifies(
    watch: Watch,
) -> None:
    facts: dict[str, Json] = {"kept_size": 7, "old_size": 20, "log": "fognode.farm-7/x"}
    outcome = watch.tell("record_restored", **facts, by="ana", reason="the disk died")
    assert _alert(outcome) == (
        "record_restored",
        "critical",
        "record_restored//fognode.farm-7/x",
    )
    [event] = outcome.events
    assert event.facts["text"] == (
        "The record was restored, events 8 to 20 are lost; ana accepted it: the disk died"
    )
    assert len(_rows(outcome, "mail_outbox")) == 2
    [row] = _rows(watch.tell("verify_passed"), "alert")
    assert row.values["state"] == "resolved"


def test_new_key_is_told_to_every_manager(watch: Watch) -> None:
    outcome = watch.tell("key_rotated", new_key_id="05fa7c46", by="", reason="")
    assert _alert(outcome) == ("key_rotated", "warning", "key_rotated//05fa7c46")
    [event] = outcome.events
    assert event.facts["text"] == (
        "Key 05fa7c46 signs the record from event 1 on: somebody with the box's secrets changed it."
    )
    assert len(_rows(outcome, "mail_outbox")) == 2


def test_low_stock_alerts_with_its_lead_time_until_there_is_enough(watch: Watch) -> None:
    level: dict[str, Json] = {"gtin": "7891234567895", "warn_level_g": 5000}
    low = watch.tell("stock_low", **level, name="Gly", net_g=4990, lead_days=14)
    assert _alert(low) == ("stock_low", "warning", "stock_low//7891234567895")
    text = low.events[0].facts["text"]
    assert text == "Gly: 4990 g left, less than 5000 g. A delivery takes 14 days."
    enough = watch.tell("stock_enough", HOUR_MS, **level, net_g=9000)
    assert [row.values["state"] for row in _rows(enough, "alert")] == ["resolved"]


def test_expiry_alerts_until_nothing_is_left_of_the_package(watch: Watch) -> None:
    about: dict[str, Json] = {
        "package": "GLY-0042",
        "name": "Gly",
        "place": "cab-1",
        "expires_on": "2026-04-30",
    }
    soon = watch.tell("stock_expiring", **about, days=7)
    assert soon.events[0].facts["text"] == "GLY-0042 (Gly) expires in 7 days, on 2026-04-30."
    unused = watch.tell("stock_expiring", **about, days=7, leftover_g=900, rate_g_per_day=100)
    assert _alert(unused) == ("stock_leftover", "info", "stock_leftover/cab-1/GLY-0042")
    assert _rows(unused, "mail_outbox") == []
    expired = watch.tell("stock_expired", 8 * 24 * HOUR_MS, **about)
    assert expired.events[0].facts["text"] == (
        "GLY-0042 (Gly) expired on 2026-04-30: only its return or disposal may follow."
    )
    still = watch.tell("stock_moved", package="GLY-0042", net_g=5)
    assert _rows(still, "alert") == []
    gone = watch.tell("stock_moved", package="GLY-0042", net_g=0)
    assert {row.values["rule"] for row in _rows(gone, "alert")} == {
        "stock_expiring",
        "stock_leftover",
        "stock_expired",
    }


def test_an_empty_that_is_due_warns_and_is_critical_once_overdue(watch: Watch) -> None:
    about: dict[str, Json] = {"package": "P", "due_on": "2027-03-02"}
    assert _alert(watch.tell("return_due", **about, days=30)) == (
        "return_due",
        "warning",
        "return_due//P",
    )
    day_ms = 24 * HOUR_MS
    assert _alert(watch.tell("return_due", 23 * day_ms, **about, days=7))[1] == "warning"
    late = watch.tell("return_overdue", 31 * day_ms, **about, days=-1)
    assert _alert(late)[:2] == ("return_overdue", "critical")
    left = watch.tell("emptyPackageExit", 32 * day_ms, package="P", destination="centre")
    states = sorted(str(row.values["rule"]) for row in _rows(left, "alert"))
    assert states == ["return_due", "return_overdue"]
    assert {row.values["state"] for row in _rows(left, "alert")} == {"resolved"}


def test_each_batch_is_a_cause_of_its_own(watch: Watch) -> None:
    facts: dict[str, Json] = {"rule": "receipt_short", "text": "x", "opening": ""}
    assert _alert(watch.tell("discrepancy_found", **facts, batch="B-1"))[1] == "warning"
    assert len(watch.tell("discrepancy_found", **facts, batch="B-2").events) == 1


@pytest.mark.parametrize("what", ["bad_mac", "replayed"])
def test_forged_line_of_a_board_is_critical_and_names_who_sent_it(watch: Watch, what: str) -> None:
    facts: dict[str, Json] = {"board": "cab01", "claimed": "cab01", "place": "cab-1", "count": 3}
    told = watch.tell("board_refused", what=what, peer="10.0.0.9", **facts)
    assert _alert(told) == ("board_forged", "critical", "board_forged/cab-1/cab01")
    assert "10.0.0.9" in str(told.events[0].facts["text"])


def test_stranger_on_the_boards_network_warns(watch: Watch) -> None:
    facts: dict[str, Json] = {"board": "", "claimed": "spy", "place": "", "count": 1}
    told = watch.tell("board_refused", what="unknown_board", peer="10.0.0.9", **facts)
    assert _alert(told) == ("board_refused", "warning", "board_refused//unknown_board")
    assert told.events[0].facts["text"] == (
        "Whoever connects from 10.0.0.9 calls itself spy, which may not speak by Ethernet:"
        " refused, 1 times."
    )


DRIFT: dict[str, Json] = {"board": "cab01", "place": "cab-1", "sensor": "W1", "what": "drift"}


def test_sensor_in_doubt_alerts_until_it_is_trusted(watch: Watch) -> None:
    """A34: dead, stuck, impossible and drifting sensors are alerts, each a cause of its own."""
    outcome = watch.tell("sensor_doubted", **DRIFT, value=393_000, reference=400_000)
    assert _alert(outcome)[:2] == ("sensor_doubted", "warning")
    text = "Sensor W1 of board cab01 went from 400000 to 393000 counts without anything taken"
    assert str(outcome.events[0].facts["text"]).startswith(text)
    again = watch.tell("sensor_doubted", 1, **DRIFT, value=392_000, reference=400_000)
    assert again.events == []
    other = watch.tell("sensor_doubted", 2, **DRIFT | {"what": "dead"}, value=392_000)
    assert len(other.events) == 1
    [row] = _rows(watch.tell("sensor_trusted", 3, **DRIFT), "alert")
    assert (row.values["state"], row.values["fingerprint"]) == (
        "resolved",
        "sensor_doubted/cab-1/cab01:W1:drift",
    )
    [row] = _rows(watch.tell("node_started", 4), "alert")  # told again if it still is so
    assert row.values["fingerprint"] == "sensor_doubted/cab-1/cab01:W1:dead"
