"""fognode ledger on a farm whose appliance is stopped: its record, two chains in memory."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fognode.cli.main import run
from fognode.config import Config, load
from fognode.daemon.folds import fresh_folds
from fognode.events import Event, Json, Kind, Row
from fognode.hashing import Stamp, freeze, token_id
from fognode.ledgers.evm import ChainNode
from fognode.ledgers.outbox import Lane
from fognode.ledgers.rows import Due, read_rows
from fognode.store.engines import open_engine
from fognode.store.reader import Reader
from fognode.store.writer import Writer
from fognode.trial.chains import TrialChain, TrialChains, start_chains
from fognode.trial.settings import chain_table
from tests.blank import lay_database

NOW_MS = 1_795_241_520_000
GTIN, PACKAGE = "7891234567895", "GLY-0042"


class Farm:
    """The record of a stopped appliance, and what its threads do, one pass at a time."""

    def __init__(self, path: Path) -> None:
        self.path, self.config = path, load(path)
        lay_database(self.config)

    def tell(self, *events: Event) -> None:
        """Keep events, fold all that is stored, and let both lanes pass until nothing moves."""
        read, write = open_engine(self.config, "reader"), open_engine(self.config, "writer")
        try:
            reader = Reader(read)
            writer = Writer(write, reader)
            _Life(self.config, reader, writer).live(events)
            writer.close()
        finally:
            read.dispose()
            write.dispose()

    def rows(self) -> list[Due]:
        engine = open_engine(self.config, "reader")
        try:
            reader = Reader(engine)
            return [*read_rows(reader, "private"), *read_rows(reader, "public")]
        finally:
            engine.dispose()

    def ledger(self, *arguments: str) -> int:
        act, *rest = arguments
        return run(["ledger", act, "--config", str(self.path), *rest])


class _Life:
    def __init__(self, config: Config, reader: Reader, writer: Writer) -> None:
        self._reader, self._writer = reader, writer
        self._steps, _ = fresh_folds(config, lambda _: None)
        password = config.secret("chain-password")
        self._lanes = [
            Lane(chain, ChainNode(chain, config.folder, password), reader, self._keep)
            for chain in config.chains
        ]

    def live(self, events: tuple[Event, ...]) -> None:
        self._keep(events, [])
        seq = 0
        while told := self._reader.events(after=seq):
            for one in told:
                for step in self._steps:
                    outcome = step(one)
                    fresh = [row for row in outcome.rows if self._is_new(row)]
                    self._keep(outcome.events, fresh)
            seq = told[-1].seq
        for number in range(12):
            for lane in self._lanes:
                lane.pass_once(NOW_MS + number * 61_000)

    def _is_new(self, row: Row) -> bool:
        # Folded from event 1 again: what is owed is in the outbox already.
        if row.table not in {"chain_outbox", "mail_outbox"}:
            return True
        return not self._reader.rows(row.table, {"id": row.values["id"]})

    def _keep(self, events: Any, rows: Any) -> list[int]:
        stamp = Stamp(
            farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=NOW_MS, clock_ok=True
        )
        return self._writer.keep([freeze(event, stamp) for event in events], rows)


def life(serial: str) -> list[Event]:
    """Return a delivery, and an exit that comes too early for the contract."""
    about: dict[str, Json] = {"package": PACKAGE, "token_id": token_id(GTIN, serial).hex()}
    entry = about | {
        "gtin": GTIN,
        "serial": serial,
        "lot": "L1",
        "expires_on": "2028-06-30",
        "invoice": "NF-1",
        "tag": "04A2245A",
        "packaging": "rigid",
        "source": "dealer-1",
        "site": "cab-1",
        "gross_g": 5410,
        "tare_g": 210,
        "by": "ana",
    }
    left = about | {"destination": "centre", "prepared": 0, "by": "ana"}
    told = [(Kind.NEW_PRODUCT_ENTRY, entry), (Kind.EMPTY_PACKAGE_EXIT, left)]
    return [
        Event(kind=kind, origin=f"q/{serial}-{kind}", happened_at_ms=NOW_MS, facts=facts)
        for kind, facts in told
    ]


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialChains]:
    with start_chains(tmp_path_factory.mktemp("chains"), in_memory=True) as both:
        yield both


def settings(both: TrialChains, chain: TrialChain, **changes: Any) -> str:
    told = chain_table(both, chain)
    lines = [f"{key} = {json.dumps(value)}" for key, value in {**told, **changes}.items()]
    return "\n".join(["[[chain]]", *lines, ""])


@pytest.fixture
def farm(tmp_path: Path, chains: TrialChains, monkeypatch: pytest.MonkeyPatch) -> Farm:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "chain-password").write_text(chains.farm_password)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    return Farm(write_settings(tmp_path, chains))


def write_settings(tmp_path: Path, chains: TrialChains, **private: Any) -> Path:
    path = tmp_path / "fognode.toml"
    head = f'[farm]\nid = "farm-7"\nfolder = "{tmp_path / "node"}"\n'
    tables = [settings(chains, chains.private, **private), settings(chains, chains.public)]
    path.write_text(head + "\n".join(tables))
    return path


AGAIN = ("--by", "ana", "--reason", "prepared by hand")


@pytest.mark.chain
def test_a_stopped_package_is_shown_with_its_cure(
    farm: Farm, capsys: pytest.CaptureFixture[str]
) -> None:
    farm.tell(*life("S1"))
    assert [(row.kind, row.state) for row in farm.rows()] == [
        (1, "FINAL"), (200, "FAILED"), (1, "FINAL"), (200, "FAILED")
    ]  # fmt: skip
    assert farm.ledger("status") == 1
    told = capsys.readouterr().out
    assert "private: OK" in told
    assert "steps: 0 queued, 0 signed, 0 sent, 0 mined, 1 final, 1 failed" in told
    assert "the node answers; its newest block is" in told
    assert farm.ledger("history", PACKAGE) == 0
    told = capsys.readouterr().out
    assert "birth (1), 2026-11-21" in told
    assert "  private: failed, NoRoute" in told
    assert farm.ledger("reconcile", "--package", PACKAGE) == 1
    told = capsys.readouterr().out
    assert told.endswith("2 differences: 1 packages, 2 steps\n")
    assert f"fognode ledger resume --package {PACKAGE} --chain public --by PERSON" in told


@pytest.mark.chain
def test_a_stopped_package_goes_on_where_somebody_asked(
    farm: Farm, chains: TrialChains, capsys: pytest.CaptureFixture[str]
) -> None:
    farm.tell(*life("S2"))
    number = int(token_id(GTIN, "S2").hex(), 16)
    for chain in (chains.private, chains.public):  # the cause goes: it was prepared by hand
        for seq, kind in enumerate((102, 103, 104), start=2):
            chains.farm.write(chain, "advance", number, seq, kind, bytes(30) + bytes([seq, 7]))
    assert farm.ledger("resume", "--package", PACKAGE, "--chain", "private", *AGAIN) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"private chain: step 200 of {PACKAGE} will be tried again: event ")
    farm.tell()
    assert [(row.chain, row.kind, row.state) for row in farm.rows()][1::2] == [
        ("private", 200, "FINAL"),
        ("public", 200, "FAILED"),
    ]
    assert farm.ledger("resume", "--package", PACKAGE, *AGAIN) == 0  # on all that are left
    farm.tell()
    assert {row.state for row in farm.rows()} == {"FINAL"}
    assert farm.ledger("status") == 0
    capsys.readouterr()
    assert farm.ledger("history", PACKAGE, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [step["kind"] for step in found["steps"]] == [1, 200]
    assert [side["verdict"] for side in found["steps"][1]["chains"].values()] == ["equal"] * 2
    assert [one["kind"] for one in found["others"]["public"]] == [102, 103, 104]


@pytest.mark.chain
def test_node_that_is_away_is_said_and_is_no_success(
    farm: Farm, tmp_path: Path, chains: TrialChains, capsys: pytest.CaptureFixture[str]
) -> None:
    farm.tell(life("S3")[0])
    capsys.readouterr()
    assert farm.ledger("reconcile", "--package", PACKAGE) == 0
    assert capsys.readouterr().out == "no differences: 1 packages, 1 steps\n"
    write_settings(tmp_path, chains, url="http://127.0.0.1:1")
    assert farm.ledger("status") == 1
    assert "the node does not answer: private chain" in capsys.readouterr().out
    assert farm.ledger("history", PACKAGE) == 2
    told = capsys.readouterr().out
    assert "  private: not asked, transaction 0x" in told
    assert "private chain not asked: private chain: ConnectionError" in told
    assert farm.ledger("reconcile", "--package", PACKAGE) == 2
    assert "private chain not asked" in capsys.readouterr().out


@pytest.mark.chain
def test_what_cannot_be_resumed_is_refused_with_the_reason(
    farm: Farm, capsys: pytest.CaptureFixture[str]
) -> None:
    assert farm.ledger("resume", "--package", "GLY-9", *AGAIN) == 2
    assert "owes the ledgers nothing of a package 'GLY-9'" in capsys.readouterr().err
    assert farm.ledger("resume", "--package", PACKAGE, "--chain", "moon", *AGAIN) == 2
    assert "no chain 'moon' is configured; known: private, public" in capsys.readouterr().err
    farm.tell(life("S4")[0])
    assert farm.ledger("resume", "--package", PACKAGE, *AGAIN) == 2
    told = capsys.readouterr().err
    assert f"no step of {PACKAGE} failed on chain private and public: nothing to resume" in told


def test_farm_without_a_chain_has_no_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "fognode.toml"
    path.write_text(f'[farm]\nid = "farm-7"\nfolder = "{tmp_path / "node"}"\n')
    lay_database(load(path))
    for arguments in (["status"], ["history", PACKAGE], ["reconcile"]):
        assert run(["ledger", *arguments, "--config", str(path)]) == 2
        assert "no [[chain]] is configured" in capsys.readouterr().err
