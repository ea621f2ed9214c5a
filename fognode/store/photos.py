"""Photos as evidence: sealed files, each with a key and an event of its own.

    DIR/photos/SHA256.sealed   key id, nonce, AES-256-GCM of (salt of 16 bytes, picture)
    vault.db                   its key, under ``photo/MARK``

The order of keeping is key, file, event; each is durable before the next is made, so a kept
event always has its picture.  The order of erasing is the same: a crash in between leaves a
photo that cannot be opened any more and is erased once more.  What each fact of the events
says: store/album.py.
"""

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fognode import hashing
from fognode.errors import RefusedError, StoreError, TamperError
from fognode.events import Event, Json, Kind, Row, Stored
from fognode.store.album import Added, Album, Photo, Picture
from fognode.store.durable import fsync_folder, make_folder, write_whole
from fognode.store.reader import Reader
from fognode.store.vault import Vault

FOLDER, ENDING = "photos", ".sealed"
MOST = 8 * 1024 * 1024  # bytes of a picture: a telephone's, not a film
SALT = 16  # bytes
DAY_MS = 86_400_000
STRAY_MS = DAY_MS  # a file that no event names for so long was never kept

Commit = Callable[[Sequence[Event], Sequence[Row]], list[int]]
Now = Callable[[], int]  # UTC ms


def media_of(content: bytes) -> str:
    """Return the media type of a picture by its first bytes.

    Source: ITU-T T.81, B.1.1.3; PNG (ISO/IEC 15948), 5.2; RFC 9649, 2.4.

    Raises:
        ValueError: It is empty, too large, or neither JPEG, PNG nor WebP.
    """
    if not 0 < len(content) <= MOST:
        raise ValueError(f"the picture has {len(content)} bytes; send 1 to {MOST}")
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    raise ValueError(f"begins with {content[:8].hex()}: send a JPEG, PNG or WebP picture")


class Photos:
    """The photos of one farm; may be used from several threads of one process.

    Every method raises StoreError when the database, the vault or the disk is away, and
    ConfigError when the vault is not ours to use.  ``commit`` returns after COMMIT.
    """

    def __init__(
        self,
        folder: Path,
        open_vault: Callable[[], Vault],
        reader: Reader,
        commit: Commit,
        now_ms: Now,
    ) -> None:
        """Take the farm's folder; nothing is read or made before it is asked for."""
        self._folder = folder / FOLDER
        self.open_vault, self.reader = open_vault, reader
        self._commit, self._now_ms = commit, now_ms
        self._album = Album()
        self._lock = threading.Lock()  # one photo once: nobody else looks and keeps meanwhile

    def add(self, content: bytes, facts: Mapping[str, Json], request_id: str) -> Added:
        """Keep a picture; on return its key, file and event are durable.

        The same picture again is recognised, whatever its id and facts, and not kept twice.

        Args:
            content: The picture, as the camera made it.
            facts: about, by, purpose and perhaps taken_at_ms, checked.
            request_id: UUID of who asks; a repeat gives the same answer.

        Raises:
            ValueError: It is no picture that we keep.
            RefusedError: It was kept before and erased, or the id was used for another.
        """
        media = media_of(content)
        with self._lock:
            vault = self.open_vault()
            mark = vault.mark(content)
            if (known := self._read().marks.get(mark)) is not None:
                return _known(known)
            origin = f"q/{request_id}"
            if (other := self.reader.by_origin(origin)) is not None:
                raise RefusedError(f"id {request_id} was used for event {other.seq}: draw another")
            salt = secrets.token_bytes(SALT)
            sealed = vault.seal_file(mark, salt + content)
            photo = hashing.sha256(sealed).hex()
            self._write(photo, sealed)
            told: dict[str, Json] = {
                **facts,
                "photo": photo,
                "picture": hashing.salted_hash(salt, content).hex(),
                "mark": mark,
                "bytes": len(content),
                "media": media,
            }
            at_ms = self._now_ms()
            event = Event(kind=Kind.PHOTO_KEPT, origin=origin, happened_at_ms=at_ms, facts=told)
            (seq,) = self._commit([event], [])
        return Added(photo=photo, seq=seq, is_new=True)

    def look(self, photo: str) -> tuple[Photo, Stored | None] | None:
        """Return what the record tells of a photo, and the hold on it; None if it has none."""
        with self._lock:
            album = self._read()
            found = album.photos.get(photo)
            return None if found is None else (found, album.hold_on(found))

    def mark(self, content: bytes) -> str:
        """Return by what this farm's vault, and nobody else, knows a file again; 64 hex digits."""
        return self.open_vault().mark(content)

    def show(self, photo: str, who: str) -> Picture:
        """Return a picture, after it is kept that ``who`` sees it.

        Raises:
            RefusedError: There is no such photo, or it was erased.
            TamperError: Its file is missing or is not the one that was kept.
        """
        found = self._find(photo)
        picture = open_picture(self._folder, self.open_vault(), found)
        event = Event(
            kind=Kind.PHOTO_VIEWED,
            origin=f"n/photo_viewed/{secrets.token_hex(16)}",
            happened_at_ms=self._now_ms(),
            facts={"photo": photo, "who": who},
        )
        self._commit([event], [])
        return picture

    def erase(self, photo: str) -> Photo:
        """Destroy key and file of a photo for good; the caller keeps the event.

        Raises:
            RefusedError: There is no such photo, or a hold is on it.
        """
        self._commit([], [])
        with self._lock:
            found = self._read().photos.get(photo)
            if found is None:
                raise RefusedError(f"the record has no photo {photo!r}")
            self._album.refuse_held(*self._album.names_of(found))
            self._destroy(found)
            return found

    def refuse_held(self, *names: str) -> None:
        """Do nothing, unless one of these ids is under a hold.

        Raises:
            RefusedError: It is.
        """
        with self._lock:
            self._read().refuse_held(*names)

    def expire(self, days: int) -> int:
        """Erase every photo kept for longer, unless it is under a hold; return how many.

        Each gets its event.  Files that no event names are cleared away, too.
        """
        self._commit([], [])  # not with a restored database: it does not know the newest holds
        at_ms, erased = self._now_ms(), 0
        with self._lock:
            album = self._read()
            for found in list(album.photos.values()):
                kept_long = found.told.recorded_at_ms < at_ms - days * DAY_MS
                if found.erased is None and kept_long and album.hold_on(found) is None:
                    self._destroy(found)
                    self._commit([_expired(found, days, at_ms)], [])
                    erased += 1
            self._clear_strays(at_ms)
        return erased

    def erase_again(self) -> int:
        """Destroy what the record says is erased; return how many keys or files were there.

        A vault or a folder that came back from a copy holds it again.
        """
        with self._lock:
            album, keys = self._read(), self.open_vault().photo_keys()
            files = {path.name.removesuffix(ENDING) for path in self._folder.glob(f"*{ENDING}")}
            back = [
                found
                for found in album.photos.values()
                if found.erased and (found.id in files or found.told.text("mark") in keys)
            ]
            return sum(self._destroy(found) for found in back)

    def _read(self) -> Album:
        self._album.catch_up(self.reader)
        return self._album

    def _find(self, photo: str) -> Photo:
        with self._lock:
            found = self._read().photos.get(photo)
        if found is None:
            raise RefusedError(f"the record has no photo {photo!r}")
        return found

    def _write(self, photo: str, sealed: bytes) -> None:
        try:
            make_folder(self._folder)
            write_whole(self._folder / f"{photo}{ENDING}", sealed)
        except OSError as error:
            raise StoreError(f"cannot keep a photo in {self._folder}: {error.strerror}") from error

    def _destroy(self, found: Photo) -> bool:
        """Destroy key, then file; tell whether one of them was there."""
        had_key = self.open_vault().erase_file(found.told.text("mark"))
        return self._unlink(self._folder / f"{found.id}{ENDING}") or had_key

    def _unlink(self, path: Path) -> bool:
        try:
            path.unlink()
            fsync_folder(path.parent)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreError(f"cannot remove {path}: {error.strerror}") from error
        return True

    def _clear_strays(self, at_ms: int) -> None:
        """Remove sealed files that were written for an event that was then not kept."""
        for path in self._folder.glob(f"*{ENDING}*"):
            is_old = path.stat().st_mtime_ns // 1_000_000 < at_ms - STRAY_MS
            if is_old and path.name.removesuffix(ENDING) not in self._album.photos:
                self._unlink(path)


def open_picture(folder: Path, vault: Vault, found: Photo) -> Picture:
    """Open the sealed file of a photo and compare it with its event.

    Args:
        folder: DIR/photos.
        vault: With its master key.
        found: What the record tells.

    Raises:
        RefusedError: The photo was erased.
        TamperError: The file is missing or is not the one that was kept.
        ConfigError: There is no master key.
    """
    try:
        sealed = (folder / f"{found.id}{ENDING}").read_bytes()
    except OSError:
        sealed = b""
    told = found.told
    if found.erased is None and hashing.sha256(sealed).hex() != found.id:
        raise TamperError(f"the file of photo {found.id} is {'altered' if sealed else 'missing'}")
    plain = vault.open_file(told.text("mark"), sealed)
    if plain is None or found.erased is not None:
        raise RefusedError(f"photo {found.id} was erased")
    salt, content = plain[:SALT], plain[SALT:]
    if hashing.salted_hash(salt, content).hex() != told.text("picture"):
        raise TamperError(f"photo {found.id} is not the picture that event {told.seq} tells of")
    return Picture(media=told.text("media"), content=content, salt=salt)


def erasure(found: Photo) -> dict[str, Json]:
    """Return the facts by which a photo_erased is found beside its photo_kept."""
    return {"photo": found.id, "cause": found.told.event_id}


def _known(found: Photo) -> Added:
    if found.erased is not None:
        told = f"event {found.told.seq}, erased by event {found.erased.seq}"
        raise RefusedError(f"this picture was kept before as {told}: take a new one")
    return Added(photo=found.id, seq=found.told.seq, is_new=False)


def _expired(found: Photo, days: int, at_ms: int) -> Event:
    return Event(
        kind=Kind.PHOTO_ERASED,
        origin=f"n/photo_erased/{found.told.event_id}",
        happened_at_ms=at_ms,
        facts={**erasure(found), "reason": "retention", "days": days},
    )
