"""What the evidence costs: spool, drain, verify, proofs, the page over a big record, memory."""

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path

from sqlalchemy import literal, select

from fognode.daemon.keeper import FILL
from fognode.errors import AwayError
from fognode.hashing import GENESIS, leaf_hash, link_hash
from fognode.store.copies import plain
from fognode.store.merkle import (
    LeafTiles,
    inclusion_proof,
    nodes_of_tiles,
    range_root,
    root_of,
    verify_inclusion,
)
from fognode.store.scan import fetch
from fognode.store.spool import Spool
from fognode.store.tables import event
from fognode.store.verify import verify
from fognode.store.walk import WINDOW, Base, Walk
from tests.bench.effort import MILLION, Effort
from tests.bench.houses import BACKENDS, House, open_house
from tests.bench.look import look
from tests.bench.record import rows_beside, told_body
from tests.bench.series import SEED, interleaved, quantile

GROUP = 100  # the most the store thread appends at once
BURST, LATE = 20_000, 10_000  # events
HASHED = 20_000  # events in the loop that only hashes
ROUNDS, QUICK_ROUNDS = 3, 1
PROOFS, QUICK_PROOFS = 500, 100
LOOKS, QUICK_LOOKS = 120, 60  # requests of each page
ROWS_AT_ONCE = 1000
LINKS = select(
    event.c.seq, event.c.prev_hash, event.c.hash, plain(event.c.body), event.c.event_id, literal(1)
)


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
                yield {"mariadbd_start": _server_mb(house, "VmRSS")}
            for part in (_fill, _verify, _look, _verify_beside):
                yield {k.format(backend): value for k, value in part(house, effort).items()}
            if backend == "mariadb":
                yield {"mariadbd_rss": _server_mb(house, "VmRSS")}
                yield {"mariadbd_own": _server_mb(house, "RssAnon")}


def _server_mb(house: House, word: str) -> float:
    pid = (house.files / "p.pid").read_text().strip()
    told = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").split(f"{word}:")[1]
    return int(told.split()[0]) * 1024 / 1e6


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
    return [told_body(number) for number in range(first, first + GROUP)]


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
    while bodies := spool.peek(FILL):
        spool.drained(house.writer.keep(bodies))
    return time.perf_counter() - begun


# --- verify ------------------------------------------------------------------------------


def _verify(house: House, effort: Effort) -> dict[str, float]:
    """Read everything, chain and tree alone, and beside them only hash, in turns.

    Raises:
        AwayError: The record is not as it was written.
    """
    bodies = [told_body(number) for number in range(HASHED)]
    acts = {
        "whole": lambda _number: _read_whole(house),
        "chain": lambda _number: _walk(house, effort.events),
        "hashes": lambda _number: _hash(bodies),
    }
    took_ms = interleaved(acts, QUICK_ROUNDS if effort.quick else ROUNDS, 0)
    counts = {"whole": effort.events, "chain": effort.events, "hashes": HASHED}
    took_s = {
        name: quantile(times, 500) / 1000 / counts[name] * MILLION
        for name, times in took_ms.items()
    }
    return {
        "chain_1m_{}": took_s["chain"],
        "chain_x_{}": took_s["chain"] / took_s["hashes"],
        "verify_1m_{}": took_s["whole"],
        "verify_x_{}": took_s["whole"] / took_s["hashes"],
        "hashing_1m_{}": took_s["hashes"],
    }


def _verify_beside(house: House, effort: Effort) -> dict[str, float]:
    """Read everything once more, now with the rows beside.

    Raises:
        AwayError: The record is not as it was written.
    """
    begun = time.perf_counter()
    _read_whole(house)
    return {"verify_all_{}": (time.perf_counter() - begun) / effort.events * MILLION}


def _read_whole(house: House) -> None:
    if found := verify(house.reader):
        raise AwayError(f"verify of what was just written: {found[0]}")


def _walk(house: House, events: int) -> None:
    """Check links and grow the tree as verify does, but look at nothing else."""
    odd, count = list[object](), 0
    walk = Walk(Base(), lambda *told: odd.append(told), lambda _index, _leaves: None)
    with house.reader.connect() as connection:
        for after in range(0, events, WINDOW):
            for rows in fetch(connection, LINKS, after, min(after + WINDOW, events)):
                walk.take(rows)
                count += len(rows)
    if odd or count != events:
        raise AwayError(f"walk over {count} of {events} events: {odd[:1]}")


def _hash(bodies: list[bytes]) -> None:
    """Make the hashes of chain and tree, nothing else, from what is in memory."""
    link, leaves = GENESIS, list[bytes]()
    for body in bodies:
        link = link_hash(link, body)
        leaves.append(leaf_hash(body))
    root_of(leaves)


# --- the page ----------------------------------------------------------------------------


def _look(house: House, effort: Effort) -> dict[str, float]:
    """Put rows beside the events, which verify was not to count, and ask for each page.

    Raises:
        AwayError: The page did not answer 200.
    """
    beside = rows_beside(effort.events)
    while rows := list(islice(beside, ROWS_AT_ONCE)):
        house.writer.keep([], rows)
    found = look(house, QUICK_LOOKS if effort.quick else LOOKS)
    return {f"{name}_{{}}": value for name, value in found.items()}
