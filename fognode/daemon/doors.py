"""The two doors to the store thread.

``offer`` is for boards: ``done`` is called once the event is durable in the spool, database or
not.  ``commit`` and its like are for all other threads: they return after COMMIT in the
database, or raise.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from fognode.errors import StoreError
from fognode.events import Event, Row
from fognode.store.writer import Writer

QUEUE = 1000  # what may wait in memory; beyond it boards are not read (back-pressure)
PUT_TIMEOUT_S = 0.5
ANSWER_S = 30.0  # the longest that commit waits for its answer

Done = Callable[[int], None]
Item = TypeVar("Item")


@dataclass(slots=True)
class Offer:
    """An event of a board, and who waits for it."""

    event: Event
    done: Done
    body: bytes = b""


@dataclass(slots=True)
class Batch:
    """Events and rows of another thread, which waits for the answer."""

    events: Sequence[Event]
    rows: Sequence[Row]
    sign: bool = False  # and sign the record then, due or not
    job: Callable[[Writer], int] | None = None  # nothing but this
    answered: threading.Event = field(default_factory=threading.Event)
    seqs: list[int] = field(default_factory=list)
    error: Exception | None = None


class Doors:
    """The queues before the store thread, and how other threads use them."""

    def __init__(self) -> None:
        self._offers: queue.Queue[Offer] = queue.Queue(QUEUE)
        self._batches: queue.Queue[Batch] = queue.Queue(QUEUE)
        self._came = threading.Event()  # something is in one of the queues
        self._stopped = False

    def offer(self, event: Event, done: Done) -> bool:
        """Take an event of a board; ``done`` is called once it is durable, on the store thread.

        Returns False when the queue stayed full for half a second: stop reading the board.
        """
        try:
            self._offers.put(Offer(event, done), timeout=PUT_TIMEOUT_S)
        except queue.Full:
            return False
        self._came.set()
        return True

    def commit(self, events: Sequence[Event], rows: Sequence[Row] = ()) -> list[int]:
        """Keep events and their rows in one transaction; return the seqs after COMMIT.

        An event that is already kept gives its old seq.

        Raises:
            StoreError: Nothing of it is known to be kept; offer the same again.
            ValueError: An event or a row cannot be stored (``hashing.freeze``, ``Writer.keep``).
        """
        return self._put(Batch(events, rows))

    def sign(self, events: Sequence[Event]) -> list[int]:
        """Keep events as ``commit`` does, then sign the record up to them; return their seqs.

        Without a checkpoint key nothing is signed.

        Raises:
            StoreError: They may be kept and not signed; ask again.
        """
        return self._put(Batch(events, (), sign=True))

    def tidy(self, job: Callable[[Writer], int]) -> int:
        """Run a job that puts nothing into the record, between two groups; return its answer.

        Raises:
            StoreError: The database is away, or refused it.
        """
        return self._put(Batch((), (), job=job))[0]

    def _put(self, batch: Batch) -> list[int]:
        try:
            self._batches.put(batch, timeout=PUT_TIMEOUT_S)
        except queue.Full as error:
            raise StoreError("the store is away and its queue is full") from error
        self._came.set()
        until_s = time.monotonic() + ANSWER_S
        while not batch.answered.wait(PUT_TIMEOUT_S):
            if self._stopped or time.monotonic() > until_s:
                raise StoreError("the store did not answer")
        if batch.error is not None:
            raise batch.error
        return batch.seqs


def drain(source: "queue.Queue[Item]", most: int) -> list[Item]:
    """Return what is in a queue now, at most so many."""
    found: list[Item] = []
    while len(found) < most:
        try:
            found.append(source.get_nowait())
        except queue.Empty:
            break
    return found
