"""A whole farm in a folder: peers, boards and the real daemon as a process of its own.

Everything listens on free ports of 127.0.0.1 and ends with ``close``.  What cannot be had
here is a double at its network edge and says so: the authority and the partner (partners.py).
"""

import contextlib
import http.client
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from fognode.daemon.control import TOKEN_FILE, URL_FILE, send_request
from fognode.errors import AwayError
from fognode.events import Json
from fognode.store.checkpoint import new_key
from fognode.trial.boards import RecordedBoard, SimBoard, firmware_lacks
from fognode.trial.chains import TrialChains, start_chains
from fognode.trial.database import TrialDatabase, start_mariadb
from fognode.trial.mail import TrialMail, start_mail
from fognode.trial.partners import TrialPartners, start_partners
from fognode.trial.settings import BOARDS, settings_of

READY_S = 20.0
STOP_S = 8.0
POLL_S = 0.1


class Farm:
    """The peers of one farm and the daemon that serves it; see ``start``."""

    def __init__(self, folder: Path, db: str = "sqlite") -> None:
        self.folder, self.db = folder, db
        self.dir = folder / "node"  # DIR of the daemon
        self.config_path = folder / "fognode.toml"
        self.credentials = folder / "credentials"
        self.boards: dict[str, SimBoard | RecordedBoard] = {}
        self.daemon: subprocess.Popen[bytes] | None = None
        self.patience = 1.0  # every wait takes at most so many times as long as asked
        self._peers = contextlib.ExitStack()

    def __enter__(self) -> "Farm":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- set-up ------------------------------------------------------------------------------

    def start(
        self, page_port: int = 0, block_time_s: int | None = None, board_ids: Sequence[str] = ()
    ) -> None:
        """Empty the folder, start the peers and boards, migrate and start the daemon.

        ``db`` was given at construction: "sqlite", or "mariadb" for a private server.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        for place in (self.dir, self.credentials, self.folder / "ports"):
            place.mkdir(parents=True, mode=0o700)
        self.database: TrialDatabase | None = None
        if self.db == "mariadb":
            self.database = self._close_later(start_mariadb(self.credentials))
        self.chains: TrialChains = self._close_later(
            start_chains(self.folder / "chains", block_time_s)
        )
        self.mail: TrialMail = self._close_later(start_mail(self.folder / "mail"))
        self.partners: TrialPartners = self._close_later(
            start_partners(self.folder / "partners", self.credentials)
        )
        for board in board_ids or BOARDS:
            self.plug(board)
        self._write_config(page_port)
        self.command("migrate")
        self.start_daemon()

    def _close_later(self, peer: Any) -> Any:
        self._peers.callback(peer.close)
        return peer

    @cached_property
    def lacks(self) -> str:
        """Why no firmware can run here; "" = it was built, and it runs."""
        return firmware_lacks()

    def plug(self, board: str) -> None:
        """Start a simulated board (the real firmware, or frames recorded from it)."""
        folder = self.folder / "boards"
        started = (
            RecordedBoard(board, folder=folder) if self.lacks else SimBoard(board, folder=folder)
        )
        self.boards[board] = started
        (self.folder / "ports" / board).symlink_to(started.path)

    @property
    def boards_label(self) -> str:
        """Say what the boards are."""
        return f"{RecordedBoard.label} ({self.lacks})" if self.lacks else SimBoard.label

    def _write_config(self, page_port: int) -> None:
        (self.credentials / "smtp-password").write_text(self.mail.password)
        (self.credentials / "chain-password").write_text(self.chains.farm_password)
        (self.credentials / "checkpoint-key").write_text(new_key())
        (self.credentials / "vault-master").write_text(secrets.token_hex(32))
        for secret in self.credentials.iterdir():
            secret.chmod(0o600)
        self.config_path.write_text(settings_of(self, page_port))

    # --- the daemon --------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every fognode command of this farm."""
        return {**os.environ, "CREDENTIALS_DIRECTORY": str(self.credentials)}

    def command(self, *words: str, typed: str = "") -> str:
        """Run one fognode command on this farm, ``typed`` to it; return what it printed.

        Raises:
            AwayError: It failed; the message holds its last words.
        """
        done = subprocess.run(
            [sys.executable, "-m", "fognode", *words, "--config", str(self.config_path)],
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise AwayError(f"fognode {words[0]} said {(done.stdout + done.stderr)[-800:]}")
        return done.stdout

    def start_daemon(self, well: tuple[int, ...] = (200,)) -> float:
        """Start fognode run; return the seconds until /healthz answered one of ``well``.

        Raises:
            AwayError: It ended, or did not answer in time; the message holds its log's end.
        """
        self._well = well
        (self.dir / URL_FILE).unlink(missing_ok=True)
        begun = time.monotonic()
        with (self.folder / "daemon.log").open("ab") as log:
            self.daemon = subprocess.Popen(
                [sys.executable, "-m", "fognode", "run", "--config", str(self.config_path)],
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        self.wait(self._answers, READY_S, "the page to answer")
        return time.monotonic() - begun

    def _answers(self) -> bool:
        if self.daemon is None or self.daemon.poll() is not None:
            raise AwayError(f"the daemon ended: {self.log_end()}")
        return (self.dir / URL_FILE).exists() and self.get("healthz")[0] in self._well

    def log_end(self) -> str:
        """Return the last lines of the daemon's log."""
        return (self.folder / "daemon.log").read_text(errors="replace")[-1500:]

    def kill_daemon(self) -> None:
        """Kill it with SIGKILL, as a power cut of the process would."""
        if self.daemon is not None:
            self.daemon.kill()
            self.daemon.wait()

    def stop_daemon(self) -> float:
        """SIGTERM; return the seconds it took to end. After 8 s it is killed."""
        if self.daemon is None or self.daemon.poll() is not None:
            return 0.0
        begun = time.monotonic()
        self.daemon.send_signal(signal.SIGTERM)
        try:
            self.daemon.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill_daemon()
        return time.monotonic() - begun

    def close(self) -> None:
        """Stop the daemon, the boards and all peers."""
        self.stop_daemon()
        for board in self.boards.values():
            board.close()
        self._peers.close()

    # --- looking at it -----------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where the page is."""
        return (self.dir / URL_FILE).read_text()

    def get(self, path: str) -> tuple[int, str]:
        """GET a page of the daemon, with its token; (0, "") when nothing answers."""
        try:
            where = urllib.parse.urlsplit(self.url)
            line = http.client.HTTPConnection(where.hostname or "", where.port, timeout=5)
            with contextlib.closing(line):
                token = (self.dir / TOKEN_FILE).read_text()
                line.request("GET", f"/{path}", headers={"Authorization": f"Bearer {token}"})
                answer = line.getresponse()
                found = answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        return found

    def api(self, path: str) -> Any:
        """GET one list of /api/v1 as parsed JSON; an empty list when nothing answers."""
        status, text = self.get(f"api/v1/{path}")
        return json.loads(text) if status == 200 else {}

    def events(self, *kinds: str, after: int = 0) -> list[dict[str, Any]]:
        """Return the stored events of these kinds behind a seq, oldest first, through the API.

        A daemon that is away is waited for: a part of the record would be taken for all of it.

        Raises:
            AwayError: It did not answer for 20 s.
        """
        found: list[dict[str, Any]] = []
        while page := self._answered(f"events?after={after}&limit=500")["events"]:
            found += [event for event in page if not kinds or event["kind"] in kinds]
            after = page[-1]["seq"]
        return found

    def _answered(self, path: str) -> dict[str, Any]:
        told: dict[str, Any] = {}

        def there() -> bool:
            told.update(self.api(path))
            return bool(told)

        self.wait(there, READY_S, f"an answer to {path}")
        return told

    def declare(self, kind: str, facts: dict[str, Json]) -> int:
        """Tell the daemon what no sensor sees; the same request is repeated while it is away.

        Raises:
            AwayError: The daemon did not answer for 20 s.
        """
        request_id = f"{secrets.token_hex(4)}-0000-4000-8000-{secrets.token_hex(6)}"
        until = time.monotonic() + READY_S
        while True:
            try:
                return send_request(self.dir, kind, facts, request_id)
            except AwayError:
                if time.monotonic() > until:
                    raise
                time.sleep(POLL_S)

    def expect(
        self, kind: str, within_s: float = 20.0, /, *, count: int = 1, **facts: Json
    ) -> dict[str, Any]:
        """Wait until ``count`` events of a kind with these facts are stored; return the last.

        Raises:
            AwayError: They did not come in time.
        """
        found: list[dict[str, Any]] = []
        seen = 0  # the record only grows: each look reads what is new

        def there() -> bool:
            nonlocal seen
            for event in self.events(after=seen):
                seen = event["seq"]
                if event["kind"] == kind and facts.items() <= event["facts"].items():
                    found.append(event)
            return len(found) >= count

        self.wait(there, within_s, f"{count} x {kind} {facts}")
        return found[-1]

    def wait(self, there: Callable[[], bool], within_s: float, what: str) -> None:
        """Wait until something is so.

        Raises:
            AwayError: It was not so in time.
        """
        within_s *= self.patience
        until = time.monotonic() + within_s
        while not there():
            if time.monotonic() > until:
                raise AwayError(f"waited {within_s:.0f} s for {what}; log: {self.log_end()[-600:]}")
            time.sleep(POLL_S)
