"""A kind that may be declared as a form, and what was sent as facts; pure.

The fields are those of page/declarations.py, so a form asks for exactly what the API takes.
``by`` is never asked: it is who is signed in.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from fognode.events import Json
from fognode.page.fields import DAY, MOMENT, Facts, Field, Number, Text, Texts
from fognode.page.questions import asked, choice_words

INNER = "facts."  # before the name of a fact of the corrected declaration
WHOLE = re.compile(r"-?[0-9]{1,17}", re.ASCII)
FEW = re.compile(r"[a-z_]+(\|[a-z_]+)+")  # a pattern that is a list of fixed values
NO_OFFSET = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?", re.ASCII)
NOT_ASKED = ("by", "facts")
NOT_TYPED = ("scan",)  # chosen from what there is, or filled in
YES_NO = (("0", "no"), ("1", "yes"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a field may be chosen from: (value, words) by fact."""

    only: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    known: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)  # or typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One field of a form."""

    name: str  # as it is sent
    label: str
    hint: str
    unit: str
    control: Literal["text", "number", "date", "datetime-local", "select"]
    value: str
    error: str
    needed: bool
    most: int  # characters; 0 = no bound
    options: tuple[tuple[str, str], ...] = ()


def questions(
    kind: str,
    table: Mapping[str, Field],
    values: Mapping[str, str],
    errors: Mapping[str, str],
    choices: Choices,
) -> list[Question]:
    """Return the fields of a form, needed ones first, each with its value and its error.

    ``values`` and ``errors`` are by fact.
    """
    names = [name for name in table if name not in NOT_ASKED]
    told = {*choices.only, *(name for name, value in values.items() if value)}
    names = [name for name in names if name not in NOT_TYPED or name in told]
    names.sort(key=lambda name: table[name].optional)
    return [
        _question(kind, name, table[name], choices, (values.get(name, ""), errors.get(name, "")))
        for name in names
    ]


def _question(
    kind: str, name: str, one: Field, choices: Choices, told: tuple[str, str]
) -> Question:
    value, error = told
    words, only = asked(kind, name), _only(name, one, choices)
    control, most = _control(one)
    options = tuple(only or choices.known.get(name, ()))
    if only and value and value not in dict(only):
        options = (*options, (value, value))  # what was sent stays, and is refused by name
    example = one.example if isinstance(one, Text) else ""
    hints = [words.hint, f"like {example}" if example and control == "text" and not options else ""]
    return Question(
        name=name,
        label=words.label,
        hint="; ".join(hint for hint in hints if hint),
        unit=words.unit,
        control="select" if only else control,
        value=value,
        error=error,
        needed=not one.optional,
        most=most,
        options=options,
    )


def _only(name: str, one: Field, choices: Choices) -> Sequence[tuple[str, str]]:
    if name in choices.only:
        return choices.only[name]
    if isinstance(one, Number) and (one.least, one.most) == (0, 1):
        return YES_NO
    if isinstance(one, Number) and (one.least, one.most) == (1, 1):
        return YES_NO[1:]
    if isinstance(one, Text) and FEW.fullmatch(one.like):
        return [(value, choice_words(value)) for value in one.like.split("|")]
    return ()


def _control(one: Field) -> tuple[Literal["text", "number", "date", "datetime-local"], int]:
    if isinstance(one, Number):
        return "number", 0
    if isinstance(one, Text) and one.like == DAY.like:
        return "date", 0
    if isinstance(one, Text) and one.like.startswith(DAY.like + "T"):
        return "datetime-local", 0
    return "text", one.most if isinstance(one, Text) else 0


def facts_of(
    table: Mapping[str, Field], sent: Mapping[str, str], zone: ZoneInfo
) -> dict[str, object]:
    """Return what was sent as facts: numbers as numbers, what was left empty not at all.

    A time is on the farm's clock; where a fact asks for the offset, it is added.
    """
    facts: dict[str, object] = {}
    for name, one in table.items():
        text = sent.get(name, "").strip()
        if not text or name in NOT_ASKED:
            continue
        if isinstance(one, Number):
            facts[name] = int(text) if WHOLE.fullmatch(text) else text
        elif isinstance(one, Text) and _wants_offset(one) and NO_OFFSET.fullmatch(text):
            facts[name] = _with_offset(text, zone)
        else:
            facts[name] = text
    return facts


def _wants_offset(one: Text) -> bool:
    return one.like.startswith(DAY.like + "T") and one.like != MOMENT.like


def _with_offset(text: str, zone: ZoneInfo) -> str:
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        return text  # no such day: the check says so
    return text + local.isoformat()[-6:]


def errors_of(table: Mapping[str, Field], facts: Mapping[str, object]) -> dict[str, str]:
    """Return what is wrong with each fact, in words that stand beside its field."""
    errors = {}
    for name, one in table.items():
        if name in NOT_ASKED:
            continue
        if name not in facts:
            if not one.optional:
                errors[name] = "Please fill this in"
            continue
        try:
            one.check(name, facts[name])
        except ValueError as error:
            errors[name] = _beside(name, str(error))
    return errors


def _beside(name: str, words: str) -> str:
    # The field is named by its place, and its value stands in it.
    told = re.sub(rf"^{name} (= .*? )?(?=must|has)", "", words, flags=re.DOTALL)
    return told[:1].upper() + told[1:]


def in_words(kind: str, table: Mapping[str, Field], words: str) -> str:
    """Return an error or refusal with the labels of facts instead of their names."""
    for name in sorted(table, key=len, reverse=True):
        # One plain word, like "lot", is a name only where its value follows.
        told = rf"\b{name}\b" if "_" in name else rf"\b{name}\b(?= =)"
        words = re.sub(told, lambda _found, name=name: asked(kind, name).label, words)  # type: ignore[misc]  # a default
    return words[:1].upper() + words[1:]


def values_of(table: Mapping[str, Field], facts: Mapping[str, Json]) -> dict[str, str]:
    """Return facts as the fields of a form show them."""
    shown = {}
    for name, one in table.items():
        if name not in facts or isinstance(one, Facts):
            continue
        value = facts[name]
        is_list = isinstance(one, Texts) and isinstance(value, list)
        shown[name] = ", ".join(map(str, value)) if is_list else str(value)  # type: ignore[arg-type]  # a list
    return shown
