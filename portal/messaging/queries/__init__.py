"""Reads of messaging, for its own pages and for the slices above."""

from portal.messaging.queries.campaigns import (
    campaign,
    campaign_reasons,
    campaign_rows,
    campaigns,
    campaigns_moving,
    parts_of,
    text,
    waiting,
)
from portal.messaging.queries.drafts import draft, draft_recipients
from portal.messaging.queries.errors import error_meaning, error_meanings
from portal.messaging.queries.inbox import (
    any_text_delivered,
    changed_at,
    conversation,
    conversation_by_id,
    conversations,
    first_text_delivered,
    heard_at,
    talk_changed_at,
    tally,
    thread,
    timeline,
    unread_count,
    was_told_of_team,
)
from portal.messaging.queries.joining import join_keyword
from portal.messaging.queries.limits import allowed_countries, brand_day, counters
from portal.messaging.queries.resting import Resting, texts_by_basis, texts_resting

__all__ = [
    "Resting",
    "allowed_countries",
    "any_text_delivered",
    "brand_day",
    "campaign",
    "campaign_reasons",
    "campaign_rows",
    "campaigns",
    "campaigns_moving",
    "changed_at",
    "conversation",
    "conversation_by_id",
    "conversations",
    "counters",
    "draft",
    "draft_recipients",
    "error_meaning",
    "error_meanings",
    "first_text_delivered",
    "heard_at",
    "join_keyword",
    "parts_of",
    "talk_changed_at",
    "tally",
    "text",
    "texts_by_basis",
    "texts_resting",
    "thread",
    "timeline",
    "unread_count",
    "waiting",
    "was_told_of_team",
]
