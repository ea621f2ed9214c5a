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

    unit: str  # "{size}" in it becomes the number of events that the big record had
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
        "persist_mariadb_ratio": Promise("x", "<= 1.5"),
        "persist_sqlite_p50": Promise("ms"),
        "persist_sqlite_p99": Promise("ms"),
        "bare_sqlite_p50": Promise("ms"),
        "fdatasync_sqlite_p50": Promise("ms"),
        "persist_sqlite_ratio": Promise("x", "<= 1.5"),
    },
    "volume": {
        # Bodies kept by Writer.keep in groups of 100, without what the database adds.
        # A133; paper: 41.6 Mb/s.
        "stored_mariadb": Promise("Mb/s"),
        "stored_sqlite": Promise("Mb/s"),
        # Growth of the files, shadow and indexes included, from 20,000 events.  A134; paper: 40 GB.
        "disk_mariadb": Promise("MB/1M events"),
        "disk_sqlite": Promise("MB/1M events"),
    },
    "evidence": {
        # Spool.append in groups of 100, the most the store thread takes at once: durable, so
        # boards may be told.  Before each drain.  Bars of this group: issue 3; store facts, 14.
        "spool_mariadb": Promise("events/s", ">= 20000"),
        "spool_sqlite": Promise("events/s", ">= 20000"),
        # From the spool through Writer.keep, a burst of 20,000 in groups of 500,
        # the most the store thread takes at once.
        "drained_mariadb": Promise("events/s", ">= 10000"),
        "drained_sqlite": Promise("events/s"),
        # Writer.keep alone, the last 10,000 events of the big record.
        "late_mariadb": Promise("events/s"),
        "late_sqlite": Promise("events/s"),
        # Chain and tree of the big record as verify walks over them, and that over a loop that
        # makes the same hashes of bodies in memory: link, leaf and nodes.  In the same rounds.
        "chain_1m_mariadb": Promise("s/1M of {size}", "<= 4.0"),
        "chain_1m_sqlite": Promise("s/1M of {size}", "<= 4.0"),
        "chain_x_mariadb": Promise("x of {size}", "<= 4.0"),
        "chain_x_sqlite": Promise("x of {size}", "<= 4.0"),
        # verify(): beside these every event's id and shadow, and all other tables, still empty.
        "verify_1m_mariadb": Promise("s/1M of {size}", "<= 4.0"),
        "verify_1m_sqlite": Promise("s/1M of {size}", "<= 4.0"),
        "verify_x_mariadb": Promise("x of {size}", "<= 4.0"),
        "verify_x_sqlite": Promise("x of {size}", "<= 4.0"),
        # verify() with the rows beside: 190,000 per million events, each with its hash.
        "verify_all_mariadb": Promise("s/1M of {size}"),
        "verify_all_sqlite": Promise("s/1M of {size}"),
        # That loop, which tells how fast the machine was.
        "hashing_1m_mariadb": Promise("s/1M"),
        "hashing_1m_sqlite": Promise("s/1M"),
        # The hashes of one proof among a million leaves, and the time to make it.
        "proof_bytes": Promise("B", "<= 1024"),
        "proof_p50": Promise("ms", "< 1.0"),
        # p99 of what the database takes for one request of the page over the big record: from
        # each query to its last row, added up.
        "home_queries_mariadb": Promise("ms at {size}", "< 50"),
        "packages_queries_mariadb": Promise("ms at {size}", "< 50"),
        "package_queries_mariadb": Promise("ms at {size}", "< 50"),
        "alerts_queries_mariadb": Promise("ms at {size}", "< 50"),
        "ledgers_queries_mariadb": Promise("ms at {size}", "< 50"),
        "points_queries_mariadb": Promise("ms at {size}", "< 50"),
        "record_queries_mariadb": Promise("ms at {size}", "< 50"),
        "older_queries_mariadb": Promise("ms at {size}", "< 50"),
        "events_queries_mariadb": Promise("ms at {size}", "< 50"),
        "steps_queries_mariadb": Promise("ms at {size}", "< 50"),
        "healthz_queries_mariadb": Promise("ms at {size}", "< 50"),
        "home_queries_sqlite": Promise("ms at {size}", "< 50"),
        "packages_queries_sqlite": Promise("ms at {size}", "< 50"),
        "package_queries_sqlite": Promise("ms at {size}", "< 50"),
        "alerts_queries_sqlite": Promise("ms at {size}", "< 50"),
        "ledgers_queries_sqlite": Promise("ms at {size}", "< 50"),
        "points_queries_sqlite": Promise("ms at {size}", "< 50"),
        "record_queries_sqlite": Promise("ms at {size}", "< 50"),
        "older_queries_sqlite": Promise("ms at {size}", "< 50"),
        "events_queries_sqlite": Promise("ms at {size}", "< 50"),
        "steps_queries_sqlite": Promise("ms at {size}", "< 50"),
        "healthz_queries_sqlite": Promise("ms at {size}", "< 50"),
        # p99 of the whole request, over a kept connection.
        "home_p99_mariadb": Promise("ms at {size}", "< 50"),
        "packages_p99_mariadb": Promise("ms at {size}", "< 50"),
        "package_p99_mariadb": Promise("ms at {size}"),
        "alerts_p99_mariadb": Promise("ms at {size}"),
        "ledgers_p99_mariadb": Promise("ms at {size}"),
        "points_p99_mariadb": Promise("ms at {size}"),
        "record_p99_mariadb": Promise("ms at {size}", "< 50"),
        "older_p99_mariadb": Promise("ms at {size}"),
        "events_p99_mariadb": Promise("ms at {size}", "< 50"),
        "steps_p99_mariadb": Promise("ms at {size}"),
        "healthz_p99_mariadb": Promise("ms at {size}"),
        "home_p99_sqlite": Promise("ms at {size}", "< 50"),
        "packages_p99_sqlite": Promise("ms at {size}", "< 50"),
        "package_p99_sqlite": Promise("ms at {size}"),
        "alerts_p99_sqlite": Promise("ms at {size}"),
        "ledgers_p99_sqlite": Promise("ms at {size}"),
        "points_p99_sqlite": Promise("ms at {size}"),
        "record_p99_sqlite": Promise("ms at {size}", "< 50"),
        "older_p99_sqlite": Promise("ms at {size}"),
        "events_p99_sqlite": Promise("ms at {size}", "< 50"),
        "steps_p99_sqlite": Promise("ms at {size}"),
        "healthz_p99_sqlite": Promise("ms at {size}"),
        # Resident memory of the server with the shipped flags: at first, and after all of this.
        "mariadbd_start": Promise("MB"),
        "mariadbd_rss": Promise("MB", "<= 60"),
        # Of it, what is its own; the rest are pages of its program, which the kernel may drop.
        "mariadbd_own": Promise("MB"),
    },
    "replay": {
        # Every stored event through custody and the alerts again, from nothing: read from the
        # database, JSON and all.  Wall time, then this process's CPU time.  Issue 4.
        "replay_mariadb": Promise("ev/s of {size}", ">= 20000"),
        "replay_sqlite": Promise("ev/s of {size}", ">= 20000"),
        "replay_cpu_mariadb": Promise("ev/s of {size}", ">= 20000"),
        "replay_cpu_sqlite": Promise("ev/s of {size}", ">= 20000"),
        # The same without the reading: the folds and the rows they make.
        "replay_fold_mariadb": Promise("ev/s of {size}"),
        "replay_fold_sqlite": Promise("ev/s of {size}"),
        # Rows that the daemon has kept, and how many of them the second fold makes otherwise,
        # by any byte or by the hash beside it, or not at all, or more than there are.
        "replay_rows_mariadb": Promise("rows of {size}"),
        "replay_rows_sqlite": Promise("rows of {size}"),
        "replay_differ_mariadb": Promise("rows of {size}", "<= 0"),
        "replay_differ_sqlite": Promise("rows of {size}", "<= 0"),
        # The custody thread of a daemon that starts anew, all five folds, until it has caught up.
        "restart_mariadb": Promise("s/1M of {size}"),
        "restart_sqlite": Promise("s/1M of {size}"),
    },
    "samples": {
        # Growth of the files from two days of three boards' readings, per row; A134.
        "sample_bytes_mariadb": Promise("B"),
        "sample_disk_mariadb": Promise("MB/1M samples"),
        "sample_bytes_sqlite": Promise("B"),
        "sample_disk_sqlite": Promise("MB/1M samples"),
        # Writer.keep in batches of 200.
        "sample_kept_mariadb": Promise("samples/s"),
        "sample_kept_sqlite": Promise("samples/s"),
        # A day of 259,200 rows: its partition dropped, the next one's hours deleted, board by
        # board, each committed.
        "day_dropped_mariadb": Promise("ms"),
        "day_deleted_mariadb": Promise("ms"),
        "drop_ratio_mariadb": Promise("x", "< 1.0"),
        "day_deleted_sqlite": Promise("ms"),
    },
    "door": {
        # From light on the simulated sensor to the row of light_open that another process sees.
        # A129; paper: 4-5 s from tier 1 to the database.
        "door_to_row_p50": Promise("ms"),
        "door_to_row_p95": Promise("ms"),
        "door_to_row_max": Promise("ms", "< 1000"),
    },
    "boards": {
        # Bars: issue 5; boards facts, 10.  Lines a second that came on one port, each intact and of
        # a board that may not speak here, and those that the daemon read by its own count; what
        # that cost of a core beside two boards that tell ten events a second each, in all and a
        # line; and how long their events took from telling to the acknowledgement, which comes
        # after COMMIT.
        "flood_offered": Promise("1/s"),
        "flood_lines": Promise("1/s"),
        "flood_cpu": Promise("%", "<= 15"),
        "flood_line": Promise("us"),
        "flood_delay_p99": Promise("ms", "< 250"),
        "calm_delay_p99": Promise("ms"),
        # Sixteen boards: an event and a sample a second each.  Of one core; events that the record
        # has otherwise, twice or not at all by the boards' own ledgers.
        "sixteen_cpu": Promise("%", "<= 25"),
        "sixteen_events": Promise("events"),
        "sixteen_wrong": Promise("events", "<= 0"),
        "sixteen_delay_p99": Promise("ms"),
    },
    "ledgers": {
        # From the signed attempt of a step, kept just before it is sent (at of its shadow), to
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
