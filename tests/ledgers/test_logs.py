from typing import TYPE_CHECKING, Any

import pytest

from fognode.hashing import keccak
from fognode.ledgers.logs import BATCH_TOPIC, RECORD_TOPIC, bytes_of, hex_of
from fognode.ledgers.reading import contract_abi

if TYPE_CHECKING:
    from tests.ledgers.conftest import House


def test_abi_is_the_one_the_record_reader_was_written_for() -> None:
    record = next(e for e in contract_abi() if e["type"] == "event" and e["name"] == "Record")
    kinds = ",".join(item["type"] for item in record["inputs"])
    assert kinds == "uint256,uint32,uint16,uint8,address,bytes32,bytes32"
    assert f"0x{keccak(f'Record({kinds})'.encode()).hex()}" == RECORD_TOPIC
    assert [item["name"] for item in record["inputs"] if item["indexed"]] == ["id", "seq", "kind"]


def test_topic_of_anchors_is_that_of_the_contracts_event() -> None:
    batch = next(e for e in contract_abi() if e["type"] == "event" and e["name"] == "Batch")
    kinds = ",".join(item["type"] for item in batch["inputs"])
    assert f"0x{keccak(f'Batch({kinds})'.encode()).hex()}" == BATCH_TOPIC


def test_hex_is_written_with_0x_and_read_with_or_without() -> None:
    assert hex_of(b"\x01\xab") == "0x01ab"
    assert bytes_of("0x01ab") == bytes_of("01ab") == b"\x01\xab"


@pytest.mark.chain
def test_records_are_found_in_ranges(house: "House", monkeypatch: pytest.MonkeyPatch) -> None:
    package = house.package()
    package.enter()
    package.handle("back")
    lane: Any = house.lane("private")
    for number in range(6):
        lane.pass_once(1_795_241_520_000 + number * 500)
    node = house.node("private")
    head = node.facts().head_number
    whole = node.records(0, head, package.token)
    monkeypatch.setattr("fognode.ledgers.reading.LOG_RANGE", 1)
    assert node.records(0, head, package.token) == whole
    assert [record.seq for record in whole] == [1, 2]
