"""The journal before the database: what is in it may be acknowledged.

A body is appended, synced, and only then acknowledged.  It is drained into the database in
the same order.  Where draining stands is not written down: after a restart all that is
still here is offered again, and the database recognises what it has by event_id.

A segment is deleted when the database has its last event *and* a write-once segment holds it:
what is acknowledged is never in the database alone.

The files: store/spool_folder.py; what is in one: store/spool_segment.py.

Used on the store thread only; ``backlog`` and ``fault`` may be read on any thread.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from fognode.errors import StoreError
from fognode.store import spool_cuts
from fognode.store.bodies import recorded_at_ms
from fognode.store.reserve import FULL
from fognode.store.spool_cuts import Cut
from fognode.store.spool_folder import Room, SpoolFolder
from fognode.store.spool_segment import HEAD, Segment, cut_back, identity_of, record_of

LIMIT_BYTES = 200_000_000
SEGMENT_BYTES = 4_000_000
RESERVE_BYTES = 16_000_000
PEEK_BYTES = 8_000_000  # MariaDB takes 16 MB in one packet (max_allowed_packet)


class Backlog(NamedTuple):
    """What waits for the database."""

    events: int  # that are not drained
    oldest_recorded_at_ms: int | None  # of the first of them; None when all is drained
    size_bytes: int  # of those events, with their heads


class Spool:
    """Bodies in files of one folder, in order, each happening once.

    The folder is made if its parent exists.  Opening reads all that is there, cuts what a
    crash left unfinished, and makes the rest durable before it counts.

    Raises:
        StoreError: The folder cannot be used, or another process uses it.
        TamperError: A closed segment is not whole, or a segment is missing.
    """

    def __init__(
        self,
        folder: Path,
        limit_bytes: int = LIMIT_BYTES,
        segment_bytes: int = SEGMENT_BYTES,
        reserve_bytes: int = RESERVE_BYTES,
    ) -> None:
        self._folder, self._limit = folder, limit_bytes
        self._files = SpoolFolder(folder, segment_bytes, reserve_bytes)
        self._offered: list[tuple[Segment, int]] = []  # what peek gave: where, how long
        self._doubt: tuple[Path, int] | None = None  # an append that did not end: where, from
        self._backlog = Backlog(0, None, 0)
        self.fault = ""  # why nothing can be appended until ``reopen``; "" while all is well
        self._open()

    def append(self, bodies: Sequence[bytes]) -> None:
        """Take frozen bodies; on return all of them are durable and may be acknowledged.

        A body whose happening is in the spool already is recognised and not taken again.
        One sync for all.  After a StoreError nothing of it is known to be kept; unless the
        spool was only at its limit, it is closed until ``reopen``.

        Raises:
            StoreError: The spool is closed or at its limit, or its disk is full or failing.
            ValueError: A body is not what ``hashing.freeze`` makes; nothing was taken.
        """
        fresh = self._fresh(bodies)
        if not fresh:
            with self._disk():  # a closed spool does not know what it holds
                return
        records = b"".join(record_of(body) for body in fresh.values())
        with self._disk():
            if self._files.size_bytes() + len(records) > self._limit:
                raise StoreError(f"the spool {self._folder} is at its {self._limit} bytes")
            segment = self._files.newest()
            self._doubt = (segment.path, segment.size)
            self._files.put(segment, records)
        # COMMIT POINT of the spool: durable, so from here the events count as kept.
        self._doubt = None
        segment.size += len(records)
        segment.count += len(fresh)
        segment.ids.update(fresh)
        events, oldest_ms, size = self._backlog
        if oldest_ms is None:
            oldest_ms = recorded_at_ms(next(iter(fresh.values())))
        self._backlog = Backlog(events + len(fresh), oldest_ms, size + len(records))

    def holds(self, identity: bytes) -> bool:
        """Tell whether the event with this event_id is in the spool, drained or not."""
        return any(identity in segment.ids for segment in self._files.segments)

    def backlog(self) -> Backlog:
        """Return what waits for the database, as of the last call on the store thread."""
        return self._backlog

    def room(self) -> Room:
        """Return what can still be taken.

        Raises:
            StoreError: The disk does not answer.
        """
        with self._disk():
            return self._files.room(self._limit)

    def cuts(self) -> list[Cut]:
        """Return what was cut off, now or at an earlier opening, and is not told of yet.

        Raises:
            StoreError: The disk does not answer.
        """
        with self._disk():
            return spool_cuts.untold_cuts(self._folder)

    def cut_told(self, cut: Cut) -> None:
        """Take note that an event tells of a cut; the bytes stay where they are kept.

        Without it, even after a crash, ``cuts`` gives it again.

        Raises:
            StoreError: The disk fails.
        """
        with self._disk():
            spool_cuts.mark_told(cut)

    def peek(self, limit: int) -> list[bytes]:
        """Return the first bodies that are not drained, in order, at most ``limit``.

        Fewer when they are long, so that a database takes them in one statement.

        Raises:
            StoreError: The spool is closed, or cannot be read.
            TamperError: A record is not what was written.
        """
        with self._disk():
            offered = _up_to(PEEK_BYTES, islice(self._files.waiting(), limit))
        self._offered = [(segment, HEAD.size + len(body)) for segment, body in offered]
        return [body for _, body in offered]

    def bodies(self) -> Iterator[bytes]:
        """Yield every body that is still here, drained or not, oldest first.

        Raises:
            StoreError: The spool is closed, or cannot be read.
            TamperError: A record is not what was written.
        """
        with self._disk():
            yield from self._files.bodies()

    def drained(self, seqs: Sequence[int]) -> None:
        """Move on past the first bodies of the last ``peek``: the database has them.

        Args:
            seqs: The places that the database gave them, in the order of ``peek``.

        Raises:
            StoreError: The spool is closed, or cannot be read.
            TamperError: The record that follows is not what was written.
            ValueError: There are more of them than ``peek`` returned.
        """
        if len(seqs) > len(self._offered):
            raise ValueError(f"{len(seqs)} events drained, {len(self._offered)} were offered")
        done, self._offered = self._offered[: len(seqs)], self._offered[len(seqs) :]
        for (segment, length), seq in zip(done, seqs, strict=True):
            segment.drained_bytes += length
            segment.drained_count += 1
            segment.last_seq = max(segment.last_seq, seq)
        with self._disk():
            self._count()

    def release(self, up_to: int) -> None:
        """Delete the segments whose events are all drained and copied elsewhere.

        The newest segment stays: it says at which number to go on.

        Args:
            up_to: The events of seq 1 to this are copied.

        Raises:
            StoreError: A segment cannot be deleted; the spool is closed.
        """
        with self._disk():
            while len(self._files.segments) > 1:
                oldest = self._files.segments[0]
                if oldest.drained_bytes < oldest.size or oldest.last_seq > up_to:
                    return
                self._files.drop_oldest()

    def reopen(self) -> None:
        """Close, and open again from what the disk really holds.

        What was appended without success is cut off, and a new segment takes what comes.
        Nothing counts as drained: it is offered again.

        Raises:
            StoreError: The disk is still failing, or an acknowledged record is gone.
            TamperError: A closed segment is not whole, or a segment is missing.
        """
        self.close()
        if self._doubt is not None:
            with self._disk(anew=True):
                cut_back(*self._doubt)
        self._open()
        newest = self._files.segments[-1]
        if self._doubt is not None and (newest.path, newest.size) != self._doubt:
            self.close()
            self.fault = f"disk failing: {newest.path} lost what was acknowledged"
            raise StoreError(self.fault)
        self._doubt = None
        if newest.count:
            with self._disk():
                self._files.begin(newest.end)  # not into a page that could not be written

    def close(self) -> None:
        """Let go of the files; all that was appended stays durable."""
        self._files.close()
        self.fault = self.fault or f"the spool {self._folder} is closed"

    # --- the disk ----------------------------------------------------------------------

    @contextmanager
    def _disk(self, anew: bool = False) -> Iterator[None]:
        """Close the spool at the first error of its disk: what is in memory may be untrue.

        Raises:
            StoreError: The spool is closed (unless ``anew``), or becomes so by this.
        """
        if self.fault and not anew:
            raise StoreError(self.fault)
        try:
            yield
        except OSError as error:
            self._files.close()
            word = "disk full" if error.errno in FULL else "disk failing"
            self.fault = f"{word}: {error.strerror}: {self._folder}"
            raise StoreError(self.fault) from error

    def _open(self) -> None:
        self._offered = []
        try:
            with self._disk(anew=True):
                self._files.open()
                self._count()
        except StoreError as error:
            self._files.close()
            self.fault = str(error)
            raise
        self.fault = ""

    # --- what is in it -------------------------------------------------------------------

    def _fresh(self, bodies: Sequence[bytes]) -> dict[bytes, bytes]:
        fresh: dict[bytes, bytes] = {}
        for body in bodies:
            identity = identity_of(body)
            if not self.holds(identity):
                fresh.setdefault(identity, body)  # the first body of a happening stands
        return fresh

    def _count(self) -> None:
        first = next(self._files.waiting(), None)
        self._backlog = Backlog(
            sum(segment.count - segment.drained_count for segment in self._files.segments),
            recorded_at_ms(first[1]) if first else None,
            sum(segment.size - segment.drained_bytes for segment in self._files.segments),
        )


def _up_to(size_bytes: int, bodies: Iterable[tuple[Segment, bytes]]) -> list[tuple[Segment, bytes]]:
    """Return the first of the bodies, until they are that long together."""
    taken: list[tuple[Segment, bytes]] = []
    for segment, body in bodies:
        taken.append((segment, body))
        size_bytes -= len(body)
        if size_bytes <= 0:
            break
    return taken
