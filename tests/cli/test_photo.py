"""fognode photo, against a running appliance; erasing also without one."""

import http.client
import json
import re
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
from fognode.events import Stored
from fognode.store.engines import open_engine
from fognode.store.reader import Reader

ANA = "3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77"
PICTURE = b"\xff\xd8\xff\xe0 a rinsed can with a face on it" * 40_000  # 1.4 MB
START_S, STOP_S = 30, 10


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "vault-master").write_text("0f" * 32 + "\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    written = tmp_path / "fognode.toml"
    ports = f'[serial]\nports = ["{tmp_path}/port*"]\n[page]\nport = 0\n'
    written.write_text(f'[farm]\nid = "farm-7"\nfolder = "{tmp_path}/node"\n{ports}')
    assert run(["migrate", "--config", str(written)]) == 0
    (tmp_path / "can.jpg").write_bytes(PICTURE)
    return written


def photo(path: Path, *words: str) -> int:
    return run(["photo", *words, "--config", str(path)])


def add(path: Path, name: str = "can.jpg") -> int:
    about = ["--about", "GLY-0042", "--by", ANA, "--purpose", "rinse"]
    return photo(path, "add", str(path.parent / name), *about)


def told(path: Path, *kinds: str) -> list[Stored]:
    engine = open_engine(load(path), "reader")
    found = Reader(engine).events(kinds=kinds)
    engine.dispose()
    return found


@contextmanager
def appliance(path: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "fognode", "run", "--config", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
        try:
            until = time.monotonic() + START_S
            while ask(path, "GET", "/healthz")[0] != 200:
                assert time.monotonic() < until, "no page"
                time.sleep(0.05)
            yield
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(STOP_S)
        finally:
            daemon.kill()


def ask(path: Path, method: str, address: str, body: bytes = b"", **more: str) -> tuple[int, bytes]:
    place = path.parent / "node" / "page.url"
    if not place.exists():
        return 0, b""
    url = urllib.parse.urlsplit(place.read_text())
    line = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
    try:
        line.request(method, address, body or None, more)
        answer = line.getresponse()
        return answer.status, answer.read()
    except ConnectionError:
        return 0, b""
    finally:
        line.close()


@pytest.mark.whole
def test_a_photo_is_kept_looked_at_packed_and_erased_and_leaves_no_plain_byte(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with appliance(path):
        assert add(path) == 0
        kept = re.findall("[0-9a-f]{64}", capsys.readouterr().out)[0]
        assert add(path) == 0
        assert capsys.readouterr().out == f"kept already as photo {kept}\n"
        status, page = ask(path, "GET", f"/photos/{kept}")
        assert (status, b"a face" in page) == (200, False)
        assert told(path, "photo_viewed") == []
        assert ask(path, "POST", f"/photos/{kept}") == (200, PICTURE)
        assert [one.facts for one in told(path, "photo_viewed")] == [
            {"photo": kept, "who": "local"}
        ]
        away = ask(path, "POST", f"/photos/{kept}", b"", **{"X-Forwarded-For": "10.0.0.9"})
        assert away[0] == 403
        assert photo(path, "erase", kept, "--reason", "a face is on it") == 0
        assert ask(path, "POST", f"/photos/{kept}")[0] == 404
        assert b"a face is on it" in ask(path, "GET", f"/photos/{kept}")[1]
    kinds = [one.kind for one in told(path) if one.kind.startswith("photo_")]
    assert kinds == ["photo_kept", "photo_viewed", "photo_erased"]
    assert run(["verify", "--config", str(path)]) == 0
    for file in (path.parent / "node").rglob("*"):
        assert not file.is_file() or b"a face on it" not in file.read_bytes(), file


@pytest.mark.whole
def test_only_who_has_the_token_can_send_more_than_a_declaration(path: Path) -> None:
    asked = urllib.parse.urlencode({"id": ANA, "about": "p", "by": ANA, "purpose": "rinse"})
    with appliance(path):
        # 0: the server hung up while the rest was still being sent.
        assert ask(path, "POST", f"/api/v1/photos?{asked}", PICTURE)[0] in {413, 0}
        assert ask(path, "POST", f"/api/v1/photos?{asked}", PICTURE[:60_000])[0] == 401
        token = (path.parent / "node" / "control.token").read_text()
        bearer = {"Authorization": f"Bearer {token}"}
        large = PICTURE[:4] + bytes(8 * 1024 * 1024 - 4)
        assert ask(path, "POST", f"/api/v1/photos?{asked}", large + b"x", **bearer)[0] in {413, 0}
        status, words = ask(path, "POST", f"/api/v1/photos?{asked}", large, **bearer)
        assert status == 201
        assert json.loads(words)["seq"] > 0
    assert [one.number("bytes") for one in told(path, "photo_kept")] == [8 * 1024 * 1024]


@pytest.mark.whole
def test_without_the_appliance_a_photo_is_erased_all_the_same(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with appliance(path):
        assert add(path) == 0
    (kept,) = told(path, "photo_kept")
    capsys.readouterr()
    assert photo(path, "erase", kept.text("photo"), "--reason", "x") == 0
    assert capsys.readouterr().out.startswith("erased; kept as event ")
    assert list((path.parent / "node" / "photos").iterdir()) == []
    assert run(["verify", "--config", str(path)]) == 0


def test_what_is_no_picture_is_refused_before_it_is_sent(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (path.parent / "film.gif").write_bytes(b"GIF89a")
    (path.parent / "big.jpg").write_bytes(PICTURE * 8)
    for name, said in (("film.gif", "send a JPEG, PNG or WebP"), ("big.jpg", "send 1 to 8388608")):
        assert add(path, name) == 2
        assert said in capsys.readouterr().err
    assert add(path, "none.jpg") == 2
    assert add(path) == 2
    assert "start fognode run first" in capsys.readouterr().err
    assert photo(path, "erase", "00" * 32, "--reason", "x") == 2
    assert "the record has no photo" in capsys.readouterr().err
