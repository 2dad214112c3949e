"""Structured logs without personal data (X-5)."""

import logging
import re
import sys
from typing import Final

_PHONE: Final = re.compile(r"\+\d{7,15}")
_SECRET: Final = re.compile(
    r"(?i)(auth[_-]?token|password|secret|authorization)"
    r"([\"']?\s*[:=]\s*)(?:[\"']?(?:basic|bearer)\s+)?\S+"
)
# What opens something by itself: 256 bits as the links and keys that we give away hold them.
_CAPABILITY: Final = re.compile(r"(?<![A-Za-z0-9-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
# PostgreSQL names the row it refuses with all its values, and of a COPY the line it was at.
_ROW: Final = re.compile(
    r"(DETAIL|CONTEXT):.*?(?=\n\[SQL|\n\nThe above exception|\n\nDuring handling|\Z)", re.DOTALL
)


def set_up(*, level: int = logging.INFO) -> None:
    """Send every log line of this process to standard error, redacted, one line an event."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Fields())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("twilio", "urllib3", "rq.worker", "alembic.runtime.migration"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _Fields(logging.Formatter):
    """Writes an event as names and values that a machine can take apart.

    Values are quoted, tracebacks too: whatever stands in them, a line break begins no new event.
    """

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": redact(record.getMessage()),
        }
        if record.exc_info:
            fields["exception"] = redact(self.formatException(record.exc_info))
        return " ".join(f"{name}={value!r}" for name, value in fields.items())


def redact(text: str) -> str:
    """Return text without phone numbers, save two digits, without secrets and refused rows."""
    text = _ROW.sub(r"\1: (left out)", text)
    text = _PHONE.sub(lambda m: f"+…{m.group()[-2:]}", text)
    text = _SECRET.sub(r"\1\2(masked)", text)
    return _CAPABILITY.sub("(masked)", text)
