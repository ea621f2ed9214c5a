"""fognode pack: evidence of some days or of a package, which a stranger can check."""

import argparse
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from fognode import hashing
from fognode.cli.store import CONFIG
from fognode.config import Config, load
from fognode.errors import ConfigError, StoreError, TamperError
from fognode.events import Kind
from fognode.store import merkle, worm
from fognode.store.checkpoint import Signer
from fognode.store.engines import open_engine
from fognode.store.pack import Anchor, Sources, write_pack
from fognode.store.pack_choice import FOR_EVER_MS, Ask
from fognode.store.reader import Reader
from fognode.store.schema import check_schema

NOTES = 100  # the newest checkpoints that are shown, besides every anchored one
AT_ONCE = 500


def add_pack(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``pack``."""
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--from", dest="first", type=date.fromisoformat, metavar="YYYY-MM-DD")
    parser.add_argument("--to", dest="last", type=date.fromisoformat, metavar="YYYY-MM-DD")
    parser.add_argument("--package", default="", metavar="ID")
    parser.add_argument("--photos", action="store_true", help="put in photos, as they are kept")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.zip")


def pack(arguments: argparse.Namespace) -> int:
    """Write a pack of whole days in the farm's zone, the last one included; say what it lacks.

    Raises:
        ConfigError: The credential is missing, or the database has not our schema.
        StoreError: There is no checkpoint yet, the database is away, or a file fails.
        TamperError: A checkpoint is not signed by this node's key, or an event is unreadable.
    """
    config = load(arguments.config)
    if arguments.first and arguments.last and arguments.first > arguments.last:
        raise ConfigError(f"--from {arguments.first} is after --to {arguments.last}")
    ask = Ask(
        from_ms=_midnight_ms(config, arguments.first) if arguments.first else 0,
        to_ms=_end_ms(config, arguments.last) if arguments.last else FOR_EVER_MS,
        package=arguments.package,
        photos=arguments.photos,
    )
    engine = open_engine(config, "reader")
    try:
        check_schema(engine)
        made = write_pack(arguments.output, ask, _sources(config, Reader(engine)))
    except OSError as error:
        raise StoreError(f"cannot write {arguments.output}: {error.strerror}") from error
    finally:
        engine.dispose()
    for line in made.missing:
        print(f"missing: {line}")
    print(
        f"{arguments.output}: {made.events} events, {made.proven} proven, {made.size_bytes} bytes"
    )
    print(f"SHA-256 {made.sha256}")
    return 0


def _midnight_ms(config: Config, day: date) -> int:
    zone = ZoneInfo(config.farm.zone)
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)


def _end_ms(config: Config, day: date) -> int:
    return _midnight_ms(config, day + timedelta(days=1))


def _sources(config: Config, reader: Reader) -> Sources:
    folder = config.folder / "worm"
    sizes = worm.note_sizes(folder)
    if not sizes:
        raise StoreError(f"{folder} holds no checkpoint yet: there is nothing to prove with")
    anchors = list(_anchors(reader))
    shown = {*sizes[-NOTES:], *(one.size for one in anchors)} & {*sizes}
    notes = [worm.note(folder, size) for size in sorted(shown)]
    log = notes[-1].split(b"\n", 1)[0].decode(errors="replace")
    return Sources(
        farm=config.farm.id,
        key=Signer(log, config.secret("checkpoint-key")).verifier_key,
        record=reader,
        link=partial(_link, reader),
        node=merkle.nodes_of_tiles(partial(_tile, folder, reader)),
        notes=notes,
        anchors=anchors,
        photo=partial(_photo, config.folder / "photos"),
    )


def _anchors(reader: Reader) -> Iterator[Anchor]:
    """Give every final transaction that carries size and root of a checkpoint."""
    after = 0
    while page := reader.events(after, AT_ONCE, [Kind.CHECKPOINT_ANCHORED]):
        for told in page:
            if "size" in told.facts and "root" in told.facts:
                yield Anchor(
                    chain=told.text("chain"),
                    size=told.number("size"),
                    root=told.text("root"),
                    tx_hash=told.text("tx_hash"),
                    block_number=told.number("block_number"),
                    block_hash=told.text("block_hash"),
                )
        after = page[-1].seq


def _link(reader: Reader, seq: int) -> bytes:
    if seq == 0:
        return hashing.GENESIS
    for row in reader.rows("event", {"seq": seq}):
        if isinstance(row["hash"], bytes):
            return row["hash"]
    raise TamperError(f"event {seq} is missing")


def _tile(folder: Path, reader: Reader, level: int, index: int, /) -> Sequence[bytes]:
    """Return a tile as it was written once; work out only those that are not full yet."""
    if kept := worm.tile(folder, level, index):
        return kept
    first = index * merkle.TILE
    if level == 0:
        bodies = (told.body for told in reader.events(first, merkle.TILE))
        return [hashing.leaf_hash(body) for body in bodies]
    below = (_tile(folder, reader, level - 1, first + place) for place in range(merkle.TILE))
    full = []
    for tile in below:
        if len(tile) < merkle.TILE:
            break
        full.append(merkle.root_of(tile))
    return full


def _photo(folder: Path, name: str) -> bytes | None:
    path = folder / name
    return path.read_bytes() if path.is_file() else None
