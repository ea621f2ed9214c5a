import pytest

from fognode.errors import AwayError, RefusedError
from fognode.events import Json
from fognode.ledgers.calls import (
    GAS,
    GAS_RESERVE,
    Answer,
    Call,
    Fees,
    arguments,
    bumped,
    read_answer,
)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("{'code': -32000, 'message': 'already known'}", Answer.KNOWN),
        ("transaction already imported", Answer.KNOWN),
        ("nonce too low", Answer.NONCE_LOW),
        ("nonce too low: next nonce 7, tx nonce 6", Answer.NONCE_LOW),
        ("max fee per gas less than block base fee", Answer.FEE_LOW),
        ("replacement transaction underpriced", Answer.UNDERPRICED),
        ("Insufficient funds for gas * price + value", Answer.NO_FUNDS),
    ],
)
def test_what_a_node_says_is_understood(text: str, answer: Answer) -> None:
    assert read_answer(text) is answer


@pytest.mark.parametrize("text", ["intrinsic gas too low", "invalid chain id for signer"])
def test_bytes_that_no_node_will_take_are_refused(text: str) -> None:
    with pytest.raises(RefusedError, match=text):
        read_answer(text)


def test_words_nobody_knows_leave_the_bytes_owed() -> None:
    with pytest.raises(AwayError, match="lunch"):
        read_answer("back after lunch")


@pytest.mark.parametrize(
    ("old", "base_fee", "new"),
    [
        (Fees(max_fee=1000, tip=100), 10, Fees(max_fee=1125, tip=113)),
        (Fees(max_fee=1000, tip=100), 1000, Fees(max_fee=2113, tip=113)),
        (Fees(max_fee=9, tip=1), 0, Fees(max_fee=11, tip=2)),
    ],
)
def test_replacement_offers_an_eighth_more_in_both_and_enough_for_now(
    old: Fees, base_fee: int, new: Fees
) -> None:
    assert bumped(old, base_fee) == new


def test_reserve_pays_for_the_dearest_method() -> None:
    assert GAS_RESERVE == GAS["register"] == 240_000


def test_arguments_stand_in_the_contracts_order() -> None:
    token, data_hash = "00" * 31 + "07", "ab" * 32
    birth: dict[str, Json] = {"to": "0x1", "gtin": "07891234567895", "serial": "S", "expires_s": 9}
    register = Call(
        method="register",
        token_id=token,
        seq=1,
        kind=1,
        data_hash=data_hash,
        args={**birth, "invoice_hash": "cd" * 32},
    )
    assert arguments(register) == [
        "0x1", 7891234567895, "S", 9, b"\xcd" * 32, b"\xab" * 32
    ]  # fmt: skip
    record = Call(method="record", token_id=token, seq=3, kind=1001, data_hash=data_hash)
    assert arguments(record) == [7, 3, 1001, b"\xab" * 32]
    offer = Call(
        method="offer", token_id=token, seq=4, kind=200, data_hash=data_hash, args={"to": "0x2"}
    )
    assert arguments(offer) == [7, 4, "0x2", b"\xab" * 32]
    back = Call(method="withdrawOffer", token_id=token, seq=5, kind=202, data_hash=data_hash)
    assert arguments(back) == [7, 5, b"\xab" * 32]
