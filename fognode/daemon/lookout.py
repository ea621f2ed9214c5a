"""Looks every ten seconds whether the evidence keeps up, and tells the record when it does not.

    anchor   per chain: events that no anchor covers, older than 3 h
    backup   the newest backup, and
    verify   the last verification, older than 26 h: one night was missed
    spool    events that the database lacks though it answers, older than 10 min
    disk     less than 500 MB free on the node's disk

One event when something falls behind (``evidence_late`` with limit and reason, ``disk_low``),
one when it has caught up (``evidence_back``, ``disk_enough``).  What was told is read from the
record, so a restart tells nothing twice.  The page is shown the same figures.
"""

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fognode.config import Config
from fognode.daemon.keeper import Keeper
from fognode.errors import StoreError
from fognode.events import Event, Json, Kind, Stored
from fognode.ledgers.anchor import OWN
from fognode.page.banner import DISK_LOW_MB
from fognode.page.live import Anchored, Evidence, TailCut
from fognode.store.backup import PATTERN
from fognode.store.reader import Reader
from fognode.store.spool_cuts import Cut

LOOK_S = 10.0
GRACE_S = 900.0  # after a start: what fell behind while the node was off is caught up first
ANCHOR_LATE_MS = 3 * 3_600_000
NIGHTLY_LATE_MS = 26 * 3_600_000
SPOOL_LATE_MS = 10 * 60_000
DISK_ENOUGH_MB = 600  # not 500: around one limit it would come and go
RULE_V = 1
PAGE, FEW = 500, 20  # events read at once
FOLDED = (
    Kind.CHECKPOINT_ANCHORED,
    Kind.VERIFY_PASSED,
    Kind.VERIFY_FAILED,
    Kind.SPOOL_TAIL_CUT,
    Kind.EVIDENCE_LATE,
    Kind.EVIDENCE_BACK,
    Kind.DISK_LOW,
    Kind.DISK_ENOUGH,
)
BEGINS = {Kind.EVIDENCE_LATE, Kind.DISK_LOW}
ENDS = {Kind.EVIDENCE_BACK, Kind.DISK_ENOUGH}

Subject = tuple[str, str]  # what, and of which chain or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """Why something is behind."""

    age_ms: int
    limit_ms: int
    reason: str


class Lookout:
    """Used on its own thread; ``figures`` and ``overdue`` on any."""

    def __init__(
        self, config: Config, reader: Reader, keeper: Keeper, results: Mapping[str, tuple[int, str]]
    ) -> None:
        """Begin with nothing known.

        Args:
            config: Which chains there are, and the folder.
            reader: Of the record.
            keeper: Says what waits in the spool, and takes our events.
            results: When each job of the calendar ended, and how.
        """
        self._config, self._reader, self._keeper = config, reader, keeper
        self._results = results
        self._lock = threading.Lock()  # held while the record is read
        self._seen = 0  # seq up to which the record was read
        self._begun_at_ms = 0  # when the first event was recorded
        self._told: set[Subject] = set()
        self.figures = Evidence()
        self.chimes: Sequence[Callable[[int], None]] = ()  # asked first in every pass

    def run(self, stop: threading.Event) -> None:
        """Look until ``stop``."""
        begun_s = time.monotonic()
        while not stop.is_set():
            has_settled = time.monotonic() - begun_s >= GRACE_S
            now_ms = time.time_ns() // 1_000_000
            for chime in self.chimes:
                chime(now_ms)
            self.pass_once(now_ms, has_settled)
            stop.wait(LOOK_S)

    def pass_once(self, now_ms: int, has_settled: bool = True) -> None:
        """Look once; tell what begins to be late only when the node ``has_settled``."""
        free_mb = shutil.disk_usage(self._config.folder).free // 1_000_000
        late: dict[Subject, Late] | None = None
        try:
            self._read()
            late = dict(self._late(now_ms))
        except StoreError:
            pass  # said once by the store thread
        self._watch_disk(now_ms, free_mb)
        if late is None:
            return
        for subject in sorted(late.keys() - self._told if has_settled else ()):
            self._tell_late(subject, late[subject], now_ms)
        for subject in sorted(self._told - late.keys() - {("disk", "")}):
            self._tell(Kind.EVIDENCE_BACK, subject, {}, now_ms)

    def overdue(self, now_ms: int) -> list[str]:
        """Return the nightly jobs that were missed: the node was off, or they failed."""
        try:
            self._read()
        except StoreError:
            return []
        return [what for (what, _), _late in self._nightly(now_ms)]

    # --- telling ------------------------------------------------------------------------------

    def _watch_disk(self, now_ms: int, free_mb: int) -> None:
        was_low = ("disk", "") in self._told
        if free_mb < DISK_LOW_MB and not was_low:
            self._tell(Kind.DISK_LOW, ("disk", ""), {"free_mb": free_mb}, now_ms)
        elif free_mb >= DISK_ENOUGH_MB and was_low:
            self._tell(Kind.DISK_ENOUGH, ("disk", ""), {"free_mb": free_mb}, now_ms)

    def _tell_late(self, subject: Subject, late: Late, now_ms: int) -> None:
        facts: dict[str, Json] = {
            "age_s": late.age_ms // 1000,
            "limit_s": late.limit_ms // 1000,
            "reason": late.reason[:200],
        }
        self._tell(Kind.EVIDENCE_LATE, subject, facts, now_ms)

    def _tell(self, kind: Kind, subject: Subject, facts: dict[str, Json], now_ms: int) -> None:
        what, chain = subject
        named: dict[str, Json] = {"what": what, **({"chain": chain} if chain else {})}
        event = Event(
            kind=kind,
            origin=f"n/{kind}/{what}{chain}-{now_ms}",
            happened_at_ms=now_ms,
            facts=named | facts,
            rule_v=RULE_V,
        )
        if self._keeper.offer(event, lambda _seq: None):  # else it is told in the next pass
            self._note(kind, subject)

    # --- the record ---------------------------------------------------------------------------

    def _read(self) -> None:
        with self._lock:
            head = self._reader.head()[0]
            if not self._begun_at_ms and (first := self._reader.events(0, 1)):
                self._begun_at_ms = first[0].recorded_at_ms
            while found := self._reader.events(self._seen, PAGE, FOLDED):
                for told in found:
                    self._fold(told)
                self._seen = found[-1].seq
            self._seen = max(self._seen, head)  # or the next look would search all since
            name, at_ms = _newest_backup(self._config.folder / "backups")
            known = {one.chain: one for one in self.figures.anchors}
            anchors = tuple(self._open_since(known, chain.name) for chain in self._config.chains)
            self.figures = replace(
                self.figures, backup=name, backed_up_at_ms=at_ms, anchors=anchors
            )

    def _open_since(self, known: Mapping[str, Anchored], chain: str) -> Anchored:
        """Say since when events wait for an anchor on a chain."""
        one = known.get(chain, Anchored(chain=chain))
        after = one.size
        while found := self._reader.events(after, FEW):
            for told in found:
                if told.kind not in OWN:
                    return replace(one, open_since_ms=told.recorded_at_ms)
            after = found[-1].seq
        return replace(one, open_since_ms=0)

    def _fold(self, told: Stored) -> None:
        if told.kind in BEGINS | ENDS:
            self._note(told.kind, (told.text("what") or "disk", told.text("chain")))
        elif told.kind == Kind.CHECKPOINT_ANCHORED:
            self._note_anchor(told)
        elif told.kind == Kind.SPOOL_TAIL_CUT:
            cut = TailCut(
                at_ms=told.happened_at_ms,
                size_bytes=told.number("bytes"),
                file=told.text("file"),
                records_before=told.number("records_before"),
                records_after=told.number("records_after"),
            )
            self.figures = replace(self.figures, tail_cut=cut)
        else:
            self.figures = replace(
                self.figures,
                verified_at_ms=told.recorded_at_ms,
                findings=told.number("findings_count"),
            )

    def _note(self, kind: str, subject: Subject) -> None:
        if kind in BEGINS:
            self._told.add(subject)
        else:
            self._told.discard(subject)

    def _note_anchor(self, told: Stored) -> None:
        chain = told.text("chain")
        others = tuple(one for one in self.figures.anchors if one.chain != chain)
        size = told.number("size")
        if any(one.chain == chain and one.size > size for one in self.figures.anchors):
            return
        one = Anchored(
            chain=chain, size=size, at_ms=told.happened_at_ms, tx_hash=told.text("tx_hash")
        )
        self.figures = replace(self.figures, anchors=(*others, one))

    # --- what is late -------------------------------------------------------------------------

    def _late(self, now_ms: int) -> Iterator[tuple[Subject, Late]]:
        yield from self._nightly(now_ms)
        for one in self.figures.anchors:
            if (age_ms := now_ms - (one.open_since_ms or now_ms)) > ANCHOR_LATE_MS:
                late = Late(
                    age_ms=age_ms, limit_ms=ANCHOR_LATE_MS, reason=self._why_open(one.chain)
                )
                yield ("anchor", one.chain), late
        oldest_ms = self._keeper.backlog().oldest_recorded_at_ms
        # A database that is away is told of by itself, also past the record.
        is_away = self._keeper.away_since_ms is not None
        if oldest_ms and not is_away and now_ms - oldest_ms > SPOOL_LATE_MS:
            reason = "the database answers and takes nothing"
            late = Late(age_ms=now_ms - oldest_ms, limit_ms=SPOOL_LATE_MS, reason=reason)
            yield ("spool", ""), late

    def _nightly(self, now_ms: int) -> Iterator[tuple[Subject, Late]]:
        done = {"backup": self.figures.backed_up_at_ms, "verify": self.figures.verified_at_ms}
        for what, at_ms in done.items():
            age_ms = now_ms - (at_ms or self._begun_at_ms or now_ms)
            if age_ms > NIGHTLY_LATE_MS:
                result = self._results.get(what, (0, ""))[1]
                reason = result if result.startswith("failed") else "it did not run"
                yield (what, ""), Late(age_ms=age_ms, limit_ms=NIGHTLY_LATE_MS, reason=reason)

    def _why_open(self, chain: str) -> str:
        if self._keeper.witness is None:
            return "nothing is signed without a checkpoint key"
        if self.figures.findings:
            return "nothing is anchored while the record does not verify"
        guards = self._reader.rows("chain_guard", {"chain": chain}, limit=1)
        state = str(guards[0]["state"]) if guards else "not reached yet"
        reason = str(guards[0]["reason"]) if guards else ""
        return f"chain {state} {reason}".strip()


def cut_event(cut: Cut) -> Event:
    """Return the event that tells of bytes cut off the spool; one cut is always the same event."""
    return Event(
        kind=Kind.SPOOL_TAIL_CUT,
        origin=f"n/spool_tail_cut/{cut.aside.stem}-{cut.found_ns}",
        happened_at_ms=cut.found_ns // 1_000_000,
        facts={
            "file": cut.segment,
            "bytes": cut.size_bytes,
            "records_before": cut.records_before,
            "records_after": cut.records_after,
            "kept_in": cut.aside.with_suffix(".cut.told").name,
        },
    )


def _newest_backup(folder: Path) -> tuple[str, int]:
    """Return name and time of the newest backup; ("", 0) when there is none."""
    found: list[tuple[int, str]] = []
    for path in folder.glob(PATTERN):
        try:
            found.append((path.stat().st_mtime_ns // 1_000_000, path.name))
        except FileNotFoundError:
            continue  # pruned meanwhile
    at_ms, name = max(found, default=(0, ""))
    return name, at_ms
