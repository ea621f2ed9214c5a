"""The reserve: a full disk still takes events, then refuses, then recovers."""

import errno
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fognode.errors import StoreError
from fognode.store.spool import Spool
from tests.crash.power import DiskImage, missing_loop
from tests.store.conftest import body
from tests.store.spooling import RECORD, bodies, drain, opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def test_reserve_is_given_back_when_a_write_does_not_fit(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened(folder)
    spool.append([body(1)])
    assert spool.room().reserve_held
    real_write = os.write

    def full(descriptor: int, content: bytes) -> int:
        if (folder / "reserve").exists() or len(content) > RECORD:
            real_write(descriptor, bytes(content[:20]))  # a part fits
            raise OSError(errno.ENOSPC, "No space left on device")
        return real_write(descriptor, content)

    monkeypatch.setattr(os, "write", full)
    spool.append([body(2)])
    assert not spool.room().reserve_held
    with pytest.raises(StoreError, match="disk full: No space left"):
        spool.append(bodies(3, 4))
    monkeypatch.setattr(os, "write", real_write)
    spool.reopen()
    assert spool.room().reserve_held  # there is space again
    assert drain(spool) == bodies(1, 2)


def test_reserve_is_held_again_when_segments_are_gone(folder: Path) -> None:
    spool = opened(folder, segment_bytes=1)
    spool.append([body(1)])
    spool.append([body(2)])
    (folder / "reserve").unlink()  # as a full disk had it
    assert not spool.room().reserve_held
    spool.peek(2)
    spool.drained([1, 2])
    spool.release(up_to=2)
    assert spool.room().reserve_held


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB: ext4 on a loop device, or a tmpfs."""
    mount = tmp_path / "disk"
    mount.mkdir()
    if os.geteuid() != 0:
        assert os.environ.get("CI") != "true", "a small file system needs root"
        pytest.skip("mounting a small file system needs root")
    if missing_loop():
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", mount], check=True)
        yield mount
        subprocess.run(["umount", mount], check=True)
        return
    with DiskImage(tmp_path / "image", mount, 8):
        yield mount


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1024))


def append_until_refused(spool: Spool, count: int) -> tuple[int, str]:
    """Append groups of 50 after body ``count``; return the last one taken, and the reason."""
    while count < 20_000:
        try:
            spool.append(bodies(count + 1, count + 50))
        except StoreError as error:
            return count, str(error)
        count += 50
    raise AssertionError("never refused")


def test_really_full_disk_takes_events_from_the_reserve_then_refuses_then_recovers(
    small_disk: Path,
) -> None:
    spool = Spool(small_disk / "spool", reserve_bytes=1_000_000)
    spool.append([body(1)])
    with pytest.raises(OSError, match="No space"):
        fill(small_disk / "filler")
    count, reason = append_until_refused(spool, 1)
    assert reason.startswith("disk full: No space left")
    assert count * RECORD > 900_000  # what the reserve had
    spool.reopen()  # still full: what is there can be drained, nothing more be taken
    assert spool.peek(1) == [body(1)]
    count, reason = append_until_refused(spool, count)
    assert reason.startswith("disk full")
    (small_disk / "filler").unlink()
    spool.reopen()
    spool.append(bodies(count + 1, count + 50))
    assert spool.room().reserve_held
    told = [json.loads(kept)["origin"] for kept in drain(spool)]
    assert told[:count] == [f"b/cab01/17/{number}" for number in range(1, count + 1)]
    assert len(told) == count + 50
    spool.close()
