"""How many bits are kept in a second, and how much room they take."""

import time
from collections.abc import Iterator

from tests.bench.effort import MILLION, Effort
from tests.bench.houses import BACKENDS, BODY_BYTES, House, board_body, open_house

EVENTS, QUICK_EVENTS, GROUP = 20_000, 4_000, 100


def measure(effort: Effort) -> Iterator[dict[str, float]]:
    """Yield the rows of each database.

    Raises:
        AwayError: MariaDB is not installed, or did not start.
    """
    count = QUICK_EVENTS if effort.quick else EVENTS
    for backend in BACKENDS:
        with open_house(backend) as house:
            empty_bytes = house.size()
            took_s = _keep_all(house, count)
            per_event = (house.size() - empty_bytes) / count
        yield {
            f"stored_{backend}": 8 * BODY_BYTES * count / took_s / 1e6,
            f"disk_{backend}": per_event * MILLION / 1e6,
        }


def _keep_all(house: House, count: int) -> float:
    """Return the seconds that the calls of keep took; making the bodies is not counted."""
    took_s = 0.0
    for first in range(0, count, GROUP):
        bodies = [board_body(number) for number in range(first, first + GROUP)]
        begun = time.perf_counter()
        house.writer.keep(bodies)
        took_s += time.perf_counter() - begun
    return took_s
