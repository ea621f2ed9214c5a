"""fognode photo: a picture as evidence.

    add FILE --about ID --by PERSON    keep it: sealed, with an event of its own
    erase ID --reason TEXT             destroy it for good; the event stays

To look at one: the page, on the node itself, or fognode pack --photos.
"""

import argparse
import uuid
from pathlib import Path

from fognode.cli.alone import declare_anyhow
from fognode.cli.store import CONFIG
from fognode.config import load
from fognode.daemon.control import send_photo
from fognode.errors import RefusedError
from fognode.events import Kind
from fognode.store.photos import MOST, media_of


def add_photo(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``photo``."""
    acts = parser.add_subparsers(dest="act_on_photo", required=True, metavar="ACT")
    add = acts.add_parser("add", help="keep a JPEG, PNG or WebP picture; prints the photo's id")
    add.add_argument("file", type=Path, metavar="FILE")
    add.add_argument("--about", required=True, help="a package, or the event_id of an openBox")
    add.add_argument("--by", required=True, help="who took it: a person's id")
    add.add_argument("--purpose", default="other", help="rinse, puncture, delivery, ... or other")
    erase = acts.add_parser("erase", help="destroy a picture for good; its event stays")
    erase.add_argument("photo", metavar="ID")
    erase.add_argument("--reason", required=True, help="why, at most 200 characters; is recorded")
    for act in (add, erase):
        act.add_argument("--config", type=Path, default=CONFIG)


def photo(arguments: argparse.Namespace) -> int:
    """Keep or erase one photo.

    Raises:
        ConfigError: The configuration, the database or the vault is not ours to use.
        RefusedError: It is no picture, there is no such photo, or a hold is on it.
        AwayError: A photo is to be kept and no appliance runs.
        StoreError: The database or the vault is away.
    """
    config = load(arguments.config)
    if arguments.act_on_photo == "erase":
        facts = {"photo": arguments.photo, "why": arguments.reason}
        seq = declare_anyhow(config, Kind.PHOTO_ERASED, {**facts}, str(uuid.uuid4()))
        print(f"erased; kept as event {seq}")
        return 0
    about = {"about": arguments.about, "by": arguments.by, "purpose": arguments.purpose}
    kept, is_new = send_photo(config.folder, _picture(arguments.file), about)
    print(f"kept as photo {kept}" if is_new else f"kept already as photo {kept}")
    return 0


def _picture(path: Path) -> bytes:
    """Read a picture, never more than a picture can have.

    Raises:
        RefusedError: It is none that is kept.
    """
    with path.open("rb") as file:
        content = file.read(MOST + 1)
    try:
        media_of(content)
    except ValueError as error:
        raise RefusedError(f"{path}: {error}") from error
    return content
