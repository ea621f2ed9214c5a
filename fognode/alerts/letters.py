"""The words of mails: about an alert, the daily digest, and the safety sheet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from fognode.errors import RefusedError
from fognode.events import Stored

Sheet = Callable[[int], tuple[str, str]]  # by the time now: the safety sheet as text, as HTML


def no_sheet(_at_ms: int) -> tuple[str, str]:
    """Refuse: nobody writes a safety sheet here.

    Raises:
        RefusedError: Always.
    """
    raise RefusedError("no safety sheet is written here")


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Who writes to whom."""

    farm: str  # shown in the subject
    zone: tzinfo
    page_url: str
    addresses: Mapping[str, str]  # person of the outbox row: mail address
    sheet: Sheet = no_sheet


def words(alert: Stored, office: Office, signed: str = "") -> tuple[str, str]:
    """Return subject and text of the mail about a sensorAlert or the daily digest.

    ``signed`` is the newest signed checkpoint: kept in a mailbox, it is a witness of its own.
    """
    severity, told = alert.text("severity") or "info", alert.text("text")
    when = datetime.fromtimestamp(alert.happened_at_ms // 1000, office.zone)
    text = f"""{told}

When:   {when.isoformat(sep=" ")}
Where:  {alert.text("place") or "-"}
Rule:   {alert.text("rule")} ({severity})
Record: number {alert.seq}, event {alert.event_id}
Signed: {signed or "nothing yet"}
Page:   {office.page_url} (on the farm's own network)
"""
    return f"[{office.farm}] {severity}: {told}", text


def sheet_words(hour: Stored, office: Office, now_ms: int) -> tuple[str, str, str]:
    """Return subject, text and page of the safety sheet that an hour_began calls for.

    Each try tells what is there now, not what was when the first one failed.

    Raises:
        StoreError: The database is away.
        RefusedError: Nobody writes a sheet here.
    """
    text, page = office.sheet(now_ms)
    return f"[{office.farm}] safety sheet, {hour.text('hour')[:10]}", text, page
