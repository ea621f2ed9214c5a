"""The node as a process: damage of its spool, and a pack asked of it, end in the record."""

import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from fognode.config import load
from fognode.store.checkpoint import new_key
from fognode.store.pack_check import check_pack
from fognode.store.prepare import prepare_database
from tests.daemon.test_glance import CHAIN
from tests.daemon.test_node import TOML, get

pytestmark = pytest.mark.whole  # each runs the node several times


@pytest.fixture
def config(tmp_path: Path) -> Path:
    chain = "\n".join(f"{key} = {json.dumps(value)}" for key, value in CHAIN.items())
    written = tmp_path / "fognode.toml"
    written.write_text(TOML.format(folder=tmp_path) + chain)
    (tmp_path / "chain-password").write_text("none")
    (tmp_path / "checkpoint-key").write_text(new_key())
    sealed = Account.encrypt(Account.create().key, "none", kdf="pbkdf2", iterations=2)
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / CHAIN["keystore"]).write_text(json.dumps(sealed))
    prepare_database(load(written))
    return written


def command(config: Path, *words: str) -> dict[str, Any]:
    environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(config.parent)}
    arguments = [sys.executable, "-m", "fognode", *words, "--config", str(config)]
    return {"args": arguments, "env": environment}


@contextmanager
def running(config: Path) -> Iterator[Path]:
    """Run a node; at the end it is killed, as a power cut would."""
    folder = config.parent / "node"
    (folder / "page.url").unlink(missing_ok=True)
    process = subprocess.Popen(**command(config, "run"), stderr=subprocess.PIPE)
    try:
        wait(lambda: (folder / "page.url").exists() or process.poll() is not None)
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        yield folder
    finally:
        process.kill()
        process.communicate()


def wait(there: Callable[[], Any], seconds: float = 40) -> Any:
    until = time.monotonic() + seconds
    while not (found := there()):
        assert time.monotonic() < until
        time.sleep(0.1)
    return found


def listed(folder: Path, name: str, **wanted: str) -> list[dict[str, Any]]:
    found = json.loads(get(folder, f"/api/v1/{name}?limit=500")[1])[name]
    return [one for one in found if all(one[key] == value for key, value in wanted.items())]


def cuts(folder: Path) -> list[dict[str, Any]]:
    return listed(folder, "events", kind="spool_tail_cut")


def started(folder: Path, count: int) -> None:
    """Wait until the start of the node, and so all that was offered before it, is kept."""
    wait(lambda: len(listed(folder, "events", kind="node_started")) == count)


def test_a_torn_last_record_is_told_once_as_information_and_shown(config: Path) -> None:
    with running(config) as folder:
        started(folder, 1)
        assert cuts(folder) == []
    path = folder / "spool" / "000000000000.spool"
    path.write_bytes(path.read_bytes() + b"\xf4\x00\x00\x00torn")
    with running(config):
        [cut] = wait(lambda: cuts(folder))
        assert cut["facts"]["file"] == path.name
        assert (cut["facts"]["bytes"], cut["facts"]["records_after"]) == (8, 0)
        assert cut["facts"]["records_before"] >= 1
        [alert] = wait(lambda: listed(folder, "alerts", rule="spool_tail_cut"))
        assert (alert["severity"], alert["state"]) == ("info", "firing")
        shown = wait(lambda: [p for p in [get(folder, "/record")[1]] if "End of the spool" in p])
        assert "8 bytes of <code>000000000000.spool</code>" in shown[0]
        assert "broken off, as by a power cut" in shown[0]
        [kept] = (folder / "spool").glob("*.cut*")
        assert kept.name == cut["facts"]["kept_in"]
    with running(config):
        started(folder, 3)
        assert len(cuts(folder)) == 1


def test_damage_in_the_middle_is_told_as_critical_with_what_stood_behind_it(config: Path) -> None:
    for count in (1, 2, 3):
        with running(config) as folder:
            started(folder, count)
    path = folder / "spool" / "000000000000.spool"
    content = bytearray(path.read_bytes())
    content[60] ^= 1  # within the first body
    path.write_bytes(content)
    with running(config):
        [cut] = wait(lambda: cuts(folder))
        assert cut["facts"]["records_before"] == 0
        assert cut["facts"]["records_after"] >= 2
        [alert] = wait(lambda: listed(folder, "alerts", rule="spool_damaged"))
        assert (alert["severity"], alert["state"]) == ("critical", "firing")
        assert "whole ones among them" in alert["text"]
        # The database had them: nothing is doubled, nothing is lost.
        started(folder, 4)
        origins = [told["origin"] for told in listed(folder, "events")]
        assert len(set(origins)) == len(origins)


def test_a_pack_is_signed_up_to_its_question_and_names_the_chain_that_is_away(
    config: Path, tmp_path: Path
) -> None:
    made = tmp_path / "out.zip"
    words = ("pack", "--wait", "1", "-o", str(made))
    with running(config) as folder:
        started(folder, 1)
        told = subprocess.run(**command(config, *words), check=True, capture_output=True, text=True)
        [asked] = listed(folder, "events", kind="anchor_asked")
        [owed] = listed(folder, "events", kind="anchor_owed")
        assert owed["facts"]["size"] >= asked["seq"]
        again = subprocess.run(
            **command(config, *words), check=True, capture_output=True, text=True
        )
        assert len(listed(folder, "events", kind="anchor_owed")) <= 2
    assert "no anchor of " in told.stdout
    assert "on chain private within 1 s: the step is QUEUED, the chain is" in told.stdout
    assert "missing: " in again.stdout
    report = check_pack(made.read_bytes())
    assert report.problems == []
    missing = zipfile.ZipFile(made).read("missing.txt").decode()
    assert "on chain private within 1 s" in missing
    told = subprocess.run(**command(config, *words), check=True, capture_output=True, text=True)
    assert "neither a checkpoint nor an anchor was made for this pack: no appliance" in told.stdout
    assert check_pack(made.read_bytes()).problems == []
