"""What a backup holds, and what it must not."""

import gzip
import json
import tarfile
from pathlib import Path

import pytest

from fognode import hashing
from fognode.errors import StoreError
from fognode.events import Row, RowValues
from fognode.store import backup as backup_module
from fognode.store.backup import prune_backups, write_backup
from fognode.store.restore import read_manifest
from fognode.store.schema import VERSIONS
from tests.store.conftest import House, body

AT_MS = 1_795_241_520_123


@pytest.fixture
def filled(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A node's folder with everything in it, secrets as well."""
    folder = house.config.folder
    if not house.is_sqlite:
        folder = tmp_path / "node"
        monkeypatch.setattr(type(house.config), "folder", folder)
    house.writer().keep([body(count) for count in range(1, 4)])
    for name, content in {
        "spool/000000000000.spool": b"s",
        "spool/reserve": b"r" * 100,
        "worm/checkpoint/000000000003": b"n",
        "worm/new/probe": b"p",
        "models/run/door.skops": b"m",
        "photos/x.bin": b"secret photo",
        "vault.db": b"secret vault",
        "keys/private.json": b"secret key",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return house


def test_backup_holds_the_database_and_files_but_no_secret(filled: House, tmp_path: Path) -> None:
    made = write_backup(filled.reader_engine, filled.config, tmp_path / "out", AT_MS, b"[farm]")
    assert made == tmp_path / "out" / "fognode-20261121T061200Z.tar"
    assert made.stat().st_mode & 0o777 == 0o600
    with tarfile.open(made) as archive:
        assert archive.getnames() == [
            "fognode.toml",
            "spool/000000000000.spool",
            "worm/checkpoint/000000000003",
            "models/run/door.skops",
            "database.gz",
            "manifest.json",
        ]
    assert b"secret" not in made.read_bytes()
    assert [path.name for path in (tmp_path / "out").iterdir()] == [made.name]


def test_manifest_names_head_counts_and_hashes(filled: House, tmp_path: Path) -> None:
    made = write_backup(filled.reader_engine, filled.config, tmp_path / "out", AT_MS)
    told = read_manifest(made)
    seq, link = filled.reader.head()
    assert (told.head_seq, told.head_hash, told.at_ms) == (seq, link.hex(), AT_MS)
    assert (told.farm, told.backend, told.schema) == (
        "farm-7",
        filled.config.store.backend,
        VERSIONS[-1],
    )
    assert told.counts["event"] == told.counts["event_shadow"] == 3
    assert told.counts["alert"] == 0
    assert told.files["worm/checkpoint/000000000003"]["sha256"] == hashing.sha256(b"n").hex()


def test_raw_samples_are_left_out_but_stay_where_they_are(filled: House, tmp_path: Path) -> None:
    readings = "".join(f"{n:04d}" for n in range(25))  # 100 letters that nothing packs away
    values: RowValues = {"board": "cab01", "board_ms": 1, "boot": 17, "readings": readings}
    rows = [Row(table="sample", values=values | {"at_ms": at_ms}) for at_ms in range(2000)]
    filled._writers[0].keep([], rows)
    made = write_backup(filled.reader_engine, filled.config, tmp_path / "out", AT_MS)
    assert read_manifest(made).counts["sample"] == 0
    with tarfile.open(made) as archive:
        packed = archive.extractfile("database.gz")
        assert packed is not None
        assert readings.encode() not in gzip.decompress(packed.read())
    assert filled.reader.count("sample") == 2000


def test_file_that_leaves_meanwhile_is_passed_over(
    filled: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Path.read_bytes

    def vanish(path: Path) -> bytes:
        if path.suffix == ".spool":
            path.unlink()
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", vanish)
    made = write_backup(filled.reader_engine, filled.config, tmp_path / "out", AT_MS)
    assert "spool/000000000000.spool" not in read_manifest(made).files


def test_failure_leaves_no_backup_behind_that_looks_whole(
    filled: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup_module, "write_database", refuse)
    with pytest.raises(StoreError, match="No space left"):
        write_backup(filled.reader_engine, filled.config, tmp_path / "out", AT_MS)
    assert list((tmp_path / "out").glob("*.tar")) == []
    prune_backups(tmp_path / "out", 1)
    assert list((tmp_path / "out").iterdir()) == []


def test_database_that_is_away_is_a_store_error(sqlite_house: House, tmp_path: Path) -> None:
    sqlite_house.close()
    Path(f"{sqlite_house.reader_engine.url.database}").unlink()
    with pytest.raises(StoreError, match="database"):
        write_backup(sqlite_house.reader_engine, sqlite_house.config, tmp_path / "out", AT_MS)


def test_newest_backups_are_kept_by_count(tmp_path: Path) -> None:
    names = [f"fognode-2026112{day}T000000Z.tar" for day in range(5)]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / "other.tar").touch()
    assert prune_backups(tmp_path, 0) == []
    assert prune_backups(tmp_path, 2) == [tmp_path / name for name in names[:3]]
    assert sorted(path.name for path in tmp_path.iterdir()) == [*names[3:], "other.tar"]


def test_manifest_is_plain_json(filled: House, tmp_path: Path) -> None:
    made = write_backup(filled.reader_engine, filled.config, tmp_path / "out", AT_MS)
    with tarfile.open(made) as archive:
        content = archive.extractfile("manifest.json")
        assert content is not None
        assert json.loads(content.read())["v"] == 1
