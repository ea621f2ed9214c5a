"""The custody thread: stored events through every fold, in order, exactly once.

A fold's state lives in memory and is built again from event 1 at each start.  What a fold
asks for is committed together with the cursor; while the database is away it is held and
offered again, so state and record cannot part.
"""

import logging
import threading
from collections.abc import Callable, Sequence

from fognode.errors import StoreError
from fognode.events import Event, Outcome, Row, Stored
from fognode.store.reader import Reader

log = logging.getLogger(__name__)

NAME = "custody"  # the one cursor all folds share
BATCH = 200  # events folded between two commits
REFOLD_BATCH = 2000
POLL_S = 0.5

Step = Callable[[Stored], Outcome]
Due = Callable[[int], Outcome]
Commit = Callable[[Sequence[Event], Sequence[Row]], list[int]]


class Followers:
    """Feeds every stored event to ``steps`` and commits what they ask for.

    ``fresh`` returns new folds with empty state: the steps in their order, and the folds'
    answer to the passing of time.  ``nudge`` is set whenever something was kept.
    """

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
        self.seq = 0  # the last event folded and committed

    def run(self, stop: threading.Event) -> None:
        """Fold until ``stop``; called again after a crash, it starts from the record."""
        steps, due = self._fresh()
        seq = self._refold(steps, stop)
        while not stop.is_set():
            self._nudge.clear()
            outcome = Outcome()
            told: list[Stored] = []
            try:
                told = self._reader.events(after=seq, limit=BATCH)
            except StoreError:
                stop.wait(POLL_S)
                continue
            for event in told:
                for step in steps:
                    outcome.add(step(event))
            if told:
                seq = told[-1].seq
                outcome.rows.append(
                    Row(table="cursor", values={"follower": NAME, "as_of_seq": seq})
                )
            else:
                outcome.add(due(self._now_ms()))
            self._settle(outcome, stop)
            self.seq = seq
            if not told and not outcome.events:
                self._nudge.wait(POLL_S)

    def _refold(self, steps: Sequence[Step], stop: threading.Event) -> int:
        """Build the state from event 1 up to the cursor; what it asks for is already kept."""
        seq, end = 0, -1
        while not stop.is_set() and seq != end:
            try:
                end = self._reader.cursor(NAME)
                told = self._reader.events(after=seq, limit=min(REFOLD_BATCH, end - seq) or 1)
            except StoreError:
                stop.wait(POLL_S)
                continue
            for event in told:
                if event.seq > end:
                    return seq
                for step in steps:
                    step(event)
                seq = event.seq
            if not told:
                break
        return seq

    def _settle(self, outcome: Outcome, stop: threading.Event) -> None:
        """Commit, holding on to the outcome for as long as the database is away."""
        while (outcome.events or outcome.rows) and not stop.is_set():
            try:
                self._commit(outcome.events, outcome.rows)
            except StoreError:
                stop.wait(POLL_S)
            else:
                return
