from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fognode.boards.lines import LineStatus, SensorStatus
from fognode.config import parse
from fognode.daemon.clock import Clock
from fognode.daemon.glance import Glance
from fognode.daemon.journal import Journal
from fognode.daemon.keeper import Keeper
from fognode.daemon.workers import Worker
from fognode.errors import StoreError
from fognode.events import RowValues

CHAIN: dict[str, Any] = {
    "name": "private",
    "url": "http://127.0.0.1:1",
    "chain_id": 7001,
    "contract": "0x" + "1" * 40,
    "code_hash": "0" * 64,
    "farm": "0x" + "2" * 40,
    "centre": "0x" + "3" * 40,
    "keystore": "key.json",
}
LINE = LineStatus(
    port="/dev/ttyUSB0",
    is_open=True,
    board="cab01",
    place="cab-1",
    kind="cabinet",
    version="0.1.0",
    is_silent=False,
    heard_s=4,
    sensors=(SensorStatus(sensor="L1", type="light", unit="counts", value=60, heard_s=1),),
    frames=10,
    bad_frames=1,
    unknown=0,
    rejected=0,
    repeated=0,
    gaps=0,
    lost=2,
    pending=0,
)


class Rows:
    """A reader of two tables, that may be away."""

    def __init__(self, away: bool = False) -> None:
        self.away = away

    def rows(self, table: str) -> list[RowValues]:
        if self.away:
            raise StoreError("away")
        guard: RowValues = {"chain": "private", "state": "HELD", "reason": "other code"}
        return [{**guard, "head_number": 19}]

    def count(self, table: str, where: Mapping[str, object]) -> int:
        assert where == {"chain": "private", "state": ("QUEUED", "SIGNED", "SENT", "MINED")}
        return 2


class Lines:
    def status(self) -> list[LineStatus]:
        return [LINE]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def glance(folder: Path, reader: Rows, workers: list[Worker]) -> Glance:
    farm = {"id": "farm-7", "folder": str(folder)}
    config = parse({"farm": farm, "chain": [CHAIN]})
    journal = Journal(folder / "spool")
    journal.close()
    clock = Clock("farm-7", "5f3a9c0e")
    keeper = Keeper(journal, lambda: None, clock, lambda: (0, b""))  # type: ignore[arg-type, return-value]
    made = Glance(config, reader, keeper, workers)  # type: ignore[arg-type]
    made.lines = Lines()  # type: ignore[assignment]
    return made


def test_lines_and_chains_are_shown_as_they_are_now(folder: Path) -> None:
    live = glance(folder, Rows(), []).look()
    [line], [chain] = live.lines, live.chains
    assert (line.board, line.heard_s, line.sensors[0].last_value) == ("cab01", 4, 60)
    assert line.counters["lost"] == 2
    assert (chain.state, chain.reason, chain.head_block, chain.behind) == (
        "HELD",
        "other code",
        19,
        2,
    )
    assert live.mail == "off"
    assert live.store_ok


def test_without_a_database_there_is_still_something_to_look_at(folder: Path) -> None:
    live = glance(folder, Rows(away=True), []).look()
    assert [(chain.name, chain.state) for chain in live.chains] == [("private", "STARTING")]
    assert len(live.lines) == 1


def test_a_part_that_was_switched_off_is_told(folder: Path) -> None:
    worker = Worker("mail", lambda stop: None, fatal=lambda error: None)
    assert not glance(folder, Rows(), [worker]).look().safe_mode
    worker.off = True
    assert glance(folder, Rows(), [worker]).look().safe_mode
