"""How long after a door was opened its event is a committed row."""

import random
import sqlite3
import time
from collections.abc import Iterator

from fognode.errors import AwayError
from fognode.trial.settings import CABINET
from tests.bench.effort import Effort
from tests.bench.farms import open_farm, record_of
from tests.bench.series import SEED, quantile

OPENINGS, QUICK_OPENINGS = 24, 6
POLL_S = 0.002
PATIENCE_S = 15.0
PHASE_S = 0.5  # boards and threads turn every 0.5 s at the slowest


def measure(effort: Effort) -> Iterator[dict[str, float]]:
    """Open and close a door again and again; yield the rows.

    Raises:
        AwayError: The farm did not start, or an event did not come in 15 s.
    """
    phase = random.Random(SEED)
    took_ms: list[float] = []
    with open_farm() as farm, record_of(farm) as record:
        farm.expect("board_hello", board=CABINET)
        board = farm.boards[CABINET]
        for _ in range(QUICK_OPENINGS if effort.quick else OPENINGS):
            time.sleep(phase.uniform(0, PHASE_S))  # or every opening meets the same phase
            seen = _newest(record)
            board.door_open()
            took_ms.append(_until_row(record, "light_open", seen))
            seen = _newest(record)
            board.door_close()
            _until_row(record, "light_close", seen)
    yield {
        "door_to_row_p50": quantile(took_ms, 500),
        "door_to_row_p95": quantile(took_ms, 950),
        "door_to_row_max": max(took_ms),
    }


def _newest(record: sqlite3.Connection) -> int:
    seq: int = record.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()[0]
    return seq


def _until_row(record: sqlite3.Connection, kind: str, after: int) -> float:
    """Return the ms until a row of this kind is there.

    Raises:
        AwayError: It did not come.
    """
    begun = time.monotonic()
    wanted = "SELECT 1 FROM event WHERE seq > ? AND kind = ?"
    while record.execute(wanted, (after, kind)).fetchone() is None:
        if time.monotonic() - begun > PATIENCE_S:
            raise AwayError(f"no {kind} in {PATIENCE_S:.0f} s")
        time.sleep(POLL_S)
    return (time.monotonic() - begun) * 1000
