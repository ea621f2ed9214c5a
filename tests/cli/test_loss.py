"""fognode restore, as a person meets it when the newest database is gone."""

import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from fognode.cli.main import run
from fognode.config import Config, load
from fognode.daemon.control import claim_folder
from fognode.daemon.succession import stopped
from fognode.daemon.witness import Witness
from fognode.errors import RestoredError
from fognode.events import Event
from fognode.hashing import Stamp, freeze
from fognode.store import worm_files
from fognode.store.checkpoint import Signer, new_key, parse_key
from fognode.store.keyring import log_in_force
from fognode.store.pack_check import check_pack
from fognode.store.spool import Spool

STAMP = Stamp(farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=9, clock_ok=True)
ACCEPTED = ("--by", "ana", "--reason", "no newer backup")


def told(first: int, last: int) -> list[bytes]:
    numbers = range(first, last + 1)
    events = [Event(kind="x", origin=f"b/cab01/1/{n}", happened_at_ms=n) for n in numbers]
    return [freeze(one, STAMP) for one in events]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "checkpoint-key").write_text(new_key())
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    return settings(tmp_path, "node")


def settings(folder: Path, name: str) -> Path:
    written = folder / f"{name}.toml"
    written.write_text(f'[farm]\nid = "farm-7"\nfolder = "{folder}/{name}"\n')
    return written


def keep(config: Config, bodies: Sequence[bytes]) -> None:
    """Keep and sign events, as the daemon does."""
    with stopped(config) as record:
        record._writer.keep(bodies)
        seed = config.secret("checkpoint-key")
        record.sign_all(Signer(log_in_force(record.reader, "farm-7"), seed))


def start(config: Config) -> None:
    """Begin as the daemon does.

    Raises:
        RestoredError: The database is not the one that was signed.
    """
    with stopped(config) as record:
        signer = Signer(log_in_force(record.reader, "farm-7"), config.secret("checkpoint-key"))
        Witness(record.folder, record.reader, signer, immutable=False)


@pytest.fixture
def behind(path: Path, tmp_path: Path) -> Path:
    """A box whose database is older than what was signed, with a spool; and a backup of then."""
    assert run(["migrate", "--config", str(path)]) == 0
    config = load(path)
    keep(config, told(1, 7))
    assert run(["backup", "-o", str(tmp_path / "old"), "--config", str(path)]) == 0
    keep(config, told(8, 20))
    assert run(["backup", "-o", str(tmp_path / "new"), "--config", str(path)]) == 0
    spool = Spool(config.folder / "spool", reserve_bytes=1)
    spool.append(told(15, 22))
    spool.close()
    (config.folder / "fognode.db").rename(tmp_path / "lost.db")
    assert run(["restore", str(backup(tmp_path / "old")), "--config", str(path)]) == 1
    with pytest.raises(RestoredError, match="restore --accept-loss"):
        start(config)
    return path


def backup(folder: Path) -> Path:
    (made,) = folder.glob("*.tar")
    return made


def test_it_says_what_is_lost_and_changes_nothing_until_somebody_answers_for_it(
    behind: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run(["restore", "--accept-loss", "--config", str(behind)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("log fognode.farm-7: 20 events were signed, as far as is known here")
    assert lines[2:] == [
        "the database: 7 events, as they were signed",
        "lost with the database: events 8 to 20",
        "8 events of the spool that the database lacks will be kept again",
        "gone: events 8 to 20, but for those of the spool",
        "also lost: what was kept after the last checkpoint, but for what is in the spool",
        "nothing is changed; to go on, add --by PERSON --reason TEXT",
    ]
    with pytest.raises(RestoredError):
        start(load(behind))


def test_accepted_loss_lets_the_appliance_start_and_everything_verify(
    behind: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["restore", "--accept-loss", *ACCEPTED, "--config", str(behind)]) == 0
    said = capsys.readouterr().out
    assert "kept as event 16: 8 events again, then record_restored" in said
    assert "16 events are signed" in said
    (aside,) = load(behind).folder.glob("worm.before-20-*")
    assert f"{aside} holds what was signed before" in said
    key = said.split("give others the new verifier key: ")[1].strip()
    start(load(behind))
    keep(load(behind), told(30, 33))
    capsys.readouterr()
    assert run(["verify", "--all", "--config", str(behind)]) == 0
    said = capsys.readouterr().out
    assert (
        "log fognode.farm-7 ended with event 16: events 8 to 20 were lost;"
        " accepted by ana: no newer backup"
    ) in said
    out = tmp_path / "pack.zip"
    assert run(["pack", "-o", str(out), "--wait", "0", "--config", str(behind)]) == 0
    report = check_pack(out.read_bytes(), key)
    assert report.problems == []
    assert len(report.keys) == 2
    words = ["--segments", str(aside), "--checkpoint", str(aside / "checkpoint/000000000020")]
    log, public = parse_key(worm_files.keys(aside)[0][1])
    assert log == "fognode.farm-7"
    assert public == parse_key(key)[1]
    assert run(["verify", *words, "--key", worm_files.keys(aside)[0][1]]) == 1
    assert "0 of its 20 events are here" in capsys.readouterr().out
    assert run(["restore", "--accept-loss", "--config", str(behind)]) == 1
    assert "lost: nothing of what was signed" in capsys.readouterr().out


def test_newer_backup_is_the_better_way_out(
    behind: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (load(behind).folder / "fognode.db").rename(tmp_path / "old.db")
    capsys.readouterr()
    assert run(["restore", str(backup(tmp_path / "new")), "--config", str(behind)]) == 0
    assert "head as saved" in capsys.readouterr().out
    start(load(behind))  # the log goes on: its own folder is still there
    assert worm_files.note_sizes(load(behind).folder / "worm") == [7, 20]


def test_backup_on_another_box_begins_a_log_of_its_own(
    behind: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = settings(tmp_path, "other")
    capsys.readouterr()
    assert run(["restore", str(backup(tmp_path / "old")), "--config", str(other)]) == 0
    said = capsys.readouterr().out
    assert "lost: nothing of what was signed" in said
    assert "log fognode.farm-7/" in said
    start(load(other))
    assert run(["verify", "--all", "--config", str(other)]) == 0
    with stopped(load(other)) as record:
        (event,) = record.reader.newest(1)
    assert event.text("reason") == f"restored from {backup(tmp_path / 'old').name}"
    assert (event.number("old_size"), event.number("kept_size")) == (7, 7)


def test_backup_on_another_box_without_the_key_signs_nothing_until_it_is_settled(
    behind: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "credentials" / "checkpoint-key"
    key = secret.read_text()
    secret.unlink()
    other = settings(tmp_path, "other")
    assert run(["restore", str(backup(tmp_path / "old")), "--config", str(other)]) == 0
    assert "nothing can be signed: put checkpoint-key back" in capsys.readouterr().out
    secret.write_text(key)
    with pytest.raises(RestoredError, match=r"is a copy out of fognode-.*\.tar"):
        start(load(other))
    assert run(["restore", "--accept-loss", *ACCEPTED, "--config", str(other)]) == 0
    start(load(other))


def test_lost_key_is_replaced_together_with_the_log(
    behind: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "credentials" / "checkpoint-key").unlink()
    other = settings(tmp_path, "other")
    assert run(["restore", str(backup(tmp_path / "old")), "--config", str(other)]) == 0
    assert run(["key", "new", "checkpoint-key", "--config", str(other)]) == 0
    assert run(["restore", "--accept-loss", *ACCEPTED, "--config", str(other)]) == 0
    start(load(other))
    capsys.readouterr()
    assert run(["verify", "--all", "--config", str(other)]) == 0
    assert "signatures not checked" not in capsys.readouterr().out


def test_damaged_database_is_no_older_copy(
    behind: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = sqlite3.connect(load(behind).folder / "fognode.db")
    connection.execute("DROP TRIGGER event_no_update")
    connection.execute("UPDATE event SET hash = zeroblob(32) WHERE seq = 3")
    connection.commit()
    connection.close()
    assert run(["restore", "--accept-loss", *ACCEPTED, "--config", str(behind)]) == 2
    assert "the database is damaged, not only older" in capsys.readouterr().err
    assert not list(load(behind).folder.glob("worm.before-*"))


def test_what_cannot_be_accepted_is_one_line(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["migrate", "--config", str(path)]) == 0
    assert run(["restore", "--accept-loss", *ACCEPTED, "--config", str(path)]) == 2
    assert "nothing was ever signed here" in capsys.readouterr().err
    assert run(["restore", "--config", str(path)]) == 2
    assert "name either a backup or --accept-loss" in capsys.readouterr().err
    with claim_folder(load(path).folder):
        assert run(["restore", "--accept-loss", *ACCEPTED, "--config", str(path)]) == 2
    assert "stop it first" in capsys.readouterr().err
    (tmp_path / "credentials" / "checkpoint-key").unlink()
    assert run(["restore", "--accept-loss", *ACCEPTED, "--config", str(path)]) == 2
    assert "checkpoint-key" in capsys.readouterr().err


def test_aside_folder_is_never_in_the_way_of_the_next_loss(behind: Path, tmp_path: Path) -> None:
    assert run(["restore", "--accept-loss", *ACCEPTED, "--config", str(behind)]) == 0
    config = load(behind)
    keep(config, told(30, 40))
    (config.folder / "fognode.db").unlink()
    shutil.copy(tmp_path / "lost.db", config.folder / "fognode.db")  # of the log before
    with pytest.raises(RestoredError):
        start(config)
    assert run(["restore", "--accept-loss", *ACCEPTED, "--config", str(behind)]) == 0
    assert len(list(config.folder.glob("worm.before-*"))) == 2
    start(config)
    assert run(["verify", "--all", "--config", str(behind)]) == 0
