"""The gate of Q-4: nothing goes to somebody who seems to have asked for no more texts.

47 CFR 64.1200(a)(10) takes any reasonable means; (a)(12) lets one text confirm it, within five
minutes. That one text passes; so does nothing else until a person has looked.
"""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from portal.compliance.rules import business_days
from portal.consent.rules import HELD, HELD_SENTENCE, is_held
from portal.consent.values import MessageKind, Standing
from portal.messaging.values import Fate, Gate, Kind

CONFIRMS_HOLD: Final = "revocation"  # the purpose of the text that confirms it
CONFIRMS_WITHIN: Final = timedelta(minutes=5)  # 47 CFR 64.1200(a)(12)
LATE: Final = Gate(
    "confirmation_late", "An opt-out is confirmed within five minutes or not at all."
)
_MOOT: Final = Gate("hold_settled", "The hold it confirms was settled before it could go.")
FIX: Final = ("messaging.revocations", "Read what they wrote")


def shut(standing: Standing, kind: Kind, purpose: str, now: datetime) -> Gate | None:
    """Return the gate's no to a text, or None: it may go as far as this rule is asked."""
    if standing.held_at is None:
        return _MOOT if purpose == CONFIRMS_HOLD else None
    if purpose == CONFIRMS_HOLD:
        return None if now <= standing.held_at + CONFIRMS_WITHIN else LATE
    as_kind = MessageKind.MARKETING if kind.is_marketing else MessageKind.ONE_TO_ONE
    if not is_held(standing, as_kind):
        return None
    return Gate(HELD, HELD_SENTENCE, Fate.HELD, *FIX)


def lapses_at(said_at: datetime, zone: str) -> datetime:
    """Return when a hold nobody looked at becomes an opt-out: as its tenth business day ends."""
    return business_days.lapses(said_at, zone)


def days_left(lapses: datetime, zone: str, now: datetime) -> int:
    """Return the business days left, today not counted, in the account's own days."""
    here = ZoneInfo(zone)
    due = lapses.astimezone(here).date() - timedelta(days=1)
    return business_days.left(now.astimezone(here).date(), due)
