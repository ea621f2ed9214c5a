"""The page over a big record: what its queries take, and the whole request."""

import gc
import http.client
import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import Engine, Select

from fognode.config import CHAIN_NAMES, Cabinet
from fognode.errors import AwayError
from fognode.page.app import create_app
from fognode.page.live import ChainNow, Desk, Live, pending_steps
from fognode.page.server import serve
from fognode.store.photos import Photos
from fognode.store.pins import Pins
from fognode.store.reader import Reader
from fognode.store.vault import open_vault
from tests.bench.houses import House
from tests.bench.record import CABINETS, DRUM, at_ms
from tests.bench.series import SEED, quantile

# Each page and list that reads what grows; {} is a seq in the middle of the record.
ROUTES = {
    "home": "/",
    "packages": "/packages",
    "package": f"/packages/{DRUM}",
    "alerts": "/alerts",
    "ledgers": "/ledgers",
    "points": "/points",
    "record": "/record",
    "older": "/record?kind=weight_take&before={}",
    "events": "/api/v1/events?after={}&limit=100",
    "steps": "/api/v1/ledgers?after={}&limit=100",
    "healthz": "/healthz",
}
DROPPED, TIMEOUT_S, STOP_S = 3, 30, 10.0


class Stopwatch(Reader):
    """A reader that adds up how long it waits for the database."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.spent_ms = 0.0  # set back by who reads it

    def _all(self, wanted: Select[Any], values: Mapping[str, Any] | None = None) -> Sequence[Any]:
        begun = time.perf_counter_ns()
        try:
            return super()._all(wanted, values)
        finally:
            self.spent_ms += (time.perf_counter_ns() - begun) / 1e6


def look(house: House, rounds: int) -> dict[str, float]:
    """Ask for every route once per round, in random order; return the p99 of each.

    ``NAME_queries``: from each query to its last row, summed over the request.  ``NAME_p99``:
    from the request to the last byte of its answer.

    Raises:
        AwayError: The page did not answer 200.
    """
    reader, order, names = Stopwatch(house.reader), random.Random(SEED), list(ROUTES)
    middle = reader.head()[0] // 2
    gc.collect()
    gc.freeze()  # as the daemon does
    took: dict[str, list[float]] = {f"{n}_{part}": [] for n in names for part in ("queries", "p99")}
    with _page(house, reader) as port:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        with closing(line):
            for _ in range(rounds + DROPPED):
                order.shuffle(names)
                for name in names:
                    reader.spent_ms = 0.0
                    whole_ms = _ask(line, ROUTES[name].format(middle))
                    took[f"{name}_p99"].append(whole_ms)
                    took[f"{name}_queries"].append(reader.spent_ms)
    return {name: quantile(times[DROPPED:], 990) for name, times in took.items()}


def _ask(line: http.client.HTTPConnection, path: str) -> float:
    begun = time.perf_counter_ns()
    line.request("GET", path)
    answer = line.getresponse()
    answer.read()
    if answer.status != 200:
        raise AwayError(f"{path} answered {answer.status}")
    return (time.perf_counter_ns() - begun) / 1e6


@contextmanager
def _page(house: House, reader: Reader) -> Iterator[int]:
    """Serve the page from a thread of this process: while it works, the bench waits."""
    cabinets = tuple(Cabinet(id=name, board="cab01") for name in CABINETS)
    vault = partial(open_vault, house.config)
    desk = Desk(
        config=replace(house.config, cabinets=cabinets),
        reader=reader,
        live=partial(_now, reader),
        request_event=_refuse,
        keep_events=_refuse,
        photos=Photos(house.config.folder, vault, reader, _refuse, lambda: at_ms(0)),
        pins=Pins(house.config.folder / "vault.db"),
        mono_s=time.monotonic,
        token="token",
    )
    served = serve(create_app(desk), "127.0.0.1", 0)
    thread = threading.Thread(target=served.run, name="bench-page")
    thread.start()
    try:
        yield served.port
    finally:
        served.close()
        thread.join(STOP_S)


def _now(reader: Reader) -> Live:
    """Ask as often as the daemon's own glance does (daemon/glance.py)."""
    reader.rows("chain_guard")
    chains = (
        ChainNow(name=name, state="OK", behind=pending_steps(reader, name)) for name in CHAIN_NAMES
    )
    return Live(now_ms=at_ms(1_000_000), started_at_ms=at_ms(0), chains=tuple(chains))


def _refuse(*asked: object) -> Any:
    raise AwayError(f"nothing is kept here: {asked}")
