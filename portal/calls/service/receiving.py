"""What the carrier says of a call: it rings, its other leg ended, all of it ended.

News may come twice and in any order; each part of a call is written once (I10).
"""

from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from portal.calls import queries, rules
from portal.calls.models import Call
from portal.calls.service import counting
from portal.calls.values import CallState, Rung, Shown
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.tenancy import Tenant, owned
from portal.gateways.signature import CallWebhook
from portal.numbers import queries as numbers
from portal.people import queries as people
from portal.texting_accounts import queries as accounts


def ring(organization_id: UUID, news: CallWebhook) -> Rung:
    """Write down a call that rings, and return where it goes; saying so twice counts once."""
    organization = people.organization(organization_id)
    name = organization.name if organization else ""
    sender = numbers.sender_by_e164(organization_id, news.to)
    if sender is None:
        return Rung(None, news.to, name)
    where = queries.forwarding(sender.tenant, sender.id)
    account, now = accounts.account(sender.account_id), utcnow()
    assert account is not None  # the number's row names it
    made = db.session.scalar(
        (sqlite if is_sqlite() else postgresql)
        .insert(Call)
        .values(
            id=uuid4(),
            organization_id=organization_id,
            account_id=sender.account_id,
            sender_id=sender.id,
            call_sid=news.call_sid,
            at=now,
            day=accounts.today(account, now),
            is_forwarded=where.phone is not None,
            state=CallState.RINGING if where.phone else CallState.TOLD,
        )
        .on_conflict_do_nothing()
        .returning(Call.id)
    )
    if made is not None:
        call = db.session.get_one(Call, made)
        counting.add(call, calls=1, forwarded=int(call.is_forwarded))
    # A caller without a number can't be shown; ours can.
    is_known = news.from_number.startswith("+") and where.shown is Shown.CALLER
    return Rung(where.phone, news.from_number if is_known else news.to, name)


def dialed(organization_id: UUID, news: CallWebhook) -> bool:
    """Write down how the forwarding phone's leg ended; say whether somebody took the call."""
    state = rules.ended_as(news.dialed)
    call = _locked(organization_id, news.call_sid)
    if call is not None and call.is_forwarded:
        _move(call, state)
        if call.talk_seconds is None and state is CallState.ANSWERED:
            call.talk_seconds = news.dialed_seconds or 0
            counting.add(call, forwarded_minutes=rules.minutes(call.talk_seconds))
    return state is CallState.ANSWERED


def ended(organization_id: UUID, news: CallWebhook) -> None:
    """Write down that a call is over, and how long it was."""
    call = _locked(organization_id, news.call_sid)
    if call is None:
        return  # to a number that is not ours any more
    if call.seconds is None and news.seconds is not None:
        call.seconds = news.seconds
        counting.add(call, minutes=rules.minutes(call.seconds))
    if call.state is CallState.RINGING:
        _move(call, CallState.MISSED)  # hung up before anybody took it


def _move(call: Call, state: CallState) -> None:
    was, call.state = call.state, rules.further(call.state, state)
    if call.state is not was and call.state is CallState.ANSWERED:
        counting.add(call, answered=1)


def _locked(organization_id: UUID, call_sid: str) -> Call | None:
    return db.session.scalar(
        select(Call)
        .where(owned(Tenant(organization_id), Call), Call.call_sid == call_sid)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
