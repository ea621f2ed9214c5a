"""Are the sealed files of the photos still those that the record tells of?  For ``verify``."""

from pathlib import Path

from fognode import hashing
from fognode.store.album import Album, Photo
from fognode.store.photos import ENDING, FOLDER
from fognode.store.reader import Reader
from fognode.store.verify import Finding


def photo_findings(folder: Path, reader: Reader, everything: bool) -> list[Finding]:
    """Return each kept photo whose file is missing or, asked for everything, altered.

    Args:
        folder: The farm's.
        reader: Of the record.
        everything: Read the files, too; else only look whether they are there.

    Raises:
        StoreError: The database is away.
    """
    album = Album()
    album.catch_up(reader)
    kept = [found for found in album.photos.values() if found.erased is None]
    return [
        Finding(seq=found.told.seq, table="photos", reason=reason)
        for found in kept
        if (reason := _unlike(folder / FOLDER / f"{found.id}{ENDING}", found, everything))
    ]


def _unlike(path: Path, found: Photo, everything: bool) -> str:
    cure = "put it back from a copy, or fognode photo erase it"
    if not path.is_file():
        return f"the file {path.name} is missing: {cure}"
    if everything and hashing.sha256(path.read_bytes()).hex() != found.id:
        return f"the file {path.name} was altered: {cure}"
    return ""
