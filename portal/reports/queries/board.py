"""What the officer's board stands on: few statements, however many accounts there are."""

from collections import Counter
from datetime import datetime

from portal.appeals import queries as appeals
from portal.appeals.values import OVER, State
from portal.compliance import queries as compliance
from portal.compliance.rules.health import Window
from portal.consent import queries as consent
from portal.core.tenancy import Tenant
from portal.messaging.queries import health, similar, stops
from portal.people.values import OrganizationRef
from portal.reports.rules import board as rules
from portal.reports.rules import periods
from portal.reports.rules.board import YESTERDAY
from portal.reports.values import Board
from portal.site_checks import queries as site_checks
from portal.texting_accounts import queries as accounts

_TO_REVIEW = frozenset({State.IN_REVIEW, State.APPROVED})  # what an officer has to do
_OPEN = [state for state in State if state not in OVER]
_MOST_APPEALS = 200


def board(organization: OrganizationRef, now: datetime) -> Board:
    """Return every account of an organization by risk, and what changed since yesterday."""
    since = now - YESTERDAY
    rows = accounts.of_organization(organization.id)
    names = {row.id: row.name for row in rows}
    tenant = Tenant(organization.id)
    holds = consent.waiting_by_account(organization.id, since)
    stopped = stops.stops_in(organization.id, since)
    checks = [
        (page, page.latest)
        for page in site_checks.pages(tenant)
        if page.latest is not None and page.latest.verdicts
    ]
    open_ones = appeals.cases_in(tenant, _OPEN, limit=_MOST_APPEALS)
    over = appeals.newest_over(tenant, limit=_MOST_APPEALS)
    short = Counter(check.account_id for _, check in checks if not check.is_whole)
    by = compliance.thresholds(organization.id, periods.today(now, organization.timezone))
    return Board(
        window=Window.WEEK.words(by),
        lines=tuple(
            rules.lines(
                rows,
                by,
                health.by_account(organization.id, list(names), Window.WEEK.since(now, by)),
                {row.account_id: row.count for row in holds},
                short,
                appeals={case.account_id: case.state_label for case in open_ones},
                stops=stopped,
            )
        ),
        changes=tuple(
            rules.changes(
                names,
                since,
                judged=[
                    (id_, mark.band, mark.since)
                    for id_, mark in compliance.health_marks(organization.id).items()
                ],
                restrictions=accounts.restrictions_since(organization.id, since),
                flagged=[
                    (group.flagged_at, group.sample, group.numbers)
                    for group in similar.groups(organization.id, now)
                    if group.flagged_at is not None and group.approval is None
                ],
                lost=[
                    (
                        check.account_id,
                        check.finished_at,
                        page.url,
                        ", ".join(point.title for point in check.lost),
                    )
                    for page, check in checks
                    if check.finished_at is not None and check.lost
                ],
                stops=stopped,
                held=[(row.account_id, row.last_held_at, row.lately) for row in holds],
                appealed=[
                    (case.account_id, at, label)
                    for case in (*open_ones, *over)
                    for at, label in (
                        (case.handed_in_at, "handed in"),
                        (case.submitted_at, "sent to the carrier"),
                        (case.decided_at, case.state_label.lower()),
                    )
                    if at is not None
                ],
            )
        ),
        waiting=sum(row.count for row in holds),
        first_lapses_at=min((row.first_lapses_at for row in holds), default=None),
        appeals=sum(case.state in _TO_REVIEW for case in open_ones),
    )
