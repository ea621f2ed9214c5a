"""fognode key makes each key once, keeps it from others, and shows what others may know."""

import json
import multiprocessing
import os
import re
from pathlib import Path

import pytest

from fognode.cli.main import run
from fognode.config import load
from fognode.daemon.control import claim_folder
from fognode.daemon.succession import stopped
from fognode.events import Event
from fognode.ledgers.keystore import open_keystore
from fognode.store.checkpoint import Checkpoint, Signer, open_note, parse_key
from fognode.store.vault import Vault

CHAIN = """
[[chain]]
name = "private"
url = "http://127.0.0.1:1"
chain_id = 7001
contract = "0x1212121212121212121212121212121212121212"
code_hash = "0000000000000000000000000000000000000000000000000000000000000000"
farm = "0x1111111111111111111111111111111111111111"
centre = "0x2222222222222222222222222222222222222222"
keystore = "keys/private.json"
"""


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    made = tmp_path / "credentials"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def path(tmp_path: Path, credentials: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    (tmp_path / "node").mkdir()
    written = tmp_path / "fognode.toml"
    written.write_text(f'[farm]\nid = "farm-7"\nfolder = "{tmp_path}/node"\n{CHAIN}')
    return written


def key(path: Path, *words: str) -> int:
    return run(["key", *words, "--config", str(path)])


def test_checkpoint_key_is_made_and_its_verifier_key_checks_what_it_signs(
    path: Path, credentials: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert key(path, "new", "checkpoint-key") == 0
    shown = capsys.readouterr().out.strip()
    assert parse_key(shown)[0] == "fognode.farm-7"
    secret = credentials / "checkpoint-key"
    assert secret.stat().st_mode & 0o777 == 0o600
    signer = Signer("fognode.farm-7", secret.read_text())
    told = Checkpoint(log="fognode.farm-7", size=2, root=bytes(32))
    assert open_note(signer.sign(told), shown) == told
    assert secret.read_text().strip() not in shown


def test_vault_master_opens_what_it_sealed(
    path: Path, credentials: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert key(path, "new", "vault-master") == 0
    secret = (credentials / "vault-master").read_text().strip()
    assert secret not in capsys.readouterr().out
    vault = Vault(path.parent / "vault.db", secret)
    assert vault.open("p1", vault.seal("p1", {"name": "Ana"})) == {"name": "Ana"}


@pytest.mark.parametrize("name", ["checkpoint-key", "vault-master", "private"])
def test_key_that_is_there_is_never_replaced(
    path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert key(path, "new", name) == 0
    before = files(path.parent)
    capsys.readouterr()
    assert key(path, "new", name) == 2
    assert "is there already; a key is never replaced" in capsys.readouterr().err
    assert files(path.parent) == before


def files(folder: Path) -> dict[str, str]:
    return {str(file): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_empty_file_of_the_installer_is_filled(path: Path, credentials: Path) -> None:
    (credentials / "vault-master").touch()
    assert key(path, "new", "vault-master") == 0
    assert re.fullmatch(r"[0-9a-f]{64}\n", (credentials / "vault-master").read_text())
    assert (credentials / "vault-master").stat().st_mode & 0o777 == 0o600


def test_two_commands_at_once_make_one_key(path: Path, credentials: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    words = ["key", "new", "checkpoint-key", "--config", str(path)]
    with spawn.Pool(4) as pool:
        ended = pool.map(run, [words] * 4)
    assert sorted(ended) == [0, 2, 2, 2]
    assert [file.name for file in credentials.iterdir()] == ["checkpoint-key"]


def test_key_of_a_chain_opens_with_the_password_it_drew(
    path: Path, credentials: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert key(path, "new", "private") == 0
    address = capsys.readouterr().out.split()[1]
    keystore = path.parent / "node" / "keys" / "private.json"
    assert keystore.stat().st_mode & 0o777 == 0o600
    assert json.loads(keystore.read_text())["crypto"]["kdf"] == "pbkdf2"
    password = (credentials / "chain-password").read_text().strip()
    assert open_keystore(keystore, password).address == address


def test_password_that_is_there_is_used(path: Path, credentials: Path) -> None:
    (credentials / "chain-password").write_text("s3cret\n")
    assert key(path, "new", "private") == 0
    assert (credentials / "chain-password").read_text() == "s3cret\n"
    open_keystore(path.parent / "node" / "keys" / "private.json", "s3cret")


def test_chain_that_is_not_configured_has_no_key(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert key(path, "new", "public") == 2
    assert "no [[chain]] with name = 'public'" in capsys.readouterr().err


def test_show_prints_what_is_there_and_how_to_make_the_rest(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert key(path, "show") == 0
    assert capsys.readouterr().out.splitlines() == [
        "checkpoint-key: none; fognode key new checkpoint-key",
        "vault-master: none; fognode key new vault-master",
        "private: none; fognode key new private",
    ]
    for name in ("checkpoint-key", "vault-master", "private"):
        key(path, "new", name)
    made = capsys.readouterr().out
    assert key(path, "show") == 0
    first, second, third = capsys.readouterr().out.splitlines()
    assert first in made
    assert second == "vault-master: there"
    assert third.lower().split(": ")[1] in made.lower()


def test_folder_may_be_named(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert key(path, "new", "vault-master", "--credentials", str(other)) == 0
    assert (other / "vault-master").is_file()


def test_what_cannot_be_written_or_read_is_one_line(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert key(path, "new", "vault-master", "--credentials", str(tmp_path / "none")) == 2
    assert "cannot be written" in capsys.readouterr().err
    (tmp_path / "checkpoint-key").write_bytes(b"\xff\xfe")
    assert key(path, "show", "--credentials", str(tmp_path)) == 2
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_keystore_that_root_makes_is_the_appliances(path: Path) -> None:
    os.chown(path.parent / "node", 12345, 12345)
    assert key(path, "new", "private") == 0
    keys = path.parent / "node" / "keys"
    for made in (keys, keys / "private.json"):
        assert (made.stat().st_uid, made.stat().st_gid) == (12345, 12345)


# --- rotation --------------------------------------------------------------------------------


@pytest.fixture
def signed(path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Three signed events."""
    assert run(["migrate", "--config", str(path)]) == 0
    assert key(path, "new", "checkpoint-key") == 0
    config = load(path)
    told = [Event(kind="x", origin=f"n/x/{n}", happened_at_ms=n) for n in range(1, 4)]
    with stopped(config) as record:
        for one in told:
            record.keep(one)
        record.sign_all(Signer("fognode.farm-7", config.secret("checkpoint-key")))
    capsys.readouterr()
    return path


def test_rotation_replaces_the_secret_and_the_record_says_so(
    signed: Path, credentials: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = credentials / "checkpoint-key"
    old = secret.read_text()
    words = ["--by", "ana", "--reason", "yearly"]
    assert key(signed, "rotate", *words) == 0
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == f"event 4 puts the new key in force; {secret} is replaced"
    before = Signer("fognode.farm-7", old).verifier_key
    assert second == f"retired: {before}"
    assert third == Signer("fognode.farm-7", secret.read_text()).verifier_key
    assert secret.read_text() != old
    assert secret.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in credentials.iterdir()] == ["checkpoint-key"]
    assert run(["verify", "--all", "--config", str(signed)]) == 0
    assert run(["verify", "--all", "--key", before, "--config", str(signed)]) == 0
    capsys.readouterr()
    assert key(signed, "show") == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[:2] == [third, f"checkpoint-key before event 4: {before}"]


def test_rotation_is_refused_beside_a_running_appliance_and_then_gone_on_with(
    signed: Path, credentials: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with claim_folder(load(signed).folder):
        assert key(signed, "rotate") == 2
    assert "stop it first" in capsys.readouterr().err
    waiting = (credentials / "checkpoint-key.new").read_text()
    assert key(signed, "rotate") == 0
    assert (credentials / "checkpoint-key").read_text() == waiting


def test_rotation_without_a_key_names_the_cure(
    signed: Path, credentials: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = (credentials / "checkpoint-key").read_text()
    (credentials / "checkpoint-key").unlink()
    assert key(signed, "rotate") == 2
    assert "holds no key: fognode key new checkpoint-key" in capsys.readouterr().err
    assert key(signed, "rotate", "--lost") == 0
    assert (credentials / "checkpoint-key").read_text() != old
    assert run(["verify", "--all", "--config", str(signed)]) == 0
