"""How far the record of each board reaches; a follower that keeps table ``board``.

Pure.  The line threads start from it: a board whose events are already kept must find them
acknowledged, and a count above the next one must show as a gap.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from fognode.boards.calibration import KINDS as CALIBRATIONS
from fognode.boards.calibration import Scales
from fognode.events import Kind, Outcome, Row, Stored

PASTS = 64  # earlier starts remembered; a board's memory holds events of at most 48
BOARD_MS = re.compile(rb'"board_ms":(0|[1-9][0-9]*)')  # before the facts: keys are sorted
ORIGIN = re.compile(r"b/([a-z0-9-]{1,8})/(0|[1-9][0-9]*)/([1-9][0-9]*)")


@dataclass(slots=True)
class Reach:
    """The newest known of one board."""

    boot: int = 0  # widened
    count: int = 0  # highest kept of that boot
    kind: str = ""
    version: str = ""
    last_event_at_ms: int = 0
    # Each start, this one too: count kept, and when (UTC ms) its clock said what (-1 = unknown).
    pasts: dict[int, tuple[int, int, int]] = field(default_factory=dict)


@dataclass(slots=True)
class Progress:
    """State of the follower: the reach of each board ever heard."""

    boards: dict[str, Reach] = field(default_factory=dict)
    enrolled: dict[str, bool] = field(default_factory=dict)  # False = retired
    scales: Scales = field(default_factory=Scales)
    knows: Callable[[str], bool] = lambda _person: True  # may be the author of a calibration

    def of(self, board: str) -> tuple[int, int]:
        """Return widened boot and highest count kept, (0, 0) for a board never heard.

        Exact only when the follower has seen the whole record.  Any thread.
        """
        reach = self.boards.get(board)
        return (reach.boot, reach.count) if reach else (0, 0)

    def past(self, board: str, boot: int) -> tuple[int, int, int]:
        """Return of one start the highest count kept, and a pair of UTC and board ms.

        (0, 0, -1) for a start that is not known; the pair is (0, -1) without one.  Any thread.
        """
        reach = self.boards.get(board)
        return reach.pasts.get(boot, (0, 0, -1)) if reach else (0, 0, -1)

    def is_enrolled(self, board: str) -> bool:
        """Return whether a board has its key and is not retired.  Any thread."""
        return self.enrolled.get(board, False)


def step(state: Progress, told: Stored) -> Outcome:
    """Take one stored event; return the row of its board when that moved."""
    if told.kind in {Kind.BOARD_ENROLLED, Kind.BOARD_RETIRED}:
        board = told.text("board")
        # Its key cannot be changed: who has a retired board has the key.
        is_here = state.enrolled.get(board, True)
        state.enrolled[board] = told.kind == Kind.BOARD_ENROLLED and is_here
        return Outcome()
    if told.kind in CALIBRATIONS:
        if state.knows(told.text("by")):
            state.scales.take(told)
        return Outcome()
    if told.kind in {Kind.BOARD_HELLO, Kind.BOARD_GAP}:
        board, boot, count = told.text("board"), told.number("boot"), told.number("to_count")
    elif found := ORIGIN.fullmatch(told.origin):
        board, boot, count = found[1], int(found[2]), int(found[3])
    else:
        return Outcome()
    reach = state.boards.setdefault(board, Reach())
    _note_past(reach, boot, count, told)
    if boot < reach.boot:
        return Outcome()
    reach.count = max(reach.count, count) if boot == reach.boot else count
    reach.boot = boot
    if told.kind == Kind.BOARD_HELLO:
        reach.kind, reach.version = told.text("kind"), told.text("version")
    reach.last_event_at_ms = max(reach.last_event_at_ms, told.happened_at_ms)
    return Outcome(rows=[_row(board, reach, told.seq)])


def _note_past(reach: Reach, boot: int, count: int, told: Stored) -> None:
    kept, at_ms, board_ms = reach.pasts.get(boot, (0, 0, -1))
    found = BOARD_MS.match(told.body, 1)
    if found and not told.number("at_latest"):
        at_ms, board_ms = told.happened_at_ms, int(found[1])
    reach.pasts[boot] = max(kept, count), at_ms, board_ms
    if len(reach.pasts) > PASTS:
        del reach.pasts[min(reach.pasts)]


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
