"""What became of an account's texts lately, and which text made a person opt out (H-3, S-12).

All from the running counts by the hour: a window is as quick over ten million texts as over ten
thousand.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from portal.compliance.rules import health
from portal.compliance.rules.health import Forecast, Outcomes, Window
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import HealthHour, Message
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


def outcomes(account: AccountRef, since: datetime, until: datetime | None = None) -> Outcomes:
    """Return what became of the texts that left since then, free notices left out.

    Both times are the beginning of an hour; without `until` the time lasts.
    """
    row = db.session.execute(select(*_SUMS).where(*_between(account, since, until))).one()
    return _outcomes(row)


def by_hour(account: AccountRef, since: datetime) -> dict[datetime, Outcomes]:
    """Return the same hour by hour."""
    return _grouped(account, since, _H.hour)


def by_number(account: AccountRef, since: datetime) -> dict[str, Outcomes]:
    """Return the same for each number it texted from."""
    return _grouped(account, since, _H.from_e164)


def by_campaign(account: AccountRef, since: datetime) -> dict[UUID, Outcomes]:
    """Return the same for each bulk send; all zeros: texts to one person."""
    return _grouped(account, since, _H.campaign_id)


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
        select(m.e164, left_at.label("left_at"), m.id, m.from_e164, m.campaign_id, m.kind)
        .where(
            owned(tenant, m),
            m.e164.in_(said),
            m.kind != Kind.SYSTEM,
            m.state.in_(_GONE),
        )
        .order_by(left_at, m.position, m.part, m.id)
    )
    return {
        row.e164: Got(row.id, row.from_e164, row.campaign_id if row.kind.is_marketing else None)
        for row in rows
        if row.left_at <= said[row.e164]
    }


def forecast(account: AccountRef, texts: int, now: datetime) -> Forecast:
    """Return what a send of so many texts would do to the account's rates of a week (S-12)."""
    return health.forecast(
        outcomes(account, Window.WEEK.since(now)),
        outcomes(account, Window.MONTH.since(now)),
        texts,
        accounts.today(account, now),
    )


def _grouped(account: AccountRef, since: datetime, key: Any) -> dict[Any, Outcomes]:
    rows = db.session.execute(select(key, *_SUMS).where(*_between(account, since)).group_by(key))
    return {row[0]: _outcomes(row[1:]) for row in rows}


def _between(
    account: AccountRef, since: datetime, until: datetime | None = None
) -> Iterable[ColumnElement[bool]]:
    yield owned(account.tenant, _H)
    yield _H.hour >= since
    if until is not None:
        yield _H.hour < until


def _outcomes(sums: Any) -> Outcomes:
    return Outcomes(*(int(each or 0) for each in sums))
