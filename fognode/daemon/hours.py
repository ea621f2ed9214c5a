"""The hours of raw samples: each is summed into the record, and old days are let go.

The record keeps of every hour of a board one event, with the hash of its rows.  Rows go when
their day is older than [store] sample_days, all before it is summed, and the record says so.
Broken off anywhere, the next run goes on: what was said is recognised by its origin.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from itertools import islice

from fognode.boards.readings import sensors_told, sums_of
from fognode.daemon.followers import Commit
from fognode.daemon.shelf import Shelf
from fognode.events import Event, Json, Kind, RowValues
from fognode.store import samples
from fognode.store.reader import Reader
from fognode.store.samples import DAY_MS, HOUR_MS, Samples
from fognode.store.writer import Writer

GRACE_MS = 120_000  # after an hour's end; a sample waits a minute for its batch
HOURS_A_RUN = 24  # of each board, summed or deleted: a day is caught up in an hour
MOST_SENSORS = 256  # in one event: 45 KB

OpenRows = Callable[[], AbstractContextManager[Samples]]
Tidy = Callable[[Callable[[Writer], int]], int]  # runs a job on the store thread


class Hours:
    """Runs on the scheduler's thread; raises StoreError while the database is away."""

    def __init__(
        self, reader: Reader, open_rows: OpenRows, shelf: Shelf, commit: Commit, tidy: Tidy
    ) -> None:
        self._reader, self._open_rows = reader, open_rows
        self._shelf, self._commit, self._tidy = shelf, commit, tidy

    def run(self, at_ms: int, sample_days: int) -> str:
        """Sum what is over, let go of what is old; say how much.

        Raises:
            StoreError: The database is away; nothing is lost, run again.
        """
        with self._open_rows() as rows:
            boards = list(rows.boards())
            self._make_days(rows, boards, at_ms)
            summed = sum(self._sum_board(rows, board, at_ms) for board in boards)
            before_ms = samples.day_of(at_ms) - sample_days * DAY_MS
            gone = self._let_go(rows, boards, before_ms)
        return f"{summed} hours summed, {gone}"

    def _make_days(self, rows: Samples, boards: Sequence[str], at_ms: int) -> None:
        """Have a place for today and tomorrow, if boards send anything."""
        today_ms = samples.day_of(at_ms)
        if any(rows.first_at_ms(board, today_ms) is not None for board in boards):
            for day_ms in (today_ms, today_ms + DAY_MS):
                self._tidy(partial(samples.make_day, at_ms=day_ms))

    # --- summing -------------------------------------------------------------------------

    def _sum_board(self, rows: Samples, board: str, at_ms: int) -> int:
        waiting_ms = self._shelf.oldest_at_ms()
        over_ms = at_ms - GRACE_MS
        until_ms = samples.hour_of(over_ms if waiting_ms is None else min(over_ms, waiting_ms))
        hours = list(islice(rows.unsummed(board, until_ms), HOURS_A_RUN))
        for begin_ms in hours:
            # First: or a row could come between the reading and the event.
            self._shelf.close_hour(board, begin_ms)
            found = rows.hour(board, begin_ms)
            self._commit([self._sum_event(board, begin_ms, found)], [])
        return len(hours)

    def _sum_event(self, board: str, begin_ms: int, found: Sequence[RowValues]) -> Event:
        sums = sums_of((str(row["readings"]) for row in found), self._sensors(board, found))
        facts: dict[str, Json] = {
            "board": board,
            "begin_at_ms": begin_ms,
            "samples": len(found),
            "batch_sha256": samples.batch_of(found),
            "sensors": sums[:MOST_SENSORS],
        }
        if odd := sum(samples.altered(row) for row in found):
            facts["altered"] = odd
        if len(sums) > MOST_SENSORS:
            facts["left_out"] = len(sums) - MOST_SENSORS
        return Event(
            kind=Kind.SAMPLES_SUMMED,
            origin=samples.hour_origin(board, begin_ms),
            happened_at_ms=begin_ms + HOUR_MS,
            facts=facts,
        )

    def _sensors(self, board: str, found: Sequence[RowValues]) -> dict[str, tuple[str, str]]:
        """Return type and unit of the sensors, as the board declared them in its last start."""
        sensors: dict[str, tuple[str, str]] = {}
        for boot in sorted({int(row["boot"] or 0) for row in (found[0], found[-1])}):
            hello = self._reader.by_origin(f"n/board_hello/{board}/{boot}")
            sensors |= sensors_told(hello.facts) if hello else {}
        return sensors

    # --- letting go ----------------------------------------------------------------------

    def _let_go(self, rows: Samples, boards: Sequence[str], before_ms: int) -> str:
        first = _first_hour(rows, boards)
        if first is None or first[0] >= before_ms:
            return "none old"
        if any(True for board in boards for _ in rows.unsummed(board, before_ms)):
            return "old ones wait for their sums"
        facts: dict[str, Json] = {"before_at_ms": before_ms}
        event = Event(
            kind=Kind.SAMPLES_FORGOTTEN,
            origin=samples.forgotten_origin(before_ms),
            happened_at_ms=before_ms,
            facts=facts,
        )
        self._commit([event], [])
        return f"{self._take_out(rows, boards, before_ms)} taken out"

    def _take_out(self, rows: Samples, boards: Sequence[str], before_ms: int) -> str:
        if rows.has_days:
            # A day that was over before its partition was made lies with later ones.
            self._tidy(partial(samples.make_day, at_ms=before_ms - 1))
            self._tidy(partial(samples.drop_days, before_ms=before_ms))
            return "days"
        for hours in range(HOURS_A_RUN * len(boards)):
            first = _first_hour(rows, boards)
            if first is None or first[0] >= before_ms:
                return f"{hours} hours"
            self._tidy(partial(samples.delete_hour, board=first[1], begin_ms=first[0]))
        return "some hours"


def _first_hour(rows: Samples, boards: Sequence[str]) -> tuple[int, str] | None:
    """Return the first hour that has rows, and a board of them."""
    there = [(at_ms, board) for board in boards if (at_ms := rows.first_at_ms(board)) is not None]
    return min(((samples.hour_of(at_ms), board) for at_ms, board in there), default=None)
