"""Bulk and plan texts of one account wait until a person has looked; answers go on (H-4, H-8).

What waits says why, keeps its credits and its order, and goes on by itself once somebody lets it:
slowly, as the account begins again with a share of the people a day it texted before.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_

from portal.compliance import service as compliance
from portal.compliance.rules.health import hour_of
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.reasons import reason_of
from portal.messaging.errors import NotPaused
from portal.messaging.models import MOVING, Message
from portal.messaging.rules import gates
from portal.messaging.service import late_places, outbox, ramping
from portal.messaging.values import MARKETING, State
from portal.notifications import service as notifications
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from portal.texting_accounts.values import AccountRef, Cause


def pause(account_id: UUID, why: str, *, cause: Cause | None = None, actor: Actor) -> bool:
    """Keep back an account's bulk and plan texts until somebody lifts it; False: they wait already.

    `why` is one or more whole sentences, which every text that waits shows. Nobody is told: that
    is up to who pauses. Raises AccountClosed.
    """
    account = accounts.account(account_id)
    if account is None or account.bulk_pause is not None:
        return False
    gate = gates.bulk_paused(why)
    outbox.hold(  # before the account is locked, as everywhere (RULINGS 6)
        and_(MOVING, Message.account_id == account_id, Message.kind.in_(MARKETING),
             Message.state == State.QUEUED),
        gate.code, gate.sentence, until=None, cause="bulk_pause",
    )  # fmt: skip
    return account_service.pause_bulk(account_id, why, cause=cause, actor=actor)


def lift(account: AccountRef, reason: str, *, actor: Actor) -> AccountRef:
    """Let an account's bulk and plan texts go on, through every gate; return the account.

    From now on it is judged by what happens from the next whole hour on, so what it was paused
    for pauses it no second time, and its limit of people a day begins low and grows with clean
    days (H-5): also for what waited. Raises BadInput without a reason, NotPaused.
    """
    reason, now = reason_of(reason), utcnow()
    today = accounts.today(account, now)
    compliance.judge_anew(account, hour_of(now) + timedelta(hours=1))
    late_places.give_up(account, today)  # before the account is locked, as everywhere
    if account_service.resume_bulk(account.id, reason, actor=actor) is None:
        raise NotPaused
    ramping.begin_again(account, today, actor=actor)
    after = accounts.get_or_404(account.tenant)
    tell(
        after,
        f"Bulk and plan texts of {after.name} go on",
        f"{actor.label}: {reason} People a day begin at {after.recipients_a_day:,} and grow with "
        "clean days.",
        f"bulk-lifted:{after.id}:{now.isoformat()}",
        "restriction",
        is_grave=True,
    )
    return after


def tell(
    account: AccountRef, title: str, text: str, key: str, page: str, *, is_grave: bool
) -> None:
    """Tell the owner and the leads over an account, and where it is grave the officers too.

    `page` is the one of the account's pages that it leads to.
    """
    officers = people.officers(account.organization_id) if is_grave else []
    notifications.notify(
        organization_id=account.organization_id,
        account_id=account.id,
        user_ids=[*accounts.watchers(account), *(officer.id for officer in officers)],
        kind="health",
        title=title,
        text=text,
        url=f"/accounts/{account.id}/{page}",
        dedupe_key=key,
    )
