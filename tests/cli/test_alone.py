"""A declaration reaches the record with the appliance and without it, never behind its back."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fognode.cli.alone import declare_anyhow
from fognode.cli.main import run
from fognode.config import Config, load
from fognode.daemon.control import claim_folder, publish_token, publish_url
from fognode.errors import ConfigError, RefusedError
from fognode.events import Json, Stored
from fognode.store.engines import open_engine
from fognode.store.reader import Reader

ID = "3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77"
EXIT: dict[str, Json] = {"package": "GLY-0042", "destination": "centre", "by": "ana"}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    written = tmp_path / "fognode.toml"
    written.write_text(f'[farm]\nid = "farm-7"\nfolder = "{tmp_path}/node"\n')
    assert run(["migrate", "--config", str(written)]) == 0
    return load(written, {})


def told(config: Config) -> list[Stored]:
    engine = open_engine(config, "reader")
    found = Reader(engine).events()
    engine.dispose()
    return found


def test_without_an_appliance_it_is_kept_once_however_often_it_is_asked(config: Config) -> None:
    assert declare_anyhow(config, "exit_declared", EXIT, ID) == 1
    assert declare_anyhow(config, "exit_declared", EXIT, ID) == 1
    (kept,) = told(config)
    assert (kept.kind, kept.origin, kept.facts) == ("exit_declared", f"q/{ID}", EXIT)
    assert kept.recorded_at_ms >= kept.happened_at_ms > 1_700_000_000_000


def test_what_cannot_be_declared_is_refused_and_nothing_is_kept(config: Config) -> None:
    with pytest.raises(RefusedError, match="missing facts: by"):
        declare_anyhow(config, "exit_declared", {"package": "p", "destination": "d"}, ID)
    with pytest.raises(RefusedError, match="cannot be declared"):
        declare_anyhow(config, "openBox", {}, ID)
    assert told(config) == []


def test_an_appliance_that_runs_and_does_not_answer_is_not_gone_behind(config: Config) -> None:
    with claim_folder(config.folder), pytest.raises(ConfigError, match="another fognode runs"):
        declare_anyhow(config, "exit_declared", EXIT, ID)
    assert told(config) == []


@pytest.fixture
def refusing(config: Config) -> Iterator[None]:
    """An appliance that refuses everything."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(400)
            self.end_headers()
            self.wfile.write(b"no")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    publish_token(config.folder, "t")
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        publish_url(config.folder, f"http://127.0.0.1:{server.server_port}/")
        yield
        server.shutdown()
        thread.join(5)


@pytest.mark.usefixtures("refusing")
def test_a_refusal_of_the_appliance_is_final(config: Config) -> None:
    with pytest.raises(RefusedError, match="not taken"):
        declare_anyhow(config, "exit_declared", EXIT, ID)
    assert told(config) == []
