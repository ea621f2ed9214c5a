"""Against the real SMTP peer: what must be told although the database is away."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from fognode.alerts.emergency import RETRY_MS, Emergency
from fognode.alerts.letters import Office
from fognode.alerts.mail import Courier
from fognode.config import Mail
from fognode.trial.mail import TrialMail, start_mail

NOW = 1_795_241_520_000
AWAY = "The database is away"


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[TrialMail]:
    made = start_mail(tmp_path)
    yield made
    made.close()


def emergency(peer: TrialMail) -> Emergency:
    mail = Mail(
        host=peer.host,
        port=peer.port,
        sender="fog@farm.example",
        user=peer.user,
        ca_file=str(peer.ca_file),
    )
    office = Office(
        farm="Sitio",
        zone=ZoneInfo("UTC"),
        page_url="http://fog/",
        addresses={"0": "a@farm.example", "1": "b@farm.example"},
    )
    return Emergency(partial(Courier, mail, peer.password, 5), office, "farm-7")


def test_a_trouble_is_told_once_to_every_manager_and_its_end_once(peer: TrialMail) -> None:
    watch = emergency(peer)
    assert not watch.pass_once(NOW, "")
    assert watch.pass_once(NOW + 1, AWAY)
    assert not watch.pass_once(NOW + 2, AWAY)
    assert watch.pass_once(NOW + 3, "")
    assert not watch.pass_once(NOW + 4, "")
    subjects = [str(mail["Subject"]) for mail in peer.mails()]
    assert subjects == [f"[Sitio] critical: {AWAY}"] * 2 + [f"[Sitio] info: It is over: {AWAY}"] * 2
    assert len({mail["Message-ID"] for mail in peer.mails()}) == 4


def test_a_server_that_says_later_is_asked_again_after_ten_minutes(peer: TrialMail) -> None:
    watch = emergency(peer)
    peer.fault = "full"
    assert not watch.pass_once(NOW, AWAY)
    peer.fault = ""
    assert not watch.pass_once(NOW + RETRY_MS - 1, AWAY)
    assert watch.pass_once(NOW + RETRY_MS, AWAY)
    assert {str(mail["To"]) for mail in peer.mails()} == {"a@farm.example", "b@farm.example"}
