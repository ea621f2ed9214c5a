"""A board inside the node: sensors on its own pins or ports, heard as any other board is.

It speaks to its Lane in frames, keeps each event until the Lane acknowledges it, and tells all
of it again when asked; so order, repeats, gaps and what cannot be are judged where those of
real boards are.  Its events are in memory only: what is not durable when the power fails is
gone, and that is what a board without a spill loses too.

No port and no thread: who owns the sensors calls ``turn`` again and again, on one thread.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from fognode.boards import wire
from fognode.boards.delivery import MOST_WAITING
from fognode.boards.link import Ground
from fognode.boards.meaning import FAULT, MS_SPAN, SEQS
from fognode.boards.told import Owed

KEPT = 1_000  # events; then the oldest is given up and counted, as on a board
BEAT_MS = 5_000
SAMPLE_MS = 1_000
VERSION = "fog"
WORKS, ABSENT, STUCK, CROWDED = 0, -1, -2, -3  # codes of the word "fault" (docs/protocol.md)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """One sensor as its D line declares it."""

    name: str
    type: str
    unit: str
    period_ms: int


class Wired:
    """The board; ``port`` is what the page shows in place of a serial port."""

    unknown = 0

    def __init__(
        self, port: str, kind: str, sensors: Sequence[Sensor], board: str, ground: Ground
    ) -> None:
        """Take the lane of a configured board; nothing is told before the first ``turn``.

        Whoever says to be this board on a line then counts as a second one.
        """
        ground.holders[board] = port
        self.port, self.lane = port, ground.lanes[board]
        self.is_open = True
        self.frames = self.bad_frames = 0
        self.lost = 0  # events given up, at most 65535
        self._kind, self._sensors = kind, tuple(sensors)
        self._clock, self._offer = ground.clock, ground.offer
        self._boot = 0  # 0 = the record was not asked yet
        self._began_ms = self._clock.mono_ms()
        self._seq = 0
        self._held: dict[int, wire.BoardEvent] = {}  # by seq, oldest first
        self._fresh: deque[int] = deque()  # of them, not told since the last hello
        self._owed: deque[Owed] = deque()
        self._faults: dict[str, int] = {}
        self._values: dict[str, int] = {}
        self._beat_ms = self._sample_ms = 0

    def ms(self, mono_ms: int | None = None) -> int:
        """Return the board's own clock at a monotonic time, None = now."""
        at_ms = self._clock.mono_ms() if mono_ms is None else mono_ms
        return (at_ms - self._began_ms) % MS_SPAN

    @property
    def held(self) -> int:
        """How many events are not acknowledged."""
        return len(self._held)

    def happen(self, sensor: str, word: str, value: str, ms: int | None = None) -> None:
        """Keep an event until it is acknowledged; ``ms`` is when by ``ms()``, None = now."""
        if not self._boot:
            self._start()
        self._seq = self._seq % SEQS + 1
        self._held[self._seq] = wire.BoardEvent(
            board=self.lane.board,
            boot=self._boot,
            ms=self.ms() if ms is None else ms,
            seq=self._seq,
            sensor=sensor,
            word=word,
            value=value,
        )
        self._fresh.append(self._seq)
        if len(self._held) > KEPT:
            del self._held[next(iter(self._held))]
            self.lost = min(self.lost + 1, wire.U16)

    def fault(self, sensor: str, code: int, ms: int | None = None) -> bool:
        """Tell a fault or its end (``WORKS``) once; return whether it is news."""
        if self._faults.get(sensor, WORKS) == code:
            return False
        self._faults[sensor] = code
        if code != WORKS:
            self._values.pop(sensor, None)
        self.happen(sensor, FAULT, str(code), ms)
        return True

    def reads(self, sensor: str, value: int) -> None:
        """Note the newest reading; it goes into the next sample."""
        self._values[sensor] = value

    def turn(self) -> None:
        """Tell the lane what is new and hand up what it owes; waits for the store 0.5 s at most."""
        lane = self.lane
        lane.settle()
        if lane.ack:
            lane.ack = False
            self._forget()
        if not self._hand_up():
            lane.heard = self._clock.now()  # not speaking is the store's doing
            return
        if not self._boot:
            self._start()
        if lane.hello is None or lane.ask:
            self._introduce()
        while self._fresh and lane.waiting < MOST_WAITING:
            if (event := self._held.get(self._fresh.popleft())) is not None:
                self._tell(event)
        self._tell_now_and_then()
        self._hand_up()

    # --- frames --------------------------------------------------------------------------

    def _start(self) -> None:
        """Begin the start after the newest one in the record."""
        known = self.lane.boot if self.lane.boot >= 0 else self.lane.progress(self.lane.board)[0]
        self._boot = known % (wire.U16 + 1) % wire.U16 + 1

    def _introduce(self) -> None:
        board, boot, ms = self.lane.board, self._boot, self.ms()
        self._tell(
            wire.Hello(
                board=board,
                boot=boot,
                ms=ms,
                protocol=wire.PROTOCOL,
                kind=self._kind,
                version=VERSION,
                declares=len(self._sensors),
            )
        )
        for one in self._sensors:
            self._tell(
                wire.Declare(
                    board=board,
                    boot=boot,
                    ms=ms,
                    sensor=one.name,
                    type=one.type,
                    unit=one.unit,
                    period_ms=one.period_ms,
                )
            )
        self._fresh = deque(self._held)

    def _tell_now_and_then(self) -> None:
        ms, board, boot = self.ms(), self.lane.board, self._boot
        if self._values and ms - self._sample_ms >= SAMPLE_MS:
            self._sample_ms = ms
            values = tuple(self._values.items())
            self._tell(wire.Sample(board=board, boot=boot, ms=ms, values=values))
        if ms - self._beat_ms >= BEAT_MS:
            self._beat_ms = ms
            pending = min(self.held, wire.U16)
            self._tell(
                wire.Heartbeat(
                    board=board, boot=boot, ms=ms, pending=pending, lost=self.lost, free_bytes=0
                )
            )

    def _tell(self, frame: wire.Frame) -> None:
        self.frames += 1
        self._owed.extend(self.lane.hear(frame, self._clock.now()))

    def _forget(self) -> None:
        """Let go of everything up to the seq that the lane acknowledges."""
        order = self.lane.order()
        if order is None or order[0] != self._boot:
            return
        for seq in list(self._held):
            if (order[1] - seq) % SEQS >= SEQS // 2:
                break
            del self._held[seq]

    # --- to the store --------------------------------------------------------------------

    def _hand_up(self) -> bool:
        while self._owed:
            owed = self._owed[0]
            if not self._offer(owed.event, partial(self._committed, owed.kept)):
                return False
            self._owed.popleft()
        return True

    def _committed(self, kept: Callable[[], None] | None, _seq: int) -> None:
        if kept is not None:  # on the store thread: the next turn does the rest
            self.lane.settled.append(kept)
