"""The check of what people declare, before it becomes an event; pure.

Whether a declaration agrees with the farm (a check digit, a tag in use, a package that is not
empty) is custody's question.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from fognode.events import CORRECTABLE, REQUESTS, Json, Kind, Stored
from fognode.page.declarations import DECLARATIONS, PHOTO_FACTS, TABLES
from fognode.page.fields import Field, cut

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A request whose every value has been checked."""

    request_id: str  # UUID4, lower case
    kind: str
    facts: dict[str, Json]


def check_request(asked: object) -> Declaration:
    """Return the declaration that a parsed JSON body asks for.

    Raises:
        ValueError: A key or value is missing, unknown or out of bounds.
    """
    if type(asked) is not dict or asked.keys() != {"id", "kind", "facts"}:
        raise ValueError('the body must be an object with exactly "id", "kind" and "facts"')
    request_id, kind, facts = asked["id"], asked["kind"], asked["facts"]
    if type(request_id) is not str or not UUID4.fullmatch(request_id.lower()):
        raise ValueError(f"id = {cut(request_id)} must be a fresh UUID of version 4")
    if type(kind) is not str or kind not in REQUESTS:
        known = ", ".join(sorted(REQUESTS))
        raise ValueError(f"kind = {cut(kind)} cannot be declared; known: {known}")
    if type(facts) is not dict:
        raise ValueError(f"facts = {cut(facts)} must be an object")
    checked = check_facts(DECLARATIONS[kind], facts)
    if kind == Kind.CORRECTION_DECLARED and ("facts" in checked) == ("withdraw" in checked):
        raise ValueError("a correction says either facts, all of them, or withdraw = 1")
    return Declaration(request_id=request_id.lower(), kind=kind, facts=checked)


def check_photo(asked: Mapping[str, str]) -> Declaration:
    """Return what is declared with a picture; ``asked`` are the parameters of its address.

    Raises:
        ValueError: A parameter is missing, unknown or out of bounds.
    """
    facts: dict[str, object] = {name: value for name, value in asked.items() if name != "id"}
    taken = asked.get("taken_at_ms", "")
    if taken.isascii() and taken.isdigit() and len(taken) <= 16:
        facts["taken_at_ms"] = int(taken)
    request_id = asked.get("id", "").lower()
    if not UUID4.fullmatch(request_id):
        raise ValueError(f"id = {cut(request_id)} must be a fresh UUID of version 4")
    checked = check_facts(PHOTO_FACTS, facts)
    return Declaration(request_id=request_id, kind=Kind.PHOTO_KEPT, facts=checked)


def check_corrected(asked: Declaration, corrected: Stored, told: Stored) -> Declaration:
    """Return a correction whose facts are those of what it corrects.

    Args:
        asked: The correction.
        corrected: The event it names.
        told: That event too; or, when it is itself a correction, what it corrects in the end.

    Raises:
        ValueError: It is nothing that can be corrected, or the facts are not of its kind.
    """
    if told.kind not in CORRECTABLE:
        known = ", ".join(sorted(CORRECTABLE))
        raise ValueError(f"event {corrected.seq} is {told.kind}; correctable are {known}")
    if "facts" not in asked.facts:
        return asked
    try:
        facts = asked.facts["facts"]
        checked = check_facts(TABLES[told.kind], facts if isinstance(facts, dict) else {})
    except ValueError as error:
        raise ValueError(f"facts of a {told.kind}: {error}") from error
    return replace(asked, facts={**asked.facts, "facts": checked})


def check_facts(table: Mapping[str, Field], facts: Mapping[str, object]) -> dict[str, Json]:
    """Return facts as a table of DECLARATIONS asks for them.

    Raises:
        ValueError: One is missing, unknown or out of bounds.
    """
    if unknown := sorted(facts.keys() - table.keys()):
        raise ValueError(f"unknown facts {cut(unknown)}; known: {', '.join(sorted(table))}")
    needed = {name for name, field in table.items() if not field.optional}
    if missing := sorted(needed - facts.keys()):
        raise ValueError(f"missing facts: {', '.join(missing)}")
    checked = {name: table[name].check(name, value) for name, value in facts.items()}
    _check_whole(checked)
    return checked


def _check_whole(facts: Mapping[str, Json]) -> None:
    if "expires_on" in facts:
        try:
            year = date.fromisoformat(str(facts["expires_on"])).year
        except ValueError:
            year = 0
        if not 2000 <= year <= 2099:  # a GS1 label has two digits for it
            day = facts["expires_on"]
            raise ValueError(f"expires_on = {day!r} is not a day of the calendar, 2000 to 2099")
    gross_g, tare_g = facts.get("gross_g"), facts.get("tare_g")
    if isinstance(gross_g, int) and isinstance(tare_g, int) and gross_g <= tare_g:
        raise ValueError(f"gross_g = {gross_g} is not above tare_g = {tare_g}; weigh again")
