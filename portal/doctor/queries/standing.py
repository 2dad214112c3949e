"""What stood at the last visits."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from portal.core.clock import utcnow
from portal.core.db import db
from portal.doctor.models import StoredFinding, Visit
from portal.doctor.values import Finding, Invariant, KeptFinding, Scope
from portal.people import queries as people
from portal.texting_accounts import queries as accounts


def scopes() -> list[Scope]:
    """Return everything there is to look at: each account, each audit chain."""
    found = [Scope(None)]
    for organization in people.organizations():
        found.append(Scope(organization.id))
        found += [
            Scope(organization.id, account.id)
            for account in accounts.of_organization(organization.id)
        ]
    return found


def kept_findings(organization_id: UUID | None = None, limit: int = 50) -> list[KeptFinding]:
    """Return findings that stand, newest first: an organization's, or without one all."""
    wanted = select(StoredFinding).order_by(StoredFinding.found_at.desc(), StoredFinding.id)
    if organization_id is not None:
        wanted = wanted.where(StoredFinding.organization_id == organization_id)
    return [
        KeptFinding(
            row.id,
            Finding(
                row.invariant,
                row.check,
                row.organization_id,
                row.account_id,
                row.subject,
                row.sentence,
                row.advice,
            ),
            row.found_at,
        )
        for row in db.session.scalars(wanted.limit(limit))
    ]


def findings_by_invariant() -> dict[str, int]:
    """Return how many findings stand for each promise, none included."""
    counts = {invariant.value: 0 for invariant in Invariant}
    for invariant, count in db.session.execute(
        select(StoredFinding.invariant, func.count()).group_by(StoredFinding.invariant)
    ):
        counts[invariant.value] = count
    return counts


def age_of_oldest_visit() -> dict[str, float]:
    """Return how many seconds ago the scope that waits longest was visited; empty before that."""
    oldest = last_round()
    return {"all": (utcnow() - oldest).total_seconds()} if oldest else {}


def last_round() -> datetime | None:
    """Return since when everything has been visited; None before the first visit."""
    return db.session.scalar(select(func.min(Visit.visited_at)))
