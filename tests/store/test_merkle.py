"""The tree against RFC 6962's own numbers, against a second construction, and against forgers."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fognode.errors import TamperError
from fognode.hashing import leaf_hash, node_hash
from fognode.store.merkle import (
    CompactRange,
    LeafTiles,
    consistency_proof,
    inclusion_proof,
    nodes_of_leaves,
    nodes_of_tiles,
    range_root,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# Certificate Transparency's reference leaves and roots (transparency-dev/merkle testdata).
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
LEAVES = [leaf_hash(bytes.fromhex(text)) for text in (*INPUTS, "606162636465666768696a6b6c6d6e6f")]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
MANY = [leaf_hash(b"%d" % count) for count in range(70)]
NODES = nodes_of_leaves(MANY)


def slow_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word: the second construction."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(slow_root(leaves[:split]), slow_root(leaves[split:]))


@pytest.mark.parametrize(("size", "root"), ROOTS.items())
def test_roots_are_those_of_the_reference(size: int, root: str) -> None:
    assert root_of(LEAVES[:size]).hex() == root
    grown = CompactRange()
    for leaf in LEAVES[:size]:
        grown.append(leaf)
    assert grown.root().hex() == root


def test_proofs_are_those_of_the_reference() -> None:
    node = nodes_of_leaves(LEAVES)
    assert inclusion_proof(1, 3, node) == [LEAVES[0], LEAVES[2]]
    assert consistency_proof(2, 3, node) == [LEAVES[2]]
    assert consistency_proof(1, 3, node) == [LEAVES[1], LEAVES[2]]
    # RFC 6962, 2.1.3, a tree of 7: path of d0 = [b, h, l], d3 = [c, g, l], d4 = [f, j, k],
    # d6 = [i, k]; proofs 3 -> 7 = [c, d, g, l], 4 -> 7 = [l], 6 -> 7 = [i, j, k].
    b, c, d, f, j = LEAVES[1], LEAVES[2], LEAVES[3], LEAVES[5], LEAVES[6]
    g, h, i = (node_hash(LEAVES[at], LEAVES[at + 1]) for at in (0, 2, 4))
    k, l = node_hash(g, h), node_hash(i, j)  # noqa: E741 - the RFC's own letters
    assert inclusion_proof(0, 7, node) == [b, h, l]
    assert inclusion_proof(3, 7, node) == [c, g, l]
    assert inclusion_proof(4, 7, node) == [f, j, k]
    assert inclusion_proof(6, 7, node) == [i, k]
    assert consistency_proof(3, 7, node) == [c, d, g, l]
    assert consistency_proof(4, 7, node) == [l]
    assert consistency_proof(6, 7, node) == [i, j, k]


def test_every_proof_of_every_size_up_to_70_holds() -> None:
    proofs = 0
    for size in range(1, 71):
        root = slow_root(MANY[:size])
        assert root_of(MANY[:size]) == root == range_root(0, size, NODES)
        for index in range(size):
            proof = inclusion_proof(index, size, NODES)
            assert verify_inclusion(MANY[index], index, size, proof, root)
            older = consistency_proof(index + 1, size, NODES)
            assert verify_consistency(index + 1, slow_root(MANY[: index + 1]), size, root, older)
            proofs += 2
    assert proofs == 4970


def test_a_proof_fits_no_other_index_and_no_other_root() -> None:
    for size in (1, 2, 3, 7, 8, 33, 70):
        root = root_of(MANY[:size])
        for index in range(size):
            proof = inclusion_proof(index, size, NODES)
            # an index past the end, below zero, or another that exists
            for wrong in {*range(-1, size + 2)} - {index}:
                assert not verify_inclusion(MANY[index], wrong, size, proof, root)
            assert not verify_inclusion(MANY[(index + 1) % 70], index, size, proof, root)
            assert not verify_inclusion(MANY[index], index, size, proof, MANY[0][::-1])


def damaged(proof: list[bytes]) -> list[list[bytes]]:
    """Return forgeries of a proof: too short, too long, out of order, bent."""
    flipped = [
        [*proof[:at], bytes([item[0] ^ 1]) + item[1:], *proof[at + 1 :]]
        for at, item in enumerate(proof)
    ]
    cut = [proof[:-1], proof[1:]] if proof else []
    ragged = [[item[:-1], *proof[1:]] for item in proof[:1]] + [[b"", *proof], [*proof, b"\0" * 33]]
    long = [[*proof, MANY[0]], [MANY[0], *proof], [*proof, *proof[-1:]] if proof else [MANY[0]]]
    turned = [proof[::-1]] if proof[::-1] != proof else []
    return flipped + cut + ragged + long + turned


def test_no_damaged_inclusion_proof_is_believed() -> None:
    for size in (1, 2, 5, 8, 13, 64, 70):
        root = root_of(MANY[:size])
        for index in range(size):
            proof = inclusion_proof(index, size, NODES)
            for forged in damaged(proof):
                assert not verify_inclusion(MANY[index], index, size, forged, root), (size, index)
            for wrong_size in (0, -size, index):
                assert not verify_inclusion(MANY[index], index, wrong_size, proof, root)


def test_no_damaged_consistency_proof_is_believed() -> None:
    for size1 in (1, 2, 3, 6, 8, 31, 64, 69, 70):
        root1 = root_of(MANY[:size1])
        for size2 in range(size1, 71):
            root2 = root_of(MANY[:size2])
            proof = consistency_proof(size1, size2, NODES)
            for forged in damaged(proof):
                assert not verify_consistency(size1, root1, size2, root2, forged), (size1, size2)
            assert not verify_consistency(0, root1, size2, root2, proof)
            assert not verify_consistency(0, root_of([]), size2, root2, [])
            assert not verify_consistency(size1, MANY[1], size2, root2, proof)
            assert not verify_consistency(size1, root1, size2, MANY[1], proof)
            if size1 != size2:
                assert not verify_consistency(size2, root2, size1, root1, proof)


@pytest.mark.parametrize("size", [2, 3, 4, 7, 8, 32, 33])
def test_a_doubled_size_is_not_believed(size: int) -> None:
    # immudb once took such proofs (GO-2022-1117).
    root, twice = root_of(MANY[:size]), root_of(MANY[: 2 * size])
    for index in range(size):
        proof = inclusion_proof(index, size, NODES)
        assert not verify_inclusion(MANY[index], index, 2 * size, proof, root)
        longer = inclusion_proof(index, 2 * size, NODES)
        assert not verify_inclusion(MANY[index], index, size, longer, twice)
    proof = consistency_proof(size, 2 * size, NODES)
    assert not verify_consistency(size, root, 4 * size, twice, proof)
    assert not verify_consistency(2 * size, root, 2 * size, twice, proof)
    assert not verify_consistency(size, root, size, twice, proof)


def test_impossible_proofs_are_not_made() -> None:
    for index, size in ((0, 0), (3, 3), (-1, 3)):
        with pytest.raises(ValueError, match="not in a tree"):
            inclusion_proof(index, size, NODES)
    for size1, size2 in ((0, 3), (4, 3), (-1, 3)):
        with pytest.raises(ValueError, match="no proof leads"):
            consistency_proof(size1, size2, NODES)


def test_a_compact_range_of_the_wrong_shape_is_refused() -> None:
    for size, hashes in ((3, MANY[:1]), (0, MANY[:1]), (1, [b"short"]), (-1, MANY[:1])):
        with pytest.raises(TamperError):
            CompactRange(size, hashes)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 70), st.integers(0, 70))
def test_a_kept_range_goes_on_as_if_never_put_down(first: int, size: int) -> None:
    grown = CompactRange()
    for leaf in MANY[: min(first, size)]:
        grown.append(leaf)
    resumed = CompactRange(grown.size, grown.hashes)
    for leaf in MANY[grown.size : size]:
        resumed.append(leaf)
    assert resumed.root() == root_of(MANY[:size])
    assert len(resumed.hashes) == size.bit_count()


@pytest.fixture(scope="module")
def tiles() -> tuple[LeafTiles, list[bytes]]:
    leaves = [leaf_hash(b"leaf %d" % count) for count in range(70_000)]
    grown = LeafTiles()
    for leaf in leaves:
        grown.append(leaf)
    return grown, leaves


def test_tiles_hold_leaves_then_roots_of_256(tiles: tuple[LeafTiles, list[bytes]]) -> None:
    grown, leaves = tiles
    assert grown.size == 70_000
    assert grown.tile(0, 3) == leaves[768:1024]
    assert len(grown.tile(0, 273)) == 70_000 - 273 * 256
    assert grown.tile(1, 0)[1] == root_of(leaves[256:512])
    assert grown.tile(2, 0) == [root_of(leaves[:65_536])]
    assert grown.tile(3, 0) == grown.tile(0, 274) == []


def test_proofs_from_tiles_read_a_few_tiles_only(tiles: tuple[LeafTiles, list[bytes]]) -> None:
    grown, leaves = tiles
    read: list[tuple[int, int]] = []

    def tile(level: int, index: int, /) -> Sequence[bytes]:
        read.append((level, index))
        return grown.tile(level, index)

    root, node = root_of(leaves), nodes_of_tiles(tile)
    for index in (0, 1, 255, 256, 65_535, 65_536, 69_999):
        proof = inclusion_proof(index, 70_000, node)
        assert verify_inclusion(leaves[index], index, 70_000, proof, root)
        assert sum(map(len, proof)) <= 1024
    sizes = (1, 255, 256, 257, 65_536, 65_537, 69_998, 70_000)
    for size1, size2 in pairwise(sizes):
        proof = consistency_proof(size1, size2, node)
        assert verify_consistency(
            size1, root_of(leaves[:size1]), size2, root_of(leaves[:size2]), proof
        )
    assert len(read) < 40


def test_a_proof_among_a_million_leaves_is_below_1_kb() -> None:
    # Equal leaves make every full subtree of a level equal, so a million need no hashing.
    row = [leaf_hash(b"same")]
    for _ in range(20):
        row.append(node_hash(row[-1], row[-1]))
    proof = inclusion_proof(999_999, 1_000_000, lambda level, _: row[level])
    root = range_root(0, 1_000_000, lambda level, _: row[level])
    assert verify_inclusion(row[0], 999_999, 1_000_000, proof, root)
    longest = inclusion_proof(0, 1_000_000, lambda level, _: row[level])
    assert verify_inclusion(row[0], 0, 1_000_000, longest, root)
    assert max(len(b"".join(proof)), len(b"".join(longest))) == 640


def test_a_cut_tile_is_named(tiles: tuple[LeafTiles, list[bytes]]) -> None:
    grown, _ = tiles
    with pytest.raises(TamperError, match="tile 0/1 ends before hash 256"):
        nodes_of_tiles(lambda level, index: grown.tile(level, index)[:255])(7, 3)
