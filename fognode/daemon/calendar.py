"""What happens by the calendar: nightly training and verification, nothing faster.

Interval jobs of APScheduler stop while the wall clock goes back, so everything that counts
seconds is a loop on the monotonic clock elsewhere; only the trial trains by interval.
"""

import logging
import subprocess
import sys
import time
from collections.abc import Callable
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
VERIFY_AT = "02:30"


class Calendar:
    """Runs the jobs one after the other and remembers how each went."""

    def __init__(
        self,
        config: Config,
        config_path: Path,
        commit: Commit,
        verify: Callable[[], list[Finding]],
    ) -> None:
        self._config, self._config_path = config, config_path
        self._commit, self._verify = commit, verify
        self.results: dict[str, tuple[int, str]] = {}  # job -> (finished at ms, result)
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
        hour, minute = VERIFY_AT.split(":")
        self._scheduler.add_job(self._check, "cron", hour=int(hour), minute=int(minute))
        self._scheduler.start()

    def stop(self) -> None:
        """Start no job any more; a running one is left to end by itself."""
        self._scheduler.shutdown(wait=False)

    def _train(self) -> None:
        self._run_job("train", self.train)

    def _check(self) -> None:
        self._run_job("verify", self.check)

    def _run_job(self, name: str, job: Callable[[], str]) -> None:
        try:
            result = job()
        except (FognodeError, subprocess.SubprocessError, ValueError) as error:
            result = f"failed: {error}"
            log.warning("event=job_failed job=%s reason=%s", name, error)
        self.results[name] = (time.time_ns() // 1_000_000, result)

    def train(self) -> str:
        """Train and score all models in a child process; keep what it found.

        Raises:
            StoreError: The findings could not be kept; the next run finds them again.
            subprocess.SubprocessError: The child failed or took too long.
        """
        run = f"{time.time_ns() // 1_000_000}"
        child = [sys.executable, "-m", "fognode.analysis.child", "all"]
        told = subprocess.run(  # noqa: S603 - our own module, no shell
            [*child, "--config", str(self._config_path), "--run", run],
            capture_output=True,
            check=True,
            timeout=CHILD_TIMEOUT_S,
            text=True,
        )
        outcome = parse_findings(told.stdout, run)
        if outcome.events or outcome.rows:
            self._commit(outcome.events, outcome.rows)
        return f"{len(outcome.events)} findings"

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
