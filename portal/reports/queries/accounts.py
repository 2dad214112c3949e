"""Every account a person reaches with plan, use and number: the same few statements for any many."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from portal.billing import queries as billing
from portal.core.db import db
from portal.messaging.models import Conversation
from portal.numbers import queries as numbers
from portal.people import queries as people
from portal.reports.queries import consents
from portal.reports.rules import periods
from portal.reports.rules.periods import Span
from portal.reports.values import AccountLine
from portal.texting_accounts.models import TextingAccount
from portal.texting_accounts.values import AccountRef

OPT_OUTS_WITHIN: Final = 30  # days


def account_lines(accounts: Sequence[AccountRef], now: datetime) -> list[AccountLine]:
    """Return these accounts of one organization as its list shows them."""
    if not accounts:
        return []
    ids = [account.id for account in accounts]
    standings = billing.standings(accounts, now)
    senders = numbers.default_senders(ids)
    last = _last_texts(ids)
    owners = people.users(row.owner_user_id for row in accounts if row.owner_user_id)
    teams = {team.id: team.name for team in people.teams(accounts[0].organization_id)}
    lines = []
    for account in accounts:
        sender = senders.get(account.id)
        owner = owners.get(account.owner_user_id) if account.owner_user_id else None
        team = teams.get(account.team_id) if account.team_id else None
        lines.append(
            AccountLine(
                account=account,
                owner=owner.name if owner else f"Team {team}" if team else "Nobody",
                standing=standings[account.id],
                number=sender.e164 if sender else None,
                is_registered=sender is not None and sender.is_registered,
                last_at=last.get(account.id),
            )
        )
    return lines


def with_opt_outs(lines: Sequence[AccountLine], now: datetime) -> tuple[AccountLine, ...]:
    """Return the lines with the opt-outs of the last 30 days; for one page of them."""
    if not lines:
        return ()
    organization_id = lines[0].account.organization_id
    counted = consents.opted_out(organization_id, last_days(organization_id, now, OPT_OUTS_WITHIN))
    return tuple(replace(line, opted_out=counted.get(line.account.id, 0)) for line in lines)


def last_days(organization_id: UUID, now: datetime, count: int) -> Span:
    """Return the last days of an organization's calendar, today among them."""
    today = periods.today(now, billing.zone_of(organization_id))
    return Span(today - timedelta(days=count - 1), today)


def _last_texts(ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return when each account's newest text went or came: one look into the index for each."""
    newest = (
        select(Conversation.last_at)
        .where(Conversation.account_id == TextingAccount.id)
        .order_by(Conversation.last_at.desc())
        .limit(1)
        .correlate(TextingAccount)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(TextingAccount.id, newest.label("at")).where(TextingAccount.id.in_(ids))
    )
    return {row.id: row.at for row in rows if row.at is not None}
