"""The files of the write-once folder: their form, and what is read of them."""

import gzip
import subprocess
from pathlib import Path

import pytest

from fognode.errors import StoreError, TamperError
from fognode.store import worm_files
from fognode.store.worm import Worm
from tests.store.conftest import B1, B2
from tests.store.segments import BODIES, FIRST, keep_two_segments


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "worm"


@pytest.fixture
def kept(folder: Path) -> Worm:
    return Worm(folder, immutable=False)


@pytest.fixture
def two_segments(folder: Path) -> Path:
    keep_two_segments(folder)
    return folder


def test_notes_are_listed_by_size(kept: Worm, folder: Path) -> None:
    for size in (512, 1, 1_000_000):
        kept.keep_note(size, b"%d" % size)
    (folder / "checkpoint/000000000002.tmp").write_bytes(b"not ours")
    assert worm_files.note_sizes(folder) == [1, 512, 1_000_000]
    with pytest.raises(StoreError, match="No such file"):
        worm_files.note(folder, 2)


def test_folder_out_of_a_backup_says_so(kept: Worm, folder: Path) -> None:
    assert worm_files.copied_from(folder) == ""
    (folder / worm_files.COPY).write_text("fognode-20261101T020000Z.tar\n")
    assert worm_files.copied_from(folder) == "fognode-20261101T020000Z.tar"


def test_tile_holds_the_leaf_hashes(kept: Worm, folder: Path) -> None:
    kept.keep_segment(1, [B1, B2, *FIRST[2:]])
    hashes = worm_files.tile(folder, 0, 0)
    assert hashes[0].hex() == "8573a044ff9e9ff847a1bfb38219c677bafd29709618dcd6a66fd81ef261a299"
    assert hashes[1].hex() == "eb01974a80885f1f51776e83ce4ac055cc5b2d4e92d7908d3b43ed2fbe41babd"
    assert len(hashes) == 256
    assert worm_files.tile(folder, 0, 16) == []


def test_segment_is_gzip_without_a_time_of_lengths_and_bodies(two_segments: Path) -> None:
    packed = (two_segments / "segment/000000000001.gz").read_bytes()
    assert packed[4:8] == bytes(4)  # mtime
    content = gzip.decompress(packed)
    assert content[:4] == len(FIRST[0]).to_bytes(4, "little")
    assert content[4 : 4 + len(FIRST[0])] == FIRST[0]


def test_sums_are_read_by_the_usual_tool(two_segments: Path) -> None:
    place = two_segments / "segment"
    subprocess.run(["gunzip", "-k", "000000000001.gz"], cwd=place, check=True)
    told = subprocess.run(
        ["sha256sum", "-c", "000000000001.sha256"],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0
    assert told.stdout.count(": OK\n") == 17  # the segment and its 16 tiles


def test_bodies_are_read_with_their_seqs(two_segments: Path) -> None:
    assert list(worm_files.all_bodies(two_segments)) == list(enumerate(BODIES[:8192], 1))
    assert list(worm_files.all_bodies(two_segments, after=8190)) == [
        (8191, BODIES[8190]),
        (8192, BODIES[8191]),
    ]
    assert worm_files.segments(two_segments) == [1, 4097]
    assert worm_files.next_seq(two_segments) == 8193


def test_missing_segment_stops_the_reading(two_segments: Path) -> None:
    (two_segments / "segment/000000000001.gz").unlink()
    with pytest.raises(TamperError, match="no segment from seq 1"):
        list(worm_files.all_bodies(two_segments))
    assert worm_files.next_seq(two_segments) == 1


def test_segment_that_unpacks_without_end_is_not_followed(
    two_segments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worm_files, "MAX_UNPACKED", 10_000)
    with pytest.raises(TamperError, match="not one whole gzip file"):
        worm_files.bodies(two_segments, 1)
