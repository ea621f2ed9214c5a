"""The trial's chains: anvil, and the chain in memory, behave alike."""

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fognode.errors import RefusedError
from fognode.hashing import token_id
from fognode.trial.chain_nodes import AnvilNode, connected
from fognode.trial.chains import Party, TrialChain, TrialChains, find_anvil, start_chains

pytestmark = pytest.mark.chain

GTIN = 7891234567895
HASH = bytes.fromhex("11" * 32)
BOTH = pytest.mark.parametrize("name", ["private", "public"])


def anvil() -> Path:
    found = find_anvil()
    if found is not None:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail("no anvil: run npm ci in contracts/")
    pytest.skip("no anvil: run npm ci in contracts/")


@pytest.fixture(scope="module", params=["anvil", "memory"])
def chains(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[TrialChains]:
    in_memory = request.param == "memory"
    if not in_memory:
        anvil()
    folder = tmp_path_factory.mktemp(request.param)
    with start_chains(folder, in_memory=in_memory) as started:
        yield started


def read(chain: TrialChain, view: str, *args: Any) -> Any:
    with chain.token() as (_, token):
        return token.get_function_by_name(view)(*args).call()


def birth(chains: TrialChains, chain: TrialChain) -> int:
    serial = secrets.token_hex(8)
    arguments = (chains.farm_address, GTIN, serial, 1_800_000_000, HASH, HASH)
    chains.device.write(chain, "register", *arguments)
    return int.from_bytes(token_id(str(GTIN), serial), "big")


def empty_and_offer(chains: TrialChains, chain: TrialChain, package: int) -> None:
    for seq, kind in ((2, 102), (3, 103), (4, 104)):
        chains.device.write(chain, "advance", package, seq, kind, HASH)
    chains.device.write(chain, "offer", package, 5, chains.centre.address, HASH)


def test_chains_have_their_own_ids_and_the_same_code(chains: TrialChains) -> None:
    assert (chains.private.chain_id, chains.public.chain_id) == (7001, 7002)
    assert chains.private.code_hash == chains.public.code_hash
    assert chains.private.label.startswith("trial ledger, ")
    assert chains.private.label == chains.public.label


@BOTH
def test_code_on_the_chain_is_the_compiled_one(chains: TrialChains, name: str) -> None:
    chain: TrialChain = getattr(chains, name)
    with chain.token() as (w3, token):
        assert w3.eth.chain_id == chain.chain_id
        assert w3.eth.get_block(0)["hash"].hex() == chain.genesis_hash
        assert w3.keccak(w3.eth.get_code(token.address)).hex() == chain.code_hash
        deployed = w3.eth.get_transaction_by_block(chain.deploy_block, 0)["hash"]
        assert w3.eth.get_transaction_receipt(deployed)["contractAddress"] == chain.contract


@BOTH
def test_everybody_has_one_role_and_money(chains: TrialChains, name: str) -> None:
    chain: TrialChain = getattr(chains, name)
    parties: dict[str, Party] = {
        "FARM": chains.farm,
        "DISPOSAL": chains.centre,
        "REGULATOR": chains.regulator,
    }
    with chain.token() as (w3, token):
        for role in (*parties, "FACTORY"):
            has = token.functions.hasRole(w3.keccak(text=role), chains.farm_address).call()
            assert has == (role == "FARM")
        for role, party in parties.items():
            assert token.functions.hasRole(w3.keccak(text=role), party.address).call()
            assert w3.eth.get_balance(w3.to_checksum_address(party.address)) > 99 * 10**18


def test_keystore_opens_with_its_password_for_its_owner_only(chains: TrialChains) -> None:
    from eth_account import Account  # noqa: PLC0415 - web3 costs 1 s at every collection

    kept = json.loads(chains.farm_keystore.read_text())
    key = Account.decrypt(kept, chains.farm_password)
    assert Account.from_key(key).address == chains.device.address
    assert kept["crypto"]["kdf"] == "pbkdf2"
    assert chains.farm_keystore.stat().st_mode & 0o777 == 0o600
    assert chains.farm_keystore.parent.stat().st_mode & 0o777 == 0o700


@BOTH
def test_package_travels_from_its_birth_to_the_centre(chains: TrialChains, name: str) -> None:
    chain: TrialChain = getattr(chains, name)
    package = birth(chains, chain)
    chains.device.write(chain, "record", package, 2, 1000, HASH)
    for seq, kind in ((3, 102), (4, 103), (5, 104)):
        chains.device.write(chain, "advance", package, seq, kind, HASH)
    chains.device.write(chain, "offer", package, 6, chains.centre.address, HASH)
    assert chains.centre.accept(chain, package) is not None
    _, seq, state, *_ = read(chain, "packageOf", package)
    assert (seq, state) == (7, 6)
    assert read(chain, "ownerOf", package) == chains.centre.address


def test_centre_leaves_what_is_not_offered(chains: TrialChains) -> None:
    package = birth(chains, chains.private)
    assert chains.centre.accept(chains.private, package) is None
    assert chains.centre.accept(chains.private, 404) is None


def test_centre_signs_the_same_receipt_on_both_chains(chains: TrialChains) -> None:
    serial = secrets.token_hex(8)
    number = int.from_bytes(token_id(str(GTIN), serial), "big")
    receipts = set()
    for chain in (chains.private, chains.public):
        chains.device.write(
            chain, "register", chains.farm_address, GTIN, serial, 1_800_000_000, HASH, HASH
        )
        empty_and_offer(chains, chain, number)
        chains.centre.accept(chain, token_id(str(GTIN), serial))
        with chain.token() as (_, token):
            taken = token.events.Record.get_logs(
                argument_filters={"id": number, "kind": 201}, from_block=chain.deploy_block
            )
        receipts |= {record["args"]["dataHash"] for record in taken}
    assert len(receipts) == 1


def test_second_writing_of_one_step_is_refused(chains: TrialChains) -> None:
    package = birth(chains, chains.private)
    chains.device.write(chains.private, "record", package, 2, 1000, HASH)
    with pytest.raises(RefusedError):
        chains.device.write(chains.private, "record", package, 2, 1000, HASH)


@BOTH
def test_restart_keeps_port_code_and_packages(chains: TrialChains, name: str) -> None:
    chain: TrialChain = getattr(chains, name)
    package = birth(chains, chain)
    url = chain.url
    chain.node.stop()
    with connected(url) as w3:
        assert not w3.is_connected()
    chain.node.start()
    chain.restart()
    assert chain.url == url
    assert read(chain, "ownerOf", package) == chains.farm_address
    chains.device.write(chain, "record", package, 2, 1000, HASH)


def test_refusals_carry_the_error_of_the_contract(chains: TrialChains) -> None:
    from web3.exceptions import ContractCustomError  # noqa: PLC0415

    package = birth(chains, chains.private)
    with pytest.raises(ContractCustomError) as unknown:
        read(chains.private, "packageOf", 404)
    assert unknown.value.data == "0x7e273289" + f"{404:064x}"
    with chains.private.token() as (w3, token), pytest.raises(ContractCustomError) as repeated:
        token.functions.record(package, 1, 1000, HASH).call({"from": w3.eth.accounts[0]})
    assert repeated.value.data == "0x495b17ea" + f"{package:064x}" + f"{2:064x}"


def test_refused_transactions_are_told_in_the_same_words(chains: TrialChains) -> None:
    from web3.exceptions import Web3RPCError  # noqa: PLC0415

    poor = Party()
    with chains.private.token() as (w3, token):
        call = token.encode_abi("anchor", args=[chains.farm_address, "log", 1, HASH, 1])
        raw = chains.device._signed(w3, chains.private, call)
        w3.eth.send_raw_transaction(raw)
        with pytest.raises(Web3RPCError, match="nonce too low"):
            w3.eth.send_raw_transaction(raw)
        with pytest.raises(Web3RPCError, match="Insufficient funds for gas"):
            w3.eth.send_raw_transaction(poor._signed(w3, chains.private, call))


def test_contract_makes_the_ids_that_hashing_makes(chains: TrialChains) -> None:
    found = read(chains.private, "tokenId", GTIN, "SN00000000")
    assert found.to_bytes(32, "big") == token_id(str(GTIN), "SN00000000")


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    anvil()
    foundry = Path.home() / ".foundry"
    before = sorted(foundry.rglob("*"))
    with start_chains(tmp_path) as started:
        nodes = [chain.node for chain in (started.private, started.public)]
        pids = [node.pid for node in nodes if isinstance(node, AnvilNode)]
        urls = [node.url for node in nodes]
    started.close()
    for url in urls:
        with connected(url) as w3:
            assert not w3.is_connected()
    assert all(pid and not _runs(pid) for pid in pids)
    assert sorted(foundry.rglob("*")) == before
    kept = {file.name for file in tmp_path.rglob("*") if file.is_file()}
    assert kept == {"private.json", "public.json", "private.log", "public.log", "device.json"}


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
