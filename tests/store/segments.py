"""Two full segments of events for a write-once folder, and some events after them."""

from pathlib import Path

from fognode.store.worm import Worm
from tests.store.conftest import body

BODIES = [body(count) for count in range(1, 2 * 4096 + 101)]
FIRST, SECOND, TAIL = BODIES[:4096], BODIES[4096:8192], BODIES[8192:]


def keep_two_segments(folder: Path) -> None:
    """Make a folder that holds the first 8,192 events, and may be removed again."""
    kept = Worm(folder, immutable=False)
    kept.keep_segment(1, FIRST)
    kept.keep_segment(4097, SECOND)


def rewrite(path: Path, content: bytes) -> None:
    """Change a file as its owner can where nothing is immutable."""
    path.chmod(0o600)
    path.write_bytes(content)
