"""A small spool, what goes into it, and what a broken disk leaves of it."""

import random
from pathlib import Path

from fognode.store.spool import Spool
from tests.store.conftest import body

RECORD = 8 + len(body(1))  # of bodies 1 to 99


class Crash(BaseException):
    """The process is gone at this line."""


def opened(folder: Path, limit_bytes: int = 1_000_000, segment_bytes: int = 100_000) -> Spool:
    """Open a spool of test size."""
    return Spool(folder, limit_bytes, segment_bytes, reserve_bytes=4096)


def bodies(first: int, last: int) -> list[bytes]:
    """Make the bodies of a board's events by their counts."""
    return [body(count) for count in range(first, last + 1)]


def drain(spool: Spool, group: int = 100) -> list[bytes]:
    """Empty the spool as a database would; seqs count from 1."""
    told: list[bytes] = []
    while some := spool.peek(group):
        spool.drained(range(len(told) + 1, len(told) + len(some) + 1))
        told += some
    return told


def files(folder: Path) -> list[str]:
    """Return the names of the segments, oldest first."""
    return sorted(path.name for path in folder.glob("*.spool"))


def zeros(length: int) -> bytes:
    """Return what a disk gives for bytes that were never written."""
    return bytes(length)


def noise(length: int) -> bytes:
    """Return bytes of no meaning, always the same ones of a length."""
    return random.Random(length).randbytes(length)
