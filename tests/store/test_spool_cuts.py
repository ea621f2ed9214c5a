"""Bytes cut off the spool: kept, counted, and told of until somebody knows."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.store.conftest import B1, B2
from tests.store.spooling import RECORD, bodies, drain, noise, opened, zeros


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


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
