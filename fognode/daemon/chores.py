"""What the calendar and the hours ask of the store: verify, back up, anchor, forget again."""

from datetime import datetime
from functools import partial
from pathlib import Path

from fognode.config import Config
from fognode.daemon.followers import Commit
from fognode.daemon.hours import Hours, Tidy
from fognode.daemon.senders import now_ms
from fognode.daemon.shelf import Shelf
from fognode.ledgers import anchor
from fognode.store.backup import prune_backups, write_backup
from fognode.store.engines import open_engine
from fognode.store.evidence import evidence_of
from fognode.store.personal import erase_again
from fognode.store.photo_check import photo_findings
from fognode.store.photos import Photos
from fognode.store.reader import Reader
from fognode.store.retention import BACKUPS
from fognode.store.samples import open_samples
from fognode.store.vault import open_vault
from fognode.store.verify import Finding, examine

SUNDAY = 6


class Chores:
    """Each is called on the scheduler's thread and raises StoreError while the database is away."""

    def __init__(self, config: Config, config_path: Path, commit: Commit) -> None:
        self._config, self._config_path, self._commit = config, config_path, commit
        self._engine = open_engine(config, "reader")  # of its own: a long read holds up nobody
        self._reader = Reader(self._engine)
        vault = partial(open_vault, config)
        self.photos = Photos(config.folder, vault, self._reader, commit, now_ms)

    def verify(self) -> list[Finding]:
        """Verify what is new since the last clean pass; on Sundays everything."""
        everything = datetime.now(self._config.zone).weekday() == SUNDAY
        found = examine(self._engine, evidence_of(self._config), everything).findings
        return found + photo_findings(self._config.folder, self._reader, everything)

    def back_up(self) -> str:
        """Write tonight's backup, let go of the oldest; return its name."""
        folder = self._config.folder / "backups"
        toml = self._config_path.read_bytes()
        made = write_backup(self._engine, self._config, folder, now_ms(), toml)
        prune_backups(folder, BACKUPS)
        return made.name

    def anchor(self, at_ms: int) -> str:
        """Owe the newest signed root to both chains, if there is a newer one."""
        event = anchor.wanted(self._reader, at_ms) if self._config.chains else None
        if event is None:
            return "nothing new"
        self._commit([event], [])
        return f"{event.facts['size']} events"

    def forget(self, _at_ms: int) -> str:
        """Destroy again the keys of erased people and photos, should an old vault be back."""
        people = erase_again(open_vault(self._config), self._reader)
        return f"{people + self.photos.erase_again()} keys destroyed again"

    def hours(self, shelf: Shelf, tidy: Tidy) -> Hours:
        """Return the chore that sums raw samples and lets go of them."""
        open_rows = partial(open_samples, self._engine)
        return Hours(self._reader, open_rows, shelf, self._commit, tidy)

    def expire_photos(self, _at_ms: int) -> str:
        """Erase the photos that were kept for long enough."""
        return f"{self.photos.expire(self._config.store.photo_days)} erased"
