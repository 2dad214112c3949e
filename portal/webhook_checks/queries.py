"""What is known of webhooks: the last of each kind, and the test calls."""

from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, select, true

from portal.core.db import db
from portal.webhook_checks.models import WebhookCheck, WebhookMark
from portal.webhook_checks.values import Check, Mark, Stray

SHOWN: Final = 5


def marks(organization_id: UUID) -> list[Mark]:
    """Return the last webhooks that named the organization's carrier account, by route."""
    return _marks(WebhookMark.organization_id == organization_id)


def all_marks() -> list[Mark]:
    """Return the last webhooks of every organization, and those that named none; for operators."""
    return _marks(true())


def checks(organization_id: UUID | None, *, is_news: bool = False) -> list[Check]:
    """Return the newest test calls of an organization, or those of the installation itself.

    They are forms, as texts and calls come, or JSON, as news of numbers does.
    """
    rows = db.session.scalars(
        select(WebhookCheck)
        .where(
            WebhookCheck.is_news.is_(is_news),
            WebhookCheck.organization_id == organization_id
            if organization_id
            else WebhookCheck.organization_id.is_(None),
        )
        .order_by(WebhookCheck.asked_at.desc(), WebhookCheck.id)
        .limit(SHOWN)
    )
    return [_check(row) for row in rows]


def _marks(where: ColumnElement[bool]) -> list[Mark]:
    rows = db.session.scalars(
        select(WebhookMark)
        .where(where)
        .order_by(WebhookMark.route, WebhookMark.is_genuine.desc(), WebhookMark.scope_id)
        .execution_options(populate_existing=True)
    )
    return [
        Mark(
            row.organization_id,
            row.route,
            row.is_genuine,
            row.at,
            row.reason,
            row.signed_url,
            row.seen_url,
            row.hops,
        )
        for row in rows
    ]


def _check(row: WebhookCheck) -> Check:
    return Check(
        id=row.id,
        organization_id=row.organization_id,
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        signed_url=row.signed_url,
        arrived_at=row.arrived_at,
        seen_url=row.seen_url,
        hops=row.hops,
        refusal=row.refusal,
        answer=row.answer,
        no_answer=row.no_answer,
        strays=tuple(Stray(**stray) for stray in row.strays),
        not_looked=row.not_looked,
        is_settled=row.settled_at is not None,
        is_news=row.is_news,
    )
