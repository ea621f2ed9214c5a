"""Readings between events: what S frames say, kept as they were sent, summed by the hour.

Pure.  A sample may be lost: boards send it once, nobody acknowledges it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fognode.boards.meaning import TYPES
from fognode.events import Json

PAIR = re.compile(r"([A-Za-z][A-Za-z0-9]{0,7})=(0|-?[1-9][0-9]{0,9})")


@dataclass(slots=True)
class _Sum:
    """One sensor's readings of an hour."""

    values: list[int] = field(default_factory=list)
    codes: int = 0  # readings that are no measure, as "no echo"


def readings_text(values: Sequence[tuple[str, int]]) -> str:
    """Return readings as they stand on the wire: ``L1=859,D1=415``."""
    return ",".join(f"{sensor}={value}" for sensor, value in values)


def sensors_told(hello: Mapping[str, Json]) -> dict[str, tuple[str, str]]:
    """Return type and unit of each sensor by the facts of a ``board_hello``."""
    told = hello.get("sensors")
    found = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    return {str(one.get("sensor")): (str(one.get("type")), str(one.get("unit"))) for one in found}


def sums_of(texts: Iterable[str], sensors: Mapping[str, tuple[str, str]]) -> list[Json]:
    """Return count, min, max, mean, first and last of every sensor, in the order of time.

    All are in the sensor's unit; the mean is rounded to a whole number, half up.  Readings that
    are no measure (a distance of -1: no echo) are counted as ``codes`` and in nothing else.  A
    sensor of unknown type has neither type nor unit.
    """
    sums: dict[str, _Sum] = {}
    for text in texts:
        for sensor, digits in PAIR.findall(text):
            known = TYPES.get(sensors.get(sensor, ("", ""))[0])
            value, kept = int(digits), sums.setdefault(sensor, _Sum())
            if known is not None and value in known.codes:
                kept.codes += 1
            else:
                kept.values.append(value)
    return [_told(sensor, sensors.get(sensor), sums[sensor]) for sensor in sorted(sums)]


def _told(sensor: str, declared: tuple[str, str] | None, kept: _Sum) -> dict[str, Json]:
    told: dict[str, Json] = {"sensor": sensor, "count": len(kept.values)}
    if declared is not None:
        told["type"], told["unit"] = declared
    if kept.codes:
        told["codes"] = kept.codes
    if values := kept.values:
        told |= {
            "min": min(values),
            "max": max(values),
            "mean": (2 * sum(values) + len(values)) // (2 * len(values)),
            "first": values[0],
            "last": values[-1],
        }
    return told
