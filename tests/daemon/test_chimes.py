"""The hours that began, on a real store (requirements A45, A112: clocks of the empties)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from fognode.daemon.chimes import HOUR_MS, Chimes, hours_to_tell
from fognode.errors import StoreError
from fognode.events import Event, Row, Stored
from fognode.hashing import event_id

BRAZIL = ZoneInfo("America/Cuiaba")  # UTC-4


def hour_of(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 3600


def texts(last: int, hour: int, zone: ZoneInfo = BRAZIL) -> list[str]:
    return [str(event.facts["hour"]) for event in hours_to_tell(last, hour, zone)]


class Record:
    """Keeps events by origin, as the store does."""

    def __init__(self) -> None:
        self.events: dict[str, Event] = {}
        self.away = False
        self.asked = 0

    def commit(self, events: Sequence[Event], rows: Sequence[Row]) -> list[int]:
        self.asked += 1
        if self.away:
            raise StoreError("away")
        assert rows == []
        for event in events:
            self.events.setdefault(event.origin, event)
        return [1] * len(events)

    def newest(self, limit: int, kinds: tuple[str, ...]) -> list[Stored]:
        assert (limit, kinds) == (1, ("hour_began",))
        return [
            Stored(
                seq=1,
                event_id=event_id(event.origin).hex(),
                kind=event.kind,
                origin=event.origin,
                happened_at_ms=event.happened_at_ms,
                recorded_at_ms=event.happened_at_ms,
                facts=event.facts,
                body=b"",
            )
            for event in list(self.events.values())[-1:]
        ]

    def hours(self) -> list[str]:
        return [str(event.facts["hour"]) for event in self.events.values()]


def test_first_start_tells_the_current_hour_in_the_farms_time() -> None:
    [event] = hours_to_tell(-1, hour_of("2026-11-21T11"), BRAZIL)
    assert event.facts == {"hour": "2026-11-21T07"}
    assert event.origin == f"n/hour/{hour_of('2026-11-21T11')}"
    assert event.happened_at_ms == hour_of("2026-11-21T11") * HOUR_MS


def test_after_a_gap_each_missed_day_and_the_current_hour_are_told() -> None:
    last, hour = hour_of("2026-11-18T20"), hour_of("2026-11-21T11")  # 16:00 and 07:00
    assert texts(last, hour) == [
        "2026-11-19T00",
        "2026-11-20T00",
        "2026-11-21T00",
        "2026-11-21T07",
    ]
    assert texts(hour - 5, hour) == ["2026-11-21T07"]  # hours of the same day are not owed
    assert texts(hour - 1, hour) == ["2026-11-21T07"]
    midnight = hour_of("2026-11-21T04")
    assert texts(midnight - 2, midnight) == ["2026-11-21T00"]


def test_a_day_that_begins_at_one_o_clock_is_told_all_the_same() -> None:
    zone = ZoneInfo("America/Sao_Paulo")  # 2018-11-04 began at 01:00
    assert texts(hour_of("2018-11-03T20"), hour_of("2018-11-04T15"), zone) == [
        "2018-11-04T01",
        "2018-11-04T13",
    ]
    india = ZoneInfo("Asia/Kolkata")  # UTC+5:30
    assert texts(hour_of("2026-11-20T03"), hour_of("2026-11-21T03"), india)[0] == "2026-11-21T00"


def test_a_clock_set_back_tells_that_hour_and_years_ahead_are_bounded() -> None:
    hour = hour_of("2026-11-21T11")
    assert texts(hour + 50, hour) == ["2026-11-21T07"]
    assert len(texts(hour - 24 * 5000, hour)) <= 402


def test_an_hour_is_told_once_whatever_restarts() -> None:
    record, now_ms = Record(), hour_of("2026-11-21T11") * HOUR_MS
    for _ in range(3):
        chimes = Chimes(record.newest, record.commit, BRAZIL)
        for second in range(0, 3600, 10):
            chimes.pass_once(now_ms + second * 1000)
    assert record.hours() == ["2026-11-21T07"]
    assert record.asked == 1  # nor offered: a known event would cost the store its connection
    chimes.pass_once(now_ms + HOUR_MS)
    assert record.hours() == ["2026-11-21T07", "2026-11-21T08"]


def test_what_could_not_be_told_is_told_later() -> None:
    record, now_ms = Record(), hour_of("2026-11-21T11") * HOUR_MS
    chimes = Chimes(record.newest, record.commit, BRAZIL)
    record.away = True
    chimes.pass_once(now_ms)
    assert record.hours() == []
    record.away = False
    chimes.pass_once(now_ms + HOUR_MS)
    assert record.hours() == ["2026-11-21T08"]


@pytest.mark.parametrize("hours", [1, 24, 100])
def test_each_hour_one_by_one_leaves_no_day_out(hours: int) -> None:
    record, begin = Record(), hour_of("2026-11-21T11")
    chimes = Chimes(record.newest, record.commit, BRAZIL)
    for number in range(hours):
        chimes.pass_once((begin + number) * HOUR_MS)
    assert len(record.hours()) == hours
