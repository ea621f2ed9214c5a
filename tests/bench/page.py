"""How long the page takes to answer on loopback."""

import http.client
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import closing

from fognode.errors import AwayError
from fognode.trial import story
from tests.bench.effort import Effort
from tests.bench.farms import open_farm
from tests.bench.series import quantile

REQUESTS, QUICK_REQUESTS, DROPPED = 300, 60, 10
TIMEOUT_S = 5


def measure(effort: Effort) -> Iterator[dict[str, float]]:
    """Ask for a page again and again, a delivered package in the record; yield the rows.

    Raises:
        AwayError: The farm did not start, or the page did not answer 200.
    """
    with open_farm() as farm:
        story.master_records(farm)
        story.delivery(farm)
        for name, path in (("healthz", "/healthz"), ("home", "/")):
            took_ms = round_trips(farm.url, path, QUICK_REQUESTS if effort.quick else REQUESTS)
            yield {
                f"{name}_p50": quantile(took_ms, 500),
                f"{name}_p95": quantile(took_ms, 950),
            }


def round_trips(url: str, path: str, count: int) -> list[float]:
    """Return the ms of each of so many requests over one connection, after a few that do not count.

    Raises:
        AwayError: The page did not answer 200.
    """
    where = urllib.parse.urlsplit(url)
    took_ms: list[float] = []
    line = http.client.HTTPConnection(where.hostname or "", where.port, timeout=TIMEOUT_S)
    with closing(line):
        for _ in range(count + DROPPED):
            begun = time.perf_counter_ns()
            line.request("GET", path)
            answer = line.getresponse()
            answer.read()
            took_ms.append((time.perf_counter_ns() - begun) / 1e6)
            if answer.status != 200:
                raise AwayError(f"{path} answered {answer.status}")
    return took_ms[DROPPED:]
