"""The files of the spool: one folder, one process, segments that follow each other.

    segment  = records (store/spool_segment.py), in a file named by the number of its first
               record, from 0: 000000000000.spool; the newest takes the records, the others
               are closed
    reserve  = 16 MB that a full disk gives back, so that events still fit
    *.cut    = bytes that were found after the last whole record (store/spool_cuts.py)

What the system refuses comes as OSError: then ``close``, what is in memory may be untrue.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fognode.errors import StoreError, TamperError
from fognode.store import durable
from fognode.store.reserve import Reserve
from fognode.store.spool_cuts import place_aside
from fognode.store.spool_segment import (
    Segment,
    open_segment,
    put_records,
    read_records,
    scan_segment,
    settle,
)

log = logging.getLogger(__name__)


class Room(NamedTuple):
    """What the spool can still take."""

    spool_bytes: int  # up to its limit
    disk_bytes: int  # free on its file system, for this account
    reserve_held: bool  # False: a full disk has used it up


class SpoolFolder:
    """Owns the folder's lock and its open segments, the oldest first."""

    def __init__(self, folder: Path, segment_bytes: int, reserve_bytes: int) -> None:
        self._folder, self._segment_bytes = folder, segment_bytes
        self._lock = -1
        self._reserve = Reserve(folder / "reserve", reserve_bytes)
        self.segments: list[Segment] = []

    def open(self) -> None:
        """Read all that is there, cut what a crash left unfinished, make durable what counts.

        The folder is made if its parent exists.

        Raises:
            StoreError: Another process uses the folder.
            TamperError: A closed segment is not whole, or a segment is missing.
        """
        durable.make_folder(self._folder)
        self._lock = _locked(self._folder)
        self.segments = []
        for path in sorted(self._folder.glob("[0-9]" * 12 + ".spool")):
            self.segments.append(open_segment(path))
        if not self.segments:
            self.begin(0)
        # Names and bytes that a killed process left in memory only become durable now.
        durable.fsync_folder(self._folder)
        settle(self.segments[-1].descriptor)
        self._scan()
        self._reserve.hold()

    def size_bytes(self) -> int:
        """Return the size of all records."""
        return sum(segment.size for segment in self.segments)

    def room(self, limit_bytes: int) -> Room:
        """Return what can still be taken, up to a limit."""
        disk = os.statvfs(self._folder)
        free = disk.f_bavail * disk.f_frsize
        return Room(limit_bytes - self.size_bytes(), free, self._reserve.is_held())

    def bodies(self) -> Iterator[bytes]:
        """Yield every body, oldest first.

        Raises:
            TamperError: A record is not what was written.
        """
        for segment in self.segments:
            yield from read_records(segment, 0)

    def waiting(self) -> Iterator[tuple[Segment, bytes]]:
        """Yield every body that is not drained and where it is, oldest first.

        Raises:
            TamperError: A record is not what was written.
        """
        for segment in self.segments:
            for body in read_records(segment, segment.drained_bytes):
                yield segment, body

    def newest(self) -> Segment:
        """Return the segment that takes the next records; a full one is followed by a new one."""
        newest = self.segments[-1]
        if newest.size >= self._segment_bytes:
            self._reserve.spend_on(lambda: self.begin(newest.end))
        return self.segments[-1]

    def begin(self, first: int) -> None:
        """Begin a new segment with record number ``first``; on return its name is durable.

        Raises:
            OSError: The disk is full or failing; the segment does not count.
        """
        segment = open_segment(self._folder / f"{first:012d}.spool")
        try:
            # Before the first record: a synced record in a file without a name is lost.
            durable.fsync_folder(self._folder)
        except OSError:
            os.close(segment.descriptor)
            raise
        self.segments.append(segment)

    def put(self, segment: Segment, records: bytes) -> None:
        """Write records behind those that are durable; on return they are, too."""
        self._reserve.spend_on(lambda: put_records(segment, records))

    def drop_oldest(self) -> None:
        """Delete the oldest segment; on return that is durable."""
        self.segments[0].path.unlink()
        # One by one, so that no crash leaves an older one behind a gap.
        durable.fsync_folder(self._folder)
        os.close(self.segments.pop(0).descriptor)
        self._reserve.hold()

    def close(self) -> None:
        """Let go of the files and of the lock; what is known of the segments stays."""
        for segment in self.segments:
            if segment.descriptor >= 0:
                os.close(segment.descriptor)
                segment.descriptor = -1
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _scan(self) -> None:
        expected = self.segments[0].first
        for segment in self.segments:
            if segment.first != expected:
                raise TamperError(f"{segment.path}: it should begin with record {expected}")
            tail = scan_segment(segment)
            if tail and segment is not self.segments[-1]:
                raise TamperError(
                    f"{segment.path}: no whole record at byte {segment.size}, and it was closed"
                )
            if tail:
                self._cut(segment, tail)
            expected = segment.end

    def _cut(self, segment: Segment, tail: bytes) -> None:
        log.warning("event=spool_tail_cut file=%s bytes=%d", segment.path, len(tail))
        aside = place_aside(segment)
        self._reserve.spend_on(lambda: durable.write_whole(aside, tail))
        os.ftruncate(segment.descriptor, segment.size)
        os.fsync(segment.descriptor)


def _locked(folder: Path) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise StoreError(f"another process uses the spool {folder}") from error
    return descriptor
