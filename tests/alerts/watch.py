"""The alert policy, told one event after the other."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from fognode.alerts import policy
from fognode.events import Json, Outcome, Row, Stored

ZONE = ZoneInfo("America/Sao_Paulo")  # three hours behind UTC
RULES = policy.Rules(
    farm="boa-vista",
    zone=ZONE,
    hours={"cab-1": ((6 * 3600, 18 * 3600),), "cab-2": ((22 * 3600, 5 * 3600),)},
    managers=("0", "1"),
    sheet=("1",),
)
NOON_MS = int(datetime(2026, 3, 2, 15, tzinfo=UTC).timestamp()) * 1000
HOUR_MS = 3_600_000


class Watch:
    """The policy's state, told one event after the other."""

    def __init__(self) -> None:
        self.state = policy.State()
        self.seq = 0

    def tell(self, kind: str, after_ms: int = 0, /, **facts: Json) -> Outcome:
        self.seq += 1
        at_ms = NOON_MS + after_ms
        told = Stored(
            seq=self.seq,
            event_id=f"{self.seq:032x}",
            kind=kind,
            origin=f"n/{self.seq}",
            happened_at_ms=at_ms,
            recorded_at_ms=at_ms + 7,
            facts=facts,
            body=b"",
        )
        return policy.step(self.state, told, RULES)


def rows_of(outcome: Outcome, table: str) -> list[Row]:
    return [row for row in outcome.rows if row.table == table]


def alert_of(outcome: Outcome) -> tuple[object, object, object]:
    """Return rule, severity and fingerprint of the one alert that was told."""
    [event] = outcome.events
    return event.facts["rule"], event.facts["severity"], event.facts["fingerprint"]
