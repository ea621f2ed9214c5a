"""Sensor boards without hardware, for demo, tests and bench.

``SimBoard`` runs the real firmware on a simulated ATmega328P; ``RecordedBoard`` plays frames
recorded from it and is what remains where the AVR tools are missing.  Both are child
processes behind a pseudo-terminal, take the same actions, and end with ``close``, with
their standard input, or with their parent.
"""

import fcntl
import os
import select
import shutil
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Self
from zlib import crc32

from fognode.errors import AwayError, RefusedError

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "firmware"
BUILD = ROOT / "build" / "firmware"
MEGA = "atmega2560"
ELF, SIMULATOR = BUILD / "cabinet.elf", BUILD / "boardsim"

COUNTS_PER_G = 40  # of the trial's load cells: 2,000 counts, the smallest event, are 50 g
EMPTY_COUNTS = 400_000  # raw reading of the unloaded scale
OPEN_MV, SHUT_MV = 4000, 300  # the light sensor's divider: 818 and 61 counts
SHAKE_EDGES = 40
BADGE_MS = 3000  # how long a badge is held to the reader
ANSWER_S, START_S, BUILD_S = 5.0, 10.0, 180.0


class Verb(StrEnum):
    """What can be done to a board; its value is the word ``RecordedBoard`` is told."""

    DOOR_OPEN = "door_open"
    DOOR_CLOSE = "door_close"
    BADGE = "badge"
    TAG_IN = "tag_in"
    TAG_OUT = "tag_out"
    WEIGHT = "weight"
    SHAKE = "shake"
    STAY = "stay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing done at a cabinet."""

    verb: Verb
    tag: str = ""  # 8 or 14 upper-case hex digits: BADGE, TAG_IN, TAG_OUT
    number: int = 0  # grams on the scale: WEIGHT; mm to the nearest thing: STAY

    @property
    def operand(self) -> str:
        """What follows the verb: a tag, a number, or nothing."""
        return self.tag or (str(self.number) if self.verb in {Verb.WEIGHT, Verb.STAY} else "")


def firmware_tools() -> str | None:
    """Name what is missing to build and simulate the firmware; None when nothing is."""
    missing = [tool for tool in ("make", "gcc", "avr-gcc", "pkg-config") if not shutil.which(tool)]
    if not missing:
        found = subprocess.run(
            ["pkg-config", "--exists", "simavr"],  # noqa: S607 - just found on the PATH
            check=False,
            timeout=ANSWER_S,
        )
        missing += ["libsimavr-dev"] if found.returncode else []
    if not (SOURCES / "Makefile").exists():
        missing.append("the firmware folder")
    return ", ".join(missing) + " missing" if missing else None


def firmware_lacks() -> str:
    """Build the cabinet's firmware; return why it cannot run here, "" = it can.

    What an earlier build left is not run when the sources of today do not build.
    """
    missing = firmware_tools()
    if missing:
        return missing
    try:
        build_firmware()
    except RefusedError:
        return "the firmware does not build: make -C firmware says why"
    return ""


def build_firmware(sketch: str = ELF.stem) -> Path:
    """Build what changed of one of the firmware's boards and the simulator; return their folder.

    Raises:
        RefusedError: The build failed; the message ends with the compiler's words.
    """
    image = BUILD / f"{sketch}.elf"
    chip = [f"MCU={MEGA}"] if image.parent != BUILD else []
    image.parent.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two trials must not write one ELF at a time
        _make(f"BUILD={BUILD}", "sim")
        _make(f"BUILD={image.parent}", *chip, str(image))
    return BUILD


def _make(*words: str) -> None:
    done = subprocess.run(
        ["make", "-C", str(SOURCES), *words],  # noqa: S607
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=BUILD_S,
    )
    if done.returncode:
        raise RefusedError(f"the firmware does not build: {done.stdout[-1500:]}")


class TrialBoard(ABC):
    """A board as a child process: its serial line at ``path``, its world by actions."""

    recorded: ClassVar[bool]
    label: ClassVar[str]

    def __init__(self, board: str, folder: Path, command: Sequence[str]) -> None:
        self.board = board
        self.folder = folder
        self._rest = b""
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, cwd=ROOT
        )
        try:
            self.path = self._answer("PTY", START_S)  # of the pseudo-terminal
        except BaseException:
            self.close()
            raise

    def do(self, action: Action) -> int:
        """Let one action happen now; return the simulated milliseconds since the first start.

        Raises:
            RefusedError: It cannot happen, such as taking out a tag that is not there.
            AwayError: The child does not answer.
        """
        told_ms = [self.tell(line) for line in self._lines(action)]
        return told_ms[0]

    def tell(self, line: str) -> int:
        """Send one line of the child's own language and wait for its OK; as ``do``.

        Raises:
            RefusedError: The child said ERR.
            AwayError: The child does not answer.
        """
        if self._child.stdin is None or self._child.poll() is not None:
            raise AwayError(f"board {self.board} has ended")
        try:
            self._child.stdin.write(line.encode() + b"\n")
        except BrokenPipeError as error:
            raise AwayError(f"board {self.board} has ended") from error
        return int(self._answer("OK", self._patience_s(line)).split()[0])

    @abstractmethod
    def _lines(self, action: Action) -> Sequence[str]:
        """Return the lines of the child's script for one action."""

    def _patience_s(self, line: str) -> float:
        del line
        return ANSWER_S

    def _answer(self, word: str, within_s: float) -> str:
        head, _, rest = self._line(time.monotonic() + within_s).partition(" ")
        if head != word:
            raise RefusedError(f"board {self.board} said {head} {rest}")
        return rest

    def _line(self, until: float) -> str:
        while b"\n" not in self._rest:
            piece = self._read(until - time.monotonic())
            if not piece:
                raise AwayError(f"board {self.board} does not answer")
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def _read(self, within_s: float) -> bytes:
        out = self._child.stdout
        if out is None or out.closed:
            return b""
        ready, _, _ = select.select([out], [], [], max(within_s, 0))
        return os.read(out.fileno(), 4096) if ready else b""

    def door_open(self) -> int:
        """Open the cabinet: light falls in."""
        return self.do(Action(verb=Verb.DOOR_OPEN))

    def door_close(self) -> int:
        """Close the cabinet."""
        return self.do(Action(verb=Verb.DOOR_CLOSE))

    def badge(self, tag: str) -> int:
        """Hold a badge to the reader for three seconds."""
        return self.do(Action(verb=Verb.BADGE, tag=tag))

    def tag_in(self, tag: str) -> int:
        """Lay a tagged package into the reader's field, beside those already there."""
        return self.do(Action(verb=Verb.TAG_IN, tag=tag))

    def tag_out(self, tag: str) -> int:
        """Take a tagged package out of the reader's field; told after two seconds."""
        return self.do(Action(verb=Verb.TAG_OUT, tag=tag))

    def weight(self, grams: int) -> int:
        """Leave so many grams on the scale in all."""
        return self.do(Action(verb=Verb.WEIGHT, number=grams))

    def shake(self) -> int:
        """Shake the cabinet."""
        return self.do(Action(verb=Verb.SHAKE))

    def stay(self, mm: int) -> int:
        """Stay at this distance from the cabinet; 0 = nobody and nothing in range."""
        return self.do(Action(verb=Verb.STAY, number=mm))

    def reset(self) -> int:
        """Press the reset button: the boot number rises, what is unacknowledged is told again."""
        return self.tell("now reset")

    def close(self) -> None:
        """End the child; wait for it, at most two seconds before it is killed."""
        if self._child.stdin is not None:
            self._child.stdin.close()
        try:
            self._child.wait(2)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()

    def kill(self) -> None:
        """Cut the power; a new board in the same folder goes on with the next boot."""
        self._child.kill()
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SimBoard(TrialBoard):
    """The real firmware, compiled for the ATmega328P and run cycle by cycle by simavr.

    Its sensors are chip models.  ``tell`` takes the stimulus lines of docs/protocol.md,
    such as "+100 light 3000".  With ``paused`` simulated time stands still but in "run ms".
    Noise follows from the board's id, so a paused run can be repeated.
    ``sketch`` names another of the firmware's boards than the cabinet; "mega/..." runs on an
    ATmega2560.
    ``log`` takes every byte the board sends, also those nobody read at ``path``.

    Raises:
        RefusedError: The firmware does not build.
        AwayError: The simulator does not start.
    """

    recorded = False
    label = "the real firmware in simavr"

    def __init__(
        self,
        board: str,
        *,
        folder: Path,
        paused: bool = False,
        log: Path | None = None,
        sketch: str = ELF.stem,
    ) -> None:
        build_firmware(sketch)
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            str(SIMULATOR),
            "-i",
            board,
            "-S",
            str(crc32(board.encode())),
        ]
        command += ["-e", str(folder / f"{board}.eeprom"), *(["-p"] if paused else [])]
        command += ["-o", str(log)] if log else []
        command += ["-m", MEGA] if sketch.startswith("mega/") else []
        command += ["-w"] if sketch.endswith("_eth") else []  # it sits under an Ethernet shield
        command += ["-c"] if sketch.endswith("camera") else []  # it has a camera and nothing else
        super().__init__(board, folder, [*command, str(BUILD / f"{sketch}.elf")])

    def run(self, ms: int) -> int:
        """Let a paused board live for so many milliseconds, as fast as possible."""
        return self.tell(f"run {ms}")

    def _patience_s(self, line: str) -> float:
        words = line.split()
        # A loaded machine still simulates at twice real time.
        return ANSWER_S + (int(words[1]) / 2000 if words[0] == "run" else 0)

    def _lines(self, action: Action) -> Sequence[str]:
        tag = action.tag
        return {
            Verb.DOOR_OPEN: [f"now light {OPEN_MV}"],
            Verb.DOOR_CLOSE: [f"now light {SHUT_MV}"],
            Verb.BADGE: [f"now card +{tag}", f"+{BADGE_MS} card -{tag}"],
            Verb.TAG_IN: [f"now card +{tag}"],
            Verb.TAG_OUT: [f"now card -{tag}"],
            Verb.WEIGHT: [f"now weight {EMPTY_COUNTS + COUNTS_PER_G * action.number}"],
            Verb.SHAKE: [f"now vib {SHAKE_EDGES}"],
            Verb.STAY: [f"now dist {action.number}"],
        }[action.verb]


class RecordedBoard(TrialBoard):
    """Frames recorded from the real firmware, played by player.py; no firmware runs.

    Recorded: every word, sensor, field order and delay.  Computed: board, boot, seq, ms,
    CRC, tags, and the numbers of weight and distance.  It acknowledges and resends as the
    firmware does, over resets too, but proves nothing about it.  It has no EEPROM: a power cut
    (``kill``) takes every event that was not acknowledged, and none waits to be written there.

    Raises:
        AwayError: The player does not start.
    """

    recorded = True
    label = "frames recorded from the firmware"

    def __init__(self, board: str, *, folder: Path) -> None:
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        starts = folder / f"{board}.starts"
        command = [sys.executable, "-m", "fognode.trial.player", board, str(starts)]
        super().__init__(board, folder, command)

    def _lines(self, action: Action) -> Sequence[str]:
        return [f"now {action.verb} {action.operand}".rstrip()]
