"""The spool, and how far it and all before it reach on each board.

The lines must know what is already kept before they open, database or not.  What the spool
still holds says so exactly; what it has let go of is summed up in ``reach.json``, which is
durable before a segment may go.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fognode.boards import progress
from fognode.boards.starts import NO_PAST
from fognode.errors import StoreError
from fognode.store import durable
from fognode.store.bodies import stored_event
from fognode.store.spool import Backlog, Spool
from fognode.store.spool_cuts import Cut

REACH_FILE = "reach.json"


class Journal:
    """Used on the store thread; ``reach``, ``backlog`` and ``fault`` on any."""

    def __init__(self, folder: Path) -> None:
        """Open the spool in ``folder``, which is made if its parent exists.

        Raises:
            StoreError: The disk is failing, or another process uses it.
            TamperError: A closed segment is not whole, or one is missing.
        """
        self._path = folder / REACH_FILE
        self._spool = Spool(folder)
        self._progress = progress.Progress()
        self.knows_all = self._path.exists()  # False: older events are in the database alone
        self._older: dict[str, progress.Reach] | None = None
        self._read_reach()
        for body in self._spool.bodies():
            self._learn(body)

    def append(self, bodies: Sequence[bytes]) -> None:
        """Keep bodies; on return they are durable and may be acknowledged.

        Raises:
            StoreError: Nothing of them is known to be kept; the spool is opened anew.
        """
        if self._spool.fault:
            self._spool.reopen()
        self._spool.append(bodies)
        for body in bodies:
            self._learn(body)

    def peek(self, limit: int) -> list[bytes]:
        """Return what the database lacks, oldest first.

        Raises:
            StoreError: The disk is failing.
        """
        if self._spool.fault:
            self._spool.reopen()
        return self._spool.peek(limit)

    def drained(self, seqs: Sequence[int]) -> None:
        """Note that the database has the first bodies of the last ``peek``."""
        self._spool.drained(seqs)

    def adopt(self, boards: Mapping[str, progress.Reach]) -> None:
        """Take over what the database knows of older events; once, on any thread."""
        self._older = {
            board: replace(reach, pasts=dict(reach.pasts)) for board, reach in boards.items()
        }

    def release(self, checkpoint_size: int) -> None:
        """Let go of what is in the database and in the write-once folder.

        Raises:
            StoreError: The disk is failing.
        """
        if not self.knows_all and self._older is None:
            return
        self._merge_older()
        reach = {
            board: {"boot": r.boot, "count": r.count, "pasts": r.pasts}
            for board, r in self._progress.boards.items()
        }
        text = json.dumps(reach, sort_keys=True).encode()
        try:
            if not self._path.exists() or self._path.read_bytes() != text:
                durable.write_whole(self._path, text)
        except OSError as error:
            raise StoreError(f"{self._path} cannot be written: {error}") from error
        self.knows_all = True
        self._spool.release(checkpoint_size)

    def _merge_older(self) -> None:
        older, self._older = self._older or {}, None
        for board, reach in older.items():
            known = self._progress.boards.get(board, reach)
            newer = max(known, reach, key=lambda one: (one.boot, one.count))
            newer.pasts = _newest_pasts(known.pasts, reach.pasts)
            self._progress.boards[board] = newer

    def reach(self, board: str) -> tuple[int, int]:
        """Return widened boot and highest count kept of a board, (0, 0) if never heard."""
        return self._progress.of(board)

    def past(self, board: str, boot: int) -> tuple[int, int, int]:
        """Return what is known of one start of a board, as ``Progress.past``."""
        return self._progress.past(board, boot)

    def backlog(self) -> Backlog:
        """Return what waits for the database."""
        return self._spool.backlog()

    def cuts(self) -> list[Cut]:
        """Return what was cut off the spool and is not told of in the record yet.

        Raises:
            StoreError: The disk is failing.
        """
        return self._spool.cuts()

    def cut_told(self, cut: Cut) -> None:
        """Take note that an event tells of a cut.

        Raises:
            StoreError: The disk is failing.
        """
        self._spool.cut_told(cut)

    @property
    def fault(self) -> str:
        """Why nothing can be kept at all; "" while all is well."""
        return self._spool.fault

    def close(self) -> None:
        """Let go of the files."""
        self._spool.close()

    def _learn(self, body: bytes) -> None:
        progress.step(self._progress, stored_event(0, bytes(16), body))

    def _read_reach(self) -> None:
        try:
            told = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            raise StoreError(f"{self._path} cannot be read: {error}") from error
        for board, reach in told.items():
            known = progress.Reach(boot=int(reach["boot"]), count=int(reach["count"]))
            for boot, (count, at_ms, board_ms) in reach.get("pasts", {}).items():
                known.pasts[int(boot)] = int(count), int(at_ms), int(board_ms)
            self._progress.boards[board] = known


def _newest_pasts(
    one: Mapping[int, tuple[int, int, int]], other: Mapping[int, tuple[int, int, int]]
) -> dict[int, tuple[int, int, int]]:
    return {
        boot: max(one.get(boot, NO_PAST), other.get(boot, NO_PAST))
        for boot in sorted({*one, *other})[-progress.PASTS :]
    }
