"""The day after an agent of a team first texts a person, one free notice about the team (S-4).

When a first text is proven, its row in `first_notices` also says when the team's notice is due, if
there is a team. A sweep takes the due time away in the transaction that queues the notice: so it
is queued once, whoever sweeps how often and whatever dies. It then meets the same gates as all.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import select, tuple_

from portal.consent import queries as consent
from portal.core import clock
from portal.core.db import db
from portal.core.erasing import ERASED
from portal.messaging.models import FirstNotice, Message
from portal.messaging.service import system
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef, AccountState

TEXT: Final = (
    "To better serve you, messages may be shared with other team members. "
    "Please call or text me with questions."
)
AT_ONCE: Final = 100
Place = tuple[datetime, UUID, str]  # of a notice among all that are due


def due_at(account_id: UUID, now: datetime) -> datetime | None:
    """Return when the notice after a first text now is due; None where no team can read along.

    The account's next day, at the same time of day: people texted at once are not told at once.
    """
    account = _of_team(account_id)
    if account is None:
        return None
    here = now.astimezone(ZoneInfo(account.timezone))
    return (here + timedelta(days=1)).astimezone(UTC)


def due(after: Place | None = None) -> list[Place]:
    """Return some notices that are due, the oldest first, those after a given one."""
    n = FirstNotice
    places = select(n.team_due_at, n.account_id, n.e164).where(n.team_due_at <= clock.utcnow())
    if after is not None:
        places = places.where(tuple_(n.team_due_at, n.account_id, n.e164) > tuple_(*after))
    rows = db.session.execute(places.order_by(n.team_due_at, n.account_id, n.e164).limit(AT_ONCE))
    return [(at, account_id, e164) for at, account_id, e164 in rows if at is not None]


def send(places: Sequence[Place]) -> int:
    """Queue those of the notices that still are to be queued; return how many are settled."""
    n = FirstNotice
    rows = db.session.scalars(
        select(n)
        .where(
            tuple_(n.account_id, n.e164).in_([(account, e164) for _, account, e164 in places]),
            n.team_due_at.is_not(None),
        )
        .order_by(n.account_id, n.e164)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    teams = {id_: _of_team(id_) for id_ in {row.account_id for row in rows}}
    for row in rows:
        row.team_due_at = None
        account = teams[row.account_id]
        first = db.session.get(Message, row.message_id) if row.message_id else None
        if account is None or first is None or first.body == ERASED:
            continue
        if consent.standing(account.tenant, row.e164, clock.utcnow()).is_opted_out:
            continue
        row.team_message_id = system.queue_text(
            account.tenant,
            row.e164,
            TEXT,
            purpose=system.TEAM_NOTICE,
            message_id=uuid4(),
            from_e164=first.from_e164,
            contact_id=first.contact_id,
            name=first.recipient_name,
        )
    return len(rows)


def _of_team(account_id: UUID) -> AccountRef | None:
    """Return an account that is a team's, or of somebody who works in one; None: nobody is told."""
    account = accounts.account(account_id)
    if account is None or account.state is AccountState.CLOSED:
        return None
    return account if accounts.teams_of(account) else None
