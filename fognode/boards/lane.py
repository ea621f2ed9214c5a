"""One board's conversation, whatever port it speaks on: order, gaps, repeats, hellos.

No I/O and no clock.  Owned by the line thread that holds the board; ``status`` may be read by
any.  Rules of delivery (docs/protocol.md):

- Events are handed up strictly in order.  One that is ahead is left on the board, and the
  board is asked again: it then sends all it holds, oldest first.
- Acknowledged is only the highest count kept without a gap, after COMMIT.
- A gap is given up when two answers in a row begin above it, each heard without a damaged
  frame before its first event: then the board itself no longer has what is missing.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from fognode.boards import meaning, wire
from fognode.boards.meaning import Happening, Speaker
from fognode.boards.readings import readings_text
from fognode.errors import MeaningError
from fognode.events import Event, Json, Kind, Row, RowValues
from fognode.hashing import canonical_bytes, sha256

MOST_WAITING = 64  # events handed up and not yet kept; a board holds fewer
REMEMBERED = 128  # newest events whose content is compared with a repeat


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


@dataclass(slots=True)
class Lane:
    """State of the conversation with one configured board."""

    board: str
    place: str
    counts_per_kg: int
    progress: Callable[[str], tuple[int, int]]  # widened boot and count kept, (0, 0) = none
    keep_sample: Callable[[Row], None] = lambda _row: None  # takes it or drops it, at once
    counters: Counters = field(default_factory=Counters)
    heard: Moment | None = None
    hello: wire.Hello | None = None  # None = must introduce itself (again)
    sensors: dict[str, wire.Declare] = field(default_factory=dict)
    values: dict[str, tuple[int, int]] = field(default_factory=dict)  # sensor: value, mono_ms
    boot: int = -1  # widened; -1 = progress not yet asked for
    kept: int = 0  # highest count known to be kept without a gap
    ask: bool = False  # a Q is wanted
    ack: bool = False  # an A is wanted
    # Filled by the store thread, emptied by the line thread that holds the board by then:
    # the board may have changed ports between an event and its COMMIT.
    settled: deque[Callable[[], None]] = field(default_factory=deque)
    _offered: int = 0  # highest count handed up, or given up
    _waiting: dict[int, bool] = field(default_factory=dict)  # count: kept?
    _told: dict[int, wire.BoardEvent] = field(default_factory=dict)
    _newest: tuple[int, int] | None = None  # wall_ms and board ms of one arrival, this boot
    _greeted: int = -1  # start whose hello was handed up
    _clean: bool = False  # no event and no damage since the last hello
    _doubted: bool = False  # one clean answer already began above the gap
    _starved: bool = False  # left something on the board because too much waits
    _lost_waits: bool = False
    _contradiction_waits: bool = False

    @property
    def ready(self) -> bool:
        """Whether the board has said who it is and which sensors it has."""
        return self.hello is not None and len(self.sensors) >= self.hello.declares

    @property
    def waiting(self) -> int:
        """How many events are handed up and not yet kept."""
        return len(self._waiting)

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
        """Return plain boot and seq of the newest acknowledgement, or None when there is none."""
        if self.hello is None or self.kept == 0:
            return None
        return self.hello.boot, meaning.plain_seq(self.kept)

    def hear(self, frame: wire.Frame, at: Moment) -> list[Owed]:
        """Take one frame of this board; return the events to hand up, in order."""
        owed = self._greet(frame, at) if isinstance(frame, wire.Hello) else []
        self.heard = at
        if self.hello is None or frame.boot != self.hello.boot:
            # A start whose hello was missed.  The board keeps its events; ask.
            self.ask = True
            return owed
        if self._newest is None or meaning.ms_ahead(frame.ms, self._newest[1]) >= 0:
            self._newest = (at.wall_ms, frame.ms)
        match frame:
            case wire.Declare():
                self._declare(frame)
            case wire.BoardEvent():
                owed += self._event(frame)
            case wire.Heartbeat():
                owed += self._beat(frame, at)
            case wire.Sample():
                self._sample(frame, at)
            case _:
                pass
        return owed + self._introduce(at)

    # --- hello ---------------------------------------------------------------------------

    def _greet(self, hello: wire.Hello, at: Moment) -> list[Owed]:
        if self.boot < 0:
            self.boot, self.kept = self.progress(self.board)
            self._offered = self.kept
        before = self.boot
        self.boot = meaning.wide_boot(before, hello.boot)
        # The same start cannot be younger than it was.
        if self.boot == before and self._newest is not None:
            self.boot += meaning.BOOTS * (meaning.ms_ahead(hello.ms, self._newest[1]) < 0)
        if self.boot != before:
            self._begin_boot()
        self.hello, self.sensors = hello, {}
        self._clean = True
        self.ask = False
        if before // meaning.BOOTS == self.boot // meaning.BOOTS:
            return []
        facts: dict[str, Json] = {
            "what": "boot_went_back",
            "boot": self.boot,
            "boot_before": before,
        }
        origin = f"n/board_contradicts/{self.board}/{self.boot}"
        return [Owed(self._node_event(Kind.BOARD_CONTRADICTS, origin, at, facts))]

    def _begin_boot(self) -> None:
        self.kept = self._offered = 0
        self._waiting.clear()
        self._told.clear()
        self._newest = None
        self._doubted = self._lost_waits = self._contradiction_waits = False
        self.counters.lost = 0

    def _declare(self, frame: wire.Declare) -> None:
        if self.hello is None or self.ready:
            return
        self.sensors[frame.sensor] = frame
        if len(self.sensors) == self.hello.declares:
            self.values = {name: self.values[name] for name in self.sensors if name in self.values}

    def _introduce(self, at: Moment) -> list[Owed]:
        if self.hello is None or not self.ready or self._greeted == self.boot:
            return []
        self._greeted = self.boot
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
        return [Owed(self._node_event(Kind.BOARD_HELLO, origin, at, facts))]

    # --- events --------------------------------------------------------------------------

    def _event(self, frame: wire.BoardEvent) -> list[Owed]:
        is_first, self._clean = self._clean, False
        if not self.ready:
            self.ask = True
            return []
        count = meaning.wide_count(self._offered, frame.seq)
        if count <= self._offered:
            return self._repeat(count, frame)
        if len(self._waiting) >= MOST_WAITING:
            self._starved = True
            return []
        if count == self._offered + 1:
            self._doubted = False
            return [self._take(count, frame)]
        if not (is_first and self._doubted):
            self._doubted = self._doubted or is_first
            self.ask = True
            return []
        self._doubted = False
        return [self._give_up(count - 1), self._take(count, frame)]

    def _take(self, count: int, frame: wire.BoardEvent) -> Owed:
        self._told[count] = frame
        if len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]
        speaker = Speaker(
            board=self.board,
            place=self.place,
            counts_per_kg=self.counts_per_kg,
            sensors=self.sensors,
        )
        happening = Happening(
            origin=f"b/{self.board}/{self.boot}/{count}", happened_at_ms=self._time_of(frame)
        )
        try:
            event = meaning.to_event(frame, speaker, happening)
        except MeaningError as error:
            self.counters.rejected += 1
            event = meaning.rejected(frame, speaker, happening, error)
        return self._handed_up(count, event)

    def _give_up(self, last: int) -> Owed:
        first = self._offered + 1
        self.counters.gaps += last - first + 1
        at_ms = self._newest[0] if self._newest else 0
        event = Event(
            kind=Kind.BOARD_GAP,
            origin=f"n/board_gap/{self.board}/{self.boot}/{first}-{last}",
            happened_at_ms=at_ms,
            facts={
                "board": self.board,
                "place": self.place,
                "boot": self.boot,
                "from_count": first,
                "to_count": last,
                "missing": last - first + 1,
            },
        )
        return self._handed_up(last, event)

    def _handed_up(self, count: int, event: Event) -> Owed:
        self._offered = count
        self._waiting[count] = False
        return Owed(event, partial(self._settle, self.boot, count))

    def _settle(self, boot: int, count: int) -> None:
        if boot != self.boot or count not in self._waiting:
            return
        self._waiting[count] = True
        for oldest in list(self._waiting):
            if not self._waiting[oldest]:
                break
            del self._waiting[oldest]
            self.kept = oldest
            self.ack = True
        if self._starved and len(self._waiting) < MOST_WAITING // 2:
            self._starved = False
            self.ask = True

    def _repeat(self, count: int, frame: wire.BoardEvent) -> list[Owed]:
        self.counters.repeated += 1
        first = self._told.get(count)
        if first is None or first == frame:
            self.ack = self.ack or count <= self.kept
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
        event = Event(
            kind=Kind.BOARD_CONTRADICTS,
            origin=f"b/{self.board}/{self.boot}/{count}/x/{mark}",
            happened_at_ms=self._time_of(frame),
            facts=facts,
            board_ms=frame.ms,
        )
        return [Owed(event, self._contradiction_kept)]

    def _contradiction_kept(self) -> None:
        self._contradiction_waits = False
        self.ack = True

    # --- heartbeat and samples -----------------------------------------------------------

    def _beat(self, frame: wire.Heartbeat, at: Moment) -> list[Owed]:
        # Again and again: repairs a lost acknowledgement and tells the board we live.
        self.ack = True
        if not self.ready:
            self.ask = True
        if frame.lost <= self.counters.lost or self._lost_waits:
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
        if not (self.ready and plausible):
            return  # what is not declared has no unit
        values: RowValues = {
            "board": self.board,
            "at_ms": at.wall_ms,
            "board_ms": frame.ms,
            "boot": self.boot,
            "readings": readings_text(plausible),
        }
        self.keep_sample(Row(table="sample", values=values))

    # --- shared --------------------------------------------------------------------------

    def _time_of(self, frame: wire.BoardEvent) -> int:
        # hear() has set _newest: at the latest this very frame is the newest.
        wall_ms, board_ms = self._newest or (0, frame.ms)
        return meaning.happened_at_ms(wall_ms, board_ms, frame.ms)

    def _node_event(self, kind: Kind, origin: str, at: Moment, facts: dict[str, Json]) -> Event:
        return Event(
            kind=kind,
            origin=origin,
            happened_at_ms=at.wall_ms,
            facts={"board": self.board, "place": self.place, **facts},
        )
