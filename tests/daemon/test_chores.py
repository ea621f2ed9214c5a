from collections.abc import Sequence
from pathlib import Path

import pytest

from fognode.config import Config, parse
from fognode.daemon.chores import BACKUPS, Chores
from fognode.errors import StoreError
from fognode.events import Event, Row
from fognode.hashing import Stamp, freeze
from fognode.store.engines import open_engine
from fognode.store.prepare import prepare_database
from fognode.store.reader import Reader
from fognode.store.writer import Writer

STAMP = Stamp(farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=9, clock_ok=True)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "vault-master").write_text("00" * 32)
    farm = {"id": "farm-7", "folder": str(tmp_path / "node")}
    made = parse({"farm": farm}, credentials=tmp_path)
    prepare_database(made)
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


def test_forgetting_again_finds_nothing_to_forget(chores: Chores) -> None:
    assert chores.forget(0).startswith("0 keys")
