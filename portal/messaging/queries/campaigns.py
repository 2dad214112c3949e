"""Reads of campaigns and their texts: for every recipient what happened, and why (S-11)."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select, tuple_

from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import MOVING, Campaign, Message
from portal.messaging.queries import cursors, rows
from portal.messaging.rules.whys import fix_of
from portal.messaging.values import (
    CANCELABLE,
    CampaignRef,
    CampaignState,
    Kind,
    Page,
    ReasonLine,
    State,
    TextView,
)


def campaigns(tenant: Tenant, cursor: str | None = None, limit: int = 50) -> Page[CampaignRef]:
    """Return bulk sends, newest first."""
    wanted = select(Campaign).where(owned(tenant, Campaign), Campaign.kind == Kind.BULK)
    if cursor:
        wanted = wanted.where(
            tuple_(Campaign.created_at, Campaign.id) < tuple_(*cursors.read_moment(cursor))
        )
    found = list(
        db.session.scalars(
            wanted.order_by(Campaign.created_at.desc(), Campaign.id.desc()).limit(limit + 1)
        )
    )
    shown = found[:limit]
    counts = _counts(row.id for row in shown)
    last = shown[-1] if len(found) > limit else None
    return Page(
        tuple(_ref(row, counts.get(row.id, {})) for row in shown),
        cursors.write_moment(last.created_at, last.id) if last else None,
    )


def campaign(tenant: Tenant, campaign_id: UUID) -> CampaignRef:
    """Return one send with its counts. Raises NotFound."""
    row = db.session.scalar(
        select(Campaign)
        .where(owned(tenant, Campaign), Campaign.id == campaign_id)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("We can't find that campaign.")
    return _ref(row, _counts([row.id]).get(row.id, {}))


def campaigns_moving(tenant: Tenant) -> int:
    """Return how many sends of an account still have texts waiting or under way."""
    waiting = (State.QUEUED, State.CLAIMED, State.SUBMITTING)
    return (
        db.session.scalar(
            select(func.count(func.distinct(Message.campaign_id))).where(
                owned(tenant, Message), Message.state.in_(waiting), Message.kind == Kind.BULK
            )
        )
        or 0
    )


def campaign_reasons(tenant: Tenant, campaign_id: UUID) -> list[ReasonLine]:
    """Return why texts of a send are held, blocked or ended early, commonest first."""
    found = db.session.execute(
        select(
            Message.state,
            Message.reason_code,
            Message.reason,
            func.count(),
            func.min(Message.held_until),
        )
        .where(
            owned(tenant, Message),
            Message.campaign_id == campaign_id,
            Message.reason_code.is_not(None),
        )
        .group_by(Message.state, Message.reason_code, Message.reason)
        .order_by(func.count().desc())
    )
    lines = []
    for state, code, sentence, count, until in found:
        endpoint, label = fix_of(code) or (None, None)
        lines.append(ReasonLine(state, code or "", sentence or "", count, endpoint, label, until))
    return lines


def campaign_rows(
    tenant: Tenant,
    campaign_id: UUID,
    states: frozenset[State] | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[TextView]:
    """Return the texts of a send in order, some states of them or all."""
    wanted = select(Message).where(owned(tenant, Message), Message.campaign_id == campaign_id)
    if states is not None:
        wanted = wanted.where(Message.state.in_(states))
    if cursor:
        wanted = wanted.where(
            tuple_(Message.position, Message.part) > tuple_(*cursors.read_place(cursor))
        )
    found = list(
        db.session.scalars(wanted.order_by(Message.position, Message.part).limit(limit + 1))
    )
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    return Page(
        tuple(rows.outbounds(shown)),
        cursors.write_place(last.position, last.part) if last else None,
    )


def waiting(tenant: Tenant) -> tuple[int, int]:
    """Return how many texts of an account have not left yet, and the credits set aside for them."""
    count, credits_ = db.session.execute(
        select(func.count(), func.coalesce(func.sum(Message.credits), 0)).where(
            MOVING, owned(tenant, Message), Message.state.in_(CANCELABLE)
        )
    ).one()
    return count, credits_


def text(tenant: Tenant, message_id: UUID) -> TextView:
    """Return one text. Raises NotFound."""
    return rows.outbounds([_row(tenant, message_id)])[0]


def parts_of(tenant: Tenant, message_id: UUID) -> Sequence[TextView]:
    """Return a text by the id of any part of it: all its parts, in order. Raises NotFound."""
    row = _row(tenant, message_id)
    if row.parts == 1:
        return rows.outbounds([row])
    found = db.session.scalars(
        select(Message)
        .where(
            owned(tenant, Message),
            Message.campaign_id == row.campaign_id,
            Message.position == row.position,
            Message.text_id == row.text_id,
        )
        .order_by(Message.part)
    )
    return rows.outbounds(list(found))


def _row(tenant: Tenant, message_id: UUID) -> Message:
    row = db.session.scalar(select(Message).where(owned(tenant, Message), Message.id == message_id))
    if row is None:
        raise NotFound("We can't find that text.")
    return row


def _counts(ids: Iterable[UUID]) -> Mapping[UUID, Mapping[State, int]]:
    """Count texts by state, from the index of campaign and state alone."""
    counted: dict[UUID, dict[State, int]] = {}
    found = db.session.execute(
        select(Message.campaign_id, Message.state, func.count())
        .where(Message.campaign_id.in_(list(ids)))
        .group_by(Message.campaign_id, Message.state)
    )
    for campaign_id, state, count in found:
        if campaign_id is not None:
            counted.setdefault(campaign_id, {})[state] = count
    return counted


def _ref(row: Campaign, counts: Mapping[State, int]) -> CampaignRef:
    return CampaignRef(
        id=row.id,
        account_id=row.account_id,
        organization_id=row.organization_id,
        name=row.name,
        kind=row.kind,
        state=CampaignState(row.state),
        body=row.body,
        created_at=row.created_at,
        created_by=row.created_by,
        created_by_name=row.created_by_name,
        scheduled_at=row.scheduled_at,
        people=row.people,
        credits=row.credits,
        counts=counts,
        media=rows.media(row.media),
    )
