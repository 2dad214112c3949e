"""Tables of messaging; private to the slice."""

from portal.messaging.models.approvals import ApprovalPolicy, SendApproval
from portal.messaging.models.counts import (
    BasisDay,
    CampaignCount,
    CauseHour,
    FormDay,
    HealthHour,
    OptOutCause,
    ReceivedDay,
    TextDay,
)
from portal.messaging.models.inbox import Conversation, InboundText, TextDraft, WebhookEvent
from portal.messaging.models.joining import JoinKeyword
from portal.messaging.models.limits import (
    AllowedCountry,
    DailyBrand,
    DailyCountry,
    DailyLimit,
    DailyRecipient,
    PlanLimitPolicy,
)
from portal.messaging.models.linting import LintLevel, LintReview
from portal.messaging.models.media import CampaignMedia, InboundMedia
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
from portal.messaging.models.saved import SavedReply
from portal.messaging.models.similar import (
    ApprovedTemplate,
    SimilarPolicy,
    TextGroup,
    TextGroupHour,
    TextGroupKey,
    UnsortedText,
)
from portal.messaging.models.stops import TrafficStop

__all__ = [
    "MOVING",
    "AllowedCountry",
    "ApprovalPolicy",
    "ApprovedTemplate",
    "BasisDay",
    "Campaign",
    "CampaignCount",
    "CampaignMedia",
    "CarrierWatch",
    "CauseHour",
    "Conversation",
    "DailyBrand",
    "DailyCountry",
    "DailyLimit",
    "DailyRecipient",
    "FirstNotice",
    "FormDay",
    "HealthHour",
    "Heartbeat",
    "InboundMedia",
    "InboundText",
    "Installation",
    "JoinKeyword",
    "LintLevel",
    "LintReview",
    "Message",
    "MessageAttempt",
    "MessageEvent",
    "OptOutCause",
    "PlanLimitPolicy",
    "ReceivedDay",
    "SavedReply",
    "SendApproval",
    "SendingFence",
    "SimilarPolicy",
    "StrayText",
    "Sweep",
    "TextDay",
    "TextDraft",
    "TextGroup",
    "TextGroupHour",
    "TextGroupKey",
    "TrafficStop",
    "UnsortedText",
    "WebhookEvent",
]
