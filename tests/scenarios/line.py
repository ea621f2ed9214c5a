"""A board and its line in virtual time: recorded frames in, acknowledgements back.

The board is the recorded firmware (fognode/trial/player.py); splitter and lane are those of the
node.  What is here is the turn of boards/link.py without port and clock.
"""

from collections import deque
from dataclasses import replace

from fognode.boards import wire
from fognode.boards.lane import Lane
from fognode.boards.told import Moment, Owed
from fognode.errors import FrameError
from fognode.trial.player import RECORDING, Player, Row, World, read_recording

START_MS = 1_772_395_200_000  # 2026-03-01T20:00Z, 17:00 in Sao Paulo
ASK_MS = 1_000  # between two queries, as boards/link.py
ROWS = read_recording(RECORDING.read_text(encoding="ascii"))
SENSED = {  # what is done to a board -> the sensor that notices
    "door_open": "L1",
    "door_close": "L1",
    "shake": "V1",
    "stay": "D1",
    "weight": "W1",
    "tag_in": "C1",
    "tag_out": "C1",
    "badge": "C1",
}


class Time:
    """The one clock of a story; only the story moves it."""

    def __init__(self) -> None:
        self.now_ms = START_MS
        self.summing = False  # raw readings are kept and summed by the hour

    def wall_ms(self) -> int:
        return self.now_ms

    def mono_ms(self) -> int:
        return self.now_ms - START_MS + 3_600_000


def rows_of(sensors: frozenset[str]) -> dict[str, list[Row]]:
    """Return the recording of a board that has only these sensors."""
    hello, *declared = ROWS["hello"]
    there = [row for row in declared if row.fields[0] in sensors]
    first = replace(hello, fields=(*hello.fields[:-1], str(len(there))))
    return ROWS | {"hello": [first, *there]}


class Board:
    """A board on its cable; ``World`` is what its sensors see, and outlives a restart of it."""

    def __init__(self, name: str, time: Time, sensors: frozenset[str]) -> None:
        self.name, self.sensors, self.world = name, sensors, World()
        self._time, self._rows, self._boot = time, rows_of(sensors), 0
        self.said: list[bytes] = []  # all it ever sent, for playing it again
        self.cut = False  # its cable is out: nothing passes, either way
        self.reset()

    def reset(self) -> None:
        """Start it anew, as after a power cut: what was not acknowledged is lost."""
        self._boot += 1
        self._started_ms = self._time.now_ms
        self.player = Player(self.name, self._boot, self._rows, self.world)

    @property
    def now_ms(self) -> int:
        return self._time.now_ms - self._started_ms

    def act(self, verb: str, operand: str = "") -> None:
        """Let something happen in front of its sensors; one that is not there sees nothing."""
        if SENSED[verb] in self.sensors:
            assert self.player.act(self.now_ms, verb, operand), f"{verb} {operand} cannot be"

    def next_ms(self) -> int:
        """Return when it will tell of something next, 0 = of nothing that is known now."""
        planned = [at_ms for at_ms, _, _ in self.player._planned]
        return self._started_ms + min(planned) if planned else 0

    def speak(self) -> bytes:
        told = self.player.step(self.now_ms).encode()
        self.said.append(told)
        return b"" if self.cut else told

    def hear(self, order: bytes) -> None:
        if not self.cut:
            self.player.hear(self.now_ms, order)


class Line:
    """The node's end of one cable."""

    def __init__(self, board: Board, lane: Lane, time: Time) -> None:
        self._board, self._lane, self._time = board, lane, time
        self._splitter = wire.Splitter()
        self._asked_mono_ms = -ASK_MS
        self.owed: deque[Owed] = deque()

    def listen(self, piece: bytes | None = None) -> None:
        """Take in what the board says now, or ``piece`` instead."""
        at = Moment(wall_ms=self._time.wall_ms(), mono_ms=self._time.mono_ms())
        for told in self._splitter.feed(self._board.speak() if piece is None else piece):
            if isinstance(told, FrameError):
                self._lane.noise()
            elif not isinstance(told, wire.Sample) or self._time.summing:
                self.owed.extend(self._lane.hear(told, at))

    def answer(self) -> None:
        """Acknowledge what is kept, or ask who is there."""
        self._lane.settle()
        if self._lane.ack:
            self._lane.ack = False
            if order := self._lane.order():
                self._board.hear(wire.ack(self._lane.board, *order))
        mono_ms = self._time.mono_ms()
        unsure = not self._lane.ready or self._lane.ask
        if unsure and mono_ms - self._asked_mono_ms >= ASK_MS:
            self._asked_mono_ms = mono_ms
            self._board.hear(wire.query(wire.ANY_BOARD, bytes(8)))
