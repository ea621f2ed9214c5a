"""One chain through one node: sign, send, and all that reading.py reads.

web3 costs a second and 40 MiB, so it is loaded by the first call, on the chain's own thread.
Foreign errors end here and in reading.py:

    no connection, 5xx, no JSON, an RPC error when reading    AwayError
    silence or any network error after sending                UnclearError
    a transaction the node will never take                    RefusedError
    a call that would revert                                  a Revert, returned
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fognode.config import Chain
from fognode.errors import UnclearError
from fognode.ledgers.calls import GAS, Answer, Call, Fees, Revert, Signed, arguments, read_answer
from fognode.ledgers.keystore import open_keystore, refuse_well_known
from fognode.ledgers.logs import bytes_of, hex_of
from fognode.ledgers.reading import ODD_ANSWERS, ChainReader

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount


class ChainNode(ChainReader):
    """Our node of one chain, and the box's own key on it."""

    def __init__(self, settings: Chain, folder: Path, password: str) -> None:
        """Remember where things are; nothing is loaded or asked before the first call.

        Args:
            settings: The [[chain]].
            folder: DIR; a relative ``keystore`` lies in it.
            password: Credential ``chain-password``, opens the keystore.
        """
        super().__init__(settings)
        self._keystore = folder / settings.keystore
        self._password = password
        self._account: LocalAccount | None = None

    @property
    def sender(self) -> str:
        """The address of the box's own account.

        Raises:
            ConfigError: The keystore is missing, closed to us, or holds a key everybody has.
        """
        return str(self._own().address)

    def mined_count(self) -> int:
        """Return how many of our transactions are mined: the next nonce if none is pending.

        Raises:
            AwayError: The node does not answer.
        """
        account = self._own()
        web3, _contract = self._open()
        with self._reading():
            return int(web3.eth.get_transaction_count(account.address, "latest"))

    def fees(self, base_fee: int) -> Fees:
        """Return what to offer now; a chain without fees is offered none.

        Raises:
            AwayError: The node does not answer.
        """
        if base_fee == 0:
            return Fees(max_fee=0, tip=0)
        web3, _contract = self._open()
        with self._reading():
            tip = int(web3.eth.max_priority_fee)
        return Fees(max_fee=2 * base_fee + tip, tip=tip)

    def check(self, call: Call) -> Revert | None:
        """Try a call without sending it; return why it would revert, if it would.

        Raises:
            AwayError: The node does not answer.
        """
        from web3.exceptions import ContractLogicError  # noqa: PLC0415 - see module docstring

        account = self._own()
        web3, contract = self._open()
        told: Any = {"from": account.address, "to": contract.address, "data": self._encoded(call)}
        with self._reading():
            try:
                web3.eth.call(told, "latest")
            except ContractLogicError as error:
                return self._revert(error)
        return None

    def sign(self, call: Call, nonce: int, fees: Fees) -> Signed:
        """Sign a call.  Deterministic (RFC 6979): the same fields give the same bytes."""
        account = self._own()
        _web3, contract = self._open()
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
        return Signed(raw=hex_of(signed.raw_transaction), tx_hash=hex_of(signed.hash), fees=fees)

    def send(self, raw: str) -> Answer:
        """Hand a signed transaction to the node.

        Raises:
            UnclearError: Nothing came back; send the same bytes again.
            AwayError: The node says something that this module does not know.
            RefusedError: These bytes will never be taken.
        """
        from web3.exceptions import Web3RPCError  # noqa: PLC0415 - see module docstring

        web3, _contract = self._open()
        try:
            web3.eth.send_raw_transaction(bytes_of(raw))
        except Web3RPCError as error:
            return read_answer(str(error))
        except (OSError, *ODD_ANSWERS) as error:
            words = type(error).__name__
            raise UnclearError(f"{self._settings.name} chain: {words}") from error
        return Answer.TAKEN

    def _encoded(self, call: Call) -> Any:
        _web3, contract = self._open()
        return contract.encode_abi(call.method, args=arguments(call))

    def _own(self) -> "LocalAccount":
        if self._account is None:
            account = open_keystore(self._keystore, self._password)
            refuse_well_known(account.address, self._settings)
            self._account = account
        return self._account
