"""What the evidence costs: spool, drain, verify, proofs, the page over a big record, memory."""

import random
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psutil
from sqlalchemy import String

from fognode.errors import AwayError
from fognode.events import Row, Scalar
from fognode.hashing import GENESIS, leaf_hash, link_hash
from fognode.page.app import create_app, serve
from fognode.page.live import Live
from fognode.store.merkle import (
    LeafTiles,
    inclusion_proof,
    nodes_of_tiles,
    range_root,
    verify_inclusion,
)
from fognode.store.reader import Reader
from fognode.store.spool import Spool
from fognode.store.tables import table_named
from fognode.store.verify import verify
from tests.bench.effort import MILLION, Effort
from tests.bench.houses import AT_MS, BACKENDS, House, board_body, open_house
from tests.bench.page import round_trips
from tests.bench.series import SEED, interleaved, quantile

GROUP = 100  # the most the store thread takes at once
BURST, LATE = 20_000, 10_000  # events
HASHED = 20_000  # events in the loop that only hashes
ROUNDS, QUICK_ROUNDS = 3, 1
PROOFS, QUICK_PROOFS = 500, 100
REQUESTS, QUICK_REQUESTS = 120, 60
STOP_S = 10.0
PATHS = {
    "home": "/",
    "record": "/record",
    "packages": "/packages",
    "events": "/api/v1/events?limit=100",
}
# Rows beside the events: 10,000 events a day make a million in 100 days (store facts, 15), in
# which a farm is taken to get two packages and to open its cabinets twenty times a day.
BESIDE = {
    "product": 20,
    "person": 10,
    "package": 200,
    "opening": 2000,
    "points": 600,
    "alert": 100,
    "chain_outbox": 2400,
}
STATES = {"alert": ("resolved",) * 9 + ("firing",), "chain_outbox": ("FINAL",)}


def measure(effort: Effort) -> Iterator[dict[str, float]]:
    """Fill a record of each kind from a spool, prove it whole and look at it; yield the rows.

    Raises:
        AwayError: MariaDB or the page did not start, or verify found something.
        StoreError: A database or the spool's disk failed.
    """
    yield _prove(effort)
    for backend in BACKENDS:
        with open_house(backend) as house:
            if backend == "mariadb":
                yield {"mariadbd_start": _server_mb(house)}
            for part in (_fill, _verify, _look):
                yield {k.format(backend): value for k, value in part(house, effort).items()}
            if backend == "mariadb":
                yield {"mariadbd_rss": _server_mb(house)}


def _server_mb(house: House) -> float:
    pid = int((house.files / "p.pid").read_text())
    return float(psutil.Process(pid).memory_info().rss / 1e6)


# --- proofs ------------------------------------------------------------------------------


def _prove(effort: Effort) -> dict[str, float]:
    """Prove leaves here and there; each proof begins with nothing worked out.

    Raises:
        AwayError: A proof proves nothing.
    """
    tiles = LeafTiles()
    for number in range(MILLION):
        tiles.append(leaf_hash(number.to_bytes(8, "big")))
    root = range_root(0, MILLION, nodes_of_tiles(tiles.tile))
    draw, took_ms, largest = random.Random(SEED), list[float](), 0
    for _ in range(QUICK_PROOFS if effort.quick else PROOFS):
        index = draw.randrange(MILLION)
        begun = time.perf_counter_ns()
        proof = inclusion_proof(index, MILLION, nodes_of_tiles(tiles.tile))
        took_ms.append((time.perf_counter_ns() - begun) / 1e6)
        largest = max(largest, sum(map(len, proof)))
        if not verify_inclusion(leaf_hash(index.to_bytes(8, "big")), index, MILLION, proof, root):
            raise AwayError(f"the proof of leaf {index} proves nothing")
    return {"proof_bytes": largest, "proof_p50": quantile(took_ms, 500)}


# --- filling -----------------------------------------------------------------------------


def _fill(house: House, effort: Effort) -> dict[str, float]:
    """Keep a burst by way of a spool, then the rest of the big record."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="fgb"))
        spool = stack.enter_context(closing(Spool(Path(folder) / "spool")))
        spooled_s, drained_s = _append_burst(spool), _drain(spool, house)
    late_s = 0.0
    for first in range(BURST, effort.events, GROUP):
        bodies = _bodies(first)
        begun = time.perf_counter()
        house.writer.keep(bodies)
        late_s += time.perf_counter() - begun if first >= effort.events - LATE else 0
    return {
        "spool_{}": BURST / spooled_s,
        "drained_{}": BURST / drained_s,
        "late_{}": LATE / late_s,
    }


def _bodies(first: int) -> list[bytes]:
    return [board_body(number) for number in range(first, first + GROUP)]


def _append_burst(spool: Spool) -> float:
    """Return the seconds until all of a burst may be acknowledged; its bodies are made before."""
    took_s = 0.0
    for first in range(0, BURST, GROUP):
        bodies = _bodies(first)
        begun = time.perf_counter()
        spool.append(bodies)
        took_s += time.perf_counter() - begun
    return took_s


def _drain(spool: Spool, house: House) -> float:
    """Return the seconds from the spool into the database, as the store thread does it."""
    begun = time.perf_counter()
    while bodies := spool.peek(GROUP):
        spool.drained(house.writer.keep(bodies))
    return time.perf_counter() - begun


def _rows_beside() -> Iterator[Row]:
    for name, count in BESIDE.items():
        for number in range(count):
            yield Row(table=name, values=_values(name, number))


def _values(name: str, number: int) -> dict[str, Scalar]:
    """Fill every column: texts as long as such are, times one minute apart."""
    values: dict[str, Scalar] = {}
    for column in table_named(name).columns:
        key = str(column.name)  # row_hash takes plain text
        if key.endswith("_at_ms"):
            values[key] = AT_MS + number * 60_000
        elif isinstance(column.type, String):
            values[key] = f"{key} {number:08d}"[-(column.type.length or 80) :]
        elif key != "hash":
            values[key] = number % 3 + 1
    if name == "package":
        values |= {"state": number % 6 + 1, "expires_on": "2027-12-31", "out_since_at_ms": 0}
    if name in STATES:
        values["state"] = STATES[name][number % len(STATES[name])]
    if name == "chain_outbox":
        values["chain"] = ("private", "public")[number % 2]
    return values


# --- verify ------------------------------------------------------------------------------


def _verify(house: House, effort: Effort) -> dict[str, float]:
    """Read everything, and beside it only hash, in turns.

    Raises:
        AwayError: The record is not as it was written.
    """
    events = Reader(house.reader).head()[0]
    bodies = [board_body(number) for number in range(HASHED)]

    def whole(_number: int) -> None:
        if found := verify(house.reader):
            raise AwayError(f"verify of what was just written: {found[0]}")

    def hashes(_number: int) -> None:
        link = GENESIS
        for body in bodies:
            link = link_hash(link, body)

    rounds = QUICK_ROUNDS if effort.quick else ROUNDS
    took_ms = interleaved({"whole": whole, "hashes": hashes}, rounds, 0)
    whole_s = quantile(took_ms["whole"], 500) / 1000 / events * MILLION
    hashes_s = quantile(took_ms["hashes"], 500) / 1000 / HASHED * MILLION
    return {"verify_1m_{}": whole_s, "verify_x_{}": whole_s / hashes_s}


# --- the page ----------------------------------------------------------------------------


def _look(house: House, effort: Effort) -> dict[str, float]:
    """Put rows beside the events, which verify was not to count, and ask for each page.

    Raises:
        AwayError: The page did not answer 200.
    """
    house.writer.keep([], list(_rows_beside()))
    count = QUICK_REQUESTS if effort.quick else REQUESTS
    with _page(house) as url:
        took_ms = {name: round_trips(url, path, count) for name, path in PATHS.items()}
    return {f"{name}_p99_{{}}": quantile(times, 990) for name, times in took_ms.items()}


@contextmanager
def _page(house: House) -> Iterator[str]:
    """Serve the page from a thread of this process: while it works, the bench waits."""
    live = Live(now_ms=AT_MS, started_at_ms=AT_MS)
    app = create_app(house.config, Reader(house.reader), lambda: live, _refuse, "token")
    served = serve(app, "127.0.0.1", 0)
    thread = threading.Thread(target=served.run, name="bench-page")
    thread.start()
    try:
        yield f"http://127.0.0.1:{served.port}"
    finally:
        served.close()
        thread.join(STOP_S)


def _refuse(kind: str, facts: object, request_id: str) -> int:
    raise AwayError(f"nothing is declared here: {kind} {facts} {request_id}")
