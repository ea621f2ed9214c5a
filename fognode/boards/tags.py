"""The MAC of a line that crosses a network: put on, taken off, compared; pure.

    frame = "$" body "#" mac "*" crc LF
    mac   = line_tag( key, direction, nonce, body ), 16 upper-case hex digits
    crc   = CRC-32 over body "#" mac

``direction`` is ">" from board to fog and "<" from fog to board, so that no side can be told
its own words.  ``nonce`` are the 8 bytes the fog drew for this connection and sent in its Q,
so that no line of another connection counts here.

Source: docs/protocol.md, section Ethernet.
"""

import re
from dataclasses import dataclass
from zlib import crc32

from fognode.boards.wire import MAX_BODY, MAX_LINE
from fognode.errors import FrameError
from fognode.hashing import line_tag, same

TO_FOG, TO_BOARD = b">", b"<"
WHOLE = re.compile(rb"\$([!\"%-)+-~]+)(?:#([0-9A-F]{16}))?\*([0-9A-F]{8})\n")


@dataclass(frozen=True, slots=True)
class Tagged:
    """A line taken apart: it is intact, but who wrote it is not yet known."""

    body: bytes
    mac: bytes  # 8 bytes, or b"" when the line carries none

    @property
    def plain(self) -> bytes:
        """The same frame as it would stand on a serial line."""
        return b"$%b*%08X\n" % (self.body, crc32(self.body))

    def is_of(self, key: bytes, nonce: bytes, direction: bytes) -> bool:
        """Tell whether who has the key wrote this line, in this direction and connection."""
        # Without a key BLAKE2s is a hash that anybody can compute.
        if not (self.mac and key):
            return False
        return same(self.mac, line_tag(key, direction, nonce, self.body))


def take_off(line: bytes) -> Tagged:
    """Return body and MAC of one line, from "$" to LF.

    Raises:
        FrameError: It is not a whole, intact line.
    """
    found = WHOLE.fullmatch(line) if len(line) <= MAX_LINE else None
    if found is None:
        raise FrameError(f"{line[: MAX_LINE + 1]!r} is no frame")
    body, mac, crc = found.groups()
    if b"%08X" % crc32(line[1:-10]) != crc:
        raise FrameError(f"{line!r} has another CRC")
    return Tagged(body, bytes.fromhex(mac.decode()) if mac else b"")


def put_on(line: bytes, key: bytes, nonce: bytes, direction: bytes) -> bytes:
    """Return a plain line with its MAC.

    Raises:
        FrameError: It is not a whole, intact line, or has a MAC already.
        ValueError: Its body is longer than 72 bytes.
    """
    told = take_off(line)
    if told.mac:
        raise FrameError(f"{line!r} has a MAC already")
    if len(told.body) > MAX_BODY:
        raise ValueError(f"body {told.body!r} is longer than {MAX_BODY} bytes")
    mac = line_tag(key, direction, nonce, told.body).hex().upper().encode()
    body = told.body + b"#" + mac
    return b"$%b*%08X\n" % (body, crc32(body))
