"""The boards' side of the node: no line is opened before it is known what of it is kept."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fognode.boards.progress import Progress, Reach
from fognode.config import Config, parse
from fognode.daemon.journal import Journal
from fognode.daemon.ports import Ports
from fognode.errors import ConfigError, StoreError
from fognode.events import Stored
from tests.store.conftest import B1


class Node:
    """What the ports need of a node: it stops with the first line that begins."""

    def __init__(self, folder: Path, **more: object) -> None:
        self.stop, self.caught_up = threading.Event(), threading.Event()
        self.journal = Journal(folder / "spool")
        self.begun: list[str] = []
        self.runs: dict[str, Callable[[threading.Event], None]] = {}
        self.record: dict[str, Stored] = {}
        self.ports = Ports(
            configured(folder, **more),
            self.journal,
            self.record.get,
            lambda _event, _done: True,
            lambda _row: None,
        )

    def begin(
        self,
        name: str,
        run: Callable[[threading.Event], None],
        vital: bool = False,
        *,
        hang_s: float = float("inf"),
    ) -> None:
        self.begun.append(name)
        self.runs[name] = run
        if name not in {"lines", "net"}:
            self.stop.set()

    def watch(self) -> None:
        """Start, and run the thread that looks for ports until the node stops."""
        self.ports.start(self.begin, self.caught_up)
        self.runs["lines"](self.stop)


def configured(folder: Path, **more: object) -> Config:
    told = {
        "farm": {"id": "farm-7", "folder": str(folder)},
        "serial": {"ports": [f"{folder}/tty*"]},
        "cabinet": [{"id": "cab-1", "board": "cab01"}],
        "board": [{"id": "cab01"}],
    }
    return parse({**told, **more}, folder)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    (tmp_path / "ttyUSB0").touch()
    made = Node(tmp_path)
    yield made
    made.journal.close()


def test_port_is_opened_once_the_record_was_read(node: Node) -> None:
    node.ports.note_reach(Progress(boards={"cab01": Reach(boot=3, count=70)}))
    node.caught_up.set()
    node.watch()
    assert node.begun == ["lines", "line-ttyUSB0"]
    node.journal.release(0)
    assert node.journal.reach("cab01") == (3, 70)  # it knows now what the database has


def test_port_stays_shut_while_the_record_is_being_read(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(_seconds: float) -> bool:
        node.stop.set()
        return False

    monkeypatch.setattr(node.caught_up, "wait", wait)
    node.watch()
    assert node.begun == ["lines"]
    assert not node.journal.knows_all


def test_how_far_a_board_is_kept_is_the_further_of_journal_and_record(node: Node) -> None:
    assert node.ports._reach("cab01") == (0, 0)
    node.journal.append([B1])  # count 42 of its start 17
    assert node.ports._reach("cab01") == (17, 42)
    node.ports.note_reach(Progress(boards={"cab01": Reach(boot=17, count=43)}))
    assert node.ports._reach("cab01") == (17, 43)


def test_event_may_be_kept_while_any_waits_for_the_database(node: Node) -> None:
    assert node.ports._kept("b/cab01/17/42") is None
    node.journal.append([B1])
    with pytest.raises(StoreError, match="may be among 1 events"):
        node.ports._kept("b/cab01/17/42")


def test_network_is_not_served_without_the_key_of_its_boards(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="board-master"):
        Node(tmp_path, ethernet={"host": "127.0.0.1", "port": 7777})
