"""One chain through one node: sign, send, read back.  The only module that knows web3.

web3 costs a second and 40 MiB, so it is loaded by the first call, on the chain's own thread.
Foreign errors end here:

    no connection, 5xx, no JSON, an RPC error when reading    AwayError
    silence or any network error after sending                UnclearError
    a transaction the node will never take                    RefusedError
    a call that would revert                                  a Revert, returned
"""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fognode.config import Chain
from fognode.errors import AwayError, ConfigError, UnclearError
from fognode.hashing import keccak, log_id
from fognode.ledgers.calls import (
    GAS,
    Anchored,
    Answer,
    Call,
    ChainFacts,
    Fees,
    Package,
    Receipt,
    Record,
    Revert,
    Signed,
    arguments,
    read_answer,
)

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from web3 import Web3
    from web3.contract import Contract

TIMEOUT_S = 2
# What foreign code raises when a node answers something that is no JSON-RPC.
ODD_ANSWERS = (ValueError, KeyError, TypeError, AttributeError)
LOG_RANGE = 2000  # blocks in one eth_getLogs
RECORD_TOPIC = "0x56a5d820f6de1c19df6f3a8eecf4cc34f6563cb3ed25dad6741a30a2956da1cf"
BATCH_TOPIC = "0x2bd7e80ee5eeddcb0ab989f258decb1fc5fb72586e7e364b5906c2ffe7cd50f9"

# Accounts 0 to 9 of "test test test test test test test test test test test junk", whose keys
# everybody has.  Source: foundry, anvil, "Getting started".
WELL_KNOWN = frozenset(
    {
        "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
        "0x70997970c51812dc3a010c7d01b50e0d17dc79c8",
        "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc",
        "0x90f79bf6eb2c4f870365e785982e1f101e93b906",
        "0x15d34aaf54267db7d7c367839aaf71a00a2c6a65",
        "0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc",
        "0x976ea74026e726554db657fa54763abd0c3a0aa9",
        "0x14dc79964da2c08b23698b3d3cc7ca32193d9955",
        "0x23618e81e3f5cdf7f54c3d65f7fbc0abf5b21e8f",
        "0xa0ee7a142d267c1f36714e4a8f75612f20a79720",
    }
)


class ChainNode:
    """Our node of one chain, and the box's own key on it."""

    def __init__(self, settings: Chain, folder: Path, password: str) -> None:
        """Remember where things are; nothing is loaded or asked before the first call.

        Args:
            settings: The [[chain]].
            folder: DIR; a relative ``keystore`` lies in it.
            password: Credential ``chain-password``, opens the keystore.
        """
        self._settings = settings
        self._keystore = folder / settings.keystore
        self._password = password
        self._parts: tuple[Web3, Contract, LocalAccount] | None = None
        self._errors: dict[str, str] = {}

    @property
    def sender(self) -> str:
        """The address of the box's own account.

        Raises:
            ConfigError: As for ``facts``.
        """
        return str(self._open()[2].address)

    def facts(self) -> ChainFacts:
        """Ask which chain this is and how far it got.

        Raises:
            AwayError: The node does not answer.
            ConfigError: The keystore is missing, closed to us, or holds a key everybody has.
        """
        web3, contract, account = self._open()
        with self._reading():
            head = web3.eth.get_block("latest")
            return ChainFacts(
                chain_id=int(web3.eth.chain_id),
                genesis_hash=_hex(web3.eth.get_block(0)["hash"]),
                code_hash=keccak(bytes(web3.eth.get_code(contract.address))).hex(),
                head_number=int(head["number"]),
                head_hash=_hex(head["hash"]),
                base_fee=int(head.get("baseFeePerGas", 0)),
                balance=int(web3.eth.get_balance(account.address)),
            )

    def head_hash(self) -> str:
        """Return the hash of the newest block, in one call.

        Raises:
            AwayError: The node does not answer.
        """
        web3, _contract, _account = self._open()
        with self._reading():
            return _hex(web3.eth.get_block("latest")["hash"])

    def block_hash(self, number: int) -> str:
        """Return the hash of a block, "" when the chain does not reach so far.

        Raises:
            AwayError: The node does not answer.
        """
        from web3.exceptions import BlockNotFound  # noqa: PLC0415 - see module docstring

        web3, _contract, _account = self._open()
        with self._reading():
            try:
                return _hex(web3.eth.get_block(number)["hash"])
            except BlockNotFound:
                return ""

    def mined_count(self) -> int:
        """Return how many of our transactions are mined: the next nonce if none is pending.

        Raises:
            AwayError: The node does not answer.
        """
        web3, _contract, account = self._open()
        with self._reading():
            return int(web3.eth.get_transaction_count(account.address, "latest"))

    def fees(self, base_fee: int) -> Fees:
        """Return what to offer now; a chain without fees is offered none.

        Raises:
            AwayError: The node does not answer.
        """
        if base_fee == 0:
            return Fees(max_fee=0, tip=0)
        web3, _contract, _account = self._open()
        with self._reading():
            tip = int(web3.eth.max_priority_fee)
        return Fees(max_fee=2 * base_fee + tip, tip=tip)

    def check(self, call: Call) -> Revert | None:
        """Try a call without sending it; return why it would revert, if it would.

        Raises:
            AwayError: The node does not answer.
        """
        from web3.exceptions import ContractLogicError  # noqa: PLC0415 - see module docstring

        web3, contract, account = self._open()
        told: Any = {"from": account.address, "to": contract.address, "data": self._encoded(call)}
        with self._reading():
            try:
                web3.eth.call(told, "latest")
            except ContractLogicError as error:
                return self._revert(error)
        return None

    def sign(self, call: Call, nonce: int, fees: Fees) -> Signed:
        """Sign a call.  Deterministic (RFC 6979): the same fields give the same bytes."""
        _web3, contract, account = self._open()
        signed = account.sign_transaction(
            {
                "type": 2,
                "chainId": self._settings.chain_id,
                "to": contract.address,
                "value": 0,
                "data": self._encoded(call),
                "nonce": nonce,
                "gas": GAS[call.method],
                "maxFeePerGas": fees.max_fee,
                "maxPriorityFeePerGas": fees.tip,
            }
        )
        return Signed(raw=_hex(signed.raw_transaction), tx_hash=_hex(signed.hash), fees=fees)

    def send(self, raw: str) -> Answer:
        """Hand a signed transaction to the node.

        Raises:
            UnclearError: Nothing came back; send the same bytes again.
            AwayError: The node says something that this module does not know.
            RefusedError: These bytes will never be taken.
        """
        from web3.exceptions import Web3RPCError  # noqa: PLC0415 - see module docstring

        web3, _contract, _account = self._open()
        try:
            web3.eth.send_raw_transaction(_bytes(raw))
        except Web3RPCError as error:
            return read_answer(str(error))
        except (OSError, *ODD_ANSWERS) as error:
            words = type(error).__name__
            raise UnclearError(f"{self._settings.name} chain: {words}") from error
        return Answer.TAKEN

    def receipt(self, tx_hash: str) -> Receipt | None:
        """Return what became of a transaction; None while it is not mined.

        Raises:
            AwayError: The node does not answer, or is still building its index.
        """
        from web3.exceptions import TransactionNotFound  # noqa: PLC0415 - see module docstring

        web3, contract, _account = self._open()
        with self._reading():
            try:
                found = web3.eth.get_transaction_receipt(_bytes(tx_hash))
            except TransactionNotFound:
                return None
        ours = [log for log in found["logs"] if log["address"] == contract.address]
        return Receipt(
            tx_hash=tx_hash,
            ok=found["status"] == 1,
            block_number=int(found["blockNumber"]),
            block_hash=_hex(found["blockHash"]),
            gas_used=int(found["gasUsed"]),
            records=tuple(_record(log) for log in ours if _hex(log["topics"][0]) == RECORD_TOPIC),
            anchors=tuple(_anchored(log) for log in ours if _hex(log["topics"][0]) == BATCH_TOPIC),
        )

    def package(self, token_id: str) -> Package | None:
        """Return what the chain holds on a package; None when it was never registered.

        Raises:
            AwayError: The node does not answer.
        """
        from web3.exceptions import ContractLogicError  # noqa: PLC0415 - see module docstring

        _web3, contract, _account = self._open()
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
        web3, contract, _account = self._open()
        topics = [RECORD_TOPIC, *([f"0x{token_id}"] if token_id else [])]
        blocks = range(max(first, self._settings.deploy_block), last + 1, LOG_RANGE)
        with self._reading():
            return [_record(log) for log in _logs((web3, contract.address), topics, blocks)]

    def history(self, token_id: str) -> list[Record]:
        """Return all that was ever written on a package, oldest first.

        Raises:
            AwayError: The node does not answer.
        """
        web3, _contract, _account = self._open()
        with self._reading():
            head = int(web3.eth.block_number)
        return self.records(0, head, token_id)

    def anchored(self, of_log: str) -> tuple[int, int, str]:
        """Return number, size and head of the last checkpoint of a log; zeros when none.

        Raises:
            AwayError: The node does not answer.
        """
        _web3, contract, _account = self._open()
        with self._reading():
            number, size, head = contract.functions.anchorOf(_bytes(of_log)).call()
        return int(number), int(size), bytes(head).hex()

    def anchors(self, of_log: str) -> list[Anchored]:
        """Return all checkpoints of a log, oldest first.

        Raises:
            AwayError: The node does not answer.
        """
        web3, contract, _account = self._open()
        topics = [BATCH_TOPIC, f"0x{of_log}"]
        with self._reading():
            head = int(web3.eth.block_number)
            blocks = range(self._settings.deploy_block, head + 1, LOG_RANGE)
            return [_anchored(log) for log in _logs((web3, contract.address), topics, blocks)]

    def _encoded(self, call: Call) -> Any:
        _web3, contract, _account = self._open()
        return contract.encode_abi(call.method, args=arguments(call))

    def _open(self) -> "tuple[Web3, Contract, LocalAccount]":
        if self._parts is None:
            account = open_keystore(self._keystore, self._password)
            refuse_well_known(account.address, self._settings)
            self._errors = _error_names(contract_abi())
            self._parts = *_connected(self._settings), account
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
        topics = [BATCH_TOPIC, _hex(wanted)]
        found = [_anchored(one) for one in _logs((web3, contract.address), topics, blocks)]
    if chain_id != settings.chain_id:
        raise ConfigError(
            f"[[chain]] {settings.name}: chain id is {chain_id}, not {settings.chain_id}"
        )
    return found, (int(number), int(size), bytes(last).hex())


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


def open_keystore(path: Path, password: str) -> "LocalAccount":
    """Open the box's key.

    Raises:
        ConfigError: The file is missing, is no keystore, or the password does not open it.
    """
    from eth_account import Account  # noqa: PLC0415 - see module docstring

    try:
        account: LocalAccount = Account.from_key(Account.decrypt(path.read_text(), password))
    except OSError as error:
        raise ConfigError(f"keystore {path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"keystore {path} does not open with credential chain-password: {error}"
        ) from error
    return account


def new_keystore(password: str) -> tuple[str, str]:
    """Draw a key for the box; return its keystore, as JSON text, and its address."""
    from eth_account import Account  # noqa: PLC0415 - see module docstring

    account = Account.create()
    # The default, scrypt, takes 300 MB, which a small computer has not.
    return json.dumps(Account.encrypt(account.key, password, kdf="pbkdf2")), str(account.address)


def refuse_well_known(address: str, settings: Chain) -> None:
    """Let a key that everybody has serve on a trial chain only.

    Raises:
        ConfigError: The chain is not marked trial and the key is anvil's.
    """
    if address.lower() in WELL_KNOWN and not settings.trial:
        raise ConfigError(
            f"[[chain]] {settings.name}: everybody has the key of {address}; make one of your own"
        )


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


def _logs(where: "tuple[Web3, Any]", topics: list[str], blocks: range) -> Iterator[Any]:
    web3, address = where
    for start in blocks:
        wanted: Any = {
            "address": address,
            "topics": topics,
            "fromBlock": start,
            "toBlock": min(start + blocks.step, blocks.stop) - 1,
        }
        yield from web3.eth.get_logs(wanted)


def _anchored(log: Any) -> Anchored:
    data = bytes(log["data"])  # root, size, head: three words
    return Anchored(
        log_id=_hex(log["topics"][1])[2:],
        number=int.from_bytes(log["topics"][2]),
        actor=f"0x{bytes(log['topics'][3])[12:].hex()}",
        root=data[:32].hex(),
        size=int.from_bytes(data[32:64]),
        head=data[64:96].hex(),
        tx_hash=_hex(log["transactionHash"]),
        block_number=int(log["blockNumber"]),
        block_hash=_hex(log["blockHash"]),
    )


def _record(log: Any) -> Record:
    # All static: four words of data.  Contract ABI Specification, "Events".
    data = bytes(log["data"])
    words = [data[start : start + 32] for start in range(0, 128, 32)]
    return Record(
        token_id=_hex(log["topics"][1])[2:],
        seq=int.from_bytes(log["topics"][2]),
        kind=int.from_bytes(log["topics"][3]),
        state=int.from_bytes(words[0]),
        actor=f"0x{words[1][12:].hex()}",
        data_hash=words[2].hex(),
        head=words[3].hex(),
        tx_hash=_hex(log["transactionHash"]),
        block_number=int(log["blockNumber"]),
        block_hash=_hex(log["blockHash"]),
    )


def _hex(value: Any) -> str:
    # HexBytes.hex() gives no 0x.
    return f"0x{bytes(value).hex()}"


def _bytes(text: str) -> Any:
    return bytes.fromhex(text.removeprefix("0x"))
