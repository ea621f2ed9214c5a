import re
from dataclasses import replace
from pathlib import Path

import pytest

from fognode.config import parse
from fognode.ledgers import outbox
from fognode.page.live import OPEN_STEPS, ChainNow, Desk, Line, Live, Sensor
from fognode.store.engines import open_engine
from fognode.store.photos import Photos
from fognode.store.pins import Pins
from fognode.store.reader import Reader
from fognode.store.vault import Vault

SENSOR = Sensor(name="w1", type="weight", unit="g", last_value=5840, heard_s=4)
LINE = Line(board="cab01", heard_s=4, sensors=(SENSOR,), counters={"frames": 7})
LIVE = Live(now_ms=10_000, started_at_ms=1, lines=(LINE,))


def test_every_state_of_a_step_is_open_or_an_end() -> None:
    # As ledgers/outbox.py tells them: "    QUEUED  no transaction yet; ...".
    states = re.findall(r"^ {4}([A-Z]+) ", str(outbox.__doc__), re.MULTILINE)
    assert states == [*OPEN_STEPS, "FINAL", "FAILED"]


@pytest.mark.parametrize(
    ("heard_s", "silent", "stale"),
    [
        (0, False, False),
        (15, False, False),
        (16, False, True),
        (None, False, True),
        (1, True, True),
    ],
)
def test_three_missed_beats_make_a_reading_stale(
    heard_s: int | None, silent: bool, stale: bool
) -> None:
    assert replace(LINE, silent=silent).is_stale(heard_s) is stale


def test_passing_time_alone_keeps_the_revision() -> None:
    older = replace(LINE, heard_s=6, sensors=(replace(SENSOR, heard_s=6),))
    later = replace(LIVE, now_ms=12_000, lines=(older,))
    assert later.revision(5) == LIVE.revision(5)


@pytest.mark.parametrize(
    "changed",
    [
        replace(LIVE, lines=(replace(LINE, counters={"frames": 8}),)),
        replace(LIVE, lines=(replace(LINE, sensors=(replace(SENSOR, last_value=5841),)),)),
        replace(LIVE, lines=(replace(LINE, sensors=(replace(SENSOR, heard_s=16),)),)),
        replace(LIVE, lines=(replace(LINE, silent=True),)),
        replace(LIVE, chains=(ChainNow(name="public", state="HELD"),)),
        replace(LIVE, store_ok=False),
        replace(LIVE, safe_mode=True),
        replace(LIVE, mail="refused"),
        replace(LIVE, queues={"events": 3}),
    ],
)
def test_anything_a_page_shows_changes_the_revision(changed: Live) -> None:
    assert changed.revision(5) != LIVE.revision(5)


def test_new_event_changes_the_revision() -> None:
    assert LIVE.revision(5) != LIVE.revision(6)


@pytest.mark.parametrize(
    ("mail", "broken"), [("off", False), ("ok", False), ("away: timeout", False), ("refused", True)]
)
def test_mail_that_is_off_or_tried_again_is_not_broken(mail: str, broken: bool) -> None:
    assert replace(LIVE, mail=mail).mail_broken is broken


def test_desk_carries_what_the_daemon_hands_in(tmp_path: Path) -> None:
    config = parse({"farm": {"id": "f", "folder": str(tmp_path)}})
    reader = Reader(open_engine(config, "reader"))
    desk = Desk(
        config=config,
        reader=reader,
        live=lambda: LIVE,
        request_event=lambda kind, facts, request_id: 7,
        keep_events=lambda events: [8 for _ in events],
        photos=Photos(tmp_path, lambda: Vault(tmp_path / "v"), reader, lambda *_: [], lambda: 1),
        pins=Pins(tmp_path / "v"),
        mono_s=lambda: 5.0,
        token="t",
    )
    assert desk.live() is LIVE
    assert desk.request_event("exit_declared", {}, "id") == 7
