"""Is the database the one whose record was signed, or an older copy that came back?

Asked at each start, before anything is written.  A checkpoint whose row was lost in a crash
is no reason to refuse: the folder has it first.
"""

from collections.abc import Sequence

from fognode import hashing
from fognode.errors import RestoredError
from fognode.store.checkpoint import Checkpoint
from fognode.store.merkle import CompactRange
from fognode.store.reader import Reader
from fognode.store.signed import range_hashes

GROUP = 500  # events read together
CURE = (
    "Events go to the spool only. Restore a newer backup (fognode restore), or the segments of"
    " DIR/worm are all there is; if the loss is to be accepted, move DIR/worm to a safe place,"
    " keep it as evidence, and start again"
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
    while tree.size < size:
        found = reader.events(tree.size, min(GROUP, size - tree.size))
        if not found or found[0].seq != tree.size + 1:
            return None
        for told_event in found:
            tree.append(hashing.leaf_hash(told_event.body))
    own = reader.rows("checkpoint", {"size": size})
    if own and reader.link(size) != own[0]["link"]:
        return None
    return tree.root()
