"""One file of the spool: its records, and how whole ones are told from anything else.

    record = length (uint32, little-endian), CRC-32 of the body (uint32), body

What the system refuses comes as OSError.
"""

import json
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fognode.errors import TamperError
from fognode.hashing import MAX_BODY, event_id
from fognode.store import durable

HEAD = struct.Struct("<II")  # length, CRC-32
READ_BYTES = HEAD.size + MAX_BODY  # read at once: a record is always whole in it
BEGIN = b'{"'  # of every body


@dataclass(slots=True)
class Segment:
    """An open file of the spool, and what is known of its records."""

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


# --- the file ------------------------------------------------------------------------------


def open_segment(path: Path) -> Segment:
    """Open a segment by its name, which is made if it is not there; nothing of it is read."""
    return Segment(path, int(path.stem), durable.open_to_append(path))


def put_records(segment: Segment, records: bytes) -> None:
    """Write records behind those that are durable; on return they are, too.

    What an earlier try left there is cut off: nothing of it counts.
    """
    if os.fstat(segment.descriptor).st_size > segment.size:
        os.ftruncate(segment.descriptor, segment.size)
    durable.append_synced(segment.descriptor, records)


def scan_segment(segment: Segment) -> bytes:
    """Count the whole records of a segment; return what follows them.

    Raises:
        TamperError: A whole record is not what ``Spool.append`` takes.
    """
    content = segment.path.read_bytes()
    for body in _whole_records(content):
        try:
            segment.ids.add(identity_of(body))
        except ValueError as error:
            raise TamperError(f"{segment.path}: record {segment.end}: {error}") from error
        segment.count += 1
        segment.size += HEAD.size + len(body)
    return content[segment.size :]


def read_records(segment: Segment, offset: int) -> Iterator[bytes]:
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


def settle(descriptor: int) -> None:
    """Make a file durable, and have its bytes read from the disk, not from memory."""
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def cut_back(path: Path, size: int) -> None:
    """Take away what stands behind the first ``size`` bytes; on return that is durable."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_size > size:
            os.ftruncate(descriptor, size)
            settle(descriptor)
    finally:
        os.close(descriptor)


# --- records -------------------------------------------------------------------------------


def record_of(body: bytes) -> bytes:
    """Return the record of a body."""
    return HEAD.pack(len(body), zlib.crc32(body)) + body


def whole_within(tail: bytes) -> int:
    """Count the whole records that stand anywhere in bytes that begin with none."""
    count, begin = 0, tail.find(BEGIN, HEAD.size)
    while begin >= 0:
        length, checksum = HEAD.unpack_from(tail, begin - HEAD.size)
        body = tail[begin : begin + length] if 0 < length <= MAX_BODY else b""
        is_whole = body != b"" and len(body) == length and zlib.crc32(body) == checksum
        count += is_whole
        begin = tail.find(BEGIN, begin + (length if is_whole else 1))
    return count


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


# --- bodies --------------------------------------------------------------------------------


def identity_of(body: bytes) -> bytes:
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
