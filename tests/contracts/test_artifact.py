"""contracts/abi/PackageToken.json is what the sources compile to, and keeps its promises."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fognode.hashing import keccak

CONTRACTS = Path(__file__).parents[2] / "contracts"
MADE: dict[str, Any] = json.loads((CONTRACTS / "abi" / "PackageToken.json").read_text())
RUNTIME = bytes.fromhex(MADE["runtime"].removeprefix("0x"))


def tool(name: str) -> str:
    """Path of node, or of forge in contracts/node_modules."""
    pinned = sorted(CONTRACTS.glob(f"node_modules/@foundry-rs/{name}-linux-*/bin/{name}"))
    found = str(pinned[0]) if pinned else shutil.which(name)
    if found is not None and (CONTRACTS / "node_modules").exists():
        return found
    absent = f"no {name}: install Node 20 and run npm ci in contracts/"
    if os.environ.get("CI") == "true":
        pytest.fail(absent)
    pytest.skip(absent)


def run(*command: str, **more: str) -> None:
    done = subprocess.run(
        command,
        cwd=CONTRACTS,
        env=os.environ | more,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


@pytest.mark.chain
def test_sources_compile_to_the_committed_artifact() -> None:
    """A67."""
    run(tool("node"), "compile.mjs", "--check")


@pytest.mark.chain
def test_contract_passes_its_own_tests(tmp_path: Path) -> None:
    """A66."""
    folders = {name: str(tmp_path / name) for name in ("HOME", "FOUNDRY_OUT", "FOUNDRY_CACHE_PATH")}
    run(tool("forge"), "test", **folders)


def signatures(kind: str) -> set[str]:
    return {
        f"{entry['name']}({','.join(given['type'] for given in entry['inputs'])})"
        for entry in MADE["abi"]
        if entry["type"] == kind
    }


def test_code_hash_is_that_of_the_runtime() -> None:
    assert keccak(RUNTIME).hex() == MADE["code_hash"]


def test_runtime_fits_a_block_chain_and_lies_in_the_deployed_code() -> None:
    assert len(RUNTIME) <= 24_576  # EIP-170
    assert MADE["bytecode"].endswith(MADE["runtime"].removeprefix("0x"))


def test_compiler_is_the_pinned_one() -> None:
    assert MADE["solc"].startswith("0.8.37+commit.f401782d")
    assert (MADE["evm_version"], MADE["optimizer_runs"]) == ("cancun", 200)


@pytest.mark.parametrize(
    ("kind", "signature", "selector"),
    [
        ("function", "packageOf(uint256)", "5a134e49"),
        ("error", "WrongSeq(uint256,uint32)", "495b17ea"),
        ("error", "NoRoute(address,address)", "81fff07f"),
        ("error", "ERC721InvalidSender(address)", "73c6ac6e"),
        ("error", "ERC721InsufficientApproval(address,uint256)", "177e802f"),
        ("error", "ERC721NonexistentToken(uint256)", "7e273289"),
    ],
)
def test_selector_that_readers_rely_on(kind: str, signature: str, selector: str) -> None:
    assert signature in signatures(kind)
    assert keccak(signature.encode())[:4].hex() == selector


def test_topic_that_the_page_filters_by() -> None:
    signature = "Record(uint256,uint32,uint16,uint8,address,bytes32,bytes32)"
    assert signature in signatures("event")
    topic = "56a5d820f6de1c19df6f3a8eecf4cc34f6563cb3ed25dad6741a30a2956da1cf"
    assert keccak(signature.encode()).hex() == topic


def test_package_is_seven_words_in_the_order_that_readers_rely_on() -> None:
    (package,) = [entry for entry in MADE["abi"] if entry.get("name") == "packageOf"]
    words = [output["name"] for output in package["outputs"]]
    assert words == ["gtin", "seq", "state", "hold", "expires", "updated", "head"]


def test_lock_file_names_no_registry_and_pins_every_package() -> None:
    packages = json.loads((CONTRACTS / "package-lock.json").read_text())["packages"]
    assert all("resolved" not in package for package in packages.values())
    assert all("integrity" in package for name, package in packages.items() if name)
    wanted = json.loads((CONTRACTS / "package.json").read_text())["devDependencies"]
    assert all(version[0].isdigit() for version in wanted.values())
