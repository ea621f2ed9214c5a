"""Before a migration there is a backup of what was, or nothing is changed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fognode.config import Config
from fognode.errors import StoreError
from fognode.store import backup as backup_module
from fognode.store.engines import open_engine
from fognode.store.precaution import back_up_before
from fognode.store.prepare import prepare_database
from fognode.store.reader import Reader
from fognode.store.restore import read_manifest, restore_backup
from fognode.store.schema import VERSIONS, schema_version
from fognode.trial.database import TrialDatabase
from tests.store.conftest import B1, B2
from tests.store.test_migrations import assert_ours, load_mariadb, load_sqlite

AT_MS = 1_795_241_520_123
NAME = "fognode-20261121T061200Z.tar"
HEAD = "ace65073ed6f894154e6e397dfa3dc833262bdb6907d75caa4e16775ded56ee9"  # of B2
Load = Callable[[str], Config]
OLD = VERSIONS[:-1]


def at(config: Config, folder: Path) -> Config:
    return replace(config, farm=replace(config.farm, folder=str(folder)))


@pytest.fixture
def sqlite_load(sqlite_config: Config) -> Load:
    def load(version: str) -> Config:
        load_sqlite(sqlite_config, version)
        return sqlite_config

    return load


@pytest.fixture
def mariadb_load(
    mariadb_config: Callable[[str], Config], server: tuple[TrialDatabase, Path], tmp_path: Path
) -> Load:
    def load(version: str) -> Config:
        (tmp_path / "node").mkdir()
        load_mariadb(server[0].socket, version)
        return at(mariadb_config("first"), tmp_path / "node")

    return load


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def load(request: pytest.FixtureRequest) -> Load:
    found: Load = request.getfixturevalue(f"{request.param}_load")
    return found


def bodies(config: Config) -> list[bytes]:
    engine = open_engine(config, "reader")
    try:
        return [told.body for told in Reader(engine).events()]
    finally:
        engine.dispose()


@pytest.mark.parametrize("version", OLD)
def test_an_older_database_is_backed_up_as_it_is_and_can_be_restored_and_upgraded(
    load: Load, version: str, tmp_path: Path
) -> None:
    config = load(version)
    made = back_up_before(config, AT_MS, b"[farm]")
    assert made == config.folder / "backups" / NAME
    assert made.stat().st_mode & 0o777 == 0o600
    told = read_manifest(made)
    assert (told.schema, told.head_seq, told.head_hash) == (version, 2, HEAD)
    assert told.counts["event"] == told.counts["event_shadow"] == 2
    prepare_database(config)
    assert back_up_before(config, AT_MS + 1000) is None  # nothing is to come any more
    store = replace(config.store, schema=f"second{version}")
    fresh = replace(at(config, tmp_path / "fresh"), store=store)
    restore_backup(fresh, made)
    assert bodies(fresh) == [B1, B2]
    assert_ours(fresh)


def test_nothing_is_saved_where_nothing_can_be_lost(sqlite_config: Config, tmp_path: Path) -> None:
    assert back_up_before(sqlite_config, AT_MS) is None
    prepare_database(sqlite_config)
    assert back_up_before(sqlite_config, AT_MS) is None
    assert list(tmp_path.rglob("*.tar")) == []


@pytest.mark.mariadb
def test_a_server_without_our_schemas_has_nothing_to_lose(
    mariadb_config: Callable[[str], Config], tmp_path: Path
) -> None:
    assert back_up_before(at(mariadb_config("unborn"), tmp_path), AT_MS) is None


def test_when_the_backup_fails_the_cure_is_named_and_nothing_is_left(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load(OLD[0])

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup_module, "write_database", refuse)
    with pytest.raises(StoreError, match=r"No space left .* fognode migrate --no-backup"):
        back_up_before(config, AT_MS)
    assert list((config.folder / "backups").glob("*.tar")) == []
    monkeypatch.undo()
    engine = open_engine(config, "reader")
    if config.store.backend == "sqlite":
        assert schema_version(engine) == OLD[0]
    engine.dispose()
