"""What happens by the calendar: nightly training and verification, nothing faster.

Interval jobs of APScheduler stop while the wall clock goes back, so everything that counts
seconds is a loop on the monotonic clock elsewhere; only the trial trains by interval.
"""

import logging
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from fognode.analysis.findings import parse_findings
from fognode.config import Config
from fognode.daemon.followers import Commit
from fognode.errors import FognodeError
from fognode.events import Event, Json, Kind
from fognode.store.verify import Finding

log = logging.getLogger(__name__)

CHILD_TIMEOUT_S = 120
BACKUP_AT = "02:00"
VERIFY_AT = "02:30"
DIGEST_AT = "07:00"
CHORES_MINUTE = 7  # of every hour
TRIAL_CHORES_S = 20  # a trial ends within the hour


class Calendar:
    """Runs the jobs one after the other and remembers how each went."""

    def __init__(
        self,
        config: Config,
        config_path: Path,
        commit: Commit,
        verify: Callable[[], list[Finding]],
        summary: Callable[[], str],
    ) -> None:
        self._config, self._config_path = config, config_path
        self._commit, self._verify, self._summary = commit, verify, summary
        self.chores: dict[str, Callable[[int], str]] = {}  # at the start and every hour
        self.overdue: Callable[[int], list[str]] = lambda _now_ms: []  # nightly jobs missed
        self.back_up: Callable[[], str] = lambda: "not set up"
        self.results: dict[str, tuple[int, str]] = {}  # job -> (finished at ms, result)
        self._child: subprocess.Popen[str] | None = None
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=config.zone,
        )

    def start(self) -> None:
        """Set up the jobs and start the scheduler's thread."""
        hour, minute = self._config.analysis.at.split(":")
        self._scheduler.add_job(self._train, "cron", hour=int(hour), minute=int(minute))
        if every_s := self._config.analysis.every_s:
            self._scheduler.add_job(self._train, "interval", seconds=every_s)
        jobs = ((BACKUP_AT, self._back_up), (VERIFY_AT, self._check), (DIGEST_AT, self._digest))
        for at, job in jobs:
            hour, minute = at.split(":")
            self._scheduler.add_job(job, "cron", hour=int(hour), minute=int(minute))
        self._scheduler.add_job(self._do_chores)
        self._scheduler.add_job(self._do_chores, "cron", minute=CHORES_MINUTE)
        if self._config.trial:
            self._scheduler.add_job(self._do_chores, "interval", seconds=TRIAL_CHORES_S)
        self._scheduler.start()

    def stop(self) -> None:
        """Start no job any more, and end the child of a running one."""
        self._scheduler.shutdown(wait=False)
        if (child := self._child) is not None:
            child.kill()

    def _train(self) -> None:
        self._run_job("train", self.train)

    def _check(self) -> None:
        self._run_job("verify", self.check)

    def _digest(self) -> None:
        self._run_job("digest", self.digest)

    def _back_up(self) -> None:
        self._run_job("backup", self.back_up)

    def _do_chores(self) -> None:
        # A node that is off at night would never be verified or backed up.
        missed = {"backup": self._back_up, "verify": self._check}
        for name in self.overdue(time.time_ns() // 1_000_000):
            missed[name]()
        for name, chore in self.chores.items():
            self._run_job(name, partial(chore, time.time_ns() // 1_000_000))

    def _run_job(self, name: str, job: Callable[[], str]) -> None:
        try:
            result = job()
        except (FognodeError, OSError, subprocess.SubprocessError, ValueError) as error:
            result = f"failed: {error}"
            log.warning("event=job_failed job=%s reason=%s", name, error)
        self.results[name] = (time.time_ns() // 1_000_000, result)

    def train(self) -> str:
        """Train and score all models in a child process; keep what it found.

        Raises:
            StoreError: The findings could not be kept; the next run finds them again.
            ValueError: The child failed; the message holds its last words.
        """
        run = f"{time.time_ns() // 1_000_000}"
        child = [sys.executable, "-m", "fognode.analysis.child", "all"]
        outcome = parse_findings(
            self._run_child([*child, "--config", str(self._config_path), "--run", run]), run
        )
        if outcome.events or outcome.rows:
            self._commit(outcome.events, outcome.rows)
        return f"{len(outcome.events)} findings"

    def _run_child(self, command: list[str]) -> str:
        pipe = subprocess.PIPE
        self._child = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)  # noqa: S603 - ours
        try:
            told, words = self._child.communicate(timeout=CHILD_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            told, words = self._child.communicate()
        if self._child.returncode:
            raise ValueError(f"exit {self._child.returncode}: {words.strip()[-300:]}")
        return told

    def check(self) -> str:
        """Verify the whole record and keep the verdict as an event.

        Raises:
            StoreError: The database is away.
        """
        findings = self._verify()
        now_ms = time.time_ns() // 1_000_000
        kind = Kind.VERIFY_FAILED if findings else Kind.VERIFY_PASSED
        first = str(findings[0]) if findings else ""
        facts: dict[str, Json] = {"findings_count": len(findings), "first": first[:300]}
        event = Event(kind=kind, origin=f"n/verify/{now_ms}", happened_at_ms=now_ms, facts=facts)
        self._commit([event], [])
        return f"{len(findings)} findings"

    def digest(self) -> str:
        """Keep the day's digest, which goes out as a mail; one that is missing tells, too.

        Raises:
            StoreError: The database is away.
        """
        now_ms = time.time_ns() // 1_000_000
        day = datetime.fromtimestamp(now_ms // 1000, self._config.zone).date().isoformat()
        text = f"All of {day}: {self._summary()}"[:300]
        facts: dict[str, Json] = {"text": text, "rule": "digest"}
        event = Event(
            kind=Kind.DAILY_DIGEST,
            origin=f"n/daily_digest/{day}",
            happened_at_ms=now_ms,
            facts=facts,
        )
        self._commit([event], [])
        return "sent to the managers"
