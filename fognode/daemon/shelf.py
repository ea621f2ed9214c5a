"""Raw samples between the lines and the store: nobody waits for one, and none is acknowledged.

A line puts a sample here and goes on.  The store thread keeps them in batches, when nothing else
waits.  While boards tell of events a batch is kept each second; while all is quiet, each minute,
so that an idle cabinet does not wear out an SD card: a crash then loses a minute of readings in
which nothing happened.

What finds no room is dropped, the oldest first, and counted; an event ``samples_dropped`` tells
of it once it is over, or each hour.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fognode.events import Event, Kind, Row
from fognode.store.samples import hour_of

log = logging.getLogger(__name__)

ROOM = 7200  # samples: forty minutes of three boards while the database is away, 4 MB
BATCH = 200  # in one transaction
BUSY_MS, QUIET_MS = 1000, 60_000  # how long a sample may wait for its batch
BUSY_FOR_MS = 60_000  # after an event
PER_HOUR = 7200  # of one board; its firmware sends half of it
OVER_MS, LONG_MS = 60_000, 3_600_000  # a loss is told when it is over for, or lasts for, so long
KNOWN = 500  # hours of which it is remembered whether they are summed

AWAY, OFTEN, SUMMED, UNFIT = "database away", "sent too often", "hour already summed", "unfit"
Hour = tuple[str, int]  # board, begin in ms
KeepRows = Callable[[Sequence[Row]], object]


@dataclass(slots=True)
class _Loss:
    """Samples of one board dropped for one reason."""

    count: int
    from_ms: int  # UTC, of the samples
    to_ms: int
    began_mono_ms: int
    ended_mono_ms: int


def _mono_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class Shelf:
    """Takes samples on any thread; gives them away on the store thread."""

    def __init__(
        self, is_summed: Callable[[str, int], bool], mono_ms: Callable[[], int] = _mono_ms
    ) -> None:
        """``is_summed`` tells whether the record already sums an hour; it may raise StoreError."""
        self._is_summed, self._mono_ms = is_summed, mono_ms
        self._lock = threading.Lock()  # of what lines and the store share; never held for long
        self._waiting: deque[Row] = deque()
        self._since_mono_ms = 0  # the oldest of them waits since then
        self._stirred_mono_ms = -BUSY_FOR_MS
        self._taken: dict[str, tuple[int, int]] = {}  # board: hour, how many were taken in it
        self._losses: dict[tuple[str, str], _Loss] = {}  # board, reason
        self._keeping = threading.Lock()  # of what follows; held until a batch is committed
        self._batch: list[Row] = []  # taken for a transaction that has not succeeded yet
        self._summed: dict[Hour, bool] = {}

    def put(self, row: Row) -> None:
        """Take a sample, or drop it; never waits for the store.  Any thread."""
        board, hour_ms = _hour(row)
        with self._lock:
            last_ms, count = self._taken.get(board, (hour_ms, 0))
            count = count if last_ms == hour_ms else 0
            if count >= PER_HOUR:
                self._lose(row, OFTEN)
                return
            self._taken[board] = hour_ms, count + 1
            if not self._waiting:
                self._since_mono_ms = self._mono_ms()
            self._waiting.append(row)
            if len(self._waiting) > ROOM:
                self._lose(self._waiting.popleft(), AWAY)

    def stir(self) -> None:
        """Take note that something happens: what is read now is worth more."""
        self._stirred_mono_ms = self._mono_ms()

    def keep(self, keep_rows: KeepRows, at_end: bool = False) -> bool:
        """Keep one batch, if it is time for one; return whether another is due at once.

        Raises:
            StoreError: The database is away; the batch is offered again at the next call.
        """
        with self._keeping:
            if not self._batch:
                self._batch = self._next_batch(at_end)
            late = [row for row in self._batch if self._is_late(row)]
            rows = [row for row in self._batch if not self._is_late(row)]
            try:
                if rows:
                    keep_rows(rows)
            except ValueError:
                log.exception("event=samples_unfit count=%d", len(rows))
                self._drop(rows, UNFIT)
            self._drop(late, SUMMED)
            self._batch = []
        return self._is_due(at_end)

    def close_hour(self, board: str, begin_ms: int) -> None:
        """Add nothing to an hour from now on: it is about to be summed."""
        with self._keeping:
            self._remember((board, begin_ms), is_summed=True)

    def oldest_at_ms(self) -> int | None:
        """Return the time of the oldest sample that is not kept yet, None when all are."""
        with self._keeping, self._lock:
            return min((_at_ms(row) for row in (*self._batch, *self._waiting)), default=None)

    def losses(self, at_end: bool = False) -> list[Event]:
        """Return events of what was dropped: over by now, or lasting for long; each once.

        ``at_end``: what still waits is given up, and all that was dropped is told.
        """
        if at_end:
            with self._keeping:
                left, self._batch = self._batch, []
            with self._lock:
                left += self._waiting
                self._waiting.clear()
            self._drop(left, AWAY)
        now_ms = self._mono_ms()
        with self._lock:
            told = {
                key: loss
                for key, loss in self._losses.items()
                if at_end
                or now_ms - loss.ended_mono_ms >= OVER_MS
                or now_ms - loss.began_mono_ms >= LONG_MS
            }
            for key in told:
                del self._losses[key]
        return [_event(board, reason, loss) for (board, reason), loss in told.items()]

    def _is_due(self, at_end: bool) -> bool:
        with self._lock:
            if not self._waiting or len(self._waiting) >= BATCH or at_end:
                return bool(self._waiting)
            now_ms = self._mono_ms()
            is_busy = now_ms - self._stirred_mono_ms < BUSY_FOR_MS
            return now_ms - self._since_mono_ms >= (BUSY_MS if is_busy else QUIET_MS)

    def _next_batch(self, at_end: bool) -> list[Row]:
        if not self._is_due(at_end):
            return []
        with self._lock:
            self._since_mono_ms = self._mono_ms()
            return [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]

    def _is_late(self, row: Row) -> bool:
        hour = _hour(row)
        if hour not in self._summed:
            self._remember(hour, self._is_summed(*hour))
        return self._summed[hour]

    def _remember(self, hour: Hour, is_summed: bool) -> None:
        self._summed[hour] = is_summed
        if len(self._summed) > KNOWN:
            del self._summed[next(iter(self._summed))]

    def _drop(self, rows: Sequence[Row], reason: str) -> None:
        with self._lock:
            for row in rows:
                self._lose(row, reason)

    def _lose(self, row: Row, reason: str) -> None:
        at_ms, now_ms = _at_ms(row), self._mono_ms()
        key = _hour(row)[0], reason
        loss = self._losses.setdefault(key, _Loss(0, at_ms, at_ms, now_ms, now_ms))
        loss.count += 1
        loss.from_ms, loss.to_ms = min(loss.from_ms, at_ms), max(loss.to_ms, at_ms)
        loss.ended_mono_ms = now_ms


def _at_ms(row: Row) -> int:
    return int(row.values["at_ms"] or 0)


def _hour(row: Row) -> Hour:
    return str(row.values["board"]), hour_of(_at_ms(row))


def _event(board: str, reason: str, loss: _Loss) -> Event:
    return Event(
        kind=Kind.SAMPLES_DROPPED,
        origin=f"n/samples_dropped/{board}/{reason.replace(' ', '_')}/{loss.from_ms}",
        happened_at_ms=loss.to_ms,
        facts={
            "board": board,
            "reason": reason,
            "count": loss.count,
            "from_at_ms": loss.from_ms,
            "to_at_ms": loss.to_ms,
        },
    )
