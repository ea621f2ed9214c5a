"""Literals: worked out with other tools (printf | sha256sum), ../shared/facts/store.md 2."""

import hashlib
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fognode import hashing
from fognode.events import Event
from fognode.hashing import GENESIS, Stamp

STAMP = Stamp(
    farm="farm-7",
    boot_id="5f3a9c0e",
    mono_ms=86400171,
    recorded_at_ms=1795241520171,
    clock_ok=True,
)
LIGHT = Event(
    kind="light_open",
    origin="b/cab01/17/42",
    happened_at_ms=1795241520123,
    facts={"light_counts": 859, "sensor": "L1"},
    board_ms=123456,
)
B2 = (
    '{"boot_id":"5f3a9c0e","clock_ok":1,"facts":{"place":"Armário 1"},"farm":"farm-7",'
    '"happened_at_ms":1795241520123,"kind":"openBox","mono_ms":86400190,'
    '"origin":"r/open_box/13c61f0b4dbac55b1e26b7445599f1ed/1","recorded_at_ms":1795241520190,'
    '"rule_v":1,"v":1}'
).encode()


def test_frozen_body_is_the_worked_example_byte_for_byte() -> None:
    body = hashing.freeze(LIGHT, STAMP)
    assert len(body) == 244
    assert body.startswith(b'{"board_ms":123456,"boot_id":"5f3a9c0e","clock_ok":1,"facts":{"light')


def test_ids_and_hashes_are_those_of_the_worked_example() -> None:
    body = hashing.freeze(LIGHT, STAMP)
    first = hashing.link_hash(GENESIS, body)
    assert hashing.event_id(LIGHT.origin).hex() == "13c61f0b4dbac55b1e26b7445599f1ed"
    assert (
        hashing.leaf_hash(body).hex()
        == "8573a044ff9e9ff847a1bfb38219c677bafd29709618dcd6a66fd81ef261a299"
    )
    assert first.hex() == "35521edca00105a914e4f009c55c0a1ad6a275b26fd7a592729e348cc0c6c38e"
    assert (
        hashing.link_hash(first, B2).hex()
        == "ace65073ed6f894154e6e397dfa3dc833262bdb6907d75caa4e16775ded56ee9"
    )


def test_ids_of_frozen_bodies_are_read_off_their_bytes() -> None:
    told = Event(kind="rejected", origin="n/x/1", happened_at_ms=1, facts={"a": '"origin":"b/'})
    bodies = [hashing.freeze(LIGHT, STAMP), B2, hashing.freeze(told, STAMP)]
    assert hashing.frozen_ids(bodies) == [
        hashing.event_id(origin) for origin in (LIGHT.origin, json.loads(B2)["origin"], told.origin)
    ]
    assert hashing.frozen_ids([b'{"origin": "b/cab01/17/42"}', b"no event"]) == [b"", b""]


def test_a_name_in_another_unicode_form_gives_the_same_body() -> None:
    composed, apart = "Arm\u00e1rio", "Arma\u0301rio"
    bodies = {
        hashing.freeze(Event(kind="x", origin="n/x/1", happened_at_ms=1, facts={"a": t}), STAMP)
        for t in (composed, apart)
    }
    assert len(bodies) == 1


@pytest.mark.parametrize(
    "fact", [1.0, True, None, float("nan"), 2**53, {"ã": 1}, [1, None], {1: 2}, b"x"]
)
def test_a_value_that_two_readers_could_spell_differently_is_refused(fact: Any) -> None:
    """A31."""
    with pytest.raises(ValueError, match=r"neither|below|ASCII"):
        hashing.canonical_bytes({"fact": fact})


@pytest.mark.parametrize("origin", ["", "b/é/1/1", "n/" + "x" * 119])
def test_an_origin_that_is_no_short_ascii_text_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        hashing.freeze(Event(kind="x", origin=origin, happened_at_ms=1), STAMP)


def test_a_body_beyond_60000_bytes_is_refused() -> None:
    event = Event(kind="x", origin="n/x/1", happened_at_ms=1, facts={"text": "y" * 60_000})
    with pytest.raises(ValueError, match="bytes"):
        hashing.freeze(event, STAMP)


KEYS = st.text("abcXYZ_09", min_size=1, max_size=4)
VALUES = st.recursive(
    st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_canonical_bytes_are_those_of_rfc_8785(value: dict[str, Any]) -> None:
    try:
        expected = rfc8785.dumps(value)
    except rfc8785.CanonicalizationError:  # a lone surrogate: not text that a reader can send
        return
    assert hashing.canonical_bytes(value) == expected


def test_row_hash_leaves_out_null_and_the_hash_itself() -> None:
    values = {"id": "a", "raw": b"\x01", "note": None, "hash": b"\x00", "as_of_seq": 3}
    plain = json.dumps({"as_of_seq": 3, "id": "a", "raw": "01"}, separators=(",", ":"))
    assert hashing.row_hash(values) == hashlib.sha256(plain.encode()).digest()


def test_batch_of_rows_is_known_by_the_hashes_of_its_rows_in_order() -> None:
    one = bytes.fromhex("8573a044ff9e9ff847a1bfb38219c677bafd29709618dcd6a66fd81ef261a299")
    two = bytes.fromhex("eb01974a80885f1f51776e83ce4ac055cc5b2d4e92d7908d3b43ed2fbe41babd")
    # printf '\x03...' | sha256sum
    expected = "8f4d6dc3ad117a9ef0beac09d7f76331ebb08f7adc5650ff07f7462faf7470a6"
    assert hashing.batch_hash([one, two]).hex() == expected
    assert hashing.batch_hash([two, one]).hex() != expected
    empty = "084fed08b978af4d7d196a7446a86b58009e636b611db16211b65a9aadff29c5"
    assert hashing.batch_hash([]).hex() == empty


def test_token_id_is_that_of_the_contract() -> None:
    expected = "1150560442cb093ff6f848884d8a0b75661fcdb78a62553051751a4509179586"
    assert hashing.token_id("7891234567895", "SN00000000").hex() == expected
    assert hashing.token_id("07891234567895", "SN00000000").hex() == expected


def test_log_id_is_that_of_the_contract() -> None:
    farm = "0x" + "11" * 20  # the literal: eth_abi and eth_utils
    expected = "03067a17e9649e5d3c4dc41d577fb0000e2afa453fc0b84906aaec67841c39a6"
    assert hashing.log_id(farm, "fognode.example/farm-7").hex() == expected
    with pytest.raises(ValueError, match="20 bytes"):
        hashing.log_id("0x11", "fognode.example/farm-7")


def test_salt_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="16"):
        hashing.salted_hash(b"short", "0001")


def test_sha256_of_pieces_is_that_of_the_whole() -> None:
    assert hashing.sha256_of([b"a", b"", b"bc"]) == hashing.sha256(b"abc")


def test_keyed_hash_is_that_of_rfc_4231() -> None:
    # RFC 4231, 4.3, test case 2.
    assert hashing.keyed_hash(b"Jefe", b"what do ya want for nothing?").hex() == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_salted_hash_of_bytes_is_that_of_the_text_they_spell() -> None:
    salt = bytes(range(16))
    assert hashing.salted_hash(salt, "Ã") == hashing.salted_hash(salt, b"\xc3\x83")


def test_board_key_and_line_tag_are_the_worked_ones_of_the_protocol_document() -> None:
    key = hashing.board_key(bytes(range(32)), "cab01")
    assert key.hex() == "322f1a1114415c5df85de2cae5c5064a"
    nonce = bytes.fromhex("0011223344556677")
    tag = hashing.line_tag(bytes(range(16)), b"<", nonce, b"A,cab01,17,44")
    assert tag.hex().upper() == "037CACB8AAFC7A21"
    with pytest.raises(ValueError, match="31 bytes"):
        hashing.board_key(bytes(31), "cab01")
