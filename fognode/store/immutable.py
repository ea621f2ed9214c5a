"""Files that nobody but root can change: the immutable attribute, where there is one.

Immutable here means write-once against the service and evidence against root, who can take
the attribute away.  A medium that cannot be rewritten, or another party's disk, is better.
"""

import errno
import fcntl
import os
import struct
from pathlib import Path

from fognode.store import durable
from fognode.store.worm_files import PLACES, disk

PROBE = "probe"
# _IOW('f', 2, long) and _IOR('f', 1, long) of linux/fs.h; the long is read and written as int.
SET_FLAGS = 1 << 30 | struct.calcsize("l") << 16 | ord("f") << 8 | 2
GET_FLAGS = 2 << 30 | struct.calcsize("l") << 16 | ord("f") << 8 | 1
IMMUTABLE = 0x10  # FS_IMMUTABLE_FL
# No such attribute here, or not for this account.
CANNOT = (errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EACCES)


def probe(folder: Path) -> str:
    """Try on a file of its own what holds in this folder, and say it in plain words.

    Raises:
        StoreError: Nothing can be written here.
    """
    kind = _file_system(folder)
    with disk(folder):
        refusal = _try_out(folder / "new" / PROBE)
    if refusal:
        return (
            f"immutable attribute not possible on {kind} for user {os.geteuid()}: {refusal}; "
            "kept files are read-only by their mode, and this account can replace them"
        )
    return f"immutable attribute set on {kind}: only root can change or remove a kept file"


def _try_out(path: Path) -> str:
    """Return what keeps a file from being immutable; "" when nothing does.

    Raises:
        OSError: The file cannot be written, or the disk fails.
    """
    if path.exists():
        _change_flags(path, False)  # left behind by a crash
    durable.write_synced(path, b"probe")
    try:
        _change_flags(path, True)
    except OSError as error:
        path.unlink()
        if error.errno not in CANNOT:
            raise
        return str(error.strerror)
    try:
        path.unlink()
    except PermissionError:
        _change_flags(path, False)
        path.unlink()
        return ""
    return "a marked file could be removed"


def make_immutable(path: Path) -> bool:
    """Set the immutable attribute of a file; False where that is not possible.

    Needs CAP_LINUX_IMMUTABLE, which the service does not have: a unit of root calls this.

    Raises:
        OSError: The file cannot be opened, or the disk fails.
    """
    try:
        _change_flags(path, True)
    except OSError as error:
        if error.errno not in CANNOT:
            raise
        return False
    return True


def make_all_immutable(folder: Path) -> tuple[int, int]:
    """Set the attribute on every kept file; return how many have it now, and how many not.

    Raises:
        StoreError: The folder cannot be read.
    """
    held = [0, 0]
    with disk(folder):
        for place in PLACES:
            for path in (folder / place).rglob("*"):
                if path.is_file():
                    held[not make_immutable(path)] += 1
    return held[0], held[1]


def _change_flags(path: Path, immutable: bool) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        (flags,) = struct.unpack("i", fcntl.ioctl(descriptor, GET_FLAGS, bytes(4)))
        changed = flags | IMMUTABLE if immutable else flags & ~IMMUTABLE
        if changed != flags:
            fcntl.ioctl(descriptor, SET_FLAGS, struct.pack("i", changed))
    finally:
        os.close(descriptor)


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
