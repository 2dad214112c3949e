"""I2 and I15: a pause of bulk texts holds what it should, and nothing once it is lifted (H-4)."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from sqlalchemy import and_, or_, select

from portal.core.tenancy import Tenant
from portal.doctor.queries.looking import Check, Look
from portal.doctor.values import Found, Invariant
from portal.messaging.models import MOVING, Message
from portal.messaging.rules import gates
from portal.messaging.rules.whys import BULK_PAUSED
from portal.messaging.service import facts
from portal.messaging.values import MARKETING, Kind, State
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import RestrictionKind, RestrictionRef

COMMITS_WITHIN: Final = timedelta(minutes=1)  # what was cleared as the pause began still leaves
FREED_WITHIN: Final = timedelta(hours=1)  # of being lifted: the sweep, a restart
_MOST: Final = 100


def _pauses(look: Look) -> list[RestrictionRef]:
    tenant = Tenant(look.organization_id, look.account_id)
    past = accounts.restrictions(tenant, limit=_MOST)
    return [one for one in past if one.kind is RestrictionKind.BULK_PAUSE]


def waits_for_no_pause(look: Look) -> Iterable[Found]:
    """Find bulk and plan texts that are held for a pause that was lifted long ago."""
    rows = look.rows(
        select(Message.id).where(
            MOVING, look.texts, Message.state == State.HELD, Message.reason_code == BULK_PAUSED
        )
    )
    account = accounts.account(look.account_id) if rows else None
    if account is None or gates.account_gate(facts.of_account(account), Kind.BULK) is not None:
        return
    if any(look.now - (one.lifted_at or look.now) < FREED_WITHIN for one in _pauses(look)):
        return
    for row in rows:
        yield Found(row.id, f"Text {row.id} waits for a look at the account, which nobody owes it.")


def left_in_a_pause(look: Look) -> Iterable[Found]:
    """Find bulk and plan texts that were handed over while their account's waited for a look."""
    spans = [
        and_(
            Message.submitted_at >= one.set_at + COMMITS_WITHIN,
            Message.submitted_at < (one.lifted_at or look.now),
        )
        for one in _pauses(look)
    ]
    if not spans:
        return
    rows = look.rows(select(Message.id).where(look.texts, Message.kind.in_(MARKETING), or_(*spans)))
    for row in rows:
        yield Found(row.id, f"Text {row.id} left while bulk texts of its account were paused.")


CHECKS: Final = (
    Check(Invariant.I2, waits_for_no_pause, "Look at the sweep release-mended in the log."),
    Check(Invariant.I15, left_in_a_pause, "Stop the workers, then report it: a gate failed."),
)
