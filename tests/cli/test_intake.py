"""fognode import, against an appliance's door."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from fognode.cli.main import run
from fognode.daemon.control import publish_token, publish_url

LINES = '[{"line": 2, "gtin": "7891234567895", "lot": "", "quantity": "10.5", "unit": "L"}]'
TAKEN = f'{{"invoices": [{{"invoice": "NF-1", "supplier": "AgroSul", "lines": {LINES}}}], %s}}'


class Door(BaseHTTPRequestHandler):
    status, answer = 201, ""
    asked: tuple[str, bytes] = ("", b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).asked = (self.path, body)
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.answer.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "node"
    folder.mkdir()
    server = HTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    publish_token(folder, "t")
    publish_url(folder, f"http://127.0.0.1:{server.server_port}/")
    path = tmp_path / "fognode.toml"
    path.write_text(f'[farm]\nid = "farm-7"\nfolder = "{folder}"\n')
    try:
        yield path
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def bring(config: Path) -> int:
    file = config.parent / "nf.csv"
    file.write_bytes(b"a;b")
    return run(["import", str(file), "--by", "ana", "--config", str(config)])


def test_what_was_read_is_printed_line_by_line(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Door.status, Door.answer = 201, TAKEN % '"is_new": 1'
    assert bring(config) == 0
    assert Door.asked == ("/api/v1/invoices?by=ana", b"a;b")
    said = capsys.readouterr().out
    assert said == "invoice NF-1 of AgroSul: 1 lines\n  2  7891234567895  10.5  L\n"


def test_a_file_that_is_known_says_so(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Door.status, Door.answer = 200, TAKEN % '"is_new": 0'
    assert bring(config) == 0
    assert "imported before; nothing changed" in capsys.readouterr().out


def test_a_refusal_names_every_line(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = "; ".join(f"line {n}: gtin is wrong, and so on and on" for n in range(2, 22))
    Door.status, Door.answer = 422, f'{{"error": "nothing was imported; {told}"}}'
    assert bring(config) == 2
    assert f"not taken (422): nothing was imported; {told}" in capsys.readouterr().err


def test_no_file_and_no_appliance_are_said(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (config.parent / "node" / "page.url").unlink()
    assert bring(config) == 2
    assert "start fognode run first" in capsys.readouterr().err
    missing = str(config.parent / "none.xml")
    assert run(["import", missing, "--by", "ana", "--config", str(config)]) == 2


@pytest.mark.parametrize(
    ("name", "content", "more", "asked"),
    [
        ("products.csv", b"gtin,name\n", [], "&list=products"),
        ("farm.csv", b"kind;gtin\n", [], ""),
        ("sheet1.csv", b"gtin,name\n", ["--list", "products"], "&list=products"),
    ],
)
def test_master_data_goes_to_the_register(
    config: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: bytes,
    more: list[str],
    asked: str,
) -> None:
    Door.status, Door.answer = 201, '{"taken": {"product_set": 2}, "is_new": 1, "seq": 7}'
    file = config.parent / name
    file.write_bytes(content)
    assert run(["import", str(file), "--by", "ana", *more, "--config", str(config)]) == 0
    assert Door.asked == (f"/api/v1/register?by=ana{asked}", content)
    assert capsys.readouterr().out == "product_set: 2\n"


def test_master_data_that_is_known_says_so(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Door.status, Door.answer = 200, '{"taken": {"product_set": 2}, "is_new": 0, "seq": 7}'
    file = config.parent / "people.csv"
    file.write_bytes(b"person,alias\n")
    assert run(["import", str(file), "--by", "ana", "--config", str(config)]) == 0
    assert "imported before; nothing changed" in capsys.readouterr().out
