"""What is known of checked pages."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned
from portal.site_checks import rules
from portal.site_checks.models import CheckedPage, PageCheck
from portal.site_checks.values import CheckRef, CheckState, PageRef, Snapshot

LEASE: Final = timedelta(seconds=60)  # a worker that took longer has died
SHOWN: Final = 100


def pages(tenant: Tenant) -> list[PageRef]:
    """Return the account's pages with their newest checks, the one asked for last first."""
    rows = db.session.scalars(
        select(CheckedPage).where(owned(tenant, CheckedPage)).order_by(CheckedPage.created_at)
    ).all()
    newest = _newest(tenant)
    found = [_page(row, newest.get(row.id)) for row in rows]
    found.sort(key=lambda page: page.latest.asked_at.timestamp() if page.latest else 0.0)
    return found[::-1]


def page_or_404(tenant: Tenant, page_id: UUID) -> PageRef:
    """Return a page of the account. Raises NotFound."""
    row = db.session.scalar(
        select(CheckedPage)
        .where(owned(tenant, CheckedPage), CheckedPage.id == page_id)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("We can't find that page.")
    history = checks_of(tenant, page_id, 1)
    return _page(row, history[0] if history else None)


def check_or_404(tenant: Tenant, check_id: UUID) -> CheckRef:
    """Return a check of the account. Raises NotFound."""
    row = db.session.scalar(
        select(PageCheck)
        .where(owned(tenant, PageCheck), PageCheck.id == check_id)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("We can't find that check.")
    return _check(row)


def checks_of(tenant: Tenant, page_id: UUID, limit: int = SHOWN) -> list[CheckRef]:
    """Return the checks of a page, newest first."""
    rows = db.session.scalars(
        select(PageCheck)
        .where(owned(tenant, PageCheck), PageCheck.page_id == page_id)
        .order_by(PageCheck.asked_at.desc(), PageCheck.id.desc())
        .limit(limit)
    )
    return [_check(row) for row in rows]


def left_behind(now: datetime) -> Sequence[UUID]:
    """Return checks of every account that no worker is at."""
    return db.session.scalars(
        select(PageCheck.id).where(
            PageCheck.finished_at.is_(None),
            PageCheck.started_at.is_(None) | (PageCheck.started_at < now - LEASE),
        )
    ).all()


def due_pages(now: datetime) -> Sequence[UUID]:
    """Return watched pages of every account whose week is over."""
    return db.session.scalars(
        select(CheckedPage.id)
        .where(CheckedPage.is_watched, CheckedPage.next_check_at <= now)
        .order_by(CheckedPage.next_check_at)
    ).all()


def _newest(tenant: Tenant) -> dict[UUID, CheckRef]:
    place = func.row_number().over(
        partition_by=PageCheck.page_id, order_by=(PageCheck.asked_at.desc(), PageCheck.id.desc())
    )
    ranked = select(PageCheck.id, place.label("place")).where(owned(tenant, PageCheck)).subquery()
    rows = db.session.scalars(
        select(PageCheck).join(ranked, ranked.c.id == PageCheck.id).where(ranked.c.place == 1)
    )
    return {row.page_id: _check(row) for row in rows}


def _page(row: CheckedPage, latest: CheckRef | None) -> PageRef:
    return PageRef(
        row.id, row.url, row.is_watched, row.next_check_at if row.is_watched else None, latest
    )


def _check(row: PageCheck) -> CheckRef:
    snapshot = None
    if row.snapshot_name and row.snapshot_sha256:
        snapshot = Snapshot(row.snapshot_name, row.snapshot_sha256, row.snapshot_size or 0)
    return CheckRef(
        id=row.id,
        organization_id=row.organization_id,
        account_id=row.account_id,
        page_id=row.page_id,
        state=row.state,
        is_by_schedule=row.is_by_schedule,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        finished_at=row.finished_at,
        final_url=row.final_url,
        hops=tuple(row.hops),
        problem=row.problem,
        verdicts=rules.verdicts(row.findings) if row.state is CheckState.DONE else (),
        lost=rules.named(row.lost),
        snapshot=snapshot,
    )
