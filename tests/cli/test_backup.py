"""fognode backup and restore, as a person meets them."""

import tarfile
from pathlib import Path

import pytest

from fognode.cli.main import run
from fognode.config import Config, load
from fognode.daemon.control import claim_folder
from tests.cli.test_store import keep


def settings(folder: Path) -> Path:
    folder.mkdir()
    path = folder / "fognode.toml"
    path.write_text(f'[farm]\nid = "farm-7"\nfolder = "{folder}/node"\n')
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = settings(tmp_path / "one")
    assert run(["migrate", "--config", str(made)]) == 0
    return made


@pytest.fixture
def config(path: Path) -> Config:
    return load(path, {})


def test_backup_is_restored_and_verified(
    path: Path, config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(config)
    assert run(["backup", "--config", str(path)]) == 0
    (made,) = (config.folder / "backups").glob("*.tar")
    said = capsys.readouterr().out
    assert "1 events, head " in said
    assert "vault.db" in said
    with tarfile.open(made) as archive:
        text = archive.extractfile("fognode.toml")
        assert text is not None
        assert text.read() == path.read_bytes()
    other = settings(tmp_path / "two")
    assert run(["restore", str(made), "--config", str(other)]) == 0
    assert "restored 1 events of " in (said := capsys.readouterr().out)
    assert "head as saved" in said
    assert run(["verify", "--all", "--config", str(other)]) == 0
    assert run(["restore", str(made), "--config", str(other)]) == 2
    assert "is not empty: rows in event" in capsys.readouterr().err


def test_restore_beside_a_running_appliance_is_refused(
    path: Path, config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["backup", "-o", str(tmp_path / "out"), "--config", str(path)]) == 0
    (made,) = (tmp_path / "out").iterdir()
    with claim_folder(config.folder):
        assert run(["restore", str(made), "--config", str(path)]) == 2
    assert "stop it first" in capsys.readouterr().err


def test_backup_before_migrate_names_the_cure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["backup", "--config", str(settings(tmp_path / "x"))]) == 2
    assert "run fognode migrate" in capsys.readouterr().err


def test_old_backups_are_deleted(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "fognode-20200101T000000Z.tar").touch()
    assert run(["backup", "-o", str(out), "--keep", "1", "--config", str(path)]) == 0
    assert len(list(out.iterdir())) == 1
    assert not (out / "fognode-20200101T000000Z.tar").exists()
