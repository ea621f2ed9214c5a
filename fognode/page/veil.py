"""Badges are hidden from whoever is neither signed in nor has a token.

Whoever can copy a badge's UID can open a cabinet in that person's name, so it passes for a secret
here.  ``Veiled`` is the reader of every page and of /api/v1.  Hidden are the badges that anybody
has or had, and each tag in an event or row that names no package: whose that is, it does not say.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from fognode.events import Json, RowValues, Stored
from fognode.page.live import Line, Sensor
from fognode.store.reader import Reader

HIDDEN = "hidden"
MOST = 100_000  # people, badges
# UIDs of 4, 7 and 10 bytes: a badge has no other.
UID = re.compile(r"(?<![\w-])(?:[0-9A-F]{20}|[0-9A-F]{14}|[0-9A-F]{8})(?![\w-])", re.IGNORECASE)
NAMES = frozenset({"tag", "value", "fingerprint"})  # facts and columns that may be one
BEFORE = ("tag ", "badge ")  # how a sentence names one
# Their tags are packages', or they have none; some of them are read whole.
WITHOUT = frozenset(
    {
        "package",
        "tag_binding",
        "points",
        "chain_outbox",
        "way_back",
        "batch",
        "deadline",
        "product",
        "stock",
        "movement",
    }
)


class Veiled(Reader):
    """Another reader, on the same connections, that hides badges unless ``may_see`` says yes."""

    def __init__(self, reader: Reader, may_see: Callable[[], bool]) -> None:
        """Wrap a reader; ``may_see`` is asked at each call, on the thread of the request."""
        vars(self).update(vars(reader))
        self._bare, self._may_see = reader, may_see

    def _events(self, wanted: Any, values: Mapping[str, Any]) -> list[Stored]:
        found = super()._events(wanted, values)
        if self._may_see():
            return found
        badges = self._badges(one.facts for one in found)
        return [replace(one, facts=_facts(one.facts, badges, False)) for one in found]

    def _rows(self, source: Any, wanted: Any) -> list[RowValues]:
        found = super()._rows(source, wanted)
        if source.name in WITHOUT or self._may_see():
            return found
        badges = self._badges(found)
        return [_row(one, badges) for one in found]

    def lines(self, told: tuple[Line, ...]) -> tuple[Line, ...]:
        """Return what the boards say now, without the tags that are at their readers."""
        if self._may_see():
            return told
        return tuple(replace(line, sensors=tuple(map(_sensor, line.sensors))) for line in told)

    def _badges(self, told: Iterable[Mapping[str, object]]) -> frozenset[str]:
        """Return all badges, in upper case; none when nothing told could be one.

        Raises:
            StoreError: The database is away.
        """
        if not any(_has_uid(one) for one in told):
            return frozenset()
        rows = [row for table in ("badge", "person") for row in self._bare.rows(table, limit=MOST)]
        return frozenset(str(row["badge"]).upper() for row in rows)


def _sensor(sensor: Sensor) -> Sensor:
    is_uid = sensor.type == "tag" and isinstance(sensor.last_value, str)  # a number counts tags
    return replace(sensor, last_value=HIDDEN) if is_uid else sensor


def _has_uid(told: object) -> bool:
    if isinstance(told, str):
        return UID.search(told) is not None
    inside = told.values() if isinstance(told, Mapping) else told if isinstance(told, list) else ()
    return any(_has_uid(one) for one in inside)


def _facts(facts: Mapping[str, Json], badges: frozenset[str], of_one: bool) -> dict[str, Json]:
    """Hide badges in facts; ``of_one`` = what they stand in names a package."""
    named = of_one or bool(facts.get("package"))
    return {name: _json(name, value, badges, named) for name, value in facts.items()}


def _json(name: str, value: Json, badges: frozenset[str], of_one: bool) -> Json:
    if isinstance(value, Mapping):
        return _facts(value, badges, of_one)
    if isinstance(value, list):
        return [_json(name, one, badges, of_one) for one in value]
    return _text(name, value, badges, of_one) if isinstance(value, str) else value


def _row(row: RowValues, badges: frozenset[str]) -> RowValues:
    of_one = bool(row.get("package"))
    shown: RowValues = {
        name: _text(name, value, badges, of_one) if isinstance(value, str) else value
        for name, value in row.items()
    }
    # Four bytes are soon tried out against the hash of the row that has them.
    return shown if shown == row else shown | {"hash": b""}


def _text(name: str, text: str, badges: frozenset[str], of_one: bool) -> str:
    if name == "badge":
        return HIDDEN if text else ""

    def shown(found: re.Match[str]) -> str:
        told = name in NAMES or text[: found.start()].lower().endswith(BEFORE)
        is_hidden = found[0].upper() in badges or (told and not of_one)
        return HIDDEN if is_hidden else found[0]

    return UID.sub(shown, text)
