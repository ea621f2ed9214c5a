"""fognode migrate and verify, as a person meets them."""

import json
import sqlite3
from pathlib import Path

import pytest

from fognode import hashing
from fognode.cli.main import run
from fognode.cli.store import check_store
from fognode.config import Config, load
from fognode.ledgers import reading
from fognode.ledgers.calls import Anchored
from fognode.store import backup as backup_module
from fognode.store.engines import database_file, open_engine
from fognode.store.reader import Reader
from fognode.store.schema import VERSIONS
from fognode.store.writer import Writer
from tests.store.test_migrations import DUMPS, load_sqlite

BODY = (
    b'{"boot_id":"5f3a9c0e","clock_ok":1,"facts":{"sensor":"L1"},"farm":"farm-7",'
    b'"happened_at_ms":1,"kind":"light_open","mono_ms":1,"origin":"b/cab01/17/42",'
    b'"recorded_at_ms":2,"v":1}'
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "fognode.toml"
    written.write_text(f'[farm]\nid = "farm-7"\nfolder = "{tmp_path}/node"\n')
    return written


@pytest.fixture
def config(path: Path) -> Config:
    return load(path, {})


def keep(config: Config) -> None:
    engines = open_engine(config, "writer"), open_engine(config, "reader")
    writer = Writer(engines[0], Reader(engines[1]))
    writer.keep([BODY])
    writer.close()
    for engine in engines:
        engine.dispose()


def spoil(config: Config) -> None:
    connection = sqlite3.connect(database_file(config))
    connection.execute("DROP TRIGGER event_no_update")
    connection.execute("UPDATE event SET hash = zeroblob(32)")
    connection.commit()
    connection.close()


def test_migrate_makes_the_database_and_says_its_schema(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["migrate", "--config", str(path)]) == 0
    assert run(["migrate", "--config", str(path)]) == 0
    said = f"the sqlite database has schema {VERSIONS[-1]}\n"
    assert capsys.readouterr().out == said * 2


def test_verify_before_migrate_names_the_cure(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", "--config", str(path)]) == 2
    assert "run fognode migrate" in capsys.readouterr().err


def test_verify_of_a_whole_record_returns_0(
    path: Path, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["migrate", "--config", str(path)])
    keep(config)
    capsys.readouterr()
    assert run(["verify", "--config", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("all matches: 1 events, head ")
    assert "anchors not checked: ask for them with --ledgers" in lines
    assert run(["verify", "--all", "--ledgers", "--config", str(path)]) == 0
    assert "anchors not checked: no chain is configured" in capsys.readouterr().out


def test_verify_of_a_changed_record_lists_each_finding_and_returns_1(
    path: Path, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["migrate", "--config", str(path)])
    keep(config)
    spoil(config)
    capsys.readouterr()
    assert run(["verify", "--config", str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "event seq 1: content: hash is not that of prev_hash and body"
    assert lines[1] == "event seq 1: shadow: the copy differs in hash"
    assert lines[-1].startswith("2 findings: 1 events, head 0000000000000000, ")
    assert run(["verify", "--json", "--config", str(path)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["events"], told["head"]) == (1, "00" * 32)
    assert [one["seq"] for one in told["findings"]] == [1, 1]
    assert told["findings"][0]["table"] == "event"
    assert len(told["notes"]) == 3
    assert run(["verify", "--key", "x", "--config", str(path)]) == 2
    assert "is not written name+id+key" in capsys.readouterr().err


@pytest.fixture
def on_chain(path: Path) -> Path:
    """A configuration with one chain, behind which nobody answers."""
    chain = {
        "name": '"private"',
        "url": '"http://127.0.0.1:9"',
        "chain_id": "31337",
        "contract": f'"0x{"0" * 40}"',
        "code_hash": f'"{"0" * 64}"',
        "farm": f'"0x{"0" * 40}"',
        "centre": f'"0x{"0" * 40}"',
        "keystore": '"k"',
    }
    text = "".join(f"{name} = {value}\n" for name, value in chain.items())
    path.write_text(path.read_text() + f"[[chain]]\n{text}")
    assert run(["migrate", "--config", str(path)]) == 0
    return path


def test_verify_says_which_chain_did_not_answer(
    on_chain: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", "--ledgers", "--config", str(on_chain)]) == 0
    assert "anchors not checked: private chain: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("size", "root", "told"),
    [
        (1, "", ""),
        (1, "00" * 32, "private chain block 7: root: the events 1 to 1 give another one"),
        (2, "", "private chain block 7: the database is shorter than the signed record: 1 of 2"),
    ],
)
def test_anchors_of_a_chain_are_compared_with_the_record(
    on_chain: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    root: str,
    told: str,
) -> None:
    keep(load(on_chain, {}))
    root = root or hashing.leaf_hash(BODY).hex()
    head = hashing.keccak(bytes(32) + (1).to_bytes(32) + bytes.fromhex(root) + size.to_bytes(32))
    anchored = Anchored(
        log_id="",
        number=1,
        size=size,
        root=root,
        head=head.hex(),
        actor="",
        tx_hash="",
        block_number=7,
        block_hash="",
    )
    monkeypatch.setattr(reading, "anchors_on_chain", lambda *_: ([anchored], (1, size, head.hex())))
    assert run(["verify", "--ledgers", "--config", str(on_chain)]) == (1 if told else 0)
    assert told in capsys.readouterr().out
    last = (2, size, "00" * 32)
    monkeypatch.setattr(reading, "anchors_on_chain", lambda *_: ([anchored], last))
    assert run(["verify", "--ledgers", "--config", str(on_chain)]) == 1
    said = "private chain: the node tells of 1 anchors, the contract of 2"
    assert said in capsys.readouterr().out


def test_doctor_lines_tell_what_is_well_and_what_sqlite_cannot_promise(
    path: Path, config: Config
) -> None:
    ((well, line),) = check_store(config)
    assert not well
    assert "run fognode migrate" in line
    run(["migrate", "--config", str(path)])
    lines = check_store(config)
    assert all(well for well, _ in lines)
    assert "0 events" in lines[0][1]
    assert any("no accounts" in line for _, line in lines)


def test_doctor_line_names_a_missing_password(tmp_path: Path) -> None:
    written = tmp_path / "m.toml"
    written.write_text('[farm]\nid = "f"\n[store]\nbackend = "mariadb"\n')
    ((well, line),) = check_store(load(written, {}))
    assert not well
    assert "db-reader" in line


def test_migrate_saves_an_older_database_first_unless_told_not_to(
    path: Path,
    config: Config,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load_sqlite(config, VERSIONS[0])

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(backup_module, "write_database", refuse)
        assert run(["migrate", "--config", str(path)]) != 0
    assert "no backup, so nothing was changed" in capsys.readouterr().err
    assert not check_store(config)[0][0]  # the older schema is still there
    assert run(["migrate", "--config", str(path)]) == 0
    said = capsys.readouterr().out
    [made] = (config.folder / "backups").glob("fognode-*.tar")
    assert f"backup before the upgrade: {made}\n" in said
    made.unlink()
    database_file(config).unlink()
    connection = sqlite3.connect(database_file(config))
    connection.executescript((DUMPS / f"{VERSIONS[0]}.sql").read_text(encoding="utf-8"))
    connection.close()
    assert run(["migrate", "--no-backup", "--config", str(path)]) == 0
    assert list((config.folder / "backups").glob("*.tar")) == []
