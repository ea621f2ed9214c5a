"""How fast the spool acknowledges, beside a bare insert + commit, in one interleaved run.

    python -m tests.crash.speed [--quick]

Flushes shift by the minute, so only the ratios compare.
"""

import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from fognode.hashing import event_id
from fognode.store.spool import Spool
from fognode.store.worm import Worm
from fognode.store.worm_files import SEGMENT
from tests.bench.houses import BACKENDS, House, board_body, open_house
from tests.bench.series import interleaved, quantile

ROUNDS, QUICK_ROUNDS, DROPPED = 1500, 300, 50
GROUP, GROUPS, QUICK_GROUPS = 100, 400, 100
INSERT = "INSERT OR IGNORE INTO spool (id, body) VALUES (?, ?)"


def measure(quick: bool) -> dict[str, float]:
    """Return medians in ms, their ratios, and events per second of groups of 100.

    Raises:
        AwayError: MariaDB is not installed, or did not start.
    """
    found: dict[str, float] = {}
    rounds = QUICK_ROUNDS if quick else ROUNDS
    for backend in BACKENDS:
        with open_house(backend) as house:
            spool = Spool(house.files / "spool")
            acts = _acts(house, spool) | {"full": _sqlite_full(house.files / "full.db")}
            took = interleaved(acts, rounds, DROPPED)
            spool.close()
        for name, series in took.items():
            found[f"{name}_{backend}_p50_ms"] = quantile(series, 500)
            found[f"{name}_{backend}_p99_ms"] = quantile(series, 990)
        for name in ("spool", "keep", "full"):
            ratio = quantile(took[name], 500) / quantile(took["bare"], 500)
            found[f"{name}_{backend}_x_bare"] = ratio
    return found | _groups(QUICK_GROUPS if quick else GROUPS)


def _acts(house: House, spool: Spool) -> dict[str, Callable[[int], None]]:
    def append(number: int) -> None:
        spool.append([board_body(number)])

    def bare(number: int) -> None:
        house.bare(number, board_body(number))

    def keep(number: int) -> None:
        house.writer.keep([board_body(number)])

    return {"spool": append, "bare": bare, "keep": keep}


def _groups(groups: int) -> dict[str, float]:
    bodies = [board_body(number) for number in range(groups * GROUP)]
    with tempfile.TemporaryDirectory(dir=Path.cwd() / "build") as folder:
        spool = Spool(Path(folder) / "spool")
        seqs = count(1)

        def append() -> None:
            for at in range(0, len(bodies), GROUP):
                spool.append(bodies[at : at + GROUP])

        def drain() -> None:
            while some := spool.peek(GROUP):
                spool.drained([next(seqs) for _ in some])

        append_s, drain_s = _seconds(append), _seconds(drain)
        open_s = _seconds(spool.reopen)
        spool.close()
        segment = [board_body(number) for number in range(SEGMENT)]
        worm = Worm(Path(folder) / "worm", immutable=False)
        segment_s = _seconds(lambda: worm.keep_segment(1, segment))
        full_s = _seconds(lambda: _full_groups(Path(folder) / "full.db", bodies))
    return {
        "append_per_s": len(bodies) / append_s,
        "full_append_per_s": len(bodies) / full_s,
        "read_per_s": len(bodies) / drain_s,
        "open_per_s": len(bodies) / open_s,
        "segment_ms": segment_s * 1000,
    }


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _open_full(path: Path) -> sqlite3.Connection:
    """Return the rejected journal: one table of SQLite, with its index of happenings."""
    journal = sqlite3.connect(path, isolation_level=None)
    journal.execute("PRAGMA journal_mode=WAL")
    journal.execute("PRAGMA synchronous=FULL")
    journal.execute(
        "CREATE TABLE spool (number INTEGER PRIMARY KEY, id BLOB UNIQUE, body BLOB NOT NULL)"
    )
    return journal


def _row(body: bytes) -> tuple[bytes, bytes]:
    return event_id(json.loads(body)["origin"]), body


def _full_groups(path: Path, bodies: Sequence[bytes]) -> None:
    journal = _open_full(path)
    for at in range(0, len(bodies), GROUP):
        journal.execute("BEGIN IMMEDIATE")
        journal.executemany(INSERT, [_row(body) for body in bodies[at : at + GROUP]])
        journal.execute("COMMIT")
    journal.close()


def _sqlite_full(path: Path) -> Callable[[int], None]:
    journal = _open_full(path)

    def append(number: int) -> None:
        journal.execute(INSERT, _row(board_body(number)))

    return append


if __name__ == "__main__":
    for name, value in measure("--quick" in sys.argv).items():
        sys.stdout.write(f"{name:24} {value:12.3f}\n")
