"""Is the record still whole?  Recompute everything, list every finding.

    event       content (hash of prev_hash and body), link, missing seqs (store/walk.py);
                event_id and generated columns against the body; shadow (store/scan.py)
    checkpoint  root and link against the recomputed tree and chain; note, signature, range
    worm        every note and tile against the same tree, segments against their tiles
    anchors     what the ledgers were told against the same tree, when it is handed in
    logs        hash of each row, shadow
    derived     hash of each row
    sample      hash of each row, and what the record says of its hour (store/sample_check.py)
    blocked     hash of each note (MariaDB)

Reads through the reading account, in one snapshot: memory does not grow with the record, and
a daemon that goes on writing causes no finding.  With a memory (DIR/verify.json) only what is
new since the last clean pass is read, from a checkpoint that is checked itself; what was
changed before it is found by a pass over everything.

Who rewrites rows, shadow, later hashes and checkpoints is found only by copies kept
elsewhere; who cuts the end off behind the last checkpoint, with its shadow, by nothing.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, Table, case, func, literal_column, or_, select, true
from sqlalchemy.exc import SQLAlchemyError

from fognode import hashing
from fognode.errors import StoreError
from fognode.store import copies
from fognode.store.copies import Values
from fognode.store.engines import words
from fognode.store.evidence import Evidence
from fognode.store.sample_check import check_samples
from fognode.store.scan import Scan, body_text
from fognode.store.signed import SignedRecord, link_at
from fognode.store.tables import DERIVED, GENERATED, LOGS, SHADOWS, blocked, event
from fognode.store.walk import WINDOW, Base, Link, Tell, Walk

SEARCH = 500  # keys in one IN (...)
NO_EVIDENCE = Evidence()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One row or file that is not as it was written, and why."""

    seq: int | None  # of an event; None for all else
    table: str
    reason: str

    def __str__(self) -> str:
        """Name the row first: it is what the reader will look for."""
        place = f"{self.table} seq {self.seq}" if self.seq is not None else self.table
        return f"{place}: {self.reason}"


@dataclass(slots=True, kw_only=True)
class Report:
    """What one pass read, found, and could not check."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was not checked, and why
    events: int = 0  # seq of the newest event
    head: bytes = hashing.GENESIS  # its hash
    after: int = 0  # events up to this seq were not read again


def verify(
    engine: Engine, evidence: Evidence = NO_EVIDENCE, everything: bool = True
) -> list[Finding]:
    """Return every finding; none means that all that is here matches.

    Raises:
        StoreError: The database is away.
    """
    return examine(engine, evidence, everything).findings


def examine(engine: Engine, evidence: Evidence = NO_EVIDENCE, everything: bool = True) -> Report:
    """Return every finding and what the pass covered.

    Args:
        engine: Of the reading account.
        evidence: What lies beside the database.
        everything: Read all events; else those since the last clean pass, if it is known.

    Raises:
        StoreError: The database is away.
    """
    report = Report()
    signed = SignedRecord(evidence, _teller(report))
    report.notes += signed.notes()
    try:
        with engine.connect() as connection, _snapshot(connection):
            _Pass(connection, signed, report).run(everything)
    except SQLAlchemyError as error:
        raise StoreError(f"cannot read the record: {words(error)}") from error
    return report


def _teller(report: Report) -> Tell:
    return lambda seq, table, reason: report.findings.append(
        Finding(seq=seq, table=table, reason=reason)
    )


@contextmanager
def _snapshot(connection: Connection) -> Iterator[None]:
    """Read all tables as of one moment, or the newest rows would seem to lack their copies."""
    is_sqlite = connection.dialect.name == "sqlite"
    begin = "BEGIN" if is_sqlite else "START TRANSACTION WITH CONSISTENT SNAPSHOT"
    connection.exec_driver_sql(begin)
    try:
        yield
    finally:
        connection.exec_driver_sql("ROLLBACK")


class _Pass:
    """One pass over one snapshot."""

    def __init__(self, connection: Connection, signed: SignedRecord, report: Report) -> None:
        self._connection, self._signed, self._report = connection, signed, report
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._scan = Scan(connection)
        self._tell = _teller(report)

    def run(self, everything: bool) -> None:
        report = self._report
        report.events = int(self._connection.execute(select(func.max(event.c.seq))).scalar() or 0)
        report.head = link_at(self._connection, report.events) or hashing.GENESIS
        self._signed.learn(self._connection)
        base = Base() if everything else self._signed.base(self._connection)
        report.after = base.size
        self._events(base)
        self._signed.old_anchors(self._connection, base.size)
        self._signed.tell_beyond(self._connection, report.events)
        self._signed.check_segments(base.size, report.events, self._scan.bodies)
        for table in LOGS:
            report.findings += _log(self._connection, table)
        for table in (*DERIVED, *(() if self._is_sqlite else (blocked,))):
            for values, _ in copies.rows(self._connection, table):
                if wrong := _wrong_hash(values):
                    report.findings += _named(table, values, [wrong])
        for one in check_samples(self._connection, base.size):
            self._tell(*one)
        if not report.findings:
            try:
                self._signed.remember(self._connection, report.events)
            except StoreError as error:
                report.notes.append(f"this pass is not remembered: {error}")

    def _events(self, base: Base) -> None:
        begun, odd = len(self._report.findings), list[int]()
        walk = Walk(base, self._tell, self._signed.compare_tile)
        for after in range(base.size, self._report.events, WINDOW):
            up_to = min(after + WINDOW, self._report.events)
            walk.take([], self._signed.marks(self._connection, after, up_to))
            for rows in self._scan.links(after, up_to):
                walk.take(rows)
                odd += _odd(rows)
        found = self._report.findings
        found += _look_closely(self._connection, odd)
        found += self._out_of_place(base.size if len(found) > begun else self._report.events)
        found[begun:] = sorted(found[begun:], key=lambda one: (one.seq is None, one.seq or 0))

    def _out_of_place(self, after: int) -> Iterator[Finding]:
        """Tell of copies without their event, where some can be: after a seq, and before 1."""
        copy = SHADOWS["event"].c.seq
        for values in copies.lost(self._connection, event, or_(copy > after, copy < 1)):
            yield from _named(event, values, ["shadow: a copy without its row, which is missing"])
        early = select(event.c.seq).where(event.c.seq < 1)
        for (seq,) in self._connection.execute(early):
            yield Finding(seq=seq, table=event.name, reason="no event has such a seq")


# --- events beside their chain -------------------------------------------------------------


def _odd(rows: Sequence[Link]) -> Iterator[int]:
    """Yield the seqs of events that the database finds odd, or whose id is not that of a body."""
    ids = hashing.frozen_ids([row[3] for row in rows])
    return (row[0] for row, made in zip(rows, ids, strict=True) if row[4] != made or row[5] != 1)


def _look_closely(connection: Connection, seqs: Sequence[int]) -> Iterator[Finding]:
    # A column made from a body that is not JSON cannot be read.
    is_json = func.json_valid(body_text(connection.dialect.name == "sqlite")) == 1
    made = [case((is_json, literal_column(name))).label(name) for name in GENERATED]
    for at in range(0, len(seqs), SEARCH):
        some = event.c.seq.in_(seqs[at : at + SEARCH])
        for values, copy in copies.both(connection, event, made, some):
            yield from _named(event, values, _unlike_body(values))
            yield from _named(event, values, copies.unlike(values, copy))


def _unlike_body(values: Values) -> Iterator[str]:
    try:
        told = json.loads(values["body"])
        origin = str(told["origin"])
    except (ValueError, KeyError, TypeError):
        yield "content: body is no event"
        return
    if hashing.event_id(origin) != values["event_id"]:
        yield f"event_id is not that of origin {origin}"
    for name, paths in GENERATED.items():
        if values[name] != (said := _said(told, paths)):
            yield f"column {name} is {values[name]!r}, in the body {said!r}"


def _said(told: Any, paths: tuple[str, ...]) -> object:
    """Return what a body says at the first of these paths that is there."""
    for path in paths:
        found = told
        for key in path.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        if found is not None:
            return found
    return None


# --- all other tables ----------------------------------------------------------------------


def _log(connection: Connection, table: Table) -> Iterator[Finding]:
    are_alike = True
    for values, is_alike in copies.rows(connection, table):
        if wrong := _wrong_hash(values):
            yield from _named(table, values, [wrong])
        are_alike &= is_alike
    if not are_alike:
        for values, copy in copies.both(connection, table):
            yield from _named(table, values, copies.unlike(values, copy))
    for values in copies.lost(connection, table, true()):
        yield from _named(table, values, ["shadow: a copy without its row, which is missing"])


def _wrong_hash(values: Values) -> str:
    try:
        is_right = hashing.row_hash(values) == values["hash"]
    except ValueError as error:
        return f"content: the row cannot be hashed: {error}"
    return "" if is_right else "content: hash is not that of the row"


def _named(table: Table, values: Values, reasons: Iterable[str]) -> Iterator[Finding]:
    for reason in reasons:
        if table is event:
            yield Finding(seq=values["seq"], table=table.name, reason=reason)
            continue
        key = ", ".join(f"{c.name} {values[c.name]}" for c in table.primary_key.columns)
        yield Finding(seq=None, table=table.name, reason=f"{key}: {reason}")
