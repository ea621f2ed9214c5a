"""A program whose power is cut: writes on the disk it is told and prints what it holds durable.

    python -m tests.crash.durable_writer spool|unsynced|worm FOLDER

``unsynced`` is the spool with its one fdatasync taken out: it must be seen to lose.
"""

import itertools
import json
import os
import sys
from pathlib import Path

from fognode.store.spool import Spool
from fognode.store.worm import Worm
from fognode.store.worm_files import note_sizes

SEGMENT_BYTES = 100_000  # small: new files come often


def body(count: int) -> bytes:
    """Make the body of a board's ``count``-th event, of 372 bytes like the usual one."""
    told = {
        "facts": {"light_counts": 859, "sensor": "L1", "text": "x" * 175},
        "kind": "light_open",
        "origin": f"b/cab01/17/{count:09d}",
        "recorded_at_ms": 1795241520171 + count,
        "v": 1,
    }
    return json.dumps(told, separators=(",", ":")).encode()


def counts(folder: Path) -> list[int]:
    """Return which bodies the spool of this disk holds, in order."""
    spool = Spool(folder / "spool", segment_bytes=SEGMENT_BYTES)
    try:
        kept = spool.peek(sys.maxsize)
    finally:
        spool.close()
    return [int(json.loads(one)["origin"].rpartition("/")[2]) for one in kept]


def append_for_ever(folder: Path) -> None:
    """Append groups of 1 to 10; print the last count of each, once it is durable."""
    last = max(counts(folder), default=0)
    spool = Spool(folder / "spool", segment_bytes=SEGMENT_BYTES)
    for group in itertools.cycle(range(1, 11)):
        spool.append([body(last + number) for number in range(1, group + 1)])
        last += group
        tell(last)


def tell(number: int) -> None:
    """Acknowledge: the harness counts a line once it is whole."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def note(size: int) -> bytes:
    """Make what stands for the signed note of a checkpoint."""
    return b"%d\n" % size * 20


def keep_notes_for_ever(folder: Path) -> None:
    """Keep one note after the other; print the size of each, once it is durable."""
    kept = Worm(folder / "worm")
    for size in itertools.count(max(note_sizes(folder / "worm"), default=0) + 1):
        kept.keep_note(size, note(size))
        tell(size)


if __name__ == "__main__":
    what, disk = sys.argv[1], Path(sys.argv[2])
    if what == "worm":
        keep_notes_for_ever(disk)
    if what == "unsynced":
        os.fdatasync = lambda fd: None
    append_for_ever(disk)
