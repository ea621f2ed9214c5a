"""The real daemon on a real database with two boards that keep ledgers; no chains, no mail.

``home`` holds what outlives a power cut (ledgers, ports, configuration, daemon log); ``disk``
holds what the appliance writes (node folder, MariaDB's files) and may be a loop image.
"""

import contextlib
import http.client
import os
import sqlite3
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import mariadb
from sqlalchemy import Connection, Engine

from fognode.config import load
from fognode.daemon.control import URL_FILE
from fognode.errors import StoreError
from fognode.store.checkpoint import new_key
from fognode.store.engines import open_engine, open_mariadb
from fognode.store.reader import Reader
from fognode.store.verify import verify
from fognode.trial.database import TrialDatabase, _install, write_passwords
from tests.crash.audit import Audit
from tests.crash.ledger_board import LedgerBoard

BOARDS = ("cab01", "cab02")
LIMIT_S = 60.0  # a round that takes longer has failed; the bar itself is judged by its caller
POLL_S = 0.02
SCHEMAS = ("fognode", "fognode_audit", "fognode_state")


class Rig:
    """Started on entering, all of it ended on leaving."""

    def __init__(self, db: str, home: Path, disk: Path) -> None:
        self.db, self.home, self.disk = db, home, disk
        self.node_folder = disk / "node"
        self.config_path = home / "fognode.toml"
        self.credentials = home / "credentials"
        self.module = "fognode"  # or tests.crash.unsynced_node
        self.database = TrialDatabase(disk / "db") if db == "mariadb" else None
        self._database_runs = False
        self.daemon: subprocess.Popen[bytes] | None = None
        self.boards: dict[str, LedgerBoard] = {}

    def __enter__(self) -> "Rig":
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise
        return self

    def _set_up(self) -> None:
        for place in (self.credentials, self.home / "ports", self.node_folder):
            place.mkdir(mode=0o700, parents=True)
        write_passwords(self.credentials)
        (self.credentials / "checkpoint-key").write_text(new_key())
        self._write_config()
        if self.database is not None:
            # The server gives up root and must still reach its files.
            self.disk.chmod(0o711)
            self.database.folder.mkdir(mode=0o700)
            _install(self.database.folder, self.database.folder / "d")
        for board in BOARDS:
            port, ledger = self.home / "ports" / board, self.home / f"{board}.ledger"
            self.boards[board] = LedgerBoard(board, port, ledger)
        self.start_database()
        self.command("migrate")
        self.start_daemon()
        self.wait_served(self.acknowledged())

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything."""
        self.end_daemon()
        if self.database is not None:
            self.database.kill()
        for board in self.boards.values():
            board.close()
        # Or what the appliance made unchangeable could not be cleared away.
        subprocess.run(["chattr", "-R", "-f", "-ia", str(self.disk)], check=False)

    def _write_config(self) -> None:
        store = 'backend = "sqlite"'
        if self.database is not None:
            store = f'backend = "mariadb"\nsocket = "{self.database.socket}"'
        parts = [
            f'[farm]\nid = "farm-7"\nname = "Sitio"\nfolder = "{self.node_folder}"',
            f"[store]\n{store}",
            f'[serial]\nports = ["{self.home / "ports" / "*"}"]',
            "[page]\nport = 0",
        ]
        for board in BOARDS:
            parts.append(f'[[cabinet]]\nid = "{board}-box"\nboard = "{board}"')
            parts.append(f'[[board]]\nid = "{board}"')
        self.config_path.write_text("\n\n".join(parts) + "\n")

    # --- processes -----------------------------------------------------------------------

    def _fognode(self, module: str, *words: str) -> list[str]:
        return [sys.executable, "-m", module, *words, "--config", str(self.config_path)]

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, "CREDENTIALS_DIRECTORY": str(self.credentials)}

    def command(self, *words: str) -> tuple[int, str]:
        """Run a fognode command to its end; return its exit code and what it said."""
        done = subprocess.run(
            self._fognode("fognode", *words),
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        if done.returncode and words[0] == "migrate":
            raise AssertionError(done.stdout + done.stderr)
        return done.returncode, done.stdout + done.stderr

    def start_daemon(self) -> None:
        """Start fognode run and return at once."""
        (self.node_folder / URL_FILE).unlink(missing_ok=True)
        with (self.home / "daemon.log").open("ab") as log:
            self.daemon = subprocess.Popen(
                self._fognode(self.module, "run"), env=self._environment, stdout=log, stderr=log
            )

    @contextlib.contextmanager
    def rival(self) -> Iterator[Path]:
        """Run another daemon, with a folder of its own, on the same database; lend its log."""
        config, log_path = self.home / "rival.toml", self.home / "rival.log"
        text = self.config_path.read_text().replace(str(self.node_folder), f"{self.disk}/rival")
        config.write_text(text.replace("/ports/*", "/no-ports/*"))
        words = [sys.executable, "-m", "fognode", "run", "--config", str(config)]
        with log_path.open("ab") as log:
            rival = subprocess.Popen(words, env=self._environment, stdout=log, stderr=log)
        try:
            yield log_path
        finally:
            rival.kill()
            rival.wait(LIMIT_S)

    def end_daemon(self) -> None:
        """Kill -9."""
        if self.daemon is not None:
            self.daemon.kill()
            self.daemon.wait(LIMIT_S)

    def start_database(self) -> None:
        """Start mariadbd, if there is one, and wait until it answers."""
        if self.database is None:
            return
        self.database.start()
        self._database_runs = True

    def end_database(self) -> None:
        """Kill -9."""
        if self.database is not None:
            self.database.kill()
            self._database_runs = False

    def end_both(self) -> None:
        """Kill -9 of both, the second before the first is mourned."""
        if self.daemon is not None:
            self.daemon.kill()
        self.end_database()
        self.end_daemon()

    def start_both(self) -> None:
        """Start what is not running."""
        if not self._database_runs:
            self.start_database()
        if self.daemon is None or self.daemon.poll() is not None:
            self.start_daemon()

    def set_flush(self, flush: int) -> None:
        """Set innodb_flush_log_at_trx_commit until mariadbd's next start.

        Behind the back of a running daemon, because one that starts refuses all but 1.
        """
        if self.database is not None:
            self.as_root(f"SET GLOBAL innodb_flush_log_at_trx_commit={flush}")

    # --- looking -------------------------------------------------------------------------

    def acknowledged(self) -> dict[str, int]:
        """Return the highest acknowledged count of each board."""
        return {name: board.acknowledged for name, board in self.boards.items()}

    @contextlib.contextmanager
    def reader(self) -> Iterator[Reader]:
        """Lend a reader; no file of the disk stays open behind it."""
        engine = self._reading_engine()
        try:
            yield Reader(engine)
        finally:
            engine.dispose()

    def _reading_engine(self) -> Engine:
        return open_engine(load(self.config_path, self._environment), "reader")

    def head(self) -> int:
        """Return the seq of the newest event."""
        with self.reader() as reader:
            return reader.head()[0]

    @contextlib.contextmanager
    def rest(self) -> Iterator[None]:
        """Let nothing new happen, or what is compared would grow meanwhile."""
        for board in self.boards.values():
            board.rests = True
        try:
            yield
        finally:
            for board in self.boards.values():
                board.rests = False

    def wait_served(self, before: dict[str, int], limit_s: float = LIMIT_S) -> None:
        """Wait until all is as before: the page is well, and every board was acknowledged anew.

        And until the database holds every event that was acknowledged ``before``.
        """
        self.wait(self.is_well, "the page to say all is well", limit_s)
        self.wait(
            lambda: all(now > before[name] for name, now in self.acknowledged().items()),
            "both boards to be acknowledged",
            limit_s,
        )
        self.wait_drained(before, limit_s)

    def wait_drained(self, acknowledged: dict[str, int], limit_s: float = LIMIT_S) -> None:
        """Wait until the last acknowledged event of each board is in the database."""
        wanted = [f"b/{name}/1/{count}" for name, count in acknowledged.items() if count]
        with self.reader() as reader:

            def drained() -> bool:
                try:
                    return all(reader.by_origin(origin) is not None for origin in wanted)
                except StoreError:
                    return False

            self.wait(drained, f"{wanted} to be in the database", limit_s)

    def lives(self) -> bool:
        """Tell whether the daemon still runs."""
        return self.daemon is not None and self.daemon.poll() is None

    def is_well(self) -> bool:
        """Tell whether /healthz answers 200."""
        if self.daemon is not None and self.daemon.poll() is not None:
            raise AssertionError(f"the daemon ended by itself: {self.log_end()}")
        try:
            where = urllib.parse.urlsplit((self.node_folder / URL_FILE).read_text())
            line = http.client.HTTPConnection(where.hostname or "", where.port, timeout=5)
            line.request("GET", "/healthz")
            status = line.getresponse().status
            line.close()
        except (OSError, http.client.HTTPException):
            return False
        return status == 200

    def wait(self, there: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> None:
        """Wait until something is so; a daemon that ended by itself is an error."""
        until = time.monotonic() + limit_s
        while not there():
            if time.monotonic() > until:
                raise AssertionError(f"waited {limit_s:.0f} s for {what}: {self.log_end()}")
            time.sleep(POLL_S)

    def log_end(self) -> str:
        """Return the last words of the daemon."""
        return (self.home / "daemon.log").read_text(errors="replace")[-1500:]

    # --- checking ------------------------------------------------------------------------

    def audit(self, audit: Audit | None = None) -> Audit:
        """Read what is new, or everything, and compare it with the ledgers."""
        audit = audit or Audit(self.boards)
        with self.reader() as reader:
            audit.read(reader)
        return audit

    def verify(self) -> list[str]:
        """Return the findings of fognode verify over everything."""
        engine = self._reading_engine()
        try:
            return [str(finding) for finding in verify(engine)]
        finally:
            engine.dispose()

    def check_files(self) -> list[str]:
        """Return what CHECK TABLE, or PRAGMA integrity_check, has to say but OK."""
        if self.database is None:
            file = sqlite3.connect(self.node_folder / "fognode.db")
            rows = file.execute("PRAGMA integrity_check").fetchall()
            file.close()
            return [str(row[0]) for row in rows if row[0] != "ok"]
        tables = self.as_root(
            "SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.tables "
            f"WHERE table_type = 'BASE TABLE' AND table_schema IN {SCHEMAS}"
        )
        # Not through an engine of ours, which gives up after 10 s: this may take longer.
        server = mariadb.connect(unix_socket=str(self.database.socket), user="root")
        found = server.cursor()
        found.execute(f"CHECK TABLE {', '.join(str(row[0]) for row in tables)}")
        told = [row for row in found.fetchall() if row[3] != "OK"]
        server.close()
        return [str(row) for row in told]

    def as_root(self, statement: str) -> list[tuple[object, ...]]:
        """Run one statement as the server's root."""
        with self.root_connection() as connection:
            found = connection.exec_driver_sql(statement)
            rows = [tuple(row) for row in found] if found.returns_rows else []
            connection.commit()
            return rows

    @contextlib.contextmanager
    def root_connection(self) -> Iterator[Connection]:
        """Lend a connection of the server's root."""
        engine = open_mariadb(load(self.config_path, self._environment), "root", "", 1)
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()
