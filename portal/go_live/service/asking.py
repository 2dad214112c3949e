"""The row of going live: asked for, taken by one worker, answered piece by piece.

An answer stays until the next look at the same thing, with its time.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.core import audit, jobs
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.jobs import Job
from portal.core.settings import settings
from portal.go_live.models import ONLY, GoLive
from portal.go_live.queries import LEASE, LEFT_AFTER
from portal.go_live.values import Answer
from portal.mail import service as mail
from portal.mail.values import Outgoing

TIMEOUT_S: Final = int(LEASE.total_seconds())
INSTALLATION: Final = "installation"  # what is looked at, as jobs know it


@dataclass(frozen=True, slots=True)
class Claimed:
    """A look that this run does, and who asked for it."""

    run: int
    actor: Actor


def ask(*, actor: Actor) -> bool:
    """Ask for a look at all that lies outside; False: one is under way, and another adds nothing."""
    now = utcnow()
    _ensure_row()
    run = db.session.scalar(
        update(GoLive)
        .where(
            GoLive.id == ONLY,
            or_(
                GoLive.asked_at.is_(None),
                GoLive.settled_at.is_not(None),
                and_(GoLive.begun_at.is_(None), GoLive.asked_at < now - LEFT_AFTER),
                GoLive.begun_at < now - LEASE,
            ),
        )
        .values(
            run=GoLive.run + 1,
            asked_at=now,
            asked_by_id=actor.id,
            asked_by=actor.label,
            begun_at=None,
            settled_at=None,
        )
        .returning(GoLive.run)
        .execution_options(synchronize_session=False)
    )
    if run is None:
        return False
    audit.record("go-live:look:ask", actor=actor, organization_id=None)
    jobs.request(Job.LOOK_LIVE, INSTALLATION, timeout_s=TIMEOUT_S)
    return True


def claim() -> Claimed | None:
    """Take the look that was asked for; None when it ended, or another worker is at it."""
    now = utcnow()
    row = db.session.execute(
        update(GoLive)
        .where(
            GoLive.id == ONLY,
            GoLive.asked_at.is_not(None),
            GoLive.settled_at.is_(None),
            or_(GoLive.begun_at.is_(None), GoLive.begun_at < now - LEASE),
        )
        .values(begun_at=now)
        .returning(GoLive.run, GoLive.asked_by_id, GoLive.asked_by)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return None if row is None else Claimed(row.run, Actor(row.asked_by_id, row.asked_by))


def keep(run: int, name: str, answer: Answer) -> None:
    """Keep one answer of a look; an older look's comes too late."""
    row = _locked()
    if row is not None and row.run == run:
        row.answers = {**row.answers, name: answer.to_json()}


def settle(run: int) -> None:
    """End a look, unless a newer one took its place."""
    row = _locked()
    if row is not None and row.run == run:
        row.settled_at = utcnow()


def say_backed_up(*, actor: Actor) -> None:
    """Note that somebody made a backup and read it back: only people know."""
    _ensure_row()
    row = _locked()
    assert row is not None  # it was there, or has just been made
    row.backup_at, row.backup_by = utcnow(), actor.label
    audit.record("go-live:backup:confirm", actor=actor, organization_id=None)


def send_test_mail(to: str, nonce: str, *, user_id: UUID, actor: Actor) -> bool:
    """Mail a test to oneself; False: this form was sent before. Raises BadAddress, BadHeader."""
    key = f"go-live:{user_id}:{nonce}"
    is_new = mail.post(
        Outgoing(
            to=to,
            template="go_live",
            subject=f"Test mail from {settings().application_name}",
            key=key,
            context={"url": mail.address("/admin/go-live"), "by": actor.label},
            user_id=user_id,
        )
    )
    if not is_new:
        return False
    _ensure_row()
    row = _locked()
    assert row is not None  # it was there, or has just been made
    row.mail_key, row.mail_to = key, to
    audit.record("go-live:mail:send", actor=actor, organization_id=None, subject_id=user_id)
    return True


def _ensure_row() -> None:
    insert = (sqlite if is_sqlite() else postgresql).insert(GoLive)
    db.session.execute(insert.values(id=ONLY).on_conflict_do_nothing())


def _locked() -> GoLive | None:
    """Return the row; nobody else writes it until the commit."""
    return db.session.scalar(
        select(GoLive)
        .where(GoLive.id == ONLY)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
