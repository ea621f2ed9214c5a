"""How far the record of each board reaches; a follower that keeps table ``board``.

Pure.  The line threads start from it: a board whose events are already kept must find them
acknowledged, and a count above the next one must show as a gap.
"""

import re
from dataclasses import dataclass, field

from fognode.events import Kind, Outcome, Row, Stored

ORIGIN = re.compile(r"b/([a-z0-9-]{1,8})/(0|[1-9][0-9]*)/([1-9][0-9]*)")


@dataclass(slots=True)
class Reach:
    """The newest known of one board."""

    boot: int = 0  # widened
    count: int = 0  # highest kept of that boot
    kind: str = ""
    version: str = ""
    last_event_at_ms: int = 0


@dataclass(slots=True)
class Progress:
    """State of the follower: the reach of each board ever heard."""

    boards: dict[str, Reach] = field(default_factory=dict)

    def of(self, board: str) -> tuple[int, int]:
        """Return widened boot and highest count kept, (0, 0) for a board never heard.

        Exact only when the follower has seen the whole record.  Any thread.
        """
        reach = self.boards.get(board)
        return (reach.boot, reach.count) if reach else (0, 0)


def step(state: Progress, told: Stored) -> Outcome:
    """Take one stored event; return the row of its board when that moved."""
    if told.kind in {Kind.BOARD_HELLO, Kind.BOARD_GAP}:
        board, boot, count = told.text("board"), told.number("boot"), told.number("to_count")
    elif found := ORIGIN.fullmatch(told.origin):
        board, boot, count = found[1], int(found[2]), int(found[3])
    else:
        return Outcome()
    reach = state.boards.setdefault(board, Reach())
    if boot < reach.boot:
        return Outcome()
    reach.count = max(reach.count, count) if boot == reach.boot else count
    reach.boot = boot
    if told.kind == Kind.BOARD_HELLO:
        reach.kind, reach.version = told.text("kind"), told.text("version")
    reach.last_event_at_ms = max(reach.last_event_at_ms, told.happened_at_ms)
    return Outcome(rows=[_row(board, reach, told.seq)])


def _row(board: str, reach: Reach, seq: int) -> Row:
    return Row(
        table="board",
        values={
            "board": board,
            "boot": reach.boot,
            "count": reach.count,
            "kind": reach.kind,
            "version": reach.version,
            "last_event_at_ms": reach.last_event_at_ms,
            "as_of_seq": seq,
        },
    )
