"""Immutable files: not even root changes one by mistake; where that cannot be had, it is said."""

import errno
import fcntl
import os
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fognode.errors import StoreError
from fognode.store import immutable, worm_files
from fognode.store.worm import Worm
from tests.crash.power import DiskImage, missing_loop
from tests.store.segments import FIRST


def unmark(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    (flags,) = struct.unpack("i", fcntl.ioctl(descriptor, immutable.GET_FLAGS, bytes(4)))
    asked = struct.pack("i", flags & ~immutable.IMMUTABLE)
    fcntl.ioctl(descriptor, immutable.SET_FLAGS, asked)
    os.close(descriptor)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "worm"


@pytest.fixture
def kept(folder: Path) -> Worm:
    return Worm(folder, immutable=False)


def can_mark(folder: Path) -> bool:
    path = folder / "try"
    path.touch()
    marked = immutable.make_immutable(path)
    if marked:
        unmark(path)
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
            if path.is_file() and not path.is_symlink():
                unmark(path)
        return
    if reason := missing_loop():
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
    assert worm_files.note(folder, 256) == b"note"
    assert str(immutable.look_at_files(folder)).startswith("1 of 1 kept files are immutable on ")
    assert list((folder / "new").iterdir()) == []
    unmark(path)
    path.unlink()


def test_files_of_a_service_without_the_right_are_marked_later(hard_disk: Path) -> None:
    folder = hard_disk / "worm"
    kept = Worm(folder, immutable=False)
    kept.keep_note(256, b"note")
    kept.keep_segment(1, FIRST)
    os.utime(folder / "segment/000000000001.gz", (60, 60))
    held = immutable.look_at_files(folder)
    assert (held.kept, held.immutable, held.oldest_at_ms) == (19, 0, 60_000)
    assert str(held).startswith("0 of 19 kept files are immutable on ")
    assert str(held).endswith("the others, the oldest of 1970-01-01 00:01 UTC")
    held = immutable.protect_files(folder)
    assert (held.kept, held.immutable, held.oldest_at_ms) == (19, 19, 0)
    assert immutable.look_at_files(folder) == held
    with pytest.raises(PermissionError):
        (folder / "segment/000000000001.gz").unlink()
    kept.keep_segment(1, FIRST)  # the same again is still no error
    kept.keep_note(300, b"later")
    assert immutable.look_at_files(folder).immutable == 19


def test_folder_of_marked_files_is_opened_and_moved_aside_as_ever(hard_disk: Path) -> None:
    folder = hard_disk / "worm"
    Worm(folder, immutable=False).keep_note(256, b"note")
    immutable.protect_files(folder)
    Worm(folder, immutable=False)
    folder.rename(hard_disk / "worm.before-256")
    Worm(folder, immutable=False).keep_note(256, b"another log")


@pytest.fixture
def traps(hard_disk: Path) -> Path:
    """A folder as somebody who took the service over might leave it for who marks files."""
    folder = hard_disk / "worm"
    Worm(folder, immutable=False)
    outside = hard_disk / "outside"
    (outside / "0").mkdir(parents=True)
    for path in (outside / "000000000001", outside / "0/000000000000", folder / "new/000000000004"):
        path.write_bytes(b"other")
        path.chmod(0o400)
    (folder / "checkpoint/000000000001").symlink_to(outside / "000000000001")
    (folder / "checkpoint/000000000002").hardlink_to(outside / "000000000001")
    os.mkfifo(folder / "checkpoint/000000000003")
    (folder / "checkpoint/000000000004").hardlink_to(folder / "new/000000000004")
    (folder / "checkpoint/000000000005").mkdir()
    (folder / "checkpoint/000000000006.new").touch(0o400)
    (folder / "checkpoint/000000000007").touch(0o600)  # not whole yet
    (folder / "checkpoint/000000000008").touch(0o400)
    os.chown(folder / "checkpoint/000000000008", 65534, 65534)
    (folder / "tile/0").symlink_to(outside / "0")
    (folder / "key").rmdir()
    (folder / "key").symlink_to(outside)
    return hard_disk


def test_nothing_but_finished_files_of_the_folder_is_marked(traps: Path) -> None:
    held = immutable.protect_files(traps / "worm")
    assert (held.kept, held.immutable) == (7, 0)
    for path in traps.rglob("*"):
        if path.is_file():
            path.chmod(0o600)  # refused to root, were it immutable


def test_no_link_leads_to_the_folder(traps: Path) -> None:
    (traps / "link").symlink_to(traps)
    with pytest.raises(StoreError, match="link is a link, or no folder"):
        immutable.protect_files(traps / "link/worm")
    (traps / "worm2").symlink_to(traps / "worm")
    with pytest.raises(StoreError, match="worm2 is a link, or no folder"):
        immutable.protect_files(traps / "worm2")
    assert immutable.look_at_files(traps / "link/worm").kept == 7


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.ENOTTY])
def test_file_system_without_the_attribute_is_done_without_and_said(
    kept: Worm, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    refuse_flags(monkeypatch, number)
    Worm(folder).keep_note(256, b"note")
    assert worm_files.note(folder, 256) == b"note"
    for held in (immutable.protect_files(folder), immutable.look_at_files(folder)):
        assert (held.kept, held.immutable, held.is_possible) == (1, 0, False)
        assert " has no immutable attribute: 1 kept files are read-only by their mode" in str(held)


def refuse_flags(monkeypatch: pytest.MonkeyPatch, number: int, request: int = 0) -> None:
    def refuse(_file: int, asked: int, _flags: bytes) -> bytes:
        if request in {0, asked}:
            raise OSError(number, os.strerror(number))
        return bytes(4)

    monkeypatch.setattr(fcntl, "ioctl", refuse)


def test_attribute_that_is_not_ours_to_set_is_an_error_of_who_should_set_it(
    kept: Worm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_flags(monkeypatch, errno.EPERM, immutable.SET_FLAGS)
    Worm(folder).keep_note(256, b"note")  # the service goes on without
    with pytest.raises(StoreError, match="Operation not permitted"):
        immutable.protect_files(folder)
    held = immutable.look_at_files(folder)
    assert (held.kept, held.immutable, held.is_possible) == (1, 0, True)


def test_folder_that_is_not_there_cannot_be_looked_at(folder: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        immutable.look_at_files(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root")
def test_probe_names_the_file_system(tmp_path: Path) -> None:
    place = tmp_path / "with a blank"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", place], check=True)
    try:
        Worm(place / "worm")
        assert immutable.look_at_files(place / "worm").kind == "tmpfs"
    finally:
        subprocess.run(["umount", place], check=True)
