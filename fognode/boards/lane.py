"""One board's conversation, whatever port it speaks on: order, gaps, repeats, hellos.

No I/O and no clock.  Owned by the line thread that holds the board; ``status`` may be read by
any.  Rules of delivery (docs/protocol.md):

- Events are handed up strictly in order.  One that is ahead is left on the board, and the
  board is asked again: it then sends all it holds, oldest first.
- Acknowledged is only the highest count kept without a gap, after COMMIT.
- A gap is given up when two answers in a row begin above it, each heard without a damaged
  frame before its first event: then the board itself no longer has what is missing.
- Events of an earlier start come after the hello of this one, with that start's boot; they are
  ordered, kept and acknowledged by that start's own numbers.
- A start whose number was used before is in doubt until it tells what was not told before; of one
  whose number went back nothing is taken until then (replays.py).
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from fognode.boards import meaning, wire
from fognode.boards.calibration import Scale
from fognode.boards.meaning import Happening, Speaker
from fognode.boards.readings import readings_text
from fognode.boards.replays import Kept, Memory, Suspect
from fognode.boards.starts import NO_PAST, Past, Start, Starts
from fognode.boards.watch import Seen
from fognode.errors import MeaningError, StoreError
from fognode.events import Event, Json, Kind, Row, RowValues
from fognode.hashing import canonical_bytes, sha256

MOST_WAITING = 64  # events handed up and not yet kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When something arrived."""

    wall_ms: int  # UTC
    mono_ms: int


@dataclass(frozen=True, slots=True)
class Owed:
    """An event to hand up; ``kept`` is to be called on the line thread after COMMIT."""

    event: Event
    kept: Callable[[], None] | None = None


@dataclass(slots=True)
class Counters:
    """What happened on a lane since the node started."""

    rejected: int = 0  # events and readings that cannot be
    repeated: int = 0
    gaps: int = 0  # events that no one has any more
    lost: int = 0  # overwritten on the board since its start, by its own count
    replayed: int = 0  # told before by an earlier start of the same number, and not taken


@dataclass(slots=True)
class Lane:
    """State of the conversation with one configured board."""

    board: str
    place: str
    counts_per_kg: int
    progress: Callable[[str], tuple[int, int]]  # widened boot and count kept, (0, 0) = none
    keep_sample: Callable[[Row], None] = lambda _row: None  # takes it or drops it, at once
    scale: Callable[[str, str], Scale] = lambda _board, _sensor: Scale()  # by the record
    places: Mapping[str, str] = field(default_factory=dict)  # of sensors that have their own
    past: Callable[[str, int], Past] = lambda _board, _boot: NO_PAST  # of an earlier start
    kept: Kept = lambda _origin: None  # the event of an origin
    counters: Counters = field(default_factory=Counters)
    heard: Moment | None = None
    hello: wire.Hello | None = None  # None = must introduce itself (again)
    sensors: dict[str, wire.Declare] = field(default_factory=dict)
    values: dict[str, tuple[int, int]] = field(default_factory=dict)  # sensor: value, mono_ms
    # Of the watch: the newest reading that cannot be and when, the newest event's time, faults.
    impossible: dict[str, tuple[int, int]] = field(default_factory=dict)
    told_ms: dict[str, int] = field(default_factory=dict)
    faulty: set[str] = field(default_factory=set)
    boot: int = -1  # widened; -1 = progress not yet asked for
    ask: bool = False  # a Q is wanted
    ack: bool = False  # an A is wanted
    # Filled by the store thread, emptied by the line thread that holds the board by then:
    # the board may have changed ports between an event and its COMMIT.
    settled: deque[Callable[[], None]] = field(default_factory=deque)
    _starts: Starts = field(default_factory=Starts)
    _now: Start = field(default_factory=lambda: Start(boot=-1))  # the start that is running
    _greeted_ms: int = 0  # when its hello came, UTC
    _greeted: int = -1  # start whose hello was handed up
    _clean: bool = False  # no event and no damage since the last hello
    _doubted: int = -1  # the start above whose gap one clean answer already began
    _starved: bool = False  # left something on the board because too much waits
    _suspect: Suspect | None = None  # this start, while it may be a recording
    _lost_waits: bool = False
    _contradiction_waits: bool = False

    @property
    def ready(self) -> bool:
        """Whether the board has said who it is and which sensors it has."""
        return self.hello is not None and len(self.sensors) >= self.hello.declares

    @property
    def waiting(self) -> int:
        """How many events are handed up and not yet kept."""
        return self._starts.waiting()

    def leave(self) -> None:
        """Forget who speaks: the port was closed, the next to speak must say hello."""
        self.hello = None
        self._clean = False

    def settle(self) -> None:
        """Take note of what was kept since the last call."""
        while self.settled:
            self.settled.popleft()()

    def noise(self) -> None:
        """A damaged frame was heard: what it said is unknown."""
        self._clean = False

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

    def seen(self) -> dict[str, Seen]:
        """Return what is known of each declared sensor.  Any thread."""
        found = {}
        for name, declared in tuple(self.sensors.items()):
            value, read_ms = self.values.get(name, (None, 0))
            found[name] = Seen(
                type=declared.type,
                value=value,
                read_ms=read_ms,
                impossible=self.impossible.get(name),
                told_ms=self.told_ms.get(name, -1),
                faulty=name in self.faulty,
            )
        return found

    def hear(self, frame: wire.Frame, at: Moment) -> list[Owed]:
        """Take one frame of this board; return the events to hand up, in order."""
        owed = self._greet(frame, at) if isinstance(frame, wire.Hello) else []
        self.heard = at
        if isinstance(frame, wire.BoardEvent) and (suspect := self._suspect):
            owed += self._examine(suspect, frame, at)
            if self._suspect is suspect:
                return owed  # it is left on the board
        if self.hello is None or frame.boot != self.hello.boot:
            return owed + self._of_another_start(frame)
        newest = self._now.newest
        if newest is None or meaning.ms_ahead(frame.ms, newest[1]) >= 0:
            self._now.newest = (at.wall_ms, frame.ms)
        return owed + self._take_in(frame, at) + self._introduce(at)

    def _take_in(self, frame: wire.Frame, at: Moment) -> list[Owed]:
        match frame:
            case wire.Declare():
                self._declare(frame)
            case wire.BoardEvent():
                return self._event(self._now, frame)
            case wire.Heartbeat():
                return self._beat(frame, at)
            case wire.Sample():
                self._sample(frame, at)
            case _:
                pass
        return []

    # --- hello ---------------------------------------------------------------------------

    def _greet(self, hello: wire.Hello, at: Moment) -> list[Owed]:
        if self.boot < 0:
            self.boot, kept = self.progress(self.board)
            self._now = self._starts.begin(self.boot, kept)
        suspect = self._suspect
        if suspect and suspect.firm:
            self.boot, self._now, self._greeted_ms = suspect.firm
            self._suspect = None
        before = self.boot
        self.boot = meaning.wide_boot(before, hello.boot)
        # The same start cannot be younger than it was.
        if self.boot == before and self._now.newest is not None:
            self.boot += meaning.BOOTS * (meaning.ms_ahead(hello.ms, self._now.newest[1]) < 0)
        if self.boot != before:
            self._begin_boot(before, hello, suspect)
        if self.boot != before or not self._greeted_ms:
            self._greeted_ms = at.wall_ms
        self.hello, self.sensors = hello, {}
        self._clean = True
        self.ask = False
        if not self._went_back or self._suspect is suspect:
            return []
        facts: dict[str, Json] = {
            "what": "boot_went_back",
            "boot": self.boot,
            "boot_before": before,
        }
        origin = f"n/board_contradicts/{self.board}/{self.boot}"
        return [Owed(self._node_event(Kind.BOARD_CONTRADICTS, origin, at, facts))]

    @property
    def _went_back(self) -> bool:
        return self._suspect is not None and self._suspect.firm is not None

    def _begin_boot(self, before: int, hello: wire.Hello, suspect: Suspect | None) -> None:
        if before // meaning.BOOTS == self.boot // meaning.BOOTS:
            self._now = self._starts.begin(self.boot)
            self._suspect = Suspect(self._now) if self.boot >= meaning.BOOTS else None
            self._count_anew()
            return
        firm = before, self._now, self._greeted_ms
        if suspect is None or suspect.start.boot != self.boot:
            suspect = Suspect(Start(boot=self.boot), firm)
        elif suspect.start.newest and meaning.ms_ahead(hello.ms, suspect.start.newest[1]) < 0:
            suspect.start = Start(boot=self.boot)  # it began once more
        self._suspect, self._now = suspect, suspect.start

    def _count_anew(self) -> None:
        self._doubted = -1
        self._lost_waits = self._contradiction_waits = False
        self.counters.lost = 0

    def _examine(self, suspect: Suspect, frame: wire.BoardEvent, at: Moment) -> list[Owed]:
        """Believe a start that tells what was not told before; name a recording, once."""
        if not self.ready:
            self.ask = True
            return []
        is_first, self._clean = self._clean, False
        past = partial(self.past, self.board)
        memory = Memory(board=self.board, starts=self._starts, past=past, kept=self.kept)
        try:
            is_known = memory.knows(frame, below=self.boot)
        except StoreError:
            if suspect.firm:
                return []  # the board tells it again
            is_known = False  # most likely: it only goes on counting
        if not is_known:
            self._clean, self._suspect = is_first, None
            self.ask = self.ask or suspect.has_waiting
            if suspect.firm:
                self._starts.add(suspect.start)
                self._count_anew()
            return self._introduce(at)
        self.counters.replayed += 1
        suspect.has_waiting = True
        if not suspect.match(frame):
            return []
        facts: dict[str, Json] = {
            "what": "replayed",
            "boot": frame.boot,
            "again": f"{frame.ms},{frame.sensor},{frame.word},{frame.value}",
        }
        origin = f"n/board_contradicts/{self.board}/replayed/{frame.boot}/{at.wall_ms}"
        return [Owed(self._node_event(Kind.BOARD_CONTRADICTS, origin, at, facts))]

    def _declare(self, frame: wire.Declare) -> None:
        if self.hello is None or self.ready:
            return
        self.sensors[frame.sensor] = frame
        if len(self.sensors) == self.hello.declares:
            self.values = {name: self.values[name] for name in self.sensors if name in self.values}

    def _introduce(self, at: Moment) -> list[Owed]:
        if self.hello is None or not self.ready or self._went_back:
            return []
        if self._greeted == self.boot:
            return []
        self._greeted = self.boot
        self.faulty.clear()  # a sensor that is still at fault is told so again
        sensors: list[Json] = [
            {"sensor": d.sensor, "type": d.type, "unit": d.unit, "period_ms": d.period_ms}
            for d in self.sensors.values()
        ]
        facts: dict[str, Json] = {
            "boot": self.boot,
            "kind": self.hello.kind,
            "version": self.hello.version,
            "sensors": sensors,
        }
        # The origin names the start: after a restart of the node the store still keeps it once.
        origin = f"n/board_hello/{self.board}/{self.boot}"
        board_ms = self._now.newest[1] if self._now.newest else None
        return [Owed(self._node_event(Kind.BOARD_HELLO, origin, at, facts, board_ms))]

    # --- events --------------------------------------------------------------------------

    def _of_another_start(self, frame: wire.Frame) -> list[Owed]:
        """Take an event that outlived a reset; ask when it was a hello that was missed."""
        if self.hello is None or not isinstance(frame, wire.BoardEvent):
            self.ask = True
            return []
        boot = meaning.earlier_boot(self.boot, frame.boot)
        past = partial(self.past, self.board)
        above = boot // meaning.BOOTS != self.boot // meaning.BOOTS
        if boot < 0 or (above and self._starts.get(boot) is None and past(boot) == NO_PAST):
            # Of a start after the one we know.  The board keeps its events.
            self.ask = True
            return []
        return self._event(self._starts.recall(boot, past), frame)

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
        first = start.offered + 1
        start.pieces = b""
        self.counters.gaps += last - first + 1
        event = Event(
            kind=Kind.BOARD_GAP,
            origin=f"n/board_gap/{self.board}/{start.boot}/{first}-{last}",
            happened_at_ms=start.newest[0] if start.newest else self._greeted_ms,
            facts={
                "board": self.board,
                "place": self.place,
                "boot": start.boot,
                "from_count": first,
                "to_count": last,
                "missing": last - first + 1,
            },
        )
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
        facts: dict[str, Json] = {
            "board": self.board,
            "place": self.place,
            "what": "told_again_otherwise",
            "first": f"{first.ms},{first.sensor},{first.word},{first.value}",
            "again": f"{frame.ms},{frame.sensor},{frame.word},{frame.value}",
        }
        mark = sha256(canonical_bytes(facts)).hex()[:16]
        origin = f"b/{self.board}/{start.boot}/{count}/x/{mark}"
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

    # --- heartbeat and samples -----------------------------------------------------------

    def _beat(self, frame: wire.Heartbeat, at: Moment) -> list[Owed]:
        # Again and again: repairs a lost acknowledgement and tells the board we live.
        self.ack = True
        if not self.ready:
            self.ask = True
        if frame.lost <= self.counters.lost or self._lost_waits or self._went_back:
            return []
        facts: dict[str, Json] = {
            "boot": self.boot,
            "lost": frame.lost,
            "lost_before": self.counters.lost,
        }
        self.counters.lost = frame.lost
        self._lost_waits = True  # one at a time, or days without a database would fill memory
        origin = f"n/board_lost/{self.board}/{self.boot}/{frame.lost}"
        event = self._node_event(Kind.BOARD_LOST, origin, at, facts)
        return [Owed(event, self._lost_kept)]

    def _lost_kept(self) -> None:
        self._lost_waits = False

    def _sample(self, frame: wire.Sample, at: Moment) -> None:
        plausible = []
        for sensor, value in frame.values:
            declared = self.sensors.get(sensor)
            if declared and meaning.plausible(declared, value):
                self.values[sensor] = (value, at.mono_ms)
                plausible.append((sensor, value))
            else:
                self.counters.rejected += bool(self.ready)
                if declared:
                    self.impossible[sensor] = (value, at.mono_ms)
        if not (self.ready and plausible) or self._went_back:
            return  # what is not declared has no unit, and a recording is shown only
        values: RowValues = {
            "board": self.board,
            "at_ms": at.wall_ms,
            "board_ms": frame.ms,
            "boot": self.boot,
            "readings": readings_text(plausible),
        }
        self.keep_sample(Row(table="sample", values=values))

    # --- shared --------------------------------------------------------------------------

    def _happening(self, start: Start, origin: str, frame: wire.BoardEvent) -> Happening:
        at_ms = start.time_of(frame.ms)
        if start is self._now and at_ms is not None:
            return Happening(origin=origin, happened_at_ms=at_ms)
        # An earlier start ended before the hello of this one, whatever its clock drifted.
        if at_ms is not None and at_ms <= self._greeted_ms:
            return Happening(origin=origin, happened_at_ms=at_ms)
        return Happening(origin=origin, happened_at_ms=self._greeted_ms, at_latest=True)

    def _node_event(
        self,
        kind: Kind,
        origin: str,
        at: Moment,
        facts: dict[str, Json],
        board_ms: int | None = None,
    ) -> Event:
        return Event(
            kind=kind,
            origin=origin,
            happened_at_ms=at.wall_ms,
            facts={"board": self.board, "place": self.place, **facts},
            board_ms=board_ms,
        )
