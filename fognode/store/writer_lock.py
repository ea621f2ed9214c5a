"""One writer at a time: the lock that keeps a second daemon out of the record."""

import fcntl
from pathlib import Path
from typing import IO

from sqlalchemy import Engine, PoolProxiedConnection

from fognode.errors import StoreError
from fognode.store.engines import LOCK_WAIT_S


def lock_file(engine: Engine) -> IO[str]:
    """Lock the file beside an SQLite database, as long as the file is open.

    Raises:
        StoreError: Another fognode holds it, or it cannot be opened.
    """
    path = Path(f"{engine.url.database}.lock")
    try:
        lock = path.open("w")
    except OSError as error:
        raise StoreError(f"cannot open {path}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise StoreError(f"another fognode writes to {engine.url.database}") from error
    return lock


def lock_name(raw: PoolProxiedConnection, name: str) -> None:
    """Lock a name on the MariaDB server, as long as the connection lives.

    Raises:
        StoreError: Another fognode holds it.
    """
    cursor = raw.cursor()
    # A connection just lost may need a moment to let go.
    cursor.execute("SELECT GET_LOCK(?, ?)", (name, LOCK_WAIT_S))
    taken = cursor.fetchone()
    cursor.close()
    if taken != (1,):
        raise StoreError(f"another fognode holds the lock {name}")
