"""A board that keeps its own ledger: FL1 on a pseudo-terminal, as fast as it is acknowledged.

No firmware and no simulator, so thousands of events pass in a second.  It delivers as the
firmware does (docs/protocol.md): at most 24 events wait, all are sent again when asked, the
oldest is sent again every second, and nothing is forgotten before its acknowledgement.
What it told and what was acknowledged is in ``told``, ``acknowledged`` and a file of lines

    S BOOT COUNT MS SENSOR WORD VALUE      sent for the first time
    A BOOT COUNT                           acknowledged up to here
"""

import os
import select
import termios
import threading
import time
import tty
from collections import deque
from pathlib import Path
from zlib import crc32

from fognode.trial.player import FROM_FOG

RING = 24
SEQS = 65_535
BOOT = 1
RESEND_S, BEAT_S, TICK_S = 1.0, 5.0, 0.01
DECLARED = ("L1,light,counts,10", "D1,distance,mm,60")
OPENS, CLOSES, CYCLE = 0, 32, 64  # of so many events, these two are the cabinet's light

Told = tuple[int, str, str, int]  # ms, sensor, word, value


def _seal(body: str) -> bytes:
    return f"${body}*{crc32(body.encode()):08X}\n".encode()


def _happening(count: int) -> tuple[str, str, int]:
    if count % CYCLE == OPENS:
        return "L1", "open", 859
    if count % CYCLE == CLOSES:
        return "L1", "close", 60
    return "D1", "move", count * 37 % 5000  # the value tells which event it is


class LedgerBoard:
    """One board on a thread of its own; ``close`` ends it."""

    def __init__(self, board: str, port: Path, ledger: Path) -> None:
        self.board = board
        self.told: list[Told] = []  # the content of count 1, 2, ...
        self.acknowledged = 0  # the highest count
        self.rests = False  # True: nothing new happens
        self._pending: deque[tuple[int, bytes]] = deque()
        self._line, self._port = os.openpty()  # the port stays open: it outlives its readers
        tty.setraw(self._port)
        os.set_blocking(self._line, False)
        port.symlink_to(os.ttyname(self._port))
        self._ledger = ledger.open("a", encoding="ascii")
        self._heard = self._unsent = b""
        self._began_s = time.monotonic()
        self._resend_s = self._beat_s = self._began_s
        self._ends = False
        self._hears = threading.Event()
        self._hears.set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def deafen(self) -> int:
        """Let no further acknowledgement arrive, as when the power goes; return the last one."""
        with self._lock:
            self._hears.clear()
            return self.acknowledged

    def listen(self) -> None:
        """Hear again; what was on the line is gone."""
        with self._lock:
            termios.tcflush(self._port, termios.TCIOFLUSH)
            termios.tcflush(self._line, termios.TCIOFLUSH)
            self._heard = self._unsent = b""
            self._hears.set()

    def close(self) -> None:
        """End the thread and let go of the line."""
        self._ends = True
        self._thread.join(5)
        os.close(self._line)
        os.close(self._port)
        self._ledger.close()

    # --- its own thread ------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ends:
            self._hears.wait(TICK_S)
            ready = select.select([self._line], [], [], TICK_S)[0]
            with self._lock:
                if not self._hears.is_set():
                    continue
                if ready:
                    self._hear()
                self._step(time.monotonic())
                self._send()
                self._ledger.flush()

    def _step(self, now_s: float) -> None:
        while len(self._pending) < RING and not self.rests:
            self._happen(now_s)
        if self._pending and now_s >= self._resend_s:
            self._resend_s = now_s + RESEND_S
            self._unsent += self._pending[0][1]
        if now_s >= self._beat_s:
            self._beat_s = now_s + BEAT_S
            self._unsent += self._frame("B", 0, self._ms(now_s), f"{len(self._pending)},0,900")

    def _happen(self, now_s: float) -> None:
        count, ms = len(self.told) + 1, self._ms(now_s)
        sensor, word, value = _happening(count)
        self.told.append((ms, sensor, word, value))
        frame = self._frame("E", (count - 1) % SEQS + 1, ms, f"{sensor},{word},{value}")
        self._pending.append((count, frame))
        self._unsent += frame
        self._ledger.write(f"S {BOOT} {count} {ms} {sensor} {word} {value}\n")

    def _hear(self) -> None:
        try:
            piece = os.read(self._line, 4096)
        except BlockingIOError:  # flushed by ``listen`` meanwhile
            return
        *lines, self._heard = (self._heard + piece).split(b"\n")
        self._heard = self._heard[-100:]
        for line in lines:
            self._obey(line + b"\n")

    def _obey(self, line: bytes) -> None:
        found = FROM_FOG.fullmatch(line[max(line.rfind(b"$"), 0) :])
        if found is None or b"%08X" % crc32(found[1]) != found[6]:
            return
        letter, board, boot = found[2].decode(), found[3].decode(), int(found[4])
        if letter == "Q":
            self._introduce()
        elif (letter, board, boot) == ("A", self.board, BOOT):
            self._forget(int(found[5]))

    def _introduce(self) -> None:
        ms = self._ms(time.monotonic())
        self._unsent = self._frame("H", 0, ms, f"1,cabinet,0.1.0,{len(DECLARED)}")
        self._unsent += b"".join(self._frame("D", 0, ms, words) for words in DECLARED)
        self._unsent += b"".join(frame for _, frame in self._pending)

    def _forget(self, seq: int) -> None:
        counts = [count for count, _ in self._pending if (count - 1) % SEQS + 1 == seq]
        if not counts:
            return
        while self._pending and self._pending[0][0] <= counts[0]:
            self._pending.popleft()
        self.acknowledged = counts[0]
        self._resend_s = time.monotonic() + RESEND_S
        self._ledger.write(f"A {BOOT} {counts[0]}\n")

    def _send(self) -> None:
        self._unsent = self._unsent[:32_768]  # nobody reads: the rest is lost on the line
        if self._unsent:
            try:
                self._unsent = self._unsent[os.write(self._line, self._unsent) :]
            except BlockingIOError:
                return

    def _frame(self, letter: str, seq: int, ms: int, words: str) -> bytes:
        return _seal(f"{letter},{self.board},{BOOT},{seq},{ms},{words}")

    def _ms(self, now_s: float) -> int:
        return int((now_s - self._began_s) * 1000)
