"""New numbers, and accounts that begin again, may text more people with every clean day (H-5, H-8)."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.compliance import queries as compliance
from portal.compliance.rules.health import Window, hour_of
from portal.core.audit import SYSTEM, Actor
from portal.core.db import db
from portal.core.tenancy import owned
from portal.messaging.models import DailyLimit
from portal.messaging.queries import health
from portal.texting_accounts import rules
from portal.texting_accounts import service as account_service
from portal.texting_accounts.values import AccountRef


def begin_again(account: AccountRef, today: date, *, actor: Actor) -> None:
    """Let an account go on slowly after a pause: with a share of what it texted before (H-8)."""
    policy = rules.policy_on(today)
    people = DailyLimit.recipients + DailyLimit.recipients_over
    before = db.session.scalars(
        select(people)
        .where(owned(account.tenant, DailyLimit), DailyLimit.day < today, people > 0)
        .order_by(DailyLimit.day.desc())
        .limit(policy.again_days)
    ).all()
    start = rules.start_again(before, policy)
    account_service.begin_ramp(account.id, today=today, start=start, actor=actor)


def judge_due(account: AccountRef, judged_on: date, today: date) -> int:
    """Judge each day that is over and was not judged yet; return how many."""
    day, done = judged_on + timedelta(days=1), 0
    while day < today:
        _judge(account, day)
        day, done = day + timedelta(days=1), done + 1
    return done


def _judge(account: AccountRef, day: date) -> None:
    """Judge one day by the week that ends with it, as rates of a day say too little (H-3)."""
    here, by = ZoneInfo(account.timezone), compliance.thresholds(account.organization_id, day)
    until = datetime.combine(day + timedelta(days=1), time(), here)
    since = datetime.combine(until.date() - Window.WEEK.length(by), time(), here)
    begun = max(hour_of(since), compliance.judged_from(account.tenant) or hour_of(since))
    week = health.outcomes(account, begun, hour_of(until))
    account_service.judge_ramp(
        account.id,
        day,
        people=_people(account, day),
        is_bad=week.worst(by).is_bad,
        figures=f"{week.opted_out} opt-outs and {week.wrong} errors of {week.attempted} in {Window.WEEK.words(by)}",
        actor=SYSTEM,
    )


def _people(account: AccountRef, day: date) -> int:
    """Return how many people were texted on a day."""
    wanted = select(DailyLimit.recipients + DailyLimit.recipients_over).where(
        owned(account.tenant, DailyLimit), DailyLimit.day == day
    )
    return db.session.scalar(wanted) or 0
