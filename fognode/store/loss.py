"""What a database lacks of its signed record, and which of it can be kept again.

``measure_loss`` tells how far an older copy is behind; ``find_saved`` what of that lies in
write-once segments and in the spool.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from fognode import hashing
from fognode.errors import StoreError, TamperError
from fognode.events import RowValues
from fognode.store import worm_files
from fognode.store.bodies import origin_of, recorded_at_ms
from fognode.store.checkpoint import Checkpoint, open_note, parse_key, parse_note, verifier_key
from fognode.store.keyring import Era, Keyring
from fognode.store.merkle import CompactRange
from fognode.store.reader import Reader
from fognode.store.restored import grow_tree, newest_note
from fognode.store.spool import Spool
from fognode.store.worm_check import verify_segments

# Origins that nothing else can give again; all others are drawn anew, or read from a peer.
ORIGINAL = ("b/", "q/", "i/")


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
        signed += [
            parse_note(worm_files.note(folder, size)) for size in worm_files.note_sizes(folder)
        ]
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
        named = [Era(key=key, first=first) for first, key in worm_files.keys(folder)]
        if not named:
            raise
        newest_note(folder, Keyring(named), named[-1].key)  # ours is lost, or another


def _shared(reader: Reader, head: int, signed: Iterable[Checkpoint]) -> int:
    """Return how many first events have every root that was signed of them."""
    tree, agreed = CompactRange(), 0
    for one in sorted(signed, key=lambda one: one.size):
        if one.size > head:
            break
        if not grow_tree(tree, reader, one.size) or tree.root() != one.root:
            return agreed
        agreed = one.size
    return head


def _eras_of(rows: Sequence[RowValues], folder: Path, keys: Keyring) -> Iterable[Era]:
    """Return who signed what the database holds.

    Where it tells of no step, the key at hand may be a later one than that of its rows: the
    step is among what is lost, and the folder knows the key.
    """
    told = worm_files.keys(folder) if folder.is_dir() else []
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
        copied = worm_files.next_seq(folder) - 1
        try:
            found = list(_original(_proven_bodies(folder, copied, loss)))
        except StoreError as error:
            damage = str(error)
    from_segments = _unknown(reader, found)
    spooled = _unknown(reader, _spooled(spool))
    bodies = sorted((from_segments | spooled).values(), key=recorded_at_ms)
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
    note = worm_files.note(folder, copied)
    told = parse_note(note)
    publics = {parse_key(key)[1] for _, key in worm_files.keys(folder)} | {loss.eras[-1].public}
    if not any(_signed_by(note, verifier_key(told.log, public)) for public in publics):
        raise TamperError(f"{worm_files.note_name(copied)} is not signed by a key of ours")
    verdict = verify_segments(folder, told)
    if verdict.proven != copied:
        raise TamperError("; ".join(map(str, verdict.damages[:3])) or "not what was signed")
    for _, body in worm_files.all_bodies(folder, loss.kept):
        yield body


def _signed_by(note: bytes, key: str) -> bool:
    try:
        open_note(note, key)
    except TamperError:
        return False
    return True


def _original(bodies: Iterable[bytes]) -> Iterator[bytes]:
    return (body for body in bodies if origin_of(body).startswith(ORIGINAL))


def _spooled(spool: Path) -> list[bytes]:
    if not spool.is_dir():
        return []
    with closing(Spool(spool)) as opened:
        return list(opened.bodies())


def _unknown(reader: Reader, bodies: Iterable[bytes]) -> dict[bytes, bytes]:
    named = {hashing.event_id(origin_of(body)): body for body in bodies}
    known = reader.seqs(list(named))
    return {identity: body for identity, body in named.items() if identity not in known}
