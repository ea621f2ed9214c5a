"""How a command on this machine borrows a port from the running appliance, and gives it back.

DIR/port.lent names the port and is locked as long as the command lives; so a command that is
killed keeps nothing.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fognode.errors import RefusedError

FILE = "port.lent"
MOST = 4096  # bytes of a path
TRIES, BETWEEN_S = 20, 0.05


@contextmanager
def borrow(folder: Path, port: str) -> Iterator[None]:
    """Have the appliance that runs in ``folder`` leave a port alone; it does within a second.

    Raises:
        RefusedError: Another command has borrowed one.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _claim(descriptor)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, os.fsencode(port), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _claim(descriptor: int) -> None:
    """Lock the file; tried for a while, because the appliance locks it too for the moment it looks.

    Raises:
        RefusedError: Another command keeps it locked.
    """
    for left in reversed(range(TRIES)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if not left:
                busy = "another command has a board on its port; wait for it"
                raise RefusedError(busy) from error
            time.sleep(BETWEEN_S)
        else:
            return


def borrowed(folder: Path) -> str:
    """Return the port that a living command has borrowed; "" = none.  The appliance asks."""
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(folder / FILE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return os.fsdecode(os.pread(descriptor, MOST, 0))
        finally:
            os.close(descriptor)
    return ""
