"""The whole farm of the trial for the bench, and direct looks into its record."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from fognode.trial.farm import Farm


@contextmanager
def open_farm(block_time_s: int | None = None) -> Iterator[Farm]:
    """Start a farm on SQLite in a temporary folder; stop everything it started.

    Raises:
        AwayError: A peer or the daemon did not start.
    """
    with (
        tempfile.TemporaryDirectory(prefix="fgb") as folder,
        Farm(Path(folder) / "farm") as farm,
    ):
        farm.start(block_time_s=block_time_s)
        yield farm


@contextmanager
def record_of(farm: Farm) -> Iterator[sqlite3.Connection]:
    """Lend a connection that reads the farm's record and sees every commit at once."""
    path = f"file:{farm.dir}/fognode.db?mode=ro"
    with closing(sqlite3.connect(path, uri=True, isolation_level=None)) as record:
        yield record
