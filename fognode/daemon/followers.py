"""The custody thread: stored events through every fold, in order, exactly once.

A fold's state lives in memory and is built again from event 1 at each start.  What a fold
asks for is committed together with the cursor; while the database is away it is held and
offered again, so state and record cannot part.
"""

import gc
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from fognode.errors import StoreError
from fognode.events import Event, Outcome, Row, RowValues, Stored
from fognode.store.reader import Reader
from fognode.store.schema import VERSIONS

NAME = "custody"  # the one cursor all folds share
# Set once the tables of this schema hold what the events make of them: a migration adds
# columns that only the folds can fill.
RESTATED = f"tables {VERSIONS[-1]}"
BATCH = 200  # events folded between two commits
REFOLD_BATCH = 2000
POLL_S = 0.5

T = TypeVar("T")
Step = Callable[[Stored], Outcome]
Due = Callable[[int], Outcome]
Commit = Callable[[Sequence[Event], Sequence[Row]], list[int]]


class Followers:
    """Feeds every stored event to ``steps`` and commits what they ask for.

    ``fresh`` returns new folds with empty state: the steps in their order, and the folds'
    answer to the passing of time.  ``nudge`` is set whenever something was kept.  Tables
    named in ``folded`` are made of the folds' rows alone.
    """

    folded: frozenset[str] = frozenset()

    def __init__(
        self,
        reader: Reader,
        commit: Commit,
        fresh: Callable[[], tuple[Sequence[Step], Due]],
        nudge: threading.Event,
        now_ms: Callable[[], int],
    ) -> None:
        self._reader, self._commit, self._fresh = reader, commit, fresh
        self._nudge, self._now_ms = nudge, now_ms
        self.caught_up = threading.Event()  # set once all that was stored at the start is folded

    def run(self, stop: threading.Event) -> None:
        """Fold until ``stop``; called again after a crash, it starts from the record."""
        steps, due = self._fresh()
        seq = self._refold(steps, stop)
        while not stop.is_set():
            self._nudge.clear()
            told = self._read(seq, BATCH, stop)
            outcome = Outcome()
            for event in told:
                for step in steps:
                    outcome.add(step(event))
            if told:
                seq = told[-1].seq
                cursor: RowValues = {"follower": NAME, "as_of_seq": seq}
                outcome.rows.append(Row(table="cursor", values=cursor))
            else:
                outcome.add(due(self._now_ms()))
            self._settle(outcome, stop)
            if not told:
                self.caught_up.set()
                self._nudge.wait(0 if outcome.events else POLL_S)

    def _refold(self, steps: Sequence[Step], stop: threading.Event) -> int:
        """Build the state from event 1 up to the cursor; what it asks for is already kept."""
        seq, end = 0, self._patiently(lambda: self._reader.cursor(NAME), stop) or 0
        restated = self._patiently(lambda: self._reader.cursor(RESTATED), stop)
        while seq < end and (told := self._read(seq, min(REFOLD_BATCH, end - seq), stop)):
            outcome = Outcome()
            for event in told:
                for step in steps:
                    outcome.rows += step(event).rows
            seq = told[-1].seq
            # What was built up stays: the collector need not look through all of it ever again.
            gc.freeze()
            if restated == 0:
                self._settle(self._only_folded(outcome), stop)
        if restated == 0 and not stop.is_set():
            mark: RowValues = {"follower": RESTATED, "as_of_seq": max(seq, 1)}
            self._settle(Outcome(rows=[Row(table="cursor", values=mark)]), stop)
        return seq

    def _only_folded(self, outcome: Outcome) -> Outcome:
        """Leave out what others write too: what is owed, sent or final by now."""
        return Outcome(rows=[row for row in outcome.rows if row.table in self.folded])

    def _read(self, after: int, limit: int, stop: threading.Event) -> list[Stored]:
        return self._patiently(lambda: self._reader.events(after=after, limit=limit), stop) or []

    def _patiently(self, read: Callable[[], T], stop: threading.Event) -> T | None:
        """Read, however long the database is away; None only when the node stops."""
        while not stop.is_set():
            try:
                return read()
            except StoreError:
                stop.wait(POLL_S)  # said once by the store thread
        return None

    def _settle(self, outcome: Outcome, stop: threading.Event) -> None:
        """Commit, holding on to the outcome for as long as the database is away."""
        while (outcome.events or outcome.rows) and not stop.is_set():
            try:
                self._commit(outcome.events, outcome.rows)
            except StoreError:
                stop.wait(POLL_S)
            else:
                return
