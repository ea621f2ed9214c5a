"""Checkpoints, write-once files and anchors against the record."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from fognode.store import worm_files
from fognode.store.checkpoint import Signer
from fognode.store.evidence import Evidence
from fognode.store.verify import examine
from fognode.store.walk import Mark
from tests.store.conftest import House
from tests.store.signing import SIGNER, SignedHouse


@pytest.fixture
def signed(house: House, tmp_path: Path) -> SignedHouse:
    made = SignedHouse(house, tmp_path)
    for _ in range(3):
        made.keep(4)
        made.sign()
    return made


def found(signed: SignedHouse, evidence: Evidence | None = None) -> list[str]:
    report = examine(signed.house.reader_engine, evidence or signed.evidence)
    return [str(one) for one in report.findings]


def test_signed_record_has_no_findings_and_nothing_is_left_unchecked(signed: SignedHouse) -> None:
    report = examine(signed.house.reader_engine, signed.evidence)
    assert (report.findings, report.notes, report.events, report.after) == ([], [], 12, 0)


def test_what_cannot_be_checked_is_said(signed: SignedHouse, tmp_path: Path) -> None:
    report = examine(signed.house.reader_engine)
    assert report.notes == [
        "write-once files not checked: no folder was named",
        "signatures not checked: the node's key is not known",
    ]


def test_note_of_another_key_is_found_in_row_and_file(signed: SignedHouse) -> None:
    other = replace(signed.evidence, verifier_key=Signer(SIGNER.log, "ab" * 32).verifier_key)
    told = found(signed, other)
    assert len(told) == 6
    assert "checkpoint size 4: note: checkpoint of size 4 is not signed by key" in told[0]


def test_note_that_is_missing_or_changed_among_the_files_is_found(signed: SignedHouse) -> None:
    folder = signed.folder / "worm" / "checkpoint"
    (folder / f"{4:012d}").unlink()
    kept = (folder / f"{8:012d}").read_bytes()
    (folder / f"{8:012d}").chmod(0o600)
    (folder / f"{8:012d}").write_bytes(kept.replace(b"\n8\n", b"\n9\n"))
    assert found(signed) == [
        "checkpoint size 4: note: missing among the write-once files",
        "checkpoint size 8: note: differs from its write-once file",
        "worm checkpoint/000000000008: note: signature of checkpoint 9 is wrong",
    ]


def test_note_file_without_its_row_is_compared_all_the_same(signed: SignedHouse) -> None:
    # A crash between file and row leaves one without the other; that alone is no finding.
    signed.keep(2)
    signed.notary.take(12, [b"another body that the database has not" * 2] * 2)
    made = signed.notary.sign(0)
    signed.worm.keep_note(14, made.note)
    assert found(signed) == [
        "worm checkpoint/000000000014: root: the events 13 to 14 give another one",
        "worm: checkpoint/000000000014: the first 14 bodies give another root",
    ]


def test_folder_that_is_gone_is_found_by_the_rows(signed: SignedHouse) -> None:
    (signed.folder / "worm").rename(signed.folder / "elsewhere")
    assert found(signed) == [
        f"checkpoint size {size}: note: missing among the write-once files" for size in (4, 8, 12)
    ]


def test_part_of_the_folder_that_is_gone_is_found(signed: SignedHouse) -> None:
    (signed.folder / "worm/segment").rmdir()
    assert [one[:35] for one in found(signed)] == ["worm: No such file or directory: /t"]
    shutil.rmtree(signed.folder / "worm/checkpoint")
    told = found(signed)
    assert sum("note: missing among the write-once files" in one for one in told) == 3
    assert any(one.startswith("worm: No such file or directory") for one in told)


def test_anchor_of_a_root_that_never_was_is_found(signed: SignedHouse) -> None:
    good = signed.notary.sign(0).checkpoint
    right = Mark(12, "public chain", good.root)
    assert found(signed, replace(signed.evidence, anchors=[right])) == []
    wrong = replace(signed.evidence, anchors=[Mark(8, "public chain", bytes(32))])
    assert found(signed, wrong) == ["public chain: root: the events 5 to 8 give another one"]
    longer = replace(signed.evidence, anchors=[Mark(13, "public chain", bytes(32))])
    short = "the database is shorter than the signed record: 12 of 13 events"
    assert found(signed, longer) == [f"public chain: {short}"]


def test_tile_of_a_segment_that_was_changed_is_found_at_its_event(
    sqlite_house: House, tmp_path: Path
) -> None:
    signed = SignedHouse(sqlite_house, tmp_path)
    signed.keep(worm_files.SEGMENT + 1)
    signed.sign()
    tile = tmp_path / "worm/tile/0" / f"{2:012d}"
    packed = tile.read_bytes()
    tile.chmod(0o600)
    tile.write_bytes(packed[:32] + bytes(32) + packed[64:])
    told = found(signed)
    assert told[0] == "event seq 514: worm tile/0/000000000002: has another hash for this event"
    assert any("000000000001.sha256" in one or "hash 1 is not" in one for one in told[1:])


# --- only what is new ------------------------------------------------------------------------


@pytest.fixture
def long(sqlite_house: House, tmp_path: Path) -> SignedHouse:
    made = SignedHouse(sqlite_house, tmp_path)
    made.keep(worm_files.SEGMENT - 10)
    made.sign()
    made.keep(20)
    made.sign()
    assert examine(sqlite_house.reader_engine, made.evidence).findings == []
    return made


def after(signed: SignedHouse) -> int:
    return examine(signed.house.reader_engine, signed.evidence, False).after


def test_second_pass_begins_before_the_segment_that_was_filling(long: SignedHouse) -> None:
    assert after(long) == worm_files.SEGMENT - 10
    long.keep(5)
    long.sign()
    assert after(long) == worm_files.SEGMENT - 10


def test_new_change_is_found_and_an_old_one_only_by_a_whole_pass(long: SignedHouse) -> None:
    edit = "UPDATE event SET hash = zeroblob(32) WHERE seq = {}"
    long.house.tamper(edit.format(worm_files.SEGMENT))
    assert examine(long.house.reader_engine, long.evidence, False).findings
    long.house.as_root(edit.format(7))
    new = examine(long.house.reader_engine, long.evidence, False).findings
    assert all(one.seq is None or one.seq >= worm_files.SEGMENT for one in new)
    whole = examine(long.house.reader_engine, long.evidence).findings
    assert 7 in {one.seq for one in whole}


@pytest.mark.parametrize(
    "change",
    [
        {"size": 3},
        {"link": "00" * 32},
        {"root": "00" * 32},
        {"size": "x"},
    ],
)
def test_memory_that_does_not_agree_is_not_followed(
    long: SignedHouse, change: dict[str, object]
) -> None:
    path = long.folder / "verify.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    assert after(long) == 0
    path.write_text("no JSON")
    assert after(long) == 0
    path.unlink()
    assert after(long) == 0


def test_base_whose_row_is_changed_is_not_followed(long: SignedHouse) -> None:
    long.house.as_root(
        "DROP TRIGGER checkpoint_no_update",
        f"UPDATE checkpoint SET range_json = '[]' WHERE size = {worm_files.SEGMENT - 10}",
    )
    assert after(long) == 0


def test_new_segment_unlike_its_tiles_is_found_by_a_short_pass(long: SignedHouse) -> None:
    long.keep(worm_files.SEGMENT)
    long.sign()
    assert examine(long.house.reader_engine, long.evidence, False).findings == []
    tile = long.folder / "worm/tile/0" / f"{16:012d}"
    packed = tile.read_bytes()
    tile.chmod(0o600)
    tile.write_bytes(bytes(32) + packed[32:])
    report = examine(long.house.reader_engine, long.evidence, False)
    assert report.after > 0
    assert [str(one) for one in report.findings] == [
        "worm: segment/000000004097: unlike tile/0/000000000016"
    ]


def test_memory_that_cannot_be_written_is_said(signed: SignedHouse, tmp_path: Path) -> None:
    nowhere = replace(signed.evidence, memory=tmp_path / "no" / "verify.json")
    report = examine(signed.house.reader_engine, nowhere)
    assert report.findings == []
    assert "this pass is not remembered" in report.notes[0]
