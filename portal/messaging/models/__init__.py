"""Tables of messaging; private to the slice."""

from portal.messaging.models.inbox import Conversation, InboundText, TextDraft, WebhookEvent
from portal.messaging.models.joining import JoinKeyword
from portal.messaging.models.limits import AllowedCountry, DailyCountry, DailyLimit, DailyRecipient
from portal.messaging.models.outbox import (
    MOVING,
    Campaign,
    FirstNotice,
    Message,
    MessageAttempt,
    MessageEvent,
    Sweep,
)
from portal.messaging.models.recovery import (
    CarrierWatch,
    Heartbeat,
    Installation,
    SendingFence,
    StrayText,
)

__all__ = [
    "MOVING",
    "AllowedCountry",
    "Campaign",
    "CarrierWatch",
    "Conversation",
    "DailyCountry",
    "DailyLimit",
    "DailyRecipient",
    "FirstNotice",
    "Heartbeat",
    "InboundText",
    "Installation",
    "JoinKeyword",
    "Message",
    "MessageAttempt",
    "MessageEvent",
    "SendingFence",
    "StrayText",
    "Sweep",
    "TextDraft",
    "WebhookEvent",
]
