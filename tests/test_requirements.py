"""docs/requirements.md names tests, rows of the bench and documents that are there."""

import ast
import re
from functools import cache
from pathlib import Path

from tests.bench.promises import PROMISES
from tests.requirements import ROOT, STATES, Row, open_ranges, rows, summary

ASKED = ROOT.parent / "shared" / "requirements.md"  # beside the repository, on some machines
LAST = {"A": 144, "P": 35, "M": 30}
ROWS = rows()
LAW = re.compile(r"\b(non-)?complian(t|ce)\b|\bcertified\b", re.IGNORECASE)


@cache
def names_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def is_there(test: str) -> bool:
    file, name = test.split("::")
    path = ROOT / "tests" / file
    return path.is_file() and name.startswith("test_") and name in names_in(path)


def has_reason(row: Row) -> bool:
    """Tell whether a row says what its state asks for."""
    if row.state == "open":
        return not (row.missing or row.tests or row.bench)
    shown = bool(row.tests or row.bench) and (row.state != "SITE" or bool(row.documents))
    return shown and bool(row.missing) == (row.state == "part")


def test_every_number_has_one_row_or_lies_in_one_open_range() -> None:
    named = [row.number for row in ROWS] + list(open_ranges())
    wanted = [f"{letter}{n}" for letter, last in LAST.items() for n in range(1, last + 1)]
    assert sorted(named) == sorted(wanted)


def test_numbers_are_those_that_were_asked() -> None:
    asked = {f"{letter}{last}" for letter, last in LAST.items()}
    if ASKED.is_file():
        text = ASKED.read_text(encoding="utf-8")
        asked = set(re.findall(r"^- ([APM]\d+) ", text, re.MULTILINE))
    assert asked <= {row.number for row in ROWS} | set(open_ranges())
    assert {f"{letter}{last + 1}" for letter, last in LAST.items()}.isdisjoint(asked)


def test_every_test_that_is_named_exists() -> None:
    assert [(row.number, test) for row in ROWS for test in row.tests if not is_there(test)] == []
    assert not is_there("test_layout.py::test_that_nobody_wrote")


def test_every_row_of_the_bench_that_is_named_exists() -> None:
    measured = {name for group in PROMISES.values() for name in group}
    assert {name for row in ROWS for name in row.bench} <= measured


def test_every_document_that_is_named_exists() -> None:
    named = {name for row in ROWS for name in row.documents}
    assert {name for name in named if not (ROOT / "docs" / name).is_file()} == set()


def test_every_state_is_a_known_one_and_gives_what_it_owes() -> None:
    assert {row.state for row in ROWS} <= set(STATES)
    assert [row.number for row in ROWS if not has_reason(row)] == []


def test_a_duty_is_named_in_ten_words_at_most() -> None:
    assert [row.number for row in ROWS if len(row.duty.split()) > 10] == []


def test_the_first_page_says_how_many_are_met_and_open() -> None:
    assert summary() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_no_word_of_ours_says_that_a_farm_obeys_the_law() -> None:
    """A123: page, mails and pack are evidence; whether it suffices is for others to say."""
    said = [
        path.relative_to(ROOT)
        for folder, kinds in (("fognode", ("*.py", "*.html", "*.js")), ("docs", ("*.md",)))
        for kind in kinds
        for path in (ROOT / folder).rglob(kind)
        if LAW.search(path.read_text(encoding="utf-8"))
    ]
    assert said == []
