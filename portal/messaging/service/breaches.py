"""Accounts that cross into watch or breach: people are told once, a breach stops bulk texts (H-4)."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from typing import Final
from uuid import UUID

from portal.compliance import queries as compliance
from portal.compliance import service as marking
from portal.compliance.rules.health import Band, Outcomes, Thresholds, Window
from portal.core import audit
from portal.core.audit import SYSTEM
from portal.messaging.queries import health
from portal.messaging.service import bulk_pause
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef, AccountState, Cause

# What it comes from, ranked, over the days that were judged (H-8).
_CAUSES: Final = f"causes?window={Window.WEEK}"


def to_judge(organization_id: UUID, now: datetime) -> Iterator[UUID]:
    """Yield the accounts of an organization that are not as they were judged last (one read a day of theirs)."""
    open_ = [
        account
        for account in accounts.of_organization(organization_id)
        if account.state is not AccountState.CLOSED
    ]
    marks = compliance.health_marks(organization_id)
    by_day: dict[date, list[AccountRef]] = defaultdict(list)
    for account in open_:
        by_day[accounts.today(account, now)].append(account)
    for day, some in by_day.items():  # two at most: zones differ by less than a day
        by = compliance.thresholds(organization_id, day)
        since = Window.WEEK.since(now, by)
        found = health.by_account(organization_id, [account.id for account in some], since)
        for account in some:
            mark = marks.get(account.id)
            week = found.get(account.id, Outcomes())
            if mark is not None and mark.judged_from is not None and mark.judged_from > since:
                week = health.outcomes(account, mark.judged_from)
            was = mark.band if mark is not None else Band.FEW
            if week.worst(by) is not was or (account.bulk_pause is None and week.pauses(by)):
                yield account.id


def judge(account_id: UUID, now: datetime) -> int:
    """Judge an account by its last days, 7 unless officers set others, or by those since it was let go on; say if it changed.

    Whoever crosses into watch or breach is told of once: the account's mark is locked meanwhile,
    so a second sweep finds it judged.
    """
    account = accounts.account(account_id)
    if account is None or account.state is AccountState.CLOSED:
        return 0
    mark = marking.lock_mark(account, now)
    account = accounts.get_or_404(account.tenant)  # as it is now that nobody else judges it
    by = health.thresholds(account, now)
    since = Window.WEEK.since(now, by)
    since = max(since, mark.judged_from or since)
    week = health.outcomes(account, since)
    band, was = week.worst(by), mark.band
    stops = account.bulk_pause is None and week.pauses(by)
    if band is was and not stops:
        return 0
    if band is not was:
        mark.band, mark.since = band, now
    is_short = since == mark.judged_from
    days = f"in the last {Window.WEEK.words(by)}"
    said = f"{week.told(by)} {'since it was let go on' if is_short else days}."
    if band is not was and (band.is_bad or was.is_bad):
        audit.record(
            "messaging:health:cross",
            actor=SYSTEM,
            organization_id=account.organization_id,
            account_id=account.id,
            subject_id=account.id,
            before=was.value,
            after=band.value,
            figures=said,
        )
    if stops:
        bulk_pause.pause(account.id, f"A breach: {said}", cause=_cause(week, by), actor=SYSTEM)
    _tell(account, band, was, said, now, stops=stops)
    return 1


def _tell(
    account: AccountRef, band: Band, was: Band, said: str, now: datetime, *, stops: bool
) -> None:
    """Tell people of a crossing upwards, and of every pause."""
    if not stops and (not band.is_bad or band.gravity <= was.gravity):
        return
    if stops:
        title = f"Bulk and plan texts of {account.name} are paused"
        text = f"{said} Replies go on. A team lead or compliance officer lets the rest go on."
    elif band is Band.BREACH:
        title, text = f"{account.name} is in breach", f"{said} Find the cause before more goes out."
    else:
        title, text = f"{account.name} is on watch", f"{said} More would be a breach."
    key = f"health:{account.id}:{band.value}:{now.isoformat()}"
    bulk_pause.tell(account, title, text, key, _CAUSES, is_grave=band is Band.BREACH)


def _cause(week: Outcomes, by: Thresholds) -> Cause:
    """Return which of the carrier's reasons a breach would be."""
    is_opt_outs = week.opt_outs(by) is Band.BREACH
    return Cause.HIGH_OPT_OUTS if is_opt_outs else Cause.HIGH_ERRORS
