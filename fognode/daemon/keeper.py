"""The store thread: the one place where events are frozen and kept.

What boards offer is frozen and appended to the spool, and the database is filled from the
spool in the same order; what other threads commit goes into the database at once
(daemon/doors.py).
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from fognode.daemon.clock import Clock
from fognode.daemon.doors import PUT_TIMEOUT_S, QUEUE, Batch, Doors, Offer, drain
from fognode.daemon.journal import Journal
from fognode.daemon.shelf import Shelf
from fognode.daemon.witness import Witness
from fognode.errors import RestoredError, StoreError, TamperError
from fognode.events import Event, Kind, Row
from fognode.hashing import freeze
from fognode.store.spool import Backlog
from fognode.store.writer import Writer

log = logging.getLogger(__name__)

GROUP = 100  # events in one append, at most; a group is never waited for
FILL = 500  # events of the spool in one transaction of the database, at most
RETRY_S = 0.5
FOREIGN_RETRY_S = 30.0  # a database that is not ours is looked at again only so often
LOOK_S = 2.0  # between two looks at what time alone brings
AWAY_TOLD_MS = 10_000  # a database that was away for longer is told in the record
FILL_GROUPS = 4  # of them brought from the spool into the database in one turn


class Keeper(Doors):
    """Owns the journal and the writer behind the two doors.

    ``open_writer`` is called on the store thread until it succeeds; it raises StoreError
    while the database is away or is not ours, as ``head`` (seq and hash of its newest
    event) does, which is asked when there is nothing to keep.  ``nudges`` are set after
    every COMMIT.
    """

    def __init__(
        self,
        journal: Journal,
        open_writer: Callable[[], Writer],
        clock: Clock,
        head: Callable[[], tuple[int, bytes]],
    ) -> None:
        super().__init__()
        self._journal, self._open_writer = journal, open_writer
        self._clock, self._head = clock, head
        self._held: list[Offer] = []  # offers that the spool could not take yet
        self._writer: Writer | None = None
        self._retry_s, self._looked_s = 0.0, 0.0  # monotonic: not before, last time
        self.witness: Witness | None = None  # made with the writer; None = no checkpoint key
        self.shelf: Shelf | None = None  # of raw samples; set before the lines open
        self.kept = threading.Event()
        self.nudges: list[threading.Event] = [self.kept]
        self.away_since_ms: int | None = None
        self.away_reason = ""
        self.spool_fault = ""

    def waiting(self) -> int:
        """Return how many offers and batches are not even in the spool yet."""
        return self._offers.qsize() + self._batches.qsize() + len(self._held)

    def backlog(self) -> Backlog:
        """Return what is durable in the spool and not yet in the database."""
        return self._journal.backlog()

    def run(self, stop: threading.Event) -> None:
        """Keep what comes until ``stop``; then at least spool what still waits."""
        self._stopped = False
        try:
            while not stop.is_set():
                self._came.wait(RETRY_S if self._held else PUT_TIMEOUT_S)
                self._came.clear()
                self._turn()
            while self.waiting() and not self.spool_fault:
                self._turn()
            self._end_samples()
        finally:
            self._stopped = stop.is_set()
            self._close()

    def _turn(self) -> None:
        """Spool what was offered; then fill the database, and answer every batch."""
        batches = drain(self._batches, QUEUE)
        try:
            self._spool_offers()
            if time.monotonic() < self._retry_s:
                return
            self._fill()
            for batch in batches:
                self._keep_batch(batch)
            self._look()
            self._keep_samples()
        except StoreError as error:
            self._lose(error)
        finally:
            for batch in batches:
                if not batch.answered.is_set():
                    batch.error = StoreError(self.away_reason or "the store could not keep it")
                    batch.answered.set()

    def _spool_offers(self) -> None:
        self._take_offers()
        if not self._held:
            return
        try:
            self._journal.append([offer.body for offer in self._held])
        except StoreError as error:
            if not self.spool_fault:
                log.critical("event=spool_fault reason=%s", error)
            self.spool_fault = str(error)
            return
        if self.spool_fault:
            log.info("event=spool_back")
            self.spool_fault = ""
        # COMMIT POINT for boards: durable in the spool.
        kept, self._held = self._held, []
        if self.shelf is not None:
            self.shelf.stir()
        for offer in kept:
            offer.done(0)
        if not self._offers.empty():
            self._came.set()

    def _take_offers(self) -> None:
        if (step := self._clock.step_event()) is not None:
            self._held.append(Offer(step, lambda _seq: None))
        if self.shelf is not None:
            self._held += [Offer(loss, lambda _seq: None) for loss in self.shelf.losses()]
        self._held += drain(self._offers, GROUP - len(self._held))
        for offer in self._held:
            offer.body = offer.body or self._freeze(offer.event)
        self._held = [offer for offer in self._held if offer.body]

    def _freeze(self, event: Event) -> bytes:
        """Freeze an event; b"" for one that cannot be kept at all, which nobody acknowledges."""
        try:
            return freeze(event, self._clock.stamp())
        except ValueError as error:
            # A board cannot mend its event: keep that it came, and why it says no more.
            facts = {"what": event.kind[:40], "reason": str(error)[:200]}
            event = replace(event, kind=Kind.REJECTED, facts=facts)
        try:
            return freeze(event, self._clock.stamp())
        except ValueError:
            log.exception("event=not_storable origin=%r", event.origin[:200])
            return b""

    def _fill(self) -> None:
        """Bring what is spooled into the database, in order; what it has is recognised."""
        for _ in range(FILL_GROUPS):
            bodies = self._journal.peek(FILL)
            if not bodies:
                return
            self._journal.drained(self._keep(bodies, ()))
            self._spool_offers()  # boards wait for the spool, never for the database
        self._came.set()

    def _keep_batch(self, batch: Batch) -> None:
        if batch.job is not None:
            self._do(batch, batch.job)
            return
        try:
            stamp = self._clock.stamp
            batch.seqs = self._keep([freeze(e, stamp()) for e in batch.events], batch.rows)
            if batch.sign:
                self._look(at_once=True)
        except (StoreError, ValueError) as error:
            batch.error = error
            if isinstance(error, StoreError):
                self._lose(error)
        batch.answered.set()

    def _do(self, batch: Batch, job: Callable[[Writer], int]) -> None:
        if self._writer is None:
            self._writer = self._open_writer()
        try:
            batch.seqs = [job(self._writer)]
        except StoreError as error:  # a table that is being read, perhaps: not away for that
            batch.error = error
        batch.answered.set()

    def _keep_samples(self, at_end: bool = False) -> None:
        """Keep a batch of samples that is due; never before an event."""
        events_wait = self._held or not self._offers.empty() or self.backlog().events > 0
        if self.shelf is None or self._writer is None or events_wait:
            return
        keep_rows = partial(self._writer.keep, [])
        more = self.shelf.keep(keep_rows, at_end)
        while at_end and more:
            more = self.shelf.keep(keep_rows, at_end)

    def _end_samples(self) -> None:
        """Keep what still waits on the shelf, or have the record tell that it is lost."""
        if self.shelf is None:
            return
        with contextlib.suppress(StoreError):
            self._keep_samples(at_end=True)
        self._held += [Offer(loss, lambda _seq: None) for loss in self.shelf.losses(at_end=True)]
        self._spool_offers()

    def _look(self, at_once: bool = False) -> None:
        """Now and then: is the database there, is a checkpoint due, what may the spool drop."""
        if not at_once and time.monotonic() - self._looked_s < LOOK_S:
            return
        self._looked_s = time.monotonic()
        if self._writer is None:
            self._writer = self._open_writer()
        safe = self._head()[0]
        self._known_good()
        if self.witness is not None:
            stamp = self._clock.stamp()
            self.witness.look(stamp.recorded_at_ms, stamp.mono_ms, self._keep_rows, at_once)
            # Signed is not enough: a database that is lost then must not take them along.
            safe = self.witness.copied_size
        # Without a key nothing is signed; then to be in the database is all there is.
        self._journal.release(safe)

    def _keep_rows(self, rows: Sequence[Row]) -> None:
        self._keep([], rows)

    def _keep(self, bodies: list[bytes], rows: Sequence[Row]) -> list[int]:
        if self._writer is None:
            self._writer = self._open_writer()
        seqs = self._writer.keep(bodies, rows)
        self._known_good()
        for nudge in self.nudges:
            nudge.set()
        return seqs

    def _known_good(self) -> None:
        since_ms, spooled = self.away_since_ms, self._journal.backlog().events
        if since_ms is None:
            return
        log.info("event=store_back spooled=%d", spooled)
        self.away_since_ms, self.away_reason = None, ""
        now_ms = time.time_ns() // 1_000_000
        if now_ms - since_ms >= AWAY_TOLD_MS:
            event = Event(
                kind=Kind.STORE_WAS_AWAY,
                origin=f"n/store_was_away/{since_ms}",
                happened_at_ms=since_ms,
                facts={"away_s": (now_ms - since_ms) // 1000, "spooled": spooled},
            )
            self._held.append(Offer(event, lambda _seq: None))

    def _lose(self, error: StoreError) -> None:
        foreign = isinstance(error, TamperError | RestoredError)
        self._retry_s = time.monotonic() + (FOREIGN_RETRY_S if foreign else RETRY_S)
        self.away_reason = str(error)
        if self.away_since_ms is None:
            log.warning("event=store_away reason=%s", error)
            self.away_since_ms = time.time_ns() // 1_000_000

    def _close(self) -> None:
        self.witness = None
        if self._writer is not None:
            self._writer.close()
            self._writer = None
