"""Taking away what is kept longer than its term (C-10, C-11), never what a hold keeps.

A batch a call, so that nobody waits long and a process may die anywhere: what is done is done,
and the next call goes on with the rest.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import select

from portal.consent.service import forgetting as consents
from portal.contacts.service import forgetting as people
from portal.core import audit, erasing
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.messaging.service import forgetting as texts
from portal.notifications import service as notifications
from portal.retention import queries
from portal.retention.errors import TermRefused
from portal.retention.models import RetentionPolicy, RetentionSweep
from portal.retention.queries import Held
from portal.retention.rules import cutoff, days_of, why_term_fails
from portal.retention.values import Keeping

_BATCH: Final = 500


def set_terms(organization_id: UUID, days: dict[Keeping, int], *, actor: Actor) -> None:
    """Let new terms hold from today on. Raises TermRefused for one shorter than law."""
    for kind, count in days.items():
        if wrong := why_term_fails(kind, count):
            raise TermRefused(wrong)
    before = queries.policy(organization_id, utcnow().date()).days
    chosen = {
        kind.value: count for kind, count in days_of({k.value: v for k, v in days.items()}).items()
    }
    db.session.add(
        RetentionPolicy(
            organization_id=organization_id,
            valid_from=utcnow().date(),
            days=chosen,
            set_by=actor.label,
        )
    )
    audit.record(
        "retention:policy:set",
        actor=actor,
        organization_id=organization_id,
        days=chosen,
        before={kind.value: count for kind, count in before.items()},
    )


def begin(organization_id: UUID) -> UUID:
    """Begin a sweep, or go on with one that a dead process left; return its id."""
    left = db.session.scalar(
        select(RetentionSweep.id).where(
            RetentionSweep.organization_id == organization_id,
            RetentionSweep.is_dry.is_(False),
            RetentionSweep.finished_at.is_(None),
        )
    )
    if left is not None:
        return left
    row = RetentionSweep(id=uuid4(), organization_id=organization_id, is_dry=False, counts={})
    db.session.add(row)
    return row.id


def step(sweep_id: UUID) -> int:
    """Do one batch of a sweep; 0 says that nothing is left."""
    row = _locked(sweep_id)
    held = queries.held(row.organization_id)
    if held.everything:
        return 0
    terms = queries.policy(row.organization_id, utcnow().date()).days
    for kind, work in _WORKS.items():
        before = cutoff(utcnow(), terms[kind])
        done = work(row.organization_id, before, held, False)
        if done:
            row.counts = {**row.counts, kind.value: row.counts.get(kind.value, 0) + done}
            return done
    return 0


def finish(sweep_id: UUID) -> int:
    """End a sweep and write what it did into the audit log; return how much that was."""
    row = _locked(sweep_id)
    if row.finished_at is None:
        row.finished_at = utcnow()
        if row.counts:
            audit.record(
                "retention:sweep:finish",
                actor=SYSTEM,
                organization_id=row.organization_id,
                subject_id=row.id,
                counts=row.counts,
            )
    return sum(row.counts.values())


def dry_run(organization_id: UUID, *, actor: Actor) -> UUID:
    """Count what the next sweep would take; nothing is taken (C-10)."""
    held = queries.held(organization_id)
    terms = queries.policy(organization_id, utcnow().date()).days
    counts = {}
    if not held.everything:
        for kind, work in _WORKS.items():
            counts[kind.value] = work(organization_id, cutoff(utcnow(), terms[kind]), held, True)
    row = RetentionSweep(
        id=uuid4(),
        organization_id=organization_id,
        is_dry=True,
        counts=counts,
        finished_at=utcnow(),
    )
    db.session.add(row)
    audit.record(
        "retention:sweep:report",
        actor=actor,
        organization_id=organization_id,
        subject_id=row.id,
        counts=counts,
    )
    return row.id


def _locked(sweep_id: UUID) -> RetentionSweep:
    return db.session.scalars(
        select(RetentionSweep)
        .where(RetentionSweep.id == sweep_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


Work = Callable[[UUID, datetime, Held, bool], int]


def _records(*, opt_outs: bool) -> Work:
    def work(organization_id: UUID, before: datetime, held: Held, is_dry: bool) -> int:
        found, after = 0, None
        while True:
            page = consents.due_records(
                organization_id, before=before, opt_outs=opt_outs, after=after, limit=_BATCH
            )
            busy = texts.texted_since(organization_id, {e164 for _, e164 in page}, before)
            due = [id_ for id_, e164 in page if e164 not in busy and not held.keeps(e164)]
            if due and not is_dry:
                return consents.redact_records(organization_id, due)
            found += len(due)
            if len(page) < _BATCH:
                return found
            after = page[-1][0]

    return work


def _texts(organization_id: UUID, before: datetime, held: Held, is_dry: bool) -> int:
    return sum(
        texts.erase_words(
            organization_id, before=before, but=held.numbers, is_dry=is_dry, limit=_BATCH
        ).values()
    )


def _steps(organization_id: UUID, before: datetime, held: Held, is_dry: bool) -> int:
    return texts.erase_steps(
        organization_id, before=before, but=held.numbers, is_dry=is_dry, limit=_BATCH
    )


def _unless_held(work: Callable[[UUID, datetime, bool], int]) -> Work:
    """Do nothing while anything is held: whose number is meant can't be told here."""

    def guarded(organization_id: UUID, before: datetime, held: Held, is_dry: bool) -> int:
        return 0 if held.is_any else work(organization_id, before, is_dry)

    return guarded


def _callbacks(organization_id: UUID, before: datetime, is_dry: bool) -> int:
    return texts.forget_callbacks(organization_id, before=before, is_dry=is_dry, limit=_BATCH)


def _views(organization_id: UUID, before: datetime, is_dry: bool) -> int:
    found = erasing.views_before(organization_id, before, limit=None if is_dry else _BATCH)
    return len(found) if is_dry else audit.redact(organization_id, found)


def _uploads(organization_id: UUID, before: datetime, is_dry: bool) -> int:
    due = people.finished_imports(organization_id, before=before)
    return people.remove_files(organization_id, due[:_BATCH], is_dry=is_dry)


def _drafts(organization_id: UUID, before: datetime, is_dry: bool) -> int:
    return texts.forget_drafts(organization_id, before=before, is_dry=is_dry, limit=_BATCH)


def _notices(organization_id: UUID, before: datetime, is_dry: bool) -> int:
    return notifications.forget_old(organization_id, before=before, is_dry=is_dry, limit=_BATCH)


_WORKS: Final[dict[Keeping, Work]] = {
    Keeping.CONSENT: _records(opt_outs=False),
    Keeping.OPT_OUTS: _records(opt_outs=True),
    Keeping.TEXTS: _texts,
    Keeping.STEPS: _steps,
    Keeping.CALLBACKS: _unless_held(_callbacks),
    Keeping.VIEWS: _unless_held(_views),
    Keeping.UPLOADS: _unless_held(_uploads),
    Keeping.DRAFTS: _unless_held(_drafts),
    Keeping.NOTICES: _unless_held(_notices),
}
