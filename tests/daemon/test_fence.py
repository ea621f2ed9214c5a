"""A package with a long-range tag through a whole node: gate, road, alert, and its copy."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fognode.config import load
from fognode.daemon.control import send_request
from fognode.store.prepare import prepare_database
from fognode.trial.reader import TrialReader
from tests.boards.conftest import until

TOML = """
[farm]
id = "farm-7"
folder = "{folder}/node"
[page]
port = 0
[serial]
ports = []
[[board]]
id = "rfid1"
[[place]]
id = "shed"
travel_s = 0
[[place]]
id = "gate"
travel_s = 0
[[place]]
id = "road"
permitted = false
travel_s = 0
[[reader]]
board = "rfid1"
port = "{address}"
hold_s = 1
[[antenna]]
board = "rfid1"
sensor = "A1"
place = "gate"
[[antenna]]
board = "rfid1"
sensor = "A2"
place = "road"
"""
EPC = "E28011606000020A1B2C3D4E"


class Fence:
    """The node, its reader, and what the record says."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.reader = folder, TrialReader()
        config = folder / "fognode.toml"
        config.write_text(TOML.format(folder=folder, address=self.reader.address))
        (folder / "node").mkdir()
        prepare_database(load(config, {}))
        command = [sys.executable, "-m", "fognode", "run", "--config", str(config)]
        self.process = subprocess.Popen(command, env=dict(os.environ))

    def facts(self, kind: str) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self.folder / "node" / "fognode.db")) as database:
            wanted = "SELECT body FROM event WHERE kind = ? ORDER BY seq"
            rows = database.execute(wanted, (kind,)).fetchall()
        return [json.loads(body)["facts"] for (body,) in rows]

    def declare(self, kind: str, **facts: Any) -> None:
        send_request(self.folder / "node", kind, facts)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.close()


@pytest.fixture
def fence(tmp_path: Path) -> Iterator[Fence]:
    made = Fence(tmp_path)
    try:
        until((tmp_path / "node" / "page.url").exists, 20)
        until(lambda: made.facts("board_hello") != [], 20)
        yield made
    finally:
        made.close()


def test_package_is_followed_by_its_tag_and_the_road_is_forbidden(fence: Fence) -> None:
    """A23, A106, A119, A140: two zones in order, an exit without an order, a copy."""
    fence.declare("person_set", person="ana", alias="ana-7")
    fence.declare("product_set", gtin="07891234567895", name="Gly", packaging="rigid")
    fence.declare(
        "delivery_declared",
        package="GLY-0042", gtin="07891234567895", serial="S0042", lot="L7",
        expires_on="2031-12-31", invoice="NF-1", tag=EPC, gross_g=5_840, tare_g=310,
        source="AgroSul", site="shed", by="ana",
    )  # fmt: skip
    fence.reader.put(1, EPC)
    until(lambda: len(fence.facts("package_moved")) == 1)
    fence.reader.take(1, EPC)
    until(lambda: len(fence.facts("tag_out")) == 1)
    fence.reader.put(2, EPC)
    until(lambda: len(fence.facts("package_moved")) == 2)
    moved = [(one["from"], one["to"], one["permitted"]) for one in fence.facts("package_moved")]
    assert moved == [("shed", "gate", 1), ("gate", "road", 0)]
    until(lambda: "package_moved" in [one["rule"] for one in fence.facts("sensorAlert")])
    (alert,) = [one for one in fence.facts("sensorAlert") if one["rule"] == "package_moved"]
    assert (alert["severity"], alert["place"]) == ("critical", "road")
    seen = [(one["sensor"], one["place"], one["tag"]) for one in fence.facts("tag_in")]
    assert seen == [("A1", "gate", EPC), ("A2", "road", EPC)]
