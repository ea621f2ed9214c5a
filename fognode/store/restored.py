"""Is the database the one whose record was signed, or an older copy that came back?

Asked at each start, before anything is written.  A checkpoint whose row was lost in a crash
is no reason to refuse: the folder has it first.  What an older copy lacks: store/loss.py.
"""

from collections.abc import Sequence
from pathlib import Path

from fognode import hashing
from fognode.errors import RestoredError, TamperError
from fognode.store import worm_files
from fognode.store.checkpoint import Checkpoint, open_note, parse_key, parse_note, verifier_key
from fognode.store.keyring import Keyring
from fognode.store.merkle import CompactRange
from fognode.store.notary import range_hashes
from fognode.store.reader import Reader

GROUP = 500  # events read together
CURE = (
    "Events go to the spool only. Stop fognode, then restore a newer backup (fognode restore"
    " FILE); if there is none, fognode restore --accept-loss tells what is lost and begins a new"
    " log. See docs/recovery.md"
)


def check_not_restored(reader: Reader, worm_notes: Sequence[Checkpoint]) -> None:
    """Refuse a database that is behind, or unlike, the newest checkpoint in the folder.

    Args:
        reader: Of the database that is to be served.
        worm_notes: Opened notes of the write-once folder; only the largest is looked at.

    Raises:
        RestoredError: It is; the message says what to do.
        StoreError: The database is away.
    """
    if not worm_notes:
        return
    newest = max(worm_notes, key=lambda note: note.size)
    seq, _ = reader.head()
    if seq < newest.size:
        raise RestoredError(
            f"the database ends at event {seq}, but {newest.size} were signed: it is an older"
            f" copy. {CURE}"
        )
    if _root_at(reader, newest.size) != newest.root:
        raise RestoredError(
            f"the first {newest.size} events of the database are not those that were signed. {CURE}"
        )


def check_folder(reader: Reader, folder: Path) -> None:
    """Refuse a write-once folder in which what was signed last may be missing.

    Else a second root could be signed for the same log and size.

    Raises:
        RestoredError: It came out of a backup, or lacks the newest checkpoint of the database.
        StoreError: The folder or the database cannot be read.
    """
    if backup := worm_files.copied_from(folder):
        raise RestoredError(
            f"{folder} is a copy out of {backup}: what was signed after that is not known here."
            f" {CURE}"
        )
    rows = reader.rows("checkpoint", order="-size", limit=1)
    size = int(str(rows[0]["size"])) if rows else 0
    if rows and size not in worm_files.note_sizes(folder):
        raise RestoredError(
            f"{folder} lacks checkpoint {size}, the newest of the database: it was"
            f" moved or lost. {CURE}"
        )


def newest_note(folder: Path, keys: Keyring, own: str) -> Checkpoint | None:
    """Return the newest checkpoint in the folder; None when there is none.

    One that our own key signed counts though the database knows nothing of that key or log:
    then the database is the older one.

    Raises:
        StoreError: The folder cannot be read.
        TamperError: The note is not signed by a key of ours.
    """
    sizes = worm_files.note_sizes(folder)
    if not sizes:
        return None
    note = worm_files.note(folder, sizes[-1])
    try:
        return keys.open(note)
    except TamperError:
        log = parse_note(note).log
        return open_note(note, verifier_key(log, parse_key(own)[1]))


def _root_at(reader: Reader, size: int) -> bytes | None:
    """Return the root of the database's first events, from the checkpoint before on.

    The range of that checkpoint is taken from its row; its link ties it to the event.
    """
    tree = CompactRange()
    for row in reader.rows("checkpoint", order="-size", limit=GROUP):
        told = int(str(row["size"]))
        # The last is skipped: what it says of itself is to be compared.
        if told < size and reader.link(told) == row["link"]:
            tree = CompactRange(told, range_hashes(str(row["range_json"])))
            break
    if not grow_tree(tree, reader, size):
        return None
    own = reader.rows("checkpoint", {"size": size})
    if own and reader.link(size) != own[0]["link"]:
        return None
    return tree.root()


def grow_tree(tree: CompactRange, reader: Reader, size: int) -> bool:
    """Add events up to a size; False when one is missing."""
    while tree.size < size:
        found = reader.events(tree.size, min(GROUP, size - tree.size))
        if not found or found[0].seq != tree.size + 1:
            return False
        for told_event in found:
            tree.append(hashing.leaf_hash(told_event.body))
    return True
