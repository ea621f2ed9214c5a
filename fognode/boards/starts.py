"""One start of a board: how far its events are heard, handed up and kept.

A board tells the events of an earlier start after the next one, from the memory that outlived
the reset.  Each start has a seq of its own, so each has its own reach here.  No I/O, no clock.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from fognode.boards import meaning, wire

REMEMBERED = 128  # newest events of a start whose content is compared with a repeat
MOST_STARTS = 64  # of one board; its memory holds events of at most 48

# Highest count kept of a start, and when (UTC ms) its clock said what (-1 = not known).
Past = tuple[int, int, int]
NO_PAST: Past = (0, 0, -1)


@dataclass(slots=True)
class Start:
    """What is known of one start."""

    boot: int  # widened
    kept: int = 0  # highest count kept without a gap
    offered: int = 0  # highest count handed up, or given up
    newest: tuple[int, int] | None = None  # wall_ms and board ms of one arrival
    pieces: bytes = b""  # of a scan that is not yet told whole
    ack: bool = False  # an A of this start is wanted, though it is over
    waiting: dict[int, bool] = field(default_factory=dict)  # count handed up: kept?
    told: dict[int, wire.BoardEvent] = field(default_factory=dict)

    def remember(self, count: int, frame: wire.BoardEvent) -> None:
        """Keep what was told, to compare it with a repeat."""
        self.told[count] = frame
        if len(self.told) > REMEMBERED:
            del self.told[next(iter(self.told))]

    def settle(self, count: int) -> bool:
        """Note that a count is kept; return whether more may be acknowledged now."""
        if count not in self.waiting:
            return False
        self.waiting[count] = True
        before = self.kept
        for oldest in list(self.waiting):
            if not self.waiting[oldest]:
                break
            del self.waiting[oldest]
            self.kept = oldest
        return self.kept != before

    def time_of(self, ms: int) -> int | None:
        """Return when the board's clock said ``ms`` in this start; None = not known."""
        return meaning.happened_at_ms(*self.newest, ms) if self.newest else None


class Starts:
    """The starts of one board that still matter, by widened boot."""

    def __init__(self) -> None:
        self._known: dict[int, Start] = {}

    def get(self, boot: int) -> Start | None:
        """Return a start that was begun or recalled."""
        return self._known.get(boot)

    def begin(self, boot: int, kept: int = 0) -> Start:
        """Return a new start; the oldest without waiting events makes room for it."""
        return self.add(Start(boot=boot, kept=kept, offered=kept))

    def add(self, start: Start) -> Start:
        """Return this start, known from now on; it makes room in the same way."""
        self._known[start.boot] = start
        idle = [known for known in self._known.values() if not known.waiting and known != start]
        for old in sorted(idle, key=lambda known: known.boot)[: len(self._known) - MOST_STARTS]:
            del self._known[old.boot]
        return start

    def recall(self, boot: int, past: Callable[[int], Past]) -> Start:
        """Return an earlier start, from the record when it is not at hand."""
        start = self._known.get(boot) or self.begin(boot)
        if start.newest is None:
            count, at_ms, board_ms = past(boot)
            if not start.offered:
                start.kept = start.offered = count
            start.newest = (at_ms, board_ms) if board_ms >= 0 else None
        return start

    def next_ack(self) -> Start | None:
        """Return the oldest start whose acknowledgement is wanted, once."""
        wanted = [start for start in self._known.values() if start.ack]
        if not wanted:
            return None
        first = min(wanted, key=lambda start: start.boot)
        first.ack = False
        return first

    def waiting(self) -> int:
        """Return how many events are handed up and not yet kept."""
        # A copy: the page looks while the line thread changes it.
        return sum(len(start.waiting) for start in tuple(self._known.values()))
