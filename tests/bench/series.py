"""Series of times: how they are taken, and what is told of them."""

import math
import random
import time
from collections.abc import Callable, Mapping, Sequence

SEED = 128  # the order is random, but the same in every run


def quantile(values: Sequence[float], permille: int) -> float:
    """Return the smallest value that so many permille of the series do not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * permille / 1000), 1) - 1]


def interleaved(
    acts: Mapping[str, Callable[[int], None]], rounds: int, dropped: int
) -> dict[str, list[float]]:
    """Do every act once per round, in random order; return the ms of each, first rounds dropped.

    The cost of a flush changes by the minute, so only what shares its rounds is comparable.
    """
    order, names = random.Random(SEED), list(acts)
    took: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds + dropped):
        order.shuffle(names)
        for name in names:
            begun = time.perf_counter_ns()
            acts[name](number)
            took[name].append((time.perf_counter_ns() - begun) / 1e6)
    return {name: times[dropped:] for name, times in took.items()}
