"""fognode board: enrolled over a cable with the record as witness, listed, retired for good."""

import os
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from fognode.boards.wire import Splitter
from fognode.cli.main import run
from fognode.hashing import board_key
from tests.boards.test_enrol import CableBoard

SETTINGS = """
[farm]
id = "farm-7"
folder = "{folder}/node"
[ethernet]
host = "192.168.7.1"
[[board]]
id = "cab01"
link = "ethernet"
[[board]]
id = "cab02"
link = "ethernet"
[[board]]
id = "gate1"
"""


class PortBoard(CableBoard):
    """The same board behind a pty."""

    def __init__(self) -> None:
        super().__init__()
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.slave, self.path = slave, os.ttyname(slave)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        os.write(self.slave, b"end\n")
        self._thread.join(5)
        os.close(self.slave)
        os.close(self.master)

    def _serve(self) -> None:
        splitter = Splitter()
        while True:
            for line in splitter.lines(os.read(self.master, 256)):
                if line == b"end\n":
                    return
                self.write(line)
                while self.says:
                    os.write(self.master, self.says.pop(0))


@pytest.fixture
def on_port() -> Iterator[PortBoard]:
    board = PortBoard()
    try:
        yield board
    finally:
        board.close()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "board-master").write_text(bytes(range(32)).hex())
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(secrets))
    written = tmp_path / "fognode.toml"
    written.write_text(SETTINGS.format(folder=tmp_path))
    assert run(["migrate", "--config", str(written)]) == 0
    return written


def board(path: Path, *words: str) -> int:
    return run(["board", *words, "--config", str(path)])


def enroll(path: Path, port: str, name: str = "cab01") -> int:
    return board(path, "enroll", port, name, "--address", "192.168.7.20/24", "--by", "p-1")


def test_board_is_enrolled_listed_and_retired_for_good(
    path: Path, on_port: PortBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert enroll(path, on_port.path) == 0
    assert on_port.key == board_key(bytes(range(32)), "cab01")
    assert on_port.key.hex() not in capsys.readouterr().out
    assert board(path, "list") == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in shown] == [
        "cab01 ethernet",
        "cab02 ethernet",
        "gate1 serial",
    ]
    assert shown[0].endswith("by p-1, 192.168.7.20/24")
    assert shown[1:] == [
        "cab02 ethernet: not enrolled, so not heard",
        "gate1 serial: heard on a port",
    ]
    assert board(path, "retire", "cab01", "--by", "p-1", "--reason", "stolen") == 0
    assert board(path, "list") == 0
    assert "retired" in capsys.readouterr().out.splitlines()[1]
    assert enroll(path, on_port.path) == 2
    assert "cab01 is retired" in capsys.readouterr().err
    assert board(path, "retire", "cab01", "--by", "p-1", "--reason", "again") == 2


@pytest.mark.parametrize(
    ("name", "why"), [("spy", "no [[board]]"), ("gate1", 'link = "serial"')], ids=["spy", "serial"]
)
def test_board_that_is_not_of_the_network_is_refused_before_the_port_is_touched(
    path: Path, capsys: pytest.CaptureFixture[str], name: str, why: str
) -> None:
    assert enroll(path, "/dev/there-is-none", name) == 2
    assert why in capsys.readouterr().err


def test_without_the_master_nothing_is_written(
    path: Path, on_port: PortBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    (path.parent / "secrets" / "board-master").unlink()
    assert enroll(path, on_port.path) == 2
    assert "fognode key new board-master" in capsys.readouterr().err
    assert on_port.orders == []


def test_board_out_of_the_fog_s_network_is_refused(
    path: Path, on_port: PortBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("enroll", on_port.path, "cab01", "--address", "10.0.0.2/24", "--by", "p-1")
    assert board(path, *words) == 2
    assert "not two addresses of one network" in capsys.readouterr().err
    assert on_port.orders == []
