"""Opening the record for writing: what is refused, and what a refusal lets go of."""

from pathlib import Path

import pytest

from fognode.config import Config, parse
from fognode.daemon.clock import Clock
from fognode.daemon.record import Record
from fognode.errors import ConfigError, StoreError
from fognode.store.checkpoint import new_key
from fognode.store.engines import database_file
from tests.blank import lay_database
from tests.daemon.test_glance import CHAIN
from tests.store.conftest import B1

KEPT_AT_MS = 1_795_241_520_171  # of B1


@pytest.fixture
def config(tmp_path: Path) -> Config:
    farm = {"id": "farm-7", "folder": str(tmp_path / "node")}
    made = parse({"farm": farm, "chain": [{**CHAIN, "trial": True}]}, tmp_path)
    lay_database(made)
    return made


def clock() -> Clock:
    return Clock("farm-7", "5f3a9c0e")


def test_database_without_our_tables_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "fognode.db").touch(mode=0o600)
    record = Record(parse({"farm": {"id": "farm-7", "folder": str(tmp_path)}}))
    for refused in (record.check, lambda: record.open(clock())):
        with pytest.raises(ConfigError, match="fognode migrate"):
            refused()


def test_database_that_cannot_be_read_is_met_later(config: Config) -> None:
    database_file(config).write_bytes(b"no database" * 1000)
    record = Record(config)
    record.check()
    with pytest.raises(StoreError, match="cannot read the schema version"):
        record.open(clock())


def test_without_a_key_nobody_signs_and_time_goes_on_after_what_is_kept(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Record(config)
    writer, witness = record.open(clock())
    assert witness is None
    writer.keep([B1])
    writer.close()
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000)
    early = clock()
    assert early.stamp().recorded_at_ms == 1
    record.open(early)[0].close()
    assert early.stamp().recorded_at_ms == KEPT_AT_MS


def test_key_that_is_none_lets_go_of_the_writer_and_a_right_one_signs(
    config: Config, tmp_path: Path
) -> None:
    record, key = Record(config), tmp_path / "checkpoint-key"
    key.write_text("none")
    with pytest.raises(ConfigError, match="64 hex digits"):
        record.open(clock())
    key.write_text(new_key())
    writer, witness = record.open(clock())  # its lock is free
    assert witness is not None
    assert (witness.signed_size, witness.copied_size) == (0, 0)
    writer.close()
