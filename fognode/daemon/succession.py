"""A new key, or a new log after a loss: what is done to the record while no appliance runs.

Both are one event in the record, then a checkpoint of that very size, signed at once.  Each
step is durable before the next and recognises itself: broken off anywhere, the same call goes
on, and until it is done ``Witness`` refuses to sign for a running appliance.
"""

import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fognode.config import Config
from fognode.daemon.clock import Clock
from fognode.daemon.control import claim_folder
from fognode.daemon.witness import Witness
from fognode.errors import RefusedError, StoreError
from fognode.events import Event, Json, Kind, Row, Stored
from fognode.hashing import freeze
from fognode.store import durable, worm_files
from fognode.store.checkpoint import Signer, log_name
from fognode.store.engines import open_engine
from fognode.store.keyring import log_in_force, read_keyring, short, told_eras
from fognode.store.loss import Loss, Saved
from fognode.store.reader import Reader
from fognode.store.restate import Difference, put_right
from fognode.store.schema import check_schema
from fognode.store.worm import Worm
from fognode.store.writer import Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Who answers for what is done, in the record for good."""

    by: str = ""
    reason: str = ""


class Stopped:
    """The record of an appliance that does not run."""

    def __init__(self, config: Config, reader: Reader, writer: Writer) -> None:
        """Wrap what ``stopped`` opened."""
        self.config, self.reader, self._writer = config, reader, writer
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
        self._clock = Clock(config.farm.id, boot_id)

    @property
    def folder(self) -> Path:
        """The write-once folder."""
        return self.config.folder / "worm"

    def keep(self, event: Event, before: Sequence[bytes] = ()) -> int:
        """Keep an event, and frozen ones before it, in one transaction; return its seq."""
        newest = self.reader.newest(1)
        self._clock.start_after(newest[0].recorded_at_ms if newest else 0)
        return self._writer.keep([*before, freeze(event, self._clock.stamp())])[-1]

    def sign_all(self, signer: Signer) -> int:
        """Sign the whole record, fill the write-once folder; return the size that is signed.

        Raises:
            StoreError: The folder or the database refused, or they do not belong together.
        """
        witness = Witness(self.folder, self.reader, signer, immutable=False)
        head = self.reader.head()[0]
        while True:
            before = witness.signed_size
            witness.look(now_ms(), 0, self._keep_rows, at_once=True)
            if witness.signed_size == head:
                return head
            if witness.signed_size == before:
                raise StoreError(f"{before} of {head} events are signed, and no more can be")

    def put_right(self, found: Sequence[Difference]) -> None:
        """Write what derived tables hold otherwise than the events make them.

        Raises:
            StoreError: The database is away; what was written stays, call again.
        """
        put_right(self._writer, found)

    def _keep_rows(self, rows: Sequence[Row]) -> None:
        self._writer.keep([], rows)


@contextmanager
def stopped(config: Config) -> Iterator[Stopped]:
    """Hold the record of an appliance that does not run, and keep one from starting.

    Raises:
        ConfigError: It runs, or the database has not our schema.
        StoreError: The database is away.
    """
    with ExitStack() as held:
        held.enter_context(claim_folder(config.folder))
        held.callback(hand_over, config.folder)
        writing, reading = open_engine(config, "writer"), open_engine(config, "reader")
        held.callback(writing.dispose)
        held.callback(reading.dispose)
        check_schema(reading)
        reader = Reader(reading)
        writer = Writer(writing, reader)
        held.callback(writer.close)
        # Before the writer: the last to go clears up SQLite's log, and a reader may not.
        held.callback(reading.dispose)
        yield Stopped(config, reader, writer)


def hand_over(folder: Path) -> None:
    """Give what root has written to the user whose folder it is."""
    if os.geteuid() != 0:
        return
    owner = folder.stat()
    for path in folder.rglob("*"):
        if path.lstat().st_uid != owner.st_uid:
            os.lchown(path, owner.st_uid, owner.st_gid)


def now_ms() -> int:
    """Return UTC milliseconds."""
    return time.time_ns() // 1_000_000


# --- a new key -------------------------------------------------------------------------------


def rotate_key(record: Stopped, old: str, new: str, answer: Answer) -> int:
    """Put another key in force; return the seq of the event that says so.

    The old key signs everything before it; the event's own checkpoint is signed by both.

    Args:
        record: Nothing else may be kept meanwhile.
        old: Secret of the key in force; "" when it is lost, and can sign nothing any more.
        new: Secret of the key to come.
        answer: Who answers for it.

    Raises:
        RefusedError: The old key is lost, and nothing here tells its public side.
        StoreError: The record is not the one that was signed, or cannot be read or kept.
    """
    log = log_in_force(record.reader, record.config.farm.id)
    after = Signer(log, new, retiring=old)
    before = _key_in_force(record, log, old)
    if read_keyring(record.reader, before).newest.key != after.verifier_key:
        if old:
            record.sign_all(Signer(log, old))
        record.keep(_rotation(before, after, bool(old), answer))
    return record.sign_all(after)


def _key_in_force(record: Stopped, log: str, old: str) -> str:
    if old:
        return Signer(log, old).verifier_key
    known = worm_files.keys(record.folder) if record.folder.is_dir() else []
    if not known:
        raise RefusedError(f"the key in force is lost, and {record.folder}/key does not tell it")
    return known[-1][1]


def _rotation(before: str, after: Signer, endorsed: bool, answer: Answer) -> Event:
    new = after.verifier_key
    facts: dict[str, Json] = {
        "log": after.log,
        "old_key_id": short(before),
        "new_key_id": short(new),
        "old_key": before,
        "new_key": new,
        "endorsed": int(endorsed),
        "by": answer.by,
        "reason": answer.reason,
    }
    origin = f"n/key_rotated/{short(before)}-{short(new)}"
    return Event(kind=Kind.KEY_ROTATED, origin=origin, happened_at_ms=now_ms(), facts=facts)


# --- a new log -------------------------------------------------------------------------------


def end_log(record: Stopped, seed: str, loss: Loss, saved: Saved, answer: Answer) -> int:
    """Keep what is saved and the event ``record_restored``, in one transaction; return its seq.

    Nothing can be signed from here until ``begin_log`` is through.

    Raises:
        StoreError: The record cannot be read or kept.
    """
    return record.keep(_restoration(record, seed, loss, saved, answer), saved.bodies)


def begin_log(record: Stopped, seed: str) -> tuple[int, Path | None]:
    """Begin the log that the last ``record_restored`` names; return its size, the old folder.

    The write-once folder is moved aside, whole.  The new one gets every checkpoint that the
    database has, all segments, and the first checkpoint of the new log.

    Raises:
        RefusedError: No log is to be begun.
        StoreError: The record cannot be read or kept, or the disk refused.
    """
    told = unfinished(record)
    if told is None:
        raise RefusedError("no log is to be begun")
    aside = _move_aside(record.folder, told.text("aside"))
    Worm(record.folder, immutable=False).keep_notes(_notes(record.reader))
    return record.sign_all(Signer(told.text("log"), seed)), aside


def unfinished(record: Stopped) -> Stored | None:
    """Return the event of a log that was begun and is not signed yet; None when all is done.

    Raises:
        StoreError: The database is away, or the folder cannot be read.
    """
    begun = record.reader.newest(1, [Kind.RECORD_RESTORED])
    if not begun:
        return None
    kept = worm_files.keys(record.folder) if record.folder.is_dir() else []
    return None if begun[0].text("new_key") in {key for _, key in kept} else begun[0]


def _restoration(record: Stopped, seed: str, loss: Loss, saved: Saved, answer: Answer) -> Event:
    farm, at_ms = record.config.farm.id, now_ms()
    stamp = datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    # A box whose clock is not set may see the same time twice.
    stamp += f"-{secrets.token_hex(3)}"
    log = log_name(farm, stamp)
    size, root = loss.newest.size, loss.newest.root.hex()
    has_notes = record.folder.is_dir() and bool(worm_files.note_sizes(record.folder))
    facts: dict[str, Json] = {
        "old_log": loss.newest.log,
        "old_size": size,
        "old_root": root,
        "old_keys": told_eras(loss.eras),
        "kept_size": loss.kept,
        "new_size": loss.head,
        "log": log,
        "new_key": Signer(log, seed).verifier_key,
        "saved_from_segments": saved.from_segments,
        "saved_from_spool": saved.from_spool,
        "aside": f"worm.before-{size}-{stamp}" if has_notes else "",
        "by": answer.by,
        "reason": answer.reason,
    }
    origin = f"n/record_restored/{size}-{root[:32]}-{stamp}"
    return Event(kind=Kind.RECORD_RESTORED, origin=origin, happened_at_ms=at_ms, facts=facts)


def _move_aside(folder: Path, name: str) -> Path | None:
    """Rename the folder; on return that is durable.

    Raises:
        StoreError: The disk refused.
    """
    if not name:
        return None
    aside = folder.with_name(name)
    try:
        if not aside.exists():
            folder.rename(aside)
        durable.fsync_folder(folder.parent)
    except OSError as error:
        raise StoreError(f"cannot move {folder} to {aside}: {error.strerror}") from error
    return aside


def _notes(reader: Reader) -> Iterator[tuple[int, bytes]]:
    """Yield size and note of each checkpoint in the database: those are true of its record."""
    after = 0
    while page := reader.notes(after):
        yield from page
        after = page[-1][0]
