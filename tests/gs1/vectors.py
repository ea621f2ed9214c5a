"""The official cases of ../shared/gs1/vectors, where they are; they never enter the product."""

import json
from pathlib import Path
from typing import Any

import pytest

CASES = Path(__file__).parents[3] / "shared" / "gs1" / "vectors" / "gs1-syntax-cases.json"


def cases(name: str, skip: tuple[int, ...] = ()) -> list[Any]:
    """Return the cases of a list as parameters; one that skips with a reason if absent."""
    if not CASES.is_file():
        reason = pytest.mark.skip(reason="../shared/gs1 is not present")
        return [pytest.param([], marks=reason)]
    told = json.loads(CASES.read_text(encoding="utf-8"))["vectors"][name]["cases"]
    return [
        pytest.param(case["args"], id=str(case["line"]))
        for case in told
        if case["line"] not in skip
    ]


def gs(text: str) -> str:
    """Return a case's string as a scanner sends it: ^ is FNC1."""
    return text.replace("^", "\x1d")
