"""What the record says of photos and of what may not be erased; the pictures are elsewhere.

    photo_kept     photo, picture, mark, bytes, media, about, by, purpose, taken_at_ms?
    photo_erased   photo, cause (its photo_kept), reason (retention or asked), days or why
    photo_viewed   photo, who: kept before the picture is shown
    hold_set, hold_lifted   about, reason, by: nothing that ``about`` names is erased meanwhile

``photo`` is the SHA-256 of the sealed file and its name, so the file is checked without a key;
``picture`` is a salted hash of the plain picture, its salt is sealed with it; ``mark`` is a
keyed hash of the plain picture: by it the same picture is recognised, also after it was erased.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from fognode.corrections import Standing, standings
from fognode.errors import RefusedError
from fognode.events import Kind, Stored
from fognode.store.reader import Reader

AT_ONCE = 500  # events read together
HOLDS = (Kind.HOLD_SET, Kind.HOLD_LIFTED)
KINDS = (Kind.PHOTO_KEPT, Kind.PHOTO_ERASED, Kind.CORRECTION_DECLARED, *HOLDS)
NAMES = ("photo", "about", "by")  # what a hold on a photo may name


@dataclass(slots=True, kw_only=True)
class Photo:
    """One photo as the record tells of it."""

    told: Stored  # its photo_kept
    erased: Stored | None = None  # the first photo_erased

    @property
    def id(self) -> str:
        """SHA-256 of the sealed file, hex."""
        return self.told.text("photo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """The answer to who brought a picture."""

    photo: str
    seq: int  # of its photo_kept
    is_new: bool  # False: this picture was there already


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture in the clear; never write it to a file of the node."""

    media: str
    content: bytes
    salt: bytes


@dataclass(slots=True)
class Album:
    """All photos and holds of a record, up to where it was last read; one thread at a time."""

    photos: dict[str, Photo] = field(default_factory=dict)  # by id, oldest first
    marks: dict[str, Photo] = field(default_factory=dict)
    holds: dict[str, Stored] = field(default_factory=dict)  # about -> the hold_set that is on
    standing: dict[str, Standing] = field(default_factory=dict)
    _corrections: list[Stored] = field(default_factory=list)
    _read: int = 0

    def catch_up(self, reader: Reader) -> None:
        """Read what was recorded since the last call.

        Raises:
            StoreError: The database is away.
        """
        head, known = reader.head()[0], len(self._corrections)
        for told in _since(reader, self._read):
            self._take(told)
            head = max(head, told.seq)
        self._read = head
        if len(self._corrections) > known:
            self.standing = standings(self._corrections)

    def hold_on(self, photo: Photo) -> Stored | None:
        """Return the hold that keeps a photo from being erased, if there is one.

        It may name the photo, who took it, or what it is about, as told or as corrected.
        """
        return next((self.holds[name] for name in self.names_of(photo) if name in self.holds), None)

    def refuse_held(self, *names: str) -> None:
        """Do nothing, unless one of these ids is under a hold.

        Raises:
            RefusedError: It is; the message names the hold and how it is lifted.
        """
        for name in names:
            if (hold := self.holds.get(name)) is not None:
                since, why = f"event {hold.seq}, {hold.text('by')}", hold.text("reason")
                cure = f"fognode declare hold_lifted about={name} reason=... by=..."
                raise RefusedError(f"{name} is under a hold ({since}: {why}); first {cure}")

    def _take(self, told: Stored) -> None:
        photo = self.photos.get(told.text("photo"))
        if told.kind == Kind.PHOTO_KEPT and photo is None:
            photo = Photo(told=told)
            self.photos[photo.id] = self.marks[told.text("mark")] = photo
        elif told.kind == Kind.PHOTO_ERASED and photo is not None:
            photo.erased = photo.erased or told
        elif told.kind == Kind.HOLD_SET:
            self.holds[told.text("about")] = told
        elif told.kind == Kind.HOLD_LIFTED:
            self.holds.pop(told.text("about"), None)
        elif told.kind == Kind.CORRECTION_DECLARED:
            self._corrections.append(told)

    def names_of(self, photo: Photo) -> Iterator[str]:
        """Give every id under which a hold keeps a photo."""
        yield from (photo.told.text(name) for name in NAMES)
        if (standing := self.standing.get(photo.told.event_id)) is not None:
            yield from (str(standing.facts[name]) for name in NAMES if name in standing.facts)


def _since(reader: Reader, seq: int) -> Iterator[Stored]:
    while page := reader.events(seq, AT_ONCE, KINDS):
        yield from page
        seq = page[-1].seq
