"""Pictures of a camera board: one head line, the pixels as they are, one end line; bytes only.

    $P,cam01,17,0,2101,7,320,240,76800*crc LF      number, width, height, bytes that follow
    76,800 bytes, a pixel each, from the top left; 0 = black
    $Z,cam01,17,0,4059,7,240,C492A8C2*crc LF       number, lines that are real, CRC-32 of the pixels

Raw bytes are taken after the one head that was asked for and after no other, for whatever stands
in them would else be a line.  A picture that is not whole is none.

Source: docs/protocol.md, section camera; PNG (ISO/IEC 15948), 5, 9.2, 11.2.2.
"""

import re
import struct
from dataclasses import dataclass
from zlib import compress, crc32

from fognode.boards import wire
from fognode.errors import FrameError

MOST_WIDE, MOST_HIGH = 640, 480  # pixels
N = wire.NUMBER
WHO = wire.BOARD + b"," + N + b",0," + wire.NUMBER.replace(b"(", b"(?:", 1) + b","
HEAD = re.compile(b"P," + WHO + b",".join([N] * 4))
END = re.compile(b"Z," + WHO + N + b"," + N + b",([0-9A-F]{8})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The picture that was asked for."""

    board: str
    boot: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A whole picture, a byte a pixel."""

    width: int
    height: int
    pixels: bytes


class PictureSplitter(wire.Splitter):
    """Cut what a camera board says into frames, and into the picture that is wanted.

    It holds at most one line and one picture.
    """

    def __init__(self) -> None:
        super().__init__()
        self.result: Picture | str | None = None  # the picture, or why it is none
        self._wanted: Wanted | None = None
        self._size = (0, 0)  # of the picture that comes; (0, 0) = none does
        self._pixels = bytearray()

    def expect(self, wanted: Wanted | None) -> None:
        """Take this picture when it comes, and forget any other; None = no picture."""
        self.result, self._wanted, self._size = None, wanted, (0, 0)
        self._pixels = bytearray()

    def feed(self, piece: bytes) -> list[wire.Frame | FrameError]:
        """Return what became whole, but pictures: those are in ``result``."""
        told: list[wire.Frame | FrameError] = []
        while piece:
            missing = self._size[0] * self._size[1] - len(self._pixels)
            if missing:
                self._pixels += piece[:missing]
                piece = piece[missing:]
                continue
            cut = piece.find(b"\n") + 1 or len(piece)
            for line in self.lines(piece[:cut]):
                told += self._hear(line)
            piece = piece[cut:]
        return told

    def _hear(self, line: bytes) -> list[wire.Frame | FrameError]:
        is_ending = self._size != (0, 0)
        try:
            body = wire.body_of(line)
            if head := HEAD.fullmatch(body):
                self._begin(line, head)
                return []
            if is_ending and (end := END.fullmatch(body)):
                self._end(end)
                return []
            frames: list[wire.Frame | FrameError] = [wire.decode(line)]
        except FrameError as error:
            frames = [error]
        if is_ending:
            self._spoil("bytes of it were lost on the way")
        return frames

    def _begin(self, line: bytes, head: re.Match[bytes]) -> None:
        board, boot, *numbers = head.groups()
        number, width, height, size = (int(digits) for digits in numbers)
        asked = Wanted(board=board.decode(), boot=int(boot), number=number)
        if asked != self._wanted or self.result is not None or self._size != (0, 0):
            raise FrameError(f"{line!r}: nobody asked for it")
        if not (0 < width <= MOST_WIDE and 0 < height <= MOST_HIGH and size == width * height):
            self._spoil(f"{width} x {height} pixels in {size} bytes are no picture")
            raise FrameError(f"{line!r}: that is no picture")
        self._size, self._pixels = (width, height), bytearray()

    def _end(self, end: re.Match[bytes]) -> None:
        board, boot, number, lines, crc = end.groups()
        told = Wanted(board=board.decode(), boot=int(boot), number=int(number))
        width, height = self._size
        if told != self._wanted:
            self._spoil("its end is that of another")
        elif int(lines) != height:
            self._spoil(f"the camera gave {int(lines)} of {height} lines")
        elif crc32(self._pixels) != int(crc, 16):
            self._spoil("bytes of it were altered on the way")
        else:
            pixels = bytes(self._pixels)
            self.result = Picture(width=width, height=height, pixels=pixels)
            self._size, self._pixels = (0, 0), bytearray()

    def _spoil(self, reason: str) -> None:
        self.result = reason
        self._size, self._pixels = (0, 0), bytearray()


def gray_png(picture: Picture) -> bytes:
    """Return a picture as a PNG file: 8 bits of grey, nothing lost; the same gives the same."""
    width = picture.width
    rows = (b"\0" + picture.pixels[at : at + width] for at in range(0, len(picture.pixels), width))
    header = struct.pack(">IIBBBBB", width, picture.height, 8, 0, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", compress(b"".join(rows), 6)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc32(kind + content))
    )
