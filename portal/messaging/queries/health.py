"""What became of an account's texts lately, from the running counts (H-3, S-12)."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from portal.compliance.rules import health
from portal.compliance.rules.health import Forecast, Outcomes
from portal.consent import queries as consent
from portal.core.db import db
from portal.core.tenancy import owned
from portal.messaging.models import TextDay
from portal.messaging.rules.stages import LEFT, Stage
from portal.messaging.values import Kind
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

WEEK: Final = 7
MONTH: Final = 30
_WRONG: Final = (Stage.UNDELIVERED, Stage.FAILED)


def outcomes(account: AccountRef, now: datetime, days: int) -> Outcomes:
    """Return what became of the texts of the last days, today counted, system texts left out."""
    first = accounts.today(account, now) - timedelta(days=days - 1)
    by_stage: Counter[Stage] = Counter()
    for each in by_day(account, first).values():
        by_stage.update(each)
    return of_stages(by_stage, consent.opted_out_since(account.tenant, now - timedelta(days=days)))


def by_day(account: AccountRef, first: date) -> dict[date, Counter[Stage]]:
    """Return how many texts confirmed on each day since the first stand where."""
    found: dict[date, Counter[Stage]] = {}
    for day, stage, texts in db.session.execute(
        select(TextDay.day, TextDay.stage, func.sum(TextDay.texts))
        .where(
            owned(account.tenant, TextDay),
            TextDay.day >= first,
            TextDay.kind != Kind.SYSTEM,
            TextDay.stage.in_(LEFT),
        )
        .group_by(TextDay.day, TextDay.stage)
    ):
        found.setdefault(day, Counter())[stage] += int(texts)
    return found


def of_stages(by_stage: Counter[Stage], opted_out: int) -> Outcomes:
    """Return counts by stage as outcomes."""
    return Outcomes(
        sum(by_stage[stage] for stage in LEFT),
        by_stage[Stage.DELIVERED],
        sum(by_stage[stage] for stage in _WRONG),
        opted_out,
    )


def forecast(account: AccountRef, texts: int, now: datetime) -> Forecast:
    """Return what a send of so many texts would do to the account's rates of a week (S-12)."""
    return health.forecast(
        outcomes(account, now, WEEK),
        outcomes(account, now, MONTH),
        texts,
        accounts.today(account, now),
    )
