"""Pausing, resuming and ending people's places in plans, and whole plans (P-1, Q-2, H-8).

Whatever has not left of a place that pauses is held with it, and of one that ends is canceled, in
the same unit of work. Places are locked before their texts, after the number (RULINGS 6).
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update

from portal.contacts import queries as contacts
from portal.core import audit, clock
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.reasons import reason_of
from portal.core.tenancy import Tenant, owned
from portal.drips.errors import DripArchived
from portal.drips.models import Drip, DripEnrolment
from portal.drips.models.enrolments import LIVE
from portal.drips.queries import library
from portal.drips.rules import timing
from portal.drips.service import counting
from portal.drips.values import (
    BECAUSE_WORDS,
    Because,
    DripRef,
    DripState,
    EnrolmentState,
    OnReply,
)
from portal.messaging.service import following
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_AT_ONCE: Final = 500
_CANCELED: Final = "Their plan ended before it left: {why}."
_HELD: Final = "The plan is paused for this person: {why}."
_PLAN_HELD: Final = "The plan is paused."


def pause(tenant: Tenant, enrolment_ids: Sequence[UUID], *, actor: Actor) -> int:
    """Keep people where they are in a plan until somebody resumes it; return for how many.

    Who is paused, done or ended stays so.
    """
    rows = _locked(tenant, DripEnrolment.id.in_(enrolment_ids))
    return len(_pause([row for row in rows if _is_active(row)], Because.BY_HAND, actor))


def resume(tenant: Tenant, enrolment_ids: Sequence[UUID], *, actor: Actor) -> int:
    """Let paused people go on with their next step, at its own time of day; return how many.

    What was held goes on first, through every gate.
    """
    rows = [
        row
        for row in _locked(tenant, DripEnrolment.id.in_(enrolment_ids))
        if row.state is EnrolmentState.PAUSED
    ]
    for row in rows:
        row.state, row.because = EnrolmentState.ACTIVE, None
    _free_texts(_go_on(tenant, rows))
    _record("resume", rows, actor)
    return len(rows)


def remove(tenant: Tenant, enrolment_ids: Sequence[UUID], *, actor: Actor) -> int:
    """Take people out of a plan for good; what has not left is canceled. Returns how many."""
    rows = _locked(tenant, DripEnrolment.id.in_(enrolment_ids))
    return len(_end(rows, Because.BY_HAND, actor))


def pause_drip(organization_id: UUID, drip_id: UUID, *, reason: str, actor: Actor) -> int:
    """Stop a whole plan, in every account, until somebody resumes it; return for how many people.

    Nothing of it leaves, and its waiting texts are held. People may be enrolled meanwhile; they
    begin when it goes on. Again is harmless. Raises BadInput without a reason, NotFound, or
    DripArchived.
    """
    reason = reason_of(reason)
    drip = library.drip_of(organization_id, drip_id)
    if drip.state is DripState.ARCHIVED:
        raise DripArchived
    if drip.state is DripState.PAUSED:
        return 0
    _set_drip(drip, DripState.PAUSED, reason, actor)
    rows = _locked(Tenant(organization_id), DripEnrolment.drip_id == drip_id)
    for row in rows:
        row.look_at = None
    db.session.flush()
    _hold_texts(rows, _PLAN_HELD)
    _record_drip("pause", drip, actor, reason=reason, people=len(rows))
    return len(rows)


def resume_drip(organization_id: UUID, drip_id: UUID, *, reason: str, actor: Actor) -> int:
    """Let a paused plan go on; return for how many people. Who is paused by themselves stays so.

    Raises BadInput without a reason, NotFound, or DripArchived.
    """
    reason = reason_of(reason)
    drip = library.drip_of(organization_id, drip_id)
    if drip.state is DripState.ARCHIVED:
        raise DripArchived
    if drip.state is DripState.ACTIVE:
        return 0
    _set_drip(drip, DripState.ACTIVE, "", actor)
    whole = Tenant(organization_id)
    rows = _locked(whole, DripEnrolment.drip_id == drip_id)
    active = [row for row in rows if _is_active(row)]
    _free_texts(_go_on(whole, active))
    _record_drip("resume", drip, actor, reason=reason, people=len(active))
    return len(active)


def end_all(organization_id: UUID, drip_id: UUID, because: Because, *, actor: Actor) -> int:
    """End a plan for everybody in it; return for how many."""
    rows = _locked(Tenant(organization_id), DripEnrolment.drip_id == drip_id)
    return len(_end(rows, because, actor))


def end_account(account: AccountRef, actor: Actor) -> int:
    """End every plan for the people of an account; return for how many."""
    return len(_end(_locked(account.tenant), Because.ACCOUNT_CLOSED, actor))


def lock_places(organization_id: UUID, account_ids: Collection[UUID]) -> None:
    """Lock everybody's places in plans of some accounts, before any of their texts (RULINGS 6)."""
    _locked(Tenant(organization_id), DripEnrolment.account_id.in_(list(account_ids)))


def lock_places_of(organization_id: UUID, e164s: Sequence[str]) -> None:
    """Lock the places in plans of numbers that are about to opt out, before any of their texts."""
    _locked(Tenant(organization_id), DripEnrolment.e164.in_(e164s))


def pause_account(account: AccountRef, actor: Actor) -> int:
    """Keep everybody of an account where they are in their plans; return for how many."""
    rows = [row for row in _locked(account.tenant) if _is_active(row)]
    return len(_pause(rows, Because.BY_HAND, actor))


def remove_all(account: AccountRef, actor: Actor) -> int:
    """Take everybody of an account out of their plans for good; return how many."""
    return len(_end(_locked(account.tenant), Because.BY_HAND, actor))


def opted_out(tenant: Tenant, e164s: Sequence[str], actor: Actor) -> None:
    """End the plans of numbers that opted out, in every account of the organization (Q-2).

    Their opt-in again does not bring them back: somebody has to enrol them anew (Q-1).
    """
    whole = Tenant(tenant.organization_id)
    rows = _locked(whole, DripEnrolment.e164.in_(e164s))
    for row in rows:
        if row.account_id == tenant.account_id:
            _count(row, opt_outs=1)
    _end(rows, Because.OPTED_OUT, actor)


def found_opted_out(rows: Sequence[DripEnrolment], actor: Actor) -> None:
    """End the plan for people whose step met an opt-out that came as they were enrolled (Q-2)."""
    _end(rows, Because.OPTED_OUT, actor)


def replied(tenant: Tenant, e164: str, actor: Actor) -> None:
    """Pause or end the plans of somebody who wrote, from any number of theirs, as each chooses (P-1)."""
    theirs = DripEnrolment.e164 == e164
    if (person := contacts.names_by_numbers(tenant, [e164]).get(e164)) is not None:
        theirs = or_(theirs, DripEnrolment.contact_id == person[0])
    rows = [row for row in _locked(tenant, theirs) if _is_active(row)]
    chosen = _on_reply(rows)
    for row in rows:
        _count(row, replies=1)
    _pause([r for r in rows if chosen[r.drip_id] is OnReply.PAUSE], Because.REPLY, actor)
    _end([r for r in rows if chosen[r.drip_id] is OnReply.END], Because.REPLY, actor)


def removing(tenant: Tenant, contact_ids: Sequence[UUID]) -> None:
    """Cancel what plans still have to send to people who are being removed from the book.

    Their places in plans go with them.
    """
    for start in range(0, len(contact_ids), _AT_ONCE):
        some = contact_ids[start : start + _AT_ONCE]
        rows = _locked(tenant, DripEnrolment.contact_id.in_(some))
        _cancel_texts(rows, "they were removed from the contacts")


def _pause(rows: Sequence[DripEnrolment], because: Because, actor: Actor) -> Sequence[Any]:
    for row in rows:
        row.state, row.because, row.look_at = EnrolmentState.PAUSED, because, None
    db.session.flush()
    _hold_texts(rows, _HELD.format(why=BECAUSE_WORDS[because]))
    _record("pause", rows, actor, because=because)
    return rows


def _end(rows: Sequence[DripEnrolment], because: Because, actor: Actor) -> Sequence[Any]:
    now = clock.utcnow()
    for row in rows:
        row.state, row.because, row.ended_at = EnrolmentState.ENDED, because, now
        row.look_at = row.due_at = row.next_step_id = None
        row.waits_for = row.waits_words = ""
    db.session.flush()
    _cancel_texts(rows, BECAUSE_WORDS[because])
    _record("end", rows, actor, because=because)
    return rows


def _locked(tenant: Tenant, *which: ColumnElement[bool]) -> list[DripEnrolment]:
    """Return live places in plans, locked in one order everywhere."""
    return list(
        db.session.scalars(
            select(DripEnrolment)
            .where(LIVE, owned(tenant, DripEnrolment), *which)
            .order_by(DripEnrolment.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def _is_active(row: DripEnrolment) -> bool:
    return row.state is EnrolmentState.ACTIVE


def _go_on(tenant: Tenant, rows: Sequence[DripEnrolment]) -> list[DripEnrolment]:
    """Time the next step of people anew; return those whose plan runs.

    A step whose time is past goes at its time of day again (S-11).
    """
    now = clock.utcnow()
    steps = library.steps_of(tenant.organization_id, {row.version_id for row in rows})
    known = {step.id: step for some in steps.values() for step in some}
    zones = {id_: _zone(id_) for id_ in {row.account_id for row in rows}}
    running = _running(tenant.organization_id, {row.drip_id for row in rows})
    for row in rows:
        step = known.get(row.next_step_id)  # None: only its newest text has to leave
        if step is not None:
            row.due_at = timing.next_due(step, row.started_at, zones[row.account_id], now)
        row.look_at = (row.due_at or now) if row.drip_id in running else None
    db.session.flush()
    return [row for row in rows if row.drip_id in running]


def _zone(account_id: UUID) -> str:
    account = accounts.account(account_id)
    assert account is not None  # the place is one of an account
    return account.timezone


def _running(organization_id: UUID, drip_ids: set[UUID]) -> set[UUID]:
    return set(
        db.session.scalars(
            select(Drip.id).where(
                owned(Tenant(organization_id), Drip),
                Drip.id.in_(drip_ids),
                Drip.state == DripState.ACTIVE,
            )
        )
    )


def _on_reply(rows: Sequence[DripEnrolment]) -> dict[UUID, OnReply]:
    if not rows:
        return {}
    found = db.session.execute(
        select(Drip.id, Drip.on_reply).where(
            owned(Tenant(rows[0].organization_id), Drip),
            Drip.id.in_({row.drip_id for row in rows}),
        )
    )
    return {row.id: row.on_reply for row in found}


def _hold_texts(rows: Sequence[DripEnrolment], sentence: str) -> None:
    for tenant, text_ids in _texts(rows):
        following.hold(tenant, text_ids, sentence)


def _free_texts(rows: Sequence[DripEnrolment]) -> None:
    for tenant, text_ids in _texts(rows):
        following.let_go(tenant, text_ids)


def _cancel_texts(rows: Sequence[DripEnrolment], why: str) -> None:
    for tenant, text_ids in _texts(rows):
        following.cancel(tenant, text_ids, _CANCELED.format(why=why))


def _texts(rows: Sequence[DripEnrolment]) -> list[tuple[Tenant, list[UUID]]]:
    """Return the newest texts of places, by account and some at a time: earlier ones have left."""
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for row in rows:
        if row.last_text_id is not None:
            found[row.account_id].append(row.last_text_id)
    return [
        (Tenant(rows[0].organization_id, account_id), text_ids[start : start + _AT_ONCE])
        for account_id, text_ids in sorted(found.items())
        for start in range(0, len(text_ids), _AT_ONCE)
    ]


def _count(row: DripEnrolment, *, replies: int = 0, opt_outs: int = 0) -> None:
    """Lay what a person did to the step they had last."""
    if row.last_step_id is not None:
        counting.count(
            row.organization_id, row.account_id, row.drip_id, row.last_step_id,
            replies=replies, opt_outs=opt_outs,
        )  # fmt: skip


def _set_drip(drip: DripRef, state: DripState, reason: str, actor: Actor) -> None:
    db.session.execute(
        update(Drip)
        .where(owned(drip.tenant, Drip), Drip.id == drip.id)
        .values(
            state=state,
            state_reason=reason,
            edits=Drip.edits + 1,
            changed_at=clock.utcnow(),
            changed_by=actor.label[:200],
        )
        .execution_options(synchronize_session=False)
    )


def _record_drip(verb: str, drip: DripRef, actor: Actor, **said: Any) -> None:
    audit.record(
        f"drips:drip:{verb}",
        actor=actor,
        organization_id=drip.organization_id,
        subject_id=drip.id,
        **said,
    )


def _record(verb: str, rows: Sequence[DripEnrolment], actor: Actor, **said: Any) -> None:
    """Log what became of people's places, an entry for each account and plan."""
    found: dict[tuple[UUID, UUID], list[str]] = defaultdict(list)
    for row in rows:
        found[row.account_id, row.drip_id].append(str(row.contact_id))
    for (account_id, drip_id), people in sorted(found.items()):
        audit.record(
            f"drips:enrolment:{verb}",
            actor=actor,
            organization_id=rows[0].organization_id,
            account_id=account_id,
            subject_id=drip_id,
            people=len(people),
            **({"contact": people[0]} if len(people) == 1 else {}),
            **said,
        )
