"""Files that not even their owner can change: the immutable attribute, where there is one.

Immutable here means write-once against the service and evidence against root, who can take
the attribute away.  A medium that cannot be rewritten, or another party's disk, is better.

The service has no right to set the attribute; ``fognode protect`` has it and nothing else, and
is run by a timer.  The folder belongs to the service, so who marks files trusts nothing in it:
no link is followed, and only a finished file of the folder's owner, with one name, is marked.
"""

import errno
import fcntl
import os
import re
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fognode.errors import StoreError
from fognode.store.worm_files import PLACES, disk

# _IOW('f', 2, long) and _IOR('f', 1, long) of linux/fs.h; the long is read and written as int.
SET_FLAGS = 1 << 30 | struct.calcsize("l") << 16 | ord("f") << 8 | 2
GET_FLAGS = 2 << 30 | struct.calcsize("l") << 16 | ord("f") << 8 | 1
IMMUTABLE = 0x10  # FS_IMMUTABLE_FL
# The file system has no such attribute.
NONE_HERE = (errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)
CANNOT = (*NONE_HERE, errno.EPERM, errno.EACCES)  # or it is not this account's to set
# What no one of ours is: a link, a socket; or it went while we looked.
NOT_OURS = (errno.ELOOP, errno.ENOTDIR, errno.ENXIO, errno.ENOENT)
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC  # a pipe would hold us up
KEPT = re.compile(r"[0-9]{12}(\.gz|\.sha256)?")
LEVEL = re.compile(r"[0-9]{1,2}")  # of tiles: a folder
WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH

Act = Callable[[int, int], bool]  # (file, owner of the folder) -> is it immutable now?


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How many of the kept files are immutable."""

    kept: int
    immutable: int
    oldest_at_ms: int = 0  # when the oldest of the others was written, UTC; 0 = all are immutable
    is_possible: bool = True  # False: the file system has no such attribute
    kind: str = ""  # of the file system, as the kernel calls it

    def __str__(self) -> str:
        """Say what the write-once folder really is."""
        if not self.is_possible:
            return (
                f"{self.kind} has no immutable attribute: {self.kept} kept files are read-only by"
                " their mode, and the service's account can replace them"
            )
        if self.immutable == self.kept:
            return (
                f"{self.kept} of {self.kept} kept files are immutable on {self.kind}:"
                " only root can change or remove one"
            )
        since = datetime.fromtimestamp(self.oldest_at_ms // 1000, UTC)
        return (
            f"{self.immutable} of {self.kept} kept files are immutable on {self.kind}; the"
            f" service's account can replace the others, the oldest of {since:%Y-%m-%d %H:%M} UTC"
        )


def make_immutable(path: Path) -> bool:
    """Set the immutable attribute of a file; False where that is not possible.

    Needs CAP_LINUX_IMMUTABLE, which the service does not have (``protect_files``).

    Raises:
        OSError: The file cannot be opened, or the disk fails.
    """
    descriptor = os.open(path, FILE)
    try:
        _set(descriptor)
    except OSError as error:
        if error.errno not in CANNOT:
            raise
        return False
    finally:
        os.close(descriptor)
    return True


def protect_files(folder: Path) -> Held:
    """Set the attribute on every kept file; return how many have it now.

    Needs CAP_LINUX_IMMUTABLE, and the rights of the files' owner.

    Raises:
        StoreError: The folder cannot be read, a link is on the way to it, or the attribute
            is there and not ours to set.
    """
    return _go_through(folder, _mark)


def look_at_files(folder: Path) -> Held:
    """Return how many kept files have the attribute; nothing is changed.  Any thread.

    Raises:
        StoreError: The folder cannot be read.
    """
    return _go_through(folder.resolve(), lambda file, _owner: _is_set(file))


def _mark(file: int, owner: int) -> bool:
    if _is_set(file):
        return True
    found = os.fstat(file)
    # A second name: of a file from elsewhere, or of one that is just being finished in ``new``,
    # where it could not be removed.  Writable: it is not whole yet.
    if found.st_nlink != 1 or found.st_uid != owner or found.st_mode & WRITABLE:
        return False
    _set(file)
    return True


def _go_through(folder: Path, act: Act) -> Held:
    kept = immutable = oldest_ns = 0
    is_possible = True
    with disk(folder), _open_folder(folder) as top:
        owner = os.fstat(top).st_uid
        for place, name in _kept_names(top):
            kept += 1
            try:
                is_marked = _act_on(place, name, owner, act)
            except OSError as error:
                if error.errno not in NONE_HERE:
                    raise
                is_marked = is_possible = False
            immutable += is_marked
            if not is_marked and (written_ns := _written_ns(place, name)):
                oldest_ns = min(oldest_ns or written_ns, written_ns)
    return Held(
        kept=kept,
        immutable=immutable,
        oldest_at_ms=oldest_ns // 1_000_000,
        is_possible=is_possible,
        kind=_file_system(folder),
    )


def _act_on(place: int, name: str, owner: int, act: Act) -> bool:
    try:
        file = os.open(name, FILE, dir_fd=place)
    except OSError as error:
        if error.errno not in (*NOT_OURS, errno.EACCES):  # another account's: the others count
            raise
        return False
    try:
        return stat.S_ISREG(os.fstat(file).st_mode) and act(file, owner)
    finally:
        os.close(file)


def _written_ns(place: int, name: str) -> int:
    try:
        return os.stat(name, dir_fd=place, follow_symlinks=False).st_mtime_ns
    except FileNotFoundError:
        return 0


# --- the way to the files --------------------------------------------------------------------


def _kept_names(top: int) -> Iterator[tuple[int, str]]:
    """Yield the open folder and the name of each kept file."""
    for place in PLACES:
        with _opened(place, top) as within:
            for name in _names(within):
                if KEPT.fullmatch(name):
                    yield within, name
                elif place == "tile" and LEVEL.fullmatch(name):
                    with _opened(name, within) as level:
                        yield from ((level, tile) for tile in _names(level) if KEPT.fullmatch(tile))


def _names(folder: int) -> list[str]:
    return sorted(os.listdir(folder)) if folder >= 0 else []  # it is open already


@contextmanager
def _opened(name: str, within: int) -> Iterator[int]:
    """Open a folder in a folder; -1 when it is none of ours.

    Raises:
        OSError: It cannot be read.
    """
    try:
        descriptor = os.open(name, FOLDER, dir_fd=within)
    except OSError as error:
        if error.errno not in NOT_OURS:
            raise
        yield -1
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _open_folder(folder: Path) -> Iterator[int]:
    """Open a folder by its path, of which no part may be a link.

    Raises:
        StoreError: One is.
    """
    here = os.open("/", FOLDER)
    try:
        for name in folder.absolute().parts[1:]:
            try:
                there = os.open(name, FOLDER, dir_fd=here)
            except NotADirectoryError as error:  # a link, too
                raise StoreError(f"{folder}: {name} is a link, or no folder") from error
            os.close(here)
            here = there
        yield here
    finally:
        os.close(here)


# --- the attribute ---------------------------------------------------------------------------


def _is_set(file: int) -> bool:
    return bool(_flags(file) & IMMUTABLE)


def _flags(file: int) -> int:
    return int(struct.unpack("i", fcntl.ioctl(file, GET_FLAGS, bytes(4)))[0])


def _set(file: int) -> None:
    flags = _flags(file)
    if not flags & IMMUTABLE:
        fcntl.ioctl(file, SET_FLAGS, struct.pack("i", flags | IMMUTABLE))


def _file_system(folder: Path) -> str:
    """Return the type of the file system that holds a folder, as the kernel calls it."""
    inside = folder.resolve()
    kind, longest = "an unknown file system", -1
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, place, found, *_ = line.split(" ")
        mount = Path(place.encode().decode("unicode_escape"))  # a blank is written \040
        if inside.is_relative_to(mount) and len(mount.parts) >= longest:
            kind, longest = found, len(mount.parts)
    return kind
