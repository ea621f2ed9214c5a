"""Is the database the one whose record was signed, or an older copy that came back?

Asked at each start, before anything is written.  A checkpoint whose row was lost in a crash
is no reason to refuse: the folder has it first.  For an older copy ``measure_loss`` tells what
it lacks, and ``find_saved`` what of that lies in write-once segments and in the spool.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from fognode import hashing
from fognode.errors import RestoredError, StoreError, TamperError
from fognode.events import RowValues
from fognode.store import worm
from fognode.store.checkpoint import Checkpoint, open_note, parse_key, parse_note, verifier_key
from fognode.store.keyring import Era, Keyring
from fognode.store.merkle import CompactRange
from fognode.store.reader import Reader
from fognode.store.signed import range_hashes
from fognode.store.spool import Spool

GROUP = 500  # events read together
# Origins that nothing else can give again; all others are drawn anew, or read from a peer.
ORIGINAL = ("b/", "q/", "i/")
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
    if backup := worm.copied_from(folder):
        raise RestoredError(
            f"{folder} is a copy out of {backup}: what was signed after that is not known here."
            f" {CURE}"
        )
    rows = reader.rows("checkpoint", order="-size", limit=1)
    size = int(str(rows[0]["size"])) if rows else 0
    if rows and size not in worm.note_sizes(folder):
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
    sizes = worm.note_sizes(folder)
    if not sizes:
        return None
    note = worm.note(folder, sizes[-1])
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
    if not _grow(tree, reader, size):
        return None
    own = reader.rows("checkpoint", {"size": size})
    if own and reader.link(size) != own[0]["link"]:
        return None
    return tree.root()


def _grow(tree: CompactRange, reader: Reader, size: int) -> bool:
    """Add events up to a size; False when one is missing."""
    while tree.size < size:
        found = reader.events(tree.size, min(GROUP, size - tree.size))
        if not found or found[0].seq != tree.size + 1:
            return False
        for told_event in found:
            tree.append(hashing.leaf_hash(told_event.body))
    return True


# --- what is lost ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """How far a database is behind what was signed of its record."""

    newest: Checkpoint  # signed last, as far as is known here
    head: int  # events in the database
    kept: int  # of them, those that are still what was signed
    eras: tuple[Era, ...]  # that signed what is in the database

    @property
    def count(self) -> int:
        """How many signed events the database lacks."""
        return max(self.newest.size - self.kept, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """Events that the database lacks and that can be kept again as they were."""

    bodies: tuple[bytes, ...]  # in the order in which they were recorded
    from_segments: int
    from_spool: int
    copied: int  # events up to this seq lie in segments, with those that are drawn anew
    damage: str = ""  # why the segments could not be used


def measure_loss(
    reader: Reader, folder: Path, keys: Keyring, own: str, anchors: Iterable[Checkpoint] = ()
) -> Loss | None:
    """Return what the database lacks of all that is known to be signed; None = nothing ever was.

    Args:
        reader: Of the database.
        folder: The write-once folder; it may be gone.
        keys: As the database tells.
        own: Shared text of the key at hand.
        anchors: What the chains hold of the log.

    Raises:
        StoreError: The database is away, or the folder cannot be read.
        TamperError: The newest note is not signed by a key of ours.
    """
    signed = [*anchors]
    if folder.is_dir():
        _check_newest(folder, keys, own)
        signed += [parse_note(worm.note(folder, size)) for size in worm.note_sizes(folder)]
    rows = reader.rows("checkpoint", order="-size", limit=1)
    signed += [parse_note(str(row["note"]).encode()) for row in rows]
    if not signed:
        return None
    head = reader.head()[0]
    return Loss(
        newest=max(signed, key=lambda one: one.size),
        head=head,
        kept=_shared(reader, head, signed),
        eras=tuple(_eras_of(rows, folder, keys)),
    )


def _check_newest(folder: Path, keys: Keyring, own: str) -> None:
    """Refuse a folder whose newest note nobody known signed: somebody put it there.

    Raises:
        TamperError: Neither our key nor one that the folder names did.
    """
    try:
        newest_note(folder, keys, own)
    except TamperError:
        named = [Era(key=key, first=first) for first, key in worm.keys(folder)]
        if not named:
            raise
        newest_note(folder, Keyring(named), named[-1].key)  # ours is lost, or another


def _shared(reader: Reader, head: int, signed: Iterable[Checkpoint]) -> int:
    """Return how many first events have every root that was signed of them."""
    tree, agreed = CompactRange(), 0
    for one in sorted(signed, key=lambda one: one.size):
        if one.size > head:
            break
        if not _grow(tree, reader, one.size) or tree.root() != one.root:
            return agreed
        agreed = one.size
    return head


def _eras_of(rows: Sequence[RowValues], folder: Path, keys: Keyring) -> Iterable[Era]:
    """Return who signed what the database holds.

    Where it tells of no step, the key at hand may be a later one than that of its rows: the
    step is among what is lost, and the folder knows the key.
    """
    told = worm.keys(folder) if folder.is_dir() else []
    for row in rows if len(keys.eras) == 1 else []:
        note = str(row["note"]).encode()
        for key in (keys.newest.key, *(key for _, key in told)):
            if _signed_by(note, key):
                return [Era(key=key)]
    return keys.eras


def find_saved(reader: Reader, folder: Path, spool: Path, loss: Loss) -> Saved:
    """Return the original events beyond the database: of full segments, and of the spool.

    Segments are believed only as far as the note of their end binds them.

    Raises:
        StoreError: The database is away, or the spool is failing or in use.
    """
    copied, found, damage = 0, list[bytes](), ""
    if folder.is_dir():
        copied = worm.next_seq(folder) - 1
        try:
            found = list(_original(_proven_bodies(folder, copied, loss)))
        except StoreError as error:
            damage = str(error)
    from_segments = _unknown(reader, found)
    spooled = _unknown(reader, _spooled(spool))
    bodies = sorted((from_segments | spooled).values(), key=_recorded_at_ms)
    return Saved(
        bodies=tuple(bodies),
        from_segments=len(from_segments),
        from_spool=len(bodies) - len(from_segments),
        copied=copied,
        damage=damage,
    )


def _proven_bodies(folder: Path, copied: int, loss: Loss) -> Iterator[bytes]:
    if copied <= loss.kept:
        return
    note = worm.note(folder, copied)
    told = parse_note(note)
    publics = {parse_key(key)[1] for _, key in worm.keys(folder)} | {loss.eras[-1].public}
    if not any(_signed_by(note, verifier_key(told.log, public)) for public in publics):
        raise TamperError(f"checkpoint/{copied:012d} is not signed by a key of ours")
    verdict = worm.verify_segments(folder, told)
    if verdict.proven != copied:
        raise TamperError("; ".join(map(str, verdict.damages[:3])) or "not what was signed")
    for _, body in worm.all_bodies(folder, loss.kept):
        yield body


def _signed_by(note: bytes, key: str) -> bool:
    try:
        open_note(note, key)
    except TamperError:
        return False
    return True


def _original(bodies: Iterable[bytes]) -> Iterator[bytes]:
    return (body for body in bodies if str(_told(body)["origin"]).startswith(ORIGINAL))


def _spooled(spool: Path) -> list[bytes]:
    if not spool.is_dir():
        return []
    with closing(Spool(spool)) as opened:
        return list(opened.bodies())


def _unknown(reader: Reader, bodies: Iterable[bytes]) -> dict[bytes, bytes]:
    named = {hashing.event_id(str(_told(body)["origin"])): body for body in bodies}
    known = reader.seqs(list(named))
    return {identity: body for identity, body in named.items() if identity not in known}


def _recorded_at_ms(body: bytes) -> int:
    return int(_told(body)["recorded_at_ms"])


def _told(body: bytes) -> dict[str, str | int]:
    told: dict[str, str | int] = json.loads(body)
    return told
