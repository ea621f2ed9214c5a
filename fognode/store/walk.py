"""The one reading of all events: chain, tree and every known root, in a lean loop.

Rows come from the driver's own cursor, a thousand at a time, and are checked a thousand at a
time: only a group in which something is odd is looked at row by row.  The tree grows by
whole tiles of 256 leaves.  Where a root does not match, the walk goes on from the compact
range that was kept with that root, so each stretch between two checkpoints stands for itself
and a finding names the stretch.

Memory does not grow with the record.  Called on one thread; reads through what it is given.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from fognode.errors import TamperError
from fognode.hashing import GENESIS, leaf_hash, link_hash
from fognode.store.merkle import TILE, TILE_LEVELS, CompactRange, root_of

WINDOW = 80 * TILE  # events between two looks at the checkpoints

Tell = Callable[[int | None, str, str], None]  # seq of an event, table, reason
# seq, prev_hash, hash, body, event_id; and 1 when it is as its copy and its columns say
Link = tuple[int, bytes, bytes, bytes, bytes, int]
Tiles = Callable[[int, Sequence[bytes]], None]  # index and leaves of a tile that is full


class Mark(NamedTuple):
    """What somebody says the root was when the record had ``size`` events."""

    size: int
    where: str  # who says so, for the finding
    root: bytes
    link: bytes | None = None  # hash of the event with that seq; None when not told
    hashes: tuple[bytes, ...] | None = None  # compact range, to go on from


class Base(NamedTuple):
    """Where a walk begins: what is taken as read before."""

    size: int = 0
    link: bytes = GENESIS
    hashes: tuple[bytes, ...] = ()


class Tree:
    """A tree that grows by runs of leaves, a whole tile at a time where it can."""

    def __init__(self, base: Base) -> None:
        """Go on from a compact range.

        Raises:
            TamperError: It is not one of that size.
        """
        CompactRange(base.size, base.hashes)
        tiles = base.size >> TILE_LEVELS
        self._tiles = CompactRange(tiles, base.hashes[: tiles.bit_count()])
        self._rest = CompactRange(base.size % TILE, base.hashes[tiles.bit_count() :])
        # Leaves of the tile that fills; None when its beginning was not read here.
        self._leaves: list[bytes] | None = [] if self._rest.size == 0 else None

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._tiles.size * TILE + self._rest.size

    def root(self) -> bytes:
        """Return the root so far."""
        return CompactRange(self.size, self._tiles.hashes + self._rest.hashes).root()

    def extend(self, leaves: Sequence[bytes], full: Tiles) -> None:
        """Add leaves, and hand over each tile that they complete."""
        at = 0
        while at < len(leaves):
            piece = leaves[at : at + TILE - self._rest.size]
            at += len(piece)
            if len(piece) == TILE:
                self._close(root_of(piece), piece, full)
                continue
            for leaf in piece:
                self._rest.append(leaf)
            if self._leaves is not None:
                self._leaves += piece
            if self._rest.size == TILE:
                self._close(self._rest.root(), self._leaves, full)

    def _close(self, root: bytes, leaves: Sequence[bytes] | None, full: Tiles) -> None:
        if leaves is not None:
            full(self._tiles.size, leaves)
        self._tiles.append(root)
        self._rest, self._leaves = CompactRange(), []


class Walk:
    """One pass over the events that follow a base."""

    def __init__(self, base: Base, tell: Tell, full: Tiles) -> None:
        """Begin at the base.

        Raises:
            TamperError: Its hashes are no compact range of its size.
        """
        self._tell, self._full = tell, full
        self._tree = Tree(base)
        self._seq, self._link = base.size, base.link  # of the last row
        self._marks: deque[Mark] = deque()
        self._agreed = base.size  # the last size that a mark named
        self._is_whole = True  # no leaf is missing so far: roots mean something
        self._is_told = False  # that they do not

    def take(self, rows: Sequence[Link], marks: Iterable[Mark] = ()) -> None:
        """Check rows in the order of their seq, and the roots told of their sizes.

        Marks come in the order of their sizes, with the rows of theirs or before them.
        """
        self._marks.extend(marks)
        if not rows:
            return
        seqs, prevs, links, bodies, *_ = zip(*rows, strict=True)
        leaves = list(map(leaf_hash, bodies))
        if (
            seqs == tuple(range(self._seq + 1, self._seq + 1 + len(rows)))
            and prevs == (self._link, *links[:-1])
            and tuple(map(link_hash, prevs, bodies)) == links
        ):
            self._seq, self._link = seqs[-1], links[-1]
            self._take_run(seqs[0], links, leaves)
            return
        for begin, end in _runs(seqs):
            self._tell_rows(rows[begin:end])
            self._take_run(seqs[begin], links[begin:end], leaves[begin:end])

    def _tell_rows(self, rows: Sequence[Link]) -> None:
        for seq, prev_hash, link, body, *_ in rows:
            if seq != self._seq + 1:
                missing = f"events {self._seq + 1} to {seq - 1} before it are missing"
                self._tell(seq, "event", missing)
            elif prev_hash != self._link:
                self._tell(seq, "event", "link: prev_hash is not the hash of the event before")
            if link_hash(prev_hash, body) != link:
                self._tell(seq, "event", "content: hash is not that of prev_hash and body")
            self._seq, self._link = seq, link

    def _take_run(self, first: int, links: Sequence[bytes], leaves: Sequence[bytes]) -> None:
        """Grow the tree by leaves without a gap, stopping at each size that a mark names."""
        while self._marks and self._marks[0].size < first:
            self._compare(self._marks[0].size, None)  # its own event is missing
        if first != self._tree.size + 1:
            self._is_whole = False
        done, last = 0, first + len(leaves) - 1
        while self._marks and self._marks[0].size <= last:
            size = self._marks[0].size
            self._grow(leaves[done : size - first + 1])
            done = size - first + 1
            self._compare(size, links[done - 1])
        self._grow(leaves[done:])

    def _grow(self, leaves: Sequence[bytes]) -> None:
        if self._is_whole:
            self._tree.extend(leaves, self._full)

    def _compare(self, size: int, link: bytes | None) -> None:
        """Compare all that is told of one size; ``link`` is None when its event is missing."""
        marks = []
        while self._marks and self._marks[0].size == size:
            marks.append(self._marks.popleft())
        root = self._tree.root() if self._is_whole and link is not None else None
        for mark in marks:
            if link is not None and mark.link is not None and mark.link != link:
                self._tell(None, mark.where, f"link: not the hash of event {size}")
            if root is not None and mark.root != root:
                events = f"the events {self._agreed + 1} to {size}"
                self._tell(None, mark.where, f"root: {events} give another one")
        if root is None:
            self._is_whole = False
            if not self._is_told:
                self._is_told = True
                self._tell(None, marks[0].where, "root: not known, events before it are missing")
        if any(mark.root != root for mark in marks):
            self._go_on_from(marks)
        self._agreed = size

    def _go_on_from(self, marks: Sequence[Mark]) -> None:
        for mark in marks:
            hashes = mark.hashes
            if hashes is not None and is_range(mark.size, hashes, mark.root):
                self._tree = Tree(Base(mark.size, GENESIS, hashes))
                self._is_whole, self._is_told = True, False
                return


def is_range(size: int, hashes: Sequence[bytes], root: bytes) -> bool:
    """Tell whether these hashes are the compact range of a tree with this size and root."""
    try:
        return CompactRange(size, hashes).root() == root
    except TamperError:
        return False


def _runs(seqs: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each stretch in which every number follows the one before."""
    begin = 0
    for at in range(1, len(seqs)):
        if seqs[at] != seqs[at - 1] + 1:
            yield begin, at
            begin = at
    yield begin, len(seqs)
