"""Records of the spool: whole ones back after any cut, and nothing else taken for one."""

import os
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from fognode.errors import TamperError
from fognode.store.spool import Backlog
from tests.store.conftest import B1, B2, body
from tests.store.spooling import bodies, drain, noise, opened, zeros


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def test_record_is_length_crc_and_body(folder: Path) -> None:
    spool = opened(folder)
    spool.append([B1])
    # Worked example of the facts: f4000000 31133ae2 || b1
    assert (folder / "000000000000.spool").read_bytes() == bytes.fromhex("f400000031133ae2") + B1


@pytest.mark.parametrize("odd", [b"", b"no json", b"[]", b'{"origin":"x"}', b"{}", b"x" * 60_001])
def test_what_is_no_body_is_refused_and_nothing_with_it(folder: Path, odd: bytes) -> None:
    spool = opened(folder)
    with pytest.raises(ValueError, match="cannot be kept"):
        spool.append([body(1), odd])
    assert spool.backlog() == Backlog(0, None, 0)
    spool.append([body(1)])
    assert drain(spool) == [body(1)]


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
