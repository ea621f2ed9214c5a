"""The walk agrees with the plain tree, and names the stretch in which it does not."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fognode.errors import TamperError
from fognode.hashing import GENESIS, event_id, leaf_hash, link_hash
from fognode.store.merkle import CompactRange, root_of
from fognode.store.walk import Base, Link, Mark, Tree, Walk, is_range
from tests.store.conftest import body

LEAVES = [leaf_hash(b"%d" % number) for number in range(1100)]
Told = list[tuple[int | None, str, str]]


def rows_of(count: int, changed: int = 0) -> list[Link]:
    """Make a chain; the body of one event is changed afterwards."""
    rows: list[Link] = []
    link = GENESIS
    for seq in range(1, count + 1):
        told = body(seq)
        made = link_hash(link, told)
        kept = told.replace(b"859", b"860") if seq == changed else told
        rows.append((seq, link, made, kept, event_id(f"b/cab01/17/{seq}"), 1))
        link = made
    return rows


def mark(rows: Sequence[Link], size: int, where: str = "checkpoint") -> Mark:
    tree = CompactRange()
    for row in rows[:size]:
        tree.append(leaf_hash(row[3]))
    return Mark(size, f"{where} {size}", tree.root(), rows[size - 1][2], tree.hashes)


def walked(rows: Sequence[Link], marks: Sequence[Mark], group: int = 7) -> Told:
    told: Told = []
    walk = Walk(Base(), lambda *one: told.append(one), lambda _index, _leaves: None)
    walk.take([], marks)
    for at in range(0, len(rows), group):
        walk.take(rows[at : at + group])
    return told


@given(st.integers(0, 520), st.lists(st.integers(0, 520), max_size=5))
def test_tree_grown_by_runs_is_the_plain_tree(begin: int, runs: list[int]) -> None:
    start = CompactRange()
    for leaf in LEAVES[:begin]:
        start.append(leaf)
    tree = Tree(Base(begin, GENESIS, start.hashes))
    tiles: dict[int, list[bytes]] = {}
    for run in runs:
        leaves = LEAVES[tree.size : tree.size + run]
        tree.extend(leaves, lambda index, full: tiles.update({index: list(full)}))
    assert tree.root() == root_of(LEAVES[: tree.size])
    whole = range(-(-begin // 256), tree.size // 256)
    assert tiles == {index: LEAVES[index * 256 : index * 256 + 256] for index in whole}


def test_hashes_that_are_no_range_are_refused() -> None:
    with pytest.raises(TamperError):
        Tree(Base(3, GENESIS, (bytes(32),)))
    assert not is_range(3, [bytes(32)], bytes(32))
    assert is_range(1, [LEAVES[0]], LEAVES[0])


@pytest.mark.parametrize("group", [1, 7, 1000])
def test_whole_record_agrees_with_every_mark(group: int) -> None:
    rows = rows_of(30)
    assert walked(rows, [mark(rows, size) for size in (1, 7, 8, 30)], group) == []


@pytest.mark.parametrize("group", [1, 7, 1000])
def test_change_is_found_at_its_row_and_in_its_stretch_only(group: int) -> None:
    marks = [mark(rows_of(30), size) for size in (10, 20, 30)]
    assert walked(rows_of(30, changed=13), marks, group) == [
        (13, "event", "content: hash is not that of prev_hash and body"),
        (None, "checkpoint 20", "root: the events 11 to 20 give another one"),
    ]


def test_without_a_range_all_later_roots_differ() -> None:
    marks = [mark(rows_of(30), size)._replace(hashes=None) for size in (10, 20, 30)]
    told = walked(rows_of(30, changed=3), marks)
    assert [where for _, where, _ in told] == ["event", *(f"checkpoint {n}" for n in (10, 20, 30))]


@pytest.mark.parametrize("group", [1, 7, 1000])
def test_gap_is_told_once_and_the_walk_goes_on_behind_it(group: int) -> None:
    rows = rows_of(40)
    marks = [mark(rows, size) for size in (10, 14, 20, 30, 40)]
    holed = [row for row in rows if not 12 <= row[0] <= 15]
    changed = [(*row[:3], row[3] + b" ", *row[4:]) if row[0] == 33 else row for row in holed]
    assert sorted(walked(changed, marks, group), key=str) == [
        (16, "event", "events 12 to 15 before it are missing"),
        (33, "event", "content: hash is not that of prev_hash and body"),
        (None, "checkpoint 14", "root: not known, events before it are missing"),
        (None, "checkpoint 20", "root: not known, events before it are missing"),
        (None, "checkpoint 40", "root: the events 31 to 40 give another one"),
    ]


def test_rewritten_chain_agrees_with_itself_but_with_no_mark() -> None:
    rows = rows_of(30)
    link = rows[4][2]
    rewritten = rows[:5]
    for seq, _, _, told, known, alike in rows[5:]:
        changed = told.replace(b"859", b"1") if seq == 6 else told
        made = link_hash(link, changed)
        rewritten.append((seq, link, made, changed, known, alike))
        link = made
    assert walked(rewritten, [mark(rows, 5), mark(rows, 20)]) == [
        (None, "checkpoint 20", "link: not the hash of event 20"),
        (None, "checkpoint 20", "root: the events 6 to 20 give another one"),
    ]


def test_marks_of_one_size_are_all_compared() -> None:
    rows = rows_of(8)
    good = mark(rows, 8)
    told = walked(rows, [good, Mark(8, "public chain", bytes(32))])
    assert told == [(None, "public chain", "root: the events 1 to 8 give another one")]


def test_walk_from_a_base_reads_only_what_follows() -> None:
    rows = rows_of(30)
    base = mark(rows, 11)
    told: Told = []
    begin = Base(11, rows[10][2], base.hashes or ())
    walk = Walk(begin, lambda *one: told.append(one), lambda _index, _leaves: None)
    walk.take(rows[11:], [mark(rows, 30)])
    assert told == []
