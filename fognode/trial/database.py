"""A private MariaDB server for demo, tests and bench: one folder, one socket, no network.

It ends with the process that started it.  Its root has no password, so the socket lies in
a folder of mode 0700.  The flags are those for a mini-PC (systemd/mariadb.cnf); the durability
settings are the server's own, so that a crash test is told no lie.
"""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from fognode.errors import AwayError

START_S = 15.0  # mariadbd dies silently when it cannot write its socket or its log
STOP_S = 15.0
INSTALL_S = 60.0
POLL_S = 0.02
FLAGS = (
    "skip-networking",
    "skip-name-resolve",
    "secure-timestamp=YES",
    "innodb-lock-wait-timeout=3",
    "character-set-server=utf8mb4",
    "collation-server=utf8mb4_bin",
    "sql-mode=STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO",
    "innodb-buffer-pool-size=8M",
    "innodb-lru-scan-depth=100",
    "innodb-log-file-size=16M",
    "innodb-log-buffer-size=2M",
    "performance-schema=OFF",
    "max-connections=10",
    "key-buffer-size=8K",
    "aria-pagecache-buffer-size=1M",
    "table-open-cache=64",
    "table-definition-cache=400",
    "query-cache-size=0",
    "innodb-buffer-pool-dump-at-shutdown=0",
    "innodb-buffer-pool-load-at-startup=0",
    "innodb-read-io-threads=1",
    "innodb-write-io-threads=2",
    "innodb-purge-threads=1",
    "innodb-temp-data-file-path=ibtmp1:1M:autoextend",
    "tmp-table-size=1M",
    "max-heap-table-size=1M",
    "thread-cache-size=2",
)
ALLOCATOR = {"MALLOC_ARENA_MAX": "1"}  # systemd/mariadb.conf
# Ends the server when the pipe to its parent closes, however the parent ended.
GUARD = 'cat > /dev/null; kill -TERM "$1"'


def missing_server() -> str:
    """Return why no private server can be started here, "" when one can."""
    absent = [name for name in ("mariadbd", "mariadb-install-db") if not _program(name)]
    return f"{' and '.join(absent)} not found (package mariadb-server)" if absent else ""


class TrialDatabase:
    """A running server; see ``start_mariadb``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder  # short and private: a socket path has 108 bytes at the most
        self.socket = folder / "s"
        self._store = folder / "d"
        self._server: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers on its socket.

        Raises:
            AwayError: It ended or did not answer in time; the message holds its log's end.
        """
        self.socket.unlink(missing_ok=True)
        command = [_program("mariadbd"), "--no-defaults", f"--datadir={self._store}"]
        command += [f"--socket={self.socket}", f"--log-error={self._store}/err.log"]
        command += [f"--pid-file={self._store}/p.pid", *(f"--{flag}" for flag in FLAGS), *_user()]
        self._server = _quiet(command, _surroundings(self.folder))
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, "guard", str(self._server.pid)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_S
        while not self._greets():
            if self._server.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AwayError(f"mariadbd did not start: {self._last_words()}")
            time.sleep(POLL_S)

    def _greets(self) -> bool:
        # Its socket is there sooner, but a SIGTERM in between is lost: it would never end.
        with socket.socket(socket.AF_UNIX) as line, contextlib.suppress(OSError):
            line.settimeout(START_S)
            line.connect(str(self.socket))
            return bool(line.recv(1))
        return False

    def kill(self) -> None:
        """End the server at once, as a power cut of the process would."""
        self._end(by_force=True)

    def restart(self) -> None:
        """Start again on the same files, after ``kill`` or from running."""
        self._end(by_force=False)
        self.start()

    def close(self) -> None:
        """Stop the server and delete its files."""
        self._end(by_force=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, *, by_force: bool) -> None:
        if self._server is not None:
            if by_force:
                self._server.kill()
            else:
                self._server.terminate()
            try:
                self._server.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait(STOP_S)
            self._server = None
        if self._guard is not None:
            # Before its pipe closes: the number could be another process's by now.
            self._guard.kill()
            self._guard.wait(STOP_S)
            if self._guard.stdin is not None:
                self._guard.stdin.close()
            self._guard = None

    def _last_words(self) -> str:
        log = self._store / "err.log"
        return log.read_text(errors="replace")[-800:] if log.is_file() else "it left no log"


def start_mariadb(credentials: Path) -> TrialDatabase:
    """Install and start a server; write passwords for its two accounts as db-writer, db-reader.

    The accounts themselves are made by ``fognode migrate``, as on a farm.

    Raises:
        AwayError: MariaDB is not installed, or did not start.
    """
    if missing := missing_server():
        raise AwayError(missing)
    folder = Path(tempfile.mkdtemp(prefix="fg"))  # mode 0700
    database = TrialDatabase(folder)
    try:
        _install(folder, folder / "d")
        database.start()
    except AwayError:
        database.close()
        raise
    write_passwords(credentials)
    return database


def write_passwords(credentials: Path) -> None:
    """Write generated passwords of the writing and the reading account, mode 0600."""
    credentials.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("db-writer", "db-reader"):
        path = credentials / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(24))


def _install(folder: Path, store: Path) -> None:
    store.mkdir(mode=0o700)
    if _user():
        for place in (folder, store):
            shutil.chown(place, "mysql", "mysql")
    command = [_program("mariadb-install-db"), "--no-defaults", f"--datadir={store}"]
    command += ["--auth-root-authentication-method=normal", "--skip-test-db"]
    try:
        subprocess.run(
            [*command, "--skip-name-resolve", *_user()],
            check=True,
            timeout=INSTALL_S,
            capture_output=True,
            env=_surroundings(folder),
        )
    except subprocess.CalledProcessError as error:
        told = (error.stdout + error.stderr)[-800:]
        raise AwayError(f"mariadb-install-db failed: {told!r}") from error
    except subprocess.TimeoutExpired as error:
        raise AwayError(f"mariadb-install-db took more than {INSTALL_S} s") from error


def _surroundings(folder: Path) -> dict[str, str]:
    # A server deletes at its start what any other one has in the same TMPDIR.
    return {**os.environ, **ALLOCATOR, "TMPDIR": str(folder)}


def _quiet(command: list[str], surroundings: dict[str, str]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C in the demo must not stop it before the daemon.
    return subprocess.Popen(
        command,
        env=surroundings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _user() -> list[str]:
    return ["--user=mysql"] if os.geteuid() == 0 else []


def _program(name: str) -> str:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin:/sbin") or ""
