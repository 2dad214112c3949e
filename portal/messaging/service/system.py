"""Free texts of our own in the same outbox: notices and keyword confirmations (RULINGS 15)."""

import hashlib
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import insert

from portal.core import clock, jobs
from portal.core.db import db
from portal.core.jobs import Job, Lane
from portal.core.tenancy import Tenant
from portal.messaging.models import Message
from portal.messaging.rules.segments import analyze
from portal.messaging.service.counting import Tally
from portal.messaging.service.facts import country_code
from portal.messaging.values import Kind, Priority, State, Timing
from portal.texting_accounts import queries as accounts

FIRST_NOTICE: Final = "first_notice"
TEAM_NOTICE: Final = "team_notice"
_NOTICES: Final = frozenset({FIRST_NOTICE, TEAM_NOTICE})

# The carrier's own default replies (facts 2.1), for words it does not answer itself.
STOP_REPLY: Final = (
    "You have successfully been unsubscribed. You will not receive any more messages from this "
    "number. Reply START to resubscribe."
)
START_REPLY: Final = (
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
HELP_REPLY: Final = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."


def queue_text(
    tenant: Tenant,
    e164: str,
    body: str,
    *,
    purpose: str,
    message_id: UUID | None = None,
    from_e164: str | None = None,
    contact_id: UUID | None = None,
    name: str = "",
    not_before: datetime | None = None,
    timing: Timing = Timing.AUTOMATED,
) -> UUID:
    """Queue a system text: no credits, no limits, but opt-outs hold (except stop's own).

    It leaves at once, or not before a time, at the hours of its timing (P-3).
    """
    assert tenant.account_id is not None  # a text leaves from an account
    account = accounts.account(tenant.account_id)
    assert account is not None
    message_id = message_id or uuid4()
    counted = analyze(body)
    now = clock.utcnow()
    row: dict[str, Any] = {
        "id": message_id,
        "organization_id": tenant.organization_id,
        "account_id": tenant.account_id,
        "campaign_id": None,
        "kind": Kind.SYSTEM,
        "purpose": purpose,
        "timing": timing,
        "priority": _priority(purpose),
        "contact_id": contact_id,
        "recipient_name": (name or e164)[:200],
        "e164": e164,
        "country_code": country_code(e164),
        "from_e164": from_e164,
        "text_id": message_id,
        "position": 0,
        "part": 1,
        "parts": 1,
        "body": body,
        "body_hash": hashlib.sha256(body.encode()).hexdigest(),
        "media": [],
        "encoding": counted.encoding,
        "segments": counted.segments,
        "credits": 0,
        "state": State.QUEUED,
        "not_before": max(not_before or now, now),
        "created_at": now,
        "day": accounts.today(account, now),
        "changed_at": now,
        "created_by_name": "ConsentDesk",
    }
    db.session.execute(insert(Message).values(row))
    tally = Tally()
    tally.confirm(row)
    tally.keep()
    # A first notice follows a text that is being sent right now: that run takes it along.
    lane = Lane.TEXTS if purpose in _NOTICES else Lane.URGENT
    jobs.request(Job.DRAIN, tenant.account_id, lane=lane)
    return message_id


def _priority(purpose: str) -> int:
    return Priority.NOTICE if purpose in _NOTICES else Priority.PERSON
