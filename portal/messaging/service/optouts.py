"""STOP and its kin: stored, and every text that waits is cancelled, in one transaction (Q-2)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from portal.consent import queries as consent_queries
from portal.consent import service as consent
from portal.consent.values import Evidence, HoldState, Method, NewConsent
from portal.contacts import service as contacts
from portal.core import clock
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.tenancy import Tenant
from portal.messaging.models import MOVING, Message
from portal.messaging.queries import health
from portal.messaging.rules.gates import STOP_CONFIRMATION
from portal.messaging.service import counting, happenings, outbox, talks
from portal.messaging.values import CANCELABLE, MARKETING, State
from portal.optin import service as optin

# A confirm of very many takes seconds; what is overlooked for longer, the gate blocks as it is due.
_OF_LATE: Final = timedelta(minutes=10)
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
    """Do what opt_out does, for a caller who has locked the number.

    `at` is when the person said it, where that is known; else it came after all that stands.
    """
    stopped = _end(tenant, [e164], actor)
    _keep(tenant, e164, source=source, details=details, actor=actor, at=at)
    return stopped


def store_refusal(
    tenant: Tenant, e164: str, *, source: str, details: str, actor: Actor, at: datetime | None
) -> None:
    """Store that a person had opted out when a text to them left, `at`; the number is locked.

    Where their own newer START stands it is kept in the history, and ends nothing that waits.
    """
    _keep(tenant, e164, source=source, details=details, actor=actor, at=at)
    if consent_queries.standing(tenant, e164, clock.utcnow()).is_opted_out:
        _end(tenant, [e164], actor)


def enter(
    tenant: Tenant,
    e164: str,
    *,
    method: Method,
    details: str,
    said_at: datetime | None,
    evidence: Evidence | None,
    actor: Actor,
) -> int:
    """Enter what a person said or wrote to somebody, with its evidence (Q-7).

    It holds at once; returns how many waiting texts were stopped. Raises GivenLater.
    """
    contacts.lock_numbers(tenant.organization_id, [e164])
    stopped = _end(tenant, [e164], actor)
    is_new = consent.enter_opt_out(
        tenant,
        e164,
        method=method,
        details=details,
        said_at=said_at,
        evidence=evidence,
        actor=actor,
    )
    if is_new:
        now = clock.utcnow()
        _count(tenant, {e164: min(said_at or now, now)})
    return stopped


def store_many(
    tenant: Tenant, consents: Sequence[NewConsent], *, import_id: UUID | None, actor: Actor
) -> dict[str, bool]:
    """Store a batch of listed opt-outs and cancel what waits for them (Q-7).

    Says by idempotency key which are new. A number whose own later START stands stays in.
    """
    e164s = sorted({made.e164 for made in consents})
    contacts.lock_numbers(tenant.organization_id, e164s)
    now = clock.utcnow()
    before = consent_queries.standings(tenant, e164s, now)
    kept = consent.opt_out_many(tenant, consents, import_id=import_id, actor=actor)
    standings = consent_queries.standings(tenant, e164s, now)
    out = [e164 for e164 in e164s if standings[e164].is_opted_out]
    if out:
        _end(tenant, out, actor)
    said = {made.e164: min(made.given_at or now, now) for made in consents}
    _count(tenant, {e164: said[e164] for e164 in out if not before[e164].is_opted_out})
    return kept


def overlooked() -> list[tuple[Tenant, str]]:
    """Return who opted out of late from an account where a text still waits for them.

    What was being confirmed while the opt-out was stored is not in its sight (I3).
    """
    accounts = db.session.scalars(select(Message.account_id).where(MOVING).distinct()).all()
    said = consent_queries.refused_since(accounts, clock.utcnow() - _OF_LATE)
    found: list[tuple[Tenant, str]] = []
    for tenant, e164s in said.items():
        for start in range(0, len(e164s), consent_queries.MOST):
            some = e164s[start : start + consent_queries.MOST]
            waiting = (
                select(Message.e164)
                .where(Message.account_id == tenant.account_id, _stopped_by(tenant, some))
                .distinct()
                .order_by(Message.e164)
            )
            found += [(tenant, e164) for e164 in db.session.scalars(waiting) if e164]
    return found


def end_overlooked(one: tuple[Tenant, str]) -> int:
    """Block what still waits for somebody who is out; return how many texts."""
    tenant, e164 = one
    contacts.lock_numbers(tenant.organization_id, [e164])
    if not consent_queries.standing(tenant, e164, clock.utcnow()).is_opted_out:
        return 0
    return _block(tenant, [e164])


def _keep(
    tenant: Tenant, e164: str, *, source: str, details: str, actor: Actor, at: datetime | None
) -> None:
    now = clock.utcnow()
    is_new = consent.opt_out(
        tenant,
        e164,
        at=at or now,
        source=source,
        actor=actor,
        details=details,
        is_last=at is None,
    )
    if is_new:
        _count(tenant, {e164: min(at or now, now)})


def _count(tenant: Tenant, said: Mapping[str, datetime]) -> None:
    """Count people who just opted out at the last text each had got (H-3).

    One who never got a text of this account opted out of none of them: a list of old opt-outs
    says nothing about its texts.
    """
    got = health.last_got(tenant, said)
    for e164, at in said.items():
        if e164 in got:
            counting.opt_out(tenant, got[e164], at)


def _end(tenant: Tenant, e164s: Sequence[str], actor: Actor) -> int:
    """Cancel what waits for these numbers, or for their YES; mark their talks, settle holds."""
    assert tenant.account_id is not None  # people opt out of an account
    # Before the texts: it locks what asked for them.
    happenings.OPTED_OUT.tell(tenant, e164s, actor)
    stopped = _block(tenant, e164s)
    optin.decline(tenant, e164s)
    consent.settle_holds(tenant, e164s, HoldState.OPTED_OUT, actor=actor)
    for e164 in e164s:
        talks.mark_opted_out(tenant.organization_id, tenant.account_id, e164, is_out=True)
    return stopped


def _block(tenant: Tenant, e164s: Sequence[str]) -> int:
    ended = outbox.end_unsent(
        _stopped_by(tenant, e164s),
        State.BLOCKED,
        cause="stop",
        code="opted_out",
        sentence=_SENTENCE,
    )
    return len(ended)


def _stopped_by(tenant: Tenant, e164s: Sequence[str]) -> ColumnElement[bool]:
    return and_(
        waits_for(tenant, e164s),
        Message.purpose != STOP_CONFIRMATION,
        Message.state.in_(CANCELABLE),
    )


def waits_for(tenant: Tenant, e164s: Sequence[str]) -> ColumnElement[bool]:
    """Return which texts an opt-out stops: all of this account, and marketing of every account of the organization (Q-7)."""
    return and_(
        Message.organization_id == tenant.organization_id,
        Message.e164.in_(e164s),
        or_(Message.account_id == tenant.account_id, Message.kind.in_(MARKETING)),
    )
