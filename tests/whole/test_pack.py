"""A pack asked of a running farm: signed and anchored for it, checked by a stranger offline."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from eth_typing import HexStr

from fognode.trial.farm import Farm

PERSON = "7d0c4c1e-6f0a-4a53-9f55-0d3f8f2b7a10"
pytestmark = pytest.mark.whole


def rows(pack: Path, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in zipfile.ZipFile(pack).read(name).splitlines()]


def checked(pack: Path) -> str:
    """Run the verifier that came with the pack, outside of fognode."""
    zipfile.ZipFile(pack).extract("check.py", pack.parent)
    check = [sys.executable, "-I", str(pack.parent / "check.py"), str(pack)]
    done = subprocess.run(check, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_receipts_of_both_chains_are_in_and_what_one_does_not_give_is_named(
    farm: Farm, tmp_path: Path
) -> None:
    farm.start()
    farm.expect("board_hello", 60)
    pack = tmp_path / "out.zip"
    farm.command("pack", "-o", str(pack))
    asked = farm.events("anchor_asked")[-1]["seq"]
    anchors = rows(pack, "anchors.jsonl")
    newest = {str(one["chain"]): one for one in anchors}
    assert newest.keys() == {"private", "public"}
    for chain in (farm.chains.private, farm.chains.public):
        one = newest[chain.name]
        assert int(str(one["size"])) >= asked
        assert (one["chain_id"], one["contract"]) == (chain.chain_id, chain.contract)
        with chain.token() as (w3, _):
            found = w3.eth.get_transaction_receipt(HexStr(str(one["tx_hash"])))
            assert found["status"] == 1
    words = checked(pack)
    assert "ALL CHECKS HOLD" in words
    assert "To be looked up on the chains, which this program cannot do" in words
    for one in newest.values():
        assert f"If transaction {one['tx_hash']} on chain {one['chain']}" in words
    farm.wait(lambda: "Anchored: public chain" in farm.get("record")[1], 20, "the page")
    farm.command("pack", "-o", str(pack))  # nothing happened since: nothing is anchored again
    assert len(farm.events("anchor_owed")) == len(farm.events("checkpoint_anchored")) // 2
    farm.chains.public.node.stop()
    farm.declare("person_set", {"person": PERSON, "alias": "ana-7", "badge": "B0A1C2D3"})
    farm.command("pack", "--wait", "3", "-o", str(pack))
    missing = zipfile.ZipFile(pack).read("missing.txt").decode()
    assert "on chain public within 3 s: the step is " in missing
    assert "on chain private within" not in missing
    assert "ALL CHECKS HOLD" in checked(pack)
