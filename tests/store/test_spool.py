"""The spool: each event once and in order, nothing acknowledged on a failing disk."""

import errno
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fognode.errors import StoreError
from fognode.hashing import event_id
from fognode.store.spool import Backlog
from tests.store.conftest import B1, B2, body
from tests.store.spooling import RECORD, bodies, drain, files, noise, opened, zeros


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


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


# --- crashes -----------------------------------------------------------------------------


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
