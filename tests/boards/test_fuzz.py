"""Mutated frames: the same code as ``python -m tests.boards.fuzz``, fewer of them."""

from tests.boards.fuzz import fuzz

LINES = 100_000


def test_no_mutated_line_is_taken_for_what_was_not_sent() -> None:
    tally = fuzz(LINES, seed=105)
    assert tally.lines == LINES
    assert tally.false == 0
    # Or the mutations would not reach the parser's deeper parts.
    assert 1_000 < tally.same < LINES // 2
    assert tally.refused > LINES // 2
