"""Are the raw samples still those that the record summed?  For ``verify``."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection

from fognode.events import RowValues
from fognode.store.samples import LAST_MS, Samples, Sum, altered, batch_of, hour_of
from fognode.store.tables import sample


def check_samples(connection: Connection, after: int = 0) -> Iterator[tuple[None, str, str]]:
    """Compare the rows that are still there with what the record says of their hours.

    Yields no seq, the table, and the reason, which names board and hour.  Hours that events up
    to seq ``after`` summed are not read again.
    """
    samples = Samples(connection)
    begin_ms, whole_ms = _reach(samples)
    for told in samples.sums(after, begin_ms):
        rows = samples.hour(told.board, told.begin_ms)
        if rows or told.begin_ms > whole_ms:
            for reason in _odd_rows(rows, told):
                yield None, sample.name, f"{_place(told.board, told.begin_ms)}: {reason}"
    for board in samples.boards():
        for hour_ms in samples.unsummed(board):
            for reason in _odd_rows(samples.hour(board, hour_ms), None):
                yield None, sample.name, f"{_place(board, hour_ms)}: {reason}"


def _reach(samples: Samples) -> tuple[int, int]:
    """Return the time of the first row, and the first hour after which none may be missing.

    Old ones go by day and in order, and a restored database begins without any; so an hour
    that is missing after one that is there was taken out.
    """
    forgotten_ms = samples.forgotten_ms()
    boards = list(samples.boards())
    first = [samples.first_at_ms(board) for board in boards]
    kept = [samples.first_at_ms(board, forgotten_ms) for board in boards]
    return (
        min((at_ms for at_ms in first if at_ms is not None), default=LAST_MS),
        min((hour_of(at_ms) for at_ms in kept if at_ms is not None), default=LAST_MS),
    )


def _odd_rows(rows: Sequence[RowValues], told: Sum | None) -> Iterator[str]:
    for row in rows:
        if altered(row):
            key = f"at_ms {row['at_ms']!r}, board_ms {row['board_ms']!r}"
            yield f"{key}: content: hash is not that of the row"
    if told is None:
        return
    if not rows:
        yield f"its {told.samples} rows are gone, older ones are there"
    elif len(rows) != told.samples:
        yield f"{len(rows)} rows, event {told.seq} summed {told.samples}"
    elif batch_of(rows) != told.batch:
        yield f"batch: these are not the rows that event {told.seq} summed"


def _place(board: str, begin_ms: int) -> str:
    begin = datetime.fromtimestamp(begin_ms // 1000, UTC)
    return f"board {board}, hour {begin:%Y-%m-%dT%HZ}"
