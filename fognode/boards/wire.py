"""FL1, the line protocol: frames to facts and back; bytes only.

    frame = "$" body "*" crc LF   at most 100 bytes; CR is ignored, "$" restarts anywhere
    body  = type "," board "," boot "," seq "," ms *( "," field )   board to fog
          / type "," board "," boot *( "," field )                  fog to board
    crc   = CRC-32 of the body, 8 upper-case hex digits

Each type has one pattern that must match before anything is converted, because ``int``
alone also takes "+1", "0_1" and digits of other scripts.  A serial line carries no MAC; how
one is put on and taken off a line of a network: tags.py.

Source: docs/protocol.md.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

from fognode.errors import FrameError

PROTOCOL = 1
MAX_LINE = 100  # bytes, LF included
MAX_ORDER = 63  # bytes to a board: its receive buffer holds 64
MAX_BODY = 72  # bytes; leaves room for a MAC in every frame
U16, U32 = 2**16 - 1, 2**32 - 1
ANY_BOARD = "any"  # only the fog may say it


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What every frame of a board says."""

    board: str
    boot: int  # starts of the board, modulo 65,536
    ms: int  # the board's clock when the frame, or an event's happening, was made


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello(Told):
    """H: who speaks; ``declares`` D lines follow, then every event not yet acknowledged."""

    protocol: int
    kind: str
    version: str
    declares: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Declare(Told):
    """D: one sensor of the board."""

    sensor: str
    type: str
    unit: str
    period_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardEvent(Told):
    """E: a happening the board keeps until it is acknowledged."""

    seq: int  # 1..65535, then 1 again
    sensor: str
    word: str
    value: str  # number or tag; meaning.py knows which


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Told):
    """S: newest readings; may be lost."""

    values: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat(Told):
    """B: the board lives."""

    pending: int  # events not yet acknowledged
    lost: int  # events overwritten since its start; stays at 65535
    free_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Told):
    """N: the board did not obey an order."""

    refused: str
    reason: str


Frame = Hello | Declare | BoardEvent | Sample | Heartbeat | Refusal
Groups = tuple[bytes, ...]

WHOLE = re.compile(rb"\$([!-#%-)+-~]+)\*([0-9A-F]{8})\n")
BOARD = rb"([a-z0-9-]{1,8})"
NUMBER = rb"(0|[1-9][0-9]{0,9})"
SIGNED = rb"(?:0|-?[1-9][0-9]{0,9})"
TEXT = rb"([!\"%-)+\x2d-~]+)"  # every field sign: no $ * , #
NAME = rb"([A-Za-z][A-Za-z0-9]{0,7})"
WORD = rb"([a-z][a-z0-9_-]{0,15})"


def _pattern(letter: bytes, seq: bytes, *fields: bytes) -> re.Pattern[bytes]:
    return re.compile(b",".join((letter, BOARD, NUMBER, seq, NUMBER, *fields)))


def _number(digits: bytes, most: int) -> int:
    number = int(digits)
    if number > most:
        raise FrameError(f"number {number} is above {most}")
    return number


def _hello(board: str, boot: int, ms: int, rest: Groups) -> Frame:
    protocol, kind, version, declares = rest
    return Hello(
        board=board,
        boot=boot,
        ms=ms,
        protocol=_number(protocol, U16),
        kind=kind.decode(),
        version=version.decode(),
        declares=_number(declares, 64),
    )


def _declare(board: str, boot: int, ms: int, rest: Groups) -> Frame:
    sensor, kind, unit, period = rest
    return Declare(
        board=board,
        boot=boot,
        ms=ms,
        sensor=sensor.decode(),
        type=kind.decode(),
        unit=unit.decode(),
        period_ms=_number(period, U32),
    )


def _event(board: str, boot: int, ms: int, rest: Groups) -> Frame:
    # Its pattern catches seq as a further group, before ms.
    seq, sensor, word, value = rest
    return BoardEvent(
        board=board,
        boot=boot,
        ms=ms,
        seq=_number(seq, U16),
        sensor=sensor.decode(),
        word=word.decode(),
        value=value.decode(),
    )


def _sample(board: str, boot: int, ms: int, rest: Groups) -> Frame:
    pairs = [pair.split(b"=") for pair in rest[0].split(b",")[1:]]
    values = tuple((sensor.decode(), int(value)) for sensor, value in pairs)
    return Sample(board=board, boot=boot, ms=ms, values=values)


def _heartbeat(board: str, boot: int, ms: int, rest: Groups) -> Frame:
    pending, lost, free = (_number(digits, U16) for digits in rest)
    return Heartbeat(board=board, boot=boot, ms=ms, pending=pending, lost=lost, free_bytes=free)


def _refusal(board: str, boot: int, ms: int, rest: Groups) -> Frame:
    refused, reason = (text.decode() for text in rest)
    return Refusal(board=board, boot=boot, ms=ms, refused=refused, reason=reason)


Maker = Callable[[str, int, int, Groups], Frame]
PAIRS = rb"((?:," + NAME.replace(b"(", b"(?:", 1) + b"=" + SIGNED + rb")*)"
GRAMMAR: dict[bytes, tuple[re.Pattern[bytes], Maker]] = {
    b"H": (_pattern(b"H", b"0", NUMBER, TEXT, TEXT, NUMBER), _hello),
    b"D": (_pattern(b"D", b"0", NAME, WORD, WORD, NUMBER), _declare),
    b"E": (_pattern(b"E", rb"([1-9][0-9]{0,4})", NAME, WORD, TEXT), _event),
    b"S": (re.compile(_pattern(b"S", b"0").pattern + PAIRS), _sample),
    b"B": (_pattern(b"B", b"0", NUMBER, NUMBER, NUMBER), _heartbeat),
    b"N": (_pattern(b"N", b"0", TEXT, TEXT), _refusal),
}


def body_of(line: bytes) -> bytes:
    """Return the body of one whole, intact line, which begins at "$" and ends with LF.

    Raises:
        FrameError: It is none.
    """
    found = WHOLE.fullmatch(line) if len(line) <= MAX_LINE else None
    if found is None:
        raise FrameError(f"{line[: MAX_LINE + 1]!r} is no frame")
    body, crc = found.groups()
    if b"%08X" % crc32(body) != crc:
        raise FrameError(f"{line!r} has another CRC")
    return body


def decode(line: bytes) -> Frame:
    """Return what one line of a board says; the line begins at "$" and ends with LF.

    Raises:
        FrameError: It is not a whole, intact frame of a board.
    """
    body = body_of(line)
    pattern, make = GRAMMAR.get(body[:1], (None, None))
    fields = pattern.fullmatch(body) if pattern else None
    if fields is None or make is None:
        raise FrameError(f"{line!r} is not in the grammar")
    board, boot, *rest = fields.groups()
    if board == ANY_BOARD.encode():
        raise FrameError(f"{line!r}: no board may be called {ANY_BOARD}")
    # seq stands before ms and is a group in E only, where it goes with the fields.
    ms = rest.pop(1 if body[:1] == b"E" else 0)
    return make(board.decode(), _number(boot, U16), _number(ms, U32), tuple(rest))


class Splitter:
    """Cut what a port gives into frames, in pieces of any size.

    A line is cut at LF and begins at its last "$": a reset cuts a frame short and glues the
    next one to it, which may still be whole.  What stands before it is a bad line of its own,
    or an event whose LF was damaged would go unnoticed.  It never holds more than one line.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[Frame | FrameError]:
        """Return what became whole: a frame, or the error that stands for a bad line."""
        return [_told(line) for line in self.lines(piece)]

    def lines(self, piece: bytes) -> list[bytes]:
        """Return the lines that became whole, whatever they hold."""
        pieces = (self._rest + piece.replace(b"\r", b"")).splitlines(keepends=True)
        self._rest = b""
        if pieces and not pieces[-1].endswith(b"\n"):
            self._rest = _newest_start(pieces.pop())
        return [line for piece in pieces if piece != b"\n" for line in _cut(piece)]


def _cut(piece: bytes) -> list[bytes]:
    start = max(piece.rfind(b"$"), 0)
    return [line for line in (piece[:start], piece[start:]) if line]


def _told(line: bytes) -> Frame | FrameError:
    try:
        return decode(line)
    except FrameError as error:
        return error


def _newest_start(rest: bytes) -> bytes:
    # Noise without end must not grow here: one sign stands for all of it until LF or "$".
    start = rest.rfind(b"$")
    if start < 0 or len(rest) - start >= MAX_LINE:
        return b"?"
    return (b"?" if start else b"") + rest[start:]


def seal(body: str) -> bytes:
    """Return the frame around a body.

    Raises:
        ValueError: The body holds a sign that frames do not carry, or is too long.
    """
    data = body.encode()
    line = b"$%b*%08X\n" % (data, crc32(data))
    if len(data) > MAX_BODY or not WHOLE.fullmatch(line) or b"#" in data:
        raise ValueError(f"body {body!r} cannot be sent")
    return line


def order(letter: str, board: str, boot: int, *fields: str) -> bytes:
    """Return a frame from the fog; ``query``, ``ack`` and ``config`` know the fields of theirs.

    Raises:
        ValueError: A value is out of range or cannot be sent.
    """
    if not re.fullmatch(BOARD.decode(), board):
        raise ValueError(f"{board!r} is no board id")
    if not 0 <= boot <= U16:
        raise ValueError(f"boot {boot} is not 0 to {U16}")
    for text in fields:
        if not re.fullmatch(TEXT.decode(), text):
            raise ValueError(f"field {text!r} cannot be sent")
    line = seal(",".join((letter, board, str(boot), *fields)))
    if len(line) > MAX_ORDER:
        raise ValueError(f"order {line!r} is longer than {MAX_ORDER} bytes")
    return line


def query(board: str, nonce: bytes) -> bytes:
    """Return Q: say H, all D, then every event not yet acknowledged, in order.

    Raises:
        ValueError: The nonce is not 8 bytes, or ``board`` is neither an id nor "any".
    """
    if len(nonce) != 8:
        raise ValueError(f"nonce has {len(nonce)} bytes, not 8")
    return order("Q", board, 0, nonce.hex().upper())


def ack(board: str, boot: int, seq: int) -> bytes:
    """Return A: everything of that boot up to ``seq`` is kept; forget it.

    Raises:
        ValueError: A value is out of range.
    """
    if not 1 <= seq <= U16 or board == ANY_BOARD:
        raise ValueError(f"cannot acknowledge seq {seq} of board {board!r}")
    return order("A", board, boot, str(seq))


def config(board: str, boot: int, sensor: str, limit: str, value: int) -> bytes:
    """Return C: set a sensor's limit until the board's next start.

    Raises:
        ValueError: A value is out of range.
    """
    if not 0 <= value <= U16:
        raise ValueError(f"limit {limit} = {value} is not 0 to {U16}")
    return order("C", board, boot, sensor, limit, str(value))
