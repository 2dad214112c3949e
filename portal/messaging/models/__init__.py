"""Tables of messaging; private to the slice."""

from portal.messaging.models.inbox import Conversation, InboundText, TextDraft, WebhookEvent
from portal.messaging.models.limits import AllowedCountry, DailyCountry, DailyLimit, DailyRecipient
from portal.messaging.models.outbox import (
    Campaign,
    FirstNotice,
    Message,
    MessageAttempt,
    MessageEvent,
    Sweep,
)

__all__ = [
    "AllowedCountry",
    "Campaign",
    "Conversation",
    "DailyCountry",
    "DailyLimit",
    "DailyRecipient",
    "FirstNotice",
    "InboundText",
    "Message",
    "MessageAttempt",
    "MessageEvent",
    "Sweep",
    "TextDraft",
    "WebhookEvent",
]
