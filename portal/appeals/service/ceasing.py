"""Part 5 of an appeal is more than a word: the traffic really stops, and that is kept (A-3)."""

from datetime import datetime
from typing import Final

from portal.appeals.models import AppealCase
from portal.appeals.service import cases, parts
from portal.appeals.values import CaseRef
from portal.core import clock
from portal.core.audit import Actor
from portal.core.formats import moment
from portal.core.tenancy import lock
from portal.messaging.service import bulk_pause
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef, RestrictionKind

_WHY: Final = "An appeal to the carrier says that this traffic has ceased."
_SAID: Final = (
    "Confirmed. All bulk and plan texts of this account have been stopped since {at}; a person has "
    "to look and give a reason before any of it goes again."
)


def stop_traffic(case: CaseRef, number: int, *, actor: Actor) -> None:
    """Pause bulk and plan texts of the account, and keep who confirmed it (H-4, H-8).

    Where they are paused already it is confirmed alone, since when they really are. Raises
    NotThatWay, AccountClosed.
    """
    account = accounts.get_or_404(case.tenant)
    lock(case.tenant, AppealCase, case.id)  # before texts and the account, as a reply does
    bulk_pause.pause(account.id, _WHY, actor=actor)
    stopped_at = paused_since(account) or clock.utcnow()
    said = _SAID.format(at=moment(stopped_at, account.timezone))
    parts.confirm_ceased(case, number, words=said, actor=actor)


def paused_since(account: AccountRef) -> datetime | None:
    """Return since when bulk and plan texts of an account wait; None: they go."""
    held = cases.holding(account, RestrictionKind.BULK_PAUSE)
    return held.set_at if held else None


def is_stopped(account: AccountRef) -> bool:
    """Say whether bulk and plan texts of an account wait until a person lets them go."""
    return account.bulk_pause is not None
