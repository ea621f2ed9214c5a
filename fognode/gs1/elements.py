"""Element strings: application identifiers and their values, as printed and as scanned.

    ^0109521234000013 17280630 10L2406B^21FZ7K3Q9A     raw; ^ is FNC1, in a scan GS (0x1D)
    (01)09521234000013(17)280630(10)L2406B(21)FZ7K3Q9A  bracketed, for people and XML

A value without a predefined length ends with FNC1 or with the string.  Which identifiers
belong together and which exclude each other is judged by ``check_together``.

Source: GS1 General Specifications, sections 3, 4.14 and 7.8.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fognode.errors import CodeError
from fognode.gs1.checks import CHARACTERS, CHECKS
from fognode.gs1.table import Entry, Part, entry_of, find_entry

FNC1 = "\x1d"  # how a scanner sends it
BRACKETED = re.compile(r"\(([0-9]{2,4})\)")


class Element(NamedTuple):
    """One application identifier and its value."""

    ai: str
    value: str


def parse_raw(text: str) -> list[Element]:
    """Return the elements of a raw string; FNC1 is GS, a leading one is allowed.

    Raises:
        CodeError: An identifier is unknown, or a value is not as its table entry says.
    """
    rest = text.removeprefix(FNC1)
    if not rest:
        raise CodeError("the code is empty")
    found = []
    while rest:
        entry = find_entry(rest)
        if entry is None:
            raise CodeError(f"no application identifier begins {rest[:8]!r}")
        ai = rest[: len(entry.ai)]
        rest = rest[len(ai) :]
        value, rest = _take(entry, rest)
        check_value(entry, ai, value)
        found.append(Element(ai, value))
    return found


def _take(entry: Entry, rest: str) -> tuple[str, str]:
    """Cut the value off; a predefined length ends without FNC1, though one may follow.

    Raises:
        CodeError: FNC1 stands within a value of predefined length.
    """
    if entry.predefined:
        value, rest = rest[: entry.most], rest[entry.most :]
        if FNC1 in value:
            raise CodeError(f"({entry.ai}) ends early, after {value.index(FNC1)} characters")
        return value, rest.removeprefix(FNC1)
    value, _, after = rest.partition(FNC1)
    return value, after


def parse_bracketed(text: str) -> list[Element]:
    r"""Return the elements of a bracketed string; ``\(`` stands for a bracket in a value.

    Raises:
        CodeError: As for ``parse_raw``.
    """
    found = []
    rest = text
    while rest:
        head = BRACKETED.match(rest)
        if head is None:
            raise CodeError(f"no (identifier) begins {rest[:12]!r}")
        value, rest = _until_bracket(rest[head.end() :])
        entry = entry_of(head[1])
        if entry is None:
            raise CodeError(f"({head[1]}) is no application identifier")
        check_value(entry, head[1], value)
        found.append(Element(head[1], value))
    if not found:
        raise CodeError("the code is empty")
    return found


def _until_bracket(text: str) -> tuple[str, str]:
    value, at = "", 0
    while at < len(text) and text[at] != "(":
        if text.startswith("\\(", at):
            at += 1
        value += text[at]
        at += 1
    return value, text[at:]


def bracketed(elements: Sequence[Element]) -> str:
    """Return elements as people read them."""
    return "".join(f"({ai}){value.replace('(', chr(92) + '(')}" for ai, value in elements)


def raw(elements: Sequence[Element]) -> str:
    """Return elements as a scanner sends them, with a leading FNC1."""
    text, open_end = "", True
    for ai, value in elements:
        entry = entry_of(ai)
        text += (FNC1 if open_end else "") + ai + value
        open_end = entry is None or not entry.predefined
    return text


def check_value(entry: Entry, ai: str, value: str) -> None:
    """Check a value against the parts of its entry.

    Raises:
        CodeError: It has another length, other characters, or fails a check.
    """
    at = 0
    for part in entry.parts:
        if part.optional and at == len(value):
            break
        piece = value[at : at + part.most]
        if len(piece) < part.least:
            raise CodeError(f"({ai}){value} is too short: {entry.form}")
        _check_piece(part, ai, piece)
        at += len(piece)
    if at < len(value):
        raise CodeError(f"({ai}){value} is too long: {entry.form}")


def _check_piece(part: Part, ai: str, piece: str) -> None:
    if odd := sorted(set(piece) - CHARACTERS[part.kind]):
        raise CodeError(f"({ai}){piece} holds {odd[0]!r}, which is not allowed there")
    for name in part.checks:
        if (check := CHECKS.get(name)) and (fault := check(piece)):
            raise CodeError(f"({ai}){piece}: {fault}")


def check_together(elements: Sequence[Element]) -> None:
    """Check that the elements of one label may stand together.

    Raises:
        CodeError: One is told twice with two values, lacks a partner or excludes another.
    """
    check_repeats(elements)
    check_excluded(elements)
    check_partners(elements)
    check_serialised(elements)


def check_repeats(elements: Sequence[Element]) -> None:
    """Check that nothing is told twice with two values.

    Raises:
        CodeError: Something is.
    """
    values: dict[str, str] = {}
    for ai, value in elements:
        if values.setdefault(ai, value) != value:
            raise CodeError(f"({ai}) is told twice: {values[ai]} and {value}")


def check_serialised(elements: Sequence[Element]) -> None:
    """Check that a digital signature stands with a key that holds a serial number.

    Raises:
        CodeError: The key has no serial component.
    """
    values = dict(elements)
    lengths = {"253": 13, "255": 13, "8003": 14}
    for ai, plain in lengths.items():
        if "8030" in values and len(values.get(ai, "")) == plain:
            raise CodeError(f"(8030) asks for a serial number in ({ai})")


def check_excluded(elements: Sequence[Element]) -> None:
    """Check that no element excludes another.

    Raises:
        CodeError: One does.
    """
    for fault in _excluded(dict(elements)):
        raise CodeError(fault)


def check_partners(elements: Sequence[Element]) -> None:
    """Check that every element has the partners it asks for.

    Raises:
        CodeError: One lacks them.
    """
    for fault in _alone(dict(elements)):
        raise CodeError(fault)


def _excluded(values: dict[str, str]) -> Iterator[str]:
    for ai in values:
        entry = entry_of(ai)
        for pattern in entry.excludes if entry else ():
            other = next((o for o in values if o != ai and _like(o, pattern)), None)
            if other:
                yield f"({ai}) must not stand beside ({other})"


def _alone(values: dict[str, str]) -> Iterator[str]:
    for ai in values:
        entry = entry_of(ai)
        for choices in entry.needs if entry else ():
            if not any(_all_there(values, group) for group in choices):
                wanted = " or ".join("+".join(group) for group in choices)
                yield f"({ai}) needs ({wanted}) beside it"


def _all_there(values: dict[str, str], group: Sequence[str]) -> bool:
    return all(any(_like(ai, pattern) for ai in values) for pattern in group)


def _like(ai: str, pattern: str) -> bool:
    return len(ai) == len(pattern) and all(p in ("n", c) for c, p in zip(ai, pattern, strict=True))
