"""One mail to one person over a verified connection, against the real trial server."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import trustme

from fognode.alerts.mail import BrokenError, Courier, Letter, write
from fognode.config import Mail
from fognode.errors import AwayError, RefusedError, UnclearError
from fognode.trial.mail import PASSWORD, TrialMail, start_mail

LETTER = Letter(
    message_id="<0123.0@farm-7.fognode>",
    recipient="ana@example.org",
    subject="[farm-7] critical: opened at 02:14",
    text="Cabinet Armário 1 was opened at 02:14.\n.\nEnd",
    written_at_ms=1_795_241_520_123,
)


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[TrialMail]:
    started = start_mail(tmp_path / "mail")
    try:
        yield started
    finally:
        started.close()


def settings(peer: TrialMail) -> Mail:
    return Mail(
        host=peer.host,
        port=peer.port,
        sender="node@farm-7.example",
        user=peer.user,
        ca_file=str(peer.ca_file),
    )


def courier(peer: TrialMail, password: str = PASSWORD) -> Courier:
    return Courier(settings(peer), password, timeout_s=2)


def test_mail_arrives_whole_with_its_headers(peer: TrialMail) -> None:
    with courier(peer) as carrier:
        carrier.send(LETTER)
    (mail,) = peer.mails()
    assert mail["From"] == "node@farm-7.example"
    assert mail["To"] == "ana@example.org"
    assert mail["Message-ID"] == "<0123.0@farm-7.fognode>"
    assert mail["Subject"] == "[farm-7] critical: opened at 02:14"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"] == "Sat, 21 Nov 2026 06:12:00 +0000"
    assert mail.get_content().splitlines() == [
        "Cabinet Armário 1 was opened at 02:14.",
        ".",
        "End",
    ]


def test_sheet_goes_with_the_text_as_a_file(peer: TrialMail) -> None:
    page = "<!doctype html>\n<h1>Boa Vista · 3 kg</h1>\n" + "x" * 1200
    with courier(peer) as carrier:
        carrier.send(replace(LETTER, sheet=page))
    (mail,) = peer.mails()
    body, attached = mail.get_body(("plain",)), list(mail.iter_attachments())
    assert body is not None
    assert body.get_content().splitlines()[0] == "Cabinet Armário 1 was opened at 02:14."
    assert [one.get_filename() for one in attached] == ["safety.html"]
    assert attached[0].get_content_type() == "text/html"
    assert attached[0].get_content().splitlines() == page.splitlines()


def test_several_mails_take_one_connection(peer: TrialMail) -> None:
    with courier(peer) as carrier:
        for number in range(3):
            carrier.send(replace(LETTER, message_id=f"<{number}@farm-7.fognode>"))
    assert len(peer.mails()) == 3
    assert peer.connections == 1


def test_greylisted_mail_is_for_later_and_the_connection_still_serves(peer: TrialMail) -> None:
    peer.fault = "greylist"
    with courier(peer) as carrier:
        with pytest.raises(AwayError, match="451"):
            carrier.send(LETTER)
        carrier.send(LETTER)
    assert len(peer.mails()) == 1


def test_full_mailbox_is_for_later(peer: TrialMail) -> None:
    peer.fault = "full"
    with courier(peer) as carrier, pytest.raises(AwayError, match="452"):
        carrier.send(LETTER)
    assert peer.mails() == []


def test_refused_address_is_final_and_the_next_mail_still_goes(peer: TrialMail) -> None:
    with courier(peer) as carrier:
        peer.fault = "refuse"
        with pytest.raises(RefusedError, match="550") as caught:
            carrier.send(LETTER)
        assert not isinstance(caught.value, BrokenError)
        peer.fault = ""
        carrier.send(LETTER)
    assert len(peer.mails()) == 1


def test_connection_lost_after_the_text_is_unclear(peer: TrialMail) -> None:
    peer.fault = "drop"
    with courier(peer) as carrier:
        with pytest.raises(UnclearError):
            carrier.send(LETTER)
        assert carrier.is_lost
    assert len(peer.mails()) == 1  # it had arrived: that is why it is unclear


def test_silent_server_is_away_after_the_time_limit(peer: TrialMail) -> None:
    peer.fault = "silence"
    with (
        Courier(settings(peer), PASSWORD, timeout_s=0.3) as carrier,
        pytest.raises(AwayError),
    ):
        carrier.send(LETTER)


def test_server_that_is_not_there_is_away(peer: TrialMail) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: connecting is refused
        mail = replace(settings(peer), port=unused.getsockname()[1])
        with pytest.raises(AwayError), Courier(mail, PASSWORD):
            pass


def test_wrong_password_means_mail_is_broken(peer: TrialMail) -> None:
    with pytest.raises(BrokenError, match="535"), courier(peer, "wrong"):
        pass


def test_certificate_of_an_unknown_authority_is_refused(peer: TrialMail, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    for ca_file in (str(other), ""):  # "" = the system's authorities
        mail = replace(settings(peer), ca_file=ca_file)
        with pytest.raises(BrokenError, match="certificate verify failed"), Courier(mail, PASSWORD):
            pass
    assert peer.mails() == []


def test_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    peer = start_mail(tmp_path / "mail", certificate_for="elsewhere.example")
    try:
        with pytest.raises(BrokenError, match="certificate verify failed"), courier(peer):
            pass
        assert peer.mails() == []
    finally:
        peer.close()


def test_server_that_does_not_encrypt_gets_no_password(
    peer: TrialMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smtplib.SMTP.has_extn", lambda _self, name: name != "starttls")
    with pytest.raises(BrokenError, match="STARTTLS"), courier(peer):
        pass


def test_missing_ca_file_means_mail_is_broken(peer: TrialMail, tmp_path: Path) -> None:
    mail = replace(settings(peer), ca_file=str(tmp_path / "none.pem"))
    with pytest.raises(BrokenError), Courier(mail, PASSWORD):
        pass


@pytest.mark.parametrize(
    "recipient",
    [
        "a@b.c, evil@x.y",
        "a@b.c\r\nBcc: evil@x.y",
        "Ana <a@b.c>",
        "a b@c.d",
        "a@b.c evil@x.y",
        "á@b.c",
        "",
    ],
)
def test_what_is_not_one_plain_address_gets_no_mail(peer: TrialMail, recipient: str) -> None:
    with courier(peer) as carrier, pytest.raises(RefusedError):
        carrier.send(replace(LETTER, recipient=recipient))
    assert peer.mails() == []


def test_label_text_cannot_add_headers_and_is_cut() -> None:
    subject = "tag 04\r\nBcc: evil@x.y\x07" + "x" * 200
    mail = write(replace(LETTER, subject=subject), "node@farm-7.example")
    again = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert again["Bcc"] is None
    assert again["Subject"] == ("tag 04  Bcc: evil@x.y " + "x" * 200)[:80]


def test_message_id_with_a_line_end_is_refused() -> None:
    with pytest.raises(RefusedError):
        write(replace(LETTER, message_id="<a@b>\r\nBcc: evil@x.y"), "node@farm-7.example")
