"""The files of the write-once folder: their names, what is in them, and how they are read.

    checkpoint/000000000256         the signed note of that size
    tile/0/000000000003             256 hashes of 32 bytes: tile (level, index) of the tree
    segment/000000000001.gz         4,096 bodies from that seq on, each behind its length
                                    (uint32, little-endian); gzip, without a time
    segment/000000000001.sha256     SHA-256 of the unpacked segment and of its tiles, to be
                                    read by ``gunzip -k *.gz; sha256sum -c *.sha256``
    key/000000000000                shared text of the key that signs from that size on
    copy                            only in a folder that came out of a backup: which one
    new/                            files that are not finished

Nothing is written here (store/worm.py).  May be called on any thread.
"""

import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fognode import hashing
from fognode.errors import StoreError, TamperError
from fognode.store.merkle import HASH_BYTES, TILE

SEGMENT = 4096  # bodies in one
TILE_BYTES = TILE * HASH_BYTES
LENGTH = struct.Struct("<I")
MAX_UNPACKED = SEGMENT * (LENGTH.size + hashing.MAX_BODY)  # a larger one is not ours
COPY = "copy"
PLACES = ("checkpoint", "tile", "segment", "key")
NAME = re.compile(r"[0-9]{12}")


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """Turn what the disk says into our own error.

    Raises:
        StoreError: The disk refused, or is failing.
    """
    try:
        yield
    except OSError as error:
        raise StoreError(f"{error.strerror}: {error.filename or folder}") from error


# --- notes and keys ------------------------------------------------------------------------


def note_name(size: int) -> str:
    """Return the name of a checkpoint's note, below the folder."""
    return f"checkpoint/{size:012d}"


def note_sizes(folder: Path) -> list[int]:
    """Return the sizes of the checkpoints that are kept, smallest first.

    Raises:
        StoreError: The folder cannot be read.
    """
    with disk(folder):
        return sorted(int(path.name) for path in _named(folder / "checkpoint"))


def note(folder: Path, size: int) -> bytes:
    """Return the signed note of that size.

    Raises:
        StoreError: There is none.
    """
    with disk(folder):
        return (folder / note_name(size)).read_bytes()


def keys(folder: Path) -> list[tuple[int, str]]:
    """Return from which size on which key signs, as the folder has it; smallest size first.

    Raises:
        StoreError: The folder cannot be read.
    """
    with disk(folder):
        found = [*_named(folder / "key")] if (folder / "key").is_dir() else []
        return sorted((int(path.name), path.read_text("utf-8").strip()) for path in found)


def copied_from(folder: Path) -> str:
    """Return the name of the backup that a folder was copied out of; "" for one written here.

    Raises:
        StoreError: The folder cannot be read.
    """
    with disk(folder):
        path = folder / COPY
        return path.read_text("utf-8").strip() if path.exists() else ""


# --- tiles ---------------------------------------------------------------------------------


def tile_name(level: int, index: int) -> str:
    """Return the name of a tile, below the folder."""
    return f"tile/{level}/{index:012d}"


def tile_bytes(hashes: Sequence[bytes]) -> bytes:
    """Return the content of a full tile.

    Raises:
        ValueError: They are not 256 hashes of 32 bytes.
    """
    packed = b"".join(hashes)
    if len(hashes) != TILE or len(packed) != TILE_BYTES:
        raise ValueError(f"{len(hashes)} hashes are no full tile")
    return packed


def tile(folder: Path, level: int, index: int) -> list[bytes]:
    """Return the 256 hashes of a full tile; none when it is not kept.

    Raises:
        StoreError: It cannot be read.
        TamperError: It is not 256 hashes long.
    """
    path = folder / tile_name(level, index)
    with disk(folder):
        if not path.exists():
            return []
        packed = path.read_bytes()
    if len(packed) != TILE_BYTES:
        raise TamperError(f"{path} has {len(packed)} bytes, not {TILE_BYTES}")
    return [packed[at : at + HASH_BYTES] for at in range(0, TILE_BYTES, HASH_BYTES)]


# --- segments ------------------------------------------------------------------------------


def segment_name(first_seq: int) -> str:
    """Return the name of a segment's files, below the folder and without their endings."""
    return f"segment/{first_seq:012d}"


def segment_bytes(bodies: Iterable[bytes]) -> bytes:
    """Return the unpacked content of a segment."""
    return b"".join(LENGTH.pack(len(body)) + body for body in bodies)


def sums(first_seq: int, content: bytes, leaves: Sequence[bytes]) -> bytes:
    """Return the lines that ``sha256sum -c`` reads, in the folder of the segments."""
    lines = [f"{hashing.sha256(content).hex()}  {first_seq:012d}"]
    for at in range(0, len(leaves), TILE):
        name = tile_name(0, (first_seq - 1 + at) // TILE)
        packed = tile_bytes(leaves[at : at + TILE])
        lines.append(f"{hashing.sha256(packed).hex()}  ../{name}")
    return "".join(f"{line}\n" for line in lines).encode()


def segments(folder: Path) -> list[int]:
    """Return the first seqs of the segments that are kept, smallest first.

    Raises:
        StoreError: The folder cannot be read.
    """
    with disk(folder):
        return sorted(int(path.stem) for path in _named(folder / "segment", ".gz"))


def next_seq(folder: Path) -> int:
    """Return the seq with which the next segment begins: the first that no segment holds.

    Raises:
        StoreError: The folder cannot be read.
    """
    kept = set(segments(folder))
    first = 1
    while first in kept:
        first += SEGMENT
    return first


def bodies(folder: Path, first_seq: int) -> list[bytes]:
    """Return the 4,096 bodies of one segment.

    Raises:
        StoreError: It cannot be read.
        TamperError: It is not what ``Worm.keep_segment`` makes.
    """
    path = folder / f"{segment_name(first_seq)}.gz"
    with disk(folder):
        packed = path.read_bytes()
    content = unpacked(path, packed)
    found: list[bytes] = []
    offset = 0
    while offset + LENGTH.size <= len(content) and len(found) < SEGMENT:
        (length,) = LENGTH.unpack_from(content, offset)
        offset += LENGTH.size
        found.append(content[offset : offset + length])
        offset += length
    if offset != len(content) or len(found) != SEGMENT:
        raise TamperError(f"{path} does not hold {SEGMENT} whole bodies")
    return found


def all_bodies(folder: Path, after: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield seq and body of every event in the segments that follow seq ``after``, in order.

    Raises:
        StoreError: The folder cannot be read.
        TamperError: A segment is missing or not what ``Worm.keep_segment`` makes.
    """
    kept = segments(folder)
    for expected, first in enumerate(kept):
        if first != expected * SEGMENT + 1:
            raise TamperError(f"{folder}: no segment from seq {expected * SEGMENT + 1}")
        if first + SEGMENT - 1 > after:
            for seq, body in enumerate(bodies(folder, first), first):
                if seq > after:
                    yield seq, body


def unpacked(path: Path, packed: bytes) -> bytes:
    """Return the content of a packed segment, never more than a whole one can have.

    Raises:
        TamperError: It is not one whole gzip file.
    """
    reader = zlib.decompressobj(wbits=31)
    try:
        content = reader.decompress(packed, MAX_UNPACKED)
    except zlib.error as error:
        raise TamperError(f"{path} cannot be unpacked: {error}") from error
    if not reader.eof or reader.unused_data:
        raise TamperError(f"{path} is not one whole gzip file")
    return content


def _named(folder: Path, suffix: str = "") -> Iterator[Path]:
    for path in folder.iterdir():
        if NAME.fullmatch(path.name.removesuffix(suffix)) and path.suffix == suffix:
            yield path
