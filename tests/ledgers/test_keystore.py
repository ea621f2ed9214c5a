import json
from dataclasses import replace
from pathlib import Path

import pytest

from fognode.config import Chain
from fognode.errors import ConfigError
from fognode.ledgers.keystore import (
    WELL_KNOWN,
    address_of,
    new_keystore,
    open_keystore,
    refuse_well_known,
)

CHAIN = Chain(
    name="private",
    url="http://127.0.0.1:1",
    chain_id=7001,
    contract="0x" + "12" * 20,
    code_hash="0" * 64,
    farm="0x" + "1" * 40,
    centre="0x" + "2" * 40,
    keystore="keys/device.json",
)
ANVIL = "test test test test test test test test test test test junk"


def test_well_known_keys_are_those_of_anvils_mnemonic() -> None:
    from eth_account import Account  # noqa: PLC0415

    Account.enable_unaudited_hdwallet_features()
    found = {
        Account.from_mnemonic(ANVIL, account_path=f"m/44'/60'/0'/0/{n}").address.lower()
        for n in range(10)
    }
    assert found == WELL_KNOWN


def test_well_known_key_serves_a_trial_only() -> None:
    address = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    with pytest.raises(ConfigError, match="everybody has the key"):
        refuse_well_known(address, CHAIN)
    refuse_well_known(address, replace(CHAIN, trial=True))
    refuse_well_known("0x" + "12" * 20, CHAIN)


def test_keystore_opens_with_its_password_only(tmp_path: Path) -> None:
    from eth_account import Account  # noqa: PLC0415

    key = Account.create()
    path = tmp_path / "device.json"
    path.write_text(json.dumps(Account.encrypt(key.key, "s3cret", kdf="pbkdf2", iterations=1000)))
    assert open_keystore(path, "s3cret").address == key.address
    with pytest.raises(ConfigError, match="chain-password"):
        open_keystore(path, "wrong")
    path.write_text("{}")
    with pytest.raises(ConfigError, match="does not open"):
        open_keystore(path, "s3cret")
    with pytest.raises(ConfigError, match="cannot be read"):
        open_keystore(tmp_path / "none.json", "s3cret")


def test_address_is_read_without_the_password(tmp_path: Path) -> None:
    text, address = new_keystore("s3cret")
    path = tmp_path / "device.json"
    path.write_text(text)
    assert address_of(path) == address.lower()
    path.write_text("no keystore")
    assert address_of(path) == ""
    assert address_of(tmp_path / "none.json") == ""
