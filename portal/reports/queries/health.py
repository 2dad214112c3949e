"""How an account's texts arrive and are taken, and how all accounts stand (H-3)."""

from datetime import datetime
from typing import Final

from portal.compliance import queries as compliance
from portal.compliance.rules.health import Band, Thresholds, Window
from portal.drips.queries import health as plans
from portal.messaging.queries import error_meaning, health
from portal.reports.rules import health as rules
from portal.reports.rules import periods
from portal.reports.values import Report, Scope
from portal.texting_accounts.values import AccountRef

CAMPAIGNS: Final = 20  # on a page
CAMPAIGNS_OF_A_FILE: Final = 1_000


def of_account(account: AccountRef, window: Window, now: datetime, most: int = CAMPAIGNS) -> Report:
    """Return the health of one account: rates, what they are made of, and their way here.

    Of its campaigns and steps of plans `most` are told, those with the most trouble.
    """
    by = health.thresholds(account, now)
    since = window.since(now, by)
    codes = health.by_code(account, since)
    return rules.of_account(
        by,
        window,
        hours=health.by_hour(account, Window.MONTH.since(now, by)),
        numbers=health.by_number(account, since),
        campaigns=health.by_campaign(account, since, by, most),
        steps=plans.by_step(account, since),
        most=most,
        codes=[(code, error_meaning(code or None), texts) for code, texts in codes.items()],
        now=now,
        zone=account.timezone,
    )


def of_accounts(scope: Scope, window: Window, now: datetime) -> Report:
    """Return how each of some accounts stands, those in most trouble first."""
    by = thresholds(scope, now)
    found = health.by_account(scope.organization_id, scope.account_ids, window.since(now, by))
    names = {account.id: account.name for account in scope.accounts}
    return rules.of_accounts(by, names, found)


def thresholds(scope: Scope, now: datetime) -> Thresholds:
    """Return by what accounts are judged on this day of theirs, or of the organization."""
    return compliance.thresholds(scope.organization_id, periods.today(now, scope.zone))


def of_week(account: AccountRef, now: datetime) -> Band:
    """Return how an account's last days are judged: 7, unless officers set others (H-7)."""
    by = health.thresholds(account, now)
    return health.outcomes(account, Window.WEEK.since(now, by)).worst(by)
