"""fognode restore --accept-loss: what a database lacks of its signed record, and a new log.

Without --by and --reason nothing is changed: it only says what is lost.
"""

from collections.abc import Iterator

from fognode.cli.anchored import checkpoints_anchored
from fognode.config import Config
from fognode.daemon.succession import Answer, Stopped, begin_log, end_log, stopped, unfinished
from fognode.errors import RefusedError
from fognode.store import worm_files
from fognode.store.checkpoint import Checkpoint, Signer, parse_note
from fognode.store.engines import open_engine
from fognode.store.keyring import log_in_force, read_keyring
from fognode.store.loss import Loss, Saved, find_saved, measure_loss
from fognode.store.verify import examine

SECRET = "checkpoint-key"  # noqa: S105 - the name of one


def accept_loss(config: Config, answer: Answer) -> int:
    """Say what is lost; when somebody answers for it, end the log and begin another.

    Returns 1 when nothing was changed.

    Raises:
        ConfigError: The appliance runs, or the checkpoint key is not at hand.
        RefusedError: Nothing was ever signed here, or the database is damaged.
        StoreError: The record cannot be read or kept, or the disk refused.
    """
    seed = config.secret(SECRET)
    with stopped(config) as record:
        if unfinished(record) is None:
            loss = _measure(record, seed)
            saved = find_saved(record.reader, record.folder, config.folder / "spool", loss)
            for line in _told(loss, saved):
                print(line)
            if not (answer.by and answer.reason):
                print("nothing is changed; to go on, add --by PERSON --reason TEXT")
                return 1
            seq = end_log(record, seed, loss, saved, answer)
            print(f"kept as event {seq}: {len(saved.bodies)} events again, then record_restored")
        for line in _begun(record, seed):
            print(line)
    return 0


def _check_whole(config: Config) -> None:
    """Refuse a database whose events do not match their own hashes: that is no older copy.

    Raises:
        RefusedError: They do not.
    """
    engine = open_engine(config, "reader")
    try:
        found = [one for one in examine(engine).findings if one.table == "event"]
    finally:
        engine.dispose()
    if found:
        raise RefusedError(
            f"the database is damaged, not only older: {len(found)} findings, the first {found[0]};"
            " fognode verify --all lists them. Restore a backup that verifies"
        )


def _measure(record: Stopped, seed: str) -> Loss:
    _check_whole(record.config)
    log = log_in_force(record.reader, record.config.farm.id)
    own = Signer(log, seed).verifier_key
    anchors: list[Checkpoint] = []
    for name in sorted({log, *_log_in(record)}):
        held, notes = checkpoints_anchored(record.config, name)
        anchors += held
        for note in notes:
            print(note)
    keys = read_keyring(record.reader, own)
    loss = measure_loss(record.reader, record.folder, keys, own, anchors)
    if loss is None:
        raise RefusedError("nothing was ever signed here, so there is no log to end")
    return loss


def _log_in(record: Stopped) -> Iterator[str]:
    """Yield the log of the newest note in the write-once folder, if there is one."""
    if record.folder.is_dir():
        for size in worm_files.note_sizes(record.folder)[-1:]:
            yield parse_note(worm_files.note(record.folder, size)).log


def _told(loss: Loss, saved: Saved) -> Iterator[str]:
    newest, kept = loss.newest, loss.kept
    yield (
        f"log {newest.log}: {newest.size} events were signed, as far as is known here; the last"
        f" root is {newest.root.hex()}"
    )
    if kept < loss.head:
        yield (
            f"the database: {loss.head} events; from {kept + 1} on they are NOT those that were"
            " signed"
        )
    else:
        yield f"the database: {loss.head} events, as they were signed"
    yield from _lost(loss, saved)
    yield "also lost: what was kept after the last checkpoint, but for what is in the spool"


def _lost(loss: Loss, saved: Saved) -> Iterator[str]:
    if not loss.count:
        yield "lost: nothing of what was signed"
    else:
        yield f"lost with the database: events {loss.kept + 1} to {loss.newest.size}"
    if saved.damage:
        yield f"the segments cannot be used: {saved.damage}"
    elif saved.copied > loss.kept:
        yield (
            f"events up to {saved.copied} lie in write-once segments: {saved.from_segments} of"
            " them came from boards and people and will be kept again, the others are drawn anew"
        )
    yield f"{saved.from_spool} events of the spool that the database lacks will be kept again"
    gone = max(saved.copied if not saved.damage else 0, loss.kept)
    if gone < loss.newest.size:
        yield f"gone: events {gone + 1} to {loss.newest.size}, but for those of the spool"


def _begun(record: Stopped, seed: str) -> Iterator[str]:
    size, aside = begin_log(record, seed)
    log = log_in_force(record.reader, record.config.farm.id)
    yield f"log {log} begins; {size} events are signed"
    if aside:
        yield f"{aside} holds what was signed before: copy it off this box, and keep it"
    yield f"give others the new verifier key: {Signer(log, seed).verifier_key}"


# --- after a backup was read -------------------------------------------------------------------


def settle_copy(config: Config, answer: Answer) -> None:
    """After a restore: a write-once folder that came out of the backup gets a new log.

    What was signed after the backup is not known here, and no size may be signed twice.

    Raises:
        ConfigError: The appliance runs.
        StoreError: The record cannot be read or kept, or the disk refused.
    """
    folder = config.folder / "worm"
    if not folder.is_dir() or not worm_files.copied_from(folder):
        return
    if not config.has_secret(SECRET):
        print(f"nothing can be signed: put {SECRET} back (fognode key new, if it is lost), then")
        print("fognode restore --accept-loss --by PERSON --reason TEXT, before fognode starts")
        return
    accept_loss(config, answer)
