"""Durable writes: what is on the disk after each call, and in which order it got there."""

import errno
import os
from pathlib import Path

import pytest

from fognode.store import durable


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked of the system, in order, by name of the file."""
    told: list[str] = []

    def named(descriptor: int) -> str:
        return Path(f"/proc/self/fd/{descriptor}").readlink().name

    real_fsync, real_fdatasync, real_replace = os.fsync, os.fdatasync, os.replace

    def fsync(descriptor: int) -> None:
        told.append(f"fsync {named(descriptor)}")
        real_fsync(descriptor)

    def fdatasync(descriptor: int) -> None:
        told.append(f"fdatasync {named(descriptor)}")
        real_fdatasync(descriptor)

    def replace(self: Path, target: Path) -> Path:
        told.append(f"rename {self.name} {target.name}")
        real_replace(self, target)
        return target

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "fdatasync", fdatasync)
    monkeypatch.setattr(Path, "replace", replace)
    return told


def test_content_is_durable_before_the_name_and_the_name_before_return(
    tmp_path: Path, calls: list[str]
) -> None:
    durable.write_whole(tmp_path / "note", b"one")
    assert calls == ["fsync note.new", "rename note.new note", f"fsync {tmp_path.name}"]
    assert (tmp_path / "note").read_bytes() == b"one"


def test_unfinished_file_lies_where_it_was_told(tmp_path: Path, calls: list[str]) -> None:
    staging = tmp_path / "new"
    staging.mkdir()
    durable.write_whole(tmp_path / "note", b"one", staging)
    assert calls[1] == "rename note.new note"
    assert list(staging.iterdir()) == []


def test_old_content_stays_whole_when_the_disk_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    durable.write_whole(tmp_path / "note", b"old")

    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output"):
        durable.write_whole(tmp_path / "note", b"new content")
    assert (tmp_path / "note").read_bytes() == b"old"


def test_file_is_for_its_owner_only(tmp_path: Path) -> None:
    durable.write_whole(tmp_path / "note", b"one")
    assert (tmp_path / "note").stat().st_mode & 0o777 == 0o600


def test_append_goes_on_until_all_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[str]
) -> None:
    real_write = os.write
    monkeypatch.setattr(os, "write", lambda fd, rest: real_write(fd, bytes(rest[:3])))
    descriptor = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    durable.append_synced(descriptor, b"0123456789")
    durable.append_synced(descriptor, b"ab")
    os.close(descriptor)
    assert (tmp_path / "log").read_bytes() == b"0123456789ab"
    assert calls == ["fdatasync log", "fdatasync log"]


def test_new_folder_is_durable_in_its_parent(tmp_path: Path, calls: list[str]) -> None:
    durable.make_folder(tmp_path / "spool")
    durable.make_folder(tmp_path / "spool")  # an existing one is no error
    assert calls == [f"fsync {tmp_path.name}"] * 2
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700


def test_append_whose_journal_was_given_up_meanwhile_is_not_taken_for_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # ext4 lets a sync that waits for an aborted journal end well (tests/crash, read-only disk).
    def given_up(_descriptor: int, _offset: int, _length: int) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    descriptor = os.open(tmp_path / "one", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    durable.append_synced(descriptor, b"first")
    monkeypatch.setattr(os, "posix_fallocate", given_up)
    with pytest.raises(OSError, match="Read-only"):
        durable.append_synced(descriptor, b"second")
    os.close(descriptor)


def test_append_leaves_size_and_content_to_what_was_appended(tmp_path: Path) -> None:
    path = tmp_path / "one"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for content in (b"a", b"b" * 5000, b"c"):
        durable.append_synced(descriptor, content)
    os.close(descriptor)
    assert path.read_bytes() == b"a" + b"b" * 5000 + b"c"
