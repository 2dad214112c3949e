"""Asking for reports by mail, and sending what is due, once a period (M-3, PROMISES 3.7)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update

from portal.core import audit, workbook
from portal.core.access import Me, Permission
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.exports.values import FileKind
from portal.mail import rules as mail_rules
from portal.mail import service as mail
from portal.mail.values import Attachment, Outgoing
from portal.people import queries as people
from portal.people.values import OrganizationRef
from portal.reports.queries import reports
from portal.reports.queries.reports import Asked
from portal.reports.rules import files, tables
from portal.reports.rules.periods import Period
from portal.reports.values import ReportName, Scope
from portal.schedules import queries, rules
from portal.schedules.errors import ReadersRefused, TooMany
from portal.schedules.models import ReportSchedule
from portal.schedules.values import MOST, MOST_READERS, Rhythm, ScheduleRef
from portal.texting_accounts import queries as accounts


def readers(organization_id: UUID, account_id: UUID | None, addresses: Sequence[str]) -> list[UUID]:
    """Return who has these e-mail addresses and may see the report. Raises ReadersRefused."""
    if len(addresses) > MOST_READERS:
        raise ReadersRefused(f"Name at most {MOST_READERS} people.")
    found = []
    for address in addresses:
        user = people.user_by_email(address)
        reader = people.person(user.id, organization_id) if user else None
        if reader is None:
            raise ReadersRefused(f"{address[:100]} is nobody here. Take the address out.")
        if _scope(reader, organization_id, account_id) is None:
            raise ReadersRefused(f"{address[:100]} may not see this report. Take the address out.")
        found.append(reader.user_id)
    return list(dict.fromkeys(found))


def make(
    organization: OrganizationRef,
    account_id: UUID | None,
    owner: Me,
    *,
    report: ReportName,
    rhythm: Rhythm,
    file_kind: FileKind,
    reader_ids: Sequence[UUID],
) -> None:
    """Have a report go by mail to these people, from its next time on. Raises TooMany."""
    if len(queries.schedules(organization.id, owner.user_id)) >= MOST:
        raise TooMany(f"You have {MOST} reports by mail. Stop one that is no longer read.")
    row = ReportSchedule(
        organization_id=organization.id,
        account_id=account_id,
        owner_id=owner.user_id,
        report=report,
        rhythm=rhythm,
        file_kind=file_kind,
        reader_ids=[str(id_) for id_ in reader_ids],
        next_at=rules.next_time(rhythm, utcnow(), organization.timezone),
    )
    db.session.add(row)
    db.session.flush()  # its entry names it
    _record("make", queries.ref(row), owner.actor)


def stop(schedule: ScheduleRef, *, actor: Actor) -> None:
    """Send this report no more; stopping it again is harmless."""
    gone = db.session.scalar(
        delete(ReportSchedule)
        .where(owned(Tenant(schedule.organization_id), ReportSchedule))
        .where(ReportSchedule.id == schedule.id)
        .returning(ReportSchedule.id)
    )
    if gone is not None:
        _record("stop", schedule, actor)


def send(schedule_id: UUID, now: datetime) -> int:
    """Write the mails of one report that is due; return how many.

    Once for each week or month, whoever runs it and how often: the next time is set with the
    mails, and a mail bears the period in its key. What was missed while nothing ran is not made
    up for; the newest period goes. Who may no longer see it gets none; with the owner it ends.
    """
    row = db.session.scalars(
        select(ReportSchedule)
        .where(ReportSchedule.id == schedule_id, ReportSchedule.next_at <= now)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        return 0
    schedule = queries.ref(row)
    organization = people.organization(schedule.organization_id)
    owner = people.person(schedule.owner_id, schedule.organization_id)
    assert organization is not None
    if owner is None or _scope(owner, organization.id, schedule.account_id) is None:
        stop(schedule, actor=SYSTEM)
        return 0
    period = rules.period_before(schedule.rhythm, now, organization.timezone)
    following = rules.next_time(schedule.rhythm, now, organization.timezone)
    db.session.execute(
        update(ReportSchedule).where(ReportSchedule.id == row.id).values(next_at=following)
    )
    return sum(_post(schedule, reader_id, owner, period, now) for reader_id in schedule.reader_ids)


def _post(schedule: ScheduleRef, reader_id: UUID, owner: Me, period: Period, now: datetime) -> bool:
    """Write one reader's mail, with what that reader may see. Says whether it is a new one."""
    reader = people.person(reader_id, schedule.organization_id)
    scope = _scope(reader, schedule.organization_id, schedule.account_id) if reader else None
    if reader is None or scope is None:
        return False
    report = reports.report(schedule.report, Asked(scope, period, now, is_whole=True))
    name = tables.NAMES[schedule.report]
    head = f"{name} of {scope.name}, {period.span.words}"
    stem = f"{schedule.report}-{period.span.first}-{period.span.last}"
    attached = (
        Attachment(f"{stem}.csv", "text/csv", files.as_csv(report, head).encode())
        if schedule.file_kind is FileKind.CSV
        else Attachment(f"{stem}.xlsx", workbook.MIMETYPE, files.as_workbook(report, head))
    )
    where = f"organizations/{schedule.organization_id}"
    if schedule.account_id:
        where = f"accounts/{schedule.account_id}"
    days = f"from={period.span.first}&to={period.span.last}"
    mine = mail.address(f"/organizations/{schedule.organization_id}/reports-by-mail")
    return mail.offer(
        Outgoing(
            to=reader.email,
            template="report",
            subject=mail_rules.one_line(head),
            key=f"report:{schedule.id}:{period.span.first}",
            context={
                "head": head,
                "tiles": [
                    (tile.label, f"{tile.value} {tile.unit}".strip()) for tile in report.tiles
                ],
                "url": mail.address(f"/{where}/reports/{schedule.report}?{days}"),
                "owner": owner.name,
                "is_own": owner.user_id == reader.user_id,
                "settings_url": mine,
            },
            organization_id=schedule.organization_id,
            user_id=reader.user_id,
            zone=scope.zone,
            attachments=(attached,),
        )
    )


def _scope(reader: Me, organization_id: UUID, account_id: UUID | None) -> Scope | None:
    """Return what of a report somebody may see; None: nothing."""
    organization = people.organization(organization_id)
    if organization is None or not reader.may(Permission.VIEW_CREDITS):
        return None
    if account_id is None:
        reached = accounts.accounts_for(reader.user_id, organization_id, reader.role)
        return Scope(
            organization_id, organization.name, organization.timezone, tuple(reached), is_one=False
        )
    account = accounts.account(account_id)
    if account is None or account.organization_id != organization_id:
        return None
    if not accounts.reaches(reader.user_id, reader.role, account):
        return None
    return Scope(organization_id, organization.name, account.timezone, (account,), is_one=True)


def _record(verb: str, schedule: ScheduleRef, actor: Actor) -> None:
    audit.record(
        f"schedules:report:{verb}",
        actor=actor,
        organization_id=schedule.organization_id,
        account_id=schedule.account_id,
        subject_id=schedule.id,
        report=schedule.report,
        rhythm=schedule.rhythm.value,
        readers=len(schedule.reader_ids),
    )
