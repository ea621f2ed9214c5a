"""Findings of an analysis run: how the child tells them and how the daemon believes them.

The child prints ONE JSON document, ``{"events": [...], "rows": [...]}``; here it is checked
field by field and becomes events and rows.  This is the only module of the tier that the
daemon imports, so it loads neither numpy nor scikit-learn.

A finding's origin is ``a/RUN/N``.  RUN is the moment the run was started, UTC milliseconds in
digits, told by the daemon: the child reads no clock.  N is the finding's own number, the same
whichever tasks run: 1 sessions, 2 clusters, 3 demand as a whole, from 11 one product each.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fognode.events import Event, Json, Kind, Outcome, Row, RowValues
from fognode.hashing import canonical_bytes, event_id
from fognode.store import derived, tables

TASKS = ("sessions", "clusters", "demand")
KINDS = {
    "sessions": Kind.PATTERN_DETECTION,
    "clusters": Kind.CORRELATION,
    "demand": Kind.PREDICTION,
}
NUMBERS = {"sessions": 1, "clusters": 2, "demand": 3}
PRODUCTS_FROM = 11  # number of the first product's own finding
RUN = re.compile(r"[1-9][0-9]{12}")  # 13 digits of milliseconds: the years 2001 to 2286
DOCUMENT_MOST = 1_000_000  # characters; a full run of 200 products has about 150,000
TEXT_MOST = 600
COLUMNS = {
    table.name: {column.name: column.type.python_type for column in table.columns}
    for table in (tables.model_version, derived.finding)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One sentence for the farmer and the numbers behind it.

    ``enough`` is False when there was too little to learn from: that is an answer too.  A
    score that was not measured is None and left out of the facts.
    """

    task: str
    number: int
    text: str
    enough: bool
    model: str = ""  # id of the model_version row, "" = none
    window_from_ms: int = 0
    window_to_ms: int = 0
    metric_permille: int | None = None
    baseline_permille: int | None = None
    first_seq: int = 0  # of the events it rests on
    last_seq: int = 0
    more: Mapping[str, Json] = field(default_factory=dict)

    def facts(self) -> dict[str, Json]:
        """Return the facts of the finding's event."""
        facts: dict[str, Json] = {
            "task": self.task,
            "text": self.text,
            "enough": int(self.enough),
            "model": self.model,
            "window_from_ms": self.window_from_ms,
            "window_to_ms": self.window_to_ms,
            "first_seq": self.first_seq,
            "last_seq": self.last_seq,
            **self.more,
        }
        if self.metric_permille is not None:
            facts["metric_permille"] = self.metric_permille
        if self.baseline_permille is not None:
            facts["baseline_permille"] = self.baseline_permille
        return facts


def write_findings(
    findings: list[Finding], versions: list[RowValues], run: str, as_of_seq: int
) -> str:
    """Return the document that the child prints; ``parse_findings`` reads it."""
    events: list[Json] = []
    rows: list[dict[str, Any]] = [
        {"table": "model_version", "values": values} for values in versions
    ]
    for finding in findings:
        origin = f"a/{run}/{finding.number}"
        kind = str(KINDS[finding.task])
        events.append({"kind": kind, "origin": origin, "facts": finding.facts()})
        values = {
            "finding": event_id(origin).hex(),
            "task": finding.task,
            "kind": kind,
            "text": finding.text,
            "model": finding.model,
            "found_at_ms": int(run),
            "as_of_seq": as_of_seq,
        }
        rows.append({"table": "finding", "values": values})
    return json.dumps({"events": events, "rows": rows}, ensure_ascii=False)


def parse_findings(text: str, run: str) -> Outcome:
    """Return the events and rows of the document a child printed for ``run``.

    The child is our own, but it works on whatever was recorded: nothing else than
    findings and model versions of this very run is believed.

    Raises:
        ValueError: The document is too long, no JSON, of another run or of another shape.
    """
    if len(text) > DOCUMENT_MOST:
        raise ValueError(f"findings have {len(text)} characters, more than {DOCUMENT_MOST}")
    if not RUN.fullmatch(run):
        raise ValueError(f"run {run!r} is not 13 digits of milliseconds")
    told = json.loads(text)
    if not isinstance(told, dict) or told.keys() != {"events", "rows"}:
        raise ValueError("findings are not an object of events and rows")
    if not all(isinstance(part, list) for part in told.values()):
        raise ValueError("events and rows are not two lists")
    events = [_event(item, run) for item in told["events"]]
    rows = [_row(item) for item in told["rows"]]
    known = {event_id(event.origin).hex() for event in events}
    if len(known) != len(events):
        raise ValueError("two findings carry one number")
    if {row.values["finding"] for row in rows if row.table == "finding"} != known:
        raise ValueError("rows of table finding do not name exactly the events told")
    return Outcome(events=events, rows=rows)


def _event(item: Any, run: str) -> Event:
    if not isinstance(item, dict) or item.keys() != {"kind", "origin", "facts"}:
        raise ValueError(f"{item!r:.80} is not kind, origin and facts")
    kind, origin, facts = item["kind"], item["origin"], item["facts"]
    if kind not in KINDS.values():
        raise ValueError(f"kind {kind!r:.40} is no finding")
    if not isinstance(origin, str) or not re.fullmatch(rf"a/{run}/[1-9]\d{{0,4}}", origin):
        raise ValueError(f"origin {origin!r:.80} is no finding of run {run}")
    text = facts.get("text") if isinstance(facts, dict) else None
    if not (isinstance(text, str) and 0 < len(text) <= TEXT_MOST):
        raise ValueError(f"facts of {origin} carry no text of 1 to {TEXT_MOST} characters")
    canonical_bytes(facts)  # raises ValueError on a float, true or null
    return Event(kind=kind, origin=origin, happened_at_ms=int(run), facts=facts)


def _row(item: Any) -> Row:
    if not isinstance(item, dict) or item.keys() != {"table", "values"}:
        raise ValueError(f"{item!r:.80} is not table and values")
    table, values = item["table"], item["values"]
    if table not in COLUMNS:
        raise ValueError(f"table {table!r:.40} is not written by an analysis")
    wanted = {name: kind for name, kind in COLUMNS[table].items() if name != "hash"}
    if not isinstance(values, dict) or values.keys() != wanted.keys():
        raise ValueError(f"row of {table} does not hold exactly {sorted(wanted)}")
    if odd := [name for name, kind in wanted.items() if type(values[name]) is not kind]:
        raise ValueError(f"row of {table} holds the wrong type in {odd}")
    return Row(table=table, values=values)
