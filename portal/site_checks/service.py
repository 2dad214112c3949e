"""Asking for a check, doing it, and telling of what a page lost (C-9)."""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.core import audit, jobs, private_files
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.jobs import Job
from portal.core.settings import settings
from portal.core.tenancy import Tenant, owned
from portal.gateways import outside
from portal.gateways.outside import AddressRefused
from portal.notifications import service as notifications
from portal.people import queries as people
from portal.site_checks import queries, rules
from portal.site_checks.errors import PageRefused, TooManyChecks
from portal.site_checks.models import CheckedPage, PageCheck
from portal.site_checks.values import CheckState, Claimed, PageRef, Seen, Snapshot
from portal.texting_accounts import queries as accounts

EVERY: Final = timedelta(days=7)
AGAIN_AFTER: Final = timedelta(days=1)  # where the page could not be read
A_DAY: Final = 50  # checks people of an account ask for
MOST_PAGES: Final = 100


def ask(tenant: Tenant, url: str, *, actor: Actor) -> UUID:
    """Ask for a check of a page, now and every week; return the check.

    A page that is being checked is not checked twice: the open check is returned. Raises
    PageRefused for an address we don't read, TooManyChecks.
    """
    try:
        target = outside.read_page(url)
    except AddressRefused as error:
        raise PageRefused(error.message) from error
    _check_limits(tenant)
    return _open_check(tenant, _page_of(tenant, target.url), actor)


def ask_again(tenant: Tenant, page: PageRef, *, actor: Actor) -> UUID:
    """Ask for another check of a known page; return the check. Raises TooManyChecks."""
    _check_limits(tenant, is_known=True)
    return _open_check(tenant, page.id, actor)


def watch(tenant: Tenant, page: PageRef, *, is_watched: bool, actor: Actor) -> None:
    """Check a page every week, or no longer; saying so twice is harmless."""
    changed = db.session.scalar(
        update(CheckedPage)
        .where(
            owned(tenant, CheckedPage),
            CheckedPage.id == page.id,
            CheckedPage.is_watched.is_(not is_watched),
        )
        .values(is_watched=is_watched, next_check_at=utcnow() + EVERY if is_watched else None)
        .returning(CheckedPage.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        return
    audit.record(
        "site-checks:page:watch" if is_watched else "site-checks:page:leave",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        subject_id=page.id,
        url=page.url,
    )


def queue_due(page_id: UUID) -> bool:
    """Ask for the weekly check of a page if its time has come; say whether it had."""
    now = utcnow()
    row = db.session.execute(
        update(CheckedPage)
        .where(CheckedPage.id == page_id, CheckedPage.is_watched, CheckedPage.next_check_at <= now)
        .values(next_check_at=now + EVERY)
        .returning(CheckedPage.organization_id, CheckedPage.account_id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        return False
    _open_check(Tenant(*row), page_id, SYSTEM, is_by_schedule=True)
    return True


def claim(check_id: UUID) -> Claimed | None:
    """Take a check to do; None when it is done, or another worker is at it."""
    now = utcnow()
    row = db.session.execute(
        update(PageCheck)
        .where(
            PageCheck.id == check_id,
            PageCheck.finished_at.is_(None),
            or_(PageCheck.started_at.is_(None), PageCheck.started_at < now - queries.LEASE),
        )
        .values(state=CheckState.RUNNING, started_at=now)
        .returning(PageCheck.organization_id, PageCheck.account_id, PageCheck.page_id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        return None
    tenant = Tenant(row.organization_id, row.account_id)
    page = queries.page_or_404(tenant, row.page_id)
    return Claimed(check_id, tenant, page.url, now)


def finish(claimed: Claimed, seen: Seen | None, problem: str = "") -> bool:
    """Write down what was seen, or why nothing was; say whether this run still held the check.

    A page that lost a point since the last good look, or can't be read twice in a row, is told
    of once to the account's people and the officers.
    """
    row = db.session.scalar(
        select(PageCheck)
        .where(
            owned(claimed.tenant, PageCheck),
            PageCheck.id == claimed.check_id,
            PageCheck.finished_at.is_(None),
            PageCheck.started_at == claimed.started_at,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        return False
    row.finished_at = utcnow()
    if seen is None:
        row.state, row.problem = CheckState.FAILED, problem[:300]
        _look_again_tomorrow(row)
    else:
        snapshot = _keep(seen.body)
        row.state, row.final_url, row.hops = CheckState.DONE, seen.final_url, list(seen.hops)
        row.findings = {key: dict(said) for key, said in seen.findings.items()}
        row.lost = rules.lost(_last_findings(row), row.findings)
        row.snapshot_name, row.snapshot_sha256 = snapshot.name, snapshot.sha256
        row.snapshot_size = snapshot.size
    db.session.flush()  # the notice and the audit entry come last
    _tell(row, claimed.url)
    audit.record(
        "site-checks:check:finish",
        actor=Actor(row.asked_by_id, row.asked_by),
        organization_id=row.organization_id,
        account_id=row.account_id,
        subject_id=row.id,
        url=claimed.url,
        found=sum(bool(said["found"]) for said in row.findings.values()),
        lost=row.lost,
        problem=row.problem,
        sha256=row.snapshot_sha256,
    )
    return True


def path_of(snapshot: Snapshot) -> Path:
    """Return where a snapshot lies."""
    return _folder() / snapshot.name


def _check_limits(tenant: Tenant, *, is_known: bool = False) -> None:
    asked = db.session.scalar(
        select(func.count()).where(
            owned(tenant, PageCheck),
            PageCheck.asked_at > utcnow() - timedelta(days=1),
            PageCheck.is_by_schedule.is_(False),
        )
    )
    if (asked or 0) >= A_DAY:
        raise TooManyChecks(
            f"This account has asked for {A_DAY} checks in a day, the most it may. Try tomorrow."
        )
    known = db.session.scalar(select(func.count()).where(owned(tenant, CheckedPage)))
    if not is_known and (known or 0) >= MOST_PAGES:
        raise TooManyChecks(f"This account has {MOST_PAGES} checked pages, the most it may.")


def _page_of(tenant: Tenant, url: str) -> UUID:
    """Return the row of a page, made where it is new."""
    sha256 = hashlib.sha256(url.encode()).hexdigest()
    insert = (sqlite if is_sqlite() else postgresql).insert(CheckedPage)
    db.session.execute(
        insert.values(
            id=uuid4(),
            organization_id=tenant.organization_id,
            account_id=tenant.account_id,
            url=url,
            url_sha256=sha256,
            is_watched=True,
            created_at=utcnow(),
        ).on_conflict_do_nothing(index_elements=["account_id", "url_sha256"])
    )
    return db.session.scalars(
        select(CheckedPage.id).where(owned(tenant, CheckedPage), CheckedPage.url_sha256 == sha256)
    ).one()


def _open_check(
    tenant: Tenant, page_id: UUID, actor: Actor, *, is_by_schedule: bool = False
) -> UUID:
    """Return the open check of a page, made where there is none, and ring for it."""
    now, insert = utcnow(), (sqlite if is_sqlite() else postgresql).insert(PageCheck)
    made: UUID | None = db.session.scalar(
        insert.values(
            id=uuid4(),
            organization_id=tenant.organization_id,
            account_id=tenant.account_id,
            page_id=page_id,
            state=CheckState.QUEUED,
            is_by_schedule=is_by_schedule,
            asked_by_id=actor.id,
            asked_by=actor.label[:200],
            asked_at=now,
            final_url="",
            hops=[],
            problem="",
            findings={},
            lost=[],
        )
        .on_conflict_do_nothing()
        .returning(PageCheck.id)
    )
    if made is None:
        return db.session.scalars(
            select(PageCheck.id).where(
                owned(tenant, PageCheck),
                PageCheck.page_id == page_id,
                PageCheck.finished_at.is_(None),
            )
        ).one()
    db.session.execute(
        update(CheckedPage)
        .where(owned(tenant, CheckedPage), CheckedPage.id == page_id, CheckedPage.is_watched)
        .values(next_check_at=now + EVERY)
        .execution_options(synchronize_session=False)
    )
    jobs.request(Job.CHECK_PAGE, made)
    if not is_by_schedule:
        audit.record(
            "site-checks:check:ask",
            actor=actor,
            organization_id=tenant.organization_id,
            account_id=tenant.account_id,
            subject_id=made,
            page_id=str(page_id),
        )
    return made


def _earlier(row: PageCheck, *states: CheckState) -> PageCheck | None:
    """Return the check of the page that ended before this one, in one of these states."""
    return db.session.scalar(
        select(PageCheck)
        .where(
            owned(Tenant(row.organization_id, row.account_id), PageCheck),
            PageCheck.page_id == row.page_id,
            PageCheck.id != row.id,
            PageCheck.state.in_(states),
        )
        .order_by(PageCheck.finished_at.desc(), PageCheck.id.desc())
        .limit(1)
    )


def _last_findings(row: PageCheck) -> dict[str, dict[str, object]] | None:
    last = _earlier(row, CheckState.DONE)
    return last.findings if last else None


def _look_again_tomorrow(row: PageCheck) -> None:
    db.session.execute(
        update(CheckedPage)
        .where(
            owned(Tenant(row.organization_id, row.account_id), CheckedPage),
            CheckedPage.id == row.page_id,
            CheckedPage.is_watched,
        )
        .values(next_check_at=utcnow() + AGAIN_AFTER)
        .execution_options(synchronize_session=False)
    )


def _tell(row: PageCheck, url: str) -> None:
    if row.lost:
        gone = ", ".join(point.title.lower() for point in rules.named(row.lost))
        title, text = "An opt-in page lost a disclosure", f"{url} no longer shows: {gone}."
    elif _fails_anew(row):
        title, text = "An opt-in page can't be read", f"{url}: {row.problem}"
    else:
        return
    account = accounts.account(row.account_id)
    assert account is not None  # its row holds the check
    officers = [officer.id for officer in people.officers(row.organization_id)]
    notifications.notify(
        organization_id=row.organization_id,
        account_id=row.account_id,
        user_ids=[*accounts.watchers(account), *officers],
        kind="page_check",
        title=title,
        text=text,
        url=f"/accounts/{row.account_id}/page-checks/{row.id}",
        dedupe_key=f"page-check:{row.id}",
    )


def _fails_anew(row: PageCheck) -> bool:
    """Say whether a page that could be read once failed twice in a row, and not more often."""
    if row.state is not CheckState.FAILED or _earlier(row, CheckState.DONE) is None:
        return False
    before = queries.checks_of(Tenant(row.organization_id, row.account_id), row.page_id, 3)[1:]
    return [check.state for check in before] == [CheckState.FAILED, CheckState.DONE]


def _folder() -> Path:
    return settings().evidence_dir / "pages"


def _keep(body: bytes) -> Snapshot:
    """Store a page under its own hash; the same page is stored once."""
    sha256 = hashlib.sha256(body).hexdigest()
    snapshot = Snapshot(f"{sha256}.html", sha256, len(body))
    path = path_of(snapshot)
    if not path.exists():
        with private_files.whole(path) as file:
            file.write(body)
    return snapshot
