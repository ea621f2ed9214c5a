"""Bytes that stood in the spool where a whole record should, set aside for a look.

    SEGMENT-RECORDS-OFFSET.cut      not yet told of in the record
    SEGMENT-RECORDS-OFFSET.cut.told an event tells of it

SEGMENT is the name of the file they were cut from, RECORDS how many whole ones stand there
before them, OFFSET the byte where they began.  What the system refuses comes as OSError.
"""

from pathlib import Path
from typing import NamedTuple

from fognode.store.spool_segment import Segment, whole_within

UNTOLD = "[0-9]*-[0-9]*-[0-9]*.cut"


class Cut(NamedTuple):
    """Bytes that stood where a whole record should, and were set aside."""

    aside: Path  # where they are now
    segment: str  # name of the file they were cut from
    size_bytes: int
    records_before: int  # whole ones in that file before them, which stayed
    records_after: int  # whole ones among them; with any, it was no write broken off
    found_ns: int  # UTC; tells one cut from the next


def place_aside(segment: Segment) -> Path:
    """Return where the bytes behind the whole records of a segment are to be kept."""
    return segment.path.with_name(f"{segment.path.stem}-{segment.count}-{segment.size}.cut")


def untold_cuts(folder: Path) -> list[Cut]:
    """Return what was cut off in a spool's folder and is not told of yet."""
    return [_read_cut(path) for path in sorted(folder.glob(UNTOLD))]


def mark_told(cut: Cut) -> None:
    """Let ``untold_cuts`` pass a cut over; the bytes stay."""
    cut.aside.replace(cut.aside.with_suffix(".cut.told"))


def _read_cut(path: Path) -> Cut:
    segment, records, _offset = path.stem.split("-")
    tail = path.read_bytes()
    found_ns = path.stat().st_mtime_ns
    name = f"{segment}.spool"
    return Cut(path, name, len(tail), int(records), whole_within(tail), found_ns)
