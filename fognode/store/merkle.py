"""The Merkle tree over the leaves of all events: roots, proofs and their checks.  Pure.

Sizes count events; the event with seq N is the leaf with index N - 1.  A node is named by
(level, index): it covers the 2**level leaves from index * 2**level on.  A tile is a row of up
to 256 nodes of every eighth level, so a proof among a million leaves reads a few tiles and
scans nothing:

    tile(0, 3)   leaves 768 to 1023
    tile(1, 0)   roots of the first 256 full tiles of level 0

Source: RFC 6962, 2.1; RFC 9162, 2.1.3 and 2.1.4; C2SP tlog-tiles, "Merkle Tree".
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Protocol

from fognode.errors import TamperError
from fognode.hashing import EMPTY_ROOT, node_hash

TILE_LEVELS = 8
TILE = 1 << TILE_LEVELS  # hashes in a full tile
HASH_BYTES = 32

NodeSource = Callable[[int, int], bytes]  # (level, index) -> hash of a node without gaps


class TileSource(Protocol):
    """Gives the hashes of a tile: 256, or fewer at the right edge of the tree."""

    def __call__(self, level: int, index: int, /) -> Sequence[bytes]:
        """Return the nodes of level 8 * ``level`` from 256 * ``index`` on."""


# --- roots -------------------------------------------------------------------------------


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes; that of no leaves is SHA-256 of nothing."""
    row = list(leaves)
    if not row:
        return EMPTY_ROOT
    while len(row) > 1:
        # A last one without a partner moves up as it is (RFC 6962, 2.1: split at 2**k).
        odd = [row[-1]] if len(row) % 2 else []
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)] + odd
    return row[0]


def range_root(begin: int, end: int, node: NodeSource) -> bytes:
    """Return the hash over the leaves from ``begin`` to before ``end``, as the tree has it."""
    hashes = [node(level, index) for level, index in _parts(begin, end)]
    return _fold(hashes)


def _parts(begin: int, end: int) -> Iterator[tuple[int, int]]:
    while begin < end:
        level = (end - begin).bit_length() - 1
        yield level, begin >> level
        begin += 1 << level


def _fold(hashes: Sequence[bytes]) -> bytes:
    if not hashes:
        return EMPTY_ROOT
    folded = hashes[-1]
    for left in reversed(hashes[:-1]):
        folded = node_hash(left, folded)
    return folded


class CompactRange:
    """What must be remembered to go on growing a tree: popcount(size) hashes."""

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """Go on from ``hashes``, largest subtree first.

        Raises:
            TamperError: They are not as many as a tree of this size has, or not of 32 bytes.
        """
        if size < 0 or len(hashes) != size.bit_count() or not _all_hashes(hashes):
            raise TamperError(f"{len(hashes)} hashes are no compact range of size {size}")
        self.size = size
        self._hashes = list(hashes)

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The roots of the full subtrees, largest first."""
        return tuple(self._hashes)

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        carried = self.size
        self._hashes.append(leaf)
        while carried & 1:
            right = self._hashes.pop()
            self._hashes.append(node_hash(self._hashes.pop(), right))
            carried >>= 1
        self.size += 1

    def root(self) -> bytes:
        """Return the root of the tree so far."""
        return _fold(self._hashes)

    def nodes(self) -> dict[tuple[int, int], bytes]:
        """Return the remembered hashes under their (level, index)."""
        return dict(zip(_parts(0, self.size), self._hashes, strict=True))

    def copy(self) -> "CompactRange":
        """Return a range that grows by itself."""
        return CompactRange(self.size, self._hashes)


# --- where nodes come from ---------------------------------------------------------------


def nodes_of_leaves(leaves: Sequence[bytes]) -> NodeSource:
    """Return the nodes of a tree whose leaf hashes are all at hand."""
    return lambda level, index: root_of(leaves[index << level : (index + 1) << level])


def nodes_of_tiles(tile: TileSource) -> NodeSource:
    """Return the nodes of a tree kept as tiles; remembers what it worked out.

    The source it returns raises what ``tile`` raises, and TamperError for a tile that is
    too short.
    """
    kept_tile = lru_cache(maxsize=64)(tile)  # 64 x 8 kB

    def node(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_LEVELS)
        place, first = divmod(index << height, TILE)
        hashes = kept_tile(tile_level, place)[first : first + (1 << height)]
        if len(hashes) != 1 << height or not _all_hashes(hashes):
            raise TamperError(f"tile {tile_level}/{place} ends before hash {first + (1 << height)}")
        return root_of(hashes)

    return lru_cache(maxsize=4096)(node)


class LeafTiles:
    """All tiles of a tree in memory: 32 bytes per leaf and a 256th of that above."""

    def __init__(self) -> None:
        """Begin with no leaf."""
        self._rows: list[bytearray] = [bytearray()]

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self._rows[0]) // HASH_BYTES

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf, and each tile's root once it is full."""
        level, added = 0, leaf
        while True:
            if level == len(self._rows):
                self._rows.append(bytearray())
            row = self._rows[level]
            row += added
            count = len(row) // HASH_BYTES
            if count % TILE:
                return
            added = root_of(self.tile(level, count // TILE - 1))
            level += 1

    def tile(self, level: int, index: int, /) -> Sequence[bytes]:
        """Return a tile, a TileSource."""
        row = self._rows[level] if level < len(self._rows) else bytearray()
        piece = bytes(row[index * TILE * HASH_BYTES : (index + 1) * TILE * HASH_BYTES])
        return [piece[at : at + HASH_BYTES] for at in range(0, len(piece), HASH_BYTES)]


# --- proofs ------------------------------------------------------------------------------


def inclusion_proof(index: int, size: int, node: NodeSource) -> list[bytes]:
    """Return the proof that leaf ``index`` is in the tree of ``size`` leaves.

    At most 20 hashes for a million leaves.  Source: RFC 9162, 2.1.3.1.

    Raises:
        ValueError: There is no such leaf in a tree of that size.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    begin, end, proof = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            proof.append(range_root(middle, end, node))
            end = middle
        else:
            proof.append(range_root(begin, middle, node))
            begin = middle
    return proof[::-1]


def consistency_proof(size1: int, size2: int, node: NodeSource) -> list[bytes]:
    """Return the proof that the tree of ``size1`` leaves is the beginning of that of ``size2``.

    Asks ``node`` only for full subtrees of the smaller tree and for nodes right of it.
    Source: RFC 9162, 2.1.4.1.

    Raises:
        ValueError: Not 0 < size1 <= size2.
    """
    if not 0 < size1 <= size2:
        raise ValueError(f"no proof leads from a tree of {size1} to one of {size2}")
    begin, end, proof = 0, size2, []
    while size1 != end:
        middle = begin + _split(end - begin)
        if size1 <= middle:
            proof.append(range_root(middle, end, node))
            end = middle
        else:
            proof.append(range_root(begin, middle, node))
            begin = middle
    if begin:
        proof.append(range_root(begin, end, node))
    return proof[::-1]


def _split(count: int) -> int:
    """Return the largest power of two below ``count``."""
    return 1 << ((count - 1).bit_length() - 1)


# --- checks ------------------------------------------------------------------------------


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Tell whether ``proof`` shows that ``leaf`` has this index under ``root``.

    Source: RFC 9162, 2.1.3.2.  What is malformed proves nothing: an index outside the tree,
    a hash not of 32 bytes, a proof item too few or too many.
    """
    if not 0 <= index < size or not _all_hashes([leaf, root, *proof]):
        return False
    at, last, found = index, size - 1, leaf
    for item in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(item, found)
            at, last = _skip(at, last)
        else:
            found = node_hash(found, item)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(
    size1: int, root1: bytes, size2: int, root2: bytes, proof: Sequence[bytes]
) -> bool:
    """Tell whether ``proof`` shows that the first tree is the beginning of the second.

    Source: RFC 9162, 2.1.4.2.  An empty first tree proves nothing and is refused.  Each size
    must come with its root from one signed note: a root alone does not tell its size.
    """
    if not 0 < size1 <= size2 or not _all_hashes([root1, root2, *proof]):
        return False
    if size1 == size2:
        return not proof and root1 == root2
    path = [root1, *proof] if size1.bit_count() == 1 else list(proof)
    at, last = size1 - 1, size2 - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    return bool(path) and _climb(at, last, path) == (root1, root2)


def _climb(at: int, last: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    old = new = path[0]
    for item in path[1:]:
        if last == 0:
            return None
        if at & 1 or at == last:
            old, new = node_hash(item, old), node_hash(item, new)
            at, last = _skip(at, last)
        else:
            new = node_hash(new, item)
        at, last = at >> 1, last >> 1
    return (old, new) if last == 0 else None


def _skip(at: int, last: int) -> tuple[int, int]:
    """Go up past the levels on which the right edge has no partner."""
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def _all_hashes(items: Sequence[bytes]) -> bool:
    return all(len(item) == HASH_BYTES for item in items)
