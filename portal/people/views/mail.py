"""Mail to people: over SMTP, or as files for the outbox page (M-1)."""

import logging
import smtplib
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from flask import current_app, render_template, url_for
from flask_mailman import EmailMultiAlternatives
from flask_mailman.backends.base import BaseEmailBackend

from portal.core.clock import utcnow
from portal.core.settings import Settings, settings

logger = logging.getLogger(__name__)
_background = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


class OutboxEmailBackend(BaseEmailBackend):
    """Keeps each mail as an .eml file in var/outbox, for set-ups without SMTP."""

    def send_messages(self, email_messages: list[EmailMultiAlternatives]) -> int:
        """Write each mail to its own file; newer files sort later."""
        folder = settings().outbox_dir
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            stamp = utcnow().strftime("%Y%m%dT%H%M%S%f")
            path = folder / f"{stamp}-{uuid4().hex[:8]}.eml"
            path.touch(mode=0o600)
            path.write_bytes(message.message().as_bytes(linesep="\r\n"))
        return len(email_messages)


def mail_settings(chosen: Settings) -> dict[str, object]:
    """Return Flask-Mailman's configuration for SMTP_URL, or for the outbox."""
    common: dict[str, object] = {"MAIL_DEFAULT_SENDER": chosen.sender_email, "MAIL_TIMEOUT": 10}
    if not chosen.smtp_url:
        return {**common, "MAIL_BACKEND": f"{__name__}.{OutboxEmailBackend.__name__}"}
    parts = urlsplit(chosen.smtp_url)
    secure = parts.scheme == "smtps"
    port = parts.port or (465 if secure else 587)
    return {
        **common,
        "MAIL_BACKEND": "smtp",
        "MAIL_SERVER": parts.hostname,
        "MAIL_PORT": port,
        "MAIL_USERNAME": unquote(parts.username) if parts.username else None,
        "MAIL_PASSWORD": unquote(parts.password) if parts.password else None,
        "MAIL_USE_SSL": secure,
        "MAIL_USE_TLS": not secure and port == 587,
    }


def send(template: str, to: str, subject: str, *, wait: bool = True, **context: object) -> bool:
    """Send templates/email/<template> and say whether it went; wait=False never tells."""
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()),  # a header holds no line break
        body=render_template(f"email/{template}.txt", **context),
        to=[to],
    )
    message.attach_alternative(
        render_template(f"email/{template}.html", subject=subject, **context), "text/html"
    )
    if wait:
        return _deliver(message)
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 (Flask's documented way)

    def deliver() -> None:
        with app.app_context():
            _deliver(message)

    _background.submit(deliver)
    return True


def link(endpoint: str, **values: object) -> str:
    """Return a page's address for a mail, from PUBLIC_URL and never from the request's Host."""
    return settings().public_url + url_for(endpoint, **values)  # type: ignore[arg-type]


def _deliver(message: EmailMultiAlternatives) -> bool:
    try:
        message.send()
    except (OSError, smtplib.SMTPException):
        logger.exception("a mail could not be sent")
        return False
    return True
