"""What the write-once folder really is at the moment: how many of its files are immutable."""

import time
from pathlib import Path

from fognode.errors import StoreError
from fognode.store.immutable import look_at_files

EVERY_S = 300.0  # as often as the timer marks files
REST = 1000  # times what a count took: a year has some 100,000 files, a Pi counts for seconds


class WriteOnce:
    """Counts now and then on the lookout's thread; ``words`` may be read on any."""

    def __init__(self, folder: Path, is_trial: bool) -> None:
        """Begin with nothing known."""
        self._folder, self._is_trial = folder, is_trial
        self._due_s = 0.0  # monotonic
        self.words = ""  # "" = the folder is not used

    def pass_once(self, _now_ms: int) -> None:
        """Count again if the last count is old enough."""
        begun_s = time.monotonic()
        if begun_s < self._due_s or not self._folder.is_dir():
            return
        try:
            self.words = (
                "plain files: a trial" if self._is_trial else str(look_at_files(self._folder))
            )
        except StoreError as error:
            self.words = f"not known: {error}"
        self._due_s = begun_s + max(EVERY_S, REST * (time.monotonic() - begun_s))
