"""Handing mail to a mail server over SMTP, by the standard library.

A mail may arrive twice when a connection breaks at the wrong moment: its Message-ID is the same
both times, so that the reader's program shows one (PROMISES 3.7).
"""

import logging
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from enum import StrEnum
from time import monotonic
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from portal.core.settings import Settings

logger = logging.getLogger(__name__)

WITHIN_S: Final = 10.0  # each step of the conversation with the server
BATCH_WITHIN_S: Final = 60.0  # all mails of a batch, but for the last step


class Verdict(StrEnum):
    """What came of a try."""

    TAKEN = "taken"  # the server has it
    REFUSED = "refused"  # for good: such an address, such a content
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready to be handed over; `message_id` is without its brackets."""

    message_id: str
    to: str
    subject: str
    text: str
    html: str
    at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    attachments: Sequence[Attachment] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a try, with the server's words where it gave some."""

    verdict: Verdict
    error: str | None = None


class EmailGateway(Protocol):
    """Somebody who takes mail."""

    def deliver(self, letters: Sequence[Letter]) -> list[Tried]:
        """Hand these over and say what came of each, in order. Never raises for a server."""

    def greet(self) -> Tried:
        """Connect and sign in, hand nothing over, and say what came of it. Never raises."""


def as_message(letter: Letter, sender: Address) -> EmailMessage:
    """Return a letter as it goes over the wire. Raises ValueError for a break in a header."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = Address(addr_spec=letter.to)
    message["Subject"] = letter.subject
    message["Date"] = letter.at
    message["Message-ID"] = f"<{letter.message_id}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no robot answers it
    for name, value in letter.headers.items():
        message[name] = value
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    for file in letter.attachments:
        kind, _, subtype = file.media_type.partition("/")
        message.add_attachment(file.content, kind, subtype, filename=file.name)
    return message


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed over, and how."""

    host: str
    port: int
    username: str | None
    password: str | None
    tls: str  # tls from the first byte, starttls, or none

    @classmethod
    def of(cls, url: str, tls: str | None) -> "SmtpServer":
        """Read SMTP_URL and SMTP_TLS."""
        parts = urlsplit(url)
        assert parts.hostname is not None  # settings looked
        tls = tls or ("tls" if parts.scheme == "smtps" else "starttls")
        return cls(
            parts.hostname,
            parts.port or (465 if tls == "tls" else 587),
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            tls,
        )


# smtplib encodes host, user and password by itself, and has letters it can't
_TROUBLE: Final = (OSError, smtplib.SMTPException, UnicodeError)


class SmtpEmail:
    """Hands mail to one SMTP server, a batch over one connection."""

    def __init__(
        self, server: SmtpServer, sender: Address, trust: ssl.SSLContext | None = None
    ) -> None:
        """Say where to, and from whom; a test brings its own trust."""
        self._server, self._sender = server, sender
        self._trust = trust or ssl.create_default_context()

    def deliver(self, letters: Sequence[Letter]) -> list[Tried]:
        """Hand these over; what a broken connection leaves is tried later."""
        tried: list[Tried] = []
        ends_at = monotonic() + BATCH_WITHIN_S
        try:
            with self._connect() as connection:
                for letter in letters:
                    if monotonic() > ends_at:
                        break
                    tried.append(self._hand_over(connection, letter))
        except _TROUBLE as error:
            logger.warning("the mail server did not take mail: %s", type(error).__name__)
            left = Tried(Verdict.LATER, _words(error))
        else:
            left = Tried(Verdict.LATER, "The mail server was slow; the rest goes later.")
        return [*tried, *[left] * (len(letters) - len(tried))]

    def greet(self) -> Tried:
        """Connect and sign in as for a mail; then say goodbye."""
        try:
            with self._connect() as connection:
                connection.noop()
        except _TROUBLE as error:
            return Tried(Verdict.LATER, _words(error))
        return Tried(Verdict.TAKEN)

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.tls == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=WITHIN_S, context=self._trust
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=WITHIN_S)
        try:
            if server.tls == "starttls":
                connection.starttls(context=self._trust)  # or nothing is said, no password either
            if server.username and server.password:
                connection.login(server.username, server.password)
        except BaseException:
            connection.close()
            raise
        return connection

    def _hand_over(self, connection: smtplib.SMTP, letter: Letter) -> Tried:
        try:
            connection.send_message(as_message(letter, self._sender))
        except (ValueError, MessageError, smtplib.SMTPNotSupportedError) as error:
            return Tried(Verdict.REFUSED, f"It can't be written as a mail: {error}")
        except smtplib.SMTPRecipientsRefused as error:
            [(code, words)] = error.recipients.values()
            return _judged(code, words)
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            return _judged(error.smtp_code, error.smtp_error)
        return Tried(Verdict.TAKEN)


class FakeEmail:
    """Remembers instead of sending; answers what `answers` says, else takes it."""

    def __init__(self) -> None:
        """Start with nothing sent."""
        self.sent: list[Letter] = []
        self.answers: list[Tried] = []

    def deliver(self, letters: Sequence[Letter]) -> list[Tried]:
        """Keep what was taken."""
        tried = []
        for letter in letters:
            answer = self.answers.pop(0) if self.answers else Tried(Verdict.TAKEN)
            if answer.verdict is Verdict.TAKEN:
                self.sent.append(letter)
            tried.append(answer)
        return tried

    def greet(self) -> Tried:
        """Answer what `answers` says, else that all is well."""
        return self.answers.pop(0) if self.answers else Tried(Verdict.TAKEN)


def _judged(code: int, words: bytes | str) -> Tried:
    """Read a server's answer: 5xx is for good (RFC 5321, 4.2.1)."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    verdict = Verdict.REFUSED if code >= 500 else Verdict.LATER
    return Tried(verdict, f"{code} {' '.join(text.split())}"[:300])


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "The mail server refused user and password. Check SMTP_URL."
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "The mail server offers no STARTTLS or no login. Check SMTP_URL and SMTP_TLS."
    if isinstance(error, ssl.SSLError):
        return "The mail server's certificate was not accepted, or TLS failed."
    if isinstance(error, UnicodeError):
        return (
            "Host, user or password of SMTP_URL have letters other than plain ones, or the host is "
            "no name: mail can't say them."
        )
    return "The mail server could not be reached, or broke off."


_in_use: EmailGateway | None = None


def use(gateway: EmailGateway | None) -> None:
    """Say who takes mail; None: nobody, so that mail is kept for the outbox page."""
    global _in_use  # noqa: PLW0603 (set once for the process)
    _in_use = gateway


def use_settings(chosen: Settings) -> None:
    """Take mail to the server the settings name, if they name one."""
    if chosen.smtp_url is None:
        use(None)
        return
    sender = Address(chosen.application_name, addr_spec=chosen.sender_email)
    use(SmtpEmail(SmtpServer.of(chosen.smtp_url, chosen.smtp_tls), sender))


def current() -> EmailGateway | None:
    """Return who takes mail, or None."""
    return _in_use
