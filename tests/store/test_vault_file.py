import sqlite3
from pathlib import Path

import pytest

from fognode.errors import ConfigError, StoreError
from fognode.store.vault_file import VaultFile


def test_file_is_made_for_its_owner_alone_by_the_first_write(tmp_path: Path) -> None:
    file = VaultFile(tmp_path / "vault.db")
    assert not file.has("keys")
    assert not file.path.exists()
    with file.writing() as keys:
        keys.execute("INSERT INTO pins VALUES ('ana', 'x')")
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.has("keys")
    assert file.has("pins")
    assert not file.has("others")


def test_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    file = VaultFile(tmp_path / "vault.db")
    with file.writing() as keys:
        keys.execute("INSERT INTO pins VALUES ('ana', 'x')")

    def fail() -> None:
        with file.writing() as keys:
            keys.execute("INSERT INTO pins VALUES ('eve', 'x')")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with file.asking() as keys:
        assert keys.execute("SELECT person FROM pins").fetchall() == [("ana",)]


def test_what_is_deleted_is_overwritten(tmp_path: Path) -> None:
    file = VaultFile(tmp_path / "vault.db")
    with file.writing() as keys:
        keys.execute("INSERT INTO pins VALUES ('ana', 'a hash nobody shall find')")
    with file.writing() as keys:
        keys.execute("DELETE FROM pins")
    assert b"nobody shall find" not in file.path.read_bytes()


def test_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    sqlite3.connect(path).close()
    path.touch()
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        VaultFile(path)


def test_broken_file_is_a_store_error(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    path.write_bytes(b"no database " * 100)
    path.chmod(0o600)
    with pytest.raises(StoreError, match="cannot be used"):
        VaultFile(path).has("pins")


def test_empty_file_that_a_power_cut_left_has_no_tables(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    path.touch(mode=0o600)
    assert not VaultFile(path).has("keys")


def test_folder_that_is_missing_is_a_store_error(tmp_path: Path) -> None:
    def write() -> None:
        with VaultFile(tmp_path / "none" / "vault.db").writing():
            raise AssertionError

    with pytest.raises(StoreError, match="cannot be made"):
        write()
