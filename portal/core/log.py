"""Structured logs without personal data (X-5)."""

import logging
import re
import sys

import structlog

_PHONE = re.compile(r"\+\d{7,15}")
_SECRET = re.compile(r"(?i)(auth[_-]?token|password|secret|authorization)(\"?\s*[:=]\s*)\S+")


def set_up(*, level: int = logging.INFO) -> None:
    """Send every log line of this process to standard error, redacted, one line an event."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.KeyValueRenderer(
                    key_order=["level", "logger", "event"], drop_missing=True
                ),
            ],
            foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name],
        )
    )
    handler.addFilter(_Redact())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("twilio", "urllib3", "rq.worker", "alembic.runtime.migration"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _Redact(logging.Filter):
    """Takes phone numbers and credentials out of whatever is logged."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        return True


def redact(text: str) -> str:
    """Return text with phone numbers shortened to their last two digits and secrets masked."""
    text = _PHONE.sub(lambda m: f"+…{m.group()[-2:]}", text)
    return _SECRET.sub(r"\1\2(masked)", text)
