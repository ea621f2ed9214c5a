"""Write-once files: each name once, immutable where it can be, checked without a database."""

import errno
import fcntl
import gzip
import os
import shutil
import stat
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fognode import hashing
from fognode.errors import StoreError, TamperError
from fognode.store import durable, worm
from fognode.store.checkpoint import Checkpoint
from fognode.store.merkle import root_of
from fognode.store.worm import Worm
from tests.crash.power import DiskImage, missing_loop
from tests.store.conftest import B1, B2, body

BODIES = [body(count) for count in range(1, 2 * 4096 + 101)]
FIRST, SECOND, TAIL = BODIES[:4096], BODIES[4096:8192], BODIES[8192:]


def checkpoint(size: int) -> Checkpoint:
    root = root_of([hashing.leaf_hash(one) for one in BODIES[:size]])
    return Checkpoint(log="fognode.example/farm-7", size=size, root=root)


def set_flags(path: Path, flags: int) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    fcntl.ioctl(descriptor, worm.SET_FLAGS, struct.pack("i", flags))
    os.close(descriptor)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose files stay removable; the immutable ones have tests of their own."""
    return tmp_path / "worm"


@pytest.fixture
def kept(folder: Path) -> Worm:
    return Worm(folder, immutable=False)


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("master") / "worm"
    made = Worm(folder, immutable=False)
    made.keep_segment(1, FIRST)
    made.keep_segment(4097, SECOND)
    return folder


@pytest.fixture
def two_segments(master: Path, folder: Path) -> Path:
    shutil.copytree(master, folder)
    return folder


def replace(path: Path, content: bytes) -> None:
    """Change a file as its owner can where nothing is immutable."""
    path.chmod(0o600)
    path.write_bytes(content)


# --- written once ------------------------------------------------------------------------


def test_same_content_again_changes_nothing(kept: Worm, folder: Path) -> None:
    kept.keep_note(256, b"note")
    before = (folder / "checkpoint/000000000256").stat()
    kept.keep_note(256, b"note")
    after = (folder / "checkpoint/000000000256").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert worm.note(folder, 256) == b"note"


def test_other_content_under_a_kept_name_is_refused(kept: Worm, folder: Path) -> None:
    kept.keep_note(256, b"note")
    kept.keep_tile(0, 0, [bytes(32)] * 256)
    kept.keep_segment(4097, SECOND)
    with pytest.raises(TamperError, match="checkpoint/000000000256 is kept with other content"):
        kept.keep_note(256, b"another")
    with pytest.raises(TamperError, match="tile/0/000000000000"):
        kept.keep_tile(0, 0, [bytes(31) + b"\x01"] * 256)
    with pytest.raises(TamperError):
        kept.keep_segment(4097, FIRST)
    assert worm.note(folder, 256) == b"note"


def test_name_that_appears_meanwhile_is_not_replaced(
    kept: Worm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_write = durable.write_synced

    def overtaken(path: Path, content: bytes) -> None:
        real_write(path, content)
        (folder / "checkpoint/000000000256").write_bytes(b"first")

    monkeypatch.setattr(durable, "write_synced", overtaken)
    with pytest.raises(StoreError, match="File exists"):
        kept.keep_note(256, b"second")
    assert worm.note(folder, 256) == b"first"


def test_file_system_without_links_takes_files_as_well(
    kept: Worm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    kept.keep_note(256, b"note")
    assert worm.note(folder, 256) == b"note"
    assert list((folder / "new").iterdir()) == []


def test_kept_file_is_read_only_by_its_mode(kept: Worm, folder: Path) -> None:
    kept.keep_note(1, b"note")
    assert stat.S_IMODE((folder / "checkpoint/000000000001").stat().st_mode) == 0o400


@pytest.mark.parametrize("step", ["write", "link", "folder"])
def test_crash_at_any_step_is_completed_by_the_same_call(
    kept: Worm, folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class Crash(BaseException):
        pass

    def crash(*_: object) -> None:
        raise Crash

    name = {"write": "write_synced", "folder": "fsync_folder"}.get(step)
    with monkeypatch.context() as patch:
        if name:
            patch.setattr(durable, name, crash)
        else:
            patch.setattr(worm, "_link", crash)
        with pytest.raises(Crash):
            kept.keep_note(256, b"note")
    again = Worm(folder, immutable=False)
    again.keep_note(256, b"note")
    assert worm.note(folder, 256) == b"note"
    assert list((folder / "new").iterdir()) == []


def test_failing_disk_is_told_and_leaves_no_half_file(
    kept: Worm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(StoreError, match="Input/output error"):
            kept.keep_note(256, b"note")
    assert worm.note_sizes(folder) == []
    kept.keep_note(256, b"note")
    assert worm.note_sizes(folder) == [256]


# --- contents ----------------------------------------------------------------------------


def test_notes_are_listed_by_size(kept: Worm, folder: Path) -> None:
    for size in (512, 1, 1_000_000):
        kept.keep_note(size, b"%d" % size)
    (folder / "checkpoint/000000000002.tmp").write_bytes(b"not ours")
    assert worm.note_sizes(folder) == [1, 512, 1_000_000]
    with pytest.raises(StoreError, match="No such file"):
        worm.note(folder, 2)


def test_segment_is_gzip_without_a_time_of_lengths_and_bodies(two_segments: Path) -> None:
    packed = (two_segments / "segment/000000000001.gz").read_bytes()
    assert packed[4:8] == bytes(4)  # mtime
    content = gzip.decompress(packed)
    assert content[:4] == len(FIRST[0]).to_bytes(4, "little")
    assert content[4 : 4 + len(FIRST[0])] == FIRST[0]


def test_segment_packed_by_another_zlib_is_the_same_segment(kept: Worm, folder: Path) -> None:
    kept.keep_segment(1, FIRST)
    path = folder / "segment/000000000001.gz"
    other = gzip.compress(gzip.decompress(path.read_bytes()), 1, mtime=5)
    replace(path, other)
    kept.keep_segment(1, FIRST)
    assert path.read_bytes() == other


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


def test_tile_holds_the_leaf_hashes(kept: Worm, folder: Path) -> None:
    kept.keep_segment(1, [B1, B2, *FIRST[2:]])
    hashes = worm.tile(folder, 0, 0)
    assert hashes[0].hex() == "8573a044ff9e9ff847a1bfb38219c677bafd29709618dcd6a66fd81ef261a299"
    assert hashes[1].hex() == "eb01974a80885f1f51776e83ce4ac055cc5b2d4e92d7908d3b43ed2fbe41babd"
    assert len(hashes) == 256
    assert worm.tile(folder, 0, 16) == []


def test_last_tile_of_a_row_completes_the_tile_above(
    kept: Worm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # 256 files: speed
    for index in range(256 - 16):
        kept.keep_tile(0, index, [bytes([index]) * 32] * 256)
    assert worm.tile(folder, 1, 0) == []
    kept.keep_segment(61_441, FIRST)
    above = worm.tile(folder, 1, 0)
    assert above[7] == root_of([b"\x07" * 32] * 256)
    assert above[255] == root_of([hashing.leaf_hash(one) for one in FIRST[-256:]])


def test_missing_tile_below_is_not_made_up(
    kept: Worm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    with pytest.raises(TamperError, match="a tile of level 0 before 255 is missing"):
        kept.keep_segment(61_441, FIRST)


@pytest.mark.parametrize(
    "call",
    [
        lambda kept: kept.keep_segment(1, FIRST[:-1]),
        lambda kept: kept.keep_segment(2, FIRST),
        lambda kept: kept.keep_tile(0, 0, [bytes(32)] * 255),
        lambda kept: kept.keep_tile(0, 0, [bytes(31)] * 256),
    ],
)
def test_what_is_no_whole_tile_or_segment_is_refused(
    kept: Worm, call: Callable[[Worm], None]
) -> None:
    with pytest.raises(ValueError, match=r"no segment|no full tile"):
        call(kept)


def test_bodies_are_read_with_their_seqs(two_segments: Path) -> None:
    assert list(worm.all_bodies(two_segments)) == list(enumerate(BODIES[:8192], 1))
    assert list(worm.all_bodies(two_segments, after=8190)) == [
        (8191, BODIES[8190]),
        (8192, BODIES[8191]),
    ]
    assert worm.segments(two_segments) == [1, 4097]
    assert worm.next_seq(two_segments) == 8193


def test_missing_segment_stops_the_reading(two_segments: Path) -> None:
    (two_segments / "segment/000000000001.gz").unlink()
    with pytest.raises(TamperError, match="no segment from seq 1"):
        list(worm.all_bodies(two_segments))
    assert worm.next_seq(two_segments) == 1


# --- verified without a database -----------------------------------------------------------


@pytest.mark.parametrize("size", [1, 256, 4096, 5000, 8192])
def test_whole_folder_passes_under_any_checkpoint_it_reaches(two_segments: Path, size: int) -> None:
    verdict = worm.verify_segments(two_segments, checkpoint(size))
    assert (verdict.events, verdict.root_checked, verdict.damages) == (8192, True, [])


def test_bodies_after_the_last_segment_complete_the_check(two_segments: Path) -> None:
    short = worm.verify_segments(two_segments, checkpoint(8292))
    assert (short.events, short.root_checked, short.damages) == (8192, False, [])
    whole = worm.verify_segments(two_segments, checkpoint(8292), TAIL)
    assert (whole.events, whole.root_checked, whole.damages) == (8292, True, [])
    wrong = worm.verify_segments(two_segments, checkpoint(8292), reversed(TAIL))
    assert [str(damage) for damage in wrong.damages] == [
        "checkpoint/000000008292: the first 8292 bodies give another root"
    ]


def repack(folder: Path, seq: int, changed: bytes) -> None:
    path = folder / "segment/000000000001.gz"
    content = gzip.decompress(path.read_bytes())
    assert content.count(BODIES[seq - 1]) == 1
    replace(path, gzip.compress(content.replace(BODIES[seq - 1], changed)))


def test_edited_body_is_named_by_its_seq(two_segments: Path) -> None:
    repack(two_segments, 300, BODIES[299].replace(b"859", b"858"))
    verdict = worm.verify_segments(two_segments, checkpoint(8192))
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
        replace(two_segments / name, (other / name).read_bytes())
    verdict = worm.verify_segments(two_segments, checkpoint(8192))
    assert [damage.name for damage in verdict.damages] == ["checkpoint/000000008192"]


def test_edited_or_missing_tile_and_sums_are_found(two_segments: Path) -> None:
    path = two_segments / "tile/0/000000000001"
    packed = bytearray(path.read_bytes())
    packed[32] ^= 1
    replace(path, bytes(packed))
    (two_segments / "tile/0/000000000002").unlink()
    replace(two_segments / "tile/0/000000000003", b"short")
    (two_segments / "segment/000000004097.sha256").unlink()
    verdict = worm.verify_segments(two_segments, checkpoint(8192))
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
    verdict = worm.verify_segments(two_segments, checkpoint(8192))
    assert [damage.name for damage in verdict.damages] == [
        "segment/000000000001.gz",
        "tile/0/000000000020",
    ]
    assert (verdict.events, verdict.root_checked) == (4096, False)
    # 4,096 bodies were read, but not the first 4,096.
    assert not worm.verify_segments(two_segments, checkpoint(4096)).root_checked


def test_segment_that_unpacks_without_end_is_not_followed(
    two_segments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worm, "MAX_UNPACKED", 10_000)
    with pytest.raises(TamperError, match="not one whole gzip file"):
        worm.bodies(two_segments, 1)


# --- immutable files -----------------------------------------------------------------------


def can_mark(folder: Path) -> bool:
    path = folder / "try"
    path.touch()
    marked = worm.make_immutable(path)
    if marked:
        set_flags(path, 0)
    path.unlink()
    return marked


@pytest.fixture
def hard_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on an ext4 that root may mark: here if it is one, else on a loop device."""
    here = tmp_path / "here"
    here.mkdir()
    if can_mark(here):
        yield here
        for path in here.rglob("*"):
            if path.is_file():
                set_flags(path, 0)
        return
    if reason := missing_loop():
        # What holds on such a machine is told by probe, and tested below.
        pytest.skip(f"no file can be made immutable here, and {reason}")
    with DiskImage(tmp_path / "image", tmp_path / "disk", 16) as disk:
        if not can_mark(disk.mount):
            pytest.skip("no file can be made immutable here: no CAP_LINUX_IMMUTABLE")
        yield disk.mount


def test_kept_file_cannot_be_changed_or_removed_by_root_before_the_attribute_goes(
    hard_disk: Path,
) -> None:
    folder = hard_disk / "worm"
    kept = Worm(folder)
    kept.keep_note(256, b"note")
    path = folder / "checkpoint/000000000256"
    attacks: list[Callable[[], object]] = [
        lambda: path.write_bytes(b"other"),
        lambda: path.open("ab"),
        path.unlink,
        lambda: path.rename(folder / "elsewhere"),
        lambda: os.truncate(path, 0),
        lambda: (folder / "mine").hardlink_to(path),
        lambda: path.chmod(0o600),
    ]
    for attack in attacks:
        with pytest.raises(PermissionError):
            attack()
    kept.keep_note(256, b"note")  # the same content again is still no error
    assert worm.note(folder, 256) == b"note"
    assert worm.probe(folder).startswith("immutable attribute set on ext")
    assert list((folder / "new").iterdir()) == []
    set_flags(path, 0)
    path.unlink()


def test_probe_tells_what_really_holds_on_this_machine(folder: Path) -> None:
    Worm(folder, immutable=False)
    said = worm.probe(folder)
    assert said.startswith("immutable attribute " + ("set" if can_mark(folder) else "not possible"))


def test_probe_clears_up_what_a_crash_of_an_earlier_one_left(hard_disk: Path) -> None:
    folder = hard_disk / "worm"
    Worm(folder)
    (folder / "new/probe").touch()
    assert worm.make_immutable(folder / "new/probe")
    (folder / "new/000000000256").touch()
    Worm(folder)
    assert [path.name for path in (folder / "new").iterdir()] == ["probe"]
    assert worm.probe(folder).startswith("immutable attribute set")
    assert list((folder / "new").iterdir()) == []


def test_files_of_a_service_without_the_right_are_marked_by_root_later(hard_disk: Path) -> None:
    folder = hard_disk / "worm"
    kept = Worm(folder, immutable=False)
    kept.keep_note(256, b"note")
    kept.keep_segment(1, FIRST)
    (folder / "checkpoint/000000000256").chmod(0o600)  # nothing holds it yet
    assert worm.make_all_immutable(folder) == (19, 0)
    with pytest.raises(PermissionError):
        (folder / "segment/000000000001.gz").unlink()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EOPNOTSUPP, "Operation not supported"),
        (errno.ENOTTY, "Inappropriate ioctl"),
        (errno.EPERM, "Operation not permitted"),
    ],
)
def test_probe_and_files_do_without_and_say_so(
    kept: Worm, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    said = worm.probe(folder)
    assert said.startswith("immutable attribute not possible on ")
    assert words in said
    assert said.endswith("this account can replace them")
    Worm(folder).keep_note(256, b"note")
    assert worm.note(folder, 256) == b"note"
    assert worm.make_all_immutable(folder) == (0, 1)


def test_probe_notices_an_attribute_without_effect(
    kept: Worm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "ioctl", lambda *_: bytes(4))
    assert "a marked file could be removed" in worm.probe(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root")
def test_probe_names_the_file_system(tmp_path: Path) -> None:
    place = tmp_path / "with a blank"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", place], check=True)
    try:
        Worm(place / "worm")
        assert " on tmpfs" in worm.probe(place / "worm")
    finally:
        subprocess.run(["umount", place], check=True)


# --- keys, copies, notes of another folder ----------------------------------------------------


def test_keys_are_kept_by_the_size_they_sign_from(kept: Worm, folder: Path) -> None:
    assert worm.keys(folder) == []
    kept.keep_key(100, "b")
    kept.keep_key(0, "a")
    kept.keep_key(0, "a")
    assert worm.keys(folder) == [(0, "a"), (100, "b")]
    with pytest.raises(TamperError, match="key/000000000100 is kept with other content"):
        kept.keep_key(100, "c")
    (folder / "key/000000000000").unlink()
    (folder / "key/000000000100").unlink()
    (folder / "key").rmdir()  # as older versions left it
    assert worm.keys(folder) == []


def test_folder_out_of_a_backup_says_so(kept: Worm, folder: Path) -> None:
    assert worm.copied_from(folder) == ""
    (folder / worm.COPY).write_text("fognode-20261101T020000Z.tar\n")
    assert worm.copied_from(folder) == "fognode-20261101T020000Z.tar"


def test_many_notes_are_kept_at_once_and_never_replaced(
    kept: Worm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(
        os, "sync", lambda: synced.append((folder / "checkpoint/000000000007").exists())
    )
    kept.keep_note(3, b"three")
    kept.keep_notes([(3, b"three"), (7, b"seven"), (9, b"nine")])
    assert worm.note_sizes(folder) == [3, 7, 9]
    assert worm.note(folder, 9) == b"nine"
    assert stat.S_IMODE((folder / "checkpoint/000000000007").stat().st_mode) == 0o400
    assert synced == [False]  # before one has its name
    kept.keep_notes([(7, b"seven")])
    with pytest.raises(TamperError, match="checkpoint/000000000007 is kept with other content"):
        kept.keep_notes([(7, b"another")])
    assert list((folder / "new").iterdir()) == []
