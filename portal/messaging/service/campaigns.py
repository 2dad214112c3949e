"""Pausing, resuming and cancelling sends, and sending again what did not go (S-8, S-11).

Each locks the texts before the campaign's own row.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update

from portal.contacts import service as contact_service
from portal.core import audit, jobs
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import NotAllowed, NotFound
from portal.core.jobs import Job, Lane
from portal.core.tenancy import Tenant, owned
from portal.messaging import queries
from portal.messaging.errors import TooLate
from portal.messaging.models import MOVING, Campaign, Message
from portal.messaging.queries import repeats
from portal.messaging.queries.leaving import leavers
from portal.messaging.queries.rows import media
from portal.messaging.rules.gates import CAMPAIGN_PAUSED
from portal.messaging.service import linting, outbox
from portal.messaging.service.sending import confirm, recipient_for
from portal.messaging.values import (
    CANCELABLE,
    CampaignRef,
    CampaignState,
    Draft,
    Kind,
    State,
)
from portal.texting_accounts.values import AccountRef


@dataclass(frozen=True, slots=True)
class CancelReport:
    """What a cancel did: how many were stopped, how many had already left."""

    canceled: int
    too_late: int
    credits_back: int


def pause(tenant: Tenant, campaign_id: UUID, *, actor: Actor) -> None:
    """Keep back what has not left; what is leaving right now still goes. Again is harmless."""
    _get(tenant, campaign_id)
    held = outbox.hold(
        and_(
            Message.campaign_id == campaign_id,
            Message.state.in_((State.QUEUED, State.CLAIMED)),
        ),
        CAMPAIGN_PAUSED,
        "The campaign is paused.",
        until=None,
        cause="person",
    )
    _change(tenant, campaign_id, CampaignState.RUNNING, CampaignState.PAUSED)
    _record("pause", tenant, campaign_id, actor, held=len(held))


def resume(tenant: Tenant, campaign_id: UUID, *, actor: Actor) -> None:
    """Let a paused campaign go on, in order."""
    _get(tenant, campaign_id)
    freed = outbox.move(
        and_(
            Message.campaign_id == campaign_id,
            Message.state == State.HELD,
            Message.reason_code == CAMPAIGN_PAUSED,
        ),
        State.QUEUED,
        cause="person",
        reason_code=None,
        reason=None,
    )
    _change(tenant, campaign_id, CampaignState.PAUSED, CampaignState.RUNNING)
    _record("resume", tenant, campaign_id, actor, freed=len(freed))
    assert tenant.account_id is not None  # a campaign has an account
    jobs.request(Job.DRAIN, tenant.account_id, lane=Lane.TEXTS)


def cancel(tenant: Tenant, campaign_id: UUID, *, actor: Actor) -> CancelReport:
    """Stop everything that has not left, for good; credits come back (S-8)."""
    _get(tenant, campaign_id)
    report = _cancel(Message.campaign_id == campaign_id)
    db.session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id)
        .values(state=CampaignState.CANCELED)
        .execution_options(synchronize_session=False)
    )
    left = db.session.scalar(
        select(func.count()).where(
            Message.campaign_id == campaign_id,
            Message.state.not_in((State.CANCELED, State.BLOCKED)),
        )
    )
    report = CancelReport(report.canceled, left or 0, report.credits_back)
    _record("cancel", tenant, campaign_id, actor, canceled=report.canceled)
    return report


def cancel_all(tenant: Tenant, *, actor: Actor) -> CancelReport:
    """Stop everything of an account that has not left, for good; credits come back."""
    return _cancel_waiting(tenant, owned(tenant, Message), actor)


def cancel_leavers(
    organization_id: UUID, user_id: UUID, given: Collection[UUID], *, actor: Actor
) -> CancelReport:
    """Stop what has not left of somebody who leaves, for good; credits come back (SPEC 1).

    That is everything in the accounts they give away, steps of plans included, for it was written
    in their name and is not to go out under another's; elsewhere it is what they asked for.
    What the system says by itself goes: that somebody's STOP was heard, or the notice after a
    first text.
    """
    mine = leavers(organization_id, user_id, given)
    return _cancel_waiting(Tenant(organization_id), mine, actor)


def _cancel_waiting(tenant: Tenant, which: ColumnElement[bool], actor: Actor) -> CancelReport:
    """Stop those of some texts that wait, and the sends they are of."""
    waiting = and_(MOVING, which, Message.state.in_(CANCELABLE))
    sends = db.session.scalars(select(Message.campaign_id).where(waiting).distinct()).all()
    report = _cancel(waiting)
    ended = db.session.execute(
        update(Campaign)
        .where(owned(tenant, Campaign), Campaign.id.in_(sends))
        .values(state=CampaignState.CANCELED)
        .returning(Campaign.id, Campaign.account_id)
        .execution_options(synchronize_session=False)
    ).all()
    for row in sorted(ended):
        _record("cancel", Tenant(tenant.organization_id, row.account_id), row.id, actor)
    return report


def cancel_text(tenant: Tenant, message_id: UUID, *, actor: Actor) -> CancelReport:
    """Stop one text, all its parts. Raises TooLate when it has left."""
    text_id = db.session.scalar(
        select(Message.text_id).where(owned(tenant, Message), Message.id == message_id)
    )
    if text_id is None:
        raise NotFound("We can't find that text.")
    report = _cancel(Message.text_id == text_id)
    if not report.canceled:
        raise TooLate("This text has left already. It can't be called back.")
    audit.record(
        "messaging:text:cancel",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        subject_id=message_id,
    )
    return report


def send_again(
    account: AccountRef, message_id: UUID, *, nonce: str, actor: Actor, anyway: bool = False
) -> CampaignRef:
    """Send a text that did not arrive once more, as a new one through all gates (S-10).

    It stays the kind of text it was, so no opt-out or missing consent is passed by (Q-7, C-8);
    of a text in parts this one and the later ones that failed go (R-4). An unconfirmed text
    may have arrived: only `anyway`, which is the lead's or the owner's (RULINGS 22), sends it
    again. The same nonce again returns the first campaign. Raises TooLate, SentAgainAlready,
    NotAllowed, and what confirm() raises.
    """
    row, known = _locked(account.tenant, message_id)
    if done := _again_by_nonce(account, row.id, nonce):
        return queries.campaign(account.tenant, done)
    if (refused := repeats.refusal(row, known)) is not None:
        raise refused
    if repeats.is_doubtful(repeats.run(row, known)) and not anyway:
        raise NotAllowed(
            "This person may already have received it. A team lead or the account's owner can "
            "send it again, once asked: reload the page."
        )
    assert row.e164 is not None  # the refusal has seen to it
    again = confirm(
        account,
        [recipient_for(account, row.e164, actor=actor)],
        _draft_again(row, known),
        nonce=nonce,
        shown_key=None,
        actor=actor,
        resend_of={row.e164: row.id},
        lint_ok=linting.SENT_BEFORE,
    )
    audit.record(
        "messaging:text:resend",
        actor=actor,
        organization_id=account.organization_id,
        account_id=account.id,
        subject_id=row.id,
        campaign=str(again.id),
        anyway=anyway,
    )
    return again


def draft_again(tenant: Tenant, message_id: UUID) -> Draft:
    """Return what sending a text again would send, to show its cost first (R-8)."""
    row = _text(tenant, message_id)
    return _draft_again(row, repeats.related([row]) or [row])


def _draft_again(row: Message, known: Sequence[Message]) -> Draft:
    body = "".join(part.body for part in repeats.run(row, known)) or row.body
    name = db.session.scalar(select(Campaign.name).where(Campaign.id == row.campaign_id))
    is_bulk = row.kind is Kind.BULK
    return Draft(
        body.replace("{", "{{").replace("}", "}}"),
        row.kind,
        media(row.media),
        over_limit="spread",
        name=f"{(name or '')[:190]} (again)" if is_bulk and name else "",
    )


def _text(tenant: Tenant, message_id: UUID) -> Message:
    row = db.session.scalar(select(Message).where(owned(tenant, Message), Message.id == message_id))
    if row is None or row.e164 is None:
        raise NotFound("We can't find that text.")
    return row


def _locked(tenant: Tenant, message_id: UUID) -> tuple[Message, list[Message]]:
    """Lock a text in the order of RULINGS 6; return it and what is related to it.

    Whoever sends it again at the same time waits here, and then sees that one.
    """
    row = _text(tenant, message_id)
    contact_service.lock_numbers(tenant.organization_id, [row.e164 or ""])
    db.session.scalars(
        select(Message)
        .where(owned(tenant, Message), Message.e164 == row.e164, Message.text_id == row.text_id)
        .order_by(Message.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    return row, repeats.related([row])


def _again_by_nonce(account: AccountRef, message_id: UUID, nonce: str) -> UUID | None:
    return db.session.scalar(
        select(Campaign.id)
        .join(Message, Message.campaign_id == Campaign.id)
        .where(
            Campaign.account_id == account.id,
            Campaign.nonce == nonce,
            Message.resend_of == message_id,
        )
        .limit(1)
    )


def _cancel(which: ColumnElement[bool]) -> CancelReport:
    canceled = outbox.end_unsent(
        and_(which, Message.state.in_(CANCELABLE)),
        State.CANCELED,
        cause="person",
        code="canceled",
        sentence="Canceled before it left.",
    )
    return CancelReport(len(canceled), 0, sum(row.credits for row in canceled))


def _get(tenant: Tenant, campaign_id: UUID) -> Campaign:
    row = db.session.scalar(
        select(Campaign).where(owned(tenant, Campaign), Campaign.id == campaign_id)
    )
    if row is None:
        raise NotFound("We can't find that campaign.")
    return row


def _change(tenant: Tenant, campaign_id: UUID, old: CampaignState, new: CampaignState) -> None:
    moved = db.session.scalar(
        update(Campaign)
        .where(owned(tenant, Campaign), Campaign.id == campaign_id, Campaign.state == old)
        .values(state=new)
        .returning(Campaign.id)
        .execution_options(synchronize_session=False)
    )
    if moved is None and _get(tenant, campaign_id).state is not new:
        raise TooLate("This campaign has been canceled.")


def _record(verb: str, tenant: Tenant, campaign_id: UUID, actor: Actor, **payload: object) -> None:
    audit.record(
        f"messaging:campaign:{verb}",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        subject_id=campaign_id,
        **payload,
    )
