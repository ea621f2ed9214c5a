"""Two trial chains with the token on them, so that the whole appliance runs on one computer.

A chain is an anvil node of Foundry or, where there is none, py-evm in this process
(chain_nodes.py).  Every key is drawn anew for each trial, so an address of a trial means
nothing on any other chain.

The first account of the node, which it signs for itself, plays the consortium's admin.

All waits are bounded.  web3 is loaded when the first chain starts.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from fognode.errors import RefusedError
from fognode.trial.chain_nodes import CHAIN_IDS, POLL_S, AnvilNode, MemoryNode, Node, connected

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from eth_typing import ChecksumAddress
    from hexbytes import HexBytes
    from web3 import Web3
    from web3.contract import Contract
    from web3.types import TxReceipt

RECEIPT_S = 30
ADMIN_DELAY_S = 3600
POCKET_MONEY_WEI = 100 * 10**18  # of the 10,000 ether of the first account
DEPLOY_GAS = 5_000_000  # measured 3.15 M
WRITE_GAS = 200_000  # the dearest write of a party, accept, takes 83 k
KEY_ROUNDS = 1000  # its password is drawn: a million, as on a farm, would only cost 0.25 s
HERE = Path(__file__).resolve()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialChain:
    """One running chain with the token on it; the fields are those of ``[[chain]]``."""

    name: str
    chain_id: int
    contract: str
    deploy_block: int
    code_hash: str  # keccak of the runtime code, 64 hex digits
    genesis_hash: str  # 64 hex digits
    node: Node

    @property
    def url(self) -> str:
        """Where its JSON-RPC answers."""
        return self.node.url

    @property
    def label(self) -> str:
        """What the page must call it, for nobody to take it for a real ledger."""
        return self.node.label

    def restart(self) -> None:
        """Stop the node and start it on the same port with the same state."""
        self.node.stop()
        self.node.start()

    @contextmanager
    def token(self) -> Iterator[tuple[Web3, Contract]]:
        """Lend a connection and the contract on it."""
        with connected(self.url) as w3:
            yield w3, w3.eth.contract(_address(self.contract), abi=artifact()["abi"])


class Party:
    """Somebody with a key of his own who writes to the chains."""

    def __init__(self) -> None:
        self._account = _new_account()

    @property
    def address(self) -> str:
        """Checksummed address."""
        return str(self._account.address)

    def write(self, chain: TrialChain, method: str, *args: Any) -> str:
        """Call ``method`` of the token, wait until it is mined, return the hash of the transaction.

        Raises:
            RefusedError: The contract reverted.
        """
        with chain.token() as (w3, token):
            raw = self._signed(w3, chain, token.encode_abi(method, args=list(args)))
            receipt = _mined(w3, w3.eth.send_raw_transaction(raw))
        return "0x" + receipt["transactionHash"].hex()

    def keep_key(self, file: Path, password: str) -> None:
        """Write the key as a keystore that only the owner of the process reads."""
        from eth_account import Account  # noqa: PLC0415 - web3 costs 1 s, trials with chains only

        # pbkdf2: the default, scrypt, takes 303 MB to open, fatal on a Pi.
        sealed = Account.encrypt(self._account.key, password, kdf="pbkdf2", iterations=KEY_ROUNDS)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600, exist_ok=False)
        file.write_text(json.dumps(sealed))

    def _signed(self, w3: Web3, chain: TrialChain, call: Any) -> bytes:
        signed = self._account.sign_transaction(
            {
                "to": _address(chain.contract),
                "data": call,
                "value": 0,
                "gas": WRITE_GAS,
                "nonce": w3.eth.get_transaction_count(_address(self.address), "pending"),
                "chainId": chain.chain_id,
                "maxFeePerGas": 2 * w3.eth.get_block("latest")["baseFeePerGas"] + 10**9,
                "maxPriorityFeePerGas": 10**9,
            }
        )
        return bytes(signed.raw_transaction)


class Centre(Party):
    """The collection centre for empties: it confirms a return, the farm never does."""

    def __init__(self) -> None:
        super().__init__()
        self._receipts: dict[int, bytes] = {}

    def accept(self, chain: TrialChain, token_id: int | bytes) -> str | None:
        """Take a package over on ``chain`` when it is offered to us (kind 201).

        The hash of the receipt is the same on both chains.

        Returns:
            The hash of the transaction, or None when nothing is offered to us.
        """
        number = int.from_bytes(token_id, "big") if isinstance(token_id, bytes) else token_id
        with chain.token() as (_, token):
            offered_to, _ = token.functions.offerOf(number).call()
            if offered_to != self.address:
                return None
            seq = token.functions.packageOf(number).call()[1]
        receipt = self._receipts.setdefault(number, secrets.token_bytes(32))
        return self.write(chain, "accept", number, seq + 1, receipt)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialChains:
    """Both chains and everybody who writes to them.

    ``farm`` holds the tokens; ``device`` is the key of the box, operator of the farm, and
    the only one written down (``farm_keystore``).
    """

    private: TrialChain
    public: TrialChain
    farm: Party
    device: Party
    centre: Centre
    regulator: Party
    farm_keystore: Path
    farm_password: str

    @property
    def farm_address(self) -> str:
        """The account that holds the tokens."""
        return self.farm.address

    def close(self) -> None:
        """Stop both nodes; harmless when they are stopped."""
        self.private.node.stop()
        self.public.node.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def start_chains(
    folder: Path, block_time_s: int | None = None, *, in_memory: bool = False
) -> TrialChains:
    """Start both chains in ``folder``, deploy the token, give everybody a role and money.

    Without ``block_time_s`` a block is mined per transaction, so set confirmations to 1:
    no further block would come.  Call it from a thread that lives as long as the trial:
    the nodes end with it.

    Args:
        folder: State, logs and the keystore of this trial; made when missing.
        block_time_s: Seconds between blocks; the chain in memory knows no such thing.
        in_memory: Do without anvil also where it is installed.

    Raises:
        AwayError: A node did not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    binary = None if in_memory else find_anvil()
    nodes = {name: _node(name, folder, binary, block_time_s) for name in CHAIN_IDS}
    try:
        return _peopled(nodes, folder)
    except BaseException:
        for node in nodes.values():
            node.stop()
        raise


def find_anvil() -> Path | None:
    """Return the anvil of contracts/node_modules, else of the PATH, else None."""
    modules = HERE.parents[2] / "contracts" / "node_modules" / "@foundry-rs"
    pinned = sorted(modules.glob("anvil-linux-*/bin/anvil"))
    on_path = shutil.which("anvil")
    return pinned[0] if pinned else Path(on_path) if on_path else None


def artifact() -> dict[str, Any]:
    """Return the compiled token: ``abi``, ``bytecode``, ``code_hash`` and their origin."""
    packaged = HERE.parents[1] / "contracts" / "PackageToken.json"
    in_tree = HERE.parents[2] / "contracts" / "abi" / "PackageToken.json"
    made: dict[str, Any] = json.loads((packaged if packaged.exists() else in_tree).read_text())
    return made


def deploy(name: str, node: Node) -> TrialChain:
    """Put the token on a running node; its admin is the first account of the node.

    Raises:
        RefusedError: The node made no contract of it.
    """
    made = artifact()
    with connected(node.url) as w3:
        admin = w3.eth.accounts[0]
        token = w3.eth.contract(abi=made["abi"], bytecode=made["bytecode"])
        sent = token.constructor(ADMIN_DELAY_S, admin).transact({"from": admin, "gas": DEPLOY_GAS})
        receipt = _mined(w3, sent)
        contract = receipt["contractAddress"]
        if contract is None:
            raise RefusedError(f"no contract in {receipt}")
        return TrialChain(
            name=name,
            chain_id=w3.eth.chain_id,
            contract=contract,
            deploy_block=receipt["blockNumber"],
            code_hash=w3.keccak(w3.eth.get_code(contract)).hex(),
            genesis_hash=w3.eth.get_block(0)["hash"].hex(),
            node=node,
        )


def _node(name: str, folder: Path, binary: Path | None, block_time_s: int | None) -> Node:
    return AnvilNode(binary, folder, name, block_time_s) if binary else MemoryNode(name)


def _peopled(nodes: Mapping[str, Node], folder: Path) -> TrialChains:
    farm, device, centre, regulator = Party(), Party(), Centre(), Party()
    chains = {}
    for name, node in nodes.items():
        node.start()
        chain = chains[name] = deploy(name, node)
        _grant(chain, {"FARM": farm, "DISPOSAL": centre, "REGULATOR": regulator})
        _fund(chain, (farm, device, centre, regulator))
        farm.write(chain, "setApprovalForAll", device.address, True)
    keystore, password = folder / "keys" / "device.json", secrets.token_urlsafe(24)
    device.keep_key(keystore, password)
    return TrialChains(
        private=chains["private"],
        public=chains["public"],
        farm=farm,
        device=device,
        centre=centre,
        regulator=regulator,
        farm_keystore=keystore,
        farm_password=password,
    )


def _grant(chain: TrialChain, roles: Mapping[str, Party]) -> None:
    with chain.token() as (w3, token):
        grant = token.functions.grantRole
        admin = w3.eth.accounts[0]
        sent = [
            grant(w3.keccak(text=role), party.address).transact({"from": admin, "gas": WRITE_GAS})
            for role, party in roles.items()
        ]
        for each in sent:
            _mined(w3, each)


def _fund(chain: TrialChain, parties: tuple[Party, ...]) -> None:
    with connected(chain.url) as w3:
        sent = [
            w3.eth.send_transaction(
                {
                    "from": w3.eth.accounts[0],
                    "to": _address(party.address),
                    "value": w3.to_wei(POCKET_MONEY_WEI, "wei"),
                }
            )
            for party in parties
        ]
        for each in sent:
            _mined(w3, each)


def _mined(w3: Web3, tx_hash: HexBytes) -> TxReceipt:
    receipt = w3.eth.wait_for_transaction_receipt(tx_hash, RECEIPT_S, POLL_S)
    if receipt["status"] != 1:
        raise RefusedError(f"transaction {tx_hash.hex()} reverted")
    return receipt


def _address(text: str) -> ChecksumAddress:
    from web3 import Web3  # noqa: PLC0415

    return Web3.to_checksum_address(text)


def _new_account() -> LocalAccount:
    from eth_account import Account  # noqa: PLC0415

    account: LocalAccount = Account.from_key(secrets.token_bytes(32))
    return account
