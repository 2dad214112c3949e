"""Plain words that end consent: sending is held at once and a person looks at it (Q-4).

The hold is stored with the text that says it, under the number's lock, and so is everything
that settles it: the last look before the carrier (T2) takes the same lock, so no text to the
number is cleared while a hold stands (I3). Nobody looked in ten business days: it is an
opt-out, by the scheduler or in the unit of work of whoever looks too late.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import and_

from portal.consent import queries as consent_queries
from portal.consent import service as consent
from portal.consent.queries import HoldRef
from portal.consent.rules import HELD, HELD_SENTENCE
from portal.consent.values import HoldState, Method
from portal.contacts import service as contacts
from portal.contacts.values import ContactRef
from portal.core import clock, jobs
from portal.core.audit import SYSTEM, Actor
from portal.core.jobs import Job, Lane
from portal.core.reasons import reason_of
from portal.core.tenancy import Tenant
from portal.messaging.errors import HoldSettled
from portal.messaging.models import Message
from portal.messaging.rules import holding
from portal.messaging.rules.holding import CONFIRMS_HOLD
from portal.messaging.service import optouts, outbox, system, talks
from portal.messaging.values import State, Timing
from portal.notifications import service as notifications
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_CAME_BACK: Final = "The person opted in again themselves."
_MOVING: Final = (State.QUEUED, State.CLAIMED)  # what is held already is looked at again anyway


def place(
    account: AccountRef,
    e164: str,
    words: str,
    *,
    sid: str,
    said_at: datetime | None,
    actor: Actor,
) -> UUID | None:
    """Hold sending to a number whose lock the caller has; None: nothing new is to be held.

    `said_at` is when the carrier's record has it, where that is known.
    """
    hold_id = consent.place_hold(
        account.tenant,
        e164,
        words=words,
        sid=sid,
        said_at=said_at,
        lapses_at=holding.lapses_at(said_at or clock.utcnow(), account.timezone),
        actor=actor,
    )
    if hold_id is not None:
        outbox.hold(
            and_(optouts.waits_for(account.tenant, [e164]), Message.state.in_(_MOVING)),
            HELD,
            HELD_SENTENCE,
            until=None,
            cause="revocation",
        )
    return hold_id


def tell(
    account: AccountRef,
    hold_id: UUID,
    person: ContactRef,
    e164: str,
    *,
    our_e164: str,
    body: str,
    said_at: datetime,
    notice_key: str,
) -> None:
    """Flag the conversation, send the one free confirmation, tell the agent and the officers."""
    talks.mark_held(account.organization_id, account.id, e164, is_held=True)
    if clock.utcnow() - said_at <= holding.CONFIRMS_WITHIN:
        settings = people.organization_settings(account.organization_id)
        system.queue_text(
            account.tenant,
            e164,
            settings.hold_notice(person.language),
            purpose=CONFIRMS_HOLD,
            timing=Timing.ANSWER,
            message_id=hold_id,  # so a second one can't be written
            from_e164=our_e164,
            contact_id=person.id,
            name=person.full_name,
        )
    _notify(
        account,
        hold_id,
        f"{person.full_name} seems to want no more texts",
        body.strip()[:200],
        notice_key,
    )


def confirm(tenant: Tenant, hold_id: UUID, *, actor: Actor) -> HoldState:
    """Make the opt-out of it that it seems to be; return what became of the hold.

    Raises NotFound, or HoldSettled where somebody was faster.
    """
    hold = _taken(tenant, hold_id)
    if hold.lapses_at <= clock.utcnow():
        _lapse(hold)
        return HoldState.LAPSED
    _opt_out(hold, f"confirmed by {actor.label}", actor)
    return HoldState.OPTED_OUT


def release(tenant: Tenant, hold_id: UUID, *, reason: str, actor: Actor) -> HoldState:
    """Let texts go again, as it was no revocation; what was held goes on in its order (S-11).

    After ten business days it is too late: then it becomes an opt-out instead, and LAPSED is
    returned. Raises BadInput without a reason, NotFound, HoldSettled.
    """
    reason = reason_of(reason)
    hold = _taken(tenant, hold_id)
    if hold.lapses_at <= clock.utcnow():
        _lapse(hold)
        return HoldState.LAPSED
    _let_go(hold, reason, actor)
    return HoldState.RELEASED


def settle(hold: HoldRef) -> bool:
    """Settle a hold that time or the person's own opt-in has overtaken; say if it was now."""
    try:
        taken = _taken(hold.tenant, hold.id)
    except HoldSettled:
        return False
    standing = consent_queries.standing(taken.tenant, taken.e164)
    if standing.held_at is None:
        _let_go(taken, _CAME_BACK, SYSTEM)
    elif taken.lapses_at <= clock.utcnow():
        _lapse(taken)
    else:
        return False
    return True


def settle_of(tenant: Tenant, e164: str) -> None:
    """Settle what the person's own opt-in just now has overtaken; the number is locked."""
    hold = consent_queries.standing_hold(tenant, e164)
    if hold is not None:
        settle(hold)


def _taken(tenant: Tenant, hold_id: UUID) -> HoldRef:
    """Return the hold with its number locked. Raises NotFound or HoldSettled."""
    found = consent_queries.hold_or_404(tenant, hold_id)
    contacts.lock_numbers(tenant.organization_id, [found.e164])
    hold = consent_queries.hold_or_404(tenant, hold_id)
    if not hold.is_standing:
        raise HoldSettled(hold.state, hold.settled_by)
    return hold


def _opt_out(hold: HoldRef, how: str, actor: Actor) -> None:
    optouts.store(
        hold.tenant,
        hold.e164,
        source=Method.OWN_WORDS,
        details=f'Texted "{hold.words}" ({hold.sid}), {how}.',
        actor=actor,
        at=hold.said_at,
    )


def _lapse(hold: HoldRef) -> None:
    consent.settle_holds(hold.tenant, [hold.e164], HoldState.LAPSED, actor=SYSTEM)
    _opt_out(hold, "and nobody looked at it in 10 business days", SYSTEM)
    account = accounts.account(hold.account_id)
    assert account is not None
    _notify(
        account,
        hold.id,
        "A hold nobody looked at is an opt-out now",
        "Its 10 business days are over.",
        f"hold-lapsed:{hold.id}",
    )


def _let_go(hold: HoldRef, reason: str, actor: Actor) -> None:
    tenant = hold.tenant
    consent.settle_holds(tenant, [hold.e164], HoldState.RELEASED, actor=actor, reason=reason)
    talks.mark_held(tenant.organization_id, hold.account_id, hold.e164, is_held=False)
    freed = outbox.move(
        and_(
            optouts.waits_for(tenant, [hold.e164]),
            Message.state == State.HELD,
            Message.reason_code == HELD,
        ),
        State.QUEUED,
        cause="hold_released",
        reason_code=None,
        reason=None,
    )
    for account_id, kind in sorted({(row.account_id, row.kind) for row in freed}):
        lane = Lane.TEXTS if kind.is_marketing else Lane.URGENT
        jobs.request(Job.DRAIN, account_id, lane=lane)


def _notify(account: AccountRef, hold_id: UUID, title: str, text: str, key: str) -> None:
    officers = (officer.id for officer in people.officers(account.organization_id))
    notifications.notify(
        organization_id=account.organization_id,
        account_id=account.id,
        user_ids=[*accounts.watchers(account), *officers],
        kind="revocation",
        title=title,
        text=text,
        url=f"/accounts/{account.id}/revocations/{hold_id}",
        dedupe_key=key,
    )
