"""What a chain holds, read through its node; no key is needed.

web3 costs a second and 40 MiB, so it is loaded by the first call, on the thread that calls.
Whatever is not the chain speaking (no connection, 5xx, no JSON, an RPC error) is an AwayError.
"""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from fognode.config import Chain
from fognode.errors import AwayError, ConfigError
from fognode.hashing import keccak, log_id
from fognode.ledgers.calls import Anchored, ChainFacts, Package, Receipt, Record, Revert
from fognode.ledgers.logs import (
    BATCH_TOPIC,
    LOG_RANGE,
    RECORD_TOPIC,
    bytes_of,
    find_logs,
    hex_of,
    read_anchored,
    read_record,
)

if TYPE_CHECKING:
    from web3 import Web3
    from web3.contract import Contract

TIMEOUT_S = 2
# What foreign code raises when a node answers something that is no JSON-RPC.
ODD_ANSWERS = (ValueError, KeyError, TypeError, AttributeError)


class ChainReader:
    """One chain through one node, for reading."""

    def __init__(self, settings: Chain, address: str = "") -> None:
        """Remember where things are; nothing is loaded or asked before the first call.

        Args:
            settings: The [[chain]].
            address: Whose balance ``facts`` tells; "" = nobody's.
        """
        self._settings, self._address = settings, address
        self._parts: tuple[Web3, Contract] | None = None
        self._errors: dict[str, str] = {}

    @property
    def sender(self) -> str:
        """The address of the box's own account."""
        return self._address

    def facts(self) -> ChainFacts:
        """Ask which chain this is and how far it got.

        Raises:
            AwayError: The node does not answer.
        """
        web3, contract = self._open()
        sender = self.sender
        with self._reading():
            head = web3.eth.get_block("latest")
            return ChainFacts(
                chain_id=int(web3.eth.chain_id),
                genesis_hash=hex_of(web3.eth.get_block(0)["hash"]),
                code_hash=keccak(bytes(web3.eth.get_code(contract.address))).hex(),
                head_number=int(head["number"]),
                head_hash=hex_of(head["hash"]),
                base_fee=int(head.get("baseFeePerGas", 0)),
                balance=_balance(web3, sender) if sender else 0,
            )

    def head_hash(self) -> str:
        """Return the hash of the newest block, in one call.

        Raises:
            AwayError: The node does not answer.
        """
        web3, _contract = self._open()
        with self._reading():
            return hex_of(web3.eth.get_block("latest")["hash"])

    def head_number(self) -> int:
        """Return the number of the newest block.

        Raises:
            AwayError: The node does not answer.
        """
        web3, _contract = self._open()
        with self._reading():
            return int(web3.eth.block_number)

    def block_time_ms(self, number: int) -> int:
        """Return when a block was made, by the chain's own clock.

        Raises:
            AwayError: The node does not answer, or has no such block.
        """
        web3, _contract = self._open()
        with self._reading():
            return int(web3.eth.get_block(number)["timestamp"]) * 1000

    def block_hash(self, number: int) -> str:
        """Return the hash of a block, "" when the chain does not reach so far.

        Raises:
            AwayError: The node does not answer.
        """
        from web3.exceptions import BlockNotFound  # noqa: PLC0415 - see module docstring

        web3, _contract = self._open()
        with self._reading():
            try:
                return hex_of(web3.eth.get_block(number)["hash"])
            except BlockNotFound:
                return ""

    def receipt(self, tx_hash: str) -> Receipt | None:
        """Return what became of a transaction; None while it is not mined.

        Raises:
            AwayError: The node does not answer, or is still building its index.
        """
        from web3.exceptions import TransactionNotFound  # noqa: PLC0415 - see module docstring

        web3, contract = self._open()
        with self._reading():
            try:
                found = web3.eth.get_transaction_receipt(bytes_of(tx_hash))
            except TransactionNotFound:
                return None
        ours = [log for log in found["logs"] if log["address"] == contract.address]
        return Receipt(
            tx_hash=tx_hash,
            ok=found["status"] == 1,
            block_number=int(found["blockNumber"]),
            block_hash=hex_of(found["blockHash"]),
            gas_used=int(found["gasUsed"]),
            gas_price=int(found["effectiveGasPrice"]),
            records=tuple(
                read_record(log) for log in ours if hex_of(log["topics"][0]) == RECORD_TOPIC
            ),
            anchors=tuple(
                read_anchored(log) for log in ours if hex_of(log["topics"][0]) == BATCH_TOPIC
            ),
        )

    def package(self, token_id: str) -> Package | None:
        """Return what the chain holds on a package; None when it was never registered.

        Raises:
            AwayError: The node does not answer.
        """
        from web3.exceptions import ContractLogicError  # noqa: PLC0415 - see module docstring

        _web3, contract = self._open()
        with self._reading():
            try:
                told = contract.functions.packageOf(int(token_id, 16)).call()
            except ContractLogicError as error:
                if self._revert(error).name == "ERC721NonexistentToken":
                    return None
                raise AwayError(f"packageOf of {token_id}: {error}") from error
        gtin, seq, state, hold, _expires, _updated, head = told
        return Package(gtin=gtin, seq=seq, state=state, hold=hold, head=bytes(head).hex())

    def records(self, first: int, last: int, token_id: str = "") -> list[Record]:
        """Return what was written in blocks ``first`` to ``last``, oldest first.

        Raises:
            AwayError: The node does not answer.
        """
        web3, contract = self._open()
        topics = [RECORD_TOPIC, *([f"0x{token_id}"] if token_id else [])]
        blocks = range(max(first, self._settings.deploy_block), last + 1, LOG_RANGE)
        with self._reading():
            return [read_record(log) for log in find_logs((web3, contract.address), topics, blocks)]

    def history(self, token_id: str) -> list[Record]:
        """Return all that was ever written on a package, oldest first.

        Raises:
            AwayError: The node does not answer.
        """
        return self.records(0, self.head_number(), token_id)

    def anchored(self, of_log: str) -> tuple[int, int, str]:
        """Return number, size and head of the last checkpoint of a log; zeros when none.

        Raises:
            AwayError: The node does not answer.
        """
        _web3, contract = self._open()
        with self._reading():
            number, size, head = contract.functions.anchorOf(bytes_of(of_log)).call()
        return int(number), int(size), bytes(head).hex()

    def anchors(self, of_log: str) -> list[Anchored]:
        """Return all checkpoints of a log, oldest first.

        Raises:
            AwayError: The node does not answer.
        """
        web3, contract = self._open()
        topics = [BATCH_TOPIC, f"0x{of_log}"]
        with self._reading():
            head = int(web3.eth.block_number)
            blocks = range(self._settings.deploy_block, head + 1, LOG_RANGE)
            return [
                read_anchored(log) for log in find_logs((web3, contract.address), topics, blocks)
            ]

    def _open(self) -> "tuple[Web3, Contract]":
        if self._parts is None:
            self._errors = _error_names(contract_abi())
            self._parts = _connected(self._settings)
        return self._parts

    def _reading(self) -> AbstractContextManager[None]:
        return _reading(self._settings.name)

    def _revert(self, error: Exception) -> Revert:
        given = getattr(error, "data", None)
        text = given if isinstance(given, str) else ""
        name = self._errors.get(text[:10], "")
        return Revert(name=name, text=f"{name or 'reverted'} {text[10:]}".strip()[:300])


def anchors_on_chain(settings: Chain, log: str) -> tuple[list[Anchored], tuple[int, int, str]]:
    """Return the checkpoints of our log on a chain, and what the contract says is the last.

    Needs no key.  Whether both agree, and with the record, ``anchor.objections`` tells.

    Raises:
        AwayError: The node does not answer.
        ConfigError: It is the node of another chain.
    """
    web3, contract = _connected(settings)
    wanted = log_id(settings.farm, log)
    with _reading(settings.name):
        chain_id, head = int(web3.eth.chain_id), int(web3.eth.block_number)
        number, size, last = contract.functions.anchorOf(wanted).call()
        blocks = range(settings.deploy_block, head + 1, LOG_RANGE)
        topics = [BATCH_TOPIC, hex_of(wanted)]
        found = [read_anchored(one) for one in find_logs((web3, contract.address), topics, blocks)]
    if chain_id != settings.chain_id:
        raise ConfigError(
            f"[[chain]] {settings.name}: chain id is {chain_id}, not {settings.chain_id}"
        )
    return found, (int(number), int(size), bytes(last).hex())


def _balance(web3: "Web3", address: str) -> int:
    return int(web3.eth.get_balance(web3.to_checksum_address(address)))


def _connected(settings: Chain) -> "tuple[Web3, Contract]":
    from web3 import HTTPProvider, Web3  # noqa: PLC0415 - see module docstring
    from web3.middleware import ExtraDataToPOAMiddleware  # noqa: PLC0415

    # Its own retry turns 2 s into 7, eth_sendRawTransaction too: switched off.
    provider = HTTPProvider(
        settings.url, request_kwargs={"timeout": TIMEOUT_S}, exception_retry_configuration=None
    )
    web3 = Web3(provider)
    # Consortium chains (IBFT, QBFT, Clique) sign blocks in extraData beyond 32 bytes.
    web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    address = Web3.to_checksum_address(settings.contract)
    contract: Any = web3.eth.contract(address=address, abi=contract_abi())
    return web3, contract


@contextmanager
def _reading(chain: str) -> Iterator[None]:
    from web3.exceptions import Web3Exception  # noqa: PLC0415 - see module docstring

    try:
        yield
    except OSError as error:  # of requests: its text holds the whole URL, keys and all
        raise AwayError(f"{chain} chain: {type(error).__name__}") from error
    except (*ODD_ANSWERS, Web3Exception) as error:
        raise AwayError(f"{chain} chain: {error!r}"[:300]) from error


def contract_abi() -> Any:
    """Return the ABI of PackageToken, as compiled and shipped."""
    return json.loads(files("fognode.contracts").joinpath("PackageToken.json").read_text())["abi"]


def _error_names(abi: Any) -> dict[str, str]:
    names = {}
    for entry in abi:
        if entry["type"] == "error":
            kinds = ",".join(item["type"] for item in entry["inputs"])
            selector = keccak(f"{entry['name']}({kinds})".encode())[:4]
            names[f"0x{selector.hex()}"] = entry["name"]
    return names
