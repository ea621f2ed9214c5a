"""Frames: the worked ones of docs/protocol.md, and everything that is none."""

import random
from itertools import pairwise
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fognode.boards.wire import (
    BoardEvent,
    Declare,
    Frame,
    Heartbeat,
    Hello,
    Refusal,
    Sample,
    Splitter,
    ack,
    config,
    decode,
    query,
    seal,
)
from fognode.errors import FrameError

VECTORS = Path(__file__).parents[1] / "vectors" / "frames.txt"
HEAD: Any = {"board": "cab01", "boot": 17}
WORKED: dict[bytes, Frame] = {
    b"$H,cab01,17,0,4,1,cabinet,0.1.0,2*0823305E\n": Hello(
        **HEAD, ms=4, protocol=1, kind="cabinet", version="0.1.0", declares=2
    ),
    b"$D,cab01,17,0,5,L1,light,counts,100*07B50084\n": Declare(
        **HEAD, ms=5, sensor="L1", type="light", unit="counts", period_ms=100
    ),
    b"$E,cab01,17,42,123456,L1,open,859*055872AD\n": BoardEvent(
        **HEAD, ms=123456, seq=42, sensor="L1", word="open", value="859"
    ),
    b"$E,cab01,17,43,123912,C1,in,04A1B2C3*5EAB4374\n": BoardEvent(
        **HEAD, ms=123912, seq=43, sensor="C1", word="in", value="04A1B2C3"
    ),
    b"$E,cab01,17,44,124300,W1,take,-80028*79BEDBDB\n": BoardEvent(
        **HEAD, ms=124300, seq=44, sensor="W1", word="take", value="-80028"
    ),
    b"$S,cab01,17,0,124500,L1=859,D1=415,W1=420013*3B281130\n": Sample(
        **HEAD, ms=124500, values=(("L1", 859), ("D1", 415), ("W1", 420013))
    ),
    b"$B,cab01,17,0,125000,3,0,1079*EF63F6FC\n": Heartbeat(
        **HEAD, ms=125000, pending=3, lost=0, free_bytes=1079
    ),
    b"$E,cab01,17,45,130000,D1,fault,-2*F9242E83\n": BoardEvent(
        **HEAD, ms=130000, seq=45, sensor="D1", word="fault", value="-2"
    ),
    b"$E,cab01,17,46,131000,C1,out,04A1B2C3*7E5A097F\n": BoardEvent(
        **HEAD, ms=131000, seq=46, sensor="C1", word="out", value="04A1B2C3"
    ),
    b"$N,cab01,17,0,5200,C,boot*1CFCD251\n": Refusal(**HEAD, ms=5200, refused="C", reason="boot"),
}
LINES = list(WORKED)
NONCE = bytes.fromhex("0011223344556677")


@pytest.mark.parametrize("line", LINES)
def test_worked_frame_says_what_the_protocol_document_says(line: bytes) -> None:
    assert decode(line) == WORKED[line]


@pytest.mark.parametrize("line", LINES)
def test_single_flipped_bit_is_always_noticed(line: bytes) -> None:
    for bit in range(len(line) * 8):
        broken = bytearray(line)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(FrameError):
            decode(bytes(broken))


def test_frames_of_the_firmware_are_understood() -> None:
    if not VECTORS.exists():
        pytest.skip("tests/vectors/frames.txt is not there")
    lines = [
        line.split(" ")[0].encode() + b"\n"
        for line in VECTORS.read_text().splitlines()
        if line[:2] in {"$H", "$D", "$E", "$S", "$B", "$N"} and "#" not in line.split("*")[0]
    ]
    assert lines
    for line in lines:
        decode(line)


@pytest.mark.parametrize(
    "body",
    [
        "E,cab01,17,042,123456,L1,open,859",  # leading zero
        "E,cab01,+17,42,123456,L1,open,859",
        "E,cab01,17,4_2,123456,L1,open,859",
        "E,cab01,65536,42,123456,L1,open,859",
        "E,cab01,17,65536,123456,L1,open,859",
        "E,cab01,17,42,4294967296,L1,open,859",
        "E,cab01,17,0,123456,L1,open,859",  # an event is never unsequenced
        "S,cab01,17,1,123456,L1=859",  # a sample always is
        "S,cab01,17,0,123456,L1=0859",
        "S,cab01,17,0,123456,L1=-0",
        "E,CAB01,17,42,123456,L1,open,859",
        "E,cabinet01,17,42,123456,L1,open,859",  # nine letters
        "E,any,17,42,123456,L1,open,859",  # only the fog may say any
        "E,cab01,17,42,123456,L1,open",
        "E,cab01,17,42,123456,L1,open,859,1",
        "E,cab01,17,42,123456,L1,open,",
        "X,cab01,17,42,123456",
        "Q,any,0,0011223344556677",  # our own words come back
        "A,cab01,17,44",
    ],
)
def test_frame_with_a_right_crc_but_outside_the_grammar_is_refused(body: str) -> None:
    with pytest.raises(FrameError):
        decode(seal(body))


def test_digits_of_another_script_are_refused() -> None:
    body = "E,cab01,17,42,123456,L1,open,\uff18\uff15\uff19".encode()
    with pytest.raises(FrameError):
        decode(b"$%b*%08X\n" % (body, crc32(body)))


def test_line_of_100_bytes_is_taken_and_of_101_refused() -> None:
    for length, is_taken in ((100, True), (101, False)):
        body = b"E,cab01,17,42,123456,L1,open,"
        body += b"7" * (length - len(body) - 11)
        line = b"$%b*%08X\n" % (body, crc32(body))
        assert len(line) == length
        assert (not isinstance(Splitter().feed(line)[0], FrameError)) is is_taken


def test_frame_with_a_mac_is_refused_on_a_serial_line() -> None:
    line = b"$E,cab01,17,42,123456,L1,open,859#8E47E8A5B582BE8B*59A8CCC0\n"
    with pytest.raises(FrameError):
        decode(line)


def good(told: list[Frame | FrameError]) -> list[Frame]:
    return [one for one in told if not isinstance(one, FrameError)]


def test_frames_come_out_whole_whatever_the_pieces() -> None:
    stream = b"".join(LINES)
    whole = Splitter().feed(stream)
    assert whole == list(WORKED.values())
    one = Splitter()
    assert [told for byte in stream for told in one.feed(bytes([byte]))] == whole


def test_carriage_returns_change_nothing() -> None:
    assert Splitter().feed(b"\r\n".join(b"".join(LINES).split(b"\n"))) == list(WORKED.values())


def test_frame_glued_to_a_cut_one_is_still_heard() -> None:
    assert good(Splitter().feed(LINES[2][:17] + LINES[3])) == [WORKED[LINES[3]]]


def test_lost_line_end_costs_the_frame_before_it_only() -> None:
    stream = LINES[2][:-1] + LINES[3] + LINES[4]
    one = Splitter()
    for told in (Splitter().feed(stream), [t for byte in stream for t in one.feed(bytes([byte]))]):
        # Counted as damaged: a gap is given up only after an answer that is clean.
        assert isinstance(told[0], FrameError)
        assert told[1:] == [WORKED[LINES[3]], WORKED[LINES[4]]]


def test_endless_line_is_one_error_and_takes_no_memory() -> None:
    splitter = Splitter()
    for _ in range(1000):
        assert splitter.feed(b"x" * 1000) == []
        assert len(splitter._rest) <= 100
    told = splitter.feed(b"\n" + LINES[2])
    assert isinstance(told[0], FrameError)
    assert told[1:] == [WORKED[LINES[2]]]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600), st.lists(st.integers(0, 600), max_size=8))
def test_any_bytes_in_any_pieces_tell_the_same(stream: bytes, cuts: list[int]) -> None:
    stream = stream.replace(b"\x00", LINES[3]).replace(b"\x01", b"$")
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    splitter = Splitter()
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    told = [one for piece in pieces for one in splitter.feed(piece)]
    whole = Splitter().feed(stream)
    assert good(told) == good(whole)
    assert len(told) == len(whole)


def test_of_100000_mutated_frames_none_is_taken_for_another() -> None:
    chance = random.Random(20)
    for _ in range(100_000):
        line = chance.choice(LINES)
        broken = bytearray(line)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(broken))
            match chance.randrange(3):
                case 0:
                    broken[at] = chance.choice(b"0123456789,$*-ABCDEFabcxyz\r\n")
                case 1:
                    broken.insert(at, chance.randrange(256))
                case _:
                    del broken[at]
        for told in good(Splitter().feed(bytes(broken))):
            assert told == WORKED[line]


FIELD = st.text(st.sampled_from('!"%&()+-./09:;<=>?@AZ[]^_`az{|}~'), min_size=1, max_size=12)


@settings(max_examples=300, deadline=None)
@given(
    st.from_regex(r"[a-z0-9-]{1,8}", fullmatch=True).filter(lambda b: b != "any"),
    st.integers(0, 65535),
    st.integers(1, 65535),
    st.integers(0, 2**32 - 1),
    FIELD,
)
def test_every_event_comes_back_as_it_was_sent(
    board: str, boot: int, seq: int, ms: int, value: str
) -> None:
    line = seal(f"E,{board},{boot},{seq},{ms},W1,take,{value}")
    assert decode(line) == BoardEvent(
        board=board, boot=boot, ms=ms, seq=seq, sensor="W1", word="take", value=value
    )


def test_orders_are_the_worked_ones() -> None:
    assert query("cab01", NONCE) == b"$Q,cab01,0,0011223344556677*0C6E1AA7\n"
    assert query("any", NONCE) == b"$Q,any,0,0011223344556677*D505B7B9\n"
    assert ack("cab01", 17, 44) == b"$A,cab01,17,44*56117FBE\n"
    assert ack("cab01", 16, 9) == b"$A,cab01,16,9*D2A2FBAD\n"
    assert config("cab01", 17, "L1", "on", 600) == b"$C,cab01,17,L1,on,600*89C10B4E\n"


def test_longest_order_fits_the_receive_buffer_of_a_board() -> None:
    assert len(query("abcdefgh", NONCE)) <= 63
    assert len(ack("abcdefgh", 65535, 65535)) <= 63
    assert len(config("abcdefgh", 65535, "L1", "threshold", 65535)) <= 63


def test_orders_are_refused_and_never_cut() -> None:
    with pytest.raises(ValueError, match="nonce has 7 bytes"):
        query("cab01", NONCE[:7])
    with pytest.raises(ValueError, match="is no board id"):
        query("Cab 01", NONCE)
    with pytest.raises(ValueError, match="cannot acknowledge"):
        ack("cab01", 17, 0)
    with pytest.raises(ValueError, match="cannot acknowledge"):
        ack("any", 17, 1)
    with pytest.raises(ValueError, match="boot 65536"):
        ack("cab01", 65536, 1)
    with pytest.raises(ValueError, match="longer than 63"):
        config("abcdefgh", 65535, "L1", "x" * 40, 65535)
    with pytest.raises(ValueError, match="cannot be sent"):
        config("cab01", 17, "L1", "on,off", 1)
    with pytest.raises(ValueError, match="is not 0 to"):
        config("cab01", 17, "L1", "on", -1)
    with pytest.raises(ValueError, match="cannot be sent"):
        seal("E," + "x" * 71)
