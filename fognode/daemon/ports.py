"""The boards' side of the node: each line is opened once it is known what of it is kept.

How far a board is kept is asked of the journal and of the record; the further of both counts.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from fognode.boards import keys, progress
from fognode.boards.calibration import Scale
from fognode.boards.lines import Lines
from fognode.boards.link import Link, Offer
from fognode.boards.listener import Listener
from fognode.config import Config
from fognode.daemon.inside import inside_parts
from fognode.daemon.journal import Journal
from fognode.daemon.loan import borrowed
from fognode.errors import StoreError
from fognode.events import Row, Stored

POLL_S = 0.5
PORTS_S = 1.0


class Start(Protocol):
    """Begins a part of the node on a thread of its own."""

    def __call__(
        self,
        name: str,
        run: Callable[[threading.Event], None],
        vital: bool = False,
        *,
        hang_s: float = float("inf"),
    ) -> None:
        """Begin it; ``hang_s`` is how long it may be silent until another is begun beside it."""


class Ports:
    """Serial ports, the network's port and the boards inside the node."""

    def __init__(
        self,
        config: Config,
        journal: Journal,
        by_origin: Callable[[str], Stored | None],
        offer: Offer,
        keep_sample: Callable[[Row], None],
    ) -> None:
        """Build every line; none is opened before ``start``.

        Raises:
            ConfigError: The credential board-master is missing, or is no key.
        """
        self._config, self._journal, self._by_origin = config, journal, by_origin
        self._progress = progress.Progress()
        self.lines = Lines(config, offer, self._reach, keep_sample=keep_sample)
        self.lines.recall(self._past)
        self.lines.remember(self._kept)
        self.lines.calibrate(self._scale_of)
        self._inside = inside_parts(config, self.lines)
        self._net = self._listener()

    def note_reach(self, reach: progress.Progress) -> None:
        """Take what the record says of each board from now on."""
        self._progress = reach

    def start(self, start: Start, caught_up: threading.Event) -> None:
        """Begin to hear boards; ``caught_up`` is set once ``note_reach``'s has seen the record."""
        self._start, self._caught_up = start, caught_up
        start("lines", self._watch, vital=True)
        if self._net:
            start("net", self._serve_net)

    def _watch(self, stop: threading.Event) -> None:
        """Start a thread for every port that appears, once it is known what is already kept."""
        while not stop.is_set() and not self._journal.knows_all:
            if self._caught_up.wait(POLL_S):
                self._journal.adopt(self._progress.boards)
                break
        while self._inside and not stop.is_set():
            name, run, hang_s = self._inside.pop()
            self._start(name, run, hang_s=hang_s)
        while not stop.is_set():
            self.lines.lend(borrowed(self._config.folder))
            for link in self.lines.poll():
                self._start(_line_name(link), link.run)
            stop.wait(PORTS_S)

    def _serve_net(self, stop: threading.Event) -> None:
        """Hear the boards of the network, once the record has said which are enrolled."""
        while self._net and not stop.is_set():
            if self._caught_up.wait(POLL_S):
                self._net.run(stop)

    def _listener(self) -> Listener | None:
        """Return who serves the boards of the network, if there is one.

        Raises:
            ConfigError: The credential board-master is missing, or is no key.
        """
        if self._config.ethernet is None:
            return None
        master = keys.read_master(self._config.secret(keys.CREDENTIAL))
        return self.lines.listen(
            self._config.ethernet, keys.allowed_keys(master, self._is_enrolled)
        )

    # --- what is kept of a board; asked on its line's thread ---------------------------------

    def _reach(self, board: str) -> tuple[int, int]:
        return max(self._journal.reach(board), self._progress.of(board))

    def _past(self, board: str, boot: int) -> tuple[int, int, int]:
        return max(self._journal.past(board, boot), self._progress.past(board, boot))

    def _scale_of(self, board: str, sensor: str) -> Scale:
        return self._progress.scales.of(board, sensor)

    def _kept(self, origin: str) -> Stored | None:
        waits = self._journal.backlog().events
        found = self._by_origin(origin)
        if found is None and waits:
            raise StoreError(f"{origin} may be among {waits} events that wait for the database")
        return found

    def _is_enrolled(self, board: str) -> bool:
        return self._progress.is_enrolled(board)


def _line_name(link: Link) -> str:
    return f"line-{Path(link.port).name}"
