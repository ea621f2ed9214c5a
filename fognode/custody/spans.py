"""Hours in which something may be done: spans of the local day, as a person writes them."""

from datetime import UTC, datetime, tzinfo
from functools import cache

from fognode.config import seconds_of
from fognode.errors import ConfigError

Span = tuple[int, int]  # seconds of the local day; one that ends before it starts wraps midnight


@cache
def spans_of(text: str) -> tuple[Span, ...]:
    """Return the spans of a text like "06:00-11:00, 15:00-18:00"; none of "".

    Raises:
        ValueError: A span is not written so.
    """
    try:
        return tuple(seconds_of(span.strip()) for span in text.split(",")) if text else ()
    except ConfigError as error:
        raise ValueError(str(error)) from error


def second_of(at_ms: int, zone: tzinfo) -> int:
    """Return the second of the local day of a moment."""
    local = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(zone)
    return local.hour * 3600 + local.minute * 60 + local.second


def within(second: int, span: Span) -> bool:
    """Tell whether a second of the day lies in a span; its end does not."""
    start, end = span
    if start < end:
        return start <= second < end
    return second >= start or second < end
