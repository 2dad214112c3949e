"""What is known about reports that go by mail."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned
from portal.schedules.models import ReportSchedule
from portal.schedules.values import ScheduleRef


def schedules(organization_id: UUID, owner_id: UUID) -> list[ScheduleRef]:
    """Return what a person has asked for in an organization, the oldest first."""
    rows = db.session.scalars(
        select(ReportSchedule)
        .where(owned(Tenant(organization_id), ReportSchedule), ReportSchedule.owner_id == owner_id)
        .order_by(ReportSchedule.created_at, ReportSchedule.id)
    )
    return [ref(row) for row in rows]


def schedule_or_404(organization_id: UUID, owner_id: UUID, schedule_id: UUID) -> ScheduleRef:
    """Return one of a person's own. Raises NotFound."""
    found = [s for s in schedules(organization_id, owner_id) if s.id == schedule_id]
    if not found:
        raise NotFound("We can't find that report by mail.")
    return found[0]


def due(now: datetime, after: UUID | None = None, limit: int = 100) -> list[UUID]:
    """Return some that are to go now, by id, those after a given one."""
    s = ReportSchedule
    wanted = select(s.id).where(s.next_at <= now).order_by(s.id).limit(limit)
    return list(db.session.scalars(wanted if after is None else wanted.where(s.id > after)))


def ref(row: ReportSchedule) -> ScheduleRef:
    """Return a row as others may hold it."""
    return ScheduleRef(
        row.id,
        row.organization_id,
        row.account_id,
        row.owner_id,
        row.report,
        row.rhythm,
        row.file_kind,
        tuple(UUID(id_) for id_ in row.reader_ids),
        row.next_at,
    )
