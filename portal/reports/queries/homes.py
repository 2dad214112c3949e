"""Facts across slices for the role homes; read-only."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select

from portal.billing import queries as billing
from portal.consent import queries as consent
from portal.consent.models import ConsentRecord, DoNotContact
from portal.contacts import queries as contacts
from portal.core import audit
from portal.core.audit import AuditHead
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.dnc import queries as dnc
from portal.doctor import queries as doctor
from portal.doctor.values import KeptFinding
from portal.messaging import queries as messaging
from portal.messaging.models import Message
from portal.messaging.queries import approvals, linting, similar
from portal.messaging.values import CampaignRef, Kind
from portal.numbers import queries as numbers
from portal.people.values import OrganizationRef
from portal.reports.queries import board, consents
from portal.reports.queries.accounts import last_days
from portal.reports.queries.health import of_week
from portal.reports.values import (
    COUNTED_UP_TO,
    AccountFacts,
    ChainState,
    OrganizationFacts,
)
from portal.texting_accounts.values import AccountRef

CHECKED_UP_TO = 5_000  # a longer chain is checked by command, not on a page


def account_facts(account: AccountRef, now: datetime) -> AccountFacts:
    """Return what the home of one account stands on."""
    tenant = account.tenant
    standing = billing.standings([account], now)[account.id]
    return AccountFacts(
        has_subscription=standing.subscription is not None,
        sender=numbers.default_sender(account.id),
        contacts=contacts.count(tenant),
        has_old_opt_outs=consent.old_opt_outs(tenant) is not None,
        has_consent=_any(select(ConsentRecord.id).where(owned(tenant, ConsentRecord))),
        has_sent=_any(
            select(Message.id).where(owned(tenant, Message), Message.kind != Kind.SYSTEM)
        ),
        has_delivered=messaging.first_text_delivered(tenant),
        balance=standing.balance,
        forecast=standing.forecast,
        counters=messaging.counters(account, now),
        brand=messaging.brand_day(account.organization_id, now),
        unread=messaging.unread_count(tenant),
        health=of_week(account, now),
    )


def latest_campaigns(account: AccountRef, limit: int = 5) -> tuple[CampaignRef, ...]:
    """Return the account's newest sends."""
    return messaging.campaigns(account.tenant, limit=limit).rows


def organization_facts(organization: OrganizationRef, now: datetime) -> OrganizationFacts:
    """Return what the compliance officer's home stands on."""
    organization_id = organization.id
    today = now.astimezone(ZoneInfo(organization.timezone)).date()
    return OrganizationFacts(
        board=board.board(organization, now),
        opted_out_week=_opted_out(organization_id, now, 7),
        opted_out_today=_opted_out(organization_id, now, 1),
        do_not_contact=_do_not_contact(organization_id),
        blocked_texts=linting.open_reviews(organization_id),
        similar_texts=similar.flagged(organization_id, now),
        approvals=approvals.open_approvals(organization_id),
        call_lists=tuple(dnc.sources(organization_id, today)),
        chain=chain_state(organization_id),
        findings=tuple(doctor.kept_findings(organization_id)),
    )


def chain_state(chain: UUID) -> ChainState:
    """Return whether a chain holds; a long one is only counted."""
    head = db.session.get(AuditHead, chain)
    length = head.position if head else 0
    if length > CHECKED_UP_TO:
        return ChainState(length, is_checked=False, fault=None)
    held, fault = audit.verify(chain)
    said = f"Entry {fault.position}: {fault.reason}" if fault else None
    return ChainState(max(held, length), is_checked=True, fault=said)


def installation_findings() -> tuple[KeptFinding, ...]:
    """Return what the last check-ups found anywhere, newest first."""
    return tuple(doctor.kept_findings())


def _any(rows: Select[UUID]) -> bool:
    return bool(db.session.scalar(select(rows.exists())))


def _opted_out(organization_id: UUID, now: datetime, days: int) -> int:
    return sum(consents.opted_out(organization_id, last_days(organization_id, now, days)).values())


def _do_not_contact(organization_id: UUID) -> int:
    """Return how many numbers the own list has; counting stops just past COUNTED_UP_TO."""
    d = DoNotContact
    some = select(d.e164).where(owned(Tenant(organization_id), d)).limit(COUNTED_UP_TO + 1)
    return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0
