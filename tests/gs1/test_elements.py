"""Element strings (requirement A73), against the official cases where they are present."""

from typing import Any

import pytest

from fognode.errors import CodeError
from fognode.gs1 import elements
from fognode.gs1.elements import Element, bracketed, check_together, parse_bracketed, parse_raw, raw
from tests.gs1 import vectors

LABEL = "(01)09521234000013(17)280630(10)L2406B(21)FZ7K3Q9A"
RULES = {
    "validateAImutex": elements.check_excluded,
    "validateAIrequisites": elements.check_partners,
    "validateAIrepeats": elements.check_repeats,
    "validateDigSigRequiresSerialisedKey": elements.check_serialised,
}


@pytest.mark.parametrize("args", vectors.cases("test_parseAIdata", (1427,)))
def test_official_bracketed_strings(args: list[Any]) -> None:
    must, text, wanted = args
    if not must:
        with pytest.raises(CodeError):
            parse_bracketed(text)
        return
    assert raw(parse_bracketed(text)) == vectors.gs(wanted)


@pytest.mark.parametrize("args", vectors.cases("test_processAIdata", (1815, 1851)))
def test_official_raw_strings(args: list[Any]) -> None:
    must, text = args
    if must:
        parse_raw(vectors.gs(text))
        return
    with pytest.raises(CodeError):
        parse_raw(vectors.gs(text))


@pytest.mark.parametrize("args", vectors.cases("test_validateAIs"))
def test_official_rules_of_what_stands_together(args: list[Any]) -> None:
    must, rule, text = args
    told = [Element(ai, value) for ai, value in _split(text)]
    if must:
        RULES[rule](told)
        return
    with pytest.raises(CodeError):
        RULES[rule](told)


def _split(text: str) -> list[tuple[str, str]]:
    # Unknown identifiers are allowed in these cases; only the named rule is judged.
    return [(ai, value) for ai, _, value in (p.partition(")") for p in text.split("(")[1:])]


def test_the_example_of_the_facts() -> None:
    label = parse_raw("0109521234000013172806301 0L2406B\x1d21FZ7K3Q9A".replace(" ", ""))
    assert bracketed(label) == LABEL
    assert parse_bracketed(LABEL) == label
    check_together(label)


def test_a_bracket_in_a_value_is_written_with_a_backslash() -> None:
    label = [Element("01", "09521234000013"), Element("10", "L(7)")]
    assert parse_bracketed(bracketed(label)) == label


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("(01)09521234000014", "ends in 4, not in 3"),
        ("(01)09521234000013(17)281331", "month 13"),
        ("(21)S1", "needs"),
        ("(01)09521234000013(10)A(10)B", "told twice"),
        ("(89)X", "no application identifier"),
    ],
)
def test_a_fault_is_named(text: str, fault: str) -> None:
    with pytest.raises(CodeError, match=fault):
        check_together(parse_bracketed(text))
