"""Where the write-once files are made: each name once, as far from our own reach as can be.

A file is written in ``new``, made durable, linked to its name, and then made immutable
where the file system and the account allow (store/immutable.py).  A name is given once: the
same content again changes nothing, other content is a TamperError.

Which files there are, and how they are read: store/worm_files.py.

Written on the store thread only.
"""

import errno
import gzip
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from fognode import hashing
from fognode.errors import TamperError
from fognode.store import durable, worm_files
from fognode.store.immutable import make_immutable
from fognode.store.merkle import TILE, root_of
from fognode.store.worm_files import PLACES, SEGMENT, disk

# Not 9: 4,096 bodies take 20 ms so, thrice that for 2 % less.
GZIP_LEVEL = 6
READ_ONLY = 0o400
NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK)


class Worm:
    """Puts files into the folder, once each.

    The folder is made if its parent exists.

    Raises:
        StoreError: The folder cannot be used.
    """

    def __init__(self, folder: Path, immutable: bool = True) -> None:
        """Open the folder; ``immutable=False`` is for a trial that clears up after itself."""
        self._folder, self._immutable = folder, immutable
        self._new = folder / "new"
        with disk(folder):
            for place in ("", "new", *PLACES):
                durable.make_folder(folder / place)
            for unfinished in self._new.iterdir():
                unfinished.unlink()

    def keep_note(self, size: int, note: bytes) -> None:
        """Keep the signed note of a checkpoint; on return it is durable.

        Raises:
            StoreError: It is not known to be kept; call again with the same bytes.
            TamperError: Another note of this size is kept.
        """
        self._keep(worm_files.note_name(size), note)

    def keep_notes(self, notes: Iterable[tuple[int, bytes]]) -> None:
        """Keep many notes that are known elsewhere; on return all of them are durable.

        Raises:
            StoreError: Not all are known to be kept; call again with the same notes.
            TamperError: Another note of one of the sizes is kept.
        """
        with disk(self._folder):
            lacking: list[Path] = []
            for size, note in notes:
                path = self._folder / worm_files.note_name(size)
                if not path.exists():
                    (self._new / path.name).unlink(missing_ok=True)
                    (self._new / path.name).write_bytes(note)
                    (self._new / path.name).chmod(READ_ONLY)
                    lacking.append(path)
                elif path.read_bytes() != note:
                    raise TamperError(f"{path} is kept with other content, and is written once")
            os.sync()  # once for all, before one has its name: a year has some 100,000 of them
            for path in lacking:
                _link(self._new / path.name, path)
            durable.fsync_folder(self._folder / "checkpoint")

    def keep_key(self, first: int, key: str) -> None:
        """Keep the shared text of the key that signs from this size on; on return it is durable.

        Raises:
            StoreError: It is not known to be kept; call again with the same text.
            TamperError: Another key is kept there.
        """
        self._keep(f"key/{first:012d}", f"{key}\n".encode())

    def keep_tile(self, level: int, index: int, hashes: Sequence[bytes]) -> None:
        """Keep a full tile of the tree; on return it is durable.

        Raises:
            StoreError: It is not known to be kept; call again with the same hashes.
            TamperError: Other hashes are kept as this tile.
            ValueError: They are not 256 hashes of 32 bytes.
        """
        self._keep(worm_files.tile_name(level, index), worm_files.tile_bytes(hashes))

    def keep_segment(self, first_seq: int, bodies: Sequence[bytes]) -> None:
        """Keep the 4,096 bodies from ``first_seq`` on, and every tile that they fill.

        On return all of it is durable.  After a crash or an error the same call completes it.

        Raises:
            StoreError: It is not known to be kept; call again with the same bodies.
            TamperError: Other bodies or hashes are kept under these names.
            ValueError: They are not 4,096, or do not begin where a segment begins.
        """
        if len(bodies) != SEGMENT or first_seq % SEGMENT != 1:
            raise ValueError(f"{len(bodies)} bodies from seq {first_seq} are no segment")
        leaves = [hashing.leaf_hash(body) for body in bodies]
        first_tile = (first_seq - 1) // TILE
        for number in range(SEGMENT // TILE):
            hashes = leaves[number * TILE : (number + 1) * TILE]
            self._keep_up(0, first_tile + number, hashes)
        content = worm_files.segment_bytes(bodies)
        name = worm_files.segment_name(first_seq)
        # The packed file last: once it is there, nothing of the segment is missing.
        self._keep(f"{name}.sha256", worm_files.sums(first_seq, content, leaves))
        self._keep(f"{name}.gz", gzip.compress(content, GZIP_LEVEL, mtime=0))

    def _keep_up(self, level: int, index: int, hashes: Sequence[bytes]) -> None:
        """Keep a tile, and those above that it completes.

        Raises:
            TamperError: A tile that must be there by now is not.
        """
        self.keep_tile(level, index, hashes)
        if index % TILE != TILE - 1:
            return
        above = [
            worm_files.tile(self._folder, level, below)
            for below in range(index - TILE + 1, index + 1)
        ]
        if not all(above):
            raise TamperError(f"{self._folder}: a tile of level {level} before {index} is missing")
        self._keep_up(level + 1, index // TILE, [root_of(below) for below in above])

    def _keep(self, name: str, content: bytes) -> None:
        with disk(self._folder):
            self._place(self._folder / name, content)

    def _place(self, path: Path, content: bytes) -> None:
        if not path.parent.exists():
            durable.make_folder(path.parent)  # of a level of tiles
        if not path.exists():
            unfinished = self._new / path.name
            unfinished.unlink(missing_ok=True)
            durable.write_synced(unfinished, content)
            unfinished.chmod(READ_ONLY)
            _link(unfinished, path)
        elif not _same(path, content):
            raise TamperError(f"{path} is kept with other content, and is written once")
        # Also for a file found there: a crash may have come before its name was durable.
        durable.fsync_folder(path.parent)
        if self._immutable:
            make_immutable(path)


def _link(unfinished: Path, path: Path) -> None:
    """Give a finished file its name, never taking the place of another.

    Raises:
        OSError: The name is taken, or the disk fails.
    """
    try:
        path.hardlink_to(unfinished)
        # Before it is immutable: then not even this second name could go.
        unfinished.unlink()
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        unfinished.rename(path)  # vfat has no links; only this thread writes here


def _same(path: Path, content: bytes) -> bool:
    kept = path.read_bytes()
    if kept == content or path.suffix != ".gz":
        return kept == content
    # Another build of zlib packs the same content into other bytes.
    return worm_files.unpacked(path, kept) == gzip.decompress(content)
