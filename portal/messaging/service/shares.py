"""What somebody may still send from a shared account this month: their cap less what they used (SPEC 1).

The cap counts what people confirm themselves: typed and bulk texts, of the month of the account's
days. Texts of plans, texts received and notices draw on the account alone.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from portal.core.db import db
from portal.core.tenancy import owned
from portal.messaging.models import TextDay
from portal.messaging.rules.price import Share
from portal.messaging.rules.stages import IN_VAIN, LEFT, Stage
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.service.caps import cap_of
from portal.texting_accounts.values import AccountRef

# Credits are set aside for what waits, and kept for what left and did not fail before the phone.
COSTS: Final = frozenset({Stage.WAITING, Stage.UNDELIVERED, *(LEFT - IN_VAIN)})


def share_of(
    account: AccountRef, user_id: UUID | None, now: datetime, *, holds: bool = False
) -> Share | None:
    """Return somebody's share; None: there is no cap for them.

    `holds` keeps it still until this unit of work ends. Days of limits are locked before it.
    """
    cap = cap_of(account, user_id, holds=holds) if account.is_shared and user_id else None
    if cap is None:
        return None
    today = accounts.today(account, now)
    used = db.session.scalar(
        select(func.coalesce(func.sum(TextDay.credits), 0)).where(
            owned(account.tenant, TextDay),
            TextDay.day.between(today.replace(day=1), today),
            TextDay.user_id == user_id,
            TextDay.stage.in_(COSTS),
        )
    )
    return Share(cap, int(used or 0))
