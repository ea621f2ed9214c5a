"""How long one event takes to be kept for ever, beside the least a database and a disk take."""

import os
from collections.abc import Iterator
from pathlib import Path

from tests.bench.effort import Effort
from tests.bench.houses import BACKENDS, House, board_body, open_house
from tests.bench.series import interleaved, quantile

ROUNDS, QUICK_ROUNDS, DROPPED = 1500, 300, 50


def measure(effort: Effort) -> Iterator[dict[str, float]]:
    """Yield the rows of each database.

    Raises:
        AwayError: MariaDB is not installed, or did not start.
    """
    for backend in BACKENDS:
        found: dict[str, float] = {}
        with open_house(backend) as house:
            took = _rounds(house, QUICK_ROUNDS if effort.quick else ROUNDS)
        for name in ("persist", "bare", "fdatasync"):
            found[f"{name}_{backend}_p50"] = quantile(took[name], 500)
        found[f"persist_{backend}_p99"] = quantile(took["persist"], 990)
        persist, bare = (found[f"{name}_{backend}_p50"] for name in ("persist", "bare"))
        found[f"persist_{backend}_ratio"] = persist / bare
        yield found


def _rounds(house: House, rounds: int) -> dict[str, list[float]]:
    bodies = [board_body(number) for number in range(rounds + DROPPED)]
    journal = _open_journal(house.files)

    def flush(number: int) -> None:
        os.write(journal, bodies[number])
        os.fdatasync(journal)

    def keep(number: int) -> None:
        house.writer.keep([bodies[number]])

    def bare(number: int) -> None:
        house.bare(number, bodies[number])

    try:
        return interleaved({"persist": keep, "bare": bare, "fdatasync": flush}, rounds, DROPPED)
    finally:
        os.close(journal)


def _open_journal(folder: Path) -> int:
    return os.open(folder / "journal", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
