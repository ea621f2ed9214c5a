"""Opening to photo: kept once with its hash, sealed; without a picture the record says so."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from fognode.boards.photo import Folder, Http
from fognode.boards.picture import Picture, gray_png
from fognode.boards.pins import Ticks
from fognode.boards.v4l2 import V4l2
from fognode.config import Camera, Config, parse
from fognode.daemon.camera import FRESH_MS, Photographer, camera_sources, source_of
from fognode.errors import AwayError, ConfigError, StoreError
from fognode.events import Event, Json, Row, Stored
from fognode.hashing import Stamp, freeze
from fognode.store.engines import open_engine
from fognode.store.photo_check import photo_findings
from fognode.store.photos import Photos, open_picture
from fognode.store.reader import Reader
from fognode.store.vault import open_vault
from fognode.store.writer import Writer
from tests.blank import lay_database

START_MS = 1_795_241_520_000
CAMERA = {"id": "cam-1", "cabinet": "cab-1", "source": "/dev/video0"}


def jpeg(number: int) -> bytes:
    return b"\xff\xd8\xff\xe0" + b"who opened it %d" % number + b"\xff\xd9"


class Eye:
    """A source that gives what the test put before it."""

    def __init__(self) -> None:
        self.sees: bytes | None = jpeg(1)
        self.asked: list[int] = []

    def take(self, since_ms: int) -> bytes:
        self.asked.append(since_ms)
        if self.sees is None:
            raise AwayError("camera /dev/video0: No such device")
        return self.sees


class Farm:
    """A record, a vault, and a camera of cabinet cab-1."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.reader = Reader(open_engine(config, "reader"))
        self.writer = Writer(open_engine(config, "writer"), self.reader)
        self.now_ms, self.is_away, self.openings = START_MS, False, 0
        self.eye = Eye()
        self.photos = Photos(
            config.folder, partial(open_vault, config), self.reader, self.commit, self.now
        )
        self.photographer = self.started()

    def now(self) -> int:
        return self.now_ms

    def started(self) -> Photographer:
        return Photographer(self.config.cameras[0], self.eye, self.photos, self.commit, self.now)

    def commit(self, events: Sequence[Event], rows: Sequence[Row] = ()) -> list[int]:
        if self.is_away:
            raise StoreError("the database is away")
        stamp = Stamp(
            farm="farm-7", boot_id="0", mono_ms=1, recorded_at_ms=self.now_ms, clock_ok=True
        )
        return self.writer.keep([freeze(event, stamp) for event in events], rows)

    def open(self, cabinet: str = "cab-1") -> Stored:
        self.openings += 1
        facts: dict[str, Json] = {"cabinet": cabinet, "person": ""}
        origin = f"r/open_box/{self.openings:032x}/1"
        event = Event(kind="openBox", origin=origin, happened_at_ms=self.now_ms, facts=facts)
        self.commit([event])
        stored = self.reader.by_origin(origin)
        assert stored is not None
        return stored

    def told(self, *kinds: str) -> list[Stored]:
        return self.reader.events(kinds=kinds or ("photo_kept", "photo_missed"))


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    (tmp_path / "vault-master").write_text("00" * 32)
    tables = {
        "farm": {"id": "farm-7", "folder": str(tmp_path / "node")},
        "board": [{"id": "cab01"}],
        "cabinet": [{"id": "cab-1", "board": "cab01"}],
        "camera": [CAMERA],
    }
    config = parse(tables, credentials=tmp_path)
    lay_database(config)
    made = Farm(config)
    made.open()  # before the node started: it is over
    made.photographer.pass_once()
    yield made
    made.writer.close()


def test_opening_gets_its_photo_with_the_hash_in_the_event(farm: Farm) -> None:
    opening = farm.open()
    farm.photographer.pass_once()
    (kept,) = farm.told()
    assert kept.kind == "photo_kept"
    assert kept.text("about") == opening.event_id
    assert (kept.text("by"), kept.text("purpose")) == ("cam-1", "opening")
    assert farm.eye.asked == [opening.happened_at_ms]
    found = farm.photos.look(kept.text("photo"))
    assert found is not None
    picture = open_picture(farm.config.folder / "photos", open_vault(farm.config), found[0])
    assert picture.content == jpeg(1)
    sealed = (farm.config.folder / "photos" / f"{kept.text('photo')}.sealed").read_bytes()
    assert b"who opened it" not in sealed
    assert photo_findings(farm.config.folder, farm.reader, everything=True) == []


def test_opening_is_pictured_once_whatever_is_done_again(farm: Farm) -> None:
    farm.open()
    farm.photographer.pass_once()
    farm.photographer.pass_once()
    again = farm.started()
    again._cursor = 0  # a start that looks at all of the record
    farm.eye.sees = jpeg(2)
    again.pass_once()
    before, after = farm.reader.events(kinds=("openBox",))
    assert [one.text("about") for one in farm.told()] == [after.event_id, before.event_id]


def test_other_cabinets_are_not_pictured(farm: Farm) -> None:
    farm.open("cab-2")
    farm.photographer.pass_once()
    assert farm.told() == []
    assert farm.eye.asked == []


def test_missing_picture_is_told_with_its_reason(farm: Farm) -> None:
    opening = farm.open()
    farm.eye.sees = None
    farm.photographer.pass_once()
    (missed,) = farm.told()
    assert missed.kind == "photo_missed"
    assert missed.facts == {
        "about": opening.event_id,
        "camera": "cam-1",
        "cabinet": "cab-1",
        "place": "cab-1",
        "reason": "camera /dev/video0: No such device",
    }


def test_camera_that_gives_the_same_picture_again_pictures_nothing(farm: Farm) -> None:
    for _ in range(2):
        farm.open()
        farm.photographer.pass_once()
    kept, missed = farm.told()
    assert (kept.kind, missed.kind) == ("photo_kept", "photo_missed")
    assert missed.text("reason") == f"the camera gave photo {kept.text('photo')} again"


def test_opening_that_is_told_of_late_is_not_pictured(farm: Farm) -> None:
    farm.open()
    farm.now_ms += FRESH_MS + 1
    farm.photographer.pass_once()
    assert [one.text("reason") for one in farm.told("photo_missed")] == ["it was told of too late"]
    assert farm.eye.asked == []


def test_store_that_is_away_is_met_again_and_nothing_is_skipped(farm: Farm) -> None:
    farm.open()
    farm.is_away = True
    with pytest.raises(StoreError):
        farm.photographer.pass_once()
    farm.is_away = False
    farm.photographer.pass_once()
    assert [one.kind for one in farm.told()] == ["photo_kept"]


def test_without_vault_master_nobody_switched_photos_on(farm: Farm, tmp_path: Path) -> None:
    (tmp_path / "vault-master").unlink()
    farm.open()
    with pytest.raises(ConfigError, match="vault-master"):
        farm.photographer.pass_once()


def test_source_is_chosen_by_how_it_is_written() -> None:
    sources = {"/dev/video0": V4l2, "/srv/ftp/cam": Folder, "http://cam/capture": Http}
    for told, kind in sources.items():
        assert type(source_of(Camera(id="c", cabinet="b", source=told), Ticks())) is kind


def test_camera_that_is_a_board_is_the_line_that_hears_it(farm: Farm) -> None:
    (told,) = farm.config.cameras
    ((_, other),) = camera_sources(farm.config, {})
    assert isinstance(other, V4l2)
    assert camera_sources(farm.config, {"cam-1": farm.eye}) == [(told, farm.eye)]


def test_grey_picture_of_a_camera_board_is_kept_as_a_png(farm: Farm) -> None:
    farm.eye.sees = gray_png(Picture(width=2, height=1, pixels=b"\0\xff"))
    opening = farm.open()
    farm.photographer.pass_once()
    (kept,) = farm.told()
    assert (kept.text("media"), kept.text("about")) == ("image/png", opening.event_id)
    found = farm.photos.look(kept.text("photo"))
    assert found is not None
    picture = open_picture(farm.config.folder / "photos", open_vault(farm.config), found[0])
    assert picture.content == farm.eye.sees
