"""What is put into a pack, and that the same record gives the same bytes."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from fognode.errors import TamperError
from fognode.hashing import sha256
from fognode.store import pack_check
from fognode.store.checkpoint import Checkpoint, Signer
from fognode.store.pack import write_pack
from fognode.store.pack_check import check_pack
from fognode.store.pack_choice import Ask
from tests.store.packs import LOG, P1, PHOTO, PHOTO_NAME, SALT, SIGNER, packed, small_farm


def read(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_same_record_and_question_give_the_same_bytes(tmp_path: Path) -> None:
    first = packed(tmp_path)
    farm = small_farm()
    sources = replace(farm.sources(), notes=farm.notes()[::-1])
    write_pack(tmp_path / "again.zip", Ask(photos=True), sources)
    assert (tmp_path / "again.zip").read_bytes() == first
    assert sorted(one.name for one in tmp_path.iterdir()) == ["again.zip", "pack.zip"]


def test_any_zip_program_can_open_it(tmp_path: Path) -> None:
    packed(tmp_path)
    with zipfile.ZipFile(tmp_path / "pack.zip") as opened:
        assert opened.testzip() is None
        assert opened.namelist() == sorted(opened.namelist())
        assert {info.date_time for info in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_summary_tells_what_is_in(tmp_path: Path) -> None:
    target = tmp_path / "pack.zip"
    told = write_pack(target, Ask(photos=True), small_farm().sources())
    assert (told.events, told.proven, told.checkpoints) == (25, 20, 3)
    assert (told.anchors, told.transactions, told.photos) == (1, 1, 1)
    assert told.size_bytes == target.stat().st_size
    assert told.sha256 == sha256(target.read_bytes()).hex()


def test_bodies_are_the_stored_bytes_and_proofs_are_short(tmp_path: Path) -> None:
    farm = small_farm()
    packed(tmp_path, farm)
    files = read(tmp_path / "pack.zip")
    assert files["events.jsonl"] == b"".join(body + b"\n" for body in farm.bodies)
    proofs = [json.loads(line) for line in files["proofs.jsonl"].splitlines()]
    assert [row["seq"] for row in proofs if "proof" not in row] == [21, 22, 23, 24, 25]
    assert max(len(row.get("proof", ())) for row in proofs) == 5
    assert files[PHOTO_NAME] == PHOTO.content
    (shown,) = [json.loads(line) for line in files["photos.jsonl"].splitlines()]
    assert shown == {"file": PHOTO_NAME, "salt": SALT.hex(), "seq": 13}
    assert files["check.py"] == Path(pack_check.__file__).read_bytes()
    assert files["checkpoints/000000000020.note"] == farm.notes()[2]


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    told = write_pack(tmp_path / "p.zip", Ask(), small_farm().sources())
    assert told.missing == (
        "no signed checkpoint yet: events 21 to 25",
        "no anchor on a chain: events 17 to 25",
        "event 13: its photo was not asked for",
        "event 14: its photo was erased at 2026-11-21T08:40:00Z, event 15: kept for 90 days",
        "event 10: its step is not final on chain public",
        "event 1 at 2026-11-20T18:40:00Z, node_started: the node had been off; boards keep only"
        " so much meanwhile",
        "event 12 at 2026-11-21T05:40:00Z, board_lost: a board lost events",
    )
    assert read(tmp_path / "p.zip")["missing.txt"].decode().splitlines() == list(told.missing)


def test_lost_photos_anchors_and_checkpoints_are_named(tmp_path: Path) -> None:
    sources = small_farm().sources()
    other = replace(PHOTO, content=b"another picture")
    bare = replace(sources, notes=sources.notes[:1], photo=lambda _: other)
    told = write_pack(tmp_path / "p.zip", Ask(package=P1, photos=True), bare)
    assert told.missing[:4] == (
        "no signed checkpoint yet: events 6 to 11, 13 to 15, 23, 25",
        "no anchor on a chain: events 2 to 3, 6 to 11, 13 to 15, 23, 25",
        "no checkpoint with the size 16 and root of anchor 0xa1",
        "event 13: its photo is lost or altered, or its key is",
    )
    assert (told.anchors, told.photos, told.proven) == (0, 0, 2)
    assert check_pack((tmp_path / "p.zip").read_bytes()).problems == []


def test_an_empty_answer_says_so(tmp_path: Path) -> None:
    sources = replace(small_farm().sources(), notes=[], anchors=[])
    told = write_pack(tmp_path / "p.zip", Ask(package="unknown", to_ms=1), sources)
    assert told.missing == ("no event was found",)
    report = check_pack((tmp_path / "p.zip").read_bytes())
    assert report.problems == []
    assert report.verdict == "ALL CHECKS HOLD: 0 of 0 events are proven"


def test_a_record_that_was_altered_is_packed_named_and_fails_its_check(tmp_path: Path) -> None:
    farm = small_farm()
    notes = farm.notes()
    farm.bodies[8] = farm.bodies[8].replace(b"1100", b"1101")
    write_pack(tmp_path / "p.zip", Ask(), replace(farm.sources(), notes=notes))
    missing = read(tmp_path / "p.zip")["missing.txt"].decode()
    assert "the record no longer has the root of checkpoint 20\n" in missing
    problems = check_pack((tmp_path / "p.zip").read_bytes()).problems
    said = "does not have the hash that its chain says: its content was changed"
    assert f"events.jsonl row 9: event 9 {said}" in problems


def test_one_altered_event_beside_an_intact_tree_is_named_alone(tmp_path: Path) -> None:
    farm = small_farm()
    sources = farm.sources()  # its tree is made of the true bodies, as tiles in WORM are
    farm.bodies[8] = farm.bodies[8].replace(b"1100", b"1101")
    told = write_pack(tmp_path / "p.zip", Ask(), sources)
    assert "event 9 is not what the tree has at its place" in told.missing
    problems = check_pack((tmp_path / "p.zip").read_bytes()).problems
    assert {line.split(" ")[2] for line in problems} == {"9:"}
    assert "events.jsonl row 9: event 9 is not what checkpoint 20 has at its place" in problems


def test_foreign_or_contradicting_notes_are_not_packed(tmp_path: Path) -> None:
    sources = small_farm().sources()
    foreign = Signer(LOG, "11" * 32).sign(Checkpoint(log=LOG, size=5, root=bytes(32)))
    for note in (foreign, SIGNER.sign(Checkpoint(log=LOG, size=5, root=bytes(32)))):
        with pytest.raises(TamperError):
            write_pack(tmp_path / "p.zip", Ask(), replace(sources, notes=[*sources.notes, note]))
    assert list(tmp_path.iterdir()) == []


def test_an_event_cannot_end_the_script_of_the_page(tmp_path: Path) -> None:
    farm = small_farm()
    farm.tell("sensorAlert", "q/evil", {"text": "</script><script>alert(1)</script><!--"})
    packed(tmp_path, farm)
    page = read(tmp_path / "pack.zip")["check.html"].decode()
    assert page.count("</script>") == 2
    assert "@@PACK@@" not in page
    assert "http" not in page.replace("http-equiv", "")  # nothing is fetched from anywhere
