"""Folds the whole record again and returns the rows that the derived tables should hold."""

import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass

from fognode.alerts import policy
from fognode.config import Config
from fognode.custody import fold
from fognode.daemon import followers
from fognode.daemon.folds import FOLDED, fresh_custody, rules_of
from fognode.events import Stored
from fognode.store.reader import Reader
from fognode.store.restate import Difference, Folded, compare, key_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What the events make of the derived tables."""

    tables: dict[str, Folded]
    events: int
    read_s: float  # seconds spent in reading the events
    fold_s: float  # and in the folds


def fold_again(config: Config, reader: Reader) -> Rebuilt:
    """Fold every event that the custody thread has folded.

    Raises:
        StoreError: The database is away.
    """
    custody, alerts, rules = fresh_custody(config), policy.State(), rules_of(config)
    tables: dict[str, Folded] = {name: {} for name in FOLDED}
    seq, end = 0, reader.cursor(followers.NAME)
    begun, read_s = time.monotonic(), 0.0
    while seq < end:
        asked = time.monotonic()
        told = reader.events(after=seq, limit=min(followers.REFOLD_BATCH, end - seq))
        read_s += time.monotonic() - asked
        if not told:
            break
        _fold(told, custody, alerts, rules, tables)
        seq = told[-1].seq
        gc.freeze()  # as followers._refold does
    gc.unfreeze()
    fold_s = time.monotonic() - begun - read_s
    return Rebuilt(tables=tables, events=seq, read_s=read_s, fold_s=fold_s)


def _fold(
    told: Sequence[Stored],
    custody: fold.Custody,
    alerts: policy.State,
    rules: policy.Rules,
    tables: dict[str, Folded],
) -> None:
    for event in told:
        for outcome in (fold.step(custody, event), policy.step(alerts, event, rules)):
            for row in outcome.rows:
                rows = tables.get(row.table)
                if rows is not None:
                    rows[key_of(row.table, row.values)] = row.values


def differences(reader: Reader, rebuilt: Rebuilt) -> list[Difference]:
    """Return the tables that do not hold what the events make of them.

    Raises:
        StoreError: The database is away.
    """
    found = (compare(reader, table, rows) for table, rows in sorted(rebuilt.tables.items()))
    return [told for told in found if told.rows or told.extra]
