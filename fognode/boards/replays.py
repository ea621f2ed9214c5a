"""Is a start whose number was used before a new board, or a recording of an old one?

A board that lost its EEPROM, or its successor, begins with start 1 again.  So does a recording
of its line that somebody plays.  What the board tells decides: an event of a number that is kept,
at the same ms of its clock, of the same sensor and with the same value, was told before.

A start in doubt is believed at the first event that was not told before, and until then nothing
of it is acknowledged.  A true board keeps its events, and is asked for all of them once it is
believed; a recording has nothing new to tell.  A true board may repeat the events of its first
moment, since the same door is open and the same tags lie there: those alone hold it up until
its next event, and name nothing.  Later events come when people act: each meets the ms of its
old number by chance only.  ``ENOUGH`` of them are called a recording.

Pure but for the record that is asked through ``Memory.kept``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from fognode.boards.codes import encode_scan
from fognode.boards.meaning import BOOTS, PIECE, SCAN, SEQS
from fognode.boards.progress import BOARD_MS
from fognode.boards.starts import Past, Start, Starts
from fognode.boards.wire import BoardEvent
from fognode.events import Kind, Stored

ENOUGH = 3  # events told before
SETTLED_MS = 10_000  # of the board's clock: younger events are of its first moment
EPOCHS = 16  # newest ones that are asked for
WRAPS = 4  # newest rounds of the seq of one start that are asked for

Kept = Callable[[str], Stored | None]  # the event of an origin; StoreError: nobody can say


@dataclass(slots=True)
class Suspect:
    """A start whose number was used before."""

    start: Start
    # Boot, start and hello (UTC ms) to go back to, for the number went back; None = it is above
    # those of its epoch.
    firm: tuple[int, Start, int] | None = None
    matched: set[tuple[int, int]] = field(default_factory=set)  # boot and seq told before
    is_told: bool = False
    has_waiting: bool = False  # an event was left on the board

    def match(self, frame: BoardEvent) -> bool:
        """Note an event that was told before; return whether there are enough now, once."""
        if frame.ms < SETTLED_MS or self.is_told:
            return False
        self.matched.add((frame.boot, frame.seq))
        self.is_told = len(self.matched) >= ENOUGH
        return self.is_told


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is remembered of one board's events."""

    board: str
    starts: Starts  # those of this run of the node
    past: Callable[[int], Past]
    kept: Kept

    def knows(self, frame: BoardEvent, below: int) -> bool:
        """Tell whether an earlier start than ``below`` (widened) told this very event.

        Raises:
            StoreError: The record cannot be asked.
        """
        return any(self._told(frame, boot, count) for boot, count in self._places(frame, below))

    def _places(self, frame: BoardEvent, below: int) -> Iterator[tuple[int, int]]:
        newest = below - 1 - (below - 1 - frame.boot) % BOOTS
        for boot in range(newest, max(newest - EPOCHS * BOOTS, -1), -BOOTS):
            counts = range(frame.seq, max(self.past(boot)[0], frame.seq) + 1, SEQS)
            yield from ((boot, count) for count in counts[-WRAPS:])

    def _told(self, frame: BoardEvent, boot: int, count: int) -> bool:
        start = self.starts.get(boot)
        if start and (first := start.told.get(count)):
            return first == frame
        stored = self.kept(f"b/{self.board}/{boot}/{count}")
        return stored is not None and says_the_same(stored, frame)


def says_the_same(stored: Stored, frame: BoardEvent) -> bool:
    """Tell whether a kept event was told by a frame like this, clock and value included."""
    clock = BOARD_MS.match(stored.body, 1)
    if clock is None or int(clock[1]) != frame.ms:
        return False
    if stored.kind == Kind.REJECTED:
        return stored.text("value") == f"{frame.sensor},{frame.word},{frame.value}"
    if stored.text("sensor") != frame.sensor or not stored.kind.endswith(f"_{frame.word}"):
        return False
    return frame.value in map(str, stored.facts.values()) or _ends_scan(stored, frame)


def _ends_scan(stored: Stored, frame: BoardEvent) -> bool:
    # A board's code reader tells a scan in pieces; the last one is kept as the whole.
    if frame.word != SCAN or not PIECE.fullmatch(frame.value):
        return False
    return stored.text("scan").endswith(encode_scan(bytes.fromhex(frame.value)))
