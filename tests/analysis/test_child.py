from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fognode.analysis.child import read_arguments
from fognode.analysis.findings import parse_findings
from fognode.config import load
from fognode.errors import ConfigError
from fognode.events import Event, Outcome, Row, RowValues
from fognode.hashing import Stamp, freeze
from fognode.store.engines import open_engine
from fognode.store.reader import Reader
from fognode.store.writer import Writer
from tests.blank import lay_database

if TYPE_CHECKING:
    from tests.analysis.conftest import MadeFarm

RUN = "1790000000000"
WRAPPED = """
import atexit, os, resource, sys
def tell():
    status = open("/proc/self/status").read()  # ru_maxrss also counts who forked us
    peak = status.split("VmHWM:")[1].split()[0]
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    threads = len(os.listdir("/proc/self/task"))
    oom = open("/proc/self/oom_score_adj").read().strip()
    print(peak, limit, os.nice(0), oom, threads, "pandas" in sys.modules, file=sys.stderr)
atexit.register(tell)
from fognode.analysis.child import main
sys.exit(main(sys.argv[1:]))
"""

# Beside other tests a process that holds itself back would wait for minutes.
HASTY = """
import os, sys
os.nice = lambda more: 0
from fognode.analysis.child import main
sys.exit(main(sys.argv[1:]))
"""
PATIENCE_S = 300


class Node:
    """A real SQLite store in a folder, and the child started on it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "fognode.toml"
        self.path.write_text(f'[farm]\nid = "made"\nfolder = "{folder}"\n')
        self.config = load(self.path, {})
        lay_database(self.config)
        self.reader = Reader(open_engine(self.config, "reader"))
        self.engine = open_engine(self.config, "writer")
        self.writer = Writer(self.engine, self.reader)

    def close(self) -> None:
        self.writer.close()
        self.engine.dispose()

    def keep(self, events: list[Event], rows: list[Row]) -> None:
        bodies = [
            freeze(
                event,
                Stamp(
                    farm="made",
                    boot_id="00c0ffee",
                    mono_ms=1,
                    recorded_at_ms=event.happened_at_ms,
                    clock_ok=True,
                ),
            )
            for event in events
        ]
        for start in range(0, len(bodies), 500):
            self.writer.keep(bodies[start : start + 500])
        if rows:
            self.writer.keep([], rows)

    def start(
        self, task: str, run: str = RUN, code: str = HASTY
    ) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
        return subprocess.run(
            [sys.executable, "-c", code, task, "--config", str(self.path), "--run", run],
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            env=environment,
        )

    def learn(self, run: str) -> Outcome:
        """Do as the daemon: start the child, believe it, keep what it found."""
        told = self.start("all", run)
        assert told.returncode == 0, told.stderr
        outcome = parse_findings(told.stdout, run)
        self.keep(outcome.events, outcome.rows)
        return outcome


@pytest.fixture
def node(tmp_path: Path) -> Any:
    made = Node(tmp_path)
    yield made
    made.close()


def verdict_rows(farm: MadeFarm) -> list[Row]:
    filled: RowValues = {
        "cabinet": "cab-1",
        "person": "",
        "closed_at_ms": 1,
        "delta_g": 0,
        "packages_out": "",
        "packages_in": "",
        "sentence": "",
        "authorised_by": "",
        "sure_permille": 1000,
        "declared_g": 0,
        "as_of_seq": 1,
    }
    return [
        Row(
            table="opening",
            values={"opening": key, "verdict": word, "opened_at_ms": place, **filled},
        )
        for place, (key, word) in enumerate(farm.verdicts.items())
    ]


def test_findings_of_a_real_record_are_kept_and_not_said_twice(
    node: Node, make_farm: Callable[..., MadeFarm]
) -> None:
    """A5, A39."""
    farm = make_farm()
    farm.product("7891234567895", "Karate")
    farm.days(40)
    for day in range(0, 220, 3):
        farm.use("7891234567895", farm.events[0].happened_at_ms + day * 86_400_000, 900)
    node.keep(farm.events, verdict_rows(farm))
    first = node.learn("1785000000000")  # 2026-07-25
    assert [event.kind for event in first.events] == [
        "patternDetection",
        "correlation",
        "prediction",
    ]
    assert all(event.facts["enough"] == 1 for event in first.events)
    assert [row.table for row in first.rows] == ["model_version"] * 3 + ["finding"] * 3
    assert node.reader.count("model_version") == node.reader.count("finding") == 3
    files = sorted(path.name for path in (node.config.folder / "models").iterdir())
    assert files == ["clusters-1785000000000.skops", "sessions-1785000000000.skops"]
    again = node.learn("1785000100000")
    assert (again.events, again.rows) == ([], [])


def test_not_enough_is_an_answer_given_once(node: Node, make_farm: Callable[..., MadeFarm]) -> None:
    node.keep(make_farm().events, [])
    first = node.learn(RUN)
    assert [event.facts["enough"] for event in first.events] == [0, 0, 0]
    assert [row.table for row in first.rows] == ["finding"] * 3
    assert node.learn("1790000000001").events == []


def test_the_child_stays_within_its_bounds(node: Node, make_farm: Callable[..., MadeFarm]) -> None:
    farm = make_farm()
    farm.days(40)
    node.keep(farm.events, verdict_rows(farm))
    told = node.start("all", code=WRAPPED)
    assert told.returncode == 0, told.stderr
    peak_kib, limit, nice, oom, threads, pandas = told.stderr.split()
    assert int(peak_kib) < 230 * 1024
    assert int(limit) == 768 * 2**20
    assert int(nice) == os.nice(0) + 10
    assert (oom, threads, pandas) == ("500", "1", "False")
    parse_findings(told.stdout, RUN)


def test_one_task_alone_tells_its_own_findings(
    node: Node, make_farm: Callable[..., MadeFarm]
) -> None:
    node.keep(make_farm().events, [])
    told = json.loads(node.start("clusters").stdout)
    assert [event["origin"] for event in told["events"]] == [f"a/{RUN}/2"]


def test_a_missing_database_is_told_on_one_line(tmp_path: Path) -> None:
    config = tmp_path / "fognode.toml"
    config.write_text(f'[farm]\nid = "made"\nfolder = "{tmp_path}"\n')
    told = subprocess.run(
        [sys.executable, *f"-m fognode.analysis.child all --config {config} --run {RUN}".split()],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith("event=analysis_failed reason=cannot read the database")
    assert not (tmp_path / "fognode.db").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["all"],
        ["ripeness", "--config", "f", "--run", RUN],
        ["all", "--config", "f", "--run", "7"],
        ["all", "--config", "f", "--run", "../../../etc/x"],
        ["all", "--run", RUN, "--config", "f"],
    ],
)
def test_arguments_of_another_shape_are_refused(arguments: list[str]) -> None:
    with pytest.raises(ConfigError, match="use: python -m"):
        read_arguments(arguments)


def test_this_process_is_not_held_back() -> None:
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY
