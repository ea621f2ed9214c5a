import hashlib
import re
from dataclasses import replace
from html import unescape
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from fognode.page import views
from fognode.page.live import ChainNow, Live
from tests.page.conftest import (
    HERON,
    NOW_MS,
    TX,
    Farm,
    alert_row,
    opening_row,
    package_row,
    person_row,
    points_row,
    step_row,
)

PATHS = (
    "/",
    "/packages",
    "/packages/GLY-0042",
    "/alerts",
    "/sensors",
    "/ledgers",
    "/points",
    "/record",
)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=y>&{{7*7}}"


def seen(farm: Farm, path: str) -> str:
    """Return the words of a page as a reader sees them."""
    page = farm.app().test_client().get(path)
    assert page.status_code == 200
    text = re.sub(r"<(style|script|title).*?</\1>|<[^>]+>", " ", page.text, flags=re.DOTALL)
    return re.sub(r"\s+([,.])", r"\1", " ".join(unescape(text).split()))


@pytest.mark.parametrize("path", PATHS)
def test_every_page_shows_a_full_store(full: Farm, path: str) -> None:
    assert "Sítio Boa Vista" in seen(full, path)


@pytest.mark.parametrize("path", [path for path in PATHS if "GLY" not in path])
def test_every_page_shows_an_empty_store(farm: Farm, path: str) -> None:
    farm.live = Live(now_ms=NOW_MS, started_at_ms=NOW_MS)
    assert "Sítio Boa Vista" in seen(farm, path)


def test_home_says_all_is_well_and_since_when(full: Farm) -> None:
    words = seen(full, "/")
    assert "All is well, seen 4 s ago" in words
    assert "2 in place 1 taken out 1 to return" in words
    assert "Main cabinet ✓ closed last Heron, 13:59:20" in words
    assert "Heron took GLY-0042 at 06:12, 1.84 kg used, returned 07:40." in words
    assert "About 2 packages of Glyphosate 480 SL will be needed in October." in words
    assert "4 earned, final on both chains" in words


def test_home_does_not_call_an_empty_farm_well(farm: Farm) -> None:
    farm.live = Live(now_ms=NOW_MS, started_at_ms=NOW_MS)
    words = seen(farm, "/")
    assert "No board has spoken" in words
    assert "All is well" not in words


def test_home_names_what_needs_the_farmer_and_who_is_at_the_cabinet(full: Farm) -> None:
    open_now = opening_row(20, "", person="", closed_at_ms=0, verdict="open")
    full.tell("sensorAlert", 20, {"rule": "out_of_hours"}, alert_row(20), open_now)
    words = seen(full, "/")
    assert "1 thing needs you Main cabinet was opened at 02:13, nobody named." in words
    assert "Main cabinet ▲ open opened by nobody named" in words
    assert "■ critical" in words


@pytest.mark.parametrize(
    ("chain", "words"),
    [
        (ChainNow(name="public", state="OK"), "Public ● 1 waiting"),
        (ChainNow(name="public", state="HELD", reason="other code"), "Public ■ held back"),
        (ChainNow(name="public", state="AWAY"), "Public ▲ not reachable"),
        (ChainNow(name="public", state="STARTING"), "Public ○ starting up"),
    ],
)
def test_home_tells_a_chain_in_two_words(full: Farm, chain: ChainNow, words: str) -> None:
    full.live = replace(full.live, chains=(chain,))
    home = seen(full, "/")
    assert words in home
    assert "Private ○ not set up" in home


def test_chain_with_nothing_owed_is_in_step(farm: Farm) -> None:
    farm.tell("node_started", 1, {}, step_row("public", "GLY-0042", 1, "FINAL"))
    assert "Public ✓ in step" in seen(farm, "/")


def test_packages_tell_content_place_and_state(full: Farm) -> None:
    words = seen(full, "/packages")
    assert "GLY-0042 ● in use Glyphosate 480 SL Content 5.53 kg" in words
    assert "Where Main cabinet" in words
    assert "Where with Heron since 14:11:50" in words
    assert "GLY-0043 ▲ empty: rinse it" in words
    assert "ATR-0008 ✓ received" in words


def test_package_page_tells_the_story_newest_first(full: Farm) -> None:
    words = seen(full, "/packages/GLY-0042")
    back = words.index("Heron put it back at 4.00 kg, 1.84 kg used.")
    out = words.index("Heron took it out at 5.84 kg.")
    entry = words.index("From AgroSul, 5.84 kg, lot L7, invoice NF-1234.")
    assert back < out < entry


def test_package_page_sets_both_chains_side_by_side(full: Farm) -> None:
    words = seen(full, "/packages/GLY-0042")
    private, public = words.split("Public chain")
    private = private.split("Private chain")[1]
    first = "registered ✓ final transaction 0xababab…ababab in block 118"
    assert " ".join(private.split()) == f"{first} taken out ○ sent no final transaction yet"
    assert "accepted by the centre ✓ seen transaction 0xeeeeee…eeeeee in block 119" in public


def test_package_page_leaves_out_other_packages(full: Farm) -> None:
    assert "Heron took it out" not in seen(full, "/packages/ATR-0008")


def test_unknown_package_is_a_small_page(client: FlaskClient) -> None:
    page = client.get("/packages/NOPE")
    assert page.status_code == 404
    assert "no package &#39;NOPE&#39; is known here" in page.text


def test_alerts_show_the_critical_one_first(full: Farm) -> None:
    warning = alert_row(21, "warning", text="A tag without weight.", last_at_ms=NOW_MS)
    full.tell("sensorAlert", 20, {}, warning, alert_row(20))
    words = seen(full, "/alerts")
    assert words.index("■ critical") < words.index("▲ warning")
    assert "GLY-0042 came back 120 g heavier than it left." in words
    assert "Gate was silent." in words.split("Ended")[1]


def test_stale_sensor_is_grey_and_says_so(client: FlaskClient) -> None:
    items = re.findall(r'<li class="(stale|)">(.*?)</li>', client.get("/sensors").text, re.DOTALL)
    assert [(shade, "t1" in text, ", old" in text) for shade, text in items] == [
        ("", False, False),
        ("", False, False),
        ("stale", True, True),
    ]


def test_silent_board_is_said_in_words(full: Farm) -> None:
    gate = replace(full.live.lines[1], silent=True, heard_s=65)
    full.live = replace(full.live, lines=(gate,))
    assert "Gate ▲ silent board gate1 · gate 1.0 · seen 65 s ago" in seen(full, "/sensors")


def test_ledgers_show_guard_steps_and_what_is_pending(full: Farm) -> None:
    words = seen(full, "/ledgers")
    assert "Private chain ● 1 waiting Guard OK Newest block 120" in words
    assert "1 step pending" in words
    assert "GLY-0042 registered ✓ final transaction 0xababab…ababab in block 118" in words
    assert "This chain was not reached yet" in words.split("Public chain")[1]


def test_points_name_the_table_and_the_next_step(full: Farm) -> None:
    words = seen(full, "/points")
    assert "4 points, each final on both chains" in words
    assert 'aria-label="4 points"' in full.app().test_client().get("/points").text
    assert "The farm is part of a reverse supply chain 1 earned this way" in words
    assert "Rinse and puncture 1 empty package: +2" in words
    assert "private 0xababab…ababab · public 0xcdcdcd…cdcdcd" in words


def test_record_shows_the_newest_events_with_the_hash_of_their_bytes(full: Farm) -> None:
    page = full.app().test_client().get("/record").text
    numbers = [int(seq) for seq in re.findall(r'<td class="num">(\d+)</td>', page)]
    assert numbers == [8, 7, 6, 5, 4, 3, 2, 1]
    body = full.reader.newest(1)[0].body
    assert hashlib.sha256(b"\x00" + body).hexdigest() in page


def test_pages_call_nothing_outside(full: Farm) -> None:
    client = full.app().test_client()
    for path in PATHS:
        page = client.get(path).text
        assert re.findall(r'(?:src|href|action)="(?!/)[^#]', page) == []
        assert "http://" not in page
        assert "https://" not in page
        assert "style=" not in page


@pytest.mark.parametrize("path", PATHS)
def test_page_has_language_skip_link_and_one_heading(client: FlaskClient, path: str) -> None:
    page = client.get(path).text
    assert '<html lang="en">' in page
    assert '<a class="skip" href="#main">' in page
    assert page.count("<h1") == 1


def test_hostile_text_is_escaped_wherever_it_is_shown(farm: Farm) -> None:
    name = HOSTILE[:60]
    product = package_row(
        name, source=HOSTILE, lot=HOSTILE[:40], site=HOSTILE[:40], out_since_at_ms=1
    )
    farm.tell(
        "newProductEntry",
        1,
        {"package": name, "source": HOSTILE, "lot": HOSTILE, "invoice": HOSTILE},
        product,
        person_row(HOSTILE[:60]),
        opening_row(1, HOSTILE),
        alert_row(1, text=HOSTILE, rule=HOSTILE[:40], place=HOSTILE[:40]),
        points_row(name, "received", 1),
        step_row("private", name, 1, "FINAL"),
    )
    client = farm.app().test_client()
    for path in (*PATHS[:2], "/packages/" + quote(name, safe=""), *PATHS[3:]):
        page = client.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    assert "&lt;script&gt;alert(1)" in client.get("/packages").text
    assert "{{7*7}}" in client.get("/").text  # shown, not reckoned


def test_queries_are_the_three_of_the_paper(full: Farm) -> None:
    chains = views.query_dapps(full.reader, full.live)
    assert {name: (view.pending, len(view.rows)) for name, view in chains.items()} == {
        "private": (1, 2),
        "public": (1, 2),
    }
    told = views.query_tier2_views(full.reader, limit=2)
    assert [one.seq for one, _ in told] == [8, 7]
    points = views.query_gaming_points(full.reader)
    assert points.total == 4
    assert points.by_step == {"received": 1, "prepared": 0, "returned": 3}
    assert {entry["private_tx"] for entry in points.entries} == {TX}


def test_counts_follow_the_packages(full: Farm) -> None:
    assert views.package_counts(full.reader) == views.Counts(
        inside=2, out=1, to_return=1, returned=1
    )


def test_person_without_an_alias_keeps_the_id(full: Farm) -> None:
    full.tell("box_closed", 30, {}, opening_row(30, "", person="someone-else"))
    assert "last someone-else" in seen(full, "/")
    assert HERON not in seen(full, "/")
