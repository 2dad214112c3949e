"""Reads for the composer and the campaign page: drafts of a person, what a send cost so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import Campaign, Message, TextDraft
from portal.messaging.values import ACCEPTED_FAMILY, TERMINAL, State

_PREVIEW = 80
_GIVEN_BACK = TERMINAL - ACCEPTED_FAMILY


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One unfinished text in the list of a person's own."""

    id: UUID
    title: str
    people: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Spending:
    """What became of the credits a send set aside (B-9)."""

    charged: int
    waiting: int
    given_back: int

    @property
    def whole(self) -> int:
        """What was set aside at confirm."""
        return self.charged + self.waiting + self.given_back


def drafts_of(tenant: Tenant, author_id: UUID, limit: int = 10) -> list[DraftLine]:
    """Return a person's unfinished texts, the newest first."""
    found = db.session.scalars(
        select(TextDraft)
        .where(owned(tenant, TextDraft), TextDraft.author_id == author_id)
        .order_by(TextDraft.updated_at.desc(), TextDraft.id)
        .limit(limit)
    )
    return [
        DraftLine(
            row.id,
            row.name or " ".join(row.body.split())[:_PREVIEW] or "Nothing written yet",
            len(row.contact_ids),
            row.updated_at,
        )
        for row in found
    ]


def sent_with(tenant: Tenant, nonce: str, author_id: UUID) -> UUID | None:
    """Return the campaign a form has made already, for the second of two clicks."""
    return db.session.scalar(
        select(Campaign.id).where(
            owned(tenant, Campaign), Campaign.nonce == nonce, Campaign.created_by == author_id
        )
    )


def blocked_people(tenant: Tenant, campaign_id: UUID) -> list[UUID]:
    """Return the contacts a send left out, in order."""
    found = db.session.scalars(
        select(Message.contact_id)
        .where(
            owned(tenant, Message),
            Message.campaign_id == campaign_id,
            Message.state == State.BLOCKED,
            Message.contact_id.is_not(None),
        )
        .order_by(Message.position, Message.part)
    )
    return list(dict.fromkeys(id_ for id_ in found if id_ is not None))


def opted_out_on_the_way(tenant: Tenant, campaign_id: UUID) -> int:
    """Return how many people opted out between confirm and their text (Q-2)."""
    return (
        db.session.scalar(
            select(func.count(func.distinct(Message.text_id))).where(
                owned(tenant, Message),
                Message.campaign_id == campaign_id,
                Message.state == State.BLOCKED,
                Message.reason_code == "opted_out",
                Message.part > 0,  # who was blocked at confirm has no parts
            )
        )
        or 0
    )


def spending(tenant: Tenant, campaign_id: UUID) -> Spending:
    """Return what became of a send's credits."""
    charged = waiting = given_back = 0
    for state, credits_ in db.session.execute(
        select(Message.state, func.sum(Message.credits))
        .where(owned(tenant, Message), Message.campaign_id == campaign_id, Message.part > 0)
        .group_by(Message.state)
    ):
        if state in ACCEPTED_FAMILY:
            charged += credits_
        elif state in _GIVEN_BACK:
            given_back += credits_
        else:
            waiting += credits_
    return Spending(charged, waiting, given_back)


def changed_at(tenant: Tenant, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return when each text last moved."""
    if not ids:
        return {}
    rows = db.session.execute(
        select(Message.id, Message.changed_at).where(owned(tenant, Message), Message.id.in_(ids))
    )
    return {row.id: row.changed_at for row in rows}
