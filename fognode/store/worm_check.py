"""Is a write-once folder as it was written?  Checked against one checkpoint, without a database."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fognode import hashing
from fognode.errors import StoreError
from fognode.store import worm_files
from fognode.store.checkpoint import Checkpoint
from fognode.store.merkle import TILE, CompactRange, root_of
from fognode.store.worm_files import SEGMENT


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
    kept = worm_files.segments(folder)
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
        name = f"{worm_files.segment_name(first)}.gz"
        try:
            found = worm_files.bodies(self._folder, first)
        except StoreError as error:
            self._add(name, f"{error}; {SEGMENT} bodies from seq {first} are not checked")
            self._whole = False
            return
        leaves = [hashing.leaf_hash(body) for body in found]
        content = worm_files.segment_bytes(found)
        self._compare_sums(first, worm_files.sums(first, content, leaves))
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
        name = worm_files.note_name(size)
        if self._root is not None and self._root != self._checkpoint.root:
            self._add(name, f"the first {size} bodies give another root")
        return Verdict(
            events=self._events,
            root_checked=self._root is not None,
            proven=size if self._root == self._checkpoint.root else 0,
            damages=self._damages,
        )

    def _compare_sums(self, first: int, wanted: bytes) -> None:
        name = f"{worm_files.segment_name(first)}.sha256"
        try:
            kept = (self._folder / name).read_bytes()
        except OSError as error:
            self._add(name, f"cannot be read: {error.strerror}")
            return
        if kept != wanted:
            self._add(name, "the segment's content or tiles have other hashes")

    def _compare_tile(self, level: int, index: int, hashes: list[bytes]) -> None:
        name = worm_files.tile_name(level, index)
        try:
            kept = worm_files.tile(self._folder, level, index)
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
