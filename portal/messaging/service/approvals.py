"""A second person looks at a large send before it goes (S-12).

What is asked for is kept as it was, away from the drafts: exactly that goes, at today's cost and
through today's gates, or nothing. Whoever says no gives the draft back to its author.
"""

import secrets
from typing import Any
from uuid import UUID

from sqlalchemy import update

from portal.core import audit, clock
from portal.core.access import Role
from portal.core.audit import SYSTEM, Actor
from portal.core.db import db
from portal.core.errors import BadInput, NotAllowed
from portal.core.formats import plural
from portal.core.reasons import reason_of
from portal.messaging import queries
from portal.messaging.errors import ApprovalNeeded, ApprovalSettled, TextRefused
from portal.messaging.models import ApprovalPolicy, SendApproval, TextDraft
from portal.messaging.queries import approvals as reads
from portal.messaging.queries.approvals import ApprovalRef
from portal.messaging.rules import approvals as rules
from portal.messaging.rules.approvals import ApprovalState
from portal.messaging.rules.plan import Plan
from portal.messaging.service import drafts, facts, sending
from portal.messaging.service.sending import Second
from portal.messaging.values import CampaignRef, Draft, DraftRef, Gate
from portal.notifications import service as notifications
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef


def set_policy(organization_id: UUID, above: int | None, *, reason: str, actor: Actor) -> None:
    """Ask for a second person above so many recipients from now on; None switches it off.

    Raises BadInput without a reason, or for a number out of range.
    """
    if above is not None and not rules.LEAST <= above <= rules.MOST:
        raise BadInput(f"above: enter a number from {rules.LEAST} to {rules.MOST:,}.")
    reason = reason_of(reason)
    before = reads.above(organization_id)
    if before == above:
        return
    db.session.add(
        ApprovalPolicy(
            organization_id=organization_id,
            above=above,
            reason=reason,
            set_at=clock.utcnow(),
            set_by_id=actor.id,
            set_by=actor.label[:200],
        )
    )
    audit.record(
        "messaging:approval-policy:set",
        actor=actor,
        organization_id=organization_id,
        before=before,
        above=above,
        reason=reason,
    )


def second_people(account: AccountRef, asker: UUID | None) -> list[UUID]:
    """Return who may approve a send of an account: its leads and the officers, but the asker."""
    leads = [
        each.id
        for each in people.leads(account.organization_id)
        if accounts.reaches(each.id, Role.TEAM_LEAD, account)
    ]
    officers = [each.id for each in people.officers(account.organization_id)]
    return rules.seconds([*leads, *officers], asker)


def ask(
    account: AccountRef,
    written: DraftRef,
    draft: Draft,
    planned: Plan,
    *,
    lint_ok: str,
    actor: Actor,
) -> UUID:
    """Put a send before a second person and take it off the drafts; return the question's id."""
    now = clock.utcnow()
    assert actor.id is not None  # only people write drafts
    row = SendApproval(
        organization_id=account.organization_id,
        account_id=account.id,
        state=ApprovalState.ASKED,
        asked_at=now,
        asked_by_id=actor.id,
        asked_by=actor.label[:200],
        expires_at=rules.expires_at(now),
        name=draft.name[:200],
        body=draft.body,
        draft=_stored(draft),
        options=dict(written.options),
        contact_ids=[str(id_) for id_ in written.contact_ids],
        numbers={str(contact): str(number) for contact, number in written.numbers.items()},
        nonce=written.nonce,
        lint_ok=lint_ok[:64],
        people=planned.go + planned.held,
        credits=planned.credits,
        blocked=planned.blocked,
    )
    db.session.add(row)
    db.session.flush()  # the page is named after the id
    drafts.discard_draft(account.tenant, written.id, actor=actor)
    _record("ask", row.organization_id, row.account_id, row.id, actor, people=row.people)
    notifications.notify(
        organization_id=account.organization_id,
        account_id=account.id,
        user_ids=second_people(account, actor.id),
        kind="approval",
        title=f"{actor.label} asks to text {plural(row.people, 'person', 'people')}",
        text=draft.body.strip()[:200],
        url=_url(account.id, row.id),
        dedupe_key=f"approval:{row.id}",
    )
    return row.id


def approve(account: AccountRef, approval_id: UUID, *, shown_key: str, actor: Actor) -> CampaignRef:
    """Let the send go, at the cost and through the gates of now; the asker stays its sender.

    Raises NotAllowed to the asker themselves, ApprovalSettled where it is too late, CostChanged
    where it is no longer what the approver was shown, and what confirm() raises: then it stays
    open.
    """
    asked = reads.approval_or_404(account.tenant, approval_id)
    if asked.asked_by_id == actor.id:
        raise NotAllowed("Somebody else approves what you asked for.")
    now = clock.utcnow()
    if asked.state is ApprovalState.ASKED and asked.expires_at <= now:
        raise ApprovalSettled(rules.STATE_LABELS[ApprovalState.EXPIRED], "")
    if not facts.may_still_send(account, [asked.asked_by_id])[asked.asked_by_id]:
        raise TextRefused(
            Gate("blocked_actor", f"{asked.asked_by} may no longer send from this account.")
        )
    _settle(asked, ApprovalState.APPROVED, actor, "")
    campaign = sending.confirm(
        account,
        queries.draft_recipients(account.tenant, asked.as_draft()),
        asked.to_send(now),
        nonce=asked.nonce,
        shown_key=shown_key,
        actor=Actor(asked.asked_by_id, asked.asked_by),
        lint_ok=asked.lint_ok,
        second=Second(approved_by=actor.label),
    )
    db.session.execute(
        update(SendApproval)
        .where(SendApproval.id == asked.id)
        .values(campaign_id=campaign.id, contact_ids=[], numbers={})
    )
    _record("approve", asked.organization_id, asked.account_id, asked.id, actor,
            campaign_id=str(campaign.id))  # fmt: skip
    _tell_asker(asked, "Your send was approved", f"By {actor.label}. It is on its way.",
                f"/accounts/{account.id}/campaigns/{campaign.id}")  # fmt: skip
    return campaign


def alone(account: AccountRef, because: str, *, actor: Actor) -> Second:
    """Return what stands for a second person where there is none: a reason, which is logged (S-12).

    Raises ApprovalNeeded where there is somebody, BadInput without a reason.
    """
    if second_people(account, actor.id):
        raise ApprovalNeeded
    return Second(alone_because=reason_of(because))


def reject(account: AccountRef, approval_id: UUID, *, reason: str, actor: Actor) -> None:
    """Say no, with the reason; the author finds the text among the drafts again.

    Raises BadInput without a reason, NotAllowed to the asker, ApprovalSettled.
    """
    asked = reads.approval_or_404(account.tenant, approval_id)
    if asked.asked_by_id == actor.id:
        raise NotAllowed("Withdraw what you asked for yourself.")
    reason = reason_of(reason)
    _settle(asked, ApprovalState.REJECTED, actor, reason)
    _give_back(asked)
    _record("reject", asked.organization_id, asked.account_id, asked.id, actor, reason=reason)
    _tell_asker(asked, "Your send was not approved", reason[:200],
                _url(account.id, asked.id))  # fmt: skip


def withdraw(account: AccountRef, approval_id: UUID, *, actor: Actor) -> UUID:
    """Take the question back; return the draft it became again. Raises NotAllowed, ApprovalSettled."""
    asked = reads.approval_or_404(account.tenant, approval_id)
    if asked.asked_by_id != actor.id:
        raise NotAllowed("Whoever asked can withdraw it. You can reject it, with the reason.")
    _settle(asked, ApprovalState.WITHDRAWN, actor, "")
    _record("withdraw", asked.organization_id, asked.account_id, asked.id, actor)
    return _give_back(asked)


def expire() -> int:
    """End what nobody answered in three days and give the drafts back; return how many."""
    done = 0
    for asked in reads.overdue(clock.utcnow()):
        try:
            _settle(asked, ApprovalState.EXPIRED, SYSTEM, "Nobody answered in three days.")
        except ApprovalSettled:
            continue  # somebody answered just now
        _give_back(asked)
        _record("expire", asked.organization_id, asked.account_id, asked.id, SYSTEM)
        _tell_asker(asked, "Nobody approved your send in three days",
                    "The text is back among your drafts.", _url(asked.account_id, asked.id))  # fmt: skip
        done += 1
    return done


def _settle(asked: ApprovalRef, state: ApprovalState, actor: Actor, reason: str) -> None:
    """Write the one answer down. Raises ApprovalSettled where there is one."""
    done = db.session.scalar(
        update(SendApproval)
        .where(
            SendApproval.organization_id == asked.organization_id,
            SendApproval.id == asked.id,
            SendApproval.state == ApprovalState.ASKED,
        )
        .values(
            state=state,
            decided_at=clock.utcnow(),
            decided_by_id=actor.id,
            decided_by=actor.label[:200],
            reason=reason,
        )
        .returning(SendApproval.id)
        .execution_options(synchronize_session=False)
    )
    if done is None:
        settled = reads.approval_or_404(asked.tenant, asked.id)
        raise ApprovalSettled(rules.STATE_LABELS[settled.state], settled.decided_by)


def _give_back(asked: ApprovalRef) -> UUID:
    """Make the draft anew that was asked about; the question forgets its people."""
    draft = TextDraft(
        organization_id=asked.organization_id,
        account_id=asked.account_id,
        author_id=asked.asked_by_id,
        name=asked.name,
        body=asked.body,
        contact_ids=list(asked.contact_ids),
        numbers=dict(asked.numbers),
        options={key: value for key, value in asked.options.items() if key != "shown"},
        nonce=secrets.token_hex(16),
    )
    db.session.add(draft)
    db.session.execute(
        update(SendApproval)
        .where(SendApproval.id == asked.id)
        .values(contact_ids=[], numbers={})
        .execution_options(synchronize_session=False)
    )
    db.session.flush()  # the page is named after the id
    return draft.id


def _tell_asker(asked: ApprovalRef, title: str, text: str, url: str) -> None:
    notifications.notify(
        organization_id=asked.organization_id,
        account_id=asked.account_id,
        user_ids=[asked.asked_by_id],
        kind="approval",
        title=title,
        text=text,
        url=url,
        dedupe_key=f"approval:{asked.id}:answer",
    )


def _record(
    verb: str, organization_id: UUID, account_id: UUID, approval_id: UUID, actor: Actor, **more: Any
) -> None:
    audit.record(
        f"messaging:approval:{verb}",
        actor=actor,
        organization_id=organization_id,
        account_id=account_id,
        subject_id=approval_id,
        **more,
    )


def _stored(draft: Draft) -> dict[str, Any]:
    return {
        "media": [m.stored() for m in draft.media],
        "send_at": draft.send_at.isoformat() if draft.send_at else None,
        "missing": draft.missing,
        "fallbacks": dict(draft.fallbacks),
        "over_limit": draft.over_limit,
    }


def _url(account_id: UUID, approval_id: UUID) -> str:
    return f"/accounts/{account_id}/approvals/{approval_id}"
