from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from fognode.config import Chain
from fognode.errors import AwayError
from fognode.ledgers.reading import ChainReader
from tests.ledgers.passes import run

if TYPE_CHECKING:
    from fognode.trial.chains import TrialChains
    from tests.ledgers.conftest import House, Peer

CHAIN = Chain(
    name="private",
    url="http://127.0.0.1:1",
    chain_id=7001,
    contract="0x" + "12" * 20,
    code_hash="0" * 64,
    farm="0x" + "1" * 40,
    centre="0x" + "2" * 40,
    keystore="keys/device.json",
)


def test_nothing_is_loaded_before_the_first_call_and_nobody_there_is_away() -> None:
    reader = ChainReader(CHAIN)
    assert reader._parts is None
    with pytest.raises(AwayError, match="private chain"):
        reader.head_number()


def test_what_is_not_the_chain_speaking_is_away(make_peer: Callable[..., "Peer"]) -> None:
    from dataclasses import replace  # noqa: PLC0415

    peer = make_peer(lambda *_: (200, b"<html>hotel login</html>"))
    reader = ChainReader(replace(CHAIN, url=peer.url))
    for ask in (reader.facts, reader.head_hash, lambda: reader.block_time_ms(1)):
        with pytest.raises(AwayError):
            ask()


@pytest.mark.chain
def test_reading_needs_no_key(house: "House", chains: "TrialChains") -> None:
    package = house.package()
    package.enter()
    run(house.lane("private"), house)
    reader = ChainReader(house.settings("private", keystore="none.json"))
    [record] = reader.history(package.token)
    held = reader.package(package.token)
    assert held is not None
    assert (held.seq, held.head) == (1, record.head)
    assert reader.head_number() >= record.block_number
    assert reader.block_hash(record.block_number) == record.block_hash
    assert reader.block_time_ms(record.block_number) % 1000 == 0
    receipt = reader.receipt(record.tx_hash)
    assert receipt is not None
    assert receipt.records == (record,)
    assert receipt.gas_price > 0
    assert reader.facts().balance == 0  # nobody's was asked for
    told = ChainReader(house.settings("private"), chains.device.address.lower()).facts()
    assert told.balance > 0
