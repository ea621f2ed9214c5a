"""Write-once files: checkpoints, tiles and segments, as far from our own reach as can be.

    checkpoint/000000000256         the signed note of that size
    tile/0/000000000003             256 hashes of 32 bytes: tile (level, index) of the tree
    segment/000000000001.gz         4,096 bodies from that seq on, each behind its length
                                    (uint32, little-endian); gzip, without a time
    segment/000000000001.sha256     SHA-256 of the unpacked segment and of its tiles, to be
                                    read by ``gunzip -k *.gz; sha256sum -c *.sha256``
    key/000000000000                shared text of the key that signs from that size on
    copy                            only in a folder that came out of a backup: which one
    new/                            files that are not finished

A file is written in ``new``, made durable, linked to its name, and then made immutable
where the file system and the account allow (``probe`` tells).  A name is given once: the
same content again changes nothing, other content is a TamperError.

Immutable here means write-once against the service and evidence against root, who can take
the attribute away.  A medium that cannot be rewritten, or another party's disk, is better.

Written on the store thread only; the functions that read may be called on any thread.
"""

import errno
import fcntl
import gzip
import os
import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fognode import hashing
from fognode.errors import StoreError, TamperError
from fognode.store import durable
from fognode.store.checkpoint import Checkpoint
from fognode.store.merkle import HASH_BYTES, TILE, CompactRange, root_of

SEGMENT = 4096  # bodies in one
TILE_BYTES = TILE * HASH_BYTES
LENGTH = struct.Struct("<I")
MAX_UNPACKED = SEGMENT * (LENGTH.size + hashing.MAX_BODY)  # a larger one is not ours
# Not 9: 4,096 bodies take 20 ms so, thrice that for 2 % less.
GZIP_LEVEL = 6
READ_ONLY = 0o400
PROBE = "probe"
COPY = "copy"
PLACES = ("checkpoint", "tile", "segment", "key")
NAME = re.compile(r"[0-9]{12}")

# _IOW('f', 2, long) and _IOR('f', 1, long) of linux/fs.h; the long is read and written as int.
SET_FLAGS = 1 << 30 | struct.calcsize("l") << 16 | ord("f") << 8 | 2
GET_FLAGS = 2 << 30 | struct.calcsize("l") << 16 | ord("f") << 8 | 1
IMMUTABLE = 0x10  # FS_IMMUTABLE_FL
# No such attribute here, or not for this account.
CANNOT = (errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EACCES)
NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One place where the folder is not as it was written, and why."""

    seq: int | None  # of an event, where one can be named
    name: str  # of the file, below the folder
    reason: str

    def __str__(self) -> str:
        """Name the place first: it is what the reader will look for."""
        place = f"{self.name} seq {self.seq}" if self.seq is not None else self.name
        return f"{place}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What ``verify_segments`` could check, and what it found."""

    events: int  # bodies that were read and hashed
    root_checked: bool  # False: the bodies at hand do not reach the checkpoint's size
    proven: int  # how many of the first bodies the checkpoint binds: its size, or none
    damages: list[Damage]


class Worm:
    """Puts files into the folder, once each.

    The folder is made if its parent exists.

    Raises:
        StoreError: The folder cannot be used.
    """

    def __init__(self, folder: Path, immutable: bool = True) -> None:
        """Open the folder; ``immutable=False`` is for a trial that clears up after itself."""
        self._folder, self._immutable = folder, immutable
        self._new = folder / "new"
        with _disk(folder):
            for place in ("", "new", *PLACES):
                durable.make_folder(folder / place)
            for unfinished in self._new.iterdir():
                if unfinished.name != PROBE:  # which may be immutable
                    unfinished.unlink()

    def keep_note(self, size: int, note: bytes) -> None:
        """Keep the signed note of a checkpoint; on return it is durable.

        Raises:
            StoreError: It is not known to be kept; call again with the same bytes.
            TamperError: Another note of this size is kept.
        """
        self._keep(f"checkpoint/{size:012d}", note)

    def keep_notes(self, notes: Iterable[tuple[int, bytes]]) -> None:
        """Keep many notes that are known elsewhere; on return all of them are durable.

        Raises:
            StoreError: Not all are known to be kept; call again with the same notes.
            TamperError: Another note of one of the sizes is kept.
        """
        with _disk(self._folder):
            lacking: list[Path] = []
            for size, note in notes:
                path = self._folder / f"checkpoint/{size:012d}"
                if not path.exists():
                    (self._new / path.name).unlink(missing_ok=True)
                    (self._new / path.name).write_bytes(note)
                    (self._new / path.name).chmod(READ_ONLY)
                    lacking.append(path)
                elif path.read_bytes() != note:
                    raise TamperError(f"{path} is kept with other content, and is written once")
            os.sync()  # once for all, before one has its name: a year has some 100,000 of them
            for path in lacking:
                _link(self._new / path.name, path)
            durable.fsync_folder(self._folder / "checkpoint")

    def keep_key(self, first: int, key: str) -> None:
        """Keep the shared text of the key that signs from this size on; on return it is durable.

        Raises:
            StoreError: It is not known to be kept; call again with the same text.
            TamperError: Another key is kept there.
        """
        self._keep(f"key/{first:012d}", f"{key}\n".encode())

    def keep_tile(self, level: int, index: int, hashes: Sequence[bytes]) -> None:
        """Keep a full tile of the tree; on return it is durable.

        Raises:
            StoreError: It is not known to be kept; call again with the same hashes.
            TamperError: Other hashes are kept as this tile.
            ValueError: They are not 256 hashes of 32 bytes.
        """
        self._keep(_tile_name(level, index), _tile_bytes(hashes))

    def keep_segment(self, first_seq: int, bodies: Sequence[bytes]) -> None:
        """Keep the 4,096 bodies from ``first_seq`` on, and every tile that they fill.

        On return all of it is durable.  After a crash or an error the same call completes it.

        Raises:
            StoreError: It is not known to be kept; call again with the same bodies.
            TamperError: Other bodies or hashes are kept under these names.
            ValueError: They are not 4,096, or do not begin where a segment begins.
        """
        if len(bodies) != SEGMENT or first_seq % SEGMENT != 1:
            raise ValueError(f"{len(bodies)} bodies from seq {first_seq} are no segment")
        leaves = [hashing.leaf_hash(body) for body in bodies]
        first_tile = (first_seq - 1) // TILE
        for number in range(SEGMENT // TILE):
            hashes = leaves[number * TILE : (number + 1) * TILE]
            self._keep_up(0, first_tile + number, hashes)
        content = b"".join(LENGTH.pack(len(body)) + body for body in bodies)
        name = f"segment/{first_seq:012d}"
        # The packed file last: once it is there, nothing of the segment is missing.
        self._keep(f"{name}.sha256", _sums(first_seq, content, leaves))
        self._keep(f"{name}.gz", gzip.compress(content, GZIP_LEVEL, mtime=0))

    def _keep_up(self, level: int, index: int, hashes: Sequence[bytes]) -> None:
        """Keep a tile, and those above that it completes.

        Raises:
            TamperError: A tile that must be there by now is not.
        """
        self.keep_tile(level, index, hashes)
        if index % TILE != TILE - 1:
            return
        above = [tile(self._folder, level, below) for below in range(index - TILE + 1, index + 1)]
        if not all(above):
            raise TamperError(f"{self._folder}: a tile of level {level} before {index} is missing")
        self._keep_up(level + 1, index // TILE, [root_of(below) for below in above])

    def _keep(self, name: str, content: bytes) -> None:
        with _disk(self._folder):
            self._place(self._folder / name, content)

    def _place(self, path: Path, content: bytes) -> None:
        if not path.parent.exists():
            durable.make_folder(path.parent)  # of a level of tiles
        if not path.exists():
            unfinished = self._new / path.name
            unfinished.unlink(missing_ok=True)
            durable.write_synced(unfinished, content)
            unfinished.chmod(READ_ONLY)
            _link(unfinished, path)
        elif not _same(path, content):
            raise TamperError(f"{path} is kept with other content, and is written once")
        # Also for a file found there: a crash may have come before its name was durable.
        durable.fsync_folder(path.parent)
        if self._immutable:
            make_immutable(path)


# --- reading -------------------------------------------------------------------------------


def note_sizes(folder: Path) -> list[int]:
    """Return the sizes of the checkpoints that are kept, smallest first.

    Raises:
        StoreError: The folder cannot be read.
    """
    with _disk(folder):
        return sorted(int(path.name) for path in _named(folder / "checkpoint"))


def note(folder: Path, size: int) -> bytes:
    """Return the signed note of that size.

    Raises:
        StoreError: There is none.
    """
    with _disk(folder):
        return (folder / f"checkpoint/{size:012d}").read_bytes()


def keys(folder: Path) -> list[tuple[int, str]]:
    """Return from which size on which key signs, as the folder has it; smallest size first.

    Raises:
        StoreError: The folder cannot be read.
    """
    with _disk(folder):
        found = [*_named(folder / "key")] if (folder / "key").is_dir() else []
        return sorted((int(path.name), path.read_text("utf-8").strip()) for path in found)


def copied_from(folder: Path) -> str:
    """Return the name of the backup that a folder was copied out of; "" for one written here.

    Raises:
        StoreError: The folder cannot be read.
    """
    with _disk(folder):
        path = folder / COPY
        return path.read_text("utf-8").strip() if path.exists() else ""


def tile(folder: Path, level: int, index: int) -> list[bytes]:
    """Return the 256 hashes of a full tile; none when it is not kept.

    Raises:
        StoreError: It cannot be read.
        TamperError: It is not 256 hashes long.
    """
    path = folder / _tile_name(level, index)
    with _disk(folder):
        if not path.exists():
            return []
        packed = path.read_bytes()
    if len(packed) != TILE_BYTES:
        raise TamperError(f"{path} has {len(packed)} bytes, not {TILE_BYTES}")
    return [packed[at : at + HASH_BYTES] for at in range(0, TILE_BYTES, HASH_BYTES)]


def segments(folder: Path) -> list[int]:
    """Return the first seqs of the segments that are kept, smallest first.

    Raises:
        StoreError: The folder cannot be read.
    """
    with _disk(folder):
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
        TamperError: It is not what ``keep_segment`` makes.
    """
    path = folder / f"segment/{first_seq:012d}.gz"
    with _disk(folder):
        packed = path.read_bytes()
    content = _unpacked(path, packed)
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
        TamperError: A segment is missing or not what ``keep_segment`` makes.
    """
    kept = segments(folder)
    for expected, first in enumerate(kept):
        if first != expected * SEGMENT + 1:
            raise TamperError(f"{folder}: no segment from seq {expected * SEGMENT + 1}")
        if first + SEGMENT - 1 > after:
            for seq, body in enumerate(bodies(folder, first), first):
                if seq > after:
                    yield seq, body


# --- verification --------------------------------------------------------------------------


def verify_segments(folder: Path, checkpoint: Checkpoint, tail: Iterable[bytes] = ()) -> Verdict:
    """Recompute leaves, tiles and root from the bodies in the folder, without a database.

    Lists everything that is wrong.  Whoever calls has checked the note's signature.

    Args:
        folder: The write-once folder, or a copy of it.
        checkpoint: What the bodies must agree with.
        tail: Bodies that follow the last segment; without them the root can be checked only
            for a checkpoint whose size the segments reach.

    Raises:
        StoreError: The folder cannot be read.
    """
    told = _Told(folder, checkpoint)
    kept = segments(folder)
    for first in range(1, max(kept, default=1 - SEGMENT) + SEGMENT, SEGMENT):
        told.take_segment(first)
    for body in tail:
        told.take_body(hashing.leaf_hash(body))
    return told.verdict()


class _Told:
    """What was read so far in one verification."""

    def __init__(self, folder: Path, checkpoint: Checkpoint) -> None:
        self._folder, self._checkpoint = folder, checkpoint
        self._range = CompactRange()
        self._above: dict[int, list[bytes]] = {}  # level -> roots towards its next tile
        self._root: bytes | None = CompactRange().root() if checkpoint.size == 0 else None
        self._damages: list[Damage] = []
        self._events = 0
        self._whole = True  # no body is missing so far: roots mean something

    def take_segment(self, first: int) -> None:
        name = f"segment/{first:012d}.gz"
        try:
            found = bodies(self._folder, first)
        except StoreError as error:
            self._add(name, f"{error}; {SEGMENT} bodies from seq {first} are not checked")
            self._whole = False
            return
        leaves = [hashing.leaf_hash(body) for body in found]
        content = b"".join(LENGTH.pack(len(body)) + body for body in found)
        self._compare_sums(first, _sums(first, content, leaves))
        for at in range(0, SEGMENT, TILE):
            self._compare_tile(0, (first - 1 + at) // TILE, leaves[at : at + TILE])
        for leaf in leaves:
            self.take_body(leaf)

    def take_body(self, leaf: bytes) -> None:
        self._events += 1
        self._range.append(leaf)
        if self._range.size == self._checkpoint.size and self._whole:
            self._root = self._range.root()

    def verdict(self) -> Verdict:
        size = self._checkpoint.size
        name = f"checkpoint/{size:012d}"
        if self._root is not None and self._root != self._checkpoint.root:
            self._add(name, f"the first {size} bodies give another root")
        return Verdict(
            events=self._events,
            root_checked=self._root is not None,
            proven=size if self._root == self._checkpoint.root else 0,
            damages=self._damages,
        )

    def _compare_sums(self, first: int, wanted: bytes) -> None:
        name = f"segment/{first:012d}.sha256"
        try:
            kept = (self._folder / name).read_bytes()
        except OSError as error:
            self._add(name, f"cannot be read: {error.strerror}")
            return
        if kept != wanted:
            self._add(name, "the segment's content or tiles have other hashes")

    def _compare_tile(self, level: int, index: int, hashes: list[bytes]) -> None:
        name = _tile_name(level, index)
        try:
            kept = tile(self._folder, level, index)
        except StoreError as error:
            self._add(name, str(error))
            kept = hashes
        if not kept:
            self._add(name, "missing")
        for at, (one, other) in enumerate(zip(kept, hashes, strict=False)):
            if one != other:
                seq = index * TILE + at + 1 if level == 0 else None
                self._add(name, f"hash {at} is not that of what lies below it", seq)
        row = self._above.setdefault(level, [])
        row.append(root_of(hashes))
        if len(row) == TILE:
            self._above[level] = []
            self._compare_tile(level + 1, index // TILE, row)

    def _add(self, name: str, reason: str, seq: int | None = None) -> None:
        self._damages.append(Damage(seq=seq, name=name, reason=reason))


# --- immutable files -----------------------------------------------------------------------


def probe(folder: Path) -> str:
    """Try on a file of its own what holds in this folder, and say it in plain words.

    Raises:
        StoreError: Nothing can be written here.
    """
    kind = _file_system(folder)
    with _disk(folder):
        refusal = _try_out(folder / "new" / PROBE)
    if refusal:
        return (
            f"immutable attribute not possible on {kind} for user {os.geteuid()}: {refusal}; "
            "kept files are read-only by their mode, and this account can replace them"
        )
    return f"immutable attribute set on {kind}: only root can change or remove a kept file"


def _try_out(path: Path) -> str:
    """Return what keeps a file from being immutable; "" when nothing does.

    Raises:
        OSError: The file cannot be written, or the disk fails.
    """
    if path.exists():
        _change_flags(path, False)  # left behind by a crash
    durable.write_synced(path, b"probe")
    try:
        _change_flags(path, True)
    except OSError as error:
        path.unlink()
        if error.errno not in CANNOT:
            raise
        return str(error.strerror)
    try:
        path.unlink()
    except PermissionError:
        _change_flags(path, False)
        path.unlink()
        return ""
    return "a marked file could be removed"


def make_immutable(path: Path) -> bool:
    """Set the immutable attribute of a file; False where that is not possible.

    Needs CAP_LINUX_IMMUTABLE, which the service does not have: a unit of root calls this.

    Raises:
        OSError: The file cannot be opened, or the disk fails.
    """
    try:
        _change_flags(path, True)
    except OSError as error:
        if error.errno not in CANNOT:
            raise
        return False
    return True


def make_all_immutable(folder: Path) -> tuple[int, int]:
    """Set the attribute on every kept file; return how many have it now, and how many not.

    Raises:
        StoreError: The folder cannot be read.
    """
    held = [0, 0]
    with _disk(folder):
        for place in PLACES:
            for path in (folder / place).rglob("*"):
                if path.is_file():
                    held[not make_immutable(path)] += 1
    return held[0], held[1]


def _change_flags(path: Path, immutable: bool) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        (flags,) = struct.unpack("i", fcntl.ioctl(descriptor, GET_FLAGS, bytes(4)))
        changed = flags | IMMUTABLE if immutable else flags & ~IMMUTABLE
        if changed != flags:
            fcntl.ioctl(descriptor, SET_FLAGS, struct.pack("i", changed))
    finally:
        os.close(descriptor)


def _file_system(folder: Path) -> str:
    """Return the type of the file system that holds a folder, as the kernel calls it."""
    inside = folder.resolve()
    kind, longest = "an unknown file system", -1
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, place, found, *_ = line.split(" ")
        mount = Path(place.encode().decode("unicode_escape"))  # a blank is written \040
        if inside.is_relative_to(mount) and len(mount.parts) >= longest:
            kind, longest = found, len(mount.parts)
    return kind


# --- files ---------------------------------------------------------------------------------


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{error.strerror}: {error.filename or folder}") from error


def _link(unfinished: Path, path: Path) -> None:
    """Give a finished file its name, never taking the place of another.

    Raises:
        OSError: The name is taken, or the disk fails.
    """
    try:
        path.hardlink_to(unfinished)
        # Before it is immutable: then not even this second name could go.
        unfinished.unlink()
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        unfinished.rename(path)  # vfat has no links; only this thread writes here


def _same(path: Path, content: bytes) -> bool:
    kept = path.read_bytes()
    if kept == content or path.suffix != ".gz":
        return kept == content
    # Another build of zlib packs the same content into other bytes.
    return _unpacked(path, kept) == gzip.decompress(content)


def _unpacked(path: Path, packed: bytes) -> bytes:
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


def _tile_name(level: int, index: int) -> str:
    return f"tile/{level}/{index:012d}"


def _tile_bytes(hashes: Sequence[bytes]) -> bytes:
    packed = b"".join(hashes)
    if len(hashes) != TILE or len(packed) != TILE_BYTES:
        raise ValueError(f"{len(hashes)} hashes are no full tile")
    return packed


def _sums(first_seq: int, content: bytes, leaves: Sequence[bytes]) -> bytes:
    """Return the lines that ``sha256sum -c`` reads, in the folder of the segments."""
    lines = [f"{hashing.sha256(content).hex()}  {first_seq:012d}"]
    for at in range(0, len(leaves), TILE):
        name = _tile_name(0, (first_seq - 1 + at) // TILE)
        packed = _tile_bytes(leaves[at : at + TILE])
        lines.append(f"{hashing.sha256(packed).hex()}  ../{name}")
    return "".join(f"{line}\n" for line in lines).encode()
