"""A mail server of our own on 127.0.0.1, with STARTTLS and login, that keeps mails as files.

It can misbehave like real ones: set ``fault``.
"""

import asyncio
import logging
import socket
import ssl
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

HOST = "127.0.0.1"
USER, PASSWORD = "fognode", "trial-mail-password"
FAULTS = ("", "greylist", "full", "refuse", "drop", "silence", "deny")


@dataclass(slots=True)
class TrialMail:
    """The running server; mails are numbered files in ``folder``."""

    folder: Path
    host: str
    port: int
    ca_file: Path
    user: str = USER
    password: str = PASSWORD
    # greylist: 451 to the first try for each address   full: 452 after the text
    # refuse: 550 to the address   drop: keep the mail, close without an answer
    # silence: no answer to the sender   deny: 535 to every login
    fault: str = ""
    _seen: set[str] = field(default_factory=set)  # addresses tried
    _clients: set[tuple[str, int]] = field(default_factory=set)
    _controller: Any = None  # aiosmtpd has no types

    def mails(self) -> list[EmailMessage]:
        """Return the mails taken so far, oldest first."""
        return [
            message_from_bytes(path.read_bytes(), policy=policy.default)
            for path in sorted(self.folder.glob("*.eml"))
        ]

    @property
    def connections(self) -> int:
        """How many connections came as far as naming a sender."""
        return len(self._clients)

    def close(self) -> None:
        """Stop serving."""
        self._controller.stop()

    def log_in(self, login: LoginPassword) -> bool:
        """Tell whether a login is right."""
        given = (login.login.decode(), login.password.decode())
        return self.fault != "deny" and given == (self.user, self.password)

    def note_client(self, address: tuple[str, int]) -> None:
        """Count a connection once, however many mails it brings."""
        self._clients.add(address)

    def answer_address(self, address: str) -> str:
        """Return the answer to an address, "" = take it."""
        if self.fault == "refuse":
            return "550 5.1.1 no such person"
        if self.fault == "greylist" and address not in self._seen:
            self._seen.add(address)
            return "451 4.7.1 try again later"
        return ""

    def keep(self, content: bytes) -> None:
        """Write one mail to the folder."""
        number = len(list(self.folder.glob("*.eml"))) + 1
        (self.folder / f"{number:04}.eml").write_bytes(content)


class _Answers:
    """aiosmtpd calls these by name, on its own thread."""

    def __init__(self, peer: TrialMail) -> None:
        self._peer = peer

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self._peer.note_client(session.peer)
        if self._peer.fault == "silence":
            await asyncio.sleep(3600)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if answer := self._peer.answer_address(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: Any, _session: Any, envelope: Any
    ) -> str:
        if self._peer.fault == "full":
            return "452 4.2.2 mailbox full"
        self._peer.keep(envelope.content)
        if self._peer.fault == "drop":
            server.transport.abort()
        return "250 OK"


def start_mail(folder: Path, certificate_for: str = HOST) -> TrialMail:
    """Start the server; ``certificate_for`` another name makes its certificate a wrong one."""
    folder.mkdir(parents=True, exist_ok=True)
    # aiosmtpd warns of its own property at every login.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    authority = trustme.CA()
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    context = _context(authority, certificate_for)
    peer = TrialMail(folder=folder, host=HOST, port=_free_port(), ca_file=ca_file)

    def authenticate(*told: Any) -> AuthResult:
        # handled=False: with True aiosmtpd answers nothing and the client hangs.
        return AuthResult(success=peer.log_in(told[-1]), handled=False)

    peer._controller = Controller(
        _Answers(peer),
        hostname=HOST,
        port=peer.port,
        tls_context=context,
        require_starttls=True,
        authenticator=authenticate,
        auth_required=True,
    )
    peer._controller.start()
    return peer


def _context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
