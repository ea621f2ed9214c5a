"""Every row the bench prints: its group, its unit and its bar.  New rows are added here.

The module of a group yields the values by these names.  A bar is a promise and stays as it is
when it is missed; a row without one informs.  A129 to A134 are requirements, after figures of
the paper, which the comments repeat.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass

SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Promise:
    """One row of the table."""

    unit: str
    bar: str = ""  # a sign and a number, such as "< 1000"; "" = none

    def is_met(self, value: float | None) -> bool | None:
        """Compare with the bar; None without one.  What was not measured is not met."""
        if not self.bar:
            return None
        sign, limit = self.bar.split()
        return value is not None and SIGNS[sign](value, float(limit))


PROMISES: dict[str, dict[str, Promise]] = {
    "persist": {
        # Writer.keep of one board event, 372 bytes: ids, hashes, both triggers, shadow, COMMIT.
        # A129; paper: 4.6-5.9 ms to persist.
        "persist_mariadb_p50": Promise("ms"),
        "persist_mariadb_p99": Promise("ms"),
        # The same body into a plain table by the driver's own cursor, committed as durably.
        "bare_mariadb_p50": Promise("ms"),
        # fdatasync of the same bytes at the end of a file: what the disk costs at that moment.
        "fdatasync_mariadb_p50": Promise("ms"),
        # Median of persist over median of bare, from the same rounds.  Store facts, 14.
        "persist_mariadb_ratio": Promise("x", "<= 2.0"),
        "persist_sqlite_p50": Promise("ms"),
        "persist_sqlite_p99": Promise("ms"),
        "bare_sqlite_p50": Promise("ms"),
        "fdatasync_sqlite_p50": Promise("ms"),
        "persist_sqlite_ratio": Promise("x", "<= 2.0"),
    },
    "volume": {
        # Writer.keep in groups of 100, the most the store thread takes at once.  Store facts, 14.
        "groups_mariadb": Promise("events/s"),
        "groups_sqlite": Promise("events/s"),
        # The bodies of these events, without what the database adds.  A133; paper: 41.6 Mb/s.
        "stored_mariadb": Promise("Mb/s"),
        "stored_sqlite": Promise("Mb/s"),
        # Growth of the files, shadow and indexes included, from 20,000 events.  A134; paper: 40 GB.
        "disk_mariadb": Promise("MB/1M events"),
        "disk_sqlite": Promise("MB/1M events"),
    },
    "door": {
        # From light on the simulated sensor to the row of light_open that another process sees.
        # A129; paper: 4-5 s from tier 1 to the database.
        "door_to_row_p50": Promise("ms"),
        "door_to_row_p95": Promise("ms"),
        "door_to_row_max": Promise("ms", "< 1000"),
    },
    "ledgers": {
        # From the chain_attempt of a step (created_at_ms: when the pass that signed it began) to
        # its first receipt, blocks every 2 s.  A130; paper: 2-4 s, mean, median and mode 2 s.
        # "sent" is the daemon's part of it: until the node has the transaction.
        "private_sent_p95": Promise("s"),
        "private_receipt_p50": Promise("s"),
        "private_receipt_p95": Promise("s", "< 2.0"),
        "public_sent_p95": Promise("s"),
        "public_receipt_p50": Promise("s"),
        "public_receipt_p95": Promise("s", "< 2.0"),
    },
    "node": {
        # From the start of the process to READY=1 and a 200 of /healthz; the slowest start.
        "ready": Promise("s", "< 2.0"),
        # From SIGTERM to the end of the process; the slowest stop.
        "stop": Promise("s", "<= 5.0"),
        # Of one core, by the daemon, three boards connected and nothing happening.
        # A132; paper: 15 % moving data, 28-31 % the other scripts.
        "idle_cpu": Promise("%", "< 2.0"),
        # The same while the story of one package is told.
        "story_cpu": Promise("%"),
        # Resident memory of the daemon before the first training.  A134.
        "rss": Promise("MB", "< 120"),
        # CPU of both chain nodes per transaction of the story.  A131; paper: 34-38 % of a node.
        "chain_cpu": Promise("s/tx"),
    },
    "page": {
        # One GET over a kept connection on loopback.  A128; paper: 0.510 ms inside.
        "healthz_p50": Promise("ms"),
        "healthz_p95": Promise("ms"),
        "home_p50": Promise("ms"),
        "home_p95": Promise("ms"),
    },
}
