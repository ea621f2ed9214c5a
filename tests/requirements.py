"""The table of docs/requirements.md, read: what is met, what is open, and how many of each.

``python -m tests.requirements`` prints the sentence that README.md repeats.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "docs" / "requirements.md"
STATES = ("met", "met, SIM", "EMU", "SITE", "part", "open")
LINE = re.compile(r"\| ([APM]\d+) \| (.+) \| (.+) \| (.+) \|")
RANGE = re.compile(r"\| ([APM])(\d+) to \1(\d+) \| .+ \| open \|")


@dataclass(frozen=True, slots=True)
class Row:
    """One duty."""

    number: str
    duty: str
    state: str  # of STATES
    missing: str  # of a part: what is not shown
    tests: tuple[str, ...]  # "custody/test_fold.py::test_name", below tests/
    bench: tuple[str, ...]  # rows of tests/bench/promises.py
    documents: tuple[str, ...]  # beside the table


def rows() -> list[Row]:
    """Return the rows of the table, in its order."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return [_row(*found.groups()) for line in lines if (found := LINE.fullmatch(line))]


def open_ranges() -> Iterator[str]:
    """Yield each number that stands in a range of open ones."""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if found := RANGE.fullmatch(line):
            letter, first, last = found.groups()
            yield from (f"{letter}{n}" for n in range(int(first), int(last) + 1))


def summary() -> str:
    """Return how many there are of each state, as README.md says it."""
    later = list(open_ranges())
    counts = Counter(row.state for row in rows())
    helped = counts["EMU"] + counts["SITE"]
    return (
        f"Of the {sum(counts.values())} duties of the paper's model {counts['met']} are met, "
        f"{counts['met, SIM']} more on simulated hardware, {helped} with an emulated medium or the "
        f"installer's help, {counts['part']} in part, {counts['open']} are open; "
        f"the {len(later)} beyond it are open"
    )


def _row(number: str, duty: str, state: str, shown: str) -> Row:
    word, _, missing = state.partition(": ")
    named = re.findall(r"`([^`]+)`", shown) if word != "open" else []
    return Row(
        number=number,
        duty=duty,
        state=word,
        missing=missing,
        tests=tuple(name for name in named if "::" in name),
        bench=tuple(name.removeprefix("bench:") for name in named if name.startswith("bench:")),
        documents=tuple(re.findall(r"\]\(([\w.]+)\)", shown)),
    )


if __name__ == "__main__":
    sys.stdout.write(f"{summary()}.\n")
