import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from fognode.daemon.control import claim_folder, new_token, publish_token, publish_url, send_request
from fognode.errors import AwayError, ConfigError, RefusedError


class Desk(BaseHTTPRequestHandler):
    heard: list[tuple[str, dict[str, object]]]
    answer: tuple[int, bytes]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.heard.append((self.headers["Authorization"], body))
        self.send_response(self.answer[0])
        self.send_header("Content-Length", str(len(self.answer[1])))
        self.end_headers()
        self.wfile.write(self.answer[1])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[type[Desk]]:
    kind = type("OneDesk", (Desk,), {"heard": [], "answer": (200, b'{"seq": 7}')})
    server = HTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    publish_url(tmp_path, f"http://127.0.0.1:{server.server_port}/")
    yield kind
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_the_token_is_new_at_each_start_and_readable_by_the_owner_only(tmp_path: Path) -> None:
    first, second = new_token(), new_token()
    publish_token(tmp_path, first)
    publish_token(tmp_path, second)
    assert first != second
    assert len(second) >= 32
    path = tmp_path / "control.token"
    assert path.read_text() == second
    assert path.stat().st_mode & 0o777 == 0o600


def test_who_reads_the_address_while_it_is_written_finds_it_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str | None] = []
    path = tmp_path / "page.url"

    def opened(descriptor: int, mode: str) -> object:
        seen.append(path.read_text() if path.exists() else None)  # empty at this moment, before
        return real(descriptor, mode)

    real = os.fdopen
    monkeypatch.setattr("fognode.daemon.control.os.fdopen", opened)
    publish_url(tmp_path, "http://127.0.0.1:1/")
    publish_url(tmp_path, "http://127.0.0.1:2/")
    assert seen == [None, "http://127.0.0.1:1/"]
    assert path.read_text() == "http://127.0.0.1:2/"


def test_a_declaration_goes_out_with_token_and_id_and_comes_back_as_seq(
    tmp_path: Path, desk: type[Desk]
) -> None:
    token = new_token()
    publish_token(tmp_path, token)
    assert send_request(tmp_path, "person_set", {"alias": "ana-7"}, "id-1") == 7
    [(authorization, body)] = desk.heard
    assert authorization == f"Bearer {token}"
    assert body == {"id": "id-1", "kind": "person_set", "facts": {"alias": "ana-7"}}


def test_a_refusal_carries_the_daemons_words(tmp_path: Path, desk: type[Desk]) -> None:
    publish_token(tmp_path, new_token())
    desk.answer = (400, b"badge 'xyz' is not hex")
    with pytest.raises(RefusedError, match=r"400.*badge 'xyz' is not hex"):
        send_request(tmp_path, "person_set", {})


def test_without_a_daemon_the_cure_is_named(tmp_path: Path) -> None:
    with pytest.raises(AwayError, match="start fognode run first"):
        send_request(tmp_path, "person_set", {})


def test_a_folder_belongs_to_one_daemon_at_a_time(tmp_path: Path) -> None:
    lock = claim_folder(tmp_path / "node")
    with pytest.raises(ConfigError, match="another fognode runs"):
        claim_folder(tmp_path / "node")
    lock.close()
    claim_folder(tmp_path / "node").close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot use"):
        claim_folder(tmp_path / "file" / "node")
