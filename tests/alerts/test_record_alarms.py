import pytest

from fognode.events import Json
from tests.alerts.watch import Watch, alert_of, rows_of


def test_damaged_record_is_critical_until_it_verifies(watch: Watch) -> None:
    damaged = watch.tell("verify_failed", findings_count=2, first="event 7: hash differs")
    assert alert_of(damaged) == ("verify_failed", "critical", "verify_failed//record")
    assert damaged.events[0].facts["text"] == (
        "The record is damaged: 2 findings. event 7: hash differs"
    )
    [row] = watch.tell("verify_passed", findings_count=0).rows
    assert row.values["state"] == "resolved"


CUT: dict[str, Json] = {
    "file": "000000000000.spool",
    "bytes": 40,
    "records_before": 3,
    "kept_in": "000000000000-3-700.cut.told",
}


def test_a_write_broken_off_by_a_power_cut_is_shown_and_mailed_to_nobody(watch: Watch) -> None:
    outcome = watch.tell("spool_tail_cut", records_after=0, **CUT)
    assert alert_of(outcome) == ("spool_tail_cut", "info", "spool_tail_cut//spool")
    assert outcome.events[0].facts["text"] == (
        "A write that was broken off, as by a power cut, was taken back:"
        " 40 bytes after 3 whole records of 000000000000.spool."
    )
    assert [row.table for row in outcome.rows] == ["alert"]
    [row] = watch.tell("verify_passed", findings_count=0).rows
    assert row.values["state"] == "resolved"


def test_damage_with_whole_records_behind_it_is_critical_for_each_file(watch: Watch) -> None:
    outcome = watch.tell("spool_tail_cut", records_after=2, **CUT)
    assert alert_of(outcome) == ("spool_damaged", "critical", "spool_damaged//000000000000.spool")
    text = str(outcome.events[0].facts["text"])
    assert text == (
        "The spool was damaged: 40 bytes after 3 whole records of 000000000000.spool were set"
        " aside, 2 whole ones among them (000000000000-3-700.cut.told). What neither the database"
        " nor a board has is missing in the record."
    )
    assert len(rows_of(outcome, "mail_outbox")) == 2
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
    assert alert_of(late) == (fingerprint.split("/", maxsplit=1)[0], "warning", fingerprint)
    assert late.events[0].facts["text"] == text
    assert late.events[0].rule_v == 2
    assert watch.tell("evidence_late", 1, **facts).events == []
    assert watch.tell("evidence_back", 2, what="other").rows == []
    chain: dict[str, Json] = {name: facts[name] for name in ("what", "chain") if name in facts}
    [row] = watch.tell("evidence_back", 3, **chain).rows
    assert row.values["state"] == "resolved"
    assert len(watch.tell("evidence_late", 4, **facts).events) == 1


def test_loss_that_somebody_accepted_is_told_to_every_manager_until_the_record_verifies(
    watch: Watch,
) -> None:
    facts: dict[str, Json] = {"kept_size": 7, "old_size": 20, "log": "fognode.farm-7/x"}
    outcome = watch.tell("record_restored", **facts, by="ana", reason="the disk died")
    assert alert_of(outcome) == (
        "record_restored",
        "critical",
        "record_restored//fognode.farm-7/x",
    )
    [event] = outcome.events
    assert event.facts["text"] == (
        "The record was restored, events 8 to 20 are lost; ana accepted it: the disk died"
    )
    assert len(rows_of(outcome, "mail_outbox")) == 2
    [row] = rows_of(watch.tell("verify_passed"), "alert")
    assert row.values["state"] == "resolved"


def test_new_key_is_told_to_every_manager(watch: Watch) -> None:
    outcome = watch.tell("key_rotated", new_key_id="05fa7c46", by="", reason="")
    assert alert_of(outcome) == ("key_rotated", "warning", "key_rotated//05fa7c46")
    [event] = outcome.events
    assert event.facts["text"] == (
        "Key 05fa7c46 signs the record from event 1 on: somebody with the box's secrets changed it."
    )
    assert len(rows_of(outcome, "mail_outbox")) == 2
