"""fognode declare sends one declaration to the daemon that runs with this configuration."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fognode.cli.main import run
from fognode.daemon.control import TOKEN_FILE, new_token, publish_token, publish_url

RINSE = ["rinse_declared", "package=pkg-1", "rinses=3", "punctured=1", "by=ana"]


@dataclass
class Daemon:
    """A small HTTP server where the daemon would answer."""

    path: Path
    token: str
    status: int = 200
    answer: str = '{"seq": 42}'
    asked: list[tuple[str, str, Any]] = field(default_factory=list)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "fognode.toml"
    written.write_text(f'[farm]\nid = "farm-7"\nfolder = "{tmp_path}"\n')
    return written


@pytest.fixture
def daemon(path: Path) -> Iterator[Daemon]:
    made = Daemon(path=path, token=new_token())
    publish_token(path.parent, made.token)

    class Answers(BaseHTTPRequestHandler):
        timeout = 5

        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.asked.append((self.path, self.headers["Authorization"], told))
            self.send_response(made.status)
            self.end_headers()
            self.wfile.write(made.answer.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        publish_url(path.parent, f"http://127.0.0.1:{server.server_port}/")
        yield made
        server.shutdown()
        thread.join(5)


def declare(path: Path, *words: str) -> int:
    return run(["declare", "--config", str(path), *words])


def test_declaration_reaches_the_daemon_with_its_token_and_numbers_are_numbers(
    daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    assert declare(daemon.path, *RINSE) == 0
    assert capsys.readouterr().out == "kept as event 42\n"
    ((place, authorization, told),) = daemon.asked
    assert (place, authorization) == ("/api/v1/requests", f"Bearer {daemon.token}")
    assert told.pop("id")
    assert told == {
        "kind": "rinse_declared",
        "facts": {"package": "pkg-1", "rinses": 3, "punctured": 1, "by": "ana"},
    }


def test_value_may_hold_an_equals_sign(daemon: Daemon) -> None:
    assert declare(daemon.path, "person_set", "alias=a=b") == 0
    assert daemon.asked[0][2]["facts"] == {"alias": "a=b"}


def test_facts_of_a_correction_are_sent_as_one_object(daemon: Daemon) -> None:
    words = ["corrects=13c6", "reason=x", "facts.rinses=3", "facts.package=pkg-1"]
    assert declare(daemon.path, "correction_declared", *words) == 0
    sent = {"corrects": "13c6", "reason": "x", "facts": {"rinses": 3, "package": "pkg-1"}}
    assert daemon.asked[0][2]["facts"] == sent
    assert declare(daemon.path, "correction_declared", "corrects=13c6", "withdraw=1") == 0
    assert daemon.asked[1][2]["facts"] == {"corrects": "13c6", "withdraw": 1}


@pytest.mark.parametrize(
    ("fact", "why"),
    [
        ("package", "'package' is not written NAME=VALUE"),
        ("=pkg-1", "'=pkg-1' is not written NAME=VALUE"),
        ("rinses=three", "rinses='three' must be a whole number"),
        ("rinses=-1", "rinses='-1' must be a whole number"),
        ("rinses=", "rinses='' must be a whole number"),
    ],
)
def test_fact_that_is_not_name_value_is_refused_before_it_is_sent(
    daemon: Daemon, fact: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert declare(daemon.path, "rinse_declared", fact) == 2
    assert capsys.readouterr().err == f"fognode declare: {why}\n"
    assert daemon.asked == []


def test_unknown_kind_leaves_with_2(path: Path) -> None:
    with pytest.raises(SystemExit) as left:
        declare(path, "openBox", "cabinet=cab-1")  # readings tell that, not people
    assert left.value.code == 2


def test_refusal_of_the_daemon_is_told_in_its_words(
    daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.status, daemon.answer = 400, "rinses must be between 0 and 20"
    assert declare(daemon.path, *RINSE) == 2
    assert "not taken (400): rinses must be between 0 and 20" in capsys.readouterr().err


def test_without_a_daemon_the_cure_is_named(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert declare(path, *RINSE) == 2
    assert "start fognode run first" in capsys.readouterr().err


def test_token_of_the_daemon_is_for_its_account_only(daemon: Daemon) -> None:
    assert (daemon.path.parent / TOKEN_FILE).stat().st_mode & 0o777 == 0o600


def test_each_fact_is_sent_as_what_its_kind_wants(path: Path, daemon: Daemon) -> None:
    product = ["product_set", "gtin=7891234567895", "name=42", "packaging=rigid", "hazard_class=1"]
    assert run(["declare", "--config", str(path), *product]) == 0
    batch = ["batch_declared", "batch=b", "destination=d", "packages=p-1,p-2", "by=ana"]
    assert run(["declare", "--config", str(path), *batch]) == 0
    told = [asked[2]["facts"] for asked in daemon.asked]
    assert (told[0]["name"], told[0]["hazard_class"]) == ("42", 1)
    assert told[1]["packages"] == ["p-1", "p-2"]
