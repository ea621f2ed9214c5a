"""The private MariaDB starts, dies, comes back, and leaves nothing behind."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from fognode.errors import AwayError
from fognode.trial import database as module
from fognode.trial.database import TrialDatabase, missing_server, start_mariadb, write_passwords

pytestmark = pytest.mark.mariadb
DEADLINE_S = 20.0


@pytest.fixture
def needs_server() -> None:
    if reason := missing_server():
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)


@pytest.fixture
def database(needs_server: None, tmp_path: Path) -> Iterator[TrialDatabase]:
    started = start_mariadb(tmp_path / "credentials")
    yield started
    started.close()


def servers_of(folder: Path) -> list[psutil.Process]:
    """Return the running servers whose socket lies in a folder."""
    found = []
    for one in psutil.process_iter(["cmdline", "status"]):
        told = " ".join(one.info["cmdline"] or [])
        if f"--socket={folder}/" in told and one.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(one)
    return found


def gone_within(folder: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while servers_of(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_server_is_private_and_leaves_nothing_behind(database: TrialDatabase) -> None:
    assert database.folder.stat().st_mode & 0o777 == 0o700
    assert len(str(database.socket)) < 100  # AF_UNIX allows 108 bytes
    (server,) = servers_of(database.folder)
    assert server.net_connections("inet") == []
    database.close()
    assert servers_of(database.folder) == []
    assert not database.folder.exists()


def test_trial_runs_with_the_shipped_settings() -> None:
    systemd = Path(__file__).parents[2] / "systemd"
    lines = (systemd / "mariadb.cnf").read_text(encoding="utf-8").splitlines()
    shipped = {line.replace(" = ", "=") for line in lines if line and line[0] not in "#["}
    flags = {
        "=".join((flag.split("=")[0].replace("-", "_"), *flag.split("=")[1:]))
        for flag in module.FLAGS
    }
    # What the shipped file says of durability is the server's default: a trial leaves it alone.
    assert shipped - flags == {"innodb_flush_log_at_trx_commit=1", "innodb_doublewrite=ON"}
    assert flags <= shipped
    drop_in = (systemd / "mariadb.conf").read_text(encoding="utf-8")
    assert [f"Environment={name}={value}" for name, value in module.ALLOCATOR.items()] == [
        line for line in drop_in.splitlines() if line.startswith("Environment=")
    ]


def test_killed_server_comes_back_on_the_same_files(database: TrialDatabase) -> None:
    (first,) = servers_of(database.folder)
    database.kill()
    assert servers_of(database.folder) == []
    database.start()
    (second,) = servers_of(database.folder)
    assert second.pid != first.pid
    database.restart()
    (third,) = servers_of(database.folder)
    assert third.pid != second.pid


def test_server_ends_when_its_parent_is_killed(needs_server: None, tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, time\n"
        "from fognode.trial.database import start_mariadb\n"
        "print(start_mariadb(pathlib.Path(sys.argv[1])).folder, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert parent.stdout is not None
        folder = Path(parent.stdout.readline().strip())
        assert len(servers_of(folder)) == 1
    finally:
        parent.kill()
        parent.wait(DEADLINE_S)
        if parent.stdout is not None:
            parent.stdout.close()
    assert gone_within(folder, DEADLINE_S)


def test_passwords_are_private_and_kept_once_written(tmp_path: Path) -> None:
    write_passwords(tmp_path / "c")
    first = {path.name: path.read_text() for path in (tmp_path / "c").iterdir()}
    assert set(first) == {"db-writer", "db-reader"}
    assert len(set(first.values())) == 2
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "c").iterdir()} == {0o600}
    write_passwords(tmp_path / "c")
    assert {path.name: path.read_text() for path in (tmp_path / "c").iterdir()} == first


def test_server_that_cannot_start_is_told_with_its_last_words(
    needs_server: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FLAGS", ("no-such-flag",))
    with pytest.raises(AwayError, match="no-such-flag"):
        start_mariadb(tmp_path)


def test_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "_program", lambda _: "")
    assert "mariadbd" in missing_server()
    with pytest.raises(AwayError, match="package mariadb-server"):
        start_mariadb(tmp_path)
