"""One look at the node for the page: what is in no table, as one frozen value."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import replace

from fognode.alerts.outbox import Postman
from fognode.boards.lines import Lines, LineStatus, SensorStatus
from fognode.config import Config
from fognode.daemon.calendar import Calendar
from fognode.daemon.keeper import Keeper
from fognode.daemon.lookout import Lookout
from fognode.daemon.workers import Worker
from fognode.daemon.write_once import WriteOnce
from fognode.errors import StoreError
from fognode.events import RowValues
from fognode.page.live import ChainNow, Evidence, Job, Line, Live, Sensor, pending_steps
from fognode.store.reader import Reader

AWAY_MAIL_MS = 60_000  # a restart of the database is no trouble


class Glance:
    """Builds a Live from the parts that know; called on web threads."""

    def __init__(
        self,
        config: Config,
        reader: Reader,
        keeper: Keeper,
        workers: Sequence[Worker],
    ) -> None:
        self._config, self._reader = config, reader
        self._keeper, self._workers = keeper, workers
        self._started_at_ms = time.time_ns() // 1_000_000
        self.lines: Lines | None = None
        self.postman: Postman | None = None
        self.calendar: Calendar | None = None
        self.lookout: Lookout | None = None
        self.write_once: WriteOnce | None = None

    def look(self) -> Live:
        """Return the node at this moment; never waits for a peer."""
        away_since_ms = self._keeper.away_since_ms
        return Live(
            now_ms=time.time_ns() // 1_000_000,
            started_at_ms=self._started_at_ms,
            store_ok=away_since_ms is None,
            store_since_ms=away_since_ms or self._started_at_ms,
            store_reason=self._keeper.away_reason,
            evidence=self._evidence(),
            queues={"store": self._keeper.waiting()},
            lines=tuple(_line(status) for status in self.lines.status()) if self.lines else (),
            chains=self._chains(),
            mail=self._mail(),
            jobs=self._jobs(),
            safe_mode=any(worker.off for worker in self._workers),
        )

    def trouble(self, now_ms: int) -> str:
        """Return what managers must know though the database cannot tell them; "" = nothing."""
        keeper = self._keeper
        if keeper.spool_fault:
            return "Nothing can be kept, the disk fails or is full; the boards keep their events."
        if keeper.away_since_ms is not None and now_ms - keeper.away_since_ms > AWAY_MAIL_MS:
            return "The database is away, or is not ours; events wait in the spool. See the page."
        return ""

    def summary(self) -> str:
        """Return the node in one sentence, for the daily digest.

        Raises:
            StoreError: The database is away.
        """
        firing = self._reader.count("alert", {"state": "firing"})
        packages = self._reader.count("package")
        open_steps = sum(pending_steps(self._reader, chain.name) for chain in self._config.chains)
        head = self._reader.head()[0]
        return (
            f"{head} events kept, {packages} packages, {firing} alerts open, "
            f"{open_steps} ledger steps not final, {self._evidence().disk_free_mb} MB free"
        )

    def _evidence(self) -> Evidence:
        backlog, witness = self._keeper.backlog(), self._keeper.witness
        disk = shutil.disk_usage(self._config.folder)
        return replace(
            self.lookout.figures if self.lookout else Evidence(),
            spooled=backlog.events,
            oldest_at_ms=backlog.oldest_recorded_at_ms or 0,
            fault=self._keeper.spool_fault,
            signed_size=witness.signed_size if witness else 0,
            signed_at_ms=witness.signed_at_ms if witness else 0,
            signs=witness is not None,
            write_once=self.write_once.words if witness and self.write_once else "",
            disk_free_mb=disk.free // 1_000_000,
        )

    def _mail(self) -> str:
        if self.postman is None:
            return "off"
        told = self.postman.status()
        return "ok" if told["state"] == "ok" else f"{told['state']}: {told['reason']}"

    def _jobs(self) -> tuple[Job, ...]:
        results = dict(self.calendar.results) if self.calendar else {}
        return tuple(
            Job(name=name, last_run_ms=at_ms, result=result)
            for name, (at_ms, result) in sorted(results.items())
        )

    def _chains(self) -> tuple[ChainNow, ...]:
        try:
            guards = {str(row["chain"]): row for row in self._reader.rows("chain_guard")}
            return tuple(
                ChainNow(name=chain.name, state="HELD", reason="switched off; see the log")
                if self._off(chain.name)
                else _chain(chain.name, guards.get(chain.name), self._reader)
                for chain in self._config.chains
            )
        except StoreError:
            return tuple(ChainNow(name=chain.name) for chain in self._config.chains)

    def _off(self, chain: str) -> bool:
        return any(worker.off for worker in self._workers if worker.name == f"chain-{chain}")


def _chain(name: str, guard: RowValues | None, reader: Reader) -> ChainNow:
    behind = pending_steps(reader, name)
    if guard is None:
        return ChainNow(name=name, behind=behind)
    state = guard["state"]
    if state not in {"OK", "HELD", "AWAY"}:
        raise ValueError(f"chain_guard {name} has state {state!r}")
    return ChainNow(
        name=name,
        state=state,  # type: ignore[arg-type]  # checked above
        reason=str(guard["reason"]),
        head_block=int(guard["head_number"] or 0),
        behind=behind,
    )


def _line(status: LineStatus) -> Line:
    counters = ("frames", "bad_frames", "unknown", "rejected", "repeated", "lost", "pending")
    return Line(
        board=status.board,
        port=status.port,
        place=status.place,
        kind=status.kind,
        version=status.version,
        heard_s=status.heard_s,
        silent=status.is_silent,
        sensors=tuple(_sensor(sensor) for sensor in status.sensors),
        counters={name: getattr(status, name) for name in counters},
    )


def _sensor(status: SensorStatus) -> Sensor:
    return Sensor(
        name=status.sensor,
        type=status.type,
        unit=status.unit,
        last_value=status.value,
        heard_s=status.heard_s,
        grams=status.grams,
        doubts=status.doubts,
    )
