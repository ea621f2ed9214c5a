"""The appliance with its syncs taken out, to show that the power-cut test can fail.

    python -m tests.crash.unsynced_node run --config FILE

The product has no such switch: os.fsync and os.fdatasync are replaced in this process, and
SQLite, which does not use them, is told synchronous=OFF.
"""

import os
import sqlite3
import sys

from fognode.cli.main import run
from fognode.store import engines

prepare_as_shipped = engines.prepare_connection


def prepare_unsynced(connection: sqlite3.Connection) -> None:
    prepare_as_shipped(connection)
    connection.execute("PRAGMA synchronous=OFF")


if __name__ == "__main__":
    os.fsync = os.fdatasync = lambda fd: None
    engines.prepare_connection = prepare_unsynced
    sys.exit(run(sys.argv[1:]))
