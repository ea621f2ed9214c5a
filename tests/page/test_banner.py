from dataclasses import replace

import pytest

from fognode.events import RowValues
from fognode.page.banner import Banner, banner_now
from fognode.page.live import ChainNow, Evidence, Line, Live

CABINET = Line(board="cab01", place="cab1", heard_s=4)
GATE = Line(board="gate1", place="gate", heard_s=2)
LIVE = Live(now_ms=1, started_at_ms=1, lines=(CABINET, GATE))


def alert(severity: str = "warning", **changed: str) -> RowValues:
    row: RowValues = {
        "text": "Opened at night.",
        "rule": "out_of_hours",
        "severity": severity,
        "fingerprint": "out_of_hours/cab1",
        "place": "cab1",
    }
    return row | changed


def words(banner: Banner) -> list[str]:
    return [need.words for need in banner.needs]


def test_all_is_well_as_of_the_board_heard_longest_ago() -> None:
    assert banner_now(LIVE, []) == Banner(state="well", headline="All is well", heard_s=4)


def test_nothing_heard_is_never_called_well() -> None:
    assert banner_now(replace(LIVE, lines=()), []).state == "waiting"
    half = replace(LIVE, lines=(CABINET, replace(GATE, heard_s=None)))
    assert banner_now(half, []).headline == "Waiting for 1 of 2 boards"


def test_port_without_a_board_keeps_nobody_waiting() -> None:
    port = Line(board="", port="/dev/ttyUSB3", silent=True)
    assert banner_now(replace(LIVE, lines=(CABINET, port)), []).state == "well"


def test_one_alert_is_one_thing() -> None:
    banner = banner_now(LIVE, [alert()])
    assert (banner.state, banner.headline) == ("warning", "1 thing needs you")
    assert words(banner) == ["Opened at night."]


def test_critical_stands_first_and_colours_the_banner() -> None:
    banner = banner_now(LIVE, [alert(text="Later."), alert("critical")])
    assert (banner.state, banner.headline) == ("critical", "2 things need you")
    assert words(banner) == ["Opened at night.", "Later."]


def test_information_needs_nobody() -> None:
    assert banner_now(LIVE, [alert("info")]).state == "well"


def test_silent_board_is_one_thing_before_and_after_its_alert() -> None:
    live = replace(LIVE, lines=(replace(CABINET, silent=True), GATE))
    assert words(banner_now(live, [])) == ["Board cab01 is silent"]
    told = alert(rule="board_silent", fingerprint="board_silent/cab01", text="cab01 is silent.")
    assert words(banner_now(live, [told])) == ["cab01 is silent."]


def test_alert_about_one_silent_board_does_not_hide_another() -> None:
    live = replace(LIVE, lines=(CABINET, replace(GATE, silent=True)))
    told = alert(rule="board_silent", fingerprint="board_silent/cab01", place="cab1")
    assert "Board gate1 is silent" in words(banner_now(live, [told]))


@pytest.mark.parametrize(
    ("live", "said"),
    [
        (
            replace(LIVE, chains=(ChainNow(name="public", state="HELD", reason="other code"),)),
            "The public chain is held: other code",
        ),
        (
            replace(LIVE, store_ok=False, evidence=Evidence(spooled=7)),
            "The database is away; 7 events wait for it in the spool",
        ),
        (
            replace(LIVE, evidence=Evidence(fault="disk full")),
            "Nothing can be kept: disk full; the boards keep their events",
        ),
        (
            replace(LIVE, evidence=Evidence(disk_free_mb=120)),
            "The disk is nearly full: 120 MB are free",
        ),
        (replace(LIVE, mail="login refused"), "Mail is broken: login refused"),
        (replace(LIVE, safe_mode=True), "Safe mode: only boards, store and mail run"),
    ],
)
def test_trouble_of_the_node_itself_needs_the_farmer(live: Live, said: str) -> None:
    assert words(banner_now(live, [])) == [said]


def test_chain_that_is_only_away_needs_nobody() -> None:
    away = replace(LIVE, chains=(ChainNow(name="public", state="AWAY"),))
    assert banner_now(away, []).state == "well"


def test_why_the_database_takes_nothing_is_said_with_the_cure() -> None:
    live = replace(LIVE, store_ok=False, store_reason="it is an older copy. See docs/recovery.md")
    (said,) = words(banner_now(live, []))
    assert said.endswith("wait for it in the spool: it is an older copy. See docs/recovery.md")
