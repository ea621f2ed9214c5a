"""The MAC of a line: the worked bytes of docs/protocol.md, and every line that is not theirs."""

import random
import re
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fognode.boards.tags import TO_BOARD, TO_FOG, put_on, take_off
from fognode.boards.wire import ack, decode, query, seal
from fognode.errors import FrameError
from fognode.hashing import board_key

KEY = bytes(range(16))
NONCE = bytes.fromhex("0011223344556677")
EVENT = b"$E,cab01,17,42,123456,L1,open,859#8E47E8A5B582BE8B*59A8CCC0\n"
ACK = b"$A,cab01,17,44#037CACB8AAFC7A21*6D17B81B\n"
QUERY = b"$Q,cab01,0,0011223344556677#92BFBBDD23779B3B*E2701C11\n"


def test_worked_line_of_a_board_is_known_by_its_key_and_reads_as_on_a_serial_line() -> None:
    told = take_off(EVENT)
    assert told.is_of(KEY, NONCE, TO_FOG)
    assert told.plain == b"$E,cab01,17,42,123456,L1,open,859*055872AD\n"
    assert decode(told.plain).board == "cab01"


def test_worked_lines_of_the_fog_are_made() -> None:
    assert put_on(ack("cab01", 17, 44), KEY, NONCE, TO_BOARD) == ACK
    assert put_on(query("cab01", NONCE), KEY, NONCE, TO_BOARD) == QUERY


@pytest.mark.parametrize(
    ("key", "nonce", "direction"),
    [
        (bytes(16), NONCE, TO_FOG),
        (KEY, bytes(8), TO_FOG),
        (KEY, NONCE, TO_BOARD),
    ],
    ids=["another key", "another connection", "our own words come back"],
)
def test_line_of_another_key_connection_or_direction_is_not_known(
    key: bytes, nonce: bytes, direction: bytes
) -> None:
    assert not take_off(EVENT).is_of(key, nonce, direction)


def test_worked_bytes_in_the_protocol_document_are_right() -> None:
    """Requirement A28, and the third point of the issue's Ethernet part."""
    document = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
    part = document.partition("\n## Ethernet\n")[2].partition("\n## ")[0]
    lines = [f"{line}\n".encode() for line in re.findall(r"^  (\$\S+)", part, re.MULTILINE)]
    assert [line[1:2] for line in lines] == [b"Q", b"E", b"A", b"I", b"K"]
    tagged = [take_off(line) for line in lines]
    directions = (TO_BOARD, TO_FOG, TO_BOARD)
    assert all(
        told.is_of(KEY, NONCE, one) for told, one in zip(tagged[:3], directions, strict=True)
    )
    assert [told.mac for told in tagged[3:]] == [b"", b""]
    assert tagged[0].body.endswith(NONCE.hex().encode())
    shown = bytes.fromhex("".join(re.findall(r"^  ((?:[0-9a-f]{2} ?)+)$", part, re.MULTILINE)))
    assert shown == b">" + NONCE + tagged[1].body
    assert decode(tagged[1].plain) == decode(b"$E,cab01,17,42,123456,L1,open,859*055872AD\n")
    key = re.search(r"`([0-9a-f]{32})`", part)
    assert key is not None
    assert key[1] == board_key(bytes(range(32)), "cab01").hex()
    assert tagged[4].body.split(b",")[3].decode() == KEY.hex().upper()


def test_line_without_a_mac_is_nobodys() -> None:
    plain = take_off(seal("E,cab01,17,42,123456,L1,open,859"))
    assert plain.mac == b""
    assert not plain.is_of(KEY, NONCE, TO_FOG)


def test_no_key_is_no_key_that_anybody_has() -> None:
    anybody = put_on(seal("E,cab01,17,42,123456,L1,open,859"), b"", NONCE, TO_FOG)
    assert not take_off(anybody).is_of(b"", NONCE, TO_FOG)


def test_altered_body_under_a_right_crc_is_never_known() -> None:
    chance = random.Random(7)
    body, mac = EVENT[1:33], EVENT[34:50].decode()
    for _ in range(2000):
        other = bytearray(body)
        other[chance.randrange(len(other))] = chance.choice(b"0123456789abcLV,-")
        if bytes(other) == body:
            continue
        told = take_off(_with_crc(f"{other.decode()}#{mac}"))
        assert not told.is_of(KEY, NONCE, TO_FOG)


def _with_crc(body: str) -> bytes:
    return f"${body}*{crc32(body.encode()):08X}\n".encode()


@pytest.mark.parametrize(
    "body",
    [
        "A,cab01,17,44#037CACB8AAFC7A2",  # 15 digits
        "A,cab01,17,44#037cacb8aafc7a21",
        "A,cab01,17,44#037CACB8AAFC7A21#037CACB8AAFC7A21",
        "A,cab01,17,44#",
        "#037CACB8AAFC7A21",
    ],
)
def test_line_whose_mac_is_misspelt_is_refused(body: str) -> None:
    with pytest.raises(FrameError):
        take_off(_with_crc(body))


def test_single_flipped_bit_is_always_noticed() -> None:
    for bit in range(len(EVENT) * 8):
        broken = bytearray(EVENT)
        broken[bit // 8] ^= 1 << bit % 8
        try:
            told = take_off(bytes(broken))
        except FrameError:
            continue
        assert not told.is_of(KEY, NONCE, TO_FOG)


def test_longest_body_takes_a_mac_within_100_bytes_and_a_longer_one_none() -> None:
    longest = seal("E,cab01,17,42,123456,L1,open," + "7" * 43)
    assert len(put_on(longest, KEY, NONCE, TO_FOG)) == 100
    with pytest.raises(FrameError):
        put_on(put_on(longest, KEY, NONCE, TO_FOG), KEY, NONCE, TO_FOG)


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8))
def test_what_is_put_on_is_taken_off(key: bytes, nonce: bytes) -> None:
    line = seal("B,cab01,17,0,125000,3,0,1079")
    told = take_off(put_on(line, key, nonce, TO_FOG))
    assert told.is_of(key, nonce, TO_FOG)
    assert told.plain == line
