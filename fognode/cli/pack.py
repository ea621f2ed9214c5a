"""fognode pack: evidence of some days or of a package, which a stranger can check."""

import argparse
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from fognode import hashing
from fognode.cli.alone import declare_anyhow
from fognode.cli.receipts import ask_receipts
from fognode.cli.store import CONFIG
from fognode.config import Chain, Config, load
from fognode.errors import ConfigError, RefusedError, StoreError, TamperError
from fognode.events import Json, Kind, Stored
from fognode.store import merkle, worm_files
from fognode.store.album import Photo, Picture
from fognode.store.checkpoint import Signer
from fognode.store.engines import open_engine
from fognode.store.keyring import log_in_force, read_keyring
from fognode.store.pack import Anchor, Sources, write_pack
from fognode.store.pack_choice import FOR_EVER_MS, Ask
from fognode.store.photos import open_picture
from fognode.store.reader import Reader
from fognode.store.schema import check_schema
from fognode.store.vault import open_vault

NOTES = 100  # the newest checkpoints that are shown, besides every anchored one
AT_ONCE = 500
WAIT_S = 30.0


def add_pack(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``pack``."""
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--from", dest="first", type=date.fromisoformat, metavar="YYYY-MM-DD")
    parser.add_argument("--to", dest="last", type=date.fromisoformat, metavar="YYYY-MM-DD")
    parser.add_argument("--package", default="", metavar="ID")
    parser.add_argument(
        "--photos", action="store_true", help="put in pictures; each is recorded as seen"
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=WAIT_S,
        metavar="S",
        help="seconds to wait for the receipts of both chains; 0 = take what is there",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.zip")


def pack(arguments: argparse.Namespace) -> int:
    """Write a pack of whole days in the farm's zone, the last one included; say what it lacks.

    First the running appliance is asked to sign and anchor what is there by now.

    Raises:
        ConfigError: The credential is missing, or the database has not our schema.
        StoreError: There is no checkpoint yet, the database is away, or a file fails.
        RefusedError: It could not be recorded that a picture was seen.
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
        reader = Reader(engine)
        lacks = ask_receipts(config, reader, arguments.wait) if arguments.wait > 0 else []
        sources = replace(_sources(config, reader), lacks=lacks)
        made = write_pack(arguments.output, ask, sources)
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
    sizes = worm_files.note_sizes(folder)
    if not sizes:
        raise StoreError(f"{folder} holds no checkpoint yet: there is nothing to prove with")
    anchors = list(_anchors(reader, {chain.name: chain for chain in config.chains}))
    log = log_in_force(reader, config.farm.id)
    keys = read_keyring(reader, Signer(log, config.secret("checkpoint-key")).verifier_key)
    # Where a key took over, its checkpoint is the one that both signed.
    steps = {era.first for era in keys.eras}
    shown = {*sizes[-NOTES:], *(one.size for one in anchors), *steps} & {*sizes}
    notes = [worm_files.note(folder, size) for size in sorted(shown)]
    return Sources(
        farm=config.farm.id,
        keys=keys,
        record=reader,
        link=partial(_link, reader),
        node=merkle.nodes_of_tiles(partial(_tile, folder, reader)),
        notes=notes,
        anchors=anchors,
        photo=partial(_picture, config),
    )


def _anchors(reader: Reader, chains: Mapping[str, Chain]) -> Iterator[Anchor]:
    """Give every final transaction that carries size and root of a checkpoint."""
    after = 0
    while page := reader.events(after, AT_ONCE, [Kind.CHECKPOINT_ANCHORED]):
        for told in page:
            if "size" in told.facts and "root" in told.facts:
                chain = chains.get(told.text("chain"))
                yield Anchor(
                    chain=told.text("chain"),
                    chain_id=chain.chain_id if chain else 0,
                    contract=chain.contract if chain else "",
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
    if kept := worm_files.tile(folder, level, index):
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


def _picture(config: Config, told: Stored) -> Picture | None:
    """Open a picture, and have it recorded that it leaves the node; None if it is lost.

    Raises:
        ConfigError: There is no master key, or an appliance runs and does not answer.
        RefusedError: That it was seen could not be recorded.
        StoreError: The database or the vault is away.
    """
    vault = open_vault(config)
    try:
        picture = open_picture(config.folder / "photos", vault, Photo(told=told))
    except (TamperError, RefusedError):
        return None
    facts: dict[str, Json] = {"photo": told.text("photo"), "who": "pack"}
    declare_anyhow(config, Kind.PHOTO_VIEWED, facts, str(uuid.uuid4()))
    return picture
