"""What the record says of photos and holds, read in pieces as it grows."""

import pytest

from fognode.errors import RefusedError, StoreError
from fognode.events import Json, Kind, Stored
from fognode.store.album import Album
from fognode.store.reader import Reader

A, B = "aa" * 32, "bb" * 32


class Record(Reader):
    """A record in memory."""

    def __init__(self) -> None:
        self.told: list[Stored] = []
        self.is_away = False

    def add(self, kind: str, **facts: Json) -> Stored:
        seq = len(self.told) + 1
        told = Stored(
            seq=seq,
            event_id=f"{seq:032x}",
            kind=kind,
            origin=f"q/{seq}",
            happened_at_ms=seq,
            recorded_at_ms=seq,
            facts=facts,
            body=b"",
        )
        self.told.append(told)
        return told

    def head(self) -> tuple[int, bytes]:
        return len(self.told), b""

    def events(self, after: int = 0, limit: int = 500, kinds: object = ()) -> list[Stored]:
        if self.is_away:
            raise StoreError("away")
        wanted = [one for one in self.told if one.seq > after and one.kind in str(kinds)]
        return wanted[: min(limit, 2)]


@pytest.fixture
def record() -> Record:
    return Record()


def kept(record: Record, photo: str, **facts: Json) -> Stored:
    return record.add(Kind.PHOTO_KEPT, photo=photo, mark=photo[:2] * 32, by="ana", **facts)


def test_photos_are_found_by_id_and_by_mark_and_read_once(record: Record) -> None:
    album = Album()
    first = kept(record, A, about="p1")
    album.catch_up(record)
    kept(record, B, about="p2")
    record.add("openBox")
    kept(record, A, about="p9")  # the same again: the first stands
    album.catch_up(record)
    assert list(album.photos) == [A, B]
    assert album.photos[A].told == first
    assert album.marks["bb" * 32].id == B


def test_reading_that_failed_half_way_is_done_again(record: Record) -> None:
    album = Album()
    kept(record, A, about="p1")
    record.add(Kind.HOLD_SET, about="p1", reason="x", by="eve")
    record.is_away = True
    with pytest.raises(StoreError):
        album.catch_up(record)
    record.is_away = False
    album.catch_up(record)
    found = album.hold_on(album.photos[A])
    assert found is not None
    assert found.text("by") == "eve"


def test_first_erasure_counts_and_an_unknown_one_does_nothing(record: Record) -> None:
    album = Album()
    kept(record, A)
    record.add(Kind.PHOTO_ERASED, photo=B)
    erased = record.add(Kind.PHOTO_ERASED, photo=A)
    record.add(Kind.PHOTO_ERASED, photo=A)
    album.catch_up(record)
    assert album.photos[A].erased == erased


def test_hold_that_was_lifted_or_set_again_counts_as_last_told(record: Record) -> None:
    album = Album()
    kept(record, A, about="p1")
    for kind, held in (
        (Kind.HOLD_SET, True),
        (Kind.HOLD_LIFTED, False),
        (Kind.HOLD_LIFTED, False),
        (Kind.HOLD_SET, True),
    ):
        record.add(kind, about="p1", reason="file 12", by="eve")
        album.catch_up(record)
        assert (album.hold_on(album.photos[A]) is not None) == held
    with pytest.raises(RefusedError, match=r"p1 is under a hold \(event 5, eve: file 12\)"):
        album.refuse_held("p2", "p1")
    album.refuse_held("p2", A)


def test_withdrawn_correction_of_a_photo_names_nothing_more(record: Record) -> None:
    album = Album()
    told = kept(record, A, about="p1")
    facts: dict[str, Json] = {"about": "p2", "by": "eve", "purpose": "rinse"}
    fixed = record.add(Kind.CORRECTION_DECLARED, corrects=told.event_id, facts=facts)
    album.catch_up(record)
    assert set(album.names_of(album.photos[A])) == {A, "p1", "ana", "p2", "eve"}
    record.add(Kind.CORRECTION_DECLARED, corrects=fixed.event_id, withdraw=1)
    album.catch_up(record)
    assert set(album.names_of(album.photos[A])) == {A, "p1", "ana"}
