"""A write-once folder checked without a database: any change is found and named."""

import gzip
import shutil
from pathlib import Path

import pytest

from fognode import hashing
from fognode.store.checkpoint import Checkpoint
from fognode.store.merkle import root_of
from fognode.store.worm import Worm
from fognode.store.worm_check import verify_segments
from tests.store.segments import BODIES, FIRST, TAIL, keep_two_segments, rewrite


def checkpoint(size: int) -> Checkpoint:
    root = root_of([hashing.leaf_hash(one) for one in BODIES[:size]])
    return Checkpoint(log="fognode.example/farm-7", size=size, root=root)


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("master") / "worm"
    keep_two_segments(folder)
    return folder


@pytest.fixture
def two_segments(master: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(master, tmp_path / "worm"))


@pytest.mark.parametrize("size", [1, 256, 4096, 5000, 8192])
def test_whole_folder_passes_under_any_checkpoint_it_reaches(two_segments: Path, size: int) -> None:
    verdict = verify_segments(two_segments, checkpoint(size))
    assert (verdict.events, verdict.root_checked, verdict.damages) == (8192, True, [])


def test_bodies_after_the_last_segment_complete_the_check(two_segments: Path) -> None:
    short = verify_segments(two_segments, checkpoint(8292))
    assert (short.events, short.root_checked, short.damages) == (8192, False, [])
    whole = verify_segments(two_segments, checkpoint(8292), TAIL)
    assert (whole.events, whole.root_checked, whole.damages) == (8292, True, [])
    wrong = verify_segments(two_segments, checkpoint(8292), reversed(TAIL))
    assert [str(damage) for damage in wrong.damages] == [
        "checkpoint/000000008292: the first 8292 bodies give another root"
    ]


def repack(folder: Path, seq: int, changed: bytes) -> None:
    path = folder / "segment/000000000001.gz"
    content = gzip.decompress(path.read_bytes())
    assert content.count(BODIES[seq - 1]) == 1
    rewrite(path, gzip.compress(content.replace(BODIES[seq - 1], changed)))


def test_edited_body_is_named_by_its_seq(two_segments: Path) -> None:
    repack(two_segments, 300, BODIES[299].replace(b"859", b"858"))
    verdict = verify_segments(two_segments, checkpoint(8192))
    assert [(damage.name, damage.seq) for damage in verdict.damages] == [
        ("segment/000000000001.sha256", None),
        ("tile/0/000000000001", 300),
        ("checkpoint/000000008192", None),
    ]


def test_edit_that_mends_sums_and_tile_is_still_found_by_the_root(two_segments: Path) -> None:
    changed = BODIES[299].replace(b"859", b"858")
    repack(two_segments, 300, changed)
    forged = [*FIRST[:299], changed, *FIRST[300:]]
    other = two_segments.with_name("other")
    Worm(other, immutable=False).keep_segment(1, forged)
    for name in ("segment/000000000001.sha256", "tile/0/000000000001"):
        rewrite(two_segments / name, (other / name).read_bytes())
    verdict = verify_segments(two_segments, checkpoint(8192))
    assert [damage.name for damage in verdict.damages] == ["checkpoint/000000008192"]


def test_edited_or_missing_tile_and_sums_are_found(two_segments: Path) -> None:
    path = two_segments / "tile/0/000000000001"
    packed = bytearray(path.read_bytes())
    packed[32] ^= 1
    rewrite(path, bytes(packed))
    (two_segments / "tile/0/000000000002").unlink()
    rewrite(two_segments / "tile/0/000000000003", b"short")
    (two_segments / "segment/000000004097.sha256").unlink()
    verdict = verify_segments(two_segments, checkpoint(8192))
    assert [(damage.name, damage.seq) for damage in verdict.damages] == [
        ("tile/0/000000000001", 258),
        ("tile/0/000000000002", None),
        ("tile/0/000000000003", None),
        ("segment/000000004097.sha256", None),
    ]
    assert verdict.root_checked


@pytest.mark.parametrize("harm", ["gone", "cut", "garbage", "longer", "fewer"])
def test_segment_that_cannot_be_read_is_listed_and_the_rest_checked(
    two_segments: Path, harm: str
) -> None:
    path = two_segments / "segment/000000000001.gz"
    packed = path.read_bytes()
    path.unlink()
    fewer = gzip.compress(gzip.decompress(packed)[: -len(FIRST[-1]) - 4])
    harmed = {"cut": packed[:-9], "garbage": b"?" * 99, "longer": packed + b"x", "fewer": fewer}
    if harm != "gone":
        path.write_bytes(harmed[harm])
    (two_segments / "tile/0/000000000020").unlink()
    verdict = verify_segments(two_segments, checkpoint(8192))
    assert [damage.name for damage in verdict.damages] == [
        "segment/000000000001.gz",
        "tile/0/000000000020",
    ]
    assert (verdict.events, verdict.root_checked) == (4096, False)
    # 4,096 bodies were read, but not the first 4,096.
    assert not verify_segments(two_segments, checkpoint(4096)).root_checked
