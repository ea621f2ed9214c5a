"""Boards of the network and the whole node: enrolled, heard, refused, retired, while it runs.

The issue's third point; requirements A13, A28, A34.
"""

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fognode.config import load
from fognode.daemon.control import send_request
from fognode.store.prepare import prepare_database
from tests.boards.conftest import until
from tests.boards.netboard import MASTER, NetBoard
from tests.cli.test_board import PortBoard

TOML = """
[farm]
id = "farm-7"
folder = "{folder}/node"
[page]
port = 0
[serial]
ports = ["{port}"]
[ethernet]
host = "127.0.0.1"
port = {net}
[[cabinet]]
id = "cab-1"
board = "cab01"
[[board]]
id = "cab01"
link = "ethernet"
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Node:
    """A node that runs, with a board on one of its ports."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.on_port, self.net = folder, PortBoard(), free_port()
        self.config = folder / "fognode.toml"
        self.config.write_text(
            TOML.format(folder=folder, port=self.on_port.path, net=self.net), encoding="utf-8"
        )
        (folder / "board-master").write_text(MASTER.hex())
        self.environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(folder)}
        prepare_database(load(self.config))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fognode", "run", "--config", str(self.config)],
            env=self.environment,
            stderr=subprocess.DEVNULL,
        )

    def command(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "fognode", *words, "--config", str(self.config)],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def kinds(self) -> list[str]:
        return self._column("SELECT kind FROM event ORDER BY seq")

    def alerts(self) -> set[str]:
        return set(self._column("SELECT rule FROM alert WHERE state = 'firing'"))

    def _column(self, question: str) -> list[str]:
        with closing(sqlite3.connect(self.folder / "node" / "fognode.db")) as database:
            return [row[0] for row in database.execute(question)]

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        finally:
            self.process.kill()
            self.on_port.close()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    try:
        until((tmp_path / "node" / "page.url").exists, 20)
        yield made
    finally:
        made.close()


def dialled(node: Node, attempts: list[NetBoard]) -> NetBoard:
    """Connect as soon as the node listens."""

    def listens() -> bool:
        try:
            attempts.append(NetBoard(node.net))
        except OSError:
            return False
        return True

    until(listens, 20)
    return attempts[-1]


@pytest.fixture
def boards() -> Iterator[list[NetBoard]]:
    made: list[NetBoard] = []
    try:
        yield made
    finally:
        for one in made:
            one.close()


def is_refused(node: Node, boards: list[NetBoard]) -> bool:
    board = dialled(node, boards)
    board.greet()
    until(lambda: board.ended or board.nonce)
    return board.ended and not board.nonce


@pytest.mark.whole
def test_board_is_enrolled_heard_and_retired_while_the_node_runs(
    node: Node, boards: list[NetBoard]
) -> None:
    assert is_refused(node, boards)
    until(lambda: "board_refused" in node.kinds())
    # The port is one that the node reads: it is lent to the command.
    words = ("enroll", node.on_port.path, "cab01", "--address", "127.0.0.2/8", "--by", "p-1")
    assert "has its key and proved it" in node.command("board", *words)

    board = dialled(node, boards)
    board.key = node.on_port.key
    board.held = {1: f"E,cab01,17,1,{board.ms()},L1,open,859"}
    board.greet()
    until(lambda: board.held == {} and board.acks() != [], 20)
    assert node.kinds().count("light_open") == 1
    until(lambda: "openBox" in node.kinds())

    board.key = bytes(16)
    for _ in range(3):
        board.beat()
    until(lambda: board.ended)
    until(lambda: node.alerts() >= {"board_refused", "board_forged"})

    send_request(
        node.folder / "node",
        "board_retired",
        {"board": "cab01", "reason": "stolen", "by": "p-1"},
    )
    until(lambda: is_refused(node, boards), 20)
