"""Write-once files: each name once, whole after any crash."""

import errno
import gzip
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from fognode import hashing
from fognode.errors import StoreError, TamperError
from fognode.store import durable, worm, worm_files
from fognode.store.merkle import root_of
from fognode.store.worm import Worm
from tests.store.segments import FIRST, SECOND, rewrite


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose files stay removable; the immutable ones have tests of their own."""
    return tmp_path / "worm"


@pytest.fixture
def kept(folder: Path) -> Worm:
    return Worm(folder, immutable=False)


def test_same_content_again_changes_nothing(kept: Worm, folder: Path) -> None:
    kept.keep_note(256, b"note")
    before = (folder / "checkpoint/000000000256").stat()
    kept.keep_note(256, b"note")
    after = (folder / "checkpoint/000000000256").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert worm_files.note(folder, 256) == b"note"


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
    assert worm_files.note(folder, 256) == b"note"


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
    assert worm_files.note(folder, 256) == b"first"


def test_file_system_without_links_takes_files_as_well(
    kept: Worm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    kept.keep_note(256, b"note")
    assert worm_files.note(folder, 256) == b"note"
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
    assert worm_files.note(folder, 256) == b"note"
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
    assert worm_files.note_sizes(folder) == []
    kept.keep_note(256, b"note")
    assert worm_files.note_sizes(folder) == [256]


def test_many_notes_are_kept_at_once_and_never_replaced(
    kept: Worm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(
        os, "sync", lambda: synced.append((folder / "checkpoint/000000000007").exists())
    )
    kept.keep_note(3, b"three")
    kept.keep_notes([(3, b"three"), (7, b"seven"), (9, b"nine")])
    assert worm_files.note_sizes(folder) == [3, 7, 9]
    assert worm_files.note(folder, 9) == b"nine"
    assert stat.S_IMODE((folder / "checkpoint/000000000007").stat().st_mode) == 0o400
    assert synced == [False]  # before one has its name
    kept.keep_notes([(7, b"seven")])
    with pytest.raises(TamperError, match="checkpoint/000000000007 is kept with other content"):
        kept.keep_notes([(7, b"another")])
    assert list((folder / "new").iterdir()) == []


def test_keys_are_kept_by_the_size_they_sign_from(kept: Worm, folder: Path) -> None:
    assert worm_files.keys(folder) == []
    kept.keep_key(100, "b")
    kept.keep_key(0, "a")
    kept.keep_key(0, "a")
    assert worm_files.keys(folder) == [(0, "a"), (100, "b")]
    with pytest.raises(TamperError, match="key/000000000100 is kept with other content"):
        kept.keep_key(100, "c")
    (folder / "key/000000000000").unlink()
    (folder / "key/000000000100").unlink()
    (folder / "key").rmdir()  # as older versions left it
    assert worm_files.keys(folder) == []


def test_segment_packed_by_another_zlib_is_the_same_segment(kept: Worm, folder: Path) -> None:
    kept.keep_segment(1, FIRST)
    path = folder / "segment/000000000001.gz"
    other = gzip.compress(gzip.decompress(path.read_bytes()), 1, mtime=5)
    rewrite(path, other)
    kept.keep_segment(1, FIRST)
    assert path.read_bytes() == other


def test_last_tile_of_a_row_completes_the_tile_above(
    kept: Worm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # 256 files: speed
    for index in range(256 - 16):
        kept.keep_tile(0, index, [bytes([index]) * 32] * 256)
    assert worm_files.tile(folder, 1, 0) == []
    kept.keep_segment(61_441, FIRST)
    above = worm_files.tile(folder, 1, 0)
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
