"""Levels of the lint as they hold, and blocked texts that were asked about (H-1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import func, select

from portal.compliance.rules.lint import Level
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import LintLevel, LintReview
from portal.messaging.rules.linted import LEVELS, ReviewState

SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class LevelRef:
    """One level somebody set, and why."""

    rule: str
    level: str
    reason: str
    set_at: datetime
    set_by: str


@dataclass(frozen=True, slots=True)
class ReviewRef:
    """One blocked text, and what an officer said of it."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    body: str
    findings: Sequence[dict[str, Any]]
    state: ReviewState
    asked_at: datetime
    asked_by_id: UUID | None
    asked_by: str
    decided_at: datetime | None
    decided_by: str
    reason: str


_REVIEW: Final = tuple(getattr(LintReview, name) for name in ReviewRef.__dataclass_fields__)


def level_history(organization_id: UUID) -> list[LevelRef]:
    """Return every level that was set, oldest first."""
    columns = (getattr(LintLevel, name) for name in LevelRef.__dataclass_fields__)
    rows = db.session.execute(
        select(*columns)
        .where(LintLevel.organization_id == organization_id)
        .order_by(LintLevel.set_at, LintLevel.id)
    )
    return [LevelRef(*row) for row in rows]


def levels(organization_id: UUID) -> dict[str, Level]:
    """Return the levels that differ from the defaults now, by rule."""
    newest = {row.rule: row.level for row in level_history(organization_id)}
    return {rule: cast(Level, level) for rule, level in newest.items() if level in LEVELS}


def is_released(tenant: Tenant, body_hash: str) -> bool:
    """Say whether an officer let exactly these words go from this account."""
    found = db.session.scalar(
        select(LintReview.id).where(
            owned(tenant, LintReview),
            LintReview.body_hash == body_hash,
            LintReview.state == ReviewState.RELEASED,
        )
    )
    return found is not None


def review_of(tenant: Tenant, body_hash: str) -> ReviewRef | None:
    """Return what became of these words in this account."""
    row = db.session.execute(
        select(*_REVIEW).where(owned(tenant, LintReview), LintReview.body_hash == body_hash)
    ).one_or_none()
    return ReviewRef(*row) if row else None


def review_or_404(organization_id: UUID, review_id: UUID) -> ReviewRef:
    """Return one blocked text of an organization. Raises NotFound."""
    row = db.session.execute(
        select(*_REVIEW).where(
            LintReview.organization_id == organization_id, LintReview.id == review_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound("We can't find that text.")
    return ReviewRef(*row)


def reviews(organization_id: UUID, *, is_open: bool) -> list[ReviewRef]:
    """Return blocked texts that wait for an officer, oldest first, or what was decided last."""
    r = LintReview
    found = select(*_REVIEW).where(r.organization_id == organization_id)
    if is_open:
        found = found.where(r.state == ReviewState.ASKED).order_by(r.asked_at, r.id)
    else:
        found = found.where(r.state != ReviewState.ASKED).order_by(r.decided_at.desc(), r.id)
    return [ReviewRef(*row) for row in db.session.execute(found.limit(SHOWN))]


def open_reviews(organization_id: UUID) -> int:
    """Return how many blocked texts wait for an officer."""
    wanted = select(func.count()).where(
        LintReview.organization_id == organization_id, LintReview.state == ReviewState.ASKED
    )
    return db.session.scalar(wanted) or 0
