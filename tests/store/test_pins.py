"""PINs: only hashes, only in vault.db, and none by default (requirement A80)."""

import sqlite3
from pathlib import Path

import pytest

from fognode.errors import ConfigError, RefusedError
from fognode.store.pins import Pins, refuse_weak
from fognode.store.vault import Vault

ANA = "3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vault.db"


def test_nobody_has_a_pin_by_default_and_no_file_is_made_by_asking(path: Path) -> None:
    pins = Pins(path)
    assert pins.check(ANA, "204619") == ""
    assert pins.mark(ANA) == ""
    assert not pins.take(ANA)
    assert not path.exists()


def test_right_pin_has_its_mark_and_no_other_pin_or_person_has(path: Path) -> None:
    pins = Pins(path)
    pins.give(ANA, "204619")
    assert pins.check(ANA, "204619") == pins.mark(ANA) != ""
    assert pins.check(ANA, "204618") == ""
    assert pins.check(ANA, "") == ""
    assert pins.check("eve", "204619") == ""


def test_new_pin_ends_the_one_before_and_has_another_mark(path: Path) -> None:
    pins = Pins(path)
    pins.give(ANA, "204619")
    before = pins.mark(ANA)
    pins.give(ANA, "771204")
    assert pins.check(ANA, "204619") == ""
    assert pins.mark(ANA) not in {"", before}


def test_file_holds_an_argon2id_hash_of_19_mib_and_never_the_pin(path: Path) -> None:
    Pins(path).give(ANA, "204619")
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"204619" not in path.read_bytes()
    with sqlite3.connect(path) as file:
        ((person, hashed),) = file.execute("SELECT person, hash FROM pins").fetchall()
    file.close()
    assert person == ANA
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize(
    "pin", ["", "12345", "1234567", "12345a", "٢٠٤٦١٩", "123456", "654321", "890123", "111111"]
)
def test_easy_pin_is_refused_and_not_shown(path: Path, pin: str) -> None:
    with pytest.raises(RefusedError) as caught:
        Pins(path).give(ANA, pin)
    assert not pin or pin == "123456" or pin not in str(caught.value)
    assert not path.exists()


def test_pin_that_is_no_run_is_taken() -> None:
    for pin in ("123457", "112233", "102030", "890132"):
        refuse_weak(pin)


def test_pin_that_is_taken_away_is_gone(path: Path) -> None:
    pins = Pins(path)
    pins.give(ANA, "204619")
    assert pins.take(ANA)
    assert pins.check(ANA, "204619") == ""


def test_pin_goes_with_the_person_that_is_erased(path: Path) -> None:
    Pins(path).give(ANA, "204619")
    assert not Vault(path).erase(ANA)  # there was no key, only a PIN
    assert Pins(path).mark(ANA) == ""


def test_pins_and_keys_share_the_file(path: Path) -> None:
    vault = Vault(path, "0f" * 32)
    sealed = vault.seal(ANA, {"name": "Ana"})
    Pins(path).give(ANA, "204619")
    assert vault.open(ANA, sealed) == {"name": "Ana"}
    assert Pins(path).check(ANA, "204619")


def test_vault_of_before_the_pins_is_read_and_gets_them(path: Path) -> None:
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE keys (subject TEXT PRIMARY KEY, key_id BLOB, wrapped BLOB)")
    file.close()
    path.chmod(0o600)
    pins = Pins(path)
    assert pins.check(ANA, "204619") == ""
    pins.give(ANA, "204619")
    assert pins.check(ANA, "204619")


def test_file_that_others_may_read_is_refused(path: Path) -> None:
    Pins(path).give(ANA, "204619")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        Pins(path).check(ANA, "204619")
