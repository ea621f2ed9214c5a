"""What the calendar and the hours ask of the store: verify, back up, anchor, forget again."""

from datetime import datetime
from pathlib import Path

from fognode.config import Config
from fognode.daemon.followers import Commit
from fognode.daemon.senders import now_ms
from fognode.ledgers import anchor
from fognode.store.backup import prune_backups, write_backup
from fognode.store.engines import open_engine
from fognode.store.reader import Reader
from fognode.store.signed import evidence_of
from fognode.store.vault import erase_again, open_vault
from fognode.store.verify import Finding, examine

SUNDAY = 6
BACKUPS = 14  # kept, one a night


class Chores:
    """Each is called on the scheduler's thread and raises StoreError while the database is away."""

    def __init__(self, config: Config, config_path: Path, commit: Commit) -> None:
        self._config, self._config_path, self._commit = config, config_path, commit
        self._engine = open_engine(config, "reader")  # of its own: a long read holds up nobody
        self._reader = Reader(self._engine)

    def verify(self) -> list[Finding]:
        """Verify what is new since the last clean pass; on Sundays everything."""
        everything = datetime.now(self._config.zone).weekday() == SUNDAY
        return examine(self._engine, evidence_of(self._config), everything).findings

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
        """Destroy again the keys of erased people, should an old vault have come back."""
        return f"{erase_again(open_vault(self._config), self._reader)} keys destroyed again"
