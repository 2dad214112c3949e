"""Part 5 of an appeal is more than a word: the traffic really stops, and that is kept (A-3)."""

from typing import Final

from portal.appeals.service import parts
from portal.appeals.values import CaseRef
from portal.core import clock
from portal.core.audit import Actor
from portal.core.formats import moment
from portal.messaging.service import bulk_pause
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_WHY: Final = "An appeal to the carrier says that this traffic has ceased."
_SAID: Final = (
    "Confirmed. All bulk and plan texts of this account have been stopped since {at}; a person has "
    "to look and give a reason before any of it goes again."
)


def stop_traffic(case: CaseRef, number: int, *, actor: Actor) -> None:
    """Pause bulk and plan texts of the account, and keep who confirmed it (H-4, H-8).

    Where they are paused already it is confirmed alone. Raises NotThatWay, AccountClosed.
    """
    account = accounts.get_or_404(case.tenant)
    bulk_pause.pause(account.id, _WHY, actor=actor)
    said = _SAID.format(at=moment(clock.utcnow(), account.timezone))
    parts.confirm_ceased(case, number, words=said, actor=actor)


def is_stopped(account: AccountRef) -> bool:
    """Say whether bulk and plan texts of an account wait until a person lets them go."""
    return account.bulk_pause is not None
