"""Checks of single values, against the official cases where they are present."""

import json
from typing import Any

import pytest

from fognode.gs1.checks import CHARACTERS, CHECKS
from fognode.gs1.table import Part
from tests.gs1 import vectors

KINDS = {"cset82": "X", "cset39": "Y", "csetnumeric": "N"}
# The table fixes the length before a check is asked, so it never sees these.
LENGTHS = ("TOO_LONG", "TOO_SHORT", "INVALID_LENGTH", "MUST_BE", "CHECK_PAIR_IMPLEMENTATION")


def official() -> list[Any]:
    """Return the cases of every check we have; lists we do not judge are left out."""
    if not vectors.CASES.is_file():
        reason = pytest.mark.skip(reason="../shared/gs1 is not present")
        return [pytest.param("", True, "", marks=reason)]
    lists = json.loads(vectors.CASES.read_text(encoding="utf-8"))["vectors"]["linters"]
    return [
        pytest.param(name, case["ok"], case["args"][1])
        for lint, told in lists.items()
        if (name := lint.removeprefix("lint_")) in CHECKS or name in KINDS
        for case in told
        if case["ok"] or not any(word in case["args"][2] for word in LENGTHS)
    ]


@pytest.mark.parametrize(("name", "fine", "value"), official())
def test_official_cases(name: str, fine: bool, value: str) -> None:
    if name in KINDS:
        assert (set(value) <= CHARACTERS[KINDS[name]]) == fine
    else:
        assert judged(name, value) == fine


def judged(name: str, value: str) -> bool:
    """Judge as elements.check_value does: the kind of the characters comes first."""
    kinds = {"csumalpha": "X", "pcenc": "X", "iban": "X", "hyphen": "X", "hasnondigit": "X"}
    kinds |= {"posinseqslash": "X"}
    part = Part(kind=kinds.get(name, "N"), least=1, most=99, optional=False, checks=(name,))
    if not value or set(value) - CHARACTERS[part.kind]:
        return name in {"nozeroprefix", "pcenc"} and not value
    return CHECKS[name](value) == ""
