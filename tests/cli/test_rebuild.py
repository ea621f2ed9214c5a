"""fognode rebuild, as a person meets it."""

import sqlite3
from pathlib import Path

import pytest

from fognode.cli.main import run
from fognode.config import load
from fognode.daemon import followers
from fognode.daemon.control import claim_folder
from fognode.events import Event, Row
from fognode.hashing import Stamp, freeze
from fognode.store.engines import open_engine
from fognode.store.reader import Reader
from fognode.store.writer import Writer

STAMP = Stamp(farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=9, clock_ok=True)
FACTS = {"gtin": "7891234567895", "name": "Glyphosate 480", "packaging": "rigid"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "fognode.toml"
    made.write_text(f'[farm]\nid = "farm-7"\nfolder = "{tmp_path}/node"\n')
    assert run(["migrate", "--config", str(made)]) == 0
    config = load(made, {})
    reading, writing = open_engine(config, "reader"), open_engine(config, "writer")
    writer = Writer(writing, Reader(reading))
    event = Event(kind="product_set", origin="q/1", happened_at_ms=1, facts=FACTS)
    cursor = Row(table="cursor", values={"follower": followers.NAME, "as_of_seq": 1})
    writer.keep([freeze(event, STAMP)], [cursor])
    writer.close()
    reading.dispose()
    writing.dispose()
    return made


def test_tables_are_checked_put_right_and_right_again(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["rebuild", "--check", "--config", str(path)]) == 1
    assert "product: 1 rows differ, 0 have no event" in capsys.readouterr().out
    assert run(["rebuild", "--config", str(path)]) == 0
    assert "put right" in capsys.readouterr().out
    with sqlite3.connect(path.parent / "node" / "fognode.db") as database:
        database.execute("UPDATE product SET name = 'Water'")
    database.close()
    assert run(["rebuild", "--check", "--config", str(path)]) == 1
    assert run(["rebuild", "--config", str(path)]) == 0
    assert run(["rebuild", "--check", "--config", str(path)]) == 0
    assert run(["verify", "--all", "--config", str(path)]) == 0


def test_a_running_appliance_is_left_alone(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with claim_folder(load(path, {}).folder):
        assert run(["rebuild", "--config", str(path)]) == 2
    assert "stop it first" in capsys.readouterr().err
