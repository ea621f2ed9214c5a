"""One board's conversation, whatever port it speaks on: order, gaps, repeats, hellos.

No I/O and no clock.  Owned by the line thread that holds the board; ``status`` may be read by
any.  Rules of delivery (docs/protocol.md):

- In order, without a gap, acknowledged after COMMIT: delivery.py.
- Events of an earlier start come after the hello of this one, with that start's boot; they are
  ordered, kept and acknowledged by that start's own numbers.
- A start whose number was used before is in doubt until it tells what was not told before; of one
  whose number went back nothing is taken until then (replays.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from fognode.boards import meaning, wire
from fognode.boards.delivery import Delivery
from fognode.boards.readings import readings_text
from fognode.boards.replays import Kept, Memory, Suspect
from fognode.boards.starts import NO_PAST, Past, Start
from fognode.boards.told import Moment, Owed
from fognode.boards.watch import Seen
from fognode.errors import StoreError
from fognode.events import Row, RowValues


@dataclass(slots=True, kw_only=True)
class Lane(Delivery):
    """State of the conversation with one configured board."""

    progress: Callable[[str], tuple[int, int]]  # widened boot and count kept, (0, 0) = none
    keep_sample: Callable[[Row], None] = lambda _row: None  # takes it or drops it, at once
    past: Callable[[str, int], Past] = lambda _board, _boot: NO_PAST  # of an earlier start
    kept: Kept = lambda _origin: None  # the event of an origin
    values: dict[str, tuple[int, int]] = field(default_factory=dict)  # sensor: value, mono_ms
    # Of the watch: the newest reading that cannot be, and when.
    impossible: dict[str, tuple[int, int]] = field(default_factory=dict)
    boot: int = -1  # widened; -1 = progress not yet asked for
    _greeted: int = -1  # start whose hello was handed up
    _suspect: Suspect | None = None  # this start, while it may be a recording
    _lost_waits: bool = False

    def leave(self) -> None:
        """Forget who speaks: the port was closed, the next to speak must say hello."""
        self.hello = None
        self._clean = False

    def noise(self) -> None:
        """A damaged frame was heard: what it said is unknown."""
        self._clean = False

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
        return [Owed(self._tell.went_back(self.boot, before, at))]

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
        return [Owed(self._tell.replayed(frame, at))]

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
        ms = self._now.newest[1] if self._now.newest else None
        declared = self.sensors.values()
        return [Owed(self._tell.hello(self.boot, self.hello, declared, at, ms))]

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

    # --- heartbeat and samples -----------------------------------------------------------

    def _beat(self, frame: wire.Heartbeat, at: Moment) -> list[Owed]:
        # Again and again: repairs a lost acknowledgement and tells the board we live.
        self.ack = True
        if not self.ready:
            self.ask = True
        if frame.lost <= self.counters.lost or self._lost_waits or self._went_back:
            return []
        event = self._tell.lost(self.boot, frame.lost, self.counters.lost, at)
        self.counters.lost = frame.lost
        self._lost_waits = True  # one at a time, or days without a database would fill memory
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
