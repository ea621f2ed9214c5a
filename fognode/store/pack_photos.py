"""The pictures of a pack: those that it shows, and why it does not show another."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from fognode import hashing
from fognode.events import Kind, Stored
from fognode.store.album import Picture

PHOTOS_MOST = 256 * 1024 * 1024  # bytes of pictures in a pack, which is made in memory
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


class PackPhotos:
    """The pictures of which the chosen events tell, looked for once.

    ``source`` gives a picture by its photo_kept, None when it is lost or altered; it is not
    asked unless pictures are ``wanted``.
    """

    def __init__(
        self,
        events: Sequence[Stored],
        wanted: bool,
        source: Callable[[Stored], Picture | None],
    ) -> None:
        self._events, self._wanted = events, wanted
        gone = [told for told in events if told.kind == Kind.PHOTO_ERASED]
        self._erased = {told.text("photo"): told for told in reversed(gone)}
        self._found = self._find(source)

    def files(self) -> dict[str, bytes]:
        """Return the pictures that are shown, by the names of their files."""
        shown = [(told, self._found.get(told.seq)) for told in self._events]
        return {_file_name(told): picture.content for told, picture in shown if picture}

    def rows(self) -> Iterator[dict[str, object]]:
        """Yield of each picture of which event it is, and the salt of its hash."""
        for told in self._events:
            if (picture := self._found.get(told.seq)) is not None:
                yield {"file": _file_name(told), "salt": picture.salt.hex(), "seq": told.seq}

    def lost(self) -> Iterator[str]:
        """Yield a line for each picture that is not shown, and why."""
        for told in self._events:
            if told.kind == Kind.PHOTO_KEPT and self._found.get(told.seq) is None:
                yield f"event {told.seq}: its photo {self._why_none(told)}"

    def _find(self, source: Callable[[Stored], Picture | None]) -> dict[int, Picture | None]:
        """Return the pictures by the seq of their events; too many are left out."""
        found: dict[int, Picture | None] = {}
        left = PHOTOS_MOST
        for told in self._events if self._wanted else ():
            if told.kind != Kind.PHOTO_KEPT or told.text("photo") in self._erased:
                continue
            left -= told.number("bytes")
            if left >= 0:
                picture = source(told)
                # One that its event does not tell of would make the whole pack fail its check.
                found[told.seq] = picture if picture and _is_told(picture, told) else None
        return found

    def _why_none(self, told: Stored) -> str:
        if (erased := self._erased.get(told.text("photo"))) is not None:
            why = erased.text("why") or f"kept for {erased.number('days')} days"
            return f"was erased at {utc_text(erased.happened_at_ms)}, event {erased.seq}: {why}"
        if not self._wanted:
            return "was not asked for"
        if told.seq in self._found:
            return "is lost or altered, or its key is"
        return "is left out, the pack would be too large: ask for fewer days"


def _file_name(told: Stored) -> str:
    return f"photos/{told.text('photo')}.{ENDINGS.get(told.text('media'), 'jpg')}"


def _is_told(picture: Picture, told: Stored) -> bool:
    return hashing.salted_hash(picture.salt, picture.content).hex() == told.text("picture")


def utc_text(at_ms: int) -> str:
    """Return a time as the pack writes it."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
