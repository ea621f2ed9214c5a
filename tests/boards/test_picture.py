"""Pictures of a camera board: the bytes of docs/protocol.md, whole, cut, altered and hostile."""

import random
import struct
from zlib import crc32, decompress

import pytest

from fognode.boards.picture import MOST_HIGH, MOST_WIDE, Picture, PictureSplitter, Wanted, gray_png
from fognode.boards.wire import Heartbeat, seal
from fognode.errors import FrameError

# The worked picture of the document: 4 x 2 pixels, which hold a line's end and beginning.
WORKED = bytes.fromhex(
    "24502c63616d30312c31372c302c323130312c372c342c322c382a37463730353530300a"
    "00400a24ff80c010"
    "245a2c63616d30312c31372c302c323132302c372c322c35443845444145392a32423244334132320a"
)
PIXELS = bytes.fromhex("00400a24ff80c010")
WANTED = Wanted(board="cam01", boot=17, number=7)
BEAT = seal("B,cam01,17,0,5000,0,0,600")


def hearing(wanted: Wanted | None = WANTED) -> PictureSplitter:
    made = PictureSplitter()
    made.expect(wanted)
    return made


def sent(pixels: bytes = PIXELS, head: str = "7,4,2,8", end: str = "") -> bytes:
    end = end or f"7,2,{crc32(PIXELS):08X}"
    return seal(f"P,cam01,17,0,2101,{head}") + pixels + seal(f"Z,cam01,17,0,2120,{end}")


def test_worked_picture_is_read_whole() -> None:
    told = hearing()
    assert told.feed(WORKED) == []
    assert told.result == Picture(width=4, height=2, pixels=PIXELS)
    assert sent() == WORKED


def test_picture_in_pieces_of_any_size_between_lines_is_the_same() -> None:
    chance = random.Random(7)
    text = BEAT + WORKED + BEAT
    for _ in range(200):
        told, rest, frames = hearing(), text, []
        while rest:
            cut = chance.randint(1, 30)
            frames += told.feed(rest[:cut])
            rest = rest[cut:]
        assert told.result == Picture(width=4, height=2, pixels=PIXELS)
        assert [type(frame) for frame in frames] == [Heartbeat, Heartbeat]


def test_single_flipped_bit_is_always_noticed() -> None:
    for bit in range(len(WORKED) * 8):
        broken = bytearray(WORKED)
        broken[bit // 8] ^= 1 << bit % 8
        told = hearing()
        told.feed(bytes(broken) + BEAT)
        assert not isinstance(told.result, Picture)


def test_lost_byte_is_noticed_wherever_it_was_and_lines_are_heard_again() -> None:
    for at in range(len(WORKED)):
        told = hearing()
        told.feed(WORKED[:at] + WORKED[at + 1 :])
        told.feed(BEAT)
        assert not isinstance(told.result, Picture)
        assert [type(frame) for frame in told.feed(BEAT)] == [Heartbeat]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (sent(b"\1" + PIXELS), "lost"),  # a byte too many: the end begins in the midst of a line
        (sent(PIXELS[::-1]), "altered"),
        (sent(end=f"7,1,{crc32(PIXELS):08X}"), "the camera gave 1 of 2 lines"),
        (sent(end=f"8,2,{crc32(PIXELS):08X}"), "another"),
        (sent(head="7,4,2,9"), "4 x 2 pixels in 9 bytes"),
        (sent(head="7,0,2,0"), "0 x 2 pixels"),
        (sent(head=f"7,{MOST_WIDE + 1},1,{MOST_WIDE + 1}"), "641 x 1 pixels"),
        (sent(head=f"7,1,{MOST_HIGH + 1},{MOST_HIGH + 1}"), "1 x 481 pixels"),
        (sent(head="7,65536,65536,4294967296"), "65536 x 65536"),
        (sent(head="7,4,2,8").replace(b"$Z", b"$Y"), "lost"),
        (seal("P,cam01,17,0,1,7,4,2,8") + PIXELS + WORKED, "lost"),  # begun anew
    ],
)  # fmt: skip
def test_picture_that_is_not_whole_is_none_and_says_why(text: bytes, reason: str) -> None:
    told = hearing()
    told.feed(text + BEAT)
    assert isinstance(told.result, str)
    assert reason in told.result


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        Wanted(board="cam02", boot=17, number=7),
        Wanted(board="cam01", boot=16, number=7),
        Wanted(board="cam01", boot=17, number=6),
    ],
)
def test_picture_that_nobody_asked_for_swallows_no_lines(wanted: Wanted | None) -> None:
    told = hearing(wanted)
    head = WORKED[: WORKED.index(b"\n") + 1]
    first, second = told.feed(head + BEAT)
    assert (type(first), type(second)) == (FrameError, Heartbeat)
    assert told.result is None


def test_one_order_gives_one_picture() -> None:
    told = hearing()
    told.feed(WORKED)
    first, *_ = told.feed(WORKED)
    assert isinstance(first, FrameError)
    assert told.result == Picture(width=4, height=2, pixels=PIXELS)


def test_picture_that_is_given_up_leaves_the_line_to_lines() -> None:
    told = hearing()
    told.feed(WORKED[:40])
    told.expect(None)
    assert [type(frame) for frame in told.feed(b"\n" + BEAT)] == [FrameError, Heartbeat][-1:]
    assert told.result is None


def test_noise_without_end_is_never_held() -> None:
    told, chance = hearing(), random.Random(3)
    for _ in range(300):
        told.feed(chance.randbytes(1000).replace(b"\n", b"x"))
    assert len(told._rest) <= 100
    assert len(told._pixels) == 0


# --- PNG -----------------------------------------------------------------------------------


def chunks(content: bytes) -> dict[bytes, bytes]:
    """Take a PNG apart as its standard says, checking each CRC."""
    found, rest = {}, content[8:]
    while rest:
        (length,) = struct.unpack(">I", rest[:4])
        kind, body, crc = rest[4:8], rest[8 : 8 + length], rest[8 + length : 12 + length]
        assert struct.unpack(">I", crc)[0] == crc32(kind + body)
        found[kind], rest = body, rest[12 + length :]
    return found


def test_png_holds_every_pixel_in_its_place() -> None:
    content = gray_png(Picture(width=4, height=2, pixels=PIXELS))
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    found = chunks(content)
    assert list(found) == [b"IHDR", b"IDAT", b"IEND"]
    assert found[b"IHDR"] == bytes.fromhex("00000004 00000002 08 00 00 00 00")
    assert decompress(found[b"IDAT"]) == b"\0" + PIXELS[:4] + b"\0" + PIXELS[4:]
    assert gray_png(Picture(width=4, height=2, pixels=PIXELS)) == content
