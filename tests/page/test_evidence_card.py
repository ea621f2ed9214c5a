"""The record's page says how far it is proved, and what is behind."""

import re
from dataclasses import replace

from fognode.page.live import Anchored, Evidence, TailCut
from tests.page.conftest import NOW_MS, TX, Farm

HOUR_MS = 3_600_000
EVIDENCE = Evidence(
    spooled=7,
    oldest_at_ms=NOW_MS - 5 * 60_000,
    signed_size=6,
    signed_at_ms=NOW_MS - 40_000,
    signs=True,
    write_once="9 of 9 kept files are immutable on ext4: only root can change or remove one",
    disk_free_mb=480,
    anchors=(
        Anchored(chain="private", size=6, at_ms=NOW_MS - HOUR_MS, tx_hash=TX),
        Anchored(chain="public", open_since_ms=NOW_MS - 4 * HOUR_MS),
    ),
    verified_at_ms=NOW_MS - 11 * HOUR_MS,
    findings=2,
    backup="fognode-20260921T020000Z.tar",
    backed_up_at_ms=NOW_MS - 12 * HOUR_MS,
)
CUT = TailCut(
    at_ms=NOW_MS - 60_000,
    size_bytes=40,
    file="000000000900.spool",
    records_before=3,
    records_after=0,
)


def card(farm: Farm, evidence: Evidence) -> str:
    farm.live = replace(farm.live, evidence=evidence)
    page = farm.app().test_client().get("/record").text
    part = page.split('data-part="evidence"')[1].split("</section>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", part).split())


def test_every_figure_stands_with_its_age(full: Farm) -> None:
    words = card(full, EVIDENCE)
    assert "Signed 6 of 8 events 14:12:40 , 40 s ago" in words
    assert "Anchored: private chain 6 events 13:13:20 , 60 min ago 0xababab…ababab" in words
    assert "Anchored: public chain none yet later ones wait since 10:13:20 , 4 h ago" in words
    assert "Last verified ■ 2 findings 03:13:20 , 11 h ago" in words
    assert "Last backup fognode-20260921T020000Z.tar 02:13:20 , 12 h ago" in words
    assert "Not in the database yet 7 events safe in the spool, the first of 14:08:20" in words
    assert "Free disk 480 MB ▲ nearly full" in words
    assert "Write-once folder 9 of 9 kept files are immutable on ext4: only root can" in words
    assert "End of the spool" not in words


def test_what_was_never_done_is_said(full: Farm) -> None:
    words = card(full, Evidence(disk_free_mb=9000))
    assert "Signed no checkpoint key: fognode key new checkpoint-key" in words
    assert "Anchored nowhere: no chain is set up, so who owns this box could write it" in words
    assert "Last verified not yet" in words
    assert "Last backup none yet" in words
    assert "Free disk 9000 MB Write-once folder not used" in words


def test_a_clean_verification_says_so(full: Farm) -> None:
    words = card(full, replace(EVIDENCE, findings=0))
    assert "Last verified ✓ no findings" in words


def test_a_torn_end_and_a_damaged_one_read_differently(full: Farm) -> None:
    torn = card(full, replace(EVIDENCE, tail_cut=CUT))
    assert (
        "40 bytes of 000000000900.spool after 3 whole records were set aside: a write that was"
        " broken off, as by a power cut 14:12:20 , 60 s ago"
    ) in torn
    damaged = card(full, replace(EVIDENCE, tail_cut=replace(CUT, records_after=2)))
    assert "■ damaged 2 whole records stood behind the damage; 40 bytes of" in damaged
    assert "power cut" not in damaged


def test_a_new_figure_changes_the_page_and_an_age_does_not(full: Farm) -> None:
    live = replace(full.live, evidence=EVIDENCE)
    older = replace(live, evidence=replace(EVIDENCE, disk_free_mb=479, oldest_at_ms=1))
    assert live.revision(8) == older.revision(8)
    for changed in (
        replace(EVIDENCE, backed_up_at_ms=NOW_MS),
        replace(EVIDENCE, signed_size=8),
        replace(EVIDENCE, anchors=()),
        replace(EVIDENCE, tail_cut=CUT),
    ):
        assert replace(live, evidence=changed).revision(8) != live.revision(8)


def test_health_gives_the_same_figures_to_a_machine(full: Farm) -> None:
    full.live = replace(full.live, evidence=EVIDENCE)
    told = full.app().test_client().get("/healthz").json
    assert told is not None
    assert told["anchored"] == {"private": 6, "public": 0}
    assert told["verified_at_ms"] == NOW_MS - 11 * HOUR_MS
    assert told["findings"] == 2
    assert told["backed_up_at_ms"] == NOW_MS - 12 * HOUR_MS
