"""fognode doctor says ok only of what is well, and of the rest why and what to do."""

import os
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fognode.cli import doctor
from fognode.cli.main import run
from fognode.config import Chain, Config, Ethernet, Mail, Partner, load
from fognode.errors import StoreError
from fognode.store.immutable import Held
from fognode.trial.chains import TrialChain, TrialChains, start_chains
from fognode.trial.mail import TrialMail, start_mail


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    node, credentials = tmp_path / "node", tmp_path / "credentials"
    for folder in (node, credentials):
        folder.mkdir(mode=0o700)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    written = tmp_path / "fognode.toml"
    ports = f'[serial]\nports = ["{tmp_path}/port*"]\n'
    written.write_text(f'[farm]\nid = "farm-7"\nfolder = "{node}"\n{ports}')
    return written


@pytest.fixture
def config(path: Path) -> Config:
    return load(path)


def secret(config: Config, name: str, text: str, mode: int = 0o600) -> None:
    assert config.credentials is not None
    file = config.credentials / name
    file.write_text(text)
    file.chmod(mode)


def test_farm_that_is_well_has_ok_on_every_line(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["migrate", "--config", str(path)])
    capsys.readouterr()
    assert run(["doctor", "--config", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all(line.startswith("ok   ") for line in lines)
    assert f"ok   configuration: {path}, farm farm-7" in lines
    assert any(line.startswith("ok   store: limit: SQLite has no accounts") for line in lines)


def test_one_bad_line_is_enough_for_1(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--config", str(path)]) == 1
    bad = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("ok   ")]
    (line,) = bad
    assert line.startswith("bad  store: there is no database ")
    assert line.endswith("run fognode migrate")


def test_wrong_configuration_is_the_only_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "fognode.toml"
    wrong.write_text('[farm]\nid = "farm-7"\ncolour = "green"\n')
    assert run(["doctor", "--config", str(wrong)]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("bad  configuration: [farm] has unknown keys ['colour']")


def test_only_secrets_that_are_called_for_are_looked_at(config: Config) -> None:
    assert list(doctor.check_credentials(config)) == []
    mariadb = replace(config, store=replace(config.store, backend="mariadb"))
    assert [well for well, _ in doctor.check_credentials(mariadb)] == [False, False]
    for name in ("db-writer", "db-reader"):
        secret(config, name, "x")
    assert list(doctor.check_credentials(mariadb)) == [
        (True, "credential db-writer"),
        (True, "credential db-reader"),
    ]


@pytest.mark.parametrize(
    ("text", "mode", "why"),
    [("", 0o600, "is empty"), ("x", 0o640, "others can read it"), ("x", 0o604, "others can read")],
)
def test_secret_that_is_empty_or_open_to_others_is_bad(
    config: Config, text: str, mode: int, why: str
) -> None:
    with_login = replace(config, mail=Mail(host="h", sender="a@b.c", user="u"))
    secret(config, "smtp-password", text, mode)
    ((well, words),) = doctor.check_credentials(with_login)
    assert not well
    assert f"credential smtp-password: {why}" in words


def test_folder_must_be_there_and_private(config: Config) -> None:
    assert list(doctor.check_folder(config)) == [(True, f"folder {config.folder}")]
    config.folder.chmod(0o755)
    ((well, words),) = doctor.check_folder(config)
    assert (well, "everybody can read it" in words) == (False, True)
    config.folder.rmdir()
    ((well, words),) = doctor.check_folder(config)
    assert (well, "is not there" in words) == (False, True)
    assert list(doctor.check_disk(config)) == []


def test_write_once_file_that_stays_without_the_attribute_is_bad(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(doctor.check_write_once(config)) == []
    (config.folder / "worm").mkdir()
    young_ms, old_ms = (time.time_ns() // 1_000_000 - minutes * 60_000 for minutes in (14, 16))
    for held, is_well in (
        (Held(kept=3, immutable=3), True),
        (Held(kept=3, immutable=2, oldest_at_ms=young_ms), True),
        (Held(kept=3, immutable=2, oldest_at_ms=old_ms), False),
        (Held(kept=3, immutable=0, oldest_at_ms=old_ms, is_possible=False), True),
    ):
        monkeypatch.setattr(doctor, "look_at_files", lambda _folder, held=held: held)
        ((well, words),) = doctor.check_write_once(config)
        assert (well, words.startswith(f"write-once files: {held}")) == (is_well, True)
        assert ("fognode-immutable.timer" in words) != is_well


def test_write_once_files_that_cannot_be_looked_at_are_bad(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path) -> Held:
        raise StoreError(f"Permission denied: {folder}")

    (config.folder / "worm").mkdir()
    monkeypatch.setattr(doctor, "look_at_files", refuse)
    ((well, words),) = doctor.check_write_once(config)
    assert (well, "run as the appliance's user or as root" in words) == (False, True)


def test_full_disk_and_unset_clock_are_bad(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [well for well, _ in doctor.check_disk(config)] == [True]
    assert [well for well, _ in doctor.check_clock(config)] == [True]
    monkeypatch.setattr(doctor, "LEAST_FREE_MB", 10**12)
    monkeypatch.setattr(doctor, "CLOCK_SET_MS", 10**15)  # as if it were 1970
    assert [well for well, _ in doctor.check_disk(config)] == [False]
    assert [well for well, _ in doctor.check_clock(config)] == [False]


def test_board_without_a_port_is_bad_and_a_port_of_ours_is_well(path: Path, tmp_path: Path) -> None:
    path.write_text(path.read_text() + '[[board]]\nid = "cab01"\n')
    config = load(path)
    ((well, words),) = doctor.check_ports(config)
    assert (well, f"none matches {tmp_path}/port*" in words) == (False, True)
    (tmp_path / "port0").touch()
    assert list(doctor.check_ports(config)) == [(True, f"port {tmp_path}/port0")]


def test_port_of_somebody_else_is_bad(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "port0").touch()
    monkeypatch.setattr(os, "access", lambda *_: False)  # tests may run as root, who may all
    ((well, words),) = doctor.check_ports(config)
    assert (well, "join the group dialout" in words) == (False, True)


def test_address_of_the_boards_network_must_be_one_of_this_machine(config: Config) -> None:
    assert list(doctor.check_network(config)) == []
    here = replace(config, ethernet=Ethernet(host="127.0.0.1"))
    assert list(doctor.check_network(here)) == [(True, "boards' network 127.0.0.1, port 4711")]
    ((is_well, words),) = doctor.check_network(
        replace(config, ethernet=Ethernet(host="192.0.2.1"))  # RFC 5737: nobody's
    )
    assert not is_well
    assert words.endswith("see [ethernet] host")


def test_peer_that_listens_is_well_and_a_closed_port_is_bad(config: Config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        peer = Partner(id="dealer-1", url=f"http://127.0.0.1:{port}/agro")
        asked = replace(config, partners=(peer,))
        said = (True, f"partner dealer-1: 127.0.0.1:{port} listens")
        assert list(doctor.check_peers(asked)) == [said]
    ((well, words),) = doctor.check_peers(asked)
    assert not well
    assert f"partner dealer-1: 127.0.0.1:{port} cannot be reached" in words


# --- mail ------------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TrialMail]:
    started = start_mail(tmp_path / "mail")
    yield started
    started.close()


def with_mail(config: Config, server: TrialMail) -> Config:
    secret(config, "smtp-password", server.password)
    return replace(
        config,
        mail=Mail(
            host=server.host,
            port=server.port,
            sender="fognode@farm.example",
            user=server.user,
            ca_file=str(server.ca_file),
        ),
    )


def test_mail_server_is_well_and_gets_no_mail(config: Config, server: TrialMail) -> None:
    ((well, words),) = doctor.check_mail(with_mail(config, server))
    assert (well, words.endswith("starttls, certificate verified")) == (True, True)
    assert server.mails() == []


def test_unknown_certificate_and_wrong_password_are_bad(config: Config, server: TrialMail) -> None:
    asked = with_mail(config, server)
    assert asked.mail is not None
    ((well, words),) = doctor.check_mail(replace(asked, mail=replace(asked.mail, ca_file="")))
    assert (well, "certificate verify failed" in words) == (False, True)
    secret(config, "smtp-password", "wrong")
    ((well, words),) = doctor.check_mail(asked)
    assert (well, "535" in words) == (False, True)


def test_mail_server_that_is_away_is_bad(config: Config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    away = Mail(host="127.0.0.1", port=port, sender="fognode@farm.example")
    ((well, words),) = doctor.check_mail(replace(config, mail=away))
    assert (well, f"mail 127.0.0.1:{port}: " in words) == (False, True)


# --- chains ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialChains]:
    with start_chains(tmp_path_factory.mktemp("chains"), in_memory=True) as started:
        yield started


def settings(chains: TrialChains, chain: TrialChain) -> Chain:
    return Chain(
        name=chain.name,
        url=chain.url,
        chain_id=chain.chain_id,
        contract=chain.contract,
        code_hash=chain.code_hash,
        trial=True,
        farm=chains.farm_address,
        centre=chains.centre.address,
        keystore=str(chains.farm_keystore),
    )


def say(config: Config, chain: Chain) -> tuple[bool, str]:
    (line,) = doctor.check_chains(replace(config, chains=(chain,)))
    return line


@pytest.mark.chain
def test_chain_is_well_only_with_our_id_our_code_and_an_open_key(
    config: Config, chains: TrialChains
) -> None:
    ours = settings(chains, chains.private)
    secret(config, "chain-password", chains.farm_password)
    well, words = say(config, ours)
    assert (well, f"account {chains.device.address}" in words) == (True, True)
    assert say(config, replace(ours, chain_id=1)) == (
        False,
        "private chain: its id is 7001; 1 is configured",
    )
    well, words = say(config, replace(ours, code_hash="00" * 32))
    assert (well, chains.private.code_hash in words) == (False, True)
    well, words = say(config, replace(ours, keystore="nowhere.json"))
    assert (well, "nowhere.json cannot be read" in words) == (False, True)
    secret(config, "chain-password", "wrong")
    assert not say(config, ours)[0]


@pytest.mark.chain
def test_chain_that_is_away_or_where_we_have_no_money_is_bad(
    config: Config, chains: TrialChains, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = settings(chains, chains.public)
    secret(config, "chain-password", chains.farm_password)
    monkeypatch.setattr(doctor, "GAS_RESERVE", 10**15)  # dearer than 100 ether
    well, words = say(config, ours)
    assert (well, "cannot pay for a step" in words) == (False, True)
    chains.public.node.stop()
    try:
        assert not say(config, ours)[0]
    finally:
        chains.public.node.start()
