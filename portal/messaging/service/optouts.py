"""STOP and its kin: stored, and every text that waits is cancelled, in one transaction (Q-2)."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_

from portal.consent import service as consent
from portal.contacts import service as contacts
from portal.core import clock
from portal.core.audit import Actor
from portal.core.tenancy import Tenant
from portal.messaging.models import Message
from portal.messaging.rules.gates import STOP_CONFIRMATION
from portal.messaging.service import outbox, talks
from portal.messaging.values import CANCELABLE, Kind, State

_SENTENCE = "This person opted out. Only they can opt in again, with START."


def opt_out(tenant: Tenant, e164: str, *, source: str, details: str, actor: Actor) -> int:
    """Store an opt-out and cancel what waits; return how many texts were stopped (Q-7)."""
    contacts.lock_numbers(tenant.organization_id, [e164])
    return store(tenant, e164, source=source, details=details, actor=actor)


def store(
    tenant: Tenant,
    e164: str,
    *,
    source: str,
    details: str,
    actor: Actor,
    at: datetime | None = None,
) -> int:
    """Do what opt_out does, for a caller who has locked the number; `at` is when it was said."""
    assert tenant.account_id is not None  # people opt out of an account
    stopped = outbox.end_unsent(
        and_(
            _waits_for(tenant, e164),
            Message.purpose != STOP_CONFIRMATION,
            Message.state.in_(CANCELABLE),
        ),
        State.BLOCKED,
        cause="stop",
        code="opted_out",
        sentence=_SENTENCE,
    )
    talks.mark_opted_out(tenant.organization_id, tenant.account_id, e164, is_out=True)
    consent.opt_out(
        tenant, e164, at=at or clock.utcnow(), source=source, actor=actor, details=details
    )
    return len(stopped)


def _waits_for(tenant: Tenant, e164: str) -> ColumnElement[bool]:
    """All texts of this account, and marketing of every account of the organization (Q-7)."""
    return and_(
        Message.organization_id == tenant.organization_id,
        Message.e164 == e164,
        or_(Message.account_id == tenant.account_id, Message.kind == Kind.BULK),
    )
