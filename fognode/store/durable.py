"""Writes that outlast a power cut: the file first, then its name, then the folder.

An fsync of a file does not make its name durable; that is the folder's, and takes an fsync
of its own.  All functions raise OSError as the system gives it: after any error nothing is
known to be durable, and a descriptor whose sync failed must be closed, never synced again
(Linux forgets the pages that it could not write, so a second sync may report success).
"""

import os
from pathlib import Path

MODE = 0o600  # bodies name people by their pseudonyms: nobody but the service reads them


def write_whole(path: Path, content: bytes, staging: Path | None = None) -> None:
    """Make ``path`` a file with this content, at once; a file of that name is replaced.

    On return content and name are durable.  A crash leaves the old file or the new one,
    never a part, and perhaps a ``.new`` file that the next call overwrites.

    Args:
        path: Where the file is to be.
        content: All of it.
        staging: Where the unfinished file lies, on the same file system; beside ``path``
            by default.
    """
    unfinished = (staging or path.parent) / f"{path.name}.new"
    write_synced(unfinished, content)
    unfinished.replace(path)
    fsync_folder(path.parent)


def write_synced(path: Path, content: bytes) -> None:
    """Write a file; on return its content is durable, its name is not (``fsync_folder``)."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, MODE)
    try:
        write_fully(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_to_append(path: Path) -> int:
    """Open a file for ``append_synced``, made if it is not there; its name is not durable."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, MODE)


def append_synced(descriptor: int, content: bytes) -> None:
    """Add to the end of an open file; on return the content is durable.

    The file was opened by ``open_to_append``, and its name made durable before.
    """
    write_fully(descriptor, content)
    # The new length goes with it: without it the content could not be found again.
    os.fdatasync(descriptor)
    # If the journal of ext4 is given up while we wait, the sync may report success for a length
    # that was never written.  This changes nothing, but must be let in by the journal.
    os.posix_fallocate(descriptor, 0, 1)


def write_fully(descriptor: int, content: bytes) -> None:
    """Hand all of ``content`` to the kernel; nothing is durable on return.

    When it raises, a part may be in the file.
    """
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]  # a full disk takes a part first


def fsync_folder(folder: Path) -> None:
    """Make durable which names are in a folder: those made, renamed or removed before."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder whose parent exists, if it is not there; on return its name is durable."""
    folder.mkdir(mode=0o700, exist_ok=True)
    fsync_folder(folder.parent)
