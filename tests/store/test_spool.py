"""The spool: whole records back after any cut, nothing acknowledged on a failing disk."""

import errno
import json
import os
import random
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fognode.errors import StoreError, TamperError
from fognode.hashing import event_id
from fognode.store.spool import Backlog, Spool
from tests.crash.power import DiskImage, missing_loop
from tests.store.conftest import B1, B2, body

RECORD = 8 + len(body(1))  # of bodies 1 to 99


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def opened(folder: Path, limit_bytes: int = 1_000_000, segment_bytes: int = 100_000) -> Spool:
    return Spool(folder, limit_bytes, segment_bytes, reserve_bytes=4096)


def bodies(first: int, last: int) -> list[bytes]:
    return [body(count) for count in range(first, last + 1)]


def drain(spool: Spool, group: int = 100) -> list[bytes]:
    """Empty the spool as a database would; seqs count from 1."""
    told: list[bytes] = []
    while some := spool.peek(group):
        spool.drained(range(len(told) + 1, len(told) + len(some) + 1))
        told += some
    return told


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.spool"))


# --- format ------------------------------------------------------------------------------


def test_record_is_length_crc_and_body(folder: Path) -> None:
    spool = opened(folder)
    spool.append([B1])
    # Worked example of the facts: f4000000 31133ae2 || b1
    assert (folder / "000000000000.spool").read_bytes() == bytes.fromhex("f400000031133ae2") + B1


def test_one_sync_for_a_group(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = opened(folder)
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    monkeypatch.setattr(os, "fsync", synced.append)
    spool.append(bodies(1, 50))
    assert len(synced) == 1


def test_bodies_come_back_in_order_after_reopening(folder: Path) -> None:
    spool = opened(folder)
    spool.append([B2, B1])
    spool.append(bodies(1, 3))
    spool.close()
    assert drain(opened(folder)) == [B2, B1, *bodies(1, 3)]


# --- each happening once -----------------------------------------------------------------


def test_body_offered_twice_is_recognised(folder: Path) -> None:
    spool = opened(folder)
    spool.append([body(1), body(2), body(1)])
    # Told again with another time stamp: the first body stands.
    spool.append([body(2).replace(b"1795241520171", b"1795241520999"), body(3)])
    assert spool.holds(event_id("b/cab01/17/3"))
    assert not spool.holds(event_id("b/cab01/17/4"))
    assert drain(spool) == bodies(1, 3)


def test_happening_is_known_after_a_restart_and_when_drained(folder: Path) -> None:
    spool = opened(folder)
    spool.append(bodies(1, 2))
    drain(spool)
    spool.append([body(1)])
    assert spool.peek(9) == []
    spool.close()
    again = opened(folder)
    again.append([body(2)])
    assert drain(again) == bodies(1, 2)


@pytest.mark.parametrize("odd", [b"", b"no json", b"[]", b'{"origin":"x"}', b"{}", b"x" * 60_001])
def test_what_is_no_body_is_refused_and_nothing_with_it(folder: Path, odd: bytes) -> None:
    spool = opened(folder)
    with pytest.raises(ValueError, match="cannot be kept"):
        spool.append([body(1), odd])
    assert spool.backlog() == Backlog(0, None, 0)
    spool.append([body(1)])
    assert drain(spool) == [body(1)]


# --- draining ----------------------------------------------------------------------------


def test_backlog_tells_count_age_and_bytes(folder: Path) -> None:
    later = body(2).replace(b"1795241520171", b"1795241520999")
    spool = opened(folder)
    assert spool.backlog() == Backlog(0, None, 0)
    spool.append([body(1), later])
    assert spool.backlog() == Backlog(2, 1795241520171, 2 * RECORD)
    spool.peek(1)
    spool.drained([1])
    assert spool.backlog() == Backlog(1, 1795241520999, RECORD)
    spool.close()
    assert opened(folder).backlog() == Backlog(2, 1795241520171, 2 * RECORD)


def test_what_was_not_peeked_cannot_be_drained(folder: Path) -> None:
    spool = opened(folder)
    spool.append(bodies(1, 3))
    assert spool.peek(2) == bodies(1, 2)
    spool.drained([7])
    with pytest.raises(ValueError, match="2 events drained, 1 were offered"):
        spool.drained([8, 9])
    assert spool.peek(9) == bodies(2, 3)


def test_segment_goes_only_when_drained_and_under_a_checkpoint(folder: Path) -> None:
    spool = opened(folder, segment_bytes=2 * RECORD)
    for count in range(1, 6):
        spool.append([body(count)])
    names = ["000000000000.spool", "000000000002.spool", "000000000004.spool"]
    assert files(folder) == names
    spool.release(up_to=1000)
    assert files(folder) == names  # nothing is drained
    spool.peek(3)
    spool.drained([11, 12, 13])
    spool.release(up_to=11)
    assert files(folder) == names  # seq 12 is under no checkpoint
    spool.release(up_to=12)
    assert files(folder) == names[1:]
    spool.peek(2)
    spool.drained([14, 15])
    spool.release(up_to=1000)
    assert files(folder) == names[2:]  # the newest stays, to go on at its number
    spool.close()
    assert drain(opened(folder)) == [body(5)]


def test_draining_goes_on_while_events_come(folder: Path) -> None:
    spool = opened(folder, segment_bytes=3 * RECORD)
    told: list[bytes] = []
    for count in range(1, 30):
        spool.append([body(count)])
        if count % 4 == 0:
            some = spool.peek(3)
            spool.append([body(count + 100)])
            spool.drained(range(len(told) + 1, len(told) + len(some) + 1))
            told += some
            spool.release(len(told))
    told += drain(spool)
    assert told == [
        offered
        for count in range(1, 30)
        for offered in ([body(count), body(count + 100)] if count % 4 == 0 else [body(count)])
    ]


# --- torn tails --------------------------------------------------------------------------


def zeros(length: int) -> bytes:
    return bytes(length)


def noise(length: int) -> bytes:
    return random.Random(length).randbytes(length)


@pytest.mark.parametrize("tail", [lambda _: b"", zeros, noise], ids=["cut", "zeros", "noise"])
def test_spool_cut_at_any_byte_gives_exactly_its_whole_records(
    tmp_path: Path, tail: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    for sync in ("fsync", "fdatasync"):  # speed; what is cut is cut
        monkeypatch.setattr(os, sync, lambda _: None)
    told = [B1, B2, body(7)]
    content = b"".join(struct.pack("<II", len(b), zlib.crc32(b)) + b for b in told)
    ends = [0, 8 + len(B1), 16 + len(B1) + len(B2), len(content)]
    for cut in range(len(content) + 1):
        folder = tmp_path / "spool"
        folder.mkdir()
        path = folder / "000000000000.spool"
        path.write_bytes(content[:cut] + tail(len(content) + 40 - cut))
        spool = opened(folder)
        whole = sum(end <= cut for end in ends) - 1
        assert spool.peek(9) == told[:whole], cut
        assert path.stat().st_size == ends[whole], cut
        spool.append([body(8)])
        spool.close()
        spool = opened(folder)
        assert spool.peek(9) == [*told[:whole], body(8)], cut
        spool.close()
        shutil.rmtree(folder)


def test_cut_bytes_are_kept_aside_and_told_of_until_somebody_knows(folder: Path) -> None:
    spool = opened(folder)
    spool.append([B1])
    spool.close()
    path = folder / "000000000000.spool"
    path.write_bytes(path.read_bytes() + b"\x05\x00\x00\x00half")
    spool = opened(folder)
    aside = folder / f"000000000000-1-{8 + len(B1)}.cut"
    assert aside.read_bytes() == b"\x05\x00\x00\x00half"
    spool.append([B2])
    spool.close()
    spool = opened(folder)  # crashed before it was told
    [cut] = spool.cuts()
    assert cut[:5] == (aside, "000000000000.spool", 8, 1, 0)
    assert cut.found_ns == aside.stat().st_mtime_ns
    spool.cut_told(cut)
    assert spool.cuts() == []
    assert aside.with_suffix(".cut.told").read_bytes() == b"\x05\x00\x00\x00half"
    assert drain(spool) == [B1, B2]
    spool.close()
    spool = opened(folder)
    assert spool.cuts() == []
    spool.close()


def damaged(content: bytes, record: int, harm: str) -> bytes:
    """Spoil one record of several that are alike in length."""
    begin = record * RECORD
    at = {"length": begin, "checksum": begin + 5, "body": begin + 60, "page": begin}[harm]
    size = {"length": 4, "checksum": 1, "body": 1, "page": RECORD}[harm]
    spoilt = bytes(size) if harm == "page" else bytes(b ^ 0x55 for b in content[at : at + size])
    return content[:at] + spoilt + content[at + size :]


@pytest.mark.parametrize("harm", ["length", "checksum", "body", "page"])
@pytest.mark.parametrize(("record", "after"), [(0, 4), (2, 2), (4, 0)])
def test_damage_in_the_middle_is_told_from_a_torn_last_record(
    folder: Path, harm: str, record: int, after: int
) -> None:
    spool = opened(folder)
    spool.append(bodies(1, 5))
    spool.close()
    path = folder / "000000000000.spool"
    path.write_bytes(damaged(path.read_bytes(), record, harm))
    spool = opened(folder)
    [cut] = spool.cuts()
    assert (cut.records_before, cut.records_after) == (record, after)
    assert cut.size_bytes == (5 - record) * RECORD
    assert drain(spool) == bodies(1, record)
    spool.close()


@pytest.mark.parametrize("length", [1, 7, 8, 9, 100, 5000])
@pytest.mark.parametrize("fill", [zeros, noise, lambda n: b'{"' * n], ids=["0", "?", "{"])
def test_what_no_append_wrote_holds_no_whole_record(
    folder: Path, length: int, fill: Callable[[int], bytes]
) -> None:
    opened(folder).close()
    (folder / "000000000000.spool").write_bytes(fill(length))
    spool = opened(folder)
    [cut] = spool.cuts()
    assert (cut.size_bytes, cut.records_after) == (len(fill(length)), 0)
    spool.close()


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


def test_body_changed_under_our_feet_is_noticed_when_drained(folder: Path) -> None:
    spool = opened(folder)
    spool.append(bodies(1, 2))
    path = folder / "000000000000.spool"
    path.write_bytes(path.read_bytes().replace(b'"light_counts":859', b'"light_counts":858', 1))
    with pytest.raises(TamperError, match="the record at byte 0 is not what was written"):
        spool.peek(2)


def test_whole_record_that_is_no_body_is_never_drained(folder: Path) -> None:
    opened(folder).close()
    path = folder / "000000000000.spool"
    path.write_bytes(struct.pack("<II", 4, zlib.crc32(b"null")) + b"null")
    with pytest.raises(TamperError, match="record 0: a body without an origin"):
        opened(folder)


# --- crashes -----------------------------------------------------------------------------


class Crash(BaseException):
    """The process is gone at this line."""


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


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 40), st.integers(1, 5)),
        st.tuples(st.just("drain"), st.integers(1, 8), st.integers(0, 60)),
        st.tuples(st.just("crash"), st.integers(0, 400), st.integers(0, 2)),
        st.tuples(st.just("reopen"), st.just(0), st.just(0)),
    ),
    max_size=25,
)


@given(steps=STEPS)
@settings(max_examples=60, deadline=None)
def test_any_story_of_appends_drains_and_crashes_keeps_each_event_once_in_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("story") / "spool"
    spool = opened(folder, segment_bytes=5 * RECORD)
    acked: list[bytes] = []
    database: dict[bytes, int] = {}  # body -> seq; what is known keeps its seq

    def keep(some: Sequence[bytes]) -> list[int]:
        return [database.setdefault(kept, len(database) + 1) for kept in some]

    try:
        for step, one, two in steps:
            if step == "append":
                some = bodies(one, one + two)
                spool.append(some)
                acked += [new for new in some if new not in acked]
            elif step == "drain":
                spool.drained(keep(spool.peek(one)))
                spool.release(up_to=two)
            elif step == "reopen":
                spool.reopen()
            else:
                spool.close()
                # What an append that was not acknowledged left behind.
                newest = folder / files(folder)[-1]
                newest.write_bytes(newest.read_bytes() + [b"", zeros(one), noise(one)][two])
                spool = opened(folder, segment_bytes=5 * RECORD)
        while some := spool.peek(7):
            spool.drained(keep(some))
    finally:
        spool.close()
        shutil.rmtree(folder.parent)
    assert list(database) == acked


# --- a failing disk ----------------------------------------------------------------------


def failing(number: int) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("call", ["fdatasync", "write"])
def test_nothing_counts_after_an_error_of_the_disk(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    spool = opened(folder)
    spool.append([body(1)])
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing(errno.EIO))
        with pytest.raises(StoreError, match="disk failing: Input/output error"):
            spool.append([body(2)])
    still_open = [path.readlink() for path in Path("/proc/self/fd").iterdir() if path.exists()]
    assert [path for path in still_open if path.is_relative_to(folder)] == []
    # The disk answers again, and still the spool does not trust it by itself.
    for use in (lambda: spool.append([body(2)]), lambda: spool.append([]), lambda: spool.peek(1)):
        with pytest.raises(StoreError, match="disk failing"):
            use()
    assert spool.backlog().events == 1
    spool.reopen()
    assert not spool.holds(event_id("b/cab01/17/2"))  # in memory it was there: cut off
    assert drain(spool) == [body(1)]
    spool.append([body(2)])
    assert files(folder) == ["000000000000.spool", "000000000001.spool"]
    spool.close()
    assert drain(opened(folder)) == bodies(1, 2)


def test_reopening_on_a_disk_that_still_fails_stays_closed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened(folder)
    spool.append(bodies(1, 3))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", failing(errno.EIO))
        with pytest.raises(StoreError):
            spool.append([body(4)])
        patch.setattr(os, "fsync", failing(errno.EIO))
        for _ in range(3):
            with pytest.raises(StoreError, match="disk failing"):
                spool.reopen()
            assert spool.fault.startswith("disk failing")
    spool.reopen()
    assert spool.fault == ""
    assert drain(spool) == bodies(1, 3)


def test_acknowledged_bytes_that_the_disk_lost_are_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened(folder)
    spool.append(bodies(1, 2))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", failing(errno.EIO))
        with pytest.raises(StoreError):
            spool.append([body(3)])
    os.truncate(folder / "000000000000.spool", RECORD)
    with pytest.raises(StoreError, match="lost what was acknowledged"):
        spool.reopen()
    assert spool.fault


def test_limit_refuses_and_drops_nothing(folder: Path) -> None:
    spool = opened(folder, limit_bytes=3 * RECORD)
    spool.append(bodies(1, 2))
    with pytest.raises(StoreError, match="is at its"):
        spool.append(bodies(3, 4))
    assert not spool.fault  # nothing was tried: what is smaller may still fit
    spool.append([body(3)])
    assert spool.room().spool_bytes == 0
    assert drain(spool) == bodies(1, 3)


def test_one_process_at_a_time(folder: Path) -> None:
    spool = opened(folder)
    with pytest.raises(StoreError, match="another process uses the spool"):
        opened(folder)
    spool.close()
    opened(folder).close()


def test_folder_is_made_but_not_its_parents(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        opened(tmp_path / "absent" / "spool")


# --- a full disk -------------------------------------------------------------------------


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
