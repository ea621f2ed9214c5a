"""What was sealed opens until its key is destroyed, and never after."""

import os
import re
import sqlite3
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fognode.config import Config, Farm
from fognode.errors import ConfigError, RefusedError, StoreError, TamperError
from fognode.store import vault as store_vault
from fognode.store.vault import Vault, new_master, open_vault

MASTER = "0f" * 32
ANA, EVE = "3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77", "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
FIELDS = {"name": "Ana S\u00e3o Jo\u00e3o", "cpf": "123.456.789-09", "phone": "+55 66 99999-0000"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vault.db"


@pytest.fixture
def vault(path: Path) -> Vault:
    return Vault(path, MASTER)


def test_what_was_sealed_opens_also_for_the_next_vault(vault: Vault, path: Path) -> None:
    sealed = vault.seal(ANA, FIELDS)
    assert vault.open(ANA, sealed) == FIELDS
    assert Vault(path, MASTER).open(ANA, sealed) == FIELDS


def test_nothing_of_it_can_be_read_in_ciphertext_or_file(vault: Vault, path: Path) -> None:
    sealed = bytes.fromhex(vault.seal(ANA, FIELDS))
    photo = vault.seal_file("p1", b"\xff\xd8 a face")
    for value in FIELDS.values():
        for kept in (sealed, path.read_bytes()):
            assert value.encode() not in kept
    assert b"a face" not in photo
    assert path.stat().st_mode & 0o777 == 0o600


def test_same_fields_are_never_sealed_alike(vault: Vault) -> None:
    assert vault.seal(ANA, FIELDS) != vault.seal(ANA, FIELDS)


def test_erased_person_cannot_be_opened_nor_sealed_again(vault: Vault, path: Path) -> None:
    first, other = vault.seal(ANA, FIELDS), vault.seal(EVE, {"name": "Eve"})
    assert vault.erase(ANA)
    for one in (vault, Vault(path, MASTER)):
        assert one.open(ANA, first) is None
        with pytest.raises(RefusedError, match="erased: use a new id"):
            one.seal(ANA, FIELDS)
        assert one.open(EVE, other) == {"name": "Eve"}
    assert not vault.erase(ANA)  # already


def test_destroyed_key_is_overwritten_in_the_file(vault: Vault, path: Path) -> None:
    vault.seal(ANA, FIELDS)
    vault.seal(EVE, FIELDS)
    wrapped = {subject: key for subject, _, key in rows(path)}
    assert wrapped[f"person/{ANA}"] in path.read_bytes()
    vault.erase(ANA)
    content = path.read_bytes()
    assert wrapped[f"person/{ANA}"] not in content
    assert wrapped[f"person/{EVE}"] in content
    assert [name.name for name in path.parent.iterdir()] == ["vault.db"]


def rows(path: Path) -> list[tuple[str, bytes, bytes]]:
    keys = sqlite3.connect(path)
    try:
        return list(keys.execute("SELECT subject, key_id, wrapped FROM keys"))
    finally:
        keys.close()


def test_erasing_needs_no_master_key_and_works_before_anything_was_sealed(path: Path) -> None:
    poor = Vault(path)
    assert not poor.erase(ANA)
    for refused in (lambda: poor.seal(EVE, FIELDS), lambda: poor.open(EVE, "00" * 60)):
        with pytest.raises(ConfigError, match="fognode key new vault-master"):
            refused()
    rich = Vault(path, MASTER)
    with pytest.raises(RefusedError):
        rich.seal(ANA, FIELDS)
    sealed = rich.seal(EVE, FIELDS)
    assert poor.erase(EVE)
    assert rich.open(EVE, sealed) is None


def test_photo_opens_until_it_is_erased(vault: Vault) -> None:
    sealed = vault.seal_file("p1", b"\xff\xd8" + bytes(100_000))
    assert vault.open_file("p1", sealed) == b"\xff\xd8" + bytes(100_000)
    assert vault.erase_file("p1")
    assert vault.open_file("p1", sealed) is None
    with pytest.raises(RefusedError):
        vault.seal_file("p1", b"x")


def test_mark_of_a_picture_is_its_own_the_vaults_and_told_by_nobody_else(
    vault: Vault, path: Path, tmp_path: Path
) -> None:
    mark = vault.mark(b"picture")
    assert Vault(path, MASTER).mark(b"picture") == mark
    others = {vault.mark(b"pictures"), Vault(tmp_path / "other.db", MASTER).mark(b"picture")}
    assert len({mark, *others}) == 3
    assert re.fullmatch("[0-9a-f]{64}", mark)
    with pytest.raises(ConfigError, match="vault-master"):
        Vault(path).mark(b"picture")


def test_photos_with_a_key_are_listed_without_a_master_key(vault: Vault, path: Path) -> None:
    assert Vault(path).photo_keys() == set()
    for photo in ("p1", "p2"):
        vault.seal_file(photo, b"x")
    vault.seal(ANA, FIELDS)
    vault.mark(b"x")
    assert Vault(path).photo_keys() == {"p1", "p2"}
    vault.erase_file("p1")
    assert Vault(path).photo_keys() == {"p2"}


def test_person_and_photo_of_the_same_name_have_keys_of_their_own(vault: Vault) -> None:
    sealed = vault.seal("x", FIELDS)
    vault.seal_file("x", b"photo")
    vault.erase_file("x")
    assert vault.open("x", sealed) == FIELDS


def test_ciphertext_is_its_persons_and_no_bit_of_it_may_change(vault: Vault) -> None:
    sealed = bytes.fromhex(vault.seal(ANA, FIELDS))
    vault.seal(EVE, FIELDS)
    assert vault.open(EVE, sealed.hex()) is None  # under a key that she has not
    for place in range(8, len(sealed)):
        forged = bytearray(sealed)
        forged[place] ^= 1
        with pytest.raises(TamperError, match="altered"):
            vault.open(ANA, forged.hex())
    for cut in (sealed[:30], sealed[:8], sealed + b"\0"):
        with pytest.raises(TamperError):
            vault.open(ANA, cut.hex())
    with pytest.raises(TamperError):
        vault.open(ANA, "no hex")


def test_keys_that_were_exchanged_in_the_file_are_noticed(vault: Vault, path: Path) -> None:
    sealed = vault.seal(ANA, FIELDS)
    vault.seal(EVE, FIELDS)
    keys = sqlite3.connect(path)
    keys.execute(
        "UPDATE keys SET wrapped = (SELECT wrapped FROM keys WHERE subject = ?) WHERE subject = ?",
        [f"person/{EVE}", f"person/{ANA}"],
    )
    keys.commit()
    keys.close()
    with pytest.raises(TamperError, match="key of person"):
        vault.open(ANA, sealed)


@pytest.mark.parametrize("master", ["", "0f" * 31, "xy" * 32, "0f" * 33])
def test_master_key_that_is_none_is_refused_without_being_shown(path: Path, master: str) -> None:
    if not master:
        Vault(path, master)
        return
    with pytest.raises(ConfigError, match="not 64 hex digits") as caught:
        Vault(path, master)
    assert master not in str(caught.value)


def test_another_master_key_is_refused_at_the_start(vault: Vault, path: Path) -> None:
    Vault(path, new_master())  # nothing was sealed yet
    vault.seal(ANA, FIELDS)
    with pytest.raises(ConfigError, match="is not the one"):
        Vault(path, new_master())


def test_file_that_others_may_read_is_refused(vault: Vault, path: Path) -> None:
    vault.seal(ANA, FIELDS)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        Vault(path, MASTER)


def test_file_that_is_no_vault_is_a_store_error(path: Path) -> None:
    path.touch(0o600)
    assert Vault(path, MASTER).open(ANA, "00" * 60) is None  # the power went when it was made
    path.write_bytes(b"no database at all, but long enough to be looked at" * 20)
    with pytest.raises(StoreError, match="cannot be used"):
        Vault(path, MASTER)


def test_folder_that_is_missing_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be made"):
        Vault(tmp_path / "none" / "vault.db", MASTER).seal(ANA, FIELDS)


def test_many_threads_give_one_key_to_a_person(path: Path) -> None:
    sealed = list[str]()
    threads = [
        threading.Thread(target=lambda: sealed.append(Vault(path, MASTER).seal(ANA, FIELDS)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({one[:16] for one in sealed}) == 1
    assert [Vault(path, MASTER).open(ANA, one) for one in sealed] == [FIELDS] * 8


@pytest.mark.parametrize("statement", ["INSERT", "REPLACE", "COMMIT", "VACUUM"])
def test_killed_while_it_writes_the_key_is_whole_or_gone(path: Path, statement: str) -> None:
    """A child dies just before a statement; the vault is whole, and doing it again ends it."""
    vault = Vault(path, MASTER)
    sealed = vault.seal(EVE, FIELDS)
    pid = os.fork()
    if pid == 0:
        dying(path, statement)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 9
    if statement in {"REPLACE", "COMMIT"}:
        assert vault.open(EVE, sealed) in (FIELDS, None)
    assert vault.erase(EVE) or vault.open(EVE, sealed) is None
    assert vault.open(EVE, sealed) is None
    again = vault.seal(ANA, FIELDS)
    assert vault.open(ANA, again) == FIELDS


def dying(path: Path, statement: str) -> None:
    patched: Any = store_vault  # of this child only
    real = patched.sqlite3.connect

    class Dying(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            if sql.strip().startswith(statement):
                os._exit(9)
            return super().execute(sql, *values)

    patched.sqlite3.connect = partial(real, factory=Dying)
    vault = Vault(path, MASTER)
    vault.seal(ANA, FIELDS)
    vault.erase(EVE)
    os._exit(0)


def test_vault_of_a_farm_takes_the_credential_or_goes_without(tmp_path: Path) -> None:
    bare = Config(farm=Farm(id="farm-7", folder=str(tmp_path)))
    with pytest.raises(ConfigError, match="vault-master"):
        open_vault(bare).seal(ANA, FIELDS)
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "vault-master").touch()  # as the installer leaves it
    config = replace(bare, credentials=folder)
    with pytest.raises(ConfigError, match="key new vault-master"):
        open_vault(config).seal(ANA, FIELDS)
    (folder / "vault-master").write_text(MASTER + "\n")
    sealed = open_vault(config).seal(ANA, FIELDS)
    assert Vault(tmp_path / "vault.db", MASTER).open(ANA, sealed) == FIELDS
