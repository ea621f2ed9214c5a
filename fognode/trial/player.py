"""Plays frames recorded from the firmware behind a pseudo-terminal: the child of RecordedBoard.

    python -m fognode.trial.player BOARD STARTS_FILE

Prints "PTY path", then answers each line on stdin, "now VERB [OPERAND]", with "OK ms" or
"ERR why".  Ends with stdin.  The recording holds lines "NAME DELAY_MS FRAME"; it is made by
``make -C firmware golden``.  Each happening takes word, sensor and delay from it; board,
boot, seq, ms, CRC, tags, weight and distance are our own.  Delivery: docs/protocol.md.
"""

import os
import pty
import re
import select
import sys
import time
import tty
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

RECORDING = Path(__file__).parent / "recorded" / "cabinet.txt"
COUNTS_PER_G = 40  # as in boards.py
LEAST_COUNTS = 2000  # smaller changes of weight make no event
LEAST_MM = 30
BADGE_MS, GONE_MS = 3000, 2000  # held to the reader; silent until it counts as gone
FIRST_ROUND_MS = 100  # after a start the reader looks for the first time
RING, SPILL = 24, 48  # events that wait: in SRAM, and before them in the EEPROM
BEAT_MS, SAMPLE_MS = 5000, 1000
RESEND_MS, RESEND_MAX_MS = 1000, 30_000
TICK_S = 0.01
NUMBER = re.compile(r"[0-9]{1,6}")
TAG = re.compile(r"[0-9A-F]{8}|[0-9A-F]{14}")
FROM_FOG = re.compile(rb"\$(([QAC]),([a-z0-9-]{1,8}),([0-9]{1,5}),([!-#%-)+-~]+))\*([0-9A-F]{8})\n")


@dataclass(frozen=True, slots=True)
class Row:
    """One recorded frame: its type, what follows ms, and how long after the stimulus."""

    delay_ms: int
    letter: str
    fields: tuple[str, ...]


def read_recording(text: str) -> dict[str, list[Row]]:
    """Return the rows of each name, in order."""
    rows: dict[str, list[Row]] = {}
    for line in text.splitlines():
        name, delay_ms, frame = line.split()
        letter, _, _, _, _, *fields = frame[1 : frame.rindex("*")].split(",")
        rows.setdefault(name, []).append(Row(int(delay_ms), letter, tuple(fields)))
    return rows


@dataclass(slots=True)
class World:
    """What the board's sensors would see."""

    is_open: bool = False
    counts: int = 0
    mm: int = 399
    tags: set[str] = field(default_factory=set)


Held = tuple[int, int, str]  # start, seq and frame of an event that is not acknowledged


class Player:
    """The board's side of the line, without line or clock; times are its own milliseconds.

    ``held`` is what the start before this one had not got rid of: it is told again.
    """

    def __init__(
        self,
        board: str,
        boot: int,
        rows: dict[str, list[Row]],
        world: World | None = None,
        held: Sequence[Held] = (),
    ) -> None:
        self.board, self.boot, self.rows = board, boot, rows
        self.world = world or World()
        self.pending = [*held]  # oldest first
        self.seq = self.lost = 0
        self.out: list[str] = []
        self._planned: list[tuple[int, Row, str]] = []
        self._beat_ms, self._sample_ms = BEAT_MS, SAMPLE_MS
        self._introduce(0)
        for tag in sorted(self.world.tags):
            self._plan(FIRST_ROUND_MS, "in", tag)
        if self.world.is_open:
            self._plan(0, "door_open")

    # --- what is done to it -----------------------------------------------------------------

    def act(self, now_ms: int, verb: str, operand: str) -> bool:
        """Let something happen; False when it cannot."""
        if verb in {"weight", "stay"} and not NUMBER.fullmatch(operand):
            return False
        acts: dict[str, Callable[[int, str], bool]] = {
            "door_open": lambda ms, _: self._door(ms, is_open=True),
            "door_close": lambda ms, _: self._door(ms, is_open=False),
            "shake": lambda ms, _: self._plan(ms, "shake"),
            "tag_in": self._tag_in,
            "tag_out": self._tag_out,
            "badge": self._badge,
            "weight": self._weight,
            "stay": self._stay,
        }
        return verb in acts and acts[verb](now_ms, operand)

    def _plan(self, now_ms: int, name: str, value: str = "") -> bool:
        row = self.rows[name][0]
        self._planned.append((now_ms + row.delay_ms, row, value or row.fields[2]))
        return True

    def _door(self, now_ms: int, *, is_open: bool) -> bool:
        if is_open != self.world.is_open:
            self._plan(now_ms, "door_open" if is_open else "door_close")
        self.world.is_open = is_open
        return True

    def _tag_in(self, now_ms: int, tag: str) -> bool:
        if not TAG.fullmatch(tag):
            return False
        leaving = [p for p in self._planned if p[1].fields[1:2] == ("out",) and p[2] == tag]
        for plan in leaving:
            self._planned.remove(plan)  # back within two seconds: it was never gone
        if tag not in self.world.tags and not leaving:
            self._plan(now_ms, "in", tag)
        self.world.tags.add(tag)
        return True

    def _tag_out(self, now_ms: int, tag: str) -> bool:
        if tag not in self.world.tags:
            return False
        self.world.tags.remove(tag)
        # The recorded delay depends on when the reader last looked; the rule is 2 s.
        row = self.rows["out"][0]
        self._planned.append((now_ms + GONE_MS, row, tag))
        return True

    def _badge(self, now_ms: int, tag: str) -> bool:
        return self._tag_in(now_ms, tag) and self._tag_out(now_ms + BADGE_MS, tag)

    def _weight(self, now_ms: int, grams: str) -> bool:
        change = int(grams) * COUNTS_PER_G - self.world.counts
        if abs(change) >= LEAST_COUNTS:
            self.world.counts += change
            self._plan(now_ms, "take" if change < 0 else "put", str(change))
        return True

    def _stay(self, now_ms: int, mm: str) -> bool:
        if int(mm) and abs(int(mm) - self.world.mm) >= LEAST_MM:
            self.world.mm = int(mm)
            self._plan(now_ms, "stay", mm)
        return True

    # --- what it sends ----------------------------------------------------------------------

    def _frame(self, letter: str, seq: int, ms: int, fields: tuple[str, ...]) -> str:
        body = ",".join((letter, self.board, str(self.boot), str(seq), str(ms), *fields))
        return f"${body}*{crc32(body.encode()):08X}\n"

    def _introduce(self, ms: int) -> None:
        self.out += [self._frame(row.letter, 0, ms, row.fields) for row in self.rows["hello"]]
        self.out += [frame for _, _, frame in self.pending]
        self._resend_at_ms, self._resend_ms = ms + RESEND_MS, RESEND_MS

    def _happen(self, ms: int, row: Row, value: str) -> None:
        self.seq = self.seq % 65_535 + 1
        if not self.pending:
            self._resend_at_ms, self._resend_ms = ms + RESEND_MS, RESEND_MS
        frame = self._frame("E", self.seq, ms, (*row.fields[:2], value))
        self.pending.append((self.boot, self.seq, frame))
        self.out.append(frame)
        if len(self.pending) > SPILL + RING:
            del self.pending[SPILL]  # the ring's oldest: the spill keeps the beginning
            self.lost += 1

    def step(self, now_ms: int) -> str:
        """Return what the board sends now."""
        due = sorted((p for p in self._planned if p[0] <= now_ms), key=lambda p: p[0])
        self._planned = [p for p in self._planned if p[0] > now_ms]
        for ms, row, value in due:
            self._happen(ms, row, value)
        if self.pending and now_ms >= self._resend_at_ms:
            self.out.append(self.pending[0][2])
            self._resend_ms = min(2 * self._resend_ms, RESEND_MAX_MS)
            self._resend_at_ms = now_ms + self._resend_ms
        if now_ms >= self._beat_ms:
            self._beat_ms += BEAT_MS
            free = self.rows["beat"][0].fields[2]
            self.out.append(
                self._frame("B", 0, now_ms, (f"{len(self.pending)}", f"{self.lost}", free))
            )
        if now_ms >= self._sample_ms:
            self._sample_ms += SAMPLE_MS
            self.out.append(self._frame("S", 0, now_ms, self._readings()))
        sent, self.out = "".join(self.out), []
        return sent

    def _readings(self) -> tuple[str, ...]:
        light = self.rows["door_open" if self.world.is_open else "door_close"][0].fields[2]
        empty = int(self.rows["sample"][0].fields[2].partition("=")[2])
        # A scale that never wavers is taken for stuck; 0.1 g, without chance.
        waver = self._sample_ms // SAMPLE_MS * 5 % 9 - 4
        return f"L1={light}", f"D1={self.world.mm}", f"W1={empty + self.world.counts + waver}"

    # --- what it hears ----------------------------------------------------------------------

    def hear(self, now_ms: int, line: bytes) -> None:
        """Obey one line of the fog; anything but an intact one for us is passed over."""
        found = FROM_FOG.fullmatch(line[max(line.rfind(b"$"), 0) :])
        if found is None or b"%08X" % crc32(found[1]) != found[6]:
            return
        letter, board, boot = found[2].decode(), found[3].decode(), int(found[4])
        if letter == "Q" and board in {self.board, "any"} and boot in {0, self.boot}:
            self._introduce(now_ms)
        elif letter == "A" and board == self.board and found[5].isdigit():
            self._forget(now_ms, boot, int(found[5]))

    def _forget(self, now_ms: int, boot: int, seq: int) -> None:
        if boot == self.boot and _ahead(seq, self.seq) > 0:
            return
        kept = [held for held in self.pending if held[0] != boot or _ahead(seq, held[1]) < 0]
        if len(kept) < len(self.pending):
            self.pending = kept
            self._resend_at_ms, self._resend_ms = now_ms + RESEND_MS, RESEND_MS


def _ahead(seq: int, other: int) -> int:
    return (seq - other + 32_768) % 65_536 - 32_768


def count_start(path: Path) -> int:
    """Count a start in a file, as the firmware does in its EEPROM; return its number."""
    start = int(path.read_text(encoding="ascii")) % 65_535 + 1 if path.exists() else 1
    path.write_text(str(start), encoding="ascii")
    return start


class Stage:
    """A player on a pseudo-terminal, told what to do on stdin."""

    def __init__(self, board: str, starts: Path) -> None:
        self.board, self.starts = board, starts
        self.rows = read_recording(RECORDING.read_text(encoding="ascii"))
        self.line, self.port = pty.openpty()  # the port stays open: it outlives its readers
        tty.setraw(self.port)
        os.set_blocking(self.line, False)
        self._heard = self._told = self._unsent = b""
        self._begun_s = time.monotonic()
        self.world = World()
        self._start_s = self._begun_s
        self.player = Player(self.board, count_start(self.starts), self.rows, self.world)

    def reset(self) -> None:
        """Start the board anew; door, tags, load and what is not acknowledged stay."""
        self._start_s, held = time.monotonic(), self.player.pending
        self.player = Player(self.board, count_start(self.starts), self.rows, self.world, held)

    @property
    def now_ms(self) -> int:
        """The board's clock."""
        return int((time.monotonic() - self._start_s) * 1000)

    def play(self) -> None:
        """Go on until stdin ends."""
        _say(f"PTY {os.ttyname(self.port)}")
        while True:
            ready, _, _ = select.select([0, self.line], [], [], TICK_S)
            if 0 in ready and not self._listen():
                return
            if self.line in ready:
                self._hear()
            self._send(self.player.step(self.now_ms).encode())

    def _listen(self) -> bool:
        piece = os.read(0, 4096)
        *lines, self._told = (self._told + piece).split(b"\n")
        for line in lines:
            _say(self._obey(line.decode().split()))
        return bool(piece)

    def _obey(self, words: list[str]) -> str:
        since_s = time.monotonic() - self._begun_s
        _, verb, operand = [*words, "", "", ""][:3]
        if verb == "reset":
            self.reset()
        elif not self.player.act(self.now_ms, verb, operand):
            return f"ERR {verb} {operand}"
        return f"OK {int(since_s * 1000)} {verb}"

    def _hear(self) -> None:
        *lines, self._heard = (self._heard + os.read(self.line, 4096)).split(b"\n")
        self._heard = self._heard[-100:]
        for line in lines:
            self.player.hear(self.now_ms, line.replace(b"\r", b"") + b"\n")

    def _send(self, piece: bytes) -> None:
        self._unsent = (self._unsent + piece)[:32_768]  # nobody reads: the rest is dropped
        if self._unsent:
            try:
                self._unsent = self._unsent[os.write(self.line, self._unsent) :]
            except BlockingIOError:
                return


def _say(line: str) -> None:
    os.write(1, line.encode() + b"\n")


if __name__ == "__main__":
    Stage(sys.argv[1], Path(sys.argv[2])).play()
