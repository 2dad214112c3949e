"""What became of an account's texts lately, and which text made a person opt out (H-3, S-12).

All from the running counts by the hour: a window is as quick over ten million texts as over ten
thousand.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, and_, case, func, or_, outerjoin, select

from portal.compliance import queries as compliance
from portal.compliance.rules import health
from portal.compliance.rules.health import Forecast, Outcomes, Thresholds, Window
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import Campaign, HealthHour, Message
from portal.messaging.rules.stages import LEFT, STAGES
from portal.messaging.values import Kind
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_GONE = [state for state, stage in STAGES.items() if stage in LEFT]
_H = HealthHour
_SUMS = tuple(func.sum(each) for each in (_H.attempted, _H.delivered, _H.wrong, _H.opted_out))


@dataclass(frozen=True, slots=True)
class Got:
    """The last text a person had got, as far as an opt-out is counted at it."""

    message_id: UUID
    from_e164: str | None
    campaign_id: UUID | None  # None: no bulk or plan send
    sent_by: UUID | None  # None: no person
    record_id: UUID | None  # the consent it rested on


@dataclass(frozen=True, slots=True)
class OfCampaign:
    """What became of the texts of one bulk send."""

    id: UUID | None  # None: texts to one person
    name: str
    outcomes: Outcomes


def outcomes(account: AccountRef, since: datetime, until: datetime | None = None) -> Outcomes:
    """Return what became of the texts that left since then, free notices left out.

    Both times are the beginning of an hour; without `until` the time lasts.
    """
    row = db.session.execute(select(*_SUMS).where(*_between(account, since, until))).one()
    return outcomes_of(row)


def by_hour(account: AccountRef, since: datetime) -> dict[datetime, Outcomes]:
    """Return the same hour by hour."""
    return _grouped(account, since, _H.hour)


def by_number(account: AccountRef, since: datetime) -> dict[str, Outcomes]:
    """Return the same for each number it texted from."""
    return _grouped(account, since, _H.from_e164)


def by_campaign(
    account: AccountRef, since: datetime, by: Thresholds, most: int
) -> list[OfCampaign]:
    """Return the same for each bulk send, and for all texts to one person together.

    Sends of plans are left out: they are told of by step.

    The most trouble stands first, an opt-out weighing as many errors as are allowed for one.
    """

    def named(campaign_id: Any) -> ColumnElement[bool]:
        return and_(Campaign.id == campaign_id, owned(account.tenant, Campaign))

    weight = func.sum(_H.opted_out) * by.error_watch + func.sum(_H.wrong) * by.opt_out_watch
    sums = (
        select(_H.campaign_id, *(each.label(str(n)) for n, each in enumerate(_SUMS)))
        .select_from(outerjoin(_H, Campaign, named(_H.campaign_id)))
        .where(*_between(account, since), or_(Campaign.id.is_(None), Campaign.kind != Kind.PLAN))
        .group_by(_H.campaign_id)
        .order_by(weight.desc(), func.sum(_H.attempted).desc(), _H.campaign_id)
        .limit(most)
        .subquery()
    )
    name = case((Campaign.name != "", Campaign.name), else_=Campaign.body)
    rows = db.session.execute(
        select(Campaign.id, name, *list(sums.c)[1:]).select_from(
            outerjoin(sums, Campaign, named(sums.c.campaign_id))
        )
    )
    return [OfCampaign(row[0], row[1] or "", outcomes_of(row[2:])) for row in rows]


def of_sends(account: AccountRef, sinces: Sequence[datetime]) -> Subquery:
    """Return the sums of each bulk or plan send since each of some times, for other slices' statements.

    `campaign_id`, then four columns for each time, as outcomes_of() takes them.
    """
    sums = [
        func.sum(case((_H.hour >= since, getattr(_H, name)), else_=0)).label(f"{name}_{place}")
        for place, since in enumerate(sinces)
        for name in Outcomes.__dataclass_fields__
    ]
    return (
        select(_H.campaign_id, *sums)
        .where(*_between(account, min(sinces)))
        .group_by(_H.campaign_id)
        .subquery()
    )


def by_account(
    organization_id: UUID, account_ids: Sequence[UUID], since: datetime
) -> dict[UUID, Outcomes]:
    """Return the same for each of some accounts of an organization that has any."""
    rows = db.session.execute(
        select(_H.account_id, *_SUMS)
        .where(owned(Tenant(organization_id), _H), _H.account_id.in_(account_ids), _H.hour >= since)
        .group_by(_H.account_id)
    )
    return {row[0]: outcomes_of(row[1:]) for row in rows}


def by_code(account: AccountRef, since: datetime) -> dict[int, int]:
    """Return how many texts went wrong with which code of the carrier."""
    rows = db.session.execute(
        select(_H.error_code, func.sum(_H.wrong))
        .where(*_between(account, since))
        .group_by(_H.error_code)
        .having(func.sum(_H.wrong) != 0)
    )
    return {code: int(texts) for code, texts in rows}


def last_got(tenant: Tenant, said: Mapping[str, datetime]) -> dict[str, Got]:
    """Return for each number the last text it had got from the account when something was said.

    A free notice is none, nor what left later; who got none is left out.
    """
    m = Message
    left_at = func.coalesce(m.submitted_at, m.created_at)
    rows = db.session.execute(
        select(
            m.e164,
            left_at.label("left_at"),
            m.id,
            m.from_e164,
            m.campaign_id,
            m.kind,
            m.created_by,
            m.consent_record_id,
        )
        .where(
            owned(tenant, m),
            m.e164.in_(said),
            m.kind != Kind.SYSTEM,
            m.state.in_(_GONE),
        )
        .order_by(left_at, m.position, m.part, m.id)
    )
    return {
        row.e164: Got(
            row.id,
            row.from_e164,
            row.campaign_id if row.kind.is_marketing else None,
            row.created_by,
            row.consent_record_id,
        )
        for row in rows
        if row.left_at <= said[row.e164]
    }


def forecast(account: AccountRef, texts: int, now: datetime) -> Forecast:
    """Return what a send of so many texts would do to the account's rates of a week (S-12)."""
    by = thresholds(account, now)
    return health.forecast(
        outcomes(account, Window.WEEK.since(now, by)),
        outcomes(account, Window.MONTH.since(now, by)),
        texts,
        by,
    )


def thresholds(account: AccountRef, now: datetime) -> Thresholds:
    """Return by what an account is judged today."""
    return compliance.thresholds(account.organization_id, accounts.today(account, now))


def _grouped(account: AccountRef, since: datetime, key: Any) -> dict[Any, Outcomes]:
    rows = db.session.execute(select(key, *_SUMS).where(*_between(account, since)).group_by(key))
    return {row[0]: outcomes_of(row[1:]) for row in rows}


def _between(
    account: AccountRef, since: datetime, until: datetime | None = None
) -> Iterable[ColumnElement[bool]]:
    yield owned(account.tenant, _H)
    yield _H.hour >= since
    if until is not None:
        yield _H.hour < until


def outcomes_of(sums: Any) -> Outcomes:
    """Return a row of sums, as of_sends() or the queries here have them."""
    return Outcomes(*(int(each or 0) for each in sums))
