import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fognode.config import Chain
from fognode.errors import AwayError, UnclearError
from fognode.ledgers.calls import GAS, Answer, Call, Fees
from fognode.ledgers.evm import ChainNode

if TYPE_CHECKING:
    from collections.abc import Callable

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


@pytest.fixture
def node(tmp_path: Path) -> ChainNode:
    return ChainNode(CHAIN, tmp_path, "s3cret")


@pytest.fixture
def keyed(tmp_path: Path) -> "Callable[[str], ChainNode]":
    from dataclasses import replace  # noqa: PLC0415

    from eth_account import Account  # noqa: PLC0415

    def at(url: str) -> ChainNode:
        (tmp_path / "keys").mkdir(exist_ok=True)
        key = Account.encrypt(Account.create().key, "s3cret", kdf="pbkdf2", iterations=1000)
        (tmp_path / "keys" / "device.json").write_text(json.dumps(key))
        return ChainNode(replace(CHAIN, url=url), tmp_path, "s3cret")

    return at


def test_nothing_is_loaded_before_the_first_call(node: ChainNode) -> None:
    assert node._parts is None


def test_node_that_is_down_is_away_and_silence_after_sending_unclear(
    keyed: "Callable[[str], ChainNode]",
) -> None:
    node = keyed("http://127.0.0.1:1")
    with pytest.raises(AwayError, match="private chain"):
        node.facts()
    with pytest.raises(UnclearError):
        node.send("0x02")


@pytest.mark.parametrize(
    "answer",
    [
        (502, b"bad gateway"),
        (429, b""),
        (200, b"<html>hotel login</html>"),
        (200, b'{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"odd"}}'),
    ],
)
def test_whatever_is_not_the_chain_speaking_counts_as_away(
    keyed: "Callable[[str], ChainNode]",
    make_peer: "Callable[..., Peer]",
    answer: tuple[int, bytes],
) -> None:
    peer = make_peer(lambda *_: answer)
    with pytest.raises(AwayError):
        keyed(peer.url).facts()
    assert len(peer.got) == 1  # no retries behind our back


def test_retries_of_the_library_are_off_when_sending(
    keyed: "Callable[[str], ChainNode]", make_peer: "Callable[..., Peer]"
) -> None:
    peer = make_peer(lambda *_: None)
    with pytest.raises(UnclearError):
        keyed(peer.url).send("0x02")
    assert len(peer.got) == 1


# --- on a chain --------------------------------------------------------------------------


@pytest.mark.chain
def test_same_fields_are_signed_to_the_same_bytes(house: "House") -> None:
    node = house.node("private")
    call = Call(method="record", token_id="1" * 64, seq=2, kind=1001, data_hash="2" * 64)
    fees = Fees(max_fee=10**10, tip=10**9)
    assert node.sign(call, 7, fees) == node.sign(call, 7, fees)
    assert node.sign(call, 8, fees) != node.sign(call, 7, fees)


@pytest.mark.chain
def test_chain_facts_name_the_chain_and_its_code(house: "House", chains: "TrialChains") -> None:
    facts = house.node("public").facts()
    assert facts.chain_id == 7002
    assert facts.code_hash == chains.public.code_hash
    assert facts.genesis_hash == f"0x{chains.public.genesis_hash.removeprefix('0x')}"
    assert facts.balance > 0
    assert house.node("public").block_hash(10**9) == ""


@pytest.mark.chain
def test_revert_is_named_by_the_contracts_own_error(house: "House") -> None:
    node = house.node("private")
    call = Call(method="record", token_id="1" * 64, seq=2, kind=1001, data_hash="2" * 64)
    revert = node.check(call)
    assert revert is not None
    assert revert.name == "ERC721NonexistentToken"
    assert node.package("1" * 64) is None


@pytest.mark.chain
def test_gas_limits_leave_half_as_much_again(house: "House") -> None:
    package = house.package()
    package.enter()
    package.live()
    package.tell("package_restated", was=5, state=4, prepared=1, by="")  # an exit withdrawn
    lane = house.lane("private")
    for number in range(20):
        lane.pass_once(1_795_241_520_000 + number * 500)
    used: dict[str, int] = {}
    for row in house.outbox("private"):
        assert row["state"] == "FINAL"
        receipt = house.node("private").receipt(row["tx_hash"])
        assert receipt is not None
        used[row["method"]] = max(used.get(row["method"], 0), receipt.gas_used)
    assert {m: 1.4 <= GAS[m] / gas <= 2.2 for m, gas in used.items()} == dict.fromkeys(
        GAS.keys() - {"anchor"},
        True,  # that one: test_anchor.py
    ), used


@pytest.mark.chain
def test_answers_of_a_real_node_are_in_the_table(house: "House") -> None:
    node = house.node("private")
    facts = node.facts()
    call = Call(method="record", token_id="1" * 64, seq=2, kind=1001, data_hash="2" * 64)
    nonce = node.mined_count()
    cheap = node.sign(call, nonce, Fees(max_fee=1, tip=0))
    assert node.send(cheap.raw) is Answer.FEE_LOW
    signed = node.sign(call, nonce, node.fees(facts.base_fee))
    assert node.send(signed.raw) is Answer.TAKEN  # mined at once, and reverted
    assert node.send(signed.raw) in {Answer.KNOWN, Answer.NONCE_LOW}
    receipt = node.receipt(signed.tx_hash)
    assert receipt is not None
    assert not receipt.ok
    assert receipt.records == ()


@pytest.mark.chain
def test_chain_without_fees_is_offered_none(house: "House") -> None:
    assert house.node("private").fees(0) == Fees(max_fee=0, tip=0)
