"""What somebody who leaves still has in the outbox and the inbox (SPEC 1)."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import MOVING, Conversation, Message
from portal.messaging.values import CANCELABLE, Kind


def leavers(organization_id: UUID, user_id: UUID, given: Collection[UUID]) -> ColumnElement[bool]:
    """Return the condition of texts that somebody's leaving ends, of those that wait.

    They are all that people or plans asked for in the accounts given away, and this person's own
    in others.
    """
    m = Message
    return and_(
        owned(Tenant(organization_id), m),
        m.kind != Kind.SYSTEM,
        or_(m.account_id.in_(list(given)), m.created_by == user_id),
    )


def waiting_in(tenant: Tenant, user_id: UUID | None = None) -> tuple[int, int]:
    """Return how many texts of an account, or of one person there, wait, and their credits."""
    m = Message
    wanted = select(func.count(), func.coalesce(func.sum(m.credits), 0)).where(
        MOVING, owned(tenant, m), m.kind != Kind.SYSTEM, m.state.in_(CANCELABLE)
    )
    if user_id is not None:
        wanted = wanted.where(m.created_by == user_id)
    count, credits_ = db.session.execute(wanted).one()
    return count, credits_


def talks_in(tenant: Tenant) -> tuple[int, int]:
    """Return how many conversations an account has, and how many of them wait for an answer."""
    c = Conversation
    count = db.session.scalar(select(func.count()).where(owned(tenant, c)))
    open_ = db.session.scalar(select(func.count()).where(owned(tenant, c), c.needs_answer))
    return count or 0, open_ or 0


def account_ids(organization_id: UUID, user_id: UUID) -> set[UUID]:
    """Return the accounts in which conversations are somebody's, or texts of theirs wait."""
    c, m = Conversation, Message
    whole = Tenant(organization_id)
    talks = select(c.account_id).where(owned(whole, c), c.assignee_id == user_id)
    waiting = select(m.account_id).where(
        MOVING, leavers(organization_id, user_id, ()), m.state.in_(CANCELABLE)
    )
    return set(db.session.scalars(talks.union(waiting)))


def talks_with(tenant: Tenant, user_id: UUID) -> int:
    """Return how many conversations of an account are somebody's to answer."""
    c = Conversation
    wanted = select(func.count()).where(owned(tenant, c), c.assignee_id == user_id)
    return db.session.scalar(wanted) or 0
