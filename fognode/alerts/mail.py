"""Hand mails to the server over one verified connection.  The only importer of smtplib.

Nothing is sent in the clear: STARTTLS or TLS, certificate and host name always verified,
because ``smtplib`` without a context verifies nothing.
"""

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from types import TracebackType

from fognode.config import Mail
from fognode.errors import AwayError, RefusedError, UnclearError

TIMEOUT_S = 20.0
SUBJECT_MAX = 80  # characters
SHEET_FILE = "safety.html"
OWN_NAME = "[127.0.0.1]"  # in EHLO; looking up our own name can hang without a network


class BrokenError(RefusedError):
    """Our login or the server's certificate is wrong: no mail is to blame; retry slowly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail to one person."""

    message_id: str  # the same in every retry: "<...@...>"
    recipient: str  # one address, nothing else
    subject: str
    text: str
    written_at_ms: int
    sheet: str = ""  # an HTML page that goes with it as a file; "" = none


def write(letter: Letter, sender: str) -> EmailMessage:
    """Return the mail as the server gets it.

    Raises:
        RefusedError: The recipient is not one plain address, or the Message-ID is none.
    """
    if not letter.recipient.isascii():
        raise RefusedError(f"address {letter.recipient!r} is not ASCII")
    try:
        # A text like "a@b.c, evil@x.y" would go to two people.
        mail = EmailMessage(policy=SMTP)
        mail["From"] = Address(addr_spec=sender)
        mail["To"] = Address(addr_spec=letter.recipient)
        mail["Message-ID"] = letter.message_id
    except (ValueError, IndexError, MessageError) as error:
        raise RefusedError(f"cannot write to {letter.recipient!r}: {error}") from error
    mail["Subject"] = harmless(letter.subject)[:SUBJECT_MAX]
    mail["Date"] = format_datetime(datetime.fromtimestamp(letter.written_at_ms // 1000, UTC))
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    mail["Content-Language"] = "en"
    lines = [harmless(line) for line in letter.text.splitlines()]
    mail.set_content("\n".join(lines), cte="quoted-printable")
    if letter.sheet:
        mail.add_attachment(letter.sheet, subtype="html", cte="base64", filename=SHEET_FILE)
    return mail


def harmless(text: str) -> str:
    """Return text without line ends and other control characters: labels are not ours."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


class Courier:
    """One connection: ``with Courier(mail, password) as courier: courier.send(letter)``.

    Entering connects, verifies and logs in.

    Raises (entering and ``send``):
        AwayError: The server is away, silent, or says "later".
        BrokenError: Login, certificate or our sender address is refused.
    """

    def __init__(self, mail: Mail, password: str, timeout_s: float = TIMEOUT_S) -> None:
        self._mail = mail
        self._password = password
        self._timeout_s = timeout_s
        self._server: smtplib.SMTP | None = None
        self._is_halfway = False  # the server still thinks of a mail it did not take

    @property
    def is_lost(self) -> bool:
        """Whether the connection is gone; the next mail needs another courier."""
        return self._server is None or self._server.sock is None

    def __enter__(self) -> "Courier":
        with _named(f"{self._mail.host}:{self._mail.port}"):
            context = ssl.create_default_context(cafile=self._mail.ca_file or None)
            self._server = self._connect(context)
            try:
                self._log_in(self._server, context)
            except BaseException:
                self._server.close()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server and self._server.sock:
            with contextlib.suppress(OSError):
                self._server.quit()
            self._server.close()

    def _connect(self, context: ssl.SSLContext) -> smtplib.SMTP:
        host, port = self._mail.host, self._mail.port
        if self._mail.security == "tls":
            return smtplib.SMTP_SSL(host, port, OWN_NAME, timeout=self._timeout_s, context=context)
        return smtplib.SMTP(host, port, OWN_NAME, timeout=self._timeout_s)

    def _log_in(self, server: smtplib.SMTP, context: ssl.SSLContext) -> None:
        if self._mail.security == "starttls":
            server.ehlo()
            server.starttls(context=context)
        if self._mail.user:
            server.login(self._mail.user, self._password)
        else:
            server.ehlo_or_helo_if_needed()

    def send(self, letter: Letter) -> None:
        """Hand over one mail; on return the server has taken responsibility for it.

        Raises:
            AwayError: Later, with the same Message-ID.
            UnclearError: The connection was lost after the text was sent: it may have
                arrived; send it again with the same Message-ID.
            RefusedError: The server will never take this mail, or it cannot be written.
        """
        mail = write(letter, self._mail.sender)
        if self._server is None:
            raise AwayError("not connected")
        with _named(self._mail.host):
            if self._is_halfway:
                self._server.rset()
            self._is_halfway = True
            _check(self._server.mail(self._mail.sender), BrokenError)
            _check(self._server.rcpt(letter.recipient), RefusedError)
        self._hand_over(self._server, mail)
        self._is_halfway = False

    @staticmethod
    def _hand_over(server: smtplib.SMTP, mail: EmailMessage) -> None:
        try:
            _check(server.data(mail.as_bytes()), RefusedError)
        except smtplib.SMTPDataError as error:
            _check((error.smtp_code, error.smtp_error), RefusedError)
        except OSError as error:  # every SMTPException is one
            server.close()
            raise UnclearError(f"no answer after the text was sent: {error}") from error


def _check(answer: tuple[int, bytes | str], final: type[RefusedError]) -> None:
    code, reply = answer
    words = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    if 400 <= code < 500:
        raise AwayError(f"later: {code} {words}")
    if not 200 <= code < 300:
        raise final(f"refused: {code} {words}")


@contextlib.contextmanager
def _named(where: str) -> Iterator[None]:
    try:
        yield
    except (ssl.SSLCertVerificationError, FileNotFoundError, smtplib.SMTPNotSupportedError) as e:
        raise BrokenError(f"{where}: {e}") from e
    except smtplib.SMTPResponseException as e:
        _check((e.smtp_code, e.smtp_error), BrokenError)
        raise AwayError(f"{where}: {e}") from e
    except OSError as e:  # every SMTPException is one
        raise AwayError(f"{where}: {e}") from e
