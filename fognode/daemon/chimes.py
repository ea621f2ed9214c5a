"""Tells the record that an hour began: what time alone brings hangs on these events.

One ``hour_began`` for each full hour, named by its number of hours since 1970 in UTC, so none
is told twice.  Of the hours that the node was off, the first one of each local day is told,
and then the current one: a deadline needs days.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from fognode.daemon.followers import Commit
from fognode.errors import StoreError
from fognode.events import Event, Kind, Stored

HOUR_MS = 3_600_000
# Days told after a gap, the newest ones: a clock that was years ahead must not fill the record.
MOST_DAYS = 400

Newest = Callable[[int, tuple[str, ...]], list[Stored]]  # Reader.newest


class Chimes:
    """Asked every few seconds, on one thread; a pass within the hour costs a division."""

    def __init__(self, newest: Newest, commit: Commit, zone: tzinfo) -> None:
        """Begin without having looked at the record.

        Args:
            newest: The newest events of some kinds, newest first.
            commit: Keeps events; one that is kept already stays as it is.
            zone: Of the farm's days and hours.
        """
        self._newest, self._commit, self._zone = newest, commit, zone
        self._told = -1  # the hour this life told last; -1 = none

    def pass_once(self, now_ms: int) -> None:
        """Tell the hour that has begun, and the days missed before it; later if that fails."""
        hour = now_ms // HOUR_MS
        if hour == self._told:
            return
        try:
            last = self._told if self._told >= 0 else self._read()
            if events := list(hours_to_tell(last, hour, self._zone)):
                self._commit(events, [])
        except StoreError:
            return  # said once by the store thread; asked again in seconds
        self._told = hour

    def _read(self) -> int:
        told = self._newest(1, (Kind.HOUR_BEGAN,))
        return told[0].happened_at_ms // HOUR_MS if told else -1


def hours_to_tell(last: int, hour: int, zone: tzinfo) -> Iterator[Event]:
    """Yield the events owed, oldest first; none within the hour told last.

    Args:
        last: The hour told last, -1 for none; hours since 1970, UTC.
        hour: The current one; before ``last`` where the clock was set back.
        zone: Of the farm.
    """
    if last == hour:
        return
    first = last + 1 if 0 <= last < hour else hour
    day = _local(first, zone).date()
    if _local(last, zone).date() == day:
        day += timedelta(days=1)  # that day is told of already
    day = max(day, _local(hour, zone).date() - timedelta(days=MOST_DAYS))
    while first < hour and day <= _local(hour, zone).date():
        begun = _first_of(day.isoformat(), zone)
        if first <= begun < hour:
            yield _event(begun, zone)
        day += timedelta(days=1)
    yield _event(hour, zone)


def _local(hour: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(hour * 3600, UTC).astimezone(zone)


def _first_of(day: str, zone: tzinfo) -> int:
    """Return the first full UTC hour that lies in a local day."""
    midnight = datetime.fromisoformat(day).replace(tzinfo=zone)
    hour = int(midnight.timestamp()) // 3600
    while _local(hour, zone).date().isoformat() < day:
        hour += 1
    return hour


def _event(hour: int, zone: tzinfo) -> Event:
    return Event(
        kind=Kind.HOUR_BEGAN,
        origin=f"n/hour/{hour}",
        happened_at_ms=hour * HOUR_MS,
        facts={"hour": f"{_local(hour, zone):%Y-%m-%dT%H}"},
    )
