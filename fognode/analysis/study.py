"""Everything one analysis run knows, read once through the reader's account."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern
from zoneinfo import ZoneInfo

from fognode.analysis.features import KINDS as LEARNT_KINDS
from fognode.analysis.features import OPENINGS_MOST, Record, read_record
from fognode.analysis.findings import KINDS, TASKS, Finding
from fognode.config import Config
from fognode.events import RowValues, Stored
from fognode.store.reader import Reader

PAGE = 500  # events read at a time
TOLD_MOST = 500  # newest findings searched for what was said last


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """The record as numbers, what was found before, and the run itself."""

    record: Record
    verdicts: Mapping[str, str]  # opening -> verdict of the hard rules
    versions: Mapping[str, RowValues]  # task -> its newest model_version row
    said: Mapping[tuple[str, str], str]  # (task, gtin or "") -> text last told
    head_seq: int  # the run is true as of this event
    first_at_ms: int  # when the record begins, 0 = it is empty
    zone: ZoneInfo
    run: str  # UTC milliseconds of its start, in digits
    models: Path  # folder of model files

    @property
    def now_ms(self) -> int:
        """The moment the run was started, by the daemon's clock."""
        return int(self.run)

    def is_news(self, finding: Finding) -> bool:
        """Tell whether the finding says something else than the last on its subject."""
        subject = (finding.task, str(finding.more.get("gtin", "")))
        return self.said.get(subject) != finding.text


@dataclass(slots=True)
class Result:
    """What one task found: sentences, and rows for the table model_version."""

    findings: list[Finding] = field(default_factory=list)
    versions: list[RowValues] = field(default_factory=list)


def gather_study(reader: Reader, config: Config, run: str) -> Study:
    """Read the whole record, page by page; only numbers stay in memory.

    Raises:
        StoreError: The database is away.
    """
    head_seq, _ = reader.head()
    first = reader.events(after=0, limit=1)
    openings = reader.rows("opening", order="-opened_at_ms", limit=OPENINGS_MOST)
    versions = {
        task: rows[0]
        for task in TASKS
        if (rows := reader.rows("model_version", {"task": task}, "-created_at_ms", 1))
    }
    return Study(
        record=read_record(_pages(reader, head_seq), config.zone),
        verdicts={str(row["opening"]): intern(str(row["verdict"])) for row in openings},
        versions=versions,
        said=_said(reader),
        head_seq=head_seq,
        first_at_ms=first[0].happened_at_ms if first else 0,
        zone=config.zone,
        run=run,
        models=config.folder / "models",
    )


def _pages(reader: Reader, head_seq: int) -> Iterator[Stored]:
    seq = 0
    while page := reader.events(after=seq, limit=PAGE, kinds=LEARNT_KINDS):
        for told in page:
            if told.seq > head_seq:
                return
            yield told
        seq = page[-1].seq


def _said(reader: Reader) -> dict[tuple[str, str], str]:
    said: dict[tuple[str, str], str] = {}
    for told in reader.newest(TOLD_MOST, kinds=list(KINDS.values())):
        said.setdefault((told.text("task"), told.text("gtin")), told.text("text"))
    return said
