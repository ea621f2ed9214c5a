"""The drill: back up, change, restore elsewhere, verify, compare; and what is refused."""

import io
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fognode.config import Config, Farm
from fognode.errors import ConfigError, RestoredError, StoreError
from fognode.events import Row
from fognode.store import prepare
from fognode.store.backup import write_backup
from fognode.store.checkpoint import Checkpoint, open_note
from fognode.store.engines import open_engine
from fognode.store.evidence import evidence_of
from fognode.store.reader import Reader
from fognode.store.restore import read_manifest, restore_backup
from fognode.store.restored import check_not_restored
from fognode.store.schema import check_schema
from fognode.store.tables import metadata
from fognode.store.verify import examine, verify
from fognode.store.worm_files import note
from tests.store.conftest import House, body
from tests.store.signing import SIGNER, SignedHouse

AT_MS = 1_795_241_520_123
CURSOR = Row(table="cursor", values={"follower": "custody", "as_of_seq": 5})


def at(config: Config, folder: Path) -> Config:
    """Return a configuration whose files lie in another folder."""
    return replace(config, farm=Farm(id=config.farm.id, folder=str(folder)))


@pytest.fixture
def signed(house: House, tmp_path: Path) -> SignedHouse:
    """Eight signed events and two more, in a node's folder."""
    house.config = at(
        house.config, Path(house.config.folder if house.is_sqlite else tmp_path / "n")
    )
    house.config.folder.mkdir(exist_ok=True)
    made = SignedHouse(house, house.config.folder)
    made.keep(8)
    made.sign()
    made.keep(2)
    house._writers[0].keep([], [CURSOR])
    return made


@pytest.fixture
def elsewhere(house: House, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Config]:
    """An empty place of the same kind."""
    config = at(house.config, tmp_path / "elsewhere")
    if house.is_sqlite:
        yield config
        return
    configure: Callable[[str], Config] = request.getfixturevalue("mariadb_config")
    yield at(configure("drill"), tmp_path / "elsewhere")
    house.as_root(*(f"DROP DATABASE IF EXISTS drill{part}" for part in ("", "_audit", "_state")))


def counts(config: Config) -> dict[str, int]:
    engine = open_engine(config, "reader")
    try:
        is_sqlite = config.store.backend == "sqlite"
        names = [t.name for t in metadata.sorted_tables if t.name != "blocked" or not is_sqlite]
        return {name: Reader(engine).count(name) for name in names}
    finally:
        engine.dispose()


def save(signed: SignedHouse, folder: Path) -> Path:
    return write_backup(signed.house.reader_engine, signed.house.config, folder, AT_MS)


def test_drill(signed: SignedHouse, elsewhere: Config, tmp_path: Path) -> None:
    made = save(signed, tmp_path / "out")
    copies = signed.house.reader.rows("event_shadow")
    signed.keep(3)  # changed since: not in the backup
    signed.sign()
    told = restore_backup(elsewhere, made)
    engine = open_engine(elsewhere, "reader")
    try:
        check_schema(engine)
        evidence = replace(evidence_of(elsewhere), verifier_key=SIGNER.verifier_key)
        report = examine(engine, evidence)
        assert report.findings == []
        assert (report.events, report.head.hex()) == (told.head_seq, told.head_hash)
        assert told.head_seq == 10
        assert counts(elsewhere) == told.counts
        # The shadows too are those of then: who wrote, and when.
        assert Reader(engine).rows("event_shadow") == copies
        assert (elsewhere.folder / "worm/checkpoint/000000000008").stat().st_mode & 0o777 == 0o400
        assert Reader(engine).cursor("custody") == 5
    finally:
        engine.dispose()
    house = House(elsewhere)
    try:
        # The spool is replayed: what is known is recognised, what is missing follows.
        assert house.writer().keep([body(9), body(10), body(11)]) == [9, 10, 11]
        assert verify(house.reader_engine) == []
    finally:
        house.close()


def test_guards_stand_again_after_a_restore(
    signed: SignedHouse, elsewhere: Config, tmp_path: Path
) -> None:
    restore_backup(elsewhere, save(signed, tmp_path / "out"))
    house = House(elsewhere)
    try:
        with pytest.raises(Exception, match="insert-only"):
            house.as_root("DELETE FROM T.event")
    finally:
        house.close()


def test_place_that_holds_anything_is_refused(
    signed: SignedHouse, elsewhere: Config, tmp_path: Path
) -> None:
    made = save(signed, tmp_path / "out")
    prepare.prepare_database(elsewhere)
    restore_backup(elsewhere, made)  # empty tables are an empty place
    with pytest.raises(ConfigError, match="is not empty: rows in"):
        restore_backup(elsewhere, made)
    with pytest.raises(ConfigError, match="is not empty"):
        restore_backup(signed.house.config, made)
    assert signed.house.reader.head()[0] == 10


def test_backup_of_another_farm_is_refused(
    signed: SignedHouse, elsewhere: Config, tmp_path: Path
) -> None:
    made = save(signed, tmp_path / "out")
    other = replace(elsewhere, farm=Farm(id="farm-8", folder=elsewhere.farm.folder))
    with pytest.raises(ConfigError, match=r"is of farm farm-7 .* names farm-8"):
        restore_backup(other, made)


def rewritten(made: Path, name: str, content: bytes | None) -> Path:
    """Copy a backup with one file changed, or left out."""
    target = made.with_name("changed.tar")
    with tarfile.open(made) as old, tarfile.open(target, "w") as new:
        for member in old.getmembers():
            found = old.extractfile(member)
            assert found is not None
            told = found.read()
            if member.name == name:
                if content is None:
                    continue
                told = content
                member.size = len(told)
            new.addfile(member, io.BytesIO(told))
    return target


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("worm/checkpoint/000000000008", b"another", "is not the file that was saved"),
        ("worm/checkpoint/000000000008", None, "holds other files than its manifest names"),
        ("manifest.json", None, "lacks manifest.json"),
        ("manifest.json", b"{}", "is no whole backup"),
        ("database.gz", b"", "is not the file that was saved"),
    ],
)
def test_backup_that_was_changed_is_refused_before_anything_is_written(
    sqlite_house: House, tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    signed = SignedHouse(sqlite_house, sqlite_house.config.folder)
    signed.keep(8)
    signed.sign()
    changed = rewritten(save(signed, tmp_path / "out"), name, content)
    target = at(sqlite_house.config, tmp_path / "elsewhere")
    with pytest.raises(StoreError, match=told):
        restore_backup(target, changed)
    assert not target.folder.exists()


def test_backup_cut_short_is_refused(sqlite_house: House, tmp_path: Path) -> None:
    made = write_backup(sqlite_house.reader_engine, sqlite_house.config, tmp_path / "out", AT_MS)
    content = made.read_bytes()
    for length in (0, 100, len(content) // 2):
        made.write_bytes(content[:length])
        with pytest.raises(StoreError):
            read_manifest(made)


def test_file_outside_is_refused(sqlite_house: House, tmp_path: Path) -> None:
    made = write_backup(sqlite_house.reader_engine, sqlite_house.config, tmp_path / "out", AT_MS)
    with tarfile.open(made) as archive:
        found = archive.extractfile("manifest.json")
        assert found is not None
        manifest = found.read().replace(b'"database.gz"', b'"../../database.gz"')
    changed = rewritten(made, "manifest.json", manifest)
    with tarfile.open(changed) as old, tarfile.open(made, "w") as new:
        for member in old.getmembers():
            content = old.extractfile(member)
            if member.name == "database.gz":
                member.name = "../../database.gz"
            new.addfile(member, content)
    with pytest.raises(StoreError, match="names a file outside"):
        read_manifest(made)


def test_write_once_file_of_another_record_is_not_mixed_in(
    sqlite_house: House, tmp_path: Path
) -> None:
    signed = SignedHouse(sqlite_house, sqlite_house.config.folder)
    signed.keep(8)
    signed.sign()
    made = save(signed, tmp_path / "out")
    target = at(sqlite_house.config, tmp_path / "elsewhere")
    there = target.folder / "worm/checkpoint/000000000008"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"another farm's")
    with pytest.raises(ConfigError, match="is this the same farm"):
        restore_backup(target, made)


def test_write_once_file_that_was_left_writable_is_read_only_after_the_next_restore(
    sqlite_house: House, tmp_path: Path
) -> None:
    signed = SignedHouse(sqlite_house, sqlite_house.config.folder)
    signed.keep(8)
    signed.sign()
    made = save(signed, tmp_path / "out")
    target = at(sqlite_house.config, tmp_path / "elsewhere")
    there = target.folder / "worm/checkpoint/000000000008"
    there.parent.mkdir(parents=True)
    there.write_bytes(note(signed.folder / "worm", 8))  # as a restore that was broken off leaves it
    restore_backup(target, made)
    assert there.stat().st_mode & 0o777 == 0o400


# --- noticed at the start --------------------------------------------------------------------


def notes(signed: SignedHouse, *sizes: int) -> list[Checkpoint]:
    return [open_note(note(signed.folder / "worm", n), SIGNER.verifier_key) for n in sizes]


def test_older_database_is_refused_with_instructions(
    signed: SignedHouse, elsewhere: Config, tmp_path: Path
) -> None:
    made = save(signed, tmp_path / "out")
    signed.keep(3)
    signed.sign()
    restore_backup(elsewhere, made)
    house = House(elsewhere)
    try:
        with pytest.raises(RestoredError, match=r"ends at event 10, but 13 were signed.*spool"):
            check_not_restored(house.reader, notes(signed, 8, 13))
        # Gone on with, it is as long again, but another record.
        house.writer().keep([body(count) for count in range(21, 26)])
        with pytest.raises(RestoredError, match="are not those that were signed"):
            check_not_restored(house.reader, notes(signed, 13))
    finally:
        house.close()
