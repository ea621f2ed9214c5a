"""What the stored bytes of an event say."""

import json
from typing import Any

from fognode.events import Kind, Stored

READ_JSON = json.JSONDecoder().raw_decode  # half the time of json.loads


def stored_event(seq: int, event_id: bytes, body: bytes) -> Stored:
    """Read an event from the columns of its row.

    A body that is not what ``hashing.freeze`` makes was altered: it is told as an event
    ``unreadable``, so that the rest of the record can still be read and somebody is alerted.
    """
    try:
        told = _said(body)
        return Stored(
            seq=int(seq),
            event_id=bytes(event_id).hex(),
            kind=told["kind"],
            origin=told["origin"],
            happened_at_ms=told["happened_at_ms"],
            recorded_at_ms=told["recorded_at_ms"],
            facts=told["facts"],
            body=bytes(body),
        )
    except (ValueError, KeyError, TypeError) as error:
        return Stored(
            seq=int(seq),
            event_id=bytes(event_id).hex(),
            kind=Kind.UNREADABLE,
            origin="",
            happened_at_ms=0,
            recorded_at_ms=0,
            facts={"reason": repr(error)[:200]},
            body=bytes(body),
        )


def origin_of(body: bytes) -> str:
    """Return the name of the happening that a body tells of.

    Raises:
        ValueError: It has none.
    """
    text = body.decode()
    told, end = READ_JSON(text)
    origin = told.get("origin", "") if end == len(text) else ""
    if not origin:
        raise ValueError(f"a body without an origin cannot be kept: {body[:200]!r}")
    return str(origin)


def recorded_at_ms(body: bytes) -> int:
    """Return when a body was frozen."""
    return int(json.loads(body)["recorded_at_ms"])


def _said(body: bytes) -> Any:
    text = body.decode()
    told, end = READ_JSON(text)
    if end != len(text):
        raise ValueError(f"there is more than JSON, from character {end} on")
    return told
