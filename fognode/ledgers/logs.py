"""The contract's logs as a node gives them, and as typed values."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fognode.ledgers.calls import Anchored, Record

if TYPE_CHECKING:
    from web3 import Web3

LOG_RANGE = 2000  # blocks in one eth_getLogs
RECORD_TOPIC = "0x56a5d820f6de1c19df6f3a8eecf4cc34f6563cb3ed25dad6741a30a2956da1cf"
BATCH_TOPIC = "0x2bd7e80ee5eeddcb0ab989f258decb1fc5fb72586e7e364b5906c2ffe7cd50f9"


def find_logs(where: "tuple[Web3, Any]", topics: list[str], blocks: range) -> Iterator[Any]:
    """Yield the logs with these topics in ``blocks``, one question per step of the range."""
    web3, address = where
    for start in blocks:
        wanted: Any = {
            "address": address,
            "topics": topics,
            "fromBlock": start,
            "toBlock": min(start + blocks.step, blocks.stop) - 1,
        }
        yield from web3.eth.get_logs(wanted)


def read_anchored(log: Any) -> Anchored:
    """Read a Batch log."""
    data = bytes(log["data"])  # root, size, head: three words
    return Anchored(
        log_id=hex_of(log["topics"][1])[2:],
        number=int.from_bytes(log["topics"][2]),
        actor=f"0x{bytes(log['topics'][3])[12:].hex()}",
        root=data[:32].hex(),
        size=int.from_bytes(data[32:64]),
        head=data[64:96].hex(),
        tx_hash=hex_of(log["transactionHash"]),
        block_number=int(log["blockNumber"]),
        block_hash=hex_of(log["blockHash"]),
    )


def read_record(log: Any) -> Record:
    """Read a Record log."""
    # All static: four words of data.  Contract ABI Specification, "Events".
    data = bytes(log["data"])
    words = [data[start : start + 32] for start in range(0, 128, 32)]
    return Record(
        token_id=hex_of(log["topics"][1])[2:],
        seq=int.from_bytes(log["topics"][2]),
        kind=int.from_bytes(log["topics"][3]),
        state=int.from_bytes(words[0]),
        actor=f"0x{words[1][12:].hex()}",
        data_hash=words[2].hex(),
        head=words[3].hex(),
        tx_hash=hex_of(log["transactionHash"]),
        block_number=int(log["blockNumber"]),
        block_hash=hex_of(log["blockHash"]),
    )


def hex_of(value: Any) -> str:
    """Return bytes as 0x and hex digits, which HexBytes.hex() gives without 0x."""
    return f"0x{bytes(value).hex()}"


def bytes_of(text: str) -> Any:
    """Return the bytes that hex digits spell, with 0x before them or without."""
    return bytes.fromhex(text.removeprefix("0x"))
