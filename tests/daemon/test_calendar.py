import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from fognode.config import parse
from fognode.daemon.calendar import Calendar
from fognode.errors import StoreError
from fognode.events import Event, Row
from fognode.store.verify import Finding


class Kept:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def commit(self, events: Sequence[Event], rows: Sequence[Row]) -> list[int]:
        self.events += events
        return []


def calendar(kept: Kept, findings: list[Finding], path: Path = Path("none.toml")) -> Calendar:
    config = parse({"farm": {"id": "farm-7"}, "analysis": {"every_s": 1}})
    return Calendar(config, path, kept.commit, lambda: findings, lambda: "7 events kept")


def test_a_whole_record_is_an_event_and_a_damaged_one_another_with_the_first_row() -> None:
    kept = Kept()
    assert calendar(kept, []).check() == "0 findings"
    damaged = [Finding(seq=42, table="event", reason="content")]
    assert calendar(kept, damaged).check() == "1 findings"
    assert [event.kind for event in kept.events] == ["verify_passed", "verify_failed"]
    assert kept.events[1].facts["findings_count"] == 1
    assert "42" in str(kept.events[1].facts["first"])


def test_a_child_that_fails_is_told_on_the_page_and_keeps_nothing() -> None:
    kept = Kept()
    made = calendar(kept, [])
    made.start()
    try:
        until = time.monotonic() + 30
        while "train" not in made.results:
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        made.stop()
    at_ms, result = made.results["train"]
    assert at_ms > 0
    assert result.startswith("failed: ")
    assert kept.events == []


def test_a_database_away_leaves_the_verdict_for_the_next_night() -> None:
    def away() -> list[Finding]:
        raise StoreError("away")

    made = Calendar(
        parse({"farm": {"id": "f"}}), Path("none.toml"), Kept().commit, away, lambda: ""
    )
    with pytest.raises(StoreError):
        made.check()


def test_the_digest_is_one_event_a_day_with_the_nodes_summary() -> None:
    kept = Kept()
    made = calendar(kept, [])
    made.digest()
    made.digest()
    assert [event.kind for event in kept.events] == ["daily_digest"] * 2
    assert kept.events[0].origin == kept.events[1].origin  # the store keeps the first
    assert "7 events kept" in str(kept.events[0].facts["text"])


def test_a_night_that_was_missed_is_made_up_for_before_the_hours_chores() -> None:
    kept = Kept()
    made = calendar(kept, [])
    made.back_up = lambda: "fognode-1.tar"
    made.chores = {"anchor": lambda _now_ms: "nothing new"}
    made.overdue = lambda now_ms: ["backup", "verify"] if now_ms > 1_700_000_000_000 else []
    made._do_chores()
    assert list(made.results) == ["backup", "verify", "anchor"]
    assert made.results["backup"][1] == "fognode-1.tar"
    assert [event.kind for event in kept.events] == ["verify_passed"]
