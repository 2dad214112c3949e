"""An account that was suspended sends again: slowly, however the suspension was lifted (H-5, H-8)."""

from datetime import timedelta

from portal.compliance import service as compliance
from portal.compliance.rules.health import hour_of
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.messaging.service import late_places, ramping
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef


def lift(account: AccountRef, note: str, *, actor: Actor) -> AccountRef:
    """Let a suspended account send again, as the carrier said; return it. Raises NotSuspended.

    From the next whole hour on it is judged anew, so what it was suspended for pauses it no second
    time, and its limit of people a day grows with clean days, also for what waited. Bulk texts
    that were paused stay so until a person lifts that.
    """
    now = utcnow()
    today = accounts.today(account, now)
    compliance.judge_anew(account, hour_of(now) + timedelta(hours=1))
    late_places.give_up(account, today)  # before the account is locked, as everywhere (RULINGS 6)
    compliance.lift_suspension(account, note, actor=actor)
    ramping.begin_again(account, today, actor=actor)
    return accounts.get_or_404(account.tenant)
