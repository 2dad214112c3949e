"""What other slices and pages may hold of a mail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from portal.gateways.email import Attachment

__all__ = ["ALL", "Attachment", "MailFile", "MailRef", "MailState", "Opened", "Outgoing"]

ALL: Final = "all"  # the one queue of mail, as jobs know it


class MailState(StrEnum):
    """How far a mail is."""

    WAITING = "waiting"
    SENT = "sent"
    KEPT = "kept"  # there is no mail server: it is read on the outbox page
    FAILED = "failed"  # refused, or nothing took it for two days


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail somebody asks for: a template of `templates/mail`, and what it says.

    The same `key` to the same address is one mail, however often it is asked for. `context` holds
    words, numbers and times; times are shown in `zone`. `unsubscribe_url` is for mail that a
    person may turn off.
    """

    to: str
    template: str
    subject: str
    key: str
    context: Mapping[str, object] = field(default_factory=dict)
    organization_id: UUID | None = None
    user_id: UUID | None = None
    zone: str = "America/Chicago"
    attachments: tuple[Attachment, ...] = ()
    unsubscribe_url: str | None = None


@dataclass(frozen=True, slots=True)
class MailRef:
    """One mail as lists show it."""

    id: UUID
    to: str
    subject: str
    state: MailState
    created_at: datetime
    sent_at: datetime | None
    next_try_at: datetime | None
    tries: int
    last_error: str | None


@dataclass(frozen=True, slots=True)
class MailFile:
    """One file that goes with a mail."""

    position: int
    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Opened:
    """One kept mail with what it says."""

    mail: MailRef
    text: str
    html: str
    files: list[MailFile]
