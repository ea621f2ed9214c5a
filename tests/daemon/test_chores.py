from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fognode.config import Config, parse
from fognode.daemon.chores import Chores
from fognode.daemon.shelf import Shelf
from fognode.errors import StoreError
from fognode.events import Event, Json, Row
from fognode.hashing import Stamp, freeze
from fognode.store.engines import open_engine
from fognode.store.photo_check import photo_findings
from fognode.store.reader import Reader
from fognode.store.retention import BACKUPS
from fognode.store.writer import Writer
from tests.blank import lay_database

STAMP = Stamp(farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=9, clock_ok=True)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "vault-master").write_text("00" * 32)
    farm = {"id": "farm-7", "folder": str(tmp_path / "node")}
    made = parse({"farm": farm}, credentials=tmp_path)
    lay_database(made)
    reader = Reader(open_engine(made, "reader"))
    writer = Writer(open_engine(made, "writer"), reader)
    event = Event(kind="light_open", origin="b/cab01/1/1", happened_at_ms=1)
    writer.keep([freeze(event, STAMP)])
    writer.close()
    return made


@pytest.fixture
def chores(config: Config, tmp_path: Path) -> Chores:
    toml = tmp_path / "fognode.toml"
    toml.write_text('[farm]\nid = "farm-7"\n')
    return Chores(config, toml, no_commit)


def no_commit(events: Sequence[Event], rows: Sequence[Row]) -> list[int]:
    raise StoreError("nothing is to be kept here")


def test_a_whole_record_has_no_findings(chores: Chores) -> None:
    assert chores.verify() == []


def test_a_backup_is_kept_and_the_oldest_goes(chores: Chores, config: Config) -> None:
    first = chores.back_up()
    assert (config.folder / "backups" / first).stat().st_mode & 0o777 == 0o600
    for number in range(BACKUPS):
        (config.folder / "backups" / f"z{number}{Path(first).suffix}").touch()
    assert Path(chores.back_up()).suffix == Path(first).suffix


def test_without_chains_nothing_is_anchored(chores: Chores) -> None:
    assert chores.anchor(1_795_241_520_000) == "nothing new"


@pytest.fixture
def writing(config: Config, tmp_path: Path) -> Iterator[Chores]:
    """Chores whose events are kept."""
    reader = Reader(open_engine(config, "reader"))
    writer = Writer(open_engine(config, "writer"), reader)

    def commit(events: Sequence[Event], rows: Sequence[Row]) -> list[int]:
        return writer.keep([freeze(event, STAMP) for event in events], rows)

    toml = tmp_path / "fognode.toml"
    toml.write_text('[farm]\nid = "farm-7"\n')
    yield Chores(config, toml, commit)
    writer.close()


def test_photos_that_were_kept_for_long_enough_are_erased_by_the_calendar(
    writing: Chores, config: Config
) -> None:
    about: dict[str, Json] = {"about": "p", "by": "ana", "purpose": "rinse"}
    added = writing.photos.add(b"\xff\xd8\xff a can", about, PHOTO_ID)  # recorded in 1970
    assert writing.verify() == []
    (config.folder / "photos" / f"{added.photo}.sealed").write_bytes(b"")
    assert photo_findings(config.folder, writing.photos.reader, everything=True)
    assert writing.expire_photos(0) == "1 erased"
    assert writing.expire_photos(0) == "0 erased"
    assert writing.verify() == []


PHOTO_ID = "3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77"


def test_forgetting_again_finds_nothing_to_forget(chores: Chores) -> None:
    assert chores.forget(0).startswith("0 keys")


def test_raw_samples_are_summed_by_the_calendar(writing: Chores, config: Config) -> None:
    hours = writing.hours(Shelf(lambda _board, _begin_ms: False), lambda _job: 0)
    assert hours.run(1_795_241_520_000, 14) == "0 hours summed, none old"
