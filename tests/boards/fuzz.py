"""Mutated lines of boards by the million: none may be taken for what was not sent, none may crash.

python -m tests.boards.fuzz --frames 10000000 --seed N

Every line is a frame, or two glued together, with one to four mutations: bits, bytes, pieces
left out, doubled, swapped, cut.  What the parser takes must be a frame that was sent; a CR, or
bytes before the last "$", change nothing.  Half of the lines carry the MAC of a network.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fognode.boards import tags, wire
from fognode.errors import FrameError

KEY, NONCE = bytes(range(16)), bytes.fromhex("0011223344556677")
FRAMES = 2_000  # different ones; each is mutated again and again
GLUED = 0.2  # of the lines are two frames
SIGNS = b"$*#,-\n\r0123456789ABCDEFabcdef EHSBDN\x00\xff"
WORDS = (
    "L1,open,859",
    "W1,take,-80028",
    "W1,put,77",
    "D1,fault,-2",
    "C1,in,04A1B2C3",
    "C1,out,04A1B2C3D4E5F6",
    "T1,change,-105",
)

Mutation = Callable[[random.Random, bytearray], None]


def _bit(chance: random.Random, line: bytearray) -> None:
    line[chance.randrange(len(line))] ^= 1 << chance.randrange(8)


def _byte(chance: random.Random, line: bytearray) -> None:
    line[chance.randrange(len(line))] = chance.choice(SIGNS)


def _insert(chance: random.Random, line: bytearray) -> None:
    line.insert(chance.randrange(len(line)), chance.choice(SIGNS))


def _leave_out(chance: random.Random, line: bytearray) -> None:
    at = chance.randrange(len(line))
    del line[at : at + chance.randint(1, 8)]


def _double(chance: random.Random, line: bytearray) -> None:
    at = chance.randrange(len(line))
    line[at:at] = line[at : at + chance.randint(1, 8)]


def _swap(chance: random.Random, line: bytearray) -> None:
    one, other = chance.randrange(len(line)), chance.randrange(len(line))
    line[one], line[other] = line[other], line[one]


def _digit(chance: random.Random, line: bytearray) -> None:
    places = [at for at, sign in enumerate(line) if 48 <= sign <= 57]
    if places:
        line[chance.choice(places)] = chance.randint(48, 57)


MUTATIONS: Sequence[Mutation] = (_bit, _byte, _insert, _leave_out, _double, _swap, _digit)


@dataclass(slots=True)
class Tally:
    """What became of the lines."""

    lines: int = 0
    refused: int = 0
    same: int = 0  # taken, and just what was sent
    false: int = 0  # taken, and never sent

    def __str__(self) -> str:
        """Return it in words."""
        words = f"{self.lines} mutated lines: {self.refused} pieces refused"
        return f"{words}, {self.same} taken as sent, {self.false} taken with other content"


def sent_frames(chance: random.Random) -> list[bytes]:
    """Return frames as boards send them, each kind among them."""
    frames = []
    for number in range(FRAMES):
        head = f"cab{number % 99:02},{chance.randrange(65_536)}"
        ms = chance.randrange(2**32)
        body = {
            0: f"H,{head},0,{ms},1,cabinet,0.1.0,5",
            1: f"D,{head},0,{ms},W1,weight,counts,100",
            2: f"S,{head},0,{ms},L1={chance.randrange(1024)},W1={chance.randrange(2**23)}",
            3: f"B,{head},0,{ms},{chance.randrange(25)},0,1079",
            4: f"N,{head},0,{ms},C,boot",
        }.get(number % 12, f"E,{head},{chance.randint(1, 65_535)},{ms},{chance.choice(WORDS)}")
        frames.append(wire.seal(body))
    return frames


def mutate(chance: random.Random, line: bytes) -> bytes:
    """Return a line with one to four mutations; it ends with LF, or the next would hide it."""
    mutated = bytearray(line)
    for _ in range(chance.randint(1, 4)):
        chance.choice(MUTATIONS)(chance, mutated)
        if not mutated:
            mutated += b"$"
    return bytes(mutated) + b"\n"


def taken(piece: bytes, tagged: bool) -> list[bytes | None]:
    """Return the plain lines that a link would take; None for each that it refuses."""
    found: list[bytes | None] = []
    for line in wire.Splitter().lines(piece):
        try:
            plain = _plain(line) if tagged else line
            wire.decode(plain)
            found.append(plain)
        except FrameError:
            found.append(None)
    return found


def _plain(line: bytes) -> bytes:
    told = tags.take_off(line)
    if not told.is_of(KEY, NONCE, tags.TO_FOG):
        raise FrameError(f"{line!r} has another MAC")
    return told.plain


def fuzz(lines: int, seed: int) -> Tally:
    """Mutate so many lines and tell what became of them."""
    chance, tally = random.Random(seed), Tally()
    frames = sent_frames(chance)
    with_mac = [tags.put_on(frame, KEY, NONCE, tags.TO_FOG) for frame in frames]
    for number in range(lines):
        tagged = number % 2 == 1
        source = with_mac if tagged else frames
        at, also = chance.randrange(FRAMES), chance.randrange(FRAMES)
        line, sent = source[at], {frames[at]}
        if chance.random() < GLUED:
            line, sent = line[: chance.randrange(len(line))] + source[also], sent | {frames[also]}
        for plain in taken(mutate(chance, line), tagged):
            tally.refused += plain is None
            tally.same += plain in sent
            tally.false += plain is not None and plain not in sent
        tally.lines += 1
    return tally


def main(arguments: Sequence[str]) -> int:
    """Fuzz, print, judge."""
    parser = argparse.ArgumentParser(prog="tests.boards.fuzz", description=__doc__)
    parser.add_argument("--frames", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    asked = parser.parse_args(arguments)
    began_s = time.monotonic()
    tally = fuzz(asked.frames, asked.seed)
    took_s = time.monotonic() - began_s
    print(f"seed {asked.seed}: {tally}; {took_s:.0f} s")  # noqa: T201 - it is the product
    return int(tally.false > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
