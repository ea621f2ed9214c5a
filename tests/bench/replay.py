"""What it takes to fold a whole record again, and whether the tables come out the same.

A farm's years (season.py) are kept by the writer and folded by the daemon's custody thread as
they happen.  Then the daemon starts anew, and the tables are made again from the events alone.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from fognode.config import parse
from fognode.daemon.folds import FOLDED, fresh_folds
from fognode.daemon.followers import Due, Followers, Step
from fognode.daemon.rebuild import differences, fold_again
from fognode.events import Event, Outcome, Row
from fognode.hashing import Stamp, freeze
from fognode.store.reader import Reader
from tests.bench.effort import MILLION, Effort
from tests.bench.houses import BACKENDS, House, open_house
from tests.bench.season import BOARDS, ZONE, Season
from tests.bench.series import SEED

HEARD_MS, QUIET_MS = 50, 15_000  # from a happening to its record; and until all is judged
ACCOUNT = "0x" + "11" * 20
CHAIN = {
    "url": "http://127.0.0.1:1",
    "contract": ACCOUNT,
    "code_hash": "00" * 32,
    "farm": ACCOUNT,
    "centre": "0x" + "22" * 20,
    "keystore": "none",
}
FARM = parse(
    {
        "farm": {"id": "farm-7", "zone": str(ZONE)},
        "board": [{"id": board} for board in BOARDS.values()],
        "cabinet": [{"id": name, "board": board} for name, board in BOARDS.items()],
        "manager": [{"name": "Ana", "mail": "ana@farm.example"}],
        "chain": [
            {"name": "private", "chain_id": 1, **CHAIN},
            {"name": "public", "chain_id": 2, **CHAIN},
        ],
    }
)


def measure(effort: Effort) -> Iterator[dict[str, float]]:
    """Yield the rows of each database.

    Raises:
        AwayError: MariaDB is not installed, or did not start.
        StoreError: A database failed.
    """
    for backend in BACKENDS:
        with open_house(backend) as house:
            found = _replay(house, effort.events)
        yield {f"{name}_{backend}": value for name, value in found.items()}


def _replay(house: House, events: int) -> dict[str, float]:
    reader = Reader(house.reader)
    Life(house, reader, Season(Random(SEED)), events).run()
    begun = time.perf_counter()
    Life(house, reader, None, 0).run()
    restart_s = time.perf_counter() - begun
    begun, used_s = time.perf_counter(), time.process_time()
    rebuilt = fold_again(FARM, reader)
    took_s, used_s = time.perf_counter() - begun, time.process_time() - used_s
    odd = differences(reader, rebuilt)
    return {
        "replay": rebuilt.events / took_s,
        "replay_cpu": rebuilt.events / used_s,
        "replay_fold": rebuilt.events / rebuilt.fold_s,
        "replay_rows": sum(reader.count(table) for table in FOLDED),
        "replay_differ": sum(len(one.rows) + len(one.extra) for one in odd),
        "restart": restart_s / rebuilt.events * MILLION,
    }


@dataclass
class Life:
    """One life of the custody thread over a record; ``season`` goes on while it has nothing to do.

    It ends when the record has so many events, or at once without a season.
    """

    house: House
    reader: Reader
    season: Season | None
    events: int
    now_ms: int = 0  # of its clock
    kept: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    nudge: threading.Event = field(default_factory=threading.Event)
    beats: Iterator[list[Event]] = field(init=False)

    def __post_init__(self) -> None:
        """Let the season begin."""
        self.beats = self.season.beats() if self.season else iter(())

    def run(self) -> None:
        """Live, on this thread."""
        followers = Followers(self.reader, self._commit, self._fresh, self.nudge, self._clock)
        followers.folded = FOLDED
        followers.run(self.stop)

    def _fresh(self) -> tuple[Sequence[Step], Due]:
        steps, due = fresh_folds(FARM, lambda _reach: None)

        def due_or_next(at_ms: int) -> Outcome:
            outcome = due(at_ms)
            if not outcome.events and not outcome.rows:
                self._go_on()
            self.nudge.set()
            return outcome

        return steps, due_or_next

    def _clock(self) -> int:
        """Return a time when what happened last is over."""
        self.now_ms += QUIET_MS
        return self.now_ms

    def _go_on(self) -> None:
        beat = next(self.beats, None) if self.kept < self.events else None
        if beat is None:
            self.stop.set()
            return
        self.house.writer.keep([self._frozen(event) for event in beat])
        self.kept += len(beat)

    def _commit(self, events: Sequence[Event], rows: Sequence[Row]) -> list[int]:
        seqs = self.house.writer.keep([self._frozen(event) for event in events], rows)
        self.kept += len(events)
        if self.season:
            for event in events:
                self.season.hear(event)
        return seqs

    def _frozen(self, event: Event) -> bytes:
        self.now_ms = max(self.now_ms, event.happened_at_ms + HEARD_MS)
        stamp = Stamp(
            farm="farm-7",
            boot_id="5f3a9c0e",
            mono_ms=self.now_ms,
            recorded_at_ms=self.now_ms,
            clock_ok=True,
        )
        return freeze(event, stamp)
