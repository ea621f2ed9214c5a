"""Signs the record and copies it into the write-once folder, on the store thread.

A checkpoint is signed every 256 events, or 60 s after the last if anything came.  Its note
is in the folder before its row is in the database.  At a start the newest note there must
be the tree of what the database holds, or the database is not the one that was signed; and
the key at hand must be the one that the record names as its newest.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from fognode.errors import TamperError
from fognode.events import Row, RowValues
from fognode.store import worm_files
from fognode.store.checkpoint import Signer
from fognode.store.keyring import Keyring, read_keyring, short
from fognode.store.notary import Notary, range_hashes, range_text
from fognode.store.reader import Reader
from fognode.store.restored import check_folder, check_not_restored, newest_note
from fognode.store.worm import Worm
from fognode.store.worm_files import SEGMENT

log = logging.getLogger(__name__)

READ = 512  # events taken from the record at once
READS = 40  # of them in one look: the store thread has other work, too

KeepRows = Callable[[Sequence[Row]], None]


class Witness:
    """Follows the record as it is committed; one thread's."""

    def __init__(self, folder: Path, reader: Reader, signer: Signer, immutable: bool) -> None:
        """Go on from the last checkpoint.

        Raises:
            StoreError: The folder or the database cannot be read.
            RestoredError: The database does not hold what was signed; the message says
                what to do.
            TamperError: A note or a row of a checkpoint is not as it was written, or the
                record is signed by another key than this one.
        """
        self._folder, self._reader, self._signer = folder, reader, signer
        self._worm = Worm(folder, immutable)
        keys = read_keyring(reader, signer.verifier_key)
        newest = newest_note(folder, keys, signer.verifier_key)
        check_not_restored(reader, [newest] if newest else [])
        check_folder(reader, folder)
        _check_key(keys, signer.verifier_key)
        for era in keys.eras:
            self._worm.keep_key(era.first, era.key)
        self._notary = self._resume(keys)
        # What is smaller was the key's before it, or the log's before it.
        self._begin = keys.newest.first
        self.signed_size = self._notary.signed_size
        self.copied_size = worm_files.next_seq(folder) - 1  # events up to this one lie in segments

    def look(self, now_ms: int, mono_ms: int, keep_rows: KeepRows, at_once: bool = False) -> None:
        """Take what was committed since, sign when it is due or wanted ``at_once``.

        Then fill the folder.

        Raises:
            StoreError: Something is away or full; nothing is lost, call again.
            TamperError: The record does not extend what was signed; nothing is signed.
        """
        for _ in range(READS):
            bodies = self._next_bodies()
            if not bodies:
                break
            self._notary.take(self._notary.size, bodies)
            if self._notary.size % SEGMENT == 0:  # a whole segment is proven by a note of its own
                self._sign(now_ms, mono_ms, keep_rows)
        if at_once or self._notary.due(mono_ms):
            self._sign(now_ms, mono_ms, keep_rows)
        self._fill_segments()

    def _next_bodies(self) -> list[bytes]:
        """Return the events that follow, never beyond the end of a segment.

        Raises:
            TamperError: The next one is missing.
        """
        size = self._notary.size
        room = SEGMENT - size % SEGMENT
        found = self._reader.events(after=size, limit=min(READ, room))
        if found and found[0].seq != size + 1:
            raise TamperError(f"event {size + 1} is missing from the record")
        return [event.body for event in found]

    def _sign(self, now_ms: int, mono_ms: int, keep_rows: KeepRows) -> None:
        if self._notary.size == self._notary.signed_size or self._notary.size < self._begin:
            return
        signed = self._notary.sign(mono_ms)
        size = signed.checkpoint.size
        self._worm.keep_note(size, signed.note)
        values: RowValues = {
            "size": size,
            "root": signed.checkpoint.root,
            "note": signed.note.decode(),
            "range_json": range_text(signed.hashes),
            "link": self._reader.link(size),
            "at_ms": now_ms,
        }
        keep_rows([Row(table="checkpoint", values=values)])
        self.signed_size, self.signed_at_ms = size, now_ms

    def _fill_segments(self) -> None:
        first = worm_files.next_seq(self._folder)
        while first + SEGMENT - 1 <= self._notary.signed_size:
            found = self._reader.events(after=first - 1, limit=SEGMENT)
            self._worm.keep_segment(first, [event.body for event in found])
            first = worm_files.next_seq(self._folder)
        self.copied_size = first - 1

    def _resume(self, keys: Keyring) -> Notary:
        """Go on from the newest row; what the folder has beyond it is signed again, alike."""
        rows = self._reader.rows("checkpoint", order="-size", limit=1)
        self.signed_at_ms = int(rows[0]["at_ms"] or 0) if rows else 0
        if not rows:
            return Notary(self._signer)
        hashes = range_hashes(str(rows[0]["range_json"]))
        key = keys.era(int(str(rows[0]["size"]))).key
        return Notary(self._signer, str(rows[0]["note"]).encode(), hashes, key)


def _check_key(keys: Keyring, own: str) -> None:
    if keys.newest.key != own:
        raise TamperError(
            f"the record is signed by key {short(keys.newest.key)}, the credential checkpoint-key"
            f" is {short(own)}: put the right one back, or finish fognode key rotate"
        )
