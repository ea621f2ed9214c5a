"""What is owed goes out once per person, whatever the server does; each try is on record."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from fognode.alerts.letters import Office
from fognode.alerts.mail import Courier
from fognode.alerts.outbox import Postman, any_jitter
from fognode.config import Mail
from fognode.errors import StoreError
from fognode.events import Event, Row, RowValues, Scalar, Stored
from fognode.trial.mail import TrialMail, start_mail

NOW = 1_795_241_520_000
OFFICE = Office(
    farm="farm-7",
    zone=ZoneInfo("America/Sao_Paulo"),
    page_url="http://192.168.1.9:8080/",
    addresses={"0": "ana@example.org", "1": "rui@example.org"},
    sheet=lambda at_ms: (f"SAFETY SHEET as of {at_ms}", f"<h1>{at_ms}</h1>"),
)


class Store:
    """Tables in memory, with the writer's two faults: refused, and kept but not answered."""

    def __init__(self) -> None:
        self.outbox: dict[str, RowValues] = {}
        self.attempts: dict[tuple[Scalar, Scalar], RowValues] = {}
        self.alerts: dict[str, Stored] = {}
        self.checkpoints: list[RowValues] = []
        self.events: list[Event] = []
        self.fault = ""

    def rows(
        self,
        table: str,
        where: Mapping[str, Scalar] | None = None,
        order: str = "",
        limit: int = 500,
    ) -> list[RowValues]:
        if table == "checkpoint":
            return self.checkpoints[:limit]
        assert table == "mail_outbox"
        wanted = (where or {}).items()
        found = [r for r in self.outbox.values() if all(r[k] == v for k, v in wanted)]
        return [dict(row) for row in found[:limit]]

    def event(self, event_id: str) -> Stored | None:
        return self.alerts.get(event_id)

    def commit(self, events: Sequence[Event], rows: Sequence[Row]) -> list[int]:
        if self.fault == "refuse":
            raise StoreError("away")
        for row in rows:
            if row.table == "mail_attempt":
                key = (row.values["outbox_id"], row.values["attempt"])
                assert key not in self.attempts  # a log takes each row once
                self.attempts[key] = row.values
            else:
                self.outbox[str(row.values["id"])] = {**row.values, "hash": b""}
        self.events += events
        if self.fault == "after":
            raise StoreError("lost the answer")
        return [1] * len(events)

    def owe(self, number: int, person: str = "0", severity: str = "warning") -> str:
        event_id = f"{number:032x}"
        self.alerts[event_id] = Stored(
            seq=number,
            event_id=event_id,
            kind="sensorAlert",
            origin=f"r/sensorAlert/{'0' * 32}/{number}",
            happened_at_ms=NOW + number,
            recorded_at_ms=NOW + number,
            facts={
                "rule": "out_of_hours",
                "severity": severity,
                "place": "shed",
                "text": f"Cabinet shed was opened, case {number}.",
            },
            body=b"",
        )
        self.outbox[f"{event_id}/{person}"] = {
            "id": f"{event_id}/{person}",
            "event_id": event_id,
            "person": person,
            "channel": "mail",
            "message_id": f"<{event_id}.{person}@farm-7.fognode>",
            "due_at_ms": NOW + number,
            "tries": 0,
            "state": "owed",
            "next_try_at_ms": NOW,
            "last_error": "",
            "as_of_seq": number,
            "hash": b"",
        }
        return event_id

    def column(self, name: str) -> list[Scalar]:
        return [row[name] for row in self.outbox.values()]

    def outcomes(self) -> list[Scalar]:
        return [row["outcome"] for row in self.attempts.values()]


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[TrialMail]:
    started = start_mail(tmp_path / "mail")
    try:
        yield started
    finally:
        started.close()


@pytest.fixture
def store() -> Store:
    return Store()


def postman(
    store: Store, peer: TrialMail, password: str = "", jitter: Callable[[], int] = lambda: 0
) -> Postman:
    mail = Mail(
        host=peer.host,
        port=peer.port,
        sender="node@farm-7.example",
        user=peer.user,
        ca_file=str(peer.ca_file),
    )
    connect = partial(Courier, mail, password or peer.password, 0.5)
    return Postman(store, store.commit, connect, OFFICE, jitter)


def test_owed_mail_goes_out_once_and_is_an_event(store: Store, peer: TrialMail) -> None:
    """A53."""
    event_id = store.owe(5)
    man = postman(store, peer)
    assert man.pass_once(NOW) == 1
    assert man.pass_once(NOW + 1000) == 0
    (mail,) = peer.mails()
    assert mail["Message-ID"] == f"<{event_id}.0@farm-7.fognode>"
    assert store.column("state") == ["sent"]
    assert store.outcomes() == ["sent"]
    (event,) = store.events
    assert (event.kind, event.origin) == ("mail_sent", f"s/{event_id}/0")
    assert event.facts["alert"] == event_id
    assert "example.org" not in str(event.facts)  # no mail address in the record


def test_every_mail_carries_size_and_root_of_the_newest_checkpoint(
    store: Store, peer: TrialMail
) -> None:
    store.checkpoints = [{"size": 42, "root": bytes.fromhex("ab" * 32)}]
    store.owe(5)
    postman(store, peer).pass_once(NOW)
    (mail,) = peer.mails()
    assert f"Signed: 42 events, root {'ab' * 32}" in str(mail.get_content())


def test_safety_sheet_is_sent_once_and_again_after_a_failure_as_it_is_then(
    store: Store, peer: TrialMail
) -> None:
    event_id = store.owe(5)
    hour = replace(store.alerts[event_id], kind="hour_began", facts={"hour": "2026-11-21T06"})
    store.alerts[event_id] = hour
    man = postman(store, peer)
    peer.fault = "greylist"
    assert man.pass_once(NOW) == 0
    peer.fault = ""
    assert [man.pass_once(NOW + wait) for wait in (30_000, 90_000)] == [1, 0]
    (mail,) = peer.mails()
    assert mail["Subject"] == "[farm-7] safety sheet, 2026-11-21"
    assert mail["Message-ID"] == f"<{event_id}.0@farm-7.fognode>"
    body, (sheet,) = mail.get_body(("plain",)), list(mail.iter_attachments())
    assert body is not None
    assert body.get_content().strip() == f"SAFETY SHEET as of {NOW + 30_000}"
    assert sheet.get_content().strip() == f"<h1>{NOW + 30_000}</h1>"
    assert store.outcomes() == ["later", "sent"]


def test_each_manager_gets_a_mail_of_his_own(store: Store, peer: TrialMail) -> None:
    store.owe(5, "0")
    store.owe(5, "1")
    assert postman(store, peer).pass_once(NOW) == 2
    assert sorted(mail["To"] for mail in peer.mails()) == ["ana@example.org", "rui@example.org"]


def test_newest_critical_goes_first_over_one_connection(store: Store, peer: TrialMail) -> None:
    store.owe(1, severity="critical")
    store.owe(2, severity="warning")
    store.owe(3, severity="critical")
    assert postman(store, peer).pass_once(NOW) == 3
    sent = [str(mail["Subject"]) for mail in peer.mails()]
    assert [subject[-2:] for subject in sent] == ["3.", "1.", "2."]
    assert peer.connections == 1


def test_greylisted_mail_is_tried_again_after_30_s_and_arrives_once(
    store: Store, peer: TrialMail
) -> None:
    peer.fault = "greylist"
    store.owe(5)
    man = postman(store, peer)
    assert man.pass_once(NOW) == 0
    assert man.pass_once(NOW + 29_999) == 0
    assert man.pass_once(NOW + 30_000) == 1
    assert store.outcomes() == ["later", "sent"]
    assert len(peer.mails()) == 1


def test_wait_doubles_to_half_an_hour(store: Store, peer: TrialMail) -> None:
    peer.fault = "full"
    store.owe(5)
    man = postman(store, peer)
    now, waits = NOW, []
    for _ in range(9):
        man.pass_once(now)
        (next_try,) = store.column("next_try_at_ms")
        assert isinstance(next_try, int)
        waits.append((next_try - now) // 1000)
        now = next_try
    assert waits == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]


@pytest.mark.parametrize(("permille", "wait_ms"), [(-200, 24_000), (200, 36_000)])
def test_wait_is_spread_by_a_fifth(
    store: Store, peer: TrialMail, permille: int, wait_ms: int
) -> None:
    peer.fault = "full"
    store.owe(5)
    postman(store, peer, jitter=lambda: permille).pass_once(NOW)
    assert store.column("next_try_at_ms") == [NOW + wait_ms]
    assert all(-200 <= any_jitter() <= 200 for _ in range(1000))


def test_refused_address_stops_that_mail_only_and_is_told(store: Store, peer: TrialMail) -> None:
    peer.fault = "refuse"
    event_id = store.owe(5)
    man = postman(store, peer)
    assert man.pass_once(NOW) == 0
    assert store.column("state") == ["failed"]
    assert store.outcomes() == ["refused"]
    (event,) = store.events
    assert (event.kind, event.origin) == ("mail_failed", f"s/{event_id}/0/failed")
    assert "550" in str(event.facts["reason"])
    peer.fault = ""
    store.owe(6)
    assert man.pass_once(NOW + 86_400_000) == 1
    assert len(peer.mails()) == 1


def test_mail_lost_after_its_text_goes_again_under_the_same_name(
    store: Store, peer: TrialMail
) -> None:
    peer.fault = "drop"
    store.owe(5)
    man = postman(store, peer)
    assert man.pass_once(NOW) == 0
    assert store.outcomes() == ["unclear"]
    peer.fault = ""
    assert man.pass_once(NOW + 30_000) == 1
    first, second = peer.mails()
    assert first["Message-ID"] == second["Message-ID"]
    assert store.column("state") == ["sent"]


def test_lost_connection_costs_the_other_mails_no_try(store: Store, peer: TrialMail) -> None:
    peer.fault = "drop"
    store.owe(5)
    store.owe(6)
    man = postman(store, peer)
    man.pass_once(NOW)
    assert sorted(store.column("tries"), key=str) == [0, 1]
    peer.fault = ""
    assert man.pass_once(NOW + 1000) == 1


def test_silent_server_makes_it_later_and_shows_as_away(store: Store, peer: TrialMail) -> None:
    peer.fault = "silence"
    store.owe(5)
    man = postman(store, peer)
    assert man.pass_once(NOW) == 0
    assert store.outcomes() == ["later"]
    assert man.status()["state"] == "away"
    peer.fault = ""
    assert man.pass_once(NOW + 30_000) == 1
    assert man.status() == {"state": "ok", "reason": ""}


def test_wrong_password_is_broken_and_retried_slowly_until_it_is_right(
    store: Store, peer: TrialMail
) -> None:
    store.owe(5)
    man = postman(store, peer, password="wrong")
    assert man.pass_once(NOW) == 0
    assert man.status()["state"] == "broken"
    assert "535" in str(man.status()["reason"])
    assert store.column("next_try_at_ms") == [NOW + 600_000]
    assert store.column("state") == ["owed"]
    assert postman(store, peer).pass_once(NOW + 600_000) == 1


def test_no_mail_over_a_bad_certificate(store: Store, tmp_path: Path) -> None:
    peer = start_mail(tmp_path / "mail", certificate_for="elsewhere.example")
    try:
        store.owe(5)
        man = postman(store, peer)
        assert man.pass_once(NOW) == 0
        assert man.status()["state"] == "broken"
        assert store.column("state") == ["owed"]
        assert peer.mails() == []
    finally:
        peer.close()


@pytest.mark.parametrize("fault", ["refuse", "after"])
def test_mail_that_went_out_is_not_sent_again_when_its_record_failed(
    store: Store, peer: TrialMail, fault: str
) -> None:
    store.owe(5)
    man = postman(store, peer)
    store.fault = fault
    with pytest.raises(StoreError):
        man.pass_once(NOW)
    store.fault = ""
    assert man.pass_once(NOW + 1000) == 0
    assert len(peer.mails()) == 1
    assert store.column("state") == ["sent"]
    assert store.outcomes() == ["sent"]
    assert [event.kind for event in store.events] == ["mail_sent"]


def test_manager_who_left_the_configuration_gets_nothing(store: Store, peer: TrialMail) -> None:
    store.owe(5, person="7")
    assert postman(store, peer).pass_once(NOW) == 0
    assert store.column("state") == ["failed"]
    assert peer.mails() == []
