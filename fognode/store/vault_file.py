"""The file vault.db: keys of people and photos, and hashes of PINs; no part of the record.

    keys   subject, key id, key      store/vault.py
    pins   person, hash              store/pins.py

What goes is overwritten with zeros.  It is opened per use: a connection belongs to its thread,
and uses are rare.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from fognode.errors import ConfigError, StoreError
from fognode.store.durable import MODE, fsync_folder

FILE = "vault.db"  # in DIR
WAIT_S = 5.0  # for another thread or command that writes

# EXTRA: a power cut can neither take a key that a kept event needs nor bring back one that was
# destroyed.
SETTINGS = ("journal_mode=DELETE", "synchronous=EXTRA", "secure_delete=ON", "temp_store=MEMORY")
TABLES = (
    "CREATE TABLE IF NOT EXISTS keys (subject TEXT PRIMARY KEY, key_id BLOB, wrapped BLOB)"
    " WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS pins (person TEXT PRIMARY KEY, hash TEXT) WITHOUT ROWID",
)


class VaultFile:
    """One farm's vault.db; may be used from several threads and processes at once."""

    def __init__(self, path: Path) -> None:
        """Take the file, which the first write makes.

        Raises:
            ConfigError: Others may read it.
        """
        if path.exists() and path.stat().st_mode & 0o077:
            raise ConfigError(f"others may read {path}: chmod 600 it")
        self.path = path

    def has(self, table: str) -> bool:
        """Tell whether a table was made.

        Raises:
            StoreError: The file cannot be read.
        """
        # Empty: made, and then the power went.
        if not self.path.exists() or self.path.stat().st_size == 0:
            return False
        with self.asking() as keys:
            wanted = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
            return keys.execute(wanted, [table]).fetchone() is not None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give one transaction, in a file that is made if it is not there.

        Raises:
            StoreError: The file cannot be made or written.
        """
        if not self.path.exists():
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
                os.close(os.open(self.path, flags, MODE))
                if os.geteuid() == 0:  # the appliance's user is to use it, too
                    owner = self.path.parent.stat()
                    os.chown(self.path, owner.st_uid, owner.st_gid)
                fsync_folder(self.path.parent)
            except OSError as error:
                raise StoreError(f"{self.path} cannot be made: {error.strerror}") from error
        with self.asking() as keys:
            keys.execute("BEGIN IMMEDIATE")
            for table in TABLES:
                keys.execute(table)
            yield keys
            keys.execute("COMMIT")

    @contextmanager
    def asking(self) -> Iterator[sqlite3.Connection]:
        """Give a connection, outside any transaction.

        Raises:
            StoreError: The file cannot be read.
        """
        try:
            with closing(sqlite3.connect(self.path, timeout=WAIT_S, isolation_level=None)) as keys:
                for setting in SETTINGS:
                    keys.execute(f"PRAGMA {setting}")
                yield keys
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} cannot be used: {error}") from error
