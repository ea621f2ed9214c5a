"""Boards inside the node: what configuration makes, and a scan and a photo through a whole node."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import tty
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fognode.boards.lines import Lines
from fognode.config import load, parse
from fognode.daemon.inside import inside_parts
from fognode.store.prepare import prepare_database
from tests.boards.conftest import FakeBoard, FakeStore, until
from tests.boards.test_camera_link import CameraBoard
from tests.boards.test_photo import JPEG
from tests.boards.test_scanner import MATRIX
from tests.daemon.test_node import get

TOML = """
[farm]
id = "farm-7"
folder = "{folder}/node"
[page]
port = 0
[serial]
ports = ["{folder}/ports/*"]
[[cabinet]]
id = "cab-1"
board = "cab01"
[[board]]
id = "cab01"
[[board]]
id = "scan1"
place = "cab-1"
[[scanner]]
board = "scan1"
port = "{folder}/ports/ttyACM0"
[[camera]]
id = "cam-1"
cabinet = "cab-1"
source = "{folder}/pictures"
[[board]]
id = "cam01"
place = "cab-1"
[[camera]]
id = "cam-2"
cabinet = "cab-1"
source = "serial:{folder}/ports/ttyUSB1"
board = "cam01"
"""
HANDLED = {
    "L1,open,859": "light_open",
    "C1,in,04A1B2C3": "tag_in",
    "V1,shake,9": "vibration_shake",
    "D1,move,180": "distance_move",
    "W1,take,-80028": "weight_take",
    "C1,out,04A1B2C3": "tag_out",
    "L1,close,20": "light_close",
}


def test_each_board_inside_has_its_loops_and_its_line_on_the_page() -> None:
    config = parse(
        {
            "farm": {"id": "farm-7"},
            "board": [{"id": "pi0"}, {"id": "scan1"}, {"id": "scan2"}],
            "pi": {"vibration_pin": 17, "tag_device": 0},
            "scanner": [
                {"board": "scan1", "port": "/dev/serial/by-id/usb-reader"},
                {"board": "scan2", "port": "/dev/input/by-id/usb-kbd", "keyboard": True},
            ],
        }
    )
    lines = Lines(config, FakeStore().offer, lambda _b: (0, 0))
    names = [name for name, *_ in inside_parts(config, lines)]
    assert names == ["pi", "pi-vibration", "pi-tag", "scan-scan1", "scan-scan2"]
    assert [(line.port, line.board) for line in lines.status()] == [
        ("pins", "pi0"),
        ("/dev/serial/by-id/usb-reader", "scan1"),
        ("/dev/input/by-id/usb-kbd", "scan2"),
    ]


def test_without_sections_there_is_nothing() -> None:
    config = parse({"farm": {"id": "farm-7"}})
    assert inside_parts(config, Lines(config, FakeStore().offer, lambda _b: (0, 0))) == []


@pytest.fixture
def node(tmp_path: Path) -> Iterator[tuple[Path, int, "subprocess.Popen[bytes]"]]:
    config = tmp_path / "fognode.toml"
    config.write_text(TOML.format(folder=tmp_path))
    (tmp_path / "vault-master").write_text("0f" * 32)
    for folder in ("node", "ports", "pictures"):
        (tmp_path / folder).mkdir()
    master, slave = os.openpty()
    tty.setraw(slave)
    (tmp_path / "ports" / "ttyACM0").symlink_to(os.ttyname(slave))
    prepare_database(load(config, {"CREDENTIALS_DIRECTORY": str(tmp_path)}))
    process = subprocess.Popen(
        [sys.executable, "-m", "fognode", "run", "--config", str(config)],
        env={**os.environ, "CREDENTIALS_DIRECTORY": str(tmp_path)},
    )
    try:
        until((tmp_path / "node" / "page.url").exists, 20)
        yield tmp_path, master, process
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)


def facts_of(folder: Path, kind: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(folder / "node" / "fognode.db")) as database:
        rows = database.execute("SELECT body FROM event WHERE kind = ?", (kind,)).fetchall()
    return [json.loads(body)["facts"] for (body,) in rows]


def test_scan_and_photo_of_an_opening_reach_the_record(
    node: tuple[Path, int, "subprocess.Popen[bytes]"],
) -> None:
    """A19, A22, A105: one handling of a package, told by all seven kinds of the least set."""
    folder, master, process = node
    until(lambda: "scan1" in [one["board"] for one in facts_of(folder, "board_hello")])
    os.write(master, MATRIX + b"\r")
    until(lambda: facts_of(folder, "code_scan") != [])
    (scan,) = facts_of(folder, "code_scan")
    assert (scan["gtin"], scan["serial"], scan["place"]) == ("9521234543213", "SN0001", "cab-1")
    assert "scan1" in get(folder / "node", "/api/v1/sensors")[1]
    camera = CameraBoard(folder / "ports" / "ttyUSB1", "cam01")
    board = FakeBoard(folder / "ports" / "ttyUSB0")
    taken = threading.Timer(0.5, (folder / "pictures" / "a.jpg").write_bytes, (JPEG,))
    try:
        told = {"cab01", "cam01"}
        until(lambda: told <= {one["board"] for one in facts_of(folder, "board_hello")})
        taken.start()
        for sensed in HANDLED:
            board.happen(sensed)
        until(lambda: len(facts_of(folder, "photo_kept")) > 1, 12)
        until(lambda: facts_of(folder, "box_closed") != [], 15)
    finally:
        taken.cancel()
        board.unplug()
        camera.unplug()
    assert set(facts_of(folder, "box_closed")[0]["readings"]) == set(HANDLED.values())
    kept = {one["by"]: one for one in facts_of(folder, "photo_kept")}
    assert {name: one["media"] for name, one in kept.items()} == {
        "cam-1": "image/jpeg",
        "cam-2": "image/png",  # of a camera board
    }
    assert {one["purpose"] for one in kept.values()} == {"opening"}
    assert facts_of(folder, "board_unknown") == []  # nobody took the reader for a board
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
