"""Photos on both databases: kept once, opened, erased for good, and the record stays whole."""

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from fognode import hashing
from fognode.errors import ConfigError, RefusedError, StoreError, TamperError
from fognode.events import Event, Json, Kind, Row
from fognode.hashing import Stamp, freeze
from fognode.store import photos as store_photos
from fognode.store.photo_check import photo_findings
from fognode.store.photos import DAY_MS, MOST, SALT, Photos, media_of
from fognode.store.sealing import seal_request
from fognode.store.vault import Vault
from fognode.store.verify import Finding, verify
from tests.store.conftest import House

MASTER = "0f" * 32
ANA = "3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77"
START_MS = 1_795_241_520_000
JPEG = b"\xff\xd8\xff\xe0" + b"the face of nobody" * 500
PNG = b"\x89PNG\r\n\x1a\n" + b"an empty can" * 40
WEBP = b"RIFF\x10\x00\x00\x00WEBPVP8 a bag"
ABOUT: dict[str, Json] = {"about": "GLY-0042", "by": ANA, "purpose": "rinse"}


@dataclass
class Farm:
    """A record, a vault and a clock that the test turns."""

    house: House
    folder: Path
    now_ms: int = START_MS
    is_away: bool = False
    kept: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.writer = self.house.writer()
        self.photos = self.opened()

    def opened(self) -> Photos:
        """Return another view of the same photos, as after a start."""
        vault = partial(Vault, self.folder / "vault.db", MASTER)
        clock = lambda: self.now_ms  # noqa: E731
        return Photos(self.folder, vault, self.house.reader, self.commit, clock)

    def commit(self, events: Sequence[Event], rows: Sequence[Row]) -> list[int]:
        if self.is_away:
            raise StoreError("the database is away")
        self.kept += events
        stamp = Stamp(
            farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=self.now_ms, clock_ok=True
        )
        return self.writer.keep([freeze(event, stamp) for event in events], rows)

    def declare(self, kind: str, **facts: Json) -> int:
        sealed = seal_request(self.photos, kind, facts)
        origin = f"q/{len(self.kept)}-{kind}"
        event = Event(kind=kind, origin=origin, happened_at_ms=self.now_ms, facts=sealed)
        return self.commit([event], [])[0]

    def add(self, content: bytes = JPEG, number: int = 1, **facts: Json) -> str:
        return self.photos.add(content, ABOUT | facts, uuid(number)).photo

    def findings(self, everything: bool) -> list[Finding]:
        return photo_findings(self.folder, self.house.reader, everything)

    def file(self, photo: str) -> Path:
        return self.folder / "photos" / f"{photo}.sealed"

    def kinds(self) -> list[str]:
        return [told.kind for told in self.house.reader.events()]


def uuid(number: int) -> str:
    return f"3f2b8f3e-7d9a-4c55-9d0e-{number:012x}"


@pytest.fixture
def farm(house: House, tmp_path: Path) -> Iterator[Farm]:
    folder = tmp_path / "node"
    folder.mkdir(exist_ok=True)
    yield Farm(house, folder)
    assert verify(house.reader_engine) == []


# --- keeping -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "media"), [(JPEG, "image/jpeg"), (PNG, "image/png"), (WEBP, "image/webp")]
)
def test_media_type_is_told_by_the_first_bytes(content: bytes, media: str) -> None:
    assert media_of(content) == media


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "0 bytes; send 1 to 8388608"),
        (JPEG + bytes(MOST), "bytes; send 1 to 8388608"),
        (b"GIF89a a film", "begins with 4749463839612061: send a JPEG, PNG or WebP"),
        (b"<svg onload='x'/>", "send a JPEG, PNG or WebP"),
        (b"RIFF\x10\x00\x00\x00WAVE", "send a JPEG, PNG or WebP"),
        (b"\xff\xd8", "send a JPEG, PNG or WebP"),
    ],
)
def test_what_is_no_picture_is_refused_by_name(content: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        media_of(content)


def test_a_kept_picture_is_sealed_named_by_its_hash_and_shown_again(farm: Farm) -> None:
    added = farm.photos.add(JPEG, ABOUT, uuid(1))
    assert (added.seq, added.is_new) == (1, True)
    told = farm.house.reader.events()[0]
    sealed = farm.file(added.photo).read_bytes()
    assert told.kind == "photo_kept"
    assert told.origin == f"q/{uuid(1)}"
    assert told.facts["photo"] == added.photo == hashing.sha256(sealed).hex()
    assert told.facts["bytes"] == len(JPEG)
    assert (told.facts["media"], told.facts["about"]) == ("image/jpeg", "GLY-0042")
    assert farm.file(added.photo).stat().st_mode & 0o777 == 0o600
    picture = farm.photos.show(added.photo, "local")
    assert picture.content == JPEG
    assert hashing.salted_hash(picture.salt, JPEG).hex() == told.facts["picture"]
    assert len(picture.salt) == SALT


def test_no_hash_in_the_record_is_one_that_the_picture_alone_gives(farm: Farm) -> None:
    farm.add()
    body = farm.house.reader.events()[0].body
    for plain in (hashing.sha256(JPEG), hashing.leaf_hash(JPEG), hashing.keyed_hash(b"", JPEG)):
        assert plain.hex().encode() not in body


def test_no_plain_byte_is_on_the_disk_before_or_after_erasing(farm: Farm) -> None:
    photo = farm.add()
    for _ in range(2):
        for path in farm.folder.rglob("*"):
            assert path.is_dir() or b"nobody" not in path.read_bytes(), path
        farm.declare(Kind.PHOTO_ERASED, photo=photo, why="asked for")


def test_the_same_picture_is_recognised_whoever_brings_it_again(farm: Farm) -> None:
    first = farm.photos.add(JPEG, ABOUT, uuid(1))
    for view in (farm.photos, farm.opened()):
        for number in (1, 2):
            again = view.add(JPEG, ABOUT | {"about": "GLY-0043"}, uuid(number))
            assert (again.photo, again.seq, again.is_new) == (first.photo, first.seq, False)
    assert farm.kinds() == ["photo_kept"]
    assert [path.name for path in (farm.folder / "photos").iterdir()] == [f"{first.photo}.sealed"]
    assert farm.add(PNG, 3) != first.photo


def test_an_id_that_named_another_picture_is_refused(farm: Farm) -> None:
    farm.add(JPEG, 1)
    with pytest.raises(RefusedError, match="was used for event 1: draw another"):
        farm.add(PNG, 1)


def test_many_threads_that_bring_one_picture_keep_it_once(farm: Farm) -> None:
    found = list[str]()
    threads = [
        threading.Thread(target=lambda number=number: found.append(farm.add(JPEG, number)))
        for number in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 6
    assert len(set(found)) == 1
    assert farm.kinds() == ["photo_kept"]


def test_without_the_database_nothing_is_known_to_be_kept_and_the_repeat_keeps_it(
    farm: Farm,
) -> None:
    farm.is_away = True
    with pytest.raises(StoreError):
        farm.add()
    farm.is_away = False
    photo = farm.add()
    assert farm.photos.show(photo, "local").content == JPEG
    strays = {path.name for path in (farm.folder / "photos").iterdir()} - {f"{photo}.sealed"}
    assert len(strays) == 1
    farm.photos.expire(90)
    assert strays <= {path.name for path in (farm.folder / "photos").iterdir()}  # too young
    for path in (farm.folder / "photos").iterdir():
        os.utime(path, (1, 1))
    farm.photos.expire(90)
    assert [path.name for path in (farm.folder / "photos").iterdir()] == [f"{photo}.sealed"]


def test_event_is_told_only_when_key_and_file_are_there(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_photos, "write_whole", full)
    with pytest.raises(StoreError, match="No space left"):
        farm.add()
    assert farm.kinds() == []
    monkeypatch.undo()
    assert farm.photos.show(farm.add(), "local").content == JPEG


def test_without_a_master_key_photos_are_refused_with_the_cure(farm: Farm) -> None:
    poor = Photos(
        farm.folder, partial(Vault, farm.folder / "v"), farm.house.reader, farm.commit, lambda: 1
    )
    with pytest.raises(ConfigError, match="fognode key new vault-master"):
        poor.add(JPEG, ABOUT, uuid(1))


# --- showing -----------------------------------------------------------------------------


def test_every_view_is_an_event_and_none_is_shown_without_it(farm: Farm) -> None:
    photo = farm.add()
    farm.now_ms += 5
    farm.photos.show(photo, "local")
    farm.photos.show(photo, "local")
    told = farm.house.reader.events(1)
    assert [one.kind for one in told] == ["photo_viewed"] * 2
    assert told[0].facts == {"photo": photo, "who": "local"}
    assert told[0].happened_at_ms == START_MS + 5
    farm.is_away = True
    with pytest.raises(StoreError):
        farm.photos.show(photo, "local")


def test_a_file_that_was_altered_swapped_or_lost_is_not_shown_and_is_found(farm: Farm) -> None:
    photo, other = farm.add(JPEG, 1), farm.add(PNG, 2)
    sealed = farm.file(photo).read_bytes()
    assert farm.findings(everything=True) == []
    for bent in (sealed[:-1], sealed[:40] + b"x" + sealed[41:], farm.file(other).read_bytes()):
        farm.file(photo).write_bytes(bent)
        with pytest.raises(TamperError, match="is altered"):
            farm.photos.show(photo, "local")
        (finding,) = farm.findings(everything=True)
        assert str(finding).startswith(f"photos seq 1: the file {photo}.sealed was altered")
    farm.file(photo).unlink()
    with pytest.raises(TamperError, match="is missing"):
        farm.photos.show(photo, "local")
    (finding,) = farm.findings(everything=False)
    assert "is missing: put it back from a copy, or fognode photo erase it" in finding.reason
    assert "photo_viewed" not in farm.kinds()


def test_unknown_photos_are_refused(farm: Farm) -> None:
    assert farm.photos.look("00" * 32) is None
    for act in (lambda: farm.photos.show("00" * 32, "x"), lambda: farm.photos.erase("../vault")):
        with pytest.raises(RefusedError, match="the record has no photo"):
            act()


# --- erasing -----------------------------------------------------------------------------


def test_an_erased_photo_is_gone_and_its_event_and_picture_are_remembered(farm: Farm) -> None:
    photo = farm.add()
    cause = farm.house.reader.events()[0].event_id
    assert farm.declare(Kind.PHOTO_ERASED, photo=photo, why="a face is on it") == 2
    told = farm.house.reader.events()[1]
    wanted = {"photo": photo, "cause": cause, "reason": "asked", "why": "a face is on it"}
    assert told.facts == wanted
    assert not farm.file(photo).exists()
    for view in (farm.photos, farm.opened()):
        with pytest.raises(RefusedError, match="was erased"):
            view.show(photo, "local")
        with pytest.raises(RefusedError, match="kept before as event 1, erased by event 2"):
            view.add(JPEG, ABOUT, uuid(9))
        looked = view.look(photo)
        assert looked is not None
        assert looked[0].erased == told
    assert farm.findings(everything=True) == []


def test_photos_are_erased_after_their_days_not_before(farm: Farm) -> None:
    old = farm.add(JPEG, 1)
    farm.now_ms += 90 * DAY_MS
    new = farm.add(PNG, 2)
    assert farm.photos.expire(90) == 0
    farm.now_ms += 1
    assert farm.photos.expire(90) == 1
    assert farm.photos.expire(90) == 0
    told = farm.house.reader.events(kinds=[Kind.PHOTO_ERASED])
    assert [(one.text("photo"), one.text("reason"), one.number("days")) for one in told] == [
        (old, "retention", 90)
    ]
    assert [path.name for path in (farm.folder / "photos").iterdir()] == [f"{new}.sealed"]


@pytest.mark.parametrize("held", ["photo", "about", "by", "corrected"])
def test_a_hold_stops_retention_and_erasing_until_it_is_lifted(farm: Farm, held: str) -> None:
    photo = farm.add()
    told = farm.house.reader.events()[0]
    if held == "corrected":
        facts: dict[str, Json] = {**ABOUT, "about": "GLY-0099"}
        farm.declare(
            Kind.CORRECTION_DECLARED, corrects=told.event_id, facts=facts, reason="x", by=ANA
        )
    about = {"photo": photo, "about": "GLY-0042", "by": ANA, "corrected": "GLY-0099"}[held]
    hold = Event(
        kind=Kind.HOLD_SET,
        origin="q/hold",
        happened_at_ms=1,
        facts={"about": about, "reason": "court file 12", "by": ANA},
    )
    farm.commit([hold], [])
    farm.now_ms += 4000 * DAY_MS
    assert farm.photos.expire(90) == 0
    with pytest.raises(RefusedError, match=r"is under a hold \(event .*court file 12\); first fog"):
        farm.declare(Kind.PHOTO_ERASED, photo=photo, why="x")
    assert farm.photos.show(photo, "local").content == JPEG
    lifted = Event(
        kind=Kind.HOLD_LIFTED,
        origin="q/lift",
        happened_at_ms=1,
        facts={"about": about, "reason": "closed", "by": ANA},
    )
    farm.commit([lifted], [])
    assert farm.photos.expire(90) == 1


def test_nothing_is_erased_while_the_database_is_not_ours(farm: Farm) -> None:
    photo = farm.add()
    os.utime(farm.file(photo), (1, 1))
    farm.now_ms += 4000 * DAY_MS
    farm.is_away = True
    for act in (lambda: farm.photos.expire(1), lambda: farm.photos.erase(photo)):
        with pytest.raises(StoreError):
            act()
    farm.is_away = False
    assert farm.photos.show(photo, "local").content == JPEG


def test_a_vault_and_folder_that_came_back_forget_again(farm: Farm) -> None:
    photo, other = farm.add(JPEG, 1), farm.add(PNG, 2)
    vault, sealed = (farm.folder / "vault.db").read_bytes(), farm.file(photo).read_bytes()
    farm.declare(Kind.PHOTO_ERASED, photo=photo, why="x")
    assert farm.photos.erase_again() == 0
    (farm.folder / "vault.db").write_bytes(vault)
    farm.file(photo).write_bytes(sealed)
    assert farm.opened().erase_again() == 1
    assert not farm.file(photo).exists()
    assert photo not in Vault(farm.folder / "vault.db", MASTER).photo_keys()
    assert farm.photos.erase_again() == 0
    assert farm.photos.show(other, "local").content == PNG


def test_a_crash_between_key_and_event_is_mended_by_erasing_again(farm: Farm) -> None:
    photo = farm.add()
    farm.photos.erase(photo)  # and then the power went: no event tells of it
    with pytest.raises(TamperError):
        farm.photos.show(photo, "local")
    assert len(farm.findings(everything=False)) == 1
    farm.declare(Kind.PHOTO_ERASED, photo=photo, why="x")
    assert farm.findings(everything=True) == []
