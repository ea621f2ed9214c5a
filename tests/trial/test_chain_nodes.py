"""A node of a trial, anvil or in memory, answers, stops and starts again with its state."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fognode.errors import AwayError
from fognode.trial.chain_nodes import CHAIN_IDS, AnvilNode, MemoryNode, Node, connected
from fognode.trial.chains import find_anvil

pytestmark = pytest.mark.chain


def anvil() -> Path:
    found = find_anvil()
    if found is not None:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail("no anvil: run npm ci in contracts/")
    pytest.skip("no anvil: run npm ci in contracts/")


@pytest.fixture(params=["anvil", "memory"])
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Node]:
    made: Node = (
        MemoryNode("public")
        if request.param == "memory"
        else AnvilNode(anvil(), tmp_path, "public", None)
    )
    made.start()
    yield made
    made.stop()


def test_node_answers_with_its_own_chain_id_on_loopback_only(node: Node) -> None:
    assert node.url.startswith("http://127.0.0.1:")
    with connected(node.url) as w3:
        assert w3.eth.chain_id == CHAIN_IDS["public"] == 7002


def test_stopped_node_answers_no_longer_and_starts_again_with_its_state(node: Node) -> None:
    url = node.url
    with connected(url) as w3:
        first, second = w3.eth.accounts[0], w3.eth.accounts[-1]
        sent = w3.eth.send_transaction({"from": first, "to": second, "value": w3.to_wei(7, "wei")})
        w3.eth.wait_for_transaction_receipt(sent, 10, 0.02)
        before = w3.eth.get_balance(second)
        node.stop()
        assert not w3.is_connected()
    node.start()
    assert node.url == url
    with connected(url) as w3:
        assert w3.eth.get_balance(second) == before


def test_stopping_twice_is_harmless(node: Node) -> None:
    node.stop()
    node.stop()


def test_unknown_method_is_an_error_reply(node: Node) -> None:
    with connected(node.url) as w3:
        reply = w3.provider.make_request("eth_nothing", [])  # type: ignore[arg-type]
    assert "error" in reply


def test_anvil_that_cannot_start_says_why(tmp_path: Path) -> None:
    binary = tmp_path / "anvil"
    binary.write_text("#!/bin/sh\necho out of luck >&2\nexit 3\n")
    binary.chmod(0o700)
    with pytest.raises(AwayError, match="out of luck"):
        AnvilNode(binary, tmp_path, "private", None).start()


def test_blocks_come_by_the_clock_when_asked(tmp_path: Path) -> None:
    node = AnvilNode(anvil(), tmp_path, "private", 1)
    try:
        node.start()
        deadline = time.monotonic() + 5
        with connected(node.url) as w3:
            while w3.eth.block_number == 0 and time.monotonic() < deadline:
                time.sleep(0.05)
            assert w3.eth.block_number > 0
    finally:
        node.stop()


def test_nodes_end_when_their_starter_is_killed(tmp_path: Path) -> None:
    anvil()
    script = (
        "import sys, time; from pathlib import Path; from fognode.trial.chains import *\n"
        "chains = start_chains(Path(sys.argv[1]))\n"
        "print(chains.private.node.pid, chains.public.node.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pids = [int(pid) for pid in starter.stdout.readline().split()]
        starter.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(map(_runs, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(pids) == 2
    assert not any(map(_runs, pids))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
