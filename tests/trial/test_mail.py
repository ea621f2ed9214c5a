"""The trial mail server behaves like a real one, seen by smtplib alone."""

import smtplib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from fognode.trial.mail import TrialMail, start_mail


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[TrialMail]:
    started = start_mail(tmp_path)
    try:
        yield started
    finally:
        started.close()


def logged_in(peer: TrialMail) -> smtplib.SMTP:
    server = smtplib.SMTP(peer.host, peer.port, "[127.0.0.1]", timeout=5)
    try:
        server.starttls(context=ssl.create_default_context(cafile=str(peer.ca_file)))
        server.login(peer.user, peer.password)
    except smtplib.SMTPException:
        server.close()
        raise
    return server


def test_mails_are_kept_as_files_in_order(peer: TrialMail) -> None:
    with logged_in(peer) as server:
        for subject in ("one", "two"):
            server.sendmail("a@b.c", ["d@e.f"], f"Subject: {subject}\r\n\r\ntext\r\n")
    assert [mail["Subject"] for mail in peer.mails()] == ["one", "two"]
    assert sorted(path.name for path in peer.folder.glob("*.eml")) == ["0001.eml", "0002.eml"]


def test_nothing_is_taken_without_encryption(peer: TrialMail) -> None:
    with smtplib.SMTP(peer.host, peer.port, "[127.0.0.1]", timeout=5) as server:
        server.ehlo()
        assert server.mail("a@b.c")[0] == 530


def test_nothing_is_taken_without_login(peer: TrialMail) -> None:
    with smtplib.SMTP(peer.host, peer.port, "[127.0.0.1]", timeout=5) as server:
        server.starttls(context=ssl.create_default_context(cafile=str(peer.ca_file)))
        server.ehlo()
        assert server.mail("a@b.c")[0] == 530


def test_denied_login_is_answered_and_does_not_hang(peer: TrialMail) -> None:
    peer.fault = "deny"
    with pytest.raises(smtplib.SMTPAuthenticationError):
        logged_in(peer)


def test_greylist_refuses_the_first_try_only(peer: TrialMail) -> None:
    peer.fault = "greylist"
    with logged_in(peer) as server:
        server.mail("a@b.c")
        assert server.rcpt("d@e.f")[0] == 451
        assert server.rcpt("d@e.f")[0] == 250
