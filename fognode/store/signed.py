"""What was signed of the record, for ``verify``: rows, write-once files, anchors.

Each becomes a mark that the walk over the events compares with its own tree.  Notes are
checked here: signature (when the key is known), row against file, range against root.

The folder is listed before the database is read, so that a checkpoint signed meanwhile is
not taken for one whose events are gone.
"""

import bisect
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, LargeBinary, Row, column, func, select
from sqlalchemy import cast as sql_cast

from fognode.errors import StoreError, TamperError
from fognode.hashing import leaf_hash
from fognode.store import durable, worm_files
from fognode.store.bodies import stored_event
from fognode.store.checkpoint import Checkpoint, read_note
from fognode.store.evidence import Evidence
from fognode.store.keyring import SUCCESSION, Keyring, keyring_of
from fognode.store.merkle import TILE
from fognode.store.notary import range_hashes
from fognode.store.tables import checkpoint, event
from fognode.store.walk import Base, Mark, Tell, is_range
from fognode.store.worm_check import verify_segments
from fognode.store.worm_files import SEGMENT

TABLE, FOLDER = "checkpoint", "worm"
STEPS = select(event.c.seq, event.c.event_id, sql_cast(event.c.body, LargeBinary)).where(
    column("kind").in_([str(kind) for kind in SUCCESSION])
)
CheckpointRow = Row[Any, Any, Any, Any, Any]  # size, root, link, note, range_json
ROWS = select(
    checkpoint.c.size,
    checkpoint.c.root,
    checkpoint.c.link,
    checkpoint.c.note,
    checkpoint.c.range_json,
)


class SignedRecord:
    """All that was signed, read as the walk comes to it."""

    def __init__(self, evidence: Evidence, tell: Tell) -> None:
        """List the write-once notes; do this before the database's snapshot is taken."""
        self._evidence, self._tell = evidence, tell
        self._folder = evidence.worm if evidence.worm and evidence.worm.is_dir() else None
        self._sizes = self._listed(worm_files.note_sizes)
        self._keys: Keyring | None = None
        self._known: dict[bytes, Checkpoint] = {}  # notes of one stretch: a row and its file

    def _listed(self, listing: Callable[[Path], list[int]]) -> list[int]:
        try:
            return listing(self._folder) if self._folder else []
        except StoreError as error:
            self._tell(None, FOLDER, str(error))
            return []

    def notes(self) -> Iterator[str]:
        """Say what cannot be checked, one line each."""
        if self._evidence.worm is None:
            yield "write-once files not checked: no folder was named"
        elif self._folder is None:
            yield f"write-once files not checked: {self._evidence.worm} is not there"
        if not self._evidence.verifier_key:
            yield "signatures not checked: the node's key is not known"

    # --- who signed ----------------------------------------------------------------------

    def learn(self, connection: Connection) -> None:
        """Learn from the record which keys sign it; call this before all that follows."""
        key = self._evidence.verifier_key
        if not key:
            return
        rows = connection.execute(STEPS.order_by(event.c.seq))
        try:
            self._keys = keyring_of((stored_event(*row) for row in rows), key)
            doubt = self._keys.doubt(key)
        except TamperError as error:
            doubt = str(error)
        if doubt:
            self._tell(None, TABLE, f"note: {doubt}")

    def _opened(self, note: bytes) -> Checkpoint:
        if note not in self._known:
            key = self._evidence.verifier_key
            self._known[note] = self._keys.open(note) if self._keys else read_note(note, key)
        return self._known[note]

    # --- where to begin ------------------------------------------------------------------

    def base(self, connection: Connection) -> Base:
        """Return where to begin so that all that is new is read; the beginning if in doubt.

        What verify.json says is only a hint: the row of the checkpoint from which the walk
        goes on, its signature, range, event and write-once note must agree among themselves.
        """
        told = self._remembered(connection)
        if told is None:
            return Base()
        # From before the segment that was being filled: its tiles may be newer than the pass.
        wanted = told // SEGMENT * SEGMENT
        newest = ROWS.where(checkpoint.c.size <= wanted).order_by(checkpoint.c.size.desc()).limit(1)
        row = connection.execute(newest).first()
        if row is None or list(self._wrong(row)) or link_at(connection, row.size) != row.link:
            return Base()
        return Base(row.size, row.link, tuple(range_hashes(row.range_json)))

    def _remembered(self, connection: Connection) -> int | None:
        path = self._evidence.memory
        if path is None:
            return None
        try:
            told = json.loads(path.read_bytes())
            size, link, root = int(told["size"]), str(told["link"]), str(told["root"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        row = connection.execute(ROWS.where(checkpoint.c.size == size)).first()
        if row is None or row.root.hex() != root or row.link.hex() != link:
            return None
        return size if link_at(connection, size) == row.link else None

    def remember(self, connection: Connection, head: int) -> None:
        """Write down how far all was found whole.

        Raises:
            StoreError: It cannot be written.
        """
        path = self._evidence.memory
        newest = ROWS.where(checkpoint.c.size <= head).order_by(checkpoint.c.size.desc()).limit(1)
        row = connection.execute(newest).first()
        if path is None or row is None:
            return
        told = {"size": row.size, "link": row.link.hex(), "root": row.root.hex()}
        try:
            durable.write_whole(path, json.dumps(told).encode())
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}") from error

    # --- marks ---------------------------------------------------------------------------

    def marks(self, connection: Connection, after: int, up_to: int) -> list[Mark]:
        """Return what is said of the sizes in this stretch, in their order, rows first."""
        self._known.clear()
        stretch = ROWS.where(checkpoint.c.size > after, checkpoint.c.size <= up_to)
        rows = {row.size: row for row in connection.execute(stretch.order_by(checkpoint.c.size))}
        marks = [self._row_mark(row) for row in rows.values()]
        begin, end = (bisect.bisect_right(self._sizes, size) for size in (after, up_to))
        for size in self._sizes[begin:end]:
            mark = self._note_mark(size)
            if mark is not None:
                marks.append(mark)
        marks += [mark for mark in self._evidence.anchors if after < mark.size <= up_to]
        return sorted(marks, key=lambda mark: mark.size)

    def old_anchors(self, connection: Connection, up_to: int) -> None:
        """Compare anchors of sizes that are not walked with the checkpoints' rows."""
        for mark in self._evidence.anchors:
            if mark.size > up_to:
                continue
            row = connection.execute(ROWS.where(checkpoint.c.size == mark.size)).first()
            if row is None or row.root != mark.root:
                self._tell(None, mark.where, f"size {mark.size}: the checkpoint has another root")

    def _row_mark(self, row: CheckpointRow) -> Mark:
        where = f"{TABLE} size {row.size}"
        for reason in self._wrong(row):
            self._tell(None, where, reason)
        return Mark(row.size, where, row.root, row.link, tuple(range_hashes(row.range_json)))

    def _wrong(self, row: CheckpointRow) -> Iterator[str]:
        note = row.note.encode()
        try:
            told = self._opened(note)
        except TamperError as error:
            yield f"note: {error}"
        else:
            if (told.size, told.root) != (row.size, row.root):
                yield "note: is of another size or root than its row"
        if not is_range(row.size, range_hashes(row.range_json), row.root):
            yield "range: not the compact range of its root"
        if self._evidence.worm is not None:
            yield from self._unlike_file(row.size, note)

    def _unlike_file(self, size: int, note: bytes) -> Iterator[str]:
        # Looked up now, not in the listing: the file is written before the row.
        try:
            kept = worm_files.note(self._evidence.worm, size) if self._evidence.worm else note
        except StoreError:
            yield "note: missing among the write-once files"
            return
        if kept != note:
            yield "note: differs from its write-once file"

    def _note_mark(self, size: int) -> Mark | None:
        where = f"{FOLDER} {worm_files.note_name(size)}"
        try:
            told = self._opened(worm_files.note(self._folder or Path(), size))
            if told.size != size:
                raise TamperError(f"is a note of size {told.size}")
        except StoreError as error:  # also one that is tampered with
            self._tell(None, where, f"note: {error}")
            return None
        return Mark(size, where, told.root)

    def tell_beyond(self, connection: Connection, head: int) -> None:
        """Tell of what was signed of events that are not here."""
        biggest = connection.execute(select(func.max(checkpoint.c.size))).scalar()
        ends = [(f"{TABLE} size {biggest}", int(biggest or 0))]
        ends += [(f"{FOLDER} {worm_files.note_name(size)}", size) for size in self._sizes[-1:]]
        ends += [(mark.where, mark.size) for mark in self._evidence.anchors]
        for where, size in ends:
            if size > head:
                short = f"the database is shorter than the signed record: {head} of {size} events"
                self._tell(None, where, short)

    # --- write-once files ----------------------------------------------------------------

    def compare_tile(self, index: int, leaves: Sequence[bytes]) -> None:
        """Compare a tile of the walk's own tree with the file, if there is one."""
        if self._folder is None:
            return
        name = worm_files.tile_name(0, index)
        try:
            kept = worm_files.tile(self._folder, 0, index)
        except StoreError as error:
            self._tell(None, FOLDER, str(error))
            return
        for at, (one, other) in enumerate(zip(kept, leaves, strict=False)):
            if one != other:
                reason = f"{FOLDER} {name}: has another hash for this event"
                self._tell(index * TILE + at + 1, "event", reason)

    def check_segments(
        self, after: int, head: int, tail: Callable[[int, int], Iterator[bytes]]
    ) -> None:
        """Compare segments with their tiles: all of them, or those that end after ``after``.

        ``tail`` gives the bodies of the database after one seq up to another.
        """
        if self._folder is None:
            return
        newest = next((size for size in reversed(self._sizes) if size <= head), 0)
        if after or not newest:
            self._check_new_segments(after)
            return
        try:
            told = read_note(worm_files.note(self._folder, newest), "")
            kept = worm_files.segments(self._folder)
            covered = max(kept, default=1 - SEGMENT) + SEGMENT - 1
            rest = tail(covered, newest) if covered < newest else iter(())
            damages = verify_segments(self._folder, told, rest).damages
        except TamperError:
            return  # of the note: told with the marks
        except StoreError as error:
            self._tell(None, FOLDER, str(error))
            return
        for damage in damages:
            self._tell(damage.seq, FOLDER, f"{damage.name}: {damage.reason}")

    def _check_new_segments(self, after: int) -> None:
        folder = self._folder or Path()
        for first in self._listed(worm_files.segments):
            if first + SEGMENT <= after:
                continue
            name = worm_files.segment_name(first)
            try:
                leaves = [leaf_hash(body) for body in worm_files.bodies(folder, first)]
            except StoreError as error:
                self._tell(None, FOLDER, f"{name}: {error}")
                continue
            for at in range(0, SEGMENT, TILE):
                index = (first - 1 + at) // TILE
                if worm_files.tile(folder, 0, index) != leaves[at : at + TILE]:
                    tile = worm_files.tile_name(0, index)
                    self._tell(None, FOLDER, f"{name}: unlike {tile}")


def link_at(connection: Connection, seq: int) -> bytes | None:
    """Return the hash column of an event; None when it is not there."""
    return connection.execute(select(event.c.hash).where(event.c.seq == seq)).scalar()
