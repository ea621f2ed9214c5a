"""The files of a spool: no gap, second process or crash between two of them is passed over."""

import os
from pathlib import Path

import pytest

from fognode.errors import StoreError, TamperError
from fognode.hashing import event_id
from tests.store.conftest import body
from tests.store.spooling import Crash, bodies, drain, opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def test_one_process_at_a_time(folder: Path) -> None:
    spool = opened(folder)
    with pytest.raises(StoreError, match="another process uses the spool"):
        opened(folder)
    spool.close()
    opened(folder).close()


def test_folder_is_made_but_not_its_parents(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        opened(tmp_path / "absent" / "spool")


def three_segments(folder: Path) -> list[Path]:
    spool = opened(folder, segment_bytes=1)
    for count in (1, 2, 3):
        spool.append([body(count)])
    spool.close()
    return sorted(folder.glob("*.spool"))


@pytest.mark.parametrize("harm", ["cut", "flip", "longer"])
def test_closed_segment_that_is_not_whole_is_named(folder: Path, harm: str) -> None:
    path = three_segments(folder)[1]
    content = path.read_bytes()
    flipped = content[:50] + bytes([content[50] ^ 1]) + content[51:]
    path.write_bytes({"cut": content[:-1], "flip": flipped, "longer": content + b"x"}[harm])
    before = path.read_bytes()
    with pytest.raises(TamperError, match=r"000000000001\.spool"):
        opened(folder)
    assert path.read_bytes() == before  # never repaired
    with pytest.raises(TamperError, match=r"000000000001\.spool"):
        opened(folder)  # the first try let go of the folder


def test_missing_segment_is_noticed(folder: Path) -> None:
    three_segments(folder)[1].unlink()
    with pytest.raises(TamperError, match=r"000000000002\.spool: it should begin with record 1"):
        opened(folder)


def test_crash_between_a_new_segment_and_its_name_loses_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened(folder, segment_bytes=1)
    spool.append([body(1)])
    real_fsync = os.fsync

    def crash(descriptor: int) -> None:
        raise Crash

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(Crash):
        spool.append([body(2)])
    monkeypatch.setattr(os, "fsync", real_fsync)
    spool.close()
    new = folder / "000000000001.spool"
    assert new.read_bytes() == b""
    for name_survives in (True, False):
        if not name_survives:
            new.unlink()
        again = opened(folder, segment_bytes=1)
        assert drain(again) == [body(1)]
        again.close()
    again = opened(folder, segment_bytes=1)
    again.append([body(2)])
    assert drain(again) == bodies(1, 2)


def test_bytes_of_a_killed_process_become_durable_before_they_count(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened(folder)

    def crash(descriptor: int) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", crash)
        with pytest.raises(Crash):
            spool.append([body(1)])  # written, not synced: not acknowledged
    spool.close()
    synced: list[str] = []
    real_fsync = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        real_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    again = opened(folder)
    # It came through, so a board that resends it is told yes: only now may that be.
    assert "000000000000.spool" in synced
    assert again.holds(event_id("b/cab01/17/1"))
