"""The page over a real socket."""

import http.client
import json
import logging
import threading
from collections.abc import Iterator

import pytest

from fognode.page.server import Served, serve
from tests.page.conftest import TOKEN, Farm


@pytest.fixture
def served(full: Farm) -> Iterator[Served]:
    server = serve(full.app(), "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(5)
        assert not thread.is_alive()


def test_page_and_request_go_over_http(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    line = http.client.HTTPConnection("127.0.0.1", served.port, timeout=5)
    try:
        line.request("GET", "/")
        answer = line.getresponse()
        assert answer.status == 200
        assert "All is well" in answer.read().decode()
        assert answer.headers["Server"] is None
        facts = {"package": "GLY-0042", "destination": "centre", "by": "p"}
        asked = {
            "id": "3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77",
            "kind": "exit_declared",
            "facts": facts,
        }
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        line.request("POST", "/api/v1/requests", json.dumps(asked), headers)
        assert json.loads(line.getresponse().read()) == {"seq": 9}
        line.request("GET", "/api/v1/events?after=8")
        told = json.loads(line.getresponse().read())
        assert told["events"][0]["facts"] == facts
    finally:
        line.close()
    assert caplog.records == []


def test_server_stops_while_a_browser_keeps_its_line_open(full: Farm) -> None:
    server = serve(full.app(), "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    try:
        line.request("GET", "/healthz")
        assert line.getresponse().read()
        server.close()
        thread.join(3)
        assert not thread.is_alive()
        with pytest.raises(ConnectionRefusedError):
            http.client.HTTPConnection("127.0.0.1", server.port, timeout=5).request("GET", "/")
    finally:
        server.close()
        thread.join(5)
        line.close()
