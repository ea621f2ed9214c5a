"""Writes the golden files from the real firmware: ``make -C firmware golden``.

tests/firmware/cabinet_story.txt: all a board says in one story, byte for byte.
fognode/trial/recorded/cabinet.txt: one frame per happening, for RecordedBoard.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from zlib import crc32

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from fognode.trial.boards import ELF, SIMULATOR, build_firmware  # noqa: E402

STORY = Path(__file__).parent / "cabinet_story.txt"
RECORDED = ROOT / "fognode" / "trial" / "recorded" / "cabinet.txt"
TAG = "04A1B2C3"

# when in ms, the stimulus, the name of the frame that tells of it
HAPPENINGS = (
    (1500, "light 4000", "door_open"),
    (2500, f"card +{TAG}", "in"),
    (4000, "weight 633600", "put"),
    (5500, "dist 330", "stay"),
    (7000, "vib 40", "shake"),
    (9000, f"card -{TAG}", "out"),
    (12500, "weight 400000", "take"),
    (14000, "light 300", "door_close"),
)
STORY_MS = 20_000


def frame(body: str) -> str:
    return f"${body}*{crc32(body.encode()):08X}"


def fog_lines() -> list[str]:
    """The fog's part: a query, a garbled line, acks, one of them twice, a new limit."""
    said = [
        (300, frame("Q,any,0,0011223344556677")),
        (2000, frame("A,cab01,1,1")[:-1] + "x"),  # damaged: event 1 is resent
        (4800, frame("A,cab01,1,2")),
        (8000, frame("A,cab01,1,4")),
        (8100, frame("A,cab01,1,4")),
        (8500, frame("C,cab01,1,L1,on,700")),
        (8600, frame("C,cab01,9,L1,on,700")),  # of another start: refused
        (16000, frame("A,cab01,1,8")),
    ]
    return [f"{ms} uart {line}" for ms, line in said]


def told(fog: list[str]) -> str:
    """Everything a fresh board with seed 1 sends during the story."""
    build_firmware()
    script = [f"{ms} {what}" for ms, what, _ in HAPPENINGS] + fog + [f"run {STORY_MS}", "quit"]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "uart"
        subprocess.run(
            [SIMULATOR, "-p", "-S", "1", "-i", "cab01", "-o", log, ELF],
            input="\n".join(script) + "\n",
            text=True,
            check=True,
            capture_output=True,
            timeout=60,
        )
        return log.read_text(encoding="ascii")


def recorded(text: str) -> str:
    """One line per happening: its name, the delay in ms, the frame."""
    lines = text.splitlines()
    events = [line for line in lines if line.startswith("$E")]
    rows = [f"hello 0 {line}" for line in lines if line[1] in "HD"]
    for at_ms, _, name in HAPPENINGS:
        line = next(e for e in events if int(e.split(",")[4]) >= at_ms)
        rows.append(f"{name} {int(line.split(',')[4]) - at_ms} {line}")
    for letter, name in (("S", "sample"), ("B", "beat")):
        rows.append(f"{name} 0 {next(line for line in lines if line[1] == letter)}")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    STORY.write_text(told(fog_lines()), encoding="ascii")
    RECORDED.write_text(recorded(told([])), encoding="ascii")
