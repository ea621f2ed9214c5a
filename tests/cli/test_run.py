"""fognode run as systemd meets it: a process, its signals, its exit codes."""

import http.client
import os
import signal
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fognode.cli.main import run
from fognode.config import load
from fognode.store.engines import open_engine
from fognode.store.reader import Reader

START_S, STOP_S = 30, 5


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "fognode.toml"
    ports = f'[serial]\nports = ["{tmp_path}/port*"]\n[page]\nport = 0\n'
    written.write_text(f'[farm]\nid = "farm-7"\nfolder = "{tmp_path}/node"\n{ports}')
    return written


@contextmanager
def started(path: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {k: v for k, v in os.environ.items() if k != "NOTIFY_SOCKET"}
    command = [sys.executable, "-m", "fognode", "run", "--config", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as daemon:
        try:
            yield daemon
        finally:
            daemon.kill()


def health(path: Path) -> int:
    """Wait until /healthz answers; return its status."""
    told = path.parent / "node" / "page.url"
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if told.exists():
            url = urllib.parse.urlsplit(told.read_text())
            line = http.client.HTTPConnection(url.hostname or "", url.port, timeout=5)
            line.request("GET", "/healthz")
            status = line.getresponse().status
            line.close()
            return status
        time.sleep(0.05)
    raise AssertionError(f"no page after {START_S} s")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_within_5_s_with_0(path: Path, number: signal.Signals) -> None:
    assert run(["migrate", "--config", str(path)]) == 0
    with started(path) as daemon:
        assert health(path) == 200
        begun = time.monotonic()
        daemon.send_signal(number)
        assert daemon.wait(STOP_S) == 0
        assert time.monotonic() - begun < STOP_S
        assert daemon.stderr is not None
        assert "event=stopped" in daemon.stderr.read()


def test_every_start_is_kept_in_the_record(path: Path) -> None:
    run(["migrate", "--config", str(path)])
    for _ in range(2):
        with started(path) as daemon:
            health(path)
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(STOP_S)
        (path.parent / "node" / "page.url").unlink()
    engine = open_engine(load(path, {}), "reader")
    assert len(Reader(engine).events(kinds=["node_started"])) == 2
    engine.dispose()
    assert run(["verify", "--config", str(path)]) == 0


def test_database_that_was_not_migrated_ends_it_with_2_and_the_cure(path: Path) -> None:
    with started(path) as daemon:
        assert daemon.wait(START_S) == 2
        assert daemon.stderr is not None
        assert "run fognode migrate" in daemon.stderr.read().splitlines()[-1]


def test_a_second_run_in_the_folder_is_refused_and_the_first_stays_in_reach(path: Path) -> None:
    run(["migrate", "--config", str(path)])
    with started(path):
        assert health(path) == 200
        files = [path.parent / "node" / name for name in ("page.url", "control.token")]
        before = [file.read_text() for file in files]
        with started(path) as second:
            assert second.wait(START_S) == 2
            assert second.stderr is not None
            assert "another fognode runs in" in second.stderr.read()
        assert [file.read_text() for file in files] == before
        assert health(path) == 200


def test_port_that_is_taken_ends_it_with_2_and_names_the_section(path: Path) -> None:
    run(["migrate", "--config", str(path)])
    other = path.with_name("other.toml")
    with started(path):
        assert health(path) == 200
        port = urllib.parse.urlsplit((path.parent / "node" / "page.url").read_text()).port
        text = path.read_text().replace("port = 0", f"port = {port}")
        other.write_text(text.replace("/node", "/other"))
        run(["migrate", "--config", str(other)])
        with started(other) as second:
            assert second.wait(START_S) == 2
            assert second.stderr is not None
            assert f"[page] cannot listen on 127.0.0.1:{port}" in second.stderr.read()
