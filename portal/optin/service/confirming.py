"""Texts after signing up: a double opt-in asks and a YES makes it consent (C-2), others tell.

Messaging texts and hears; here is written who may be texted, who is, and what a YES records.
"""

import hashlib
import hmac
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, update

from portal.consent import queries as consent_queries
from portal.consent import service as consent
from portal.consent.values import Checkbox, Event, Method, NewConsent, RecordRef
from portal.contacts import service as contacts
from portal.core import audit, jobs
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.jobs import Job, Lane
from portal.core.settings import settings
from portal.core.tenancy import Tenant, owned
from portal.optin import queries
from portal.optin.models import Confirmation
from portal.optin.service import happenings
from portal.optin.values import TEXTED_STATES, ConfirmationState, Content

ANSWER_WITHIN: Final = timedelta(days=7)
# PROMISES 4 row 8: nobody is pestered by forms that others fill in.
ONE_IN: Final = timedelta(days=30)  # an organization texts a number once in this time
MOST_IN_A_DAY: Final = 3  # of all accounts, to one number
ACCOUNT_A_DAY: Final = 200
_DAY: Final = timedelta(days=1)


def ask_confirmation(
    tenant: Tenant, record_id: UUID, *, content: Content, form_name: str, actor: Actor
) -> UUID | None:
    """Have the person of a record texted; return the row the job texts for.

    With double opt-in the text asks whether it was them, otherwise it tells that they are signed
    up. Returns None, texting nobody, where the number was texted lately or the day's budget is
    spent. A record is texted about once, however often this is called.
    """
    record = consent_queries.record_or_404(tenant, record_id)
    contacts.lock_numbers(tenant.organization_id, [record.e164])
    known = db.session.scalar(
        select(Confirmation.id).where(
            owned(tenant, Confirmation), Confirmation.record_id == record_id
        )
    )
    if known is not None:
        return known
    phone_key, now = _phone_key(record.e164), utcnow()
    if not _may_text(tenant, record.e164, phone_key, now):
        return None
    row = Confirmation(
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        e164=record.e164,
        phone_key=phone_key,
        record_id=record_id,
        form_name=form_name,
        sender_name=content.sender,
        frequency=content.frequency,
        language=content.language,
        state=ConfirmationState.ASKED if content.is_double_opt_in else ConfirmationState.TOLD,
        asked_at=now,
        expires_at=now + ANSWER_WITHIN,
    )
    db.session.add(row)
    db.session.flush()  # its id is the job's key
    audit.record(
        f"optin:confirmation:{'ask' if content.is_double_opt_in else 'tell'}",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        subject_id=record_id,
        phone=record.e164,
        form=form_name,
    )
    jobs.request(Job.ASK_DOUBLE_OPT_IN, row.id, lane=Lane.URGENT)
    return row.id


def mark_texted(tenant: Tenant, confirmation_id: UUID) -> bool:
    """Note that the text is queued, in the transaction that queues it.

    Returns False, and the text must not be queued, where it was queued before or the person no
    longer needs it: the job may run any number of times.
    """
    marked = db.session.execute(
        update(Confirmation)
        .where(
            owned(tenant, Confirmation),
            Confirmation.id == confirmation_id,
            Confirmation.state.in_(TEXTED_STATES),
            Confirmation.texted_at.is_(None),
            Confirmation.expires_at > utcnow(),
        )
        .values(texted_at=utcnow())
        .execution_options(synchronize_session=False)
        .returning(Confirmation.id)
    )
    return marked.scalar() is not None


def confirm(
    tenant: Tenant, e164: str, at: datetime, *, reference: str, actor: Actor
) -> UUID | None:
    """Record the YES of a person who was asked; return the record of their double opt-in.

    `reference` names the text that said it. Returns None where nobody waits for this number's
    answer: never asked, too late, or answered before. A second call changes nothing.
    """
    contacts.lock_numbers(tenant.organization_id, [e164])
    row = db.session.scalar(
        queries.waited(tenant, e164, at).execution_options(populate_existing=True)
    )
    if row is None:
        return None
    asked = consent_queries.record_or_404(tenant, row.record_id)
    record_id = consent.record_consent(tenant, _as_confirmed(asked, at, reference), actor)
    row.state = ConfirmationState.CONFIRMED
    row.settled_at = at
    row.confirmed_record_id = record_id
    taken = queries.capture_of_record(tenant, row.record_id)
    if taken is not None and taken.contact_id is not None:
        happenings.SIGNED_UP.tell(tenant, taken.form_id, taken.contact_id)
    return record_id


def decline(tenant: Tenant, e164s: Collection[str]) -> int:
    """Close what waits for a YES of numbers that opted out instead; return how many.

    A YES after that is the START of Q-1, which brings back no more than stood before.
    """
    closed = db.session.execute(
        update(Confirmation)
        .where(
            owned(tenant, Confirmation),
            Confirmation.e164.in_(e164s),
            Confirmation.state.in_(TEXTED_STATES),
        )
        .values(state=ConfirmationState.DECLINED, settled_at=utcnow())
        .execution_options(synchronize_session=False)
        .returning(Confirmation.id)
    )
    return len(closed.all())


def expire_unanswered() -> int:
    """Close what nobody answered in time; a sweep. Returns how many."""
    now = utcnow()
    closed = db.session.execute(
        update(Confirmation)
        .where(Confirmation.state == ConfirmationState.ASKED, Confirmation.expires_at <= now)
        .values(state=ConfirmationState.EXPIRED, settled_at=now)
        .execution_options(synchronize_session=False)
        .returning(Confirmation.id)
    )
    return len(closed.all())


def _may_text(tenant: Tenant, e164: str, phone_key: str, now: datetime) -> bool:
    c = Confirmation
    if not is_sqlite():  # organizations share no row to lock, and the count is over all of them
        db.session.execute(select(func.pg_advisory_xact_lock(int(phone_key[:15], 16))))
    anybody = Tenant(tenant.organization_id)
    lately = select(func.count()).where(
        owned(anybody, c), c.e164 == e164, c.asked_at > now - ONE_IN
    )
    # Over all organizations, by a keyed hash: one phone is not flooded from many sides.
    anywhere = select(func.count()).where(c.phone_key == phone_key, c.asked_at > now - _DAY)
    today = select(func.count()).where(owned(tenant, c), c.asked_at > now - _DAY)
    return (
        not db.session.scalar(lately)
        and (db.session.scalar(anywhere) or 0) < MOST_IN_A_DAY
        and (db.session.scalar(today) or 0) < ACCOUNT_A_DAY
    )


def _phone_key(e164: str) -> str:
    key = settings().secret_key.encode()
    return hmac.new(key, f"optin phone {e164}".encode(), hashlib.sha256).hexdigest()


def _as_confirmed(asked: RecordRef, at: datetime, reference: str) -> NewConsent:
    """Return the consent a YES makes of what the form recorded; its own page stays the evidence."""
    assert asked.event is Event.ASKED
    return NewConsent(
        asked.e164,
        Method.DOUBLE_OPT_IN,
        given_at=at,
        name=asked.name,
        email=asked.email,
        postal_address=asked.postal_address,
        ip_address=asked.ip_address,
        method_details=(
            f"Answered YES by text ({reference}) after signing up on the form "
            f"“{asked.form_name}”, version {asked.form_version}; record {asked.id}"
        ),
        source_url=asked.source_url,
        disclosure_text=asked.disclosure_text,
        checkbox=Checkbox.CHECKED,
        form_name=asked.form_name,
        form_version=asked.form_version,
        user_agent=asked.user_agent,
        kinds=asked.kinds or None,
        evidence=asked.evidence,
        idempotency_key=f"double-opt-in:{asked.id}",
    )
