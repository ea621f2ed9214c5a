"""The words of mails, in the farm's time."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from fognode.alerts.letters import Office, no_sheet, sheet_words, words
from fognode.errors import RefusedError
from fognode.events import Json, Stored

NOW = 1_795_241_520_000
OFFICE = Office(
    farm="farm-7",
    zone=ZoneInfo("America/Sao_Paulo"),
    page_url="http://192.168.1.9:8080/",
    addresses={"0": "ana@example.org"},
)


def told(kind: str, **facts: Json) -> Stored:
    return Stored(
        seq=5,
        event_id=f"{5:032x}",
        kind=kind,
        origin="n/5",
        happened_at_ms=NOW,
        recorded_at_ms=NOW,
        facts=facts,
        body=b"",
    )


def test_text_says_what_when_and_where_in_the_farms_time() -> None:
    text = "Cabinet shed was opened."
    alert = told("sensorAlert", rule="out_of_hours", severity="critical", place="shed", text=text)
    subject, body = words(alert, OFFICE)
    assert subject == "[farm-7] critical: Cabinet shed was opened."
    assert "When:   2026-11-21 03:12:00-03:00" in body
    assert "Where:  shed" in body
    assert "Signed: nothing yet" in body
    assert "http://192.168.1.9:8080/" in body


def test_sheet_is_that_of_now_and_named_after_the_day_that_owes_it() -> None:
    office = replace(OFFICE, sheet=lambda at_ms: (f"text {at_ms}", f"page {at_ms}"))
    hour = told("hour_began", hour="2026-11-21T06")
    subject = "[farm-7] safety sheet, 2026-11-21"
    assert sheet_words(hour, office, 7) == (subject, "text 7", "page 7")


def test_office_without_a_sheet_refuses_to_send_one() -> None:
    with pytest.raises(RefusedError, match="no safety sheet"):
        no_sheet(NOW)
