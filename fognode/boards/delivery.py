"""Events of a board by their numbers: order, repeats, gaps, and what is acknowledged.

- Events are handed up strictly in order.  One that is ahead is left on the board, and the
  board is asked again: it then sends all it holds, oldest first.
- Acknowledged is only the highest count kept without a gap, after COMMIT.
- A gap is given up when two answers in a row begin above it, each heard without a damaged
  frame before its first event: then the board itself no longer has what is missing.

No I/O and no clock; a part of the lane, owned by its thread (lane.py).
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from fognode.boards import meaning, wire
from fognode.boards.calibration import Scale
from fognode.boards.meaning import Happening, Speaker
from fognode.boards.starts import Start, Starts
from fognode.boards.told import Moment, Owed, Teller
from fognode.errors import MeaningError
from fognode.events import Event, Kind

MOST_WAITING = 64  # events handed up and not yet kept


@dataclass(slots=True)
class Counters:
    """What happened on a lane since the node started."""

    rejected: int = 0  # events and readings that cannot be
    repeated: int = 0
    gaps: int = 0  # events that no one has any more
    lost: int = 0  # overwritten on the board since its start, by its own count
    replayed: int = 0  # told before by an earlier start of the same number, and not taken


@dataclass(slots=True, kw_only=True)
class Delivery:
    """How far the events of one configured board are heard, handed up and kept."""

    board: str
    place: str
    counts_per_kg: int
    scale: Callable[[str, str], Scale] = lambda _board, _sensor: Scale()  # by the record
    places: Mapping[str, str] = field(default_factory=dict)  # of sensors that have their own
    counters: Counters = field(default_factory=Counters)
    heard: Moment | None = None
    hello: wire.Hello | None = None  # None = must introduce itself (again)
    sensors: dict[str, wire.Declare] = field(default_factory=dict)
    # Of the watch: the newest event's time, sensors that told a fault.
    told_ms: dict[str, int] = field(default_factory=dict)
    faulty: set[str] = field(default_factory=set)
    ask: bool = False  # a Q is wanted
    ack: bool = False  # an A is wanted
    # Filled by the store thread, emptied by the line thread that holds the board by then:
    # the board may have changed ports between an event and its COMMIT.
    settled: deque[Callable[[], None]] = field(default_factory=deque)
    _starts: Starts = field(default_factory=Starts)
    _now: Start = field(default_factory=lambda: Start(boot=-1))  # the start that is running
    _greeted_ms: int = 0  # when its hello came, UTC
    _clean: bool = False  # no event and no damage since the last hello
    _doubted: int = -1  # the start above whose gap one clean answer already began
    _starved: bool = False  # left something on the board because too much waits
    _contradiction_waits: bool = False

    @property
    def ready(self) -> bool:
        """Whether the board has said who it is and which sensors it has."""
        return self.hello is not None and len(self.sensors) >= self.hello.declares

    @property
    def waiting(self) -> int:
        """How many events are handed up and not yet kept."""
        return self._starts.waiting()

    def settle(self) -> None:
        """Take note of what was kept since the last call."""
        while self.settled:
            self.settled.popleft()()

    def order(self) -> tuple[int, int] | None:
        """Return plain boot and seq to acknowledge, or None when there is none.

        First those of earlier starts, each once; ``ack`` is set as long as more may follow.
        """
        if self.hello is None:
            return None
        if over := self._starts.next_ack():
            self.ack = True
            return over.boot % meaning.BOOTS, meaning.plain_seq(over.kept)
        if self._now.kept == 0:
            return None
        return self.hello.boot, meaning.plain_seq(self._now.kept)

    @property
    def _tell(self) -> Teller:
        return Teller(self.board, self.place)

    def _event(self, start: Start, frame: wire.BoardEvent) -> list[Owed]:
        is_first, self._clean = self._clean, False
        if not self.ready:
            self.ask = True
            return []
        count = meaning.wide_count(start.offered, frame.seq)
        if count <= start.offered:
            return self._repeat(start, count, frame)
        if self.waiting >= MOST_WAITING:
            self._starved = True
            return []
        if count == start.offered + 1:
            self._doubted = -1 if self._doubted == start.boot else self._doubted
            return [self._take(start, count, frame)]
        if not (is_first and self._doubted == start.boot):
            self._doubted = start.boot if is_first else self._doubted
            self.ask = True
            return []
        self._doubted = -1
        return [self._give_up(start, count - 1), self._take(start, count, frame)]

    def _take(self, start: Start, count: int, frame: wire.BoardEvent) -> Owed:
        start.remember(count, frame)
        if start is self._now and self.heard is not None:
            self.told_ms[frame.sensor] = self.heard.mono_ms
            if frame.word == meaning.FAULT and frame.value != "0":
                self.faulty.add(frame.sensor)
            else:
                self.faulty.discard(frame.sensor)
        speaker = Speaker(
            board=self.board,
            place=self.place,
            counts_per_kg=self.scale(self.board, frame.sensor).counts_per_kg or self.counts_per_kg,
            sensors=self.sensors,
            places=self.places,
            pieces=start.pieces,
        )
        start.pieces = meaning.pieces_after(frame, speaker)
        happening = self._happening(start, f"b/{self.board}/{start.boot}/{count}", frame)
        try:
            event = meaning.to_event(frame, speaker, happening)
        except MeaningError as error:
            self.counters.rejected += 1
            event = meaning.rejected(frame, speaker, happening, error)
        return self._handed_up(start, count, event)

    def _give_up(self, start: Start, last: int) -> Owed:
        start.pieces = b""
        self.counters.gaps += last - start.offered
        event = self._tell.gap(start, last, self._greeted_ms)
        return self._handed_up(start, last, event)

    def _handed_up(self, start: Start, count: int, event: Event) -> Owed:
        start.offered = count
        start.waiting[count] = False
        return Owed(event, partial(self._settle, start, count))

    def _settle(self, start: Start, count: int) -> None:
        if start.settle(count):
            self._acknowledge(start)
        if self._starved and self.waiting < MOST_WAITING // 2:
            self._starved = False
            self.ask = True

    def _acknowledge(self, start: Start) -> None:
        self.ack = True
        start.ack = start is not self._now

    def _repeat(self, start: Start, count: int, frame: wire.BoardEvent) -> list[Owed]:
        self.counters.repeated += 1
        first = start.told.get(count)
        if first is None or first == frame:
            if count <= start.kept:
                self._acknowledge(start)
            return []
        if self._contradiction_waits:
            return []
        self._contradiction_waits = True
        origin, facts = self._tell.told_otherwise(start, count, first, frame)
        event = Event(
            kind=Kind.BOARD_CONTRADICTS,
            origin=origin,
            happened_at_ms=self._happening(start, origin, frame).happened_at_ms,
            facts=facts,
            board_ms=frame.ms,
        )
        return [Owed(event, partial(self._contradiction_kept, start))]

    def _contradiction_kept(self, start: Start) -> None:
        self._contradiction_waits = False
        self._acknowledge(start)

    def _happening(self, start: Start, origin: str, frame: wire.BoardEvent) -> Happening:
        at_ms = start.time_of(frame.ms)
        if start is self._now and at_ms is not None:
            return Happening(origin=origin, happened_at_ms=at_ms)
        # An earlier start ended before the hello of this one, whatever its clock drifted.
        if at_ms is not None and at_ms <= self._greeted_ms:
            return Happening(origin=origin, happened_at_ms=at_ms)
        return Happening(origin=origin, happened_at_ms=self._greeted_ms, at_latest=True)
