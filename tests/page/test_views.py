import hashlib
import re
import sqlite3
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sqlalchemy.event import listen

from fognode.events import Json
from fognode.page import points, views
from fognode.page.api import LISTS
from fognode.page.live import ChainNow, Live, Sensor
from fognode.store.engines import open_engine
from fognode.store.reader import Reader
from tests.page.conftest import (
    HERON,
    NOW_MS,
    OWN,
    PIN,
    Farm,
    alert_row,
    known_people,
    opening_row,
    package_row,
    person_row,
    points_row,
    row,
    step_row,
)

PATHS = (
    "/",
    "/packages",
    "/packages/GLY-0042",
    "/alerts",
    "/sensors",
    "/ledgers",
    "/stock",
    "/points",
    "/statement",
    "/declare",
    "/sign-in",
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
    """A97, A98."""
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
        (ChainNow(name="public", state="OK", behind=1), "Public ● 1 waiting"),
        (ChainNow(name="public", state="OK"), "Public ✓ in step"),
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


def test_chain_whose_steps_have_ended_is_in_step(farm: Farm) -> None:
    ended = [step_row("public", "GLY-0042", 1, state) for state in ("FINAL", "FAILED")]
    farm.tell("node_started", 1, {}, *ended)
    assert "Public chain ✓ in step" in seen(farm, "/ledgers")


def test_packages_tell_content_place_and_state(full: Farm) -> None:
    """A111."""
    words = seen(full, "/packages")
    assert "GLY-0042 ● in use Glyphosate 480 SL Content 5.53 kg" in words
    assert "Where Main cabinet" in words
    assert "Where with Heron since 14:11:50" in words
    assert "GLY-0043 ▲ empty: rinse it" in words
    assert "ATR-0008 ✓ received" in words


def test_package_page_tells_the_story_newest_first(full: Farm) -> None:
    """A114."""
    words = seen(full, "/packages/GLY-0042")
    back = words.index("Heron put it back at 4.00 kg, 1.84 kg used.")
    out = words.index("Heron took it out at 5.84 kg.")
    entry = words.index("From AgroSul, 5.84 kg, lot L7, invoice NF-1234.")
    assert back < out < entry


def test_package_page_tells_use_spill_counts_corrections_and_points_that_fell(full: Farm) -> None:
    """A114: the whole life of a package."""
    ours: dict[str, Json] = {"package": "GLY-0042", "by": HERON}
    moved = ours | {"source": "declared", "net_g": 3000}
    full.tell("stock_moved", 30, moved | {"movement": "use", "delta_g": -500})
    full.tell("stock_moved", 31, moved | {"movement": "spill", "delta_g": -200})
    full.tell("stock_moved", 32, moved | {"movement": "adjust", "delta_g": 90, "reason": "yearly"})
    full.tell("stock_moved", 33, moved | {"movement": "take", "delta_g": 0})
    full.tell("stock_moved", 34, moved | {"movement": "dispose", "delta_g": -3000, "net_g": 0})
    full.tell("package_restated", 35, ours | {"was": 4, "state": 3, "reason": "not pierced"})
    full.tell("points_reversed", 36, ours | {"points": -2, "step": "prepared"})
    fallen = points_row("GLY-0042", "prepared", -2)
    full.tell("node_started", 37, {}, fallen, step_row("private", "GLY-0042", 1009, "FINAL"))
    words = seen(full, "/packages/GLY-0042")
    for told in (
        "-500 g used, as declared, 3.00 kg left, told by Heron.",
        "-200 g spilt",
        "+90 g by a count, 3.00 kg left, told by Heron: yearly.",
        "-3.00 kg disposed of, 0 g left",
        "It was prepared and is empty, corrected by Heron: not pierced.",
        "-2 for the step prepared: its evidence fell.",
        "-2 prepared",
        "corrected ✓ final",
    ):
        assert told in words, told
    assert "+-" not in words
    assert words.count("Stock changed") == 4
    assert "record 1009" not in words


def test_package_page_offers_what_its_packaging_and_state_allow(full: Farm) -> None:
    rows = [
        package_row("S-1", 1, tag=""),
        package_row("F-3", 3, tag="", packaging="flexible"),
        package_row("N-3", 3, tag="", packaging="not_returnable"),
    ]
    full.tell("package_emptied", 62, {}, *rows)
    assert "It is empty" in seen(full, "/packages/S-1")
    flexible, kept = seen(full, "/packages/F-3"), seen(full, "/packages/N-3")
    assert "empty: seal it in a bag" in flexible
    assert "Declare sealing Declare exit" in flexible
    assert "empty: dispose of it" in kept
    assert "Declare disposal" in kept
    for words in ("rinse", "Declare exit", "Declare sealing"):
        assert words not in kept
    assert "1 to return" not in seen(full, "/packages")  # GLY-0043 and F-3
    assert "2 to return" in seen(full, "/packages")


def test_package_page_sets_both_chains_side_by_side(full: Farm) -> None:
    """A102."""
    words = seen(full, "/packages/GLY-0042")
    private, public = words.split("Public chain")
    private = private.split("Private chain")[1]
    first = "registered ✓ final transaction 0xababab…ababab in block 118"
    assert " ".join(private.split()) == f"{first} taken out ○ sent no final transaction yet"
    assert "accepted by the centre ✓ seen transaction 0xeeeeee…eeeeee in block 119" in public


def test_packages_can_be_asked_for_by_state(full: Farm) -> None:
    assert "2 in use · 1 empty · 1 received" in seen(full, "/packages")
    words = seen(full, "/packages?state=3")
    assert "GLY-0043" in words
    assert "GLY-0042" not in words
    assert "No package is in this state." in seen(full, "/packages?state=5")


@pytest.mark.parametrize("state", ["0", "8", "x", "3 or 1", "\u0663"])
def test_state_that_does_not_exist_is_refused(client: FlaskClient, state: str) -> None:
    page = client.get("/packages", query_string={"state": state})
    assert page.status_code == 400
    assert "must be a number from 1 to 7" in page.text


def test_long_list_of_packages_is_cut_and_says_so(
    full: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "LIST_LIMIT", 1)
    assert "The first 1 of 4 are shown" in seen(full, "/packages")
    assert "The first 1 of 2 are shown" in seen(full, "/packages?state=2")
    assert "are shown" not in seen(full, "/packages?state=3")


def test_package_page_tells_the_newest_of_a_long_story(
    full: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "STORY_LIMIT", 2)
    words = seen(full, "/packages/GLY-0042")
    assert "Heron put it back at 4.00 kg" in words
    assert "Heron took it out" not in words
    assert "From AgroSul" not in words
    client = full.app().test_client()
    assert 'href="/record?about=GLY-0042"' in client.get("/packages/GLY-0042").text
    told = client.get("/record?about=GLY-0042").text
    assert re.findall(r'<td class="num"[^>]*>(\d+)</td>', told) == ["7", "5", "4", "2"]


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


def test_sensor_in_doubt_says_why_and_a_tared_scale_shows_its_weight(full: Farm) -> None:
    scale = Sensor(name="W1", type="weight", unit="counts", last_value=430_000, heard_s=1)
    scale = replace(scale, grams=1_500, doubts=("drift", "stuck"))
    full.live = replace(full.live, lines=(replace(full.live.lines[0], sensors=(scale,)),))
    assert "W1 weight ▲ drift ▲ stuck 1.50 kg 430000 counts" in seen(full, "/sensors")


def test_scale_that_was_never_tared_says_so(full: Farm) -> None:
    scale = Sensor(name="W1", type="weight", unit="counts", last_value=430_000, heard_s=1)
    full.live = replace(full.live, lines=(replace(full.live.lines[0], sensors=(scale,)),))
    assert "W1 weight 430000 counts seen 1 s ago · no tare on record" in seen(full, "/sensors")


def test_sensor_that_only_tells_events_is_shown_by_its_last_one(full: Farm) -> None:
    types = {"V1": "vibration", "C1": "code", "R1": "tag"}
    sensors = tuple(Sensor(name=name, type=kind) for name, kind in types.items())
    full.live = replace(full.live, lines=(replace(full.live.lines[0], sensors=sensors),))
    words = seen(full, "/sensors")
    assert "V1 vibration tells events only none told lately" in words
    full.tell("vibration_shake", 40, {"board": "gate1", "sensor": "V1"})
    full.tell("vibration_shake", 41, {"board": "cab01", "sensor": "V1", "vibration_edges": 7})
    full.tell("tag_out", 42, {"board": "cab01", "sensor": "R1", "tag": "04A1B2C9"})
    words = seen(full, "/sensors")
    assert "V1 vibration tells events only last told 14:10:10" in words
    assert "C1 code tells events only none told lately" in words
    assert "R1 tag tells events only last told 14:10:20" in words
    assert "no reading" not in words
    assert 'class="stale"' not in full.app().test_client().get("/sensors").text


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


def test_ledgers_tell_partners_and_authority_with_the_step(full: Farm) -> None:
    asked: dict[str, Json] = {"package": "GLY-0042", "kind": 1005}
    full.tell("sendToBlockchain", 80, asked)
    told = full.reader.newest(1)[0].event_id
    posted = row("partner_outbox", id="p/1", partner="dealer-1", event_id=told, state="owed")
    sent = row("gov_outbox", id="g/1", regulator="indea", event_id="00" * 16, state="owed")
    full.tell("node_started", 81, {}, posted, sent)
    words = seen(full, "/ledgers")
    assert "dealer-1 ○ owed GLY-0042 defective: back to its supplier" in words
    assert "indea ○ owed an event that is not in the database" in words


def test_correct_it_stands_for_who_may(full: Farm) -> None:
    known_people(full)
    full.tell("emptyPackageExit", 20, {"package": "GLY-0042"})
    full.tell("use_declared", 21, {"package": "GLY-0042", "used_g": 5, "by": HERON})
    for name, offered in (("Heron", True), ("Egret", False), ("Ibis", False)):
        client = full.app().test_client()
        assert "Correct it" in client.get("/record").text  # leads to the sign-in
        client.post("/sign-in", data={"name": name, "pin": PIN}, headers=OWN)
        assert ("Correct it" in client.get("/record").text) == offered


def test_points_name_the_table_and_the_next_step(full: Farm) -> None:
    """A2, A92."""
    words = seen(full, "/points")
    assert "4 points, each final on both chains" in words
    page = full.app().test_client().get("/points").text
    assert 'aria-label="4 points"' in page
    assert len(re.findall(r'<li class="card"><div class="medal"><svg', page)) == 3  # icon and word
    assert "The farm is part of a reverse supply chain 1 earned this way" in words
    assert "Prepare 1 empty package: +2" in words
    assert "private 0xababab…ababab · public 0xcdcdcd…cdcdcd" in words


def test_record_shows_the_newest_events_with_the_hash_of_their_bytes(full: Farm) -> None:
    page = full.app().test_client().get("/record").text
    numbers = [int(seq) for seq in re.findall(r'<td class="num"[^>]*>(\d+)</td>', page)]
    assert numbers == [8, 7, 6, 5, 4, 3, 2, 1]
    body = full.reader.newest(1)[0].body
    assert hashlib.sha256(b"\x00" + body).hexdigest() in page


def record_seqs(farm: Farm, query: str) -> list[int]:
    """Return the numbers of the events that the record shows for a query."""
    page = farm.app().test_client().get("/record" + query)
    assert page.status_code == 200
    return [int(seq) for seq in re.findall(r'<td class="num"[^>]*>(\d+)</td>', page.text)]


def test_record_can_be_asked_for_by_kind_and_before_an_event(full: Farm) -> None:
    assert record_seqs(full, "?before=4") == [3, 2, 1]
    assert record_seqs(full, "?kind=handleProduct") == [5, 4]
    assert record_seqs(full, "?kind=handleProduct&before=5") == [4]
    assert record_seqs(full, "?about=GLY-0042&before=7") == [5, 4, 2]
    assert record_seqs(full, "?kind=nothing") == []
    assert "There are no such events." in seen(full, "/record?kind=nothing")


def test_record_leads_from_the_newest_event_to_the_oldest(
    full: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "RECORD_SHOWN", 3)
    client, path, seqs = full.app().test_client(), "/record", list[str]()
    for _ in range(3):
        page = client.get(path).text
        seqs += re.findall(r'<td class="num"[^>]*>(\d+)</td>', page)
        older = re.search(r'href="([^"]+)">Older events', page)
        path = unescape(older[1]) if older else ""
    assert seqs == ["8", "7", "6", "5", "4", "3", "2", "1"]
    assert not path


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=", "kind=openBox&about=P"])
def test_record_refuses_what_it_cannot_find(client: FlaskClient, query: str) -> None:
    assert client.get(f"/record?{query}").status_code == 400


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


def test_points_show_the_newest_entries_and_count_all(
    full: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(points, "POINTS_SHOWN", 1)
    words = seen(full, "/points")
    assert "4 points, each final on both chains" in words
    assert "The newest 1 of 2 are shown." in words
    assert "2 steps counted" in seen(full, "/")


def test_person_without_an_alias_keeps_the_id(full: Farm) -> None:
    full.tell("box_closed", 30, {}, opening_row(30, "", person="someone-else"))
    assert "last someone-else" in seen(full, "/")
    assert HERON not in seen(full, "/")


# --- photos and corrections --------------------------------------------------------------

JPEG = b"\xff\xd8\xff\xe0 an empty can"


def kept_photo(farm: Farm, about: str = "GLY-0042") -> str:
    facts: dict[str, Json] = {"about": about, "by": HERON, "purpose": "rinse"}
    return farm.photos().add(JPEG, facts, "3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77").photo


def test_package_leads_to_its_photos_and_a_photo_tells_what_is_known(full: Farm) -> None:
    photo = kept_photo(full)
    words = seen(full, "/packages/GLY-0042")
    assert "Photo kept 14:13:20 · event 9 Heron took a picture (rinse). Look at it" in words
    words = seen(full, f"/photos/{photo}")
    assert "Heron took a picture (rinse). About GLY-0042" in words
    assert "Show the picture That it was looked at is recorded." in words
    assert "It is erased 90 days after it was kept." in words
    assert len(full.reader.newest(9)) == 9  # to look at the page is no view of the picture


def test_picture_is_shown_after_a_click_and_the_view_is_kept(full: Farm) -> None:
    photo = kept_photo(full)
    answer = full.app().test_client().post(f"/photos/{photo}")
    assert (answer.status_code, answer.data, answer.mimetype) == (200, JPEG, "image/jpeg")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    told = full.reader.newest(1)[0]
    assert (told.kind, told.facts) == ("photo_viewed", {"photo": photo, "who": "local"})
    assert f'<a href="/photos/{photo}">the photo</a>' in (
        full.app().test_client().get("/record").text
    )


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("192.168.0.7", {}),
        ("", {}),
        ("127.0.0.1", {"X-Forwarded-For": "192.168.0.7"}),
        ("127.0.0.1", {"Forwarded": "for=192.168.0.7"}),
        ("127.0.0.1", {"Via": "1.1 proxy"}),
        ("127.0.0.1", {"Sec-Fetch-Site": "cross-site"}),
        ("127.0.0.1", {"Sec-Fetch-Site": "same-site"}),
    ],
)
def test_picture_is_shown_to_nobody_elsewhere(
    full: Farm, address: str, headers: dict[str, str]
) -> None:
    photo = kept_photo(full)
    client = full.app().test_client()
    answer = client.post(f"/photos/{photo}", environ_base={"REMOTE_ADDR": address}, headers=headers)
    assert (answer.status_code, JPEG in answer.data) == (403, False)
    known_people(full)
    form = {"name": "Heron", "pin": PIN}
    assert client.post("/sign-in", data=form, headers=OWN).status_code == 303
    page = client.get(f"/photos/{photo}", environ_base={"REMOTE_ADDR": address}, headers=headers)
    assert page.status_code == 200
    assert ("<form" in page.text) == ("Sec-Fetch-Site" in headers)
    assert full.reader.newest(1, ["photo_viewed"]) == []


def test_erased_held_and_unknown_photos_say_so(full: Farm) -> None:
    photo = kept_photo(full)
    hold: dict[str, Json] = {"about": "GLY-0042", "reason": "court file 12", "by": HERON}
    full.tell("hold_set", 20, hold)
    words = seen(full, f"/photos/{photo}")
    assert "Hold event 10: court file 12" in words
    assert "It is not erased while the hold is on." in words
    full.tell("hold_lifted", 21, hold)
    full.photos().erase(photo)
    full.tell("photo_erased", 22, {"photo": photo, "why": "a <face> is on it"})
    assert "event 12: a <face> is on it. The record stays whole" in seen(full, f"/photos/{photo}")
    client = full.app().test_client()
    assert client.post(f"/photos/{photo}").status_code == 404
    for unknown in ("00" * 32, "..%2fvault.db"):
        assert client.get(f"/photos/{unknown}").status_code == 404
        assert client.post(f"/photos/{unknown}").status_code == 404


def test_what_was_corrected_is_struck_through_with_the_pointer(full: Farm) -> None:
    told: dict[str, Json] = {"package": "GLY-0042", "destination": "centre", "by": HERON}
    full.tell("emptyPackageExit", 20, told)
    first = full.reader.newest(1)[0].event_id
    facts: dict[str, Json] = {"corrects": first, "reason": "another <one>", "by": HERON}
    full.tell("correction_declared", 21, {**facts, "facts": {**told, "destination": "depot"}})
    page = full.app().test_client().get("/record").text
    assert "<s>GLY-0042 · centre</s> <span" in page
    assert 'corrected by <a href="/record?before=11#e10">event 10</a>' in page
    words = seen(full, "/record")
    assert "should say: GLY-0042 · depot" in words
    assert "(another <one>)" in words
    page = full.app().test_client().get("/packages/GLY-0042").text
    assert "<s>Heron sent it to centre.</s>" in page
    second = full.reader.newest(1)[0].event_id
    facts = {"corrects": second, "reason": "it was that one", "by": HERON, "withdraw": 1}
    full.tell("correction_declared", 22, facts)
    page = full.app().test_client().get("/record").text
    assert "<s>GLY-0042 · centre</s>" not in page
    assert 'withdrawn by <a href="/record?before=12#e11">event 11</a>' in page
    assert "does not count (it was that one)" in seen(full, "/record")


SMALL = ("person", "product", "chain_guard")  # they do not grow with the record


def test_no_page_walks_or_sorts_a_table_that_grows(full: Farm) -> None:
    engine, plans = open_engine(full.config, "reader"), set[tuple[str, ...]]()
    connection = sqlite3.connect(full.config.folder / "fognode.db")

    def explain(_c: object, _cursor: object, asked: str, values: Any, *_: object) -> None:
        steps = connection.execute(f"EXPLAIN QUERY PLAN {asked}", values).fetchall()
        ends = ["LIMIT"] if "LIMIT" in asked and "WHERE" not in asked else []
        plans.add((*(step[3].replace("main.", "") for step in steps), *ends))

    listen(engine, "before_cursor_execute", explain)
    full.reader = Reader(engine)
    client = full.app().test_client()
    lists = [f"/api/v1/{name}?after=2" for name in LISTS]
    asked = ["/record?kind=openBox", "/record?about=P&before=9", "/packages?state=3"]
    for path in (*PATHS, *lists, *asked, "/healthz", "/live?path=/"):
        assert client.get(path).status_code == 200
    connection.close()
    engine.dispose()
    assert [plan for plan in sorted(plans) if not is_short(plan)] == []
    assert any("event_about" in step for plan in plans for step in plan)


def is_short(plan: tuple[str, ...]) -> bool:
    """Tell whether a plan reads little: rows of a bound, the first of an order, or one index."""
    own = [step for step in plan if "anon" not in step]  # what it found itself is at most a page
    is_sorted = "USE TEMP B-TREE FOR ORDER BY" in plan and len(own) == len(plan)
    if is_sorted and not any("points_package" in step for step in plan):  # three rows each
        return False
    walks = [step for step in own if step.startswith("SCAN")]
    ends = "LIMIT" in plan and not is_sorted
    return ends or all("COVERING" in step or step.split()[1] in SMALL for step in walks)
