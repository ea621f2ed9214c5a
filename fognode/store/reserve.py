"""Space kept for the day when the disk is full: given back, so that events still fit.

All functions raise OSError as the system gives it.
"""

import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path

from fognode.store import durable

FULL = (errno.ENOSPC, errno.EDQUOT)
log = logging.getLogger(__name__)


class Reserve:
    """A file of a given size that nobody reads."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path, self._size_bytes = path, size_bytes

    def is_held(self) -> bool:
        """Tell whether the space is there; False when a full disk has used it up."""
        return self._path.exists() and self._path.stat().st_size >= self._size_bytes

    def hold(self) -> None:
        """Take the space, if it is not held; on a full disk it is done without.

        Raises:
            OSError: The disk is failing.
        """
        if self.is_held():
            return
        descriptor = durable.open_to_append(self._path)
        try:
            os.posix_fallocate(descriptor, 0, self._size_bytes)
        except OSError as error:
            self._path.unlink()
            if error.errno not in FULL:
                raise
        finally:
            os.close(descriptor)

    def spend_on(self, write: Callable[[], None]) -> None:
        """Write; if the disk is full, give the space back and write once more.

        Raises:
            OSError: It is full without the reserve as well, or failing.
        """
        try:
            write()
        except OSError as error:
            if error.errno not in FULL or not self.is_held():
                raise
            log.warning("event=spool_reserve_used folder=%s", self._path.parent)
            self._path.unlink()
            # Freed blocks can be used once that is on disk.
            durable.fsync_folder(self._path.parent)
            write()
