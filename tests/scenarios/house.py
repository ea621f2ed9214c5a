"""One farm's node in virtual time and in this process: real store, folds, chimes and ledgers.

Nothing sleeps.  The custody thread is the daemon's own; it runs only while ``fold`` waits for
it, so that a story takes the same course each time.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sqlalchemy import Engine

from fognode.boards import progress
from fognode.boards.lines import Lines
from fognode.boards.link import Clock
from fognode.config import Config
from fognode.daemon.chimes import Chimes
from fognode.daemon.folds import FOLDED, fresh_folds
from fognode.daemon.followers import Due, Followers, Step
from fognode.daemon.hours import Hours
from fognode.daemon.shelf import Shelf
from fognode.events import Event, Json, Kind, Row
from fognode.hashing import Stamp, freeze
from fognode.ledgers.evm import ChainNode
from fognode.ledgers.outbox import Lane
from fognode.store.engines import open_engine
from fognode.store.photos import Photos
from fognode.store.reader import Reader
from fognode.store.samples import hour_origin, open_samples
from fognode.store.sealing import seal_request
from fognode.store.vault import open_vault
from fognode.store.writer import Writer
from fognode.trial.chains import TrialChains
from tests.scenarios.line import Board, Line, Time

PATIENCE_S = 20.0  # of real time: a fold that hangs fails the story
PASSES = 400  # of both ledgers' lanes, until nothing is owed
HOUR_MS = 3_600_000
SAMPLE_DAYS = 90


class Bell(threading.Event):
    """The custody thread's nudge: where it would rest, the story goes on."""

    def __init__(self) -> None:
        super().__init__()
        self._go, self._rests = threading.Semaphore(0), threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        if timeout:
            self._rests.release()
            self._go.acquire()
        return True

    def turn(self) -> bool:
        """Let the thread run until it rests; tell whether it did in time."""
        self._go.release()
        return self._rests.acquire(timeout=PATIENCE_S)

    def end(self) -> None:
        self._go.release()

    def begun(self) -> bool:
        return self._rests.acquire(timeout=PATIENCE_S)


class Life:
    """One life of the node, from its start to a power cut: all that is memory."""

    def __init__(self, house: "House") -> None:
        self._house, self._stop, self.bell = house, threading.Event(), Bell()
        self.reach = progress.Progress()
        self.error: BaseException | None = None
        self.followers = Followers(
            house.reader, house.keep, self._fresh, self.bell, house.time.wall_ms
        )
        self.followers.folded = FOLDED
        self.chimes = Chimes(house.reader.newest, house.keep, house.config.zone)
        self.shelf = Shelf(self._is_summed, house.time.mono_ms)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._check(self.bell.begun())
        clock = Clock(wall_ms=house.time.wall_ms, mono_ms=house.time.mono_ms)
        self.said: list[Event] = []
        self._lines = Lines(house.config, self._offer, self._reached, clock, self.shelf.put)
        lanes = self._lines._ground.lanes
        self.lines = {
            name: Line(board, lanes[name], house.time) for name, board in house.boards.items()
        }
        self.ledgers = [
            Lane(chain, house.nodes[chain.name], house.reader, house.keep)
            for chain in house.config.chains
        ]

    def _offer(self, event: Event, done: Callable[[int], None]) -> bool:
        self.said.append(event)
        return True

    def _fresh(self) -> tuple[Sequence[Step], Due]:
        return fresh_folds(self._house.config, self._note)

    def _note(self, reach: progress.Progress) -> None:
        self.reach = reach

    def _reached(self, board: str) -> tuple[int, int]:
        return self.reach.of(board)

    def _is_summed(self, board: str, begin_ms: int) -> bool:
        return self._house.reader.by_origin(hour_origin(board, begin_ms)) is not None

    def _run(self) -> None:
        try:
            self.followers.run(self._stop)
        except BaseException as error:  # noqa: BLE001 - told to the story, which fails with it
            self.error = error
            self.bell._rests.release()

    def _check(self, in_time: bool) -> None:
        if self.error is not None:
            raise self.error
        assert in_time, "the custody thread does not come to rest"

    def fold(self) -> None:
        """Fold all that is stored, and what time alone brings by now."""
        self._check(self.bell.turn())

    def listen(self) -> None:
        """Let every board speak, keep what it tells, acknowledge it."""
        for line in self.lines.values():
            line.listen()
        self._lines.poll()
        self.keep_owed()

    def keep_owed(self) -> None:
        owed = [one for line in self.lines.values() for one in line.owed]
        events = [*(one.event for one in owed), *self.said]
        if events:
            self._house.keep(events)
        self.said.clear()
        for one in owed:
            if one.kept:
                one.kept()
        for line in self.lines.values():
            line.owed.clear()
            line.answer()

    def end(self) -> None:
        """Forget everything, as a power cut does."""
        self._stop.set()
        self.bell.end()
        self._thread.join(PATIENCE_S)


class House:
    """The farm's box: its database, its boards, and the life it leads now."""

    def __init__(
        self,
        config: Config,
        chains: TrialChains,
        nodes: Mapping[str, ChainNode],
        sensors: Mapping[str, str],
    ) -> None:
        """Start the node.

        Args:
            config: With a database that is there and empty.
            chains: Both chains of a trial.
            nodes: Our nodes of them, by name.
            sensors: Of each board, as "L1 C1".
        """
        self.config, self.chains, self.nodes, self.time = config, chains, nodes, Time()
        self._engines = open_engine(config, "reader"), open_engine(config, "writer")
        self.reader = Reader(self._engines[0])
        self.writer = Writer(self._engines[1], self.reader)
        self.boards = {
            board.id: Board(board.id, self.time, frozenset(sensors[board.id].split()))
            for board in config.boards
        }
        self.photos = Photos(
            config.folder,
            partial(open_vault, config),
            self.reader,
            self.keep,
            self.time.wall_ms,
        )
        self._lives = 0
        self.life: Life | None = None
        self.start()

    # --- life ------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin a life: nothing is known but what is stored."""
        self._lives += 1
        self.life = Life(self)
        origin, at_ms = f"n/start/{self._lives}", self.time.now_ms
        self.keep([Event(kind=Kind.NODE_STARTED, origin=origin, happened_at_ms=at_ms)])
        self.live()

    def stop(self) -> None:
        """End the life at once."""
        if self.life is not None:
            self.life.end()
        self.life = None

    def close(self) -> None:
        self.stop()
        self.writer.close()
        for engine in self._engines:
            engine.dispose()

    @property
    def engine(self) -> Engine:
        """Of the reading account."""
        return self._engines[0]

    def live(self) -> None:
        """Do all that is due now: boards, folds, the hour."""
        if self.life is None:
            for board in self.boards.values():
                board.speak()  # to nobody
            return
        self.life.listen()
        self.life.chimes.pass_once(self.time.now_ms)
        self.life.fold()

    def keep(self, events: Sequence[Event], rows: Sequence[Row] = ()) -> list[int]:
        stamp = Stamp(
            farm=self.config.farm.id,
            boot_id=f"life-{self._lives}",
            mono_ms=self.time.mono_ms(),
            recorded_at_ms=self.time.now_ms,
            clock_ok=True,
        )
        return self.writer.keep([freeze(event, stamp) for event in events], rows)

    def declare(self, kind: str, facts: Mapping[str, Json], request_id: str) -> int:
        """Keep what was declared and checked, as the node does; return its seq."""
        sealed = seal_request(self.photos, kind, facts)
        at_ms = self.time.now_ms
        event = Event(kind=kind, origin=f"q/{request_id}", happened_at_ms=at_ms, facts=sealed)
        (seq,) = self.keep([event])
        self.live()
        return seq

    # --- hours of raw readings ----------------------------------------------------------------

    def sum_hours(self) -> None:
        """Keep the samples that wait, and sum the hours that are over."""
        assert self.life is not None
        shelf, engine = self.life.shelf, self._engines[0]
        hours = Hours(
            self.reader,
            partial(open_samples, engine),
            shelf,
            self.keep,
            lambda job: job(self.writer),
        )
        shelf.keep(partial(self.writer.keep, []), at_end=True)
        hours.run(self.time.now_ms, SAMPLE_DAYS)
        self.life.fold()

    # --- ledgers ------------------------------------------------------------------------------

    def settle_ledgers(self) -> None:
        """Let both lanes pass until nothing is owed to a chain any more."""
        assert self.life is not None
        for _ in range(PASSES):
            self.time.now_ms += 2_000
            busy = [lane.pass_once(self.time.now_ms) for lane in self.life.ledgers]
            self.life.fold()
            if not any(busy):
                return
        raise AssertionError("the ledgers do not come to rest")
