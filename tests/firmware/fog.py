"""The fog's end of a simulated board's line: a real lane over a record that survives it."""

from fognode.boards import wire
from fognode.boards.lane import Lane
from fognode.boards.progress import Progress, step
from fognode.boards.told import Moment, Owed
from fognode.errors import FrameError
from fognode.events import Event
from fognode.hashing import Stamp, freeze
from fognode.store.bodies import stored_event
from tests.firmware.conftest import Board

TURN_MS = 50
WALL_MS = 1_795_241_520_000  # at the simulated time 0


class Record:
    """What the store would hold: the bodies, and the reach of the boards by them."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.progress = Progress()

    def keep(self, event: Event, wall_ms: int) -> None:
        stamp = Stamp(
            farm="farm-7", boot_id="a" * 32, clock_ok=True, mono_ms=1, recorded_at_ms=wall_ms
        )
        self.events.append(event)
        told = stored_event(len(self.events), bytes(16), freeze(event, stamp))
        step(self.progress, told)

    def origins(self, head: str = "b/") -> list[str]:
        return [event.origin for event in self.events if event.origin.startswith(head)]

    def of_kind(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]


class Fog:
    """One run of the daemon, as far as one board sees it; ``Record`` is all that outlives it."""

    def __init__(self, board: Board, record: Record) -> None:
        self._board, self.record = board, record
        self._splitter = wire.Splitter()
        self._read = len(board.log.read_bytes())
        self.lane = Lane(
            board="cab01",
            place="shed",
            counts_per_kg=40_000,
            progress=record.progress.of,
            past=record.progress.past,
        )
        self.orders: list[bytes] = []
        self.now_ms = 0

    def serve(self, ms: int) -> None:
        """Let board and fog live for so long, talking."""
        for _ in range(0, ms, TURN_MS):
            self.now_ms = self._board.sim.run(TURN_MS)
            self._listen()
            self._answer()

    def board_restarted(self) -> None:
        """Its log begins anew after a power cut."""
        self._read = 0
        self._splitter = wire.Splitter()

    def follow(self, board: Board) -> None:
        """Another image runs behind the same line."""
        self._board = board
        self.lane.leave()
        self.board_restarted()

    def _listen(self) -> None:
        said = self._board.log.read_bytes()[self._read :]
        self._read += len(said)
        self.hear(said)

    def hear(self, said: bytes) -> None:
        """Take what comes on the line, whoever says it."""
        at = Moment(wall_ms=WALL_MS + self.now_ms, mono_ms=self.now_ms)
        for frame in self._splitter.feed(said):
            if isinstance(frame, FrameError):
                self.lane.noise()
                continue
            for owed in self.lane.hear(frame, at):
                self._keep(owed)

    def _keep(self, owed: Owed) -> None:
        self.record.keep(owed.event, WALL_MS + self.now_ms)
        if owed.kept:
            owed.kept()

    def _answer(self) -> None:
        if self.lane.ask or not self.lane.ready:
            self._send(wire.query("any", bytes(8)))
        while self.lane.ack:
            self.lane.ack = False
            if order := self.lane.order():
                self._send(wire.ack("cab01", *order))

    def _send(self, order: bytes) -> None:
        self.orders.append(order)
        self._board.do(f"uart {order.decode().strip()}")
        self._board.sim.run(20)  # as the line thread: a frame, then a pause
