"""The journal before the database: what is in it may be acknowledged.

    record   = length (uint32, little-endian), CRC-32 of the body (uint32), body
    segment  = records, in a file named by the number of its first record, from 0:
               000000000000.spool; the newest takes the records, the others are closed
    reserve  = 16 MB that a full disk gives back, so that events still fit
    *.cut    = bytes that were found after the last whole record, kept for a look; named
               SEGMENT-RECORDS-OFFSET.cut, and .cut.told once the record tells of them

A body is appended, synced, and only then acknowledged.  It is drained into the database in
the same order.  Where draining stands is not written down: after a restart all that is
still here is offered again, and the database recognises what it has by event_id.

A segment is deleted when the database has its last event *and* a write-once segment holds it:
what is acknowledged is never in the database alone.

Used on the store thread only; ``backlog`` and ``fault`` may be read on any thread.
"""

import errno
import fcntl
import json
import logging
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from fognode.errors import StoreError, TamperError
from fognode.hashing import MAX_BODY, event_id
from fognode.store import durable

LIMIT_BYTES = 200_000_000
SEGMENT_BYTES = 4_000_000
RESERVE_BYTES = 16_000_000
PEEK_BYTES = 8_000_000  # MariaDB takes 16 MB in one packet (max_allowed_packet)
HEAD = struct.Struct("<II")  # length, CRC-32
READ_BYTES = HEAD.size + MAX_BODY  # read at once: a record is always whole in it
BEGIN = b'{"'  # of every body
CUT = "[0-9]*-[0-9]*-[0-9]*"
FULL = (errno.ENOSPC, errno.EDQUOT)
log = logging.getLogger(__name__)


class Backlog(NamedTuple):
    """What waits for the database."""

    events: int  # that are not drained
    oldest_recorded_at_ms: int | None  # of the first of them; None when all is drained
    size_bytes: int  # of those events, with their heads


class Cut(NamedTuple):
    """Bytes that stood where a whole record should, and were set aside."""

    aside: Path  # where they are now
    segment: str  # name of the file they were cut from
    size_bytes: int
    records_before: int  # whole ones in that file before them, which stayed
    records_after: int  # whole ones among them; with any, it was no write broken off
    found_ns: int  # UTC; tells one cut from the next


class Room(NamedTuple):
    """What the spool can still take."""

    spool_bytes: int  # up to its limit
    disk_bytes: int  # free on its file system, for this account
    reserve_held: bool  # False: a full disk has used it up


@dataclass(slots=True)
class _Segment:
    path: Path
    first: int  # number of its first record
    descriptor: int
    size: int = 0  # bytes that are durable
    count: int = 0  # whole records in them
    ids: set[bytes] = field(default_factory=set)
    drained_bytes: int = 0
    drained_count: int = 0
    last_seq: int = 0  # highest place in the record that one of its events was given

    @property
    def end(self) -> int:
        """Return the number of the record that follows its last."""
        return self.first + self.count


class Spool:
    """Bodies in files of one folder, in order, each happening once.

    The folder is made if its parent exists.  Opening reads all that is there, cuts what a
    crash left unfinished, and makes the rest durable before it counts.

    Raises:
        StoreError: The folder cannot be used, or another process uses it.
        TamperError: A closed segment is not whole, or a segment is missing.
    """

    def __init__(
        self,
        folder: Path,
        limit_bytes: int = LIMIT_BYTES,
        segment_bytes: int = SEGMENT_BYTES,
        reserve_bytes: int = RESERVE_BYTES,
    ) -> None:
        self._folder, self._reserve = folder, folder / "reserve"
        self._limit, self._segment_bytes = limit_bytes, segment_bytes
        self._reserve_bytes = reserve_bytes
        self._segments: list[_Segment] = []
        self._offered: list[tuple[_Segment, int]] = []  # what peek gave: where, how long
        self._doubt: tuple[Path, int] | None = None  # an append that did not end: where, from
        self._lock = -1
        self._backlog = Backlog(0, None, 0)
        self.fault = ""  # why nothing can be appended until ``reopen``; "" while all is well
        self._open()

    def append(self, bodies: Sequence[bytes]) -> None:
        """Take frozen bodies; on return all of them are durable and may be acknowledged.

        A body whose happening is in the spool already is recognised and not taken again.
        One sync for all.  After a StoreError nothing of it is known to be kept; unless the
        spool was only at its limit, it is closed until ``reopen``.

        Raises:
            StoreError: The spool is closed or at its limit, or its disk is full or failing.
            ValueError: A body is not what ``hashing.freeze`` makes; nothing was taken.
        """
        fresh = self._fresh(bodies)
        if not fresh:
            with self._disk():  # a closed spool does not know what it holds
                return
        records = b"".join(_record(body) for body in fresh.values())
        with self._disk():
            if self._bytes() + len(records) > self._limit:
                raise StoreError(f"the spool {self._folder} is at its {self._limit} bytes")
            segment = self._newest()
            self._doubt = (segment.path, segment.size)
            self._put(segment, records)
        # COMMIT POINT of the spool: durable, so from here the events count as kept.
        self._doubt = None
        segment.size += len(records)
        segment.count += len(fresh)
        segment.ids.update(fresh)
        events, oldest_ms, size = self._backlog
        if oldest_ms is None:
            oldest_ms = _recorded_at_ms(next(iter(fresh.values())))
        self._backlog = Backlog(events + len(fresh), oldest_ms, size + len(records))

    def holds(self, identity: bytes) -> bool:
        """Tell whether the event with this event_id is in the spool, drained or not."""
        return any(identity in segment.ids for segment in self._segments)

    def backlog(self) -> Backlog:
        """Return what waits for the database, as of the last call on the store thread."""
        return self._backlog

    def room(self) -> Room:
        """Return what can still be taken.

        Raises:
            StoreError: The disk does not answer.
        """
        with self._disk():
            disk = os.statvfs(self._folder)
            free = disk.f_bavail * disk.f_frsize
            return Room(self._limit - self._bytes(), free, self._holds_reserve())

    def cuts(self) -> list[Cut]:
        """Return what was cut off, now or at an earlier opening, and is not told of yet.

        Raises:
            StoreError: The disk does not answer.
        """
        with self._disk():
            return [_read_cut(path) for path in sorted(self._folder.glob(f"{CUT}.cut"))]

    def cut_told(self, cut: Cut) -> None:
        """Take note that an event tells of a cut; the bytes stay where they are kept.

        Without it, even after a crash, ``cuts`` gives it again.

        Raises:
            StoreError: The disk fails.
        """
        with self._disk():
            cut.aside.replace(cut.aside.with_suffix(".cut.told"))

    def peek(self, limit: int) -> list[bytes]:
        """Return the first bodies that are not drained, in order, at most ``limit``.

        Fewer when they are long, so that a database takes them in one statement.

        Raises:
            StoreError: The spool is closed, or cannot be read.
            TamperError: A record is not what was written.
        """
        with self._disk():
            offered = _up_to(PEEK_BYTES, islice(self._waiting(), limit))
        self._offered = [(segment, HEAD.size + len(body)) for segment, body in offered]
        return [body for _, body in offered]

    def bodies(self) -> Iterator[bytes]:
        """Yield every body that is still here, drained or not, oldest first.

        Raises:
            StoreError: The spool is closed, or cannot be read.
            TamperError: A record is not what was written.
        """
        with self._disk():
            for segment in self._segments:
                yield from _read_records(segment, 0)

    def drained(self, seqs: Sequence[int]) -> None:
        """Move on past the first bodies of the last ``peek``: the database has them.

        Args:
            seqs: The places that the database gave them, in the order of ``peek``.

        Raises:
            StoreError: The spool is closed, or cannot be read.
            TamperError: The record that follows is not what was written.
            ValueError: There are more of them than ``peek`` returned.
        """
        if len(seqs) > len(self._offered):
            raise ValueError(f"{len(seqs)} events drained, {len(self._offered)} were offered")
        done, self._offered = self._offered[: len(seqs)], self._offered[len(seqs) :]
        for (segment, length), seq in zip(done, seqs, strict=True):
            segment.drained_bytes += length
            segment.drained_count += 1
            segment.last_seq = max(segment.last_seq, seq)
        with self._disk():
            self._count()

    def release(self, up_to: int) -> None:
        """Delete the segments whose events are all drained and copied elsewhere.

        The newest segment stays: it says at which number to go on.

        Args:
            up_to: The events of seq 1 to this are copied.

        Raises:
            StoreError: A segment cannot be deleted; the spool is closed.
        """
        with self._disk():
            while len(self._segments) > 1:
                oldest = self._segments[0]
                if oldest.drained_bytes < oldest.size or oldest.last_seq > up_to:
                    return
                oldest.path.unlink()
                # One by one, so that no crash leaves an older one behind a gap.
                durable.fsync_folder(self._folder)
                os.close(self._segments.pop(0).descriptor)
                self._hold_reserve()

    def reopen(self) -> None:
        """Close, and open again from what the disk really holds.

        What was appended without success is cut off, and a new segment takes what comes.
        Nothing counts as drained: it is offered again.

        Raises:
            StoreError: The disk is still failing, or an acknowledged record is gone.
            TamperError: A closed segment is not whole, or a segment is missing.
        """
        self.close()
        if self._doubt is not None:
            with self._disk(anew=True):
                _cut_back(*self._doubt)
        self._open()
        newest = self._segments[-1]
        if self._doubt is not None and (newest.path, newest.size) != self._doubt:
            self.close()
            self.fault = f"disk failing: {newest.path} lost what was acknowledged"
            raise StoreError(self.fault)
        self._doubt = None
        if newest.count:
            with self._disk():
                self._begin(newest.end)  # not into a page that could not be written

    def close(self) -> None:
        """Let go of the files; all that was appended stays durable."""
        self._close_files()
        self.fault = self.fault or f"the spool {self._folder} is closed"

    # --- the disk ----------------------------------------------------------------------

    @contextmanager
    def _disk(self, anew: bool = False) -> Iterator[None]:
        """Close the spool at the first error of its disk: what is in memory may be untrue.

        Raises:
            StoreError: The spool is closed (unless ``anew``), or becomes so by this.
        """
        if self.fault and not anew:
            raise StoreError(self.fault)
        try:
            yield
        except OSError as error:
            self._close_files()
            word = "disk full" if error.errno in FULL else "disk failing"
            self.fault = f"{word}: {error.strerror}: {self._folder}"
            raise StoreError(self.fault) from error

    def _newest(self) -> _Segment:
        newest = self._segments[-1]
        if newest.size >= self._segment_bytes:
            self._with_reserve(lambda: self._begin(newest.end))
        return self._segments[-1]

    def _begin(self, first: int) -> None:
        path = self._folder / f"{first:012d}.spool"
        descriptor = _open_file(path)
        try:
            # Before the first record: a synced record in a file without a name is lost.
            durable.fsync_folder(self._folder)
        except OSError:
            os.close(descriptor)
            raise
        self._segments.append(_Segment(path, first, descriptor))

    def _put(self, segment: _Segment, records: bytes) -> None:
        def put() -> None:
            # What did not fit is cut off and written anew: nothing of a first try counts.
            if os.fstat(segment.descriptor).st_size > segment.size:
                os.ftruncate(segment.descriptor, segment.size)
            durable.append_synced(segment.descriptor, records)

        self._with_reserve(put)

    def _with_reserve(self, write: Callable[[], None]) -> None:
        """Write; if the disk is full, give the reserve back and write once more.

        Raises:
            OSError: It is full without the reserve as well, or failing.
        """
        try:
            write()
        except OSError as error:
            if error.errno not in FULL or not self._holds_reserve():
                raise
            log.warning("event=spool_reserve_used folder=%s", self._folder)
            self._reserve.unlink()
            durable.fsync_folder(self._folder)  # freed blocks can be used once that is on disk
            write()

    def _holds_reserve(self) -> bool:
        return self._reserve.exists() and self._reserve.stat().st_size >= self._reserve_bytes

    def _hold_reserve(self) -> None:
        if self._holds_reserve():
            return
        descriptor = _open_file(self._reserve)
        try:
            os.posix_fallocate(descriptor, 0, self._reserve_bytes)
        except OSError as error:
            self._reserve.unlink()
            if error.errno not in FULL:
                raise
        finally:
            os.close(descriptor)

    # --- opening -----------------------------------------------------------------------

    def _open(self) -> None:
        try:
            with self._disk(anew=True):
                durable.make_folder(self._folder)
                self._lock = _locked(self._folder)
                self._read_in()
        except StoreError as error:
            self._close_files()
            self.fault = str(error)
            raise
        self.fault = ""

    def _read_in(self) -> None:
        self._segments, self._offered = [], []
        for path in sorted(self._folder.glob("[0-9]" * 12 + ".spool")):
            self._segments.append(_Segment(path, int(path.stem), _open_file(path)))
        if not self._segments:
            self._begin(0)
        # Names and bytes that a killed process left in memory only become durable now.
        durable.fsync_folder(self._folder)
        _settle(self._segments[-1].descriptor)
        expected = self._segments[0].first
        for segment in self._segments:
            if segment.first != expected:
                raise TamperError(f"{segment.path}: it should begin with record {expected}")
            tail = _scan(segment)
            if tail and segment is not self._segments[-1]:
                raise TamperError(
                    f"{segment.path}: no whole record at byte {segment.size}, and it was closed"
                )
            if tail:
                self._cut(segment, tail)
            expected = segment.end
        self._hold_reserve()
        self._count()

    def _cut(self, segment: _Segment, tail: bytes) -> None:
        log.warning("event=spool_tail_cut file=%s bytes=%d", segment.path, len(tail))
        aside = self._folder / f"{segment.path.stem}-{segment.count}-{segment.size}.cut"
        self._with_reserve(lambda: durable.write_whole(aside, tail))
        os.ftruncate(segment.descriptor, segment.size)
        os.fsync(segment.descriptor)

    def _close_files(self) -> None:
        for segment in self._segments:
            if segment.descriptor >= 0:
                os.close(segment.descriptor)
                segment.descriptor = -1
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    # --- what is in it -------------------------------------------------------------------

    def _fresh(self, bodies: Sequence[bytes]) -> dict[bytes, bytes]:
        fresh: dict[bytes, bytes] = {}
        for body in bodies:
            identity = _identity(body)
            if not self.holds(identity):
                fresh.setdefault(identity, body)  # the first body of a happening stands
        return fresh

    def _bytes(self) -> int:
        return sum(segment.size for segment in self._segments)

    def _waiting(self) -> Iterator[tuple[_Segment, bytes]]:
        for segment in self._segments:
            for body in _read_records(segment, segment.drained_bytes):
                yield segment, body

    def _count(self) -> None:
        first = next(self._waiting(), None)
        self._backlog = Backlog(
            sum(segment.count - segment.drained_count for segment in self._segments),
            _recorded_at_ms(first[1]) if first else None,
            sum(segment.size - segment.drained_bytes for segment in self._segments),
        )


# --- files ---------------------------------------------------------------------------------


def _open_file(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, durable.MODE)


def _locked(folder: Path) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise StoreError(f"another process uses the spool {folder}") from error
    return descriptor


def _scan(segment: _Segment) -> bytes:
    """Count the whole records of a segment; return what follows them.

    Raises:
        TamperError: A whole record is not what ``append`` takes.
    """
    content = segment.path.read_bytes()
    for body in _whole_records(content):
        try:
            segment.ids.add(_identity(body))
        except ValueError as error:
            raise TamperError(f"{segment.path}: record {segment.end}: {error}") from error
        segment.count += 1
        segment.size += HEAD.size + len(body)
    return content[segment.size :]


def _read_cut(path: Path) -> Cut:
    segment, records, _offset = path.stem.split("-")
    tail = path.read_bytes()
    found_ns = path.stat().st_mtime_ns
    name = f"{segment}.spool"
    return Cut(path, name, len(tail), int(records), _whole_within(tail), found_ns)


def _settle(descriptor: int) -> None:
    """Make a file durable, and have its bytes read from the disk, not from memory."""
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _cut_back(path: Path, size: int) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_size > size:
            os.ftruncate(descriptor, size)
            _settle(descriptor)
    finally:
        os.close(descriptor)


# --- records -------------------------------------------------------------------------------


def _record(body: bytes) -> bytes:
    return HEAD.pack(len(body), zlib.crc32(body)) + body


def _whole_records(content: bytes) -> Iterator[bytes]:
    """Yield the bodies up to the first record that is not whole."""
    offset = 0
    while len(content) - offset > HEAD.size:
        length, checksum = HEAD.unpack_from(content, offset)
        offset += HEAD.size
        body = content[offset : offset + length]
        # Length 0 is what a disk gives for bytes that were never written.
        if not 0 < length <= MAX_BODY or len(body) < length or zlib.crc32(body) != checksum:
            return
        yield body
        offset += length


def _whole_within(tail: bytes) -> int:
    """Count the whole records that stand anywhere in bytes that begin with none."""
    count, begin = 0, tail.find(BEGIN, HEAD.size)
    while begin >= 0:
        length, checksum = HEAD.unpack_from(tail, begin - HEAD.size)
        body = tail[begin : begin + length] if 0 < length <= MAX_BODY else b""
        is_whole = body != b"" and len(body) == length and zlib.crc32(body) == checksum
        count += is_whole
        begin = tail.find(BEGIN, begin + (length if is_whole else 1))
    return count


def _read_records(segment: _Segment, offset: int) -> Iterator[bytes]:
    """Yield the bodies of a segment from a byte of it on.

    Raises:
        TamperError: A record is not what was written.
    """
    while offset < segment.size:
        begun = offset
        content = os.pread(segment.descriptor, READ_BYTES, offset)
        for body in _whole_records(content):
            yield body
            offset += HEAD.size + len(body)
            if offset >= segment.size:
                return
        if offset == begun:
            raise TamperError(
                f"{segment.path}: the record at byte {offset} is not what was written"
            )


def _up_to(
    size_bytes: int, bodies: Iterable[tuple[_Segment, bytes]]
) -> list[tuple[_Segment, bytes]]:
    """Return the first of the bodies, until they are that long together."""
    taken: list[tuple[_Segment, bytes]] = []
    for segment, body in bodies:
        taken.append((segment, body))
        size_bytes -= len(body)
        if size_bytes <= 0:
            break
    return taken


def _identity(body: bytes) -> bytes:
    """Return the event_id that a body's origin gives.

    Raises:
        ValueError: It is not what ``hashing.freeze`` makes.
    """
    if not 0 < len(body) <= MAX_BODY:
        raise ValueError(f"a body of {len(body)} bytes cannot be kept")
    try:
        told = json.loads(body)
        origin, _ = told["origin"], told["recorded_at_ms"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"a body without an origin cannot be kept: {body[:200]!r}") from error
    return event_id(str(origin))


def _recorded_at_ms(body: bytes) -> int:
    return int(json.loads(body)["recorded_at_ms"])
