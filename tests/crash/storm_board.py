"""Boards for storms: FL1 on pseudo-terminals, with starts, spilled events and a ledger of all told.

No firmware and no thread: who owns them calls ``turn`` again and again.  A board delivers as
docs/protocol.md says: what is not acknowledged is told again after Q, of an earlier start with
that start's boot; the oldest is repeated each second.  ``told`` is the ledger: of each start the
content of count 1, 2, ...
"""

import os
import random
import tty
from collections import deque
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from fognode.trial.player import FROM_FOG

RING = 24  # events of the running start that wait
RESEND_S, BEAT_S, SAMPLE_S = 1.0, 5.0, 1.0
DECLARED = ("L1,light,counts,10", "D1,distance,mm,60", "W1,weight,counts,100")
MOST_UNSENT = 64_000

Told = tuple[int, str, str, int]  # ms, sensor, word, value


def _seal(body: str) -> bytes:
    return f"${body}*{crc32(body.encode()):08X}\n".encode()


class StormBoard:
    """One board; ``every_s`` is how often something happens, 0 = as often as it is acknowledged."""

    def __init__(self, board: str, port: Path, now_s: float, every_s: float = 0.0) -> None:
        self.board, self.port, self.every_s = board, port, every_s
        self.told: dict[int, list[Told]] = {}  # start: its events
        self.acknowledged = 0  # events, of all starts
        self.delays_s: list[float] = []  # from telling to the acknowledgement
        self.rests = False  # True: nothing new happens
        self.samples = False
        self.boot = 0
        self.pending: deque[tuple[int, int, bytes, float]] = deque()  # boot, count, frame, when
        self._line = -1
        self._heard = self._unsent = b""
        self.reset(now_s)
        self.plug()

    # --- what may happen to it -------------------------------------------------------------

    def reset(self, now_s: float) -> None:
        """Start anew; its memory keeps what is not acknowledged."""
        self.boot += 1
        self.told[self.boot] = []
        self._began_s = self._resend_s = self._beat_s = self._sample_s = self._happen_s = now_s
        self._introduce(now_s)

    def plug(self) -> None:
        """Put it on a new line with its old name."""
        self._line, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._line, False)
        self.port.unlink(missing_ok=True)
        self.port.symlink_to(os.ttyname(self._slave))
        self._heard = self._unsent = b""

    def unplug(self) -> None:
        """Pull the cable; the board lives on."""
        self.port.unlink(missing_ok=True)
        os.close(self._line)
        os.close(self._slave)
        self._line = -1

    def spoil(self, piece: bytes) -> None:
        """Put any bytes on the line between two frames."""
        self._unsent += piece

    def flip(self, chance: random.Random) -> None:
        """Alter a bit of what is to be sent."""
        if self._unsent:
            spoilt = bytearray(self._unsent)
            spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
            self._unsent = bytes(spoilt)

    def close(self) -> None:
        """Let go of the line."""
        if self._line >= 0:
            self.unplug()

    # --- its life ----------------------------------------------------------------------------

    def turn(self, now_s: float) -> None:
        """Hear, happen, send; never waits."""
        if self._line >= 0:
            self._hear(now_s)
        self._live(now_s)
        if self._line >= 0:
            self._send()

    def _live(self, now_s: float) -> None:
        new = sum(boot == self.boot for boot, *_ in self.pending)
        while not self.rests and new < RING and now_s >= self._happen_s:
            self._happen(now_s)
            new += 1
        if self.pending and now_s >= self._resend_s:
            self._resend_s = now_s + RESEND_S
            self._unsent += self.pending[0][2]
        if self.samples and now_s >= self._sample_s:
            self._sample_s += SAMPLE_S
            count = len(self.told[self.boot])
            words = f"L1={60 + count % 7},D1={400 + count % 50},W1={400_000 + count % 300}"
            self._unsent += self._frame("S", self.boot, 0, now_s, words)
        if now_s >= self._beat_s:
            self._beat_s = now_s + BEAT_S
            self._unsent += self._frame("B", self.boot, 0, now_s, f"{len(self.pending)},0,900")
        if len(self._unsent) > MOST_UNSENT:  # nobody reads: the rest is lost on the line
            self._unsent = b""

    def _happen(self, now_s: float) -> None:
        self._happen_s = max(self._happen_s + self.every_s, now_s - 1)
        told = self.told[self.boot]
        count, ms = len(told) + 1, int((now_s - self._began_s) * 1000)
        sensor, word, value = "D1", "move", count * 37 % 5000  # tells which event it is
        if count % 32 == 0:
            sensor, word, value = ("L1", "open", 859) if count % 64 else ("L1", "close", 60)
        told.append((ms, sensor, word, value))
        frame = self._frame("E", self.boot, count, now_s, f"{sensor},{word},{value}")
        self.pending.append((self.boot, count, frame, now_s))
        self._unsent += frame

    def _introduce(self, now_s: float) -> None:
        hello = self._frame("H", self.boot, 0, now_s, f"1,cabinet,0.1.0,{len(DECLARED)}")
        named = b"".join(self._frame("D", self.boot, 0, now_s, words) for words in DECLARED)
        self._unsent = hello + named + b"".join(frame for _, _, frame, _ in self.pending)
        self._resend_s = now_s + RESEND_S

    def _hear(self, now_s: float) -> None:
        piece = b""
        with suppress(BlockingIOError):
            piece = os.read(self._line, 4096)
        *lines, self._heard = (self._heard + piece).split(b"\n")
        for line in lines:
            found = FROM_FOG.fullmatch(line[max(line.rfind(b"$"), 0) :] + b"\n")
            if found is None or b"%08X" % crc32(found[1]) != found[6]:
                continue
            if found[2] == b"Q":
                self._introduce(now_s)
            elif found[2] == b"A" and found[3].decode() == self.board:
                self._forget(int(found[4]), int(found[5]), now_s)

    def _forget(self, boot: int, seq: int, now_s: float) -> None:
        while self.pending and self.pending[0][0] == boot and self.pending[0][1] <= seq:
            *_, told_s = self.pending.popleft()
            self.delays_s.append(now_s - told_s)
            self.acknowledged += 1
            self._resend_s = now_s + RESEND_S

    def _send(self) -> None:
        with suppress(BlockingIOError):
            while self._unsent:
                self._unsent = self._unsent[os.write(self._line, self._unsent[:2048]) :]

    def _frame(self, letter: str, boot: int, seq: int, now_s: float, words: str) -> bytes:
        ms = int((now_s - self._began_s) * 1000)
        return _seal(f"{letter},{self.board},{boot},{seq},{ms},{words}")
