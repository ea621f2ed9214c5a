"""The node alone, as a process: every peer is away, and it still serves and ends in time."""

import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from eth_account import Account

from fognode.config import load
from fognode.daemon.control import send_register, send_request
from fognode.store.prepare import prepare_database
from tests.boards.conftest import FakeBoard, until
from tests.daemon.test_glance import CHAIN

TOML = """
[farm]
id = "farm-7"
folder = "{folder}/node"
[page]
port = 0
[serial]
ports = ["{folder}/ports/*"]
[mail]
host = "127.0.0.1"
port = 1
sender = "fog@farm.example"
[[manager]]
name = "J."
mail = "j@farm.example"
[[cabinet]]
id = "cab-1"
board = "cab01"
[[board]]
id = "cab01"
[[partner]]
id = "dealer-1"
url = "http://127.0.0.1:1/"
[[chain]]
"""


BOB = "1e2fb1c5-0c7b-4b57-8a0d-6c1d6a5f3b11"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    chain = "\n".join(f"{key} = {json.dumps(value)}" for key, value in CHAIN.items())
    config = tmp_path / "fognode.toml"
    config.write_text(TOML.format(folder=tmp_path) + chain)
    (tmp_path / "chain-password").write_text("none")
    (tmp_path / "vault-master").write_text("0f" * 32)
    sealed = Account.encrypt(Account.create().key, "none", kdf="pbkdf2", iterations=2)
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / CHAIN["keystore"]).write_text(json.dumps(sealed))
    prepare_database(load(config))
    process = subprocess.Popen(
        [sys.executable, "-m", "fognode", "run", "--config", str(config)],
        env={**os.environ, "CREDENTIALS_DIRECTORY": str(tmp_path)},
        stderr=subprocess.PIPE,
    )
    try:
        until = time.monotonic() + 20
        while not (tmp_path / "node" / "page.url").exists():
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
            assert time.monotonic() < until
            time.sleep(0.05)
        yield tmp_path / "node", process
    finally:
        process.kill()
        process.communicate()


def get(folder: Path, path: str) -> tuple[int, str]:
    url = urllib.parse.urlsplit((folder / "page.url").read_text())
    line = http.client.HTTPConnection(url.hostname or "", url.port, timeout=5)
    line.request("GET", path)
    answer = line.getresponse()
    told = answer.status, answer.read().decode()
    line.close()
    return told


def test_with_every_peer_away_it_serves_keeps_and_ends_in_time(
    node: tuple[Path, subprocess.Popen[bytes]],
) -> None:
    folder, process = node
    person = {"person": "7d0c4c1e-6f0a-4a53-9f55-0d3f8f2b7a10", "alias": "ana-7"}
    first = send_request(folder, "person_set", {**person, "badge": "B0A1C2D3"}, PERSON_ID)
    again = send_request(folder, "person_set", {**person, "badge": "B0A1C2D3"}, PERSON_ID)
    assert first == again > 0  # a double click is one event
    people = f"person,alias,name\n{BOB},bob-2,Roberto Lima\n".encode()
    told = send_register(folder, people, person["person"], "people")
    assert told["taken"] == {"person_set": 1}
    with closing(sqlite3.connect(folder / "fognode.db")) as database:
        (kept,) = database.execute(
            "SELECT body FROM event WHERE seq = ?", (told["seq"],)
        ).fetchone()
    assert b"sealed" in kept
    assert b"Roberto" not in kept  # also by this way no name is kept in the clear
    assert get(folder, "/")[0] == 200
    assert get(folder, "/healthz")[0] == 200
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert time.monotonic() - begun < 5


def hours_told(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "fognode.db")) as database:
        rows = database.execute("SELECT body FROM event WHERE kind = 'hour_began'").fetchall()
    return [json.loads(body)["facts"]["hour"] for (body,) in rows]


def told_by_boards(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "fognode.db")) as database:
        asked = "SELECT body FROM event WHERE kind IN ('light_open', 'board_contradicts')"
        told = [json.loads(body) for (body,) in database.execute(asked).fetchall()]
    return sorted(one["facts"].get("what", one["origin"]) for one in told)


def two_starts(ports: Path) -> dict[int, str]:
    """Let a board live through two starts; return the events of the first, as it told them."""
    said: list[str] = []
    board = FakeBoard(ports / "ttyA")

    def listen(line: bytes) -> bytes:
        said.append(line.decode())
        return line

    board.spoil = listen
    for value in (859, 860, 861):
        board.happen(f"L1,open,{value}")
    until(lambda: board.held == {})
    bodies = [line[1:].split("*")[0] for line in said if line.startswith("$E")]
    board.restart(18)
    board.happen("L1,open,862")
    until(lambda: board.held == {})
    board.unplug()
    return {int(body.split(",")[3]): body for body in bodies}


def play(ports: Path, recorded: dict[int, str], folder: Path) -> list[bytes]:
    """Play the events of start 17 at another port; return what was acknowledged."""
    player = FakeBoard(ports / "ttyB", boot=17)
    player.held = recorded
    try:
        until(lambda: "replayed" in told_by_boards(folder), 20)
        return player.acks()
    finally:
        player.unplug()


def test_over_a_restart_the_hour_is_told_once_and_a_recording_is_known(
    node: tuple[Path, subprocess.Popen[bytes]],
) -> None:
    folder, process = node
    ports = folder.parent / "ports"
    ports.mkdir()
    recorded = two_starts(ports)
    kept = ["b/cab01/17/1", "b/cab01/17/2", "b/cab01/17/3", "b/cab01/18/1"]
    until(lambda: hours_told(folder) != [] and told_by_boards(folder) == kept)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    (folder / "page.url").unlink()
    again = subprocess.Popen(
        [sys.executable, "-m", "fognode", "run", "--config", str(folder.parent / "fognode.toml")],
        env={**os.environ, "CREDENTIALS_DIRECTORY": str(folder.parent)},
    )
    try:
        until(lambda: starts(folder) == 2, 20)
        assert play(ports, recorded, folder) == []
        assert told_by_boards(folder) == [*kept, "boot_went_back", "replayed"]
        again.send_signal(signal.SIGTERM)
        assert again.wait(10) == 0
    finally:
        again.kill()
        again.wait()
    told = hours_told(folder)
    assert len(told) == len(set(told)) <= 2  # two, if an hour began between


def starts(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "fognode.db")) as database:
        asked = "SELECT count(*) FROM event WHERE kind = 'node_started'"
        return int(database.execute(asked).fetchone()[0])


def kept_samples(folder: Path) -> list[tuple[str, int, str]]:
    with closing(sqlite3.connect(folder / "fognode.db")) as database:
        return database.execute("SELECT board, boot, readings FROM sample").fetchall()


def test_readings_of_a_board_reach_the_database_beside_its_events(
    node: tuple[Path, subprocess.Popen[bytes]],
) -> None:
    folder, process = node
    (folder.parent / "ports").mkdir()
    board = FakeBoard(folder.parent / "ports" / "ttyA")
    try:
        board.happen("L1,open,859")
        until(lambda: board.acks() != [])
        board.say("S", 0, "L1=859,D1=-1,Z9=3")  # Z9 was not declared
        until(lambda: kept_samples(folder) == [("cab01", 17, "L1=859,D1=-1")])
        board.say("S", 0, "L1=860")
        until(lambda: "860" in get(folder, "/api/v1/sensors")[1])  # heard, perhaps not yet kept
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert len(kept_samples(folder)) == 2
    finally:
        board.unplug()


PERSON_ID = "0b7c8c7e-3f5c-4a7e-9a55-1d3f8f2b7a11"
