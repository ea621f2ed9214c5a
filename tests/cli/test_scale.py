"""fognode board calibrate, tare and check, on a running appliance and a board with a scale."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fognode.cli import scale
from fognode.cli.main import run
from fognode.config import load
from fognode.daemon.control import send_request
from fognode.events import Json
from fognode.store.prepare import prepare_database
from tests.boards.conftest import FakeBoard, until

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
id = "gate1"
"""
EMPTY, FACTOR = 400_000, 21_000


class Farm:
    """The appliance, and a board whose scale tells what lies on it 50 times a second."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.config = folder, folder / "fognode.toml"
        self.grams = 0
        self.noise = 0
        self.config.write_text(TOML.format(folder=folder))
        for name in ("node", "ports"):
            (folder / name).mkdir()
        prepare_database(load(self.config, {}))
        command = [sys.executable, "-m", "fognode", "run", "--config", str(self.config)]
        self.process = subprocess.Popen(command, env=dict(os.environ))
        self.board = FakeBoard(folder / "ports" / "ttyUSB0")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._weigh)
        self._thread.start()

    def _weigh(self) -> None:
        while not self._stop.wait(0.02):
            self.noise = (self.noise + 37) % 400
            with self.board._lock:
                counts = EMPTY + self.grams * FACTOR // 1000 + self.noise - 200
                self.board.say("S", 0, f"W1={counts}")

    def put(self, grams: int) -> None:
        change = grams - self.grams
        self.grams = grams
        word = "put" if change > 0 else "take"
        self.board.happen(f"W1,{word},{change * FACTOR // 1000}")

    def facts(self, kind: str) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self.folder / "node" / "fognode.db")) as database:
            rows = database.execute(
                "SELECT body FROM event WHERE kind = ? ORDER BY seq", (kind,)
            ).fetchall()
        return [json.loads(body)["facts"] for (body,) in rows]

    def ask(self, *words: str, by: str = "ana") -> int:
        return run(["board", *words, "--by", by, "--config", str(self.config)])

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)
        self.board.unplug()
        self.process.kill()
        self.process.wait()


@pytest.fixture
def farm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Farm]:
    monkeypatch.setattr(scale, "SAMPLE_S", 0.05)
    made = Farm(tmp_path)
    try:
        until((tmp_path / "node" / "page.url").exists, 20)
        until(lambda: made.facts("board_hello") != [], 20)
        send_request(tmp_path / "node", "person_set", {"person": "ana", "alias": "ana-7"})
        yield made
    finally:
        made.close()


def _soon(farm: Farm, grams: int) -> threading.Timer:
    timer = threading.Timer(0.5, farm.put, (grams,))
    timer.start()
    return timer


def test_scale_is_calibrated_tared_and_checked_with_its_author(
    farm: Farm, capsys: pytest.CaptureFixture[str]
) -> None:
    """A34, custody facts 5: calibration is an event; a known weight shows a wrong scale."""
    until(lambda: farm.ask("tare", "cab01") == 0, 20)
    (tared,) = farm.facts("scale_tared")
    assert abs(tared.pop("counts") - EMPTY) <= 200
    assert tared == {"board": "cab01", "sensor": "W1", "by": "ana"}

    timer = _soon(farm, 2_000)  # by the configuration's 40,000 counts it is not half of that
    assert farm.ask("check", "cab01", "--known-g", "2000") == 1
    timer.join()
    (wrong,) = farm.facts("scale_checked")
    assert (wrong["cabinet"], wrong["known_g"], wrong["by"]) == ("cab-1", 2_000, "ana")
    assert 1_030 <= wrong["read_g"] <= 1_070
    assert "in doubt" in capsys.readouterr().out
    until(lambda: "scale_wrong" in [one["rule"] for one in farm.facts("discrepancy_found")])

    farm.put(0)
    until(lambda: len(farm.facts("weight_take")) == 1)
    timer = _soon(farm, 2_000)
    assert farm.ask("calibrate", "cab01", "--known-g", "2000") == 0
    timer.join()
    (measured,) = farm.facts("scale_calibrated")
    assert abs(measured["counts_per_kg"] - FACTOR) <= 200
    assert measured["counts_after"] - measured["counts_before"] >= 41_600
    assert "was 40000: event" in capsys.readouterr().out

    farm.put(0)  # from now on the lane weighs by it
    until(lambda: len(farm.facts("weight_take")) == 2)
    before, now = (one["weight_g"] for one in farm.facts("weight_take"))
    assert before == -1_050
    assert abs(now + 2_000) <= 20
    timer = _soon(farm, 1_000)
    assert farm.ask("check", "cab01", "--known-g", "1000") == 0
    timer.join()


def test_what_cannot_be_measured_is_refused(farm: Farm, capsys: pytest.CaptureFixture[str]) -> None:
    until(lambda: farm.ask("tare", "cab01") == 0, 20)
    assert farm.ask("tare", "cab09") == 2
    assert farm.ask("tare", "gate1") == 2
    assert farm.ask("tare", "cab01", "--sensor", "L1") == 2
    assert farm.ask("check", "cab01", "--known-g", "0") == 2
    assert farm.ask("calibrate", "cab01", "--known-g", "1000", by="bob") == 2
    assert farm.ask("calibrate", "cab01", "--known-g", "1000", "--wait", "0.3") == 2
    said = capsys.readouterr().err
    for words in (
        "no [[board]] with id = 'cab09'",
        "gate1 tells of no scale W1",
        "cab01 tells of no scale L1",
        "--known-g must be above zero",
        "--by 'bob' names no known person",
        "does not rise by 2000 counts and rest within 0 s",
    ):
        assert words in said
    assert farm.facts("scale_calibrated") == []


def test_calibration_of_nobody_known_is_told_as_refused_and_used_by_nobody(farm: Farm) -> None:
    until(lambda: farm.ask("tare", "cab01") == 0, 20)
    told: dict[str, Json] = {
        "board": "cab01",
        "sensor": "W1",
        "known_g": 1_000,
        "counts_before": EMPTY,
        "counts_after": EMPTY + FACTOR,
        "counts_per_kg": FACTOR,
        "by": "bob",
    }
    send_request(farm.folder / "node", "scale_calibrated", told)
    until(lambda: "by names no known person" in [one["reason"] for one in farm.facts("rejected")])
    timer = _soon(farm, 2_000)
    assert farm.ask("check", "cab01", "--known-g", "2000") == 1
    timer.join()
    (checked,) = farm.facts("scale_checked")
    (put,) = farm.facts("weight_put")
    assert 1_030 <= checked["read_g"] <= 1_070  # still by the configuration's 40,000 counts
    assert put["weight_g"] == 1_050
