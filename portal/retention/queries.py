"""Reading erasures, holds, terms, sweeps and checks."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from portal.core import formats
from portal.core.db import db
from portal.core.errors import NotFound
from portal.retention.models import (
    Erasure,
    LegalHold,
    ReassignedCheck,
    RetentionPolicy,
    RetentionSweep,
)
from portal.retention.rules import days_of
from portal.retention.values import ErasureRef, HoldRef, Policy, ReassignedRef, SweepRef

_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Held:
    """What legal holds keep: everything of an organization, or some numbers."""

    everything: bool
    numbers: frozenset[str]

    def keeps(self, e164: str) -> bool:
        """Say whether a number may not be touched."""
        return self.everything or e164 in self.numbers

    @property
    def is_any(self) -> bool:
        """Say whether anything is held."""
        return self.everything or bool(self.numbers)


def held(organization_id: UUID) -> Held:
    """Return what is held now."""
    found = set(
        db.session.scalars(
            select(LegalHold.e164).where(
                LegalHold.organization_id == organization_id, LegalHold.released_at.is_(None)
            )
        )
    )
    return Held(None in found, frozenset(each for each in found if each is not None))


def holds(organization_id: UUID) -> list[HoldRef]:
    """Return legal holds, those that stand first."""
    rows = db.session.scalars(
        select(LegalHold)
        .where(LegalHold.organization_id == organization_id)
        .order_by(LegalHold.released_at.is_not(None), LegalHold.set_at.desc())
        .limit(_SHOWN)
    )
    return [_hold(row) for row in rows]


def hold_or_404(organization_id: UUID, hold_id: UUID) -> HoldRef:
    """Return one hold. Raises NotFound."""
    row = db.session.scalars(
        select(LegalHold).where(
            LegalHold.organization_id == organization_id, LegalHold.id == hold_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound("We can't find that hold.")
    return _hold(row)


def erasures(organization_id: UUID) -> list[ErasureRef]:
    """Return requests to be forgotten, the newest first."""
    rows = db.session.scalars(
        select(Erasure)
        .where(Erasure.organization_id == organization_id)
        .order_by(Erasure.requested_at.desc())
        .limit(_SHOWN)
    )
    return [_erasure(row) for row in rows]


def erasure_or_404(organization_id: UUID, erasure_id: UUID) -> ErasureRef:
    """Return one request. Raises NotFound."""
    row = db.session.scalars(
        select(Erasure).where(Erasure.organization_id == organization_id, Erasure.id == erasure_id)
    ).one_or_none()
    if row is None:
        raise NotFound("We can't find that request.")
    return _erasure(row)


def policy(organization_id: UUID, on: date) -> Policy:
    """Return the terms that hold on a day."""
    row = db.session.scalars(
        select(RetentionPolicy)
        .where(RetentionPolicy.organization_id == organization_id, RetentionPolicy.valid_from <= on)
        .order_by(RetentionPolicy.valid_from.desc(), RetentionPolicy.set_at.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return Policy(None, days_of({}))
    return Policy(row.valid_from, days_of(row.days), row.set_by)


def sweeps(organization_id: UUID) -> list[SweepRef]:
    """Return sweeps, the newest first."""
    rows = db.session.scalars(
        select(RetentionSweep)
        .where(RetentionSweep.organization_id == organization_id)
        .order_by(RetentionSweep.started_at.desc())
        .limit(10)
    )
    return [_sweep(row) for row in rows]


def sweep_or_404(organization_id: UUID, sweep_id: UUID) -> SweepRef:
    """Return one sweep. Raises NotFound."""
    row = db.session.scalars(
        select(RetentionSweep).where(
            RetentionSweep.organization_id == organization_id, RetentionSweep.id == sweep_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound("We can't find that report.")
    return _sweep(row)


def reassigned_checks(organization_id: UUID) -> list[ReassignedRef]:
    """Return answers that were taken in, the newest first."""
    rows = db.session.scalars(
        select(ReassignedCheck)
        .where(ReassignedCheck.organization_id == organization_id)
        .order_by(ReassignedCheck.at.desc())
        .limit(_SHOWN)
    )
    return [
        ReassignedRef(
            row.id, row.file_name, row.checked, row.hits, row.no_data, row.unknown, row.by, row.at
        )
        for row in rows
    ]


def _erasure(row: Erasure) -> ErasureRef:
    return ErasureRef(
        id=row.id,
        organization_id=row.organization_id,
        shown=formats.phone(row.e164) if row.e164 else f"number ending in {row.last_digits}",
        e164=row.e164,
        reason=row.reason,
        evidence=row.evidence,
        state=row.state,
        report=row.report,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        erased_by=row.erased_by,
        erased_at=row.erased_at,
    )


def _hold(row: LegalHold) -> HoldRef:
    return HoldRef(
        row.id, row.e164, row.reason, row.set_by, row.set_at, row.release_reason,
        row.release_asked_by_id, row.release_asked_by, row.release_asked_at,
        row.released_by, row.released_at,
    )  # fmt: skip


def _sweep(row: RetentionSweep) -> SweepRef:
    return SweepRef(row.id, row.is_dry, row.started_at, row.finished_at, row.counts)
